"""The paths of a run that is to be written: computed, or those of a finished run that differs in its pages alone."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mobank.base.files import is_whole
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.report.run.record import PATHS, RECORD, FinishedRun, finished, numbers_of
from mobank.report.run.stored_paths import Written


@contextmanager
def numbers(
    plan: Plan, known: Mapping[str, Any], out: Path, progress: Callable[[int, int], None], folder: Path
) -> Iterator[tuple[Paths, int]]:
    """Give the paths of a plan and how many draws were tried for them.

    Parameters
    ----------
    known : the identity of the run. out : where its folder will stand, among others. folder : for what takes space.
    """
    before = with_numbers_of(known, out)
    if before:
        yield Written(before, plan), before.record["draws_tried"]
        return
    with run(plan, progress, folder) as ensemble:
        yield ensemble, ensemble.tried


def with_numbers_of(known: Mapping[str, Any], out: Path) -> FinishedRun | None:
    """Return a finished run below a folder that has the numbers of an identity, whatever its language and pages."""
    wanted = numbers_of(known)
    runs = (finished(path.parent) for path in sorted(out.glob(f"*/{RECORD}")))
    same = (run for run in runs if run and numbers_of(run.record["identity"]) == wanted)
    return next((run for run in same if _whole(run)), None)


def _whole(run: FinishedRun) -> bool:
    return is_whole(run.folder / PATHS, run.record["files"][PATHS])
