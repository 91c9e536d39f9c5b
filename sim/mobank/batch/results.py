"""A finished job's tables, read and filtered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.files import is_whole
from mobank.base.quantities import Lang
from mobank.batch.job_records import JOB, MANIFEST, MENDED, read_job, read_manifest
from mobank.batch.tables import ANSWERS, CASES, FIXED, QUANTITIES, TABLES
from mobank.ensemble.plan import ALL

OPERATORS = ("<=", ">=", "!=", "=", "<", ">")


@dataclass(frozen=True)
class Results:
    """The tables of a finished job.

    Parameters
    ----------
    axes : names of what the design varied; columns of every table.
    """

    folder: Path
    job: Mapping[str, Any]
    axes: tuple[str, ...]
    cases: pa.Table
    quantities: pa.Table
    answers: pa.Table

    def question(self, lang: Lang) -> str:
        """Return what the job asks; "" where its file says nothing."""
        return str(self.job["question"][lang])

    def where(self, conditions: Sequence[str]) -> "Results":
        """Return the rows that meet conditions such as "scenario=win_back" or "levers.x.multiply>=1.1".

        A condition holds for the tables that have its column; those without it are left as they are.

        Raises
        ------
        InputError
            If a condition cannot be read, no table has its column, or no row meets it.
        """
        tables = [self.cases, self.quantities, self.answers]
        for text in conditions:
            name, operator, value = _condition(text, {c for t in tables for c in t.column_names})
            with_it = [table for table in tables if name in table.column_names]
            tables = [_filtered(t, name, operator, value) if name in t.column_names else t for t in tables]
            if not any(table.num_rows for table in tables if name in table.column_names):
                raise InputError([_no_row(text, value, [table[name] for table in with_it])])
        return Results(self.folder, self.job, self.axes, *tables)


def open_results(folder: Path) -> Results:
    """Return the tables of a finished job.

    Raises
    ------
    InputError
        If the folder is not of a batch job, the job is not finished, or a record or a table is not as it was written.
    """
    job = read_job(folder)
    if job is None:
        near = sorted(p.parent.as_posix() for p in folder.parent.glob(f"*/{JOB}"))
        hint = did_you_mean(folder.as_posix(), near)
        raise InputError([Problem(shown(folder.as_posix()), "is not the folder of a batch job", hint)])
    manifest = read_manifest(folder)
    if manifest is None:
        hint = "finish it: give its mobank batch command again"
        raise InputError([Problem(shown(folder.as_posix()), "is a job that is not finished", hint)])
    if changed := [name for name in TABLES if not is_whole(folder / name, manifest.get(name))]:
        found = f"{', '.join(changed)} in {shown(folder.as_posix())}"
        raise InputError([Problem(found, "changed or gone since the job", MENDED)])
    cases, quantities, answers = (pq.read_table(folder / name) for name in (CASES, QUANTITIES, ANSWERS))
    axes = tuple(n for n in cases.column_names if n not in (*FIXED, "draws", "replicates", "units"))
    return Results(folder, job, axes, cases, quantities, answers)


# ------------ conditions


def _condition(text: str, columns: set[str]) -> tuple[str, str, str]:
    at, operator = min(((text.find(o), -len(o), o) for o in OPERATORS if o in text), default=(0, 0, ""))[::2]
    if not operator:
        raise InputError(
            [Problem(shown(text), "is not a condition", "write scenario=baseline or month>=2025-12", "--where")]
        )
    name, value = text[:at].strip(), text[at + len(operator) :].strip()  # a value may hold operators of its own
    if name not in columns:
        raise InputError([Problem(shown(name), "is not a column", did_you_mean(name, sorted(columns)), "--where")])
    return name, operator, value


_TESTS = {"=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal}


def _filtered(table: pa.Table, name: str, operator: str, value: str) -> pa.Table:
    kind = table.schema.field(name).type
    try:
        wanted = value if pa.types.is_string(kind) else _finite(value)
    except ValueError:
        problem = Problem(shown(value), f"is not a number, as {name} is", "write 1.1 for +10 %", "--where")
        raise InputError([problem]) from None
    return table.filter(_TESTS[operator](table[name], wanted))


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)  # no number is above or below what is none
    return value


def _no_row(text: str, value: str, columns: Sequence[pa.ChunkedArray]) -> Problem:
    """Return that a condition is met by no row, with the nearest word of its column if that holds words."""
    words = {str(word) for column in columns if pa.types.is_string(column.type) for word in column.unique().to_pylist()}
    return Problem(shown(text), "is met by no row", did_you_mean(value, sorted(words)) if words else "", "--where")


# ------------ what of them


def last_month(table: pa.Table) -> pa.Table:
    """Return the rows of the whole bank in the last month of each case."""
    whole = table.filter(pc.equal(table["segment"], ALL))
    ends = whole.group_by("case").aggregate([("month", "max")])
    last = dict(zip(ends["case"].to_pylist(), ends["month_max"].to_pylist(), strict=True))
    pairs = zip(whole["case"].to_pylist(), whole["month"].to_pylist(), strict=True)
    return whole.filter(pa.array([last[case] == month for case, month in pairs], pa.bool_()))


def quantile_columns(table: pa.Table) -> list[str]:
    """Return the names of a table's quantiles, the lowest first."""
    return [name for name in table.column_names if name[0] == "p" and name[1:].replace(".", "").isdigit()]


def jobs(out: Path) -> list[tuple[Path, bool]]:
    """Return the jobs below a folder, each with whether it is finished."""
    return [(path.parent, (path.parent / MANIFEST).is_file()) for path in sorted(out.glob(f"*/{JOB}"))]
