"""Finished runs and comparisons, opened from their folders."""

from pathlib import Path

from mobank.api.comparison import Comparison
from mobank.api.run import Run, open_run
from mobank.base.errors import InputError, Problem, shown
from mobank.report.compare import folder as comparisons


def open_folder(folder: str | Path) -> Run | Comparison:
    """Return the run or the comparison in a folder; paths are read when they are asked for.

    Raises
    ------
    InputError
        If there is neither, or files have changed since it was written.

    Examples
    --------
    >>> import mobank as mb
    >>> where = mb.run("baseline", draws=50).save("outputs")  # doctest: +SKIP
    >>> mb.open(where)  # doctest: +SKIP
    <Run of 'baseline': 50 draws, seed 1, cohort, 2022-12 to 2027-12>
    """
    if not isinstance(folder, str | Path):
        raise InputError([Problem(shown(repr(folder)), "is not the path of a folder", key="folder")])
    path = Path(folder)
    if not comparisons.is_comparison(path):
        return open_run(path)
    return Comparison(comparisons.read(path), {})
