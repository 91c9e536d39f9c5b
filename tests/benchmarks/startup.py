"""What the quick commands, a chart and a run in memory cost: `python -m tests.benchmarks.startup` writes the page.

Processor time, the median of several calls after one that warms the caches. Commands are processes of their own.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import mobank as mb
from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.ensemble.summary import summarise
from mobank.model.mobile_banking import MODEL
from mobank.report.render.fan import fan_of
from mobank.report.render.fan_layout import SMALL
from mobank.report.render.svg import draw

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks_startup.md"
TIMES = 7


def of_command(*words: str) -> float:
    """Return the processor seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "mobank", *words], cwd=ROOT, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def of_call(call: Callable[[], object]) -> float:
    """Return the processor seconds of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def middle(measure: Callable[[], float]) -> float:
    """Return the median of several measurements after one that does not count."""
    measure()
    return median(measure() for _ in range(TIMES))


def rows() -> list[tuple[str, float]]:
    """Return what was measured, in seconds of processor time."""
    plan = Plan(MODEL, mb.load("baseline"), 500)
    with run(plan) as paths:
        summaries = summarise(paths)
    return [
        ("`mobank --help`", middle(lambda: of_command("--help"))),
        ("`mobank check`, all shipped scenarios", middle(lambda: of_command("check"))),
        ("`mobank check baseline`", middle(lambda: of_command("check", "baseline"))),
        ("a fan as SVG, 61 months", middle(lambda: of_call(lambda: draw(fan_of(plan, summaries, "mau", "en"), SMALL)))),
        ('`mb.run("baseline", draws=2000)`, warm', middle(lambda: of_call(lambda: mb.run("baseline", draws=2000)))),
    ]


def page(found: list[tuple[str, float]]) -> str:
    """Return the page."""
    lines = [f"| {what} | {1000 * seconds:,.1f} |" for what, seconds in found]
    return "\n".join([
        "# What quick things cost",
        "",
        "Made by `python -m tests.benchmarks.startup`: milliseconds of processor time, the median of some calls",
        "after one that warms the caches. The same code takes up to twice as long where others use the machine.",
        "",
        "| what | ms |",
        "|---|---|",
        *lines,
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(rows()), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
