"""`make bench`: measures what a run costs, beside the peers, and writes the tables of docs/benchmarks.md.

Repeats of ours and of a peer take turns, so that both meet the same noise; the median is quoted, with the least and
the most. Ratios are taken turn by turn.
"""

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from tests.benchmarks import ours
from tests.benchmarks.peers import PeerUnavailableError, jobs, measure

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
REPEATS = 5
SEEDS = 10
COMPARED = [
    f"scenarios/{name}.yaml" for name in ("baseline", "better_release", "county_push", "smart_marketing", "pessimistic")
]
MEGABYTE = 1024  # kilobytes

Row = tuple[str, ...]


def spread(values: Sequence[float], unit: str, scale: float = 1.0) -> str:
    """Return median (least – most) of some values."""
    scaled = sorted(scale * v for v in values)
    return f"{median(scaled):.3g} ({scaled[0]:.3g} – {scaled[-1]:.3g}) {unit}"


def table(title: str, head: Row, rows: Sequence[Row]) -> str:
    """Return a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return f"## {title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cohort_section(replicates: int) -> str:
    """The cohort against NumPy's draws alone: processor time per draw, turn by turn."""
    draws, generator = ours.recorded_draws(months_apart=6), np.random.default_rng(1)
    ours.cohort_run(ours.BLOCK)
    mine, plain, ratios = [], [], []
    for _ in range(REPEATS):
        before, _made = ours.timed(lambda: ours.numpy_draws(draws, generator))
        whole, made = ours.timed(lambda: ours.cohort_run(replicates))
        after, same = ours.timed(lambda: ours.numpy_draws(draws, generator))
        mine.append(whole.cpu / made)
        plain.append((before.cpu + after.cpu) / (2 * same))
        ratios.append(mine[-1] / plain[-1])
    rows = [
        ("a whole run, processor time per binomial draw", spread(mine, "ns", 1e9)),
        ("`numpy.random.Generator.binomial`, the same n and p", spread(plain, "ns", 1e9)),
        ("ratio (wanted: at most 1.5)", spread(ratios, "×")),
        (f"a run of {replicates:,} replicates, processor time", spread([m * made for m in mine], "s")),
    ]
    return table(
        f"Cohort: {replicates:,} replicates × 8 segments × 120 months, levers, season, shocks",
        ("what", "median (least – most)"),
        rows,
    )


