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

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.contacts import Contacts
from mobank.dynamics.schedule import Schedule
from mobank.ensemble.plan import Plan, customers, met
from mobank.fidelity import agents
from mobank.fidelity.people import workers
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load
from mobank.scenario.scenario import Network
from tests.benchmarks import ours
from tests.benchmarks.peers import PeerUnavailableError, jobs, measure

ROOT = Path(__file__).resolve().parents[2]
PAGE, PICTURE = ROOT / "docs" / "benchmarks_people.md", ROOT / "docs" / "pictures" / "people_cost.png"
KNOWN = Network("small_world", 8, far=0.1)
NATIONAL = 720_000_000
SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, NATIONAL)
PEERS = {  # people, G agent-months a second that a peer must reach for the comparison to be fair, our ratio wanted
    "mesa_frames": (10_000_000, 0.08, 60.0),
    "starsim": (10_000_000, 0.04, 120.0),
    "mesa": (1_000_000, 0.0034, 1000.0),
}
KNOWN_RATIO = 5.0  # wanted on the network, against mesa-frames without one
FAIR = 0.8
RUNS = 9  # of ours a turn: a million people's five years take a fortieth of a second, a peer's half a minute
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
    from mobank.dynamics.draws import draw

    scenario = load(ROOT / "scenarios" / "baseline.yaml", MODEL)
    plan = Plan(MODEL, scenario, 1)
    streams, one = Streams(1), np.arange(1)
    draws = draw(MODEL, scenario, streams, one)
    start = np.round(draws.start * (people / customers(plan))).astype(np.int64)
    schedule = Schedule(MODEL, scenario.start, months, draws.base, one, [s.name for s in scenario.segments])
    clock: list[float] = [time.perf_counter()]
    contacts = Contacts(
        np.asarray(met(plan)), KNOWN if network else None, lambda t, crowds: clock.append(time.perf_counter())
    )
    with workers(threads):
        agents.run(MODEL, schedule, start, contacts, streams)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"months_s": clock[-1] - clock[1], "made_s": clock[1] - clock[0], "peak": peak, "people": int(start.sum())}


def apart(people: int, months: int, threads: int = 0, network: bool = False) -> dict[str, float]:
    """Return `whole_model` in a process of its own."""
    words = [
        sys.executable,
        "-m",
        "tests.benchmarks.people",
        "--one",
        str(people),
        str(months),
        str(threads),
        str(int(network)),
    ]
    return dict(json.loads(subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout))


def peers(repeats: int) -> list[str]:
    """Rows of the common job beside each peer, turn by turn; beside mesa-frames also on a network."""
    lines = ["| peer | people | ours | peer | ours ÷ peer | wanted |", "| --- | --- | --- | --- | --- | --- |"]
    common(10_000)
    common(10_000, KNOWN)
    for peer, (people, fair, wanted) in PEERS.items():
        networks = {"": None, ", ours with 8 contacts each": KNOWN} if peer == "mesa_frames" else {"": None}
        ours_s: dict[str, list[float]] = {name: [] for name in networks}
        theirs_s: list[float] = []
        try:
            for _ in range(repeats):
                for name, network in networks.items():
                    ours_s[name].append(checked(people, network))
                told = measure(peer, "--repeats", "1", "--agents", str(people))
                theirs_s += told["wall_s"]
        except PeerUnavailableError as failure:
            lines.append(f"| {peer} | {people:,} | – | – | not measured: {failure} | |")
            continue
        theirs = people * jobs.MONTHS / np.array(theirs_s) / GIGA
        slow = "" if np.median(theirs) >= FAIR * fair else f", too slow to be fair: it should reach {FAIR * fair:.4f}"
        rate = f"{np.median(theirs):.4f} G/s{slow}"
        for name, seconds in ours_s.items():
            mine = people * jobs.MONTHS / np.array(seconds) / GIGA
            ratio = mine / theirs
            lines.append(
                f"| {peer} {told['version']}{name} | {people:,} | {np.median(mine):.2f} G/s | {rate} | "
                f"{np.median(ratio):,.1f} ({ratio.min():,.1f} – {ratio.max():,.1f}) | "
                f"{KNOWN_RATIO if name else wanted:,.0f} |"
            )
    return lines


def checked(people: int, network: Network | None) -> float:
    """Return the median seconds of our common job, run a few times where one run is over in no time.

    It is made sure that it is the job.
    """
    found = [common(people, network) for _ in range(1 if network else RUNS)]
    worst = max(error for _, error in found)
    if network is None and worst > 8.0:
        raise SystemExit(f"our common job is {worst:g} roots of the people from the exact means")
    return float(np.median([seconds for seconds, _ in found]))


def sizes() -> tuple[list[str], list[tuple[float, float, float]]]:
    """Rows of the whole model at each size, and (people, seconds a month, peak bytes)."""
    lines = ["| people | months | one thread | all cores | peak memory |", "| --- | --- | --- | --- | --- |"]
    found = []
    for people in SIZES:
        one, many = (apart(people, 120, threads) for threads in (1, 0))
        found.append((people, many["months_s"] / 120, many["peak"]))
        rate = people * 120 / one["months_s"] / GIGA
        lines.append(
            f"| {people:,} | 120 | {one['months_s']:.2f} s ({rate:.2f} G/s) | "
            f"{many['months_s']:.2f} s | {many['peak'] / 2**20:,.0f} MiB |"
        )
    lines.append("\nWanted: 720 million people × 120 months in under 40 s and 1 GiB.")
    return lines, found


def large_network(people: int) -> str:
    """One line on the largest network."""
    told = apart(people, 12, 0, network=True)
    return (
        f"The whole model, {people:,} people with 8 contacts each: people and network made in "
        f"{told['made_s']:.0f} s, a month in {told['months_s'] / 12:.2f} s, peak {told['peak'] / 2**30:.1f} GiB "
        "(wanted: 100 million within 20 GiB)."
    )


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
    parser.add_argument("--repeats", type=int, default=5)
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
        f"brackets; ours in a turn with a peer is the median of {RUNS} runs, on the network one. G/s are thousand "
        "million months of a person a second.", "",
        "## Beside peers: the common job, 60 months", "", *peers(asked.repeats), "",
        "## The whole model: 8 segments, all flows, well mixed", "", *rows, "",
        "![Seconds a month and memory against people](pictures/people_cost.png)", "", "## On a network", "",
        large_network(asked.network), "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(page), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
