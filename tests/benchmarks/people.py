"""`python -m tests.benchmarks.people`: what one record per person costs, beside peers, and how cost grows with size.

Writes docs/benchmarks_people.md and docs/pictures/people_cost.png. Times are by the clock, since ours and some peers
use all cores. Sizes of our own model run in processes of their own, so that each tells its own peak of memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from sim import crowd
from sim.contacts import Contacts
from sim.ensemble import Plan, customers, met
from sim.fidelity import agents
from sim.model import MODEL
from sim.quantities import Month
from sim.scenario import Network
from sim.scenario_file import load
from sim.schedule import Schedule
from sim.streams import Streams
from tests.benchmarks import ours
from tests.benchmarks.peers import PeerUnavailableError, jobs, measure

ROOT = Path(__file__).resolve().parents[2]
PAGE, PICTURE = ROOT / "docs" / "benchmarks_people.md", ROOT / "docs" / "pictures" / "people_cost.png"
KNOWN = Network("small_world", 8, far=0.1)
NATIONAL = 720_000_000
SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, NATIONAL)
PEERS = (("mesa_frames", 10_000_000, 60.0), ("starsim", 10_000_000, 120.0), ("mesa", 100_000, 1000.0))
GIGA = 1e9


def common(people: int, network: Network | None = None) -> tuple[float, float]:
    """Return seconds of the common job's 60 months, people and network made before, and its error in roots of people.

    The error is held against the exact means as a peer's is, except on a network, which has another law.
    """
    model = ours.common_model()
    values = ours.common_values({n: np.array([c]) for n, c in jobs.CHANCES.items()})
    start = np.zeros((4, 1, 1), np.int64)
    start[0] = people
    clock: list[float] = []
    contacts = Contacts(np.ones((1, 1)), network, lambda t, crowds: clock.append(time.perf_counter()))
    schedule = Schedule(model, Month.of(2022, 12), jobs.MONTHS, values, np.arange(1), ["all"])
    path = agents.run(model, schedule, start, contacts, Streams(1)).occupancy[:, :, 0, 0]
    mean = jobs.mean_field({name: np.array([value]) for name, value in jobs.CHANCES.items()}, people)[0]
    return clock[-1] - clock[0], float(np.abs(path - mean).max() / np.sqrt(people))


def whole_model(people: int, months: int, threads: int, network: bool) -> dict[str, float]:
    """Run the real model, 8 segments, all flows, for so many people; seconds of the months, of the rest, peak bytes."""
    from sim.draws import draw

    scenario = load(ROOT / "scenarios" / "baseline.yaml", MODEL)
    plan = Plan(MODEL, scenario, 1)
    streams, one = Streams(1), np.arange(1)
    draws = draw(MODEL, scenario, streams, one)
    start = np.round(draws.start * (people / customers(plan))).astype(np.int64)
    schedule = Schedule(MODEL, scenario.start, months, draws.base, one, [s.name for s in scenario.segments])
    clock: list[float] = [time.perf_counter()]
    contacts = Contacts(np.asarray(met(plan)), KNOWN if network else None,
                        lambda t, crowds: clock.append(time.perf_counter()))  # fmt: skip
    with crowd.workers(threads):
        agents.run(MODEL, schedule, start, contacts, streams)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"months_s": clock[-1] - clock[1], "made_s": clock[1] - clock[0], "peak": peak, "people": int(start.sum())}


def apart(people: int, months: int, threads: int = 0, network: bool = False) -> dict[str, float]:
    """Return `whole_model` in a process of its own."""
    words = [sys.executable, "-m", "tests.benchmarks.people", "--one", str(people), str(months), str(threads),
             str(int(network))]  # fmt: skip
    return dict(json.loads(subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout))


def peers(repeats: int) -> list[str]:
    """Rows of the common job beside each peer, turn by turn."""
    lines = ["| peer | people | ours | peer | peer ÷ ours |", "| --- | --- | --- | --- | --- |"]
    common(10_000)
    for peer, people, wanted in PEERS:
        try:
            turns = []
            for _ in range(repeats):
                seconds, error = common(max(people, 1_000_000))
                if error > 8.0:
                    raise SystemExit(f"our common job is {error:g} roots of the people from the exact means")
                theirs = measure(peer, "--repeats", "1", "--agents", str(people))
                turns.append((seconds / max(people, 1_000_000), theirs["wall_s"][0] / people, theirs["version"]))
        except PeerUnavailableError as failure:
            lines.append(f"| {peer} | {people:,} | – | – | not measured: {failure} |")
            continue
        mine, other = (np.array([t[i] for t in turns]) / jobs.MONTHS for i in (0, 1))
        ratio = other / mine
        lines.append(f"| {peer} {turns[0][2]} | {people:,} | {1 / np.median(mine) / GIGA:.2f} G/s | "
                     f"{1 / np.median(other) / GIGA:.4f} G/s | {np.median(ratio):,.0f} ({ratio.min():,.0f} – "
                     f"{ratio.max():,.0f}), wanted {wanted:,.0f} |")  # fmt: skip
    seconds, _ = common(10_000_000, KNOWN)
    rate = 10_000_000 * jobs.MONTHS / seconds / GIGA
    lines.append(f"\nOn a network (small world, 8 contacts each, 10 million people) the months run at {rate:.2f} G/s; "
                 "wanted: 5 times mesa-frames without a network.")  # fmt: skip
    return lines


def sizes() -> tuple[list[str], list[tuple[float, float, float]]]:
    """Rows of the whole model at each size, and (people, seconds a month, peak bytes)."""
    lines = ["| people | months | one thread | all cores | peak memory |", "| --- | --- | --- | --- | --- |"]
    found = []
    for people in SIZES:
        one, many = (apart(people, 120, threads) for threads in (1, 0))
        found.append((people, many["months_s"] / 120, many["peak"]))
        rate = people * 120 / one["months_s"] / GIGA
        lines.append(f"| {people:,} | 120 | {one['months_s']:.2f} s ({rate:.2f} G/s) | "
                     f"{many['months_s']:.2f} s | {many['peak'] / 2**20:,.0f} MiB |")  # fmt: skip
    lines.append("\nWanted: 720 million people × 120 months in under 40 s and 1 GiB.")
    return lines, found


def large_network(people: int) -> str:
    """One line on the largest network."""
    told = apart(people, 12, 0, network=True)
    return (f"{people:,} people with 8 contacts each: network made in {told['made_s']:.0f} s, a month in "
            f"{told['months_s'] / 12:.1f} s, peak {told['peak'] / 2**30:.1f} GiB (wanted: 100 million within "
            "20 GiB).")  # fmt: skip


def draw(found: list[tuple[float, float, float]]) -> None:
    """Draw how seconds a month grow with the number of people."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = Figure(figsize=(7, 4))
    FigureCanvasAgg(picture)
    axes = picture.add_subplot()
    people, seconds, peak = (np.array(column) for column in zip(*found, strict=True))
    axes.loglog(people, seconds, "o-", label="seconds a month (all cores)")
    axes.loglog(people, peak / 2**30, "s--", label="peak memory, GiB")
    axes.set_xlabel("people, one record each")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    picture.tight_layout()
    picture.savefig(PICTURE, dpi=150, metadata={"Software": None})


def main() -> None:
    """Measure and write the page; or one size, and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.people", description=__doc__)
    parser.add_argument("--one", nargs=4, type=int, metavar=("PEOPLE", "MONTHS", "THREADS", "NETWORK"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--network", type=int, default=100_000_000, help="people of the largest network")
    asked = parser.parse_args()
    if asked.one:
        people, months, threads, network = asked.one
        print(json.dumps(whole_model(people, months, threads, bool(network))))
        return
    rows, found = sizes()
    draw(found)
    page = [
        "# One record per person: what it costs", "",
        "Made by `python -m tests.benchmarks.people`; do not edit. Times by the clock; medians, least and most in "
        "brackets.", "", "## Beside peers: the common job, 60 months", "", *peers(asked.repeats), "",
        "## The whole model: 8 segments, all flows, well mixed", "", *rows, "",
        "![Seconds a month and memory against people](pictures/people_cost.png)", "", "## On a network", "",
        large_network(asked.network), "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(page), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