def memory_section(sizes: Sequence[int]) -> str:
    """Peak memory of a process that runs the shape with two workers, paths kept on disk."""
    rows = []
    for size in sizes:
        begun = time.perf_counter()
        command = [sys.executable, "-c", _PEAK, "-m", "tests.benchmarks.ours", str(size)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        rows.append((f"{size:,}", f"{int(said[-1]) / MEGABYTE:.0f} MB", f"{time.perf_counter() - begun:.1f} s"))
    return table(
        "Memory of the same shape (wanted: at most 600 MB, and flat)",
        ("replicates", "peak of all processes", "wall, two workers"),
        rows,
    )


_PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peer_section(
    title: str, what: str, job: Callable[[], object], units: int, peers: Sequence[tuple[str, str, float, list[str]]]
) -> str:
    """Ours and each way of each peer in turn: seconds per unit and the ratio."""
    job()
    rows: list[Row] = []
    for peer, way, wanted, options in peers:
        try:
            turns = [_turn(job, units, peer, options) for _ in range(REPEATS)]
        except PeerUnavailableError as error:
            rows.append((peer, way, "–", "–", f"not measured: {error}"))
            continue
        version = turns[0][2]
        rows.append(
            (
                f"{peer} {version}",
                way,
                spread([t[0] for t in turns], "µs", 1e6),
                spread([t[1] for t in turns], "µs", 1e6),
                spread([t[1] / t[0] for t in turns], "×") + (f", wanted {wanted:g}" if wanted else ""),
            )
        )
    return table(title, ("peer", "way", f"ours, a {what}", f"peer, a {what}", "peer ÷ ours"), rows)


def _turn(job: Callable[[], object], units: int, peer: str, options: list[str]) -> tuple[float, float, str]:
    before, _ = ours.timed(job)
    theirs = measure(peer, "--repeats", "1", *options)
    after, _ = ours.timed(job)
    return (before.cpu + after.cpu) / (2 * units), theirs["cpu_s"][0] / theirs["units"], theirs["version"]


def command_section() -> str:
    """Whole commands from process start, by the clock."""
    out = ROOT / ".benchmarks" / "runs"
    commands = {
        "`mobank run scenarios/baseline.yaml` (2,000 draws; wanted: under 10 s)": [
            "run",
            "scenarios/baseline.yaml",
            "--out",
            str(out),
        ],
        f"`mobank compare {' '.join(COMPARED)}` (five × 2,000 draws; wanted: under 30 s)": [
            "compare",
            *COMPARED,
            "--out",
            str(out),
        ],
        "`mobank check scenarios/baseline.yaml` (wanted: under 0.5 s)": ["check", "scenarios/baseline.yaml"],
        "`mobank check` (all scenarios)": ["check"],
        "`mobank --help` (wanted: under 0.5 s)": ["--help"],
    }
    rows = []
    for name, words in commands.items():
        times = []
        for repeat in range(REPEATS + 1):
            seed = ["--seed", str(time.time_ns() % 10**9)] if "--out" in words else []
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-m", "mobank", *words, *seed], cwd=ROOT, capture_output=True, check=True)
            times += [time.perf_counter() - begun] if repeat else []
        rows.append((name, spread(times, "s")))
    return table("Commands, wall time from process start, warm", ("command", "median (least – most)"), rows)


def shares_section() -> str:
    """How exact the Shapley shares are: what a run says of its own, and how they scatter over seeds."""
    found = []
    for seed in range(1, SEEDS + 1):
        words = ["run", "scenarios/baseline.yaml", "--seed", str(seed)]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, "-m", "mobank", *words, "--out", folder], cwd=ROOT, capture_output=True, check=True
            )
            (path,) = Path(folder).glob("*/shares.csv")
            with path.open(encoding="utf-8-sig", newline="") as file:
                found.append([(float(row["shapley"]), float(row["mc_error"])) for row in csv.DictReader(file)])
    shares, errors = np.moveaxis(np.array(found), -1, 0)
    rows = [
        ("standard error that a run prints: the largest", f"{errors.max():.4f}"),
        ("standard deviation of a share over the seeds: the largest", f"{shares.std(axis=0, ddof=1).max():.4f}"),
        (
            "1.96 × the larger of the two (wanted: at most 0.03)",
            f"{1.96 * max(errors.max(), shares.std(axis=0, ddof=1).max()):.3f}",
        ),
        (
            "the farthest that a share of one seed lies from the mean of all",
            f"{np.abs(shares - shares.mean(axis=0)).max():.3f}",
        ),
    ]
    return table(
        f"Shapley shares of `mobank run scenarios/baseline.yaml --seed 1 … {SEEDS}`: {shares.shape[1]} shares each",
        ("what", "found"),
        rows,
    )


def agreement() -> str:
    """Say how far our common job is from the independent recursion: the same job, checked before it is timed."""
    sets = 64
    paths = np.moveaxis(ours.common_job(sets)(), -1, 0)
    error = float(np.abs(paths - jobs.mean_field(jobs.parameter_sets(sets))).max())
    if error > 1e-9 * jobs.PEOPLE:
        raise SystemExit(f"our common job is {error:g} persons from the recursion in NumPy")
    return f"Our common job is within {error:.1g} persons of 10 million of an independent recursion; so is each peer's."


def head() -> str:
    """Say on what machine and with what command this was measured."""
    return (
        "# Benchmarks\n\nMade by `make bench`; do not edit. Medians of repeats that take turns with the peer's, least "
        "and most in brackets; µs and ns are processor time, commands are by the clock.\n\n"
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}. Peers run in environments of their own (`tests/benchmarks/peers/`).\n"
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args()
    sections = [
        head(),
        cohort_section(asked.replicates),
        memory_section([10_000, 100_000]),
        peer_section(
            "Cohort beside epydemix: 8 groups × 120 steps × 6 transitions",
            "replicate",
            ours.epidemic_job(1000),
            1000,
            [("epydemix", "run_simulations", 50, ["--replicates", "20"])],
        ),
        peer_section(
            "Mean field, common job: 1 segment × 60 months × 4 states, 4,096 parameter sets",
            "set",
            ours.common_job(4096),
            4096,
            [
                ("bptk", 'documented: `run_scenarios(backend="rust")`', 100, ["--way", "scenarios", "--sets", "64"]),
                ("bptk", "the Rust engine's `simulate`, a model per set", 100, ["--way", "engine", "--sets", "256"]),
                ("bptk", "the Rust engine stepped by hand, undocumented", 0, ["--way", "session", "--sets", "1024"]),
                ("pysd", "`run` per set", 1000, ["--way", "single", "--sets", "64"]),
                ("pysd", "sets as subscripts, in one run", 0, ["--way", "subscripts", "--sets", "4096"]),
            ],
        ),
        agreement() + "\n",
        command_section(),
        shares_section(),
    ]
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text("\n".join(sections), encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


main()
