"""What is foreseen of time, memory and disk, held against what is measured: writes docs/benchmarks_limits.md.

Whole commands in processes of their own: the shipped jobs, the shipped desk study, and runs of several sizes. Memory is
what all processes of a command take together, a page that they share counted once. A machine that others use takes
longer by the clock, so the processor seconds stand beside it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mobank.base.limits import WorkCost, duration, size, slowness
from mobank.base.machine import cores
from mobank.batch.estimate import foresee
from mobank.batch.job_file import load_outline
from mobank.desk import cost as desk_cost
from mobank.ensemble.plan import Plan
from mobank.model.mobile_banking import MODEL
from mobank.report.run import cost as run_cost
from mobank.scenario.desk_study import load_study
from mobank.scenario.reader import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks_limits.md"
LOOK = 0.25  # seconds between two looks at the processes
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """What a command took: seconds by the clock and of all processors, bytes of memory at the peak, bytes that stay."""

    clock: float
    processor: float
    memory: float
    disk: float


def measured(words: Sequence[str], folder: Path) -> Measured:
    """Run a command and look at its processes until it ends."""
    out = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "mobank", *words, "--out", str(out), "--yes"]
    began, used, peak = time.monotonic(), {}, 0.0
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None:
        alive = list(group(process.pid))
        used |= {number: seconds for number, seconds, _ in alive}
        peak = max(peak, sum(memory for _, _, memory in alive))
        time.sleep(LOOK)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    disk = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Measured(time.monotonic() - began, sum(used.values()), peak, disk)


def group(leader: int):
    """Yield the processes of a group: number, processor seconds so far, bytes of memory."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == leader:
                lines = (path.parent / "smaps_rollup").read_text().splitlines()
                memory = next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
                yield int(path.parent.name), (int(fields[11]) + int(fields[12])) / TICK, memory
        except (OSError, StopIteration):
            continue


def foreseen(words: Sequence[str]) -> WorkCost:
    """Return what the same command says beforehand."""
    command, name, *options = words
    given = dict(zip(options[::2], options[1::2], strict=True))
    if command == "batch":
        return foresee(load_outline(ROOT / f"scenarios/batches/{name}.yaml", MODEL), Path("nowhere"), cores()).cost
    if command == "desk":
        return desk_cost.of(load_study(ROOT / f"scenarios/desks/{name}.yaml"), int(given.get("--days", 5)))
    scenario = load(ROOT / f"scenarios/{name}.yaml", MODEL)
    fidelity = given.get("--fidelity", "cohort")
    return run_cost.of(Plan(MODEL, scenario, int(given.get("--draws", 2000)), 1, fidelity, workers=cores()), True)


COMMANDS = (
    "batch smoke",
    "batch overnight",
    "desk remote_service",
    "run baseline",
    "run baseline --draws 60000",
    "run baseline --draws 10000 --fidelity mean_field",
    "batch levers",
)


def main() -> None:
    """Measure and write the page."""
    with tempfile.TemporaryDirectory() as name:
        rows = []
        for line in COMMANDS:
            before, after = foreseen(line.split()), measured(line.split(), Path(name))
            rows.append(
                f"| `mobank {line}` | {duration(before.seconds)} | {duration(after.clock)} ({after.processor:.0f} s) "
                f"| {size(before.memory)} | {size(after.memory)} | {size(before.disk)} | {size(after.disk)} |"
            )
            print(rows[-1], flush=True)
    busy = os.getloadavg()[2]
    head = (
        "# What is foreseen, and what it then takes\n\nMade by `python -m tests.benchmarks.limits`; do not edit. "
        "Wanted: time within a factor of 2, memory and disk within 1.3.\n\n"
        f"{cores()} processors, {slowness():.2g} times as slow as where the costs were measured; {busy:.1f} programs "
        "were at work in the last quarter of an hour, ours included. Where that is more than the processors, the clock "
        "counts others too; what one would wait alone lies between the processor seconds and, where all "
        "processors are at work, those divided by their number.\n\n"
        "| command | time foreseen | by the clock (processor) | memory foreseen | measured | disk foreseen "
        "| measured |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    PAGE.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
