"""The tables at the end of a job: its cases, the quantiles of what was kept, and the answers to what was asked.

Each row carries the case with the values of its design point. Units are joined case by case, so memory does not grow
with the number of replicates or of cases.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mobank.base.files import write
from mobank.batch.job import Case, Job
from mobank.batch.store import summary_file
from mobank.batch.summaries import NEITHER, NEVER, RIVAL, TOGETHER, Key, UnitSummary, join
from mobank.batch.unit import read_summaries
from mobank.ensemble.summary import QUANTILES
from mobank.report.wording import ask_in_words

CASES, QUANTITIES, ANSWERS = "cases.parquet", "quantiles.parquet", "answers.parquet"
TABLES = (CASES, QUANTITIES, ANSWERS)
ROWS = 1 << 16  # of a row group
FIXED = ("case", "scenario", "point")

Row = dict[str, Any]


class Tables:
    """The three tables of a job, which grow by a case at a time: the driver joins one while workers compute others."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._job, self._folder = job, folder
        self._writers = {
            CASES: _Writer(_schema(job, [("draws", pa.int64()), ("replicates", pa.int64()), ("units", pa.int64())])),
            QUANTITIES: _Writer(_schema(job, _quantity_columns(job.keep.quantiles))),
            ANSWERS: _Writer(_schema(job, _answer_columns())),
        }

    def add(self, case: Case, units: int) -> None:
        """Add a case, whose units are done; cases come in the job's order."""
        job, writers = self._job, self._writers
        found = join(read_summaries(summary_file(self._folder, case.name, n)) for n in range(units))
        fixed = {"case": case.name, "scenario": case.scenario.name, "point": case.point, **case.settings}
        last = job.units(case)[units - 1][1]
        counted = {"draws": last // job.per_draw, "replicates": last, "units": units}
        writers[CASES].add({**fixed, **counted})
        for key, summary in found.items():
            if key.kind == "quantity" and summary.count:
                writers[QUANTITIES].add({**fixed, **_quantity(key, summary, job.keep.quantiles)})
            elif key.kind == "ask":
                writers[ANSWERS].add({**fixed, **_words(job, case, key), **_answer(case, key, summary, found)})

    def write(self) -> dict[str, str]:
        """Write the tables; return their digests by name."""
        return {name: write(self._folder / name, memoryview(w.bytes())) for name, w in self._writers.items()}


class _Writer:
    """Gathers rows into a Parquet file, a row group at a time."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema, self._rows, self._sink = schema, [], pa.BufferOutputStream()
        self._file = pq.ParquetWriter(self._sink, schema, compression="zstd", write_page_checksum=True)

    _rows: list[Row]

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS:
            self._flush()

    def _flush(self) -> None:
        self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def bytes(self) -> Any:
        """Return the whole file."""
        self._flush()
        self._file.close()
        return self._sink.getvalue()


def _schema(job: Job, columns: Sequence[tuple[str, pa.DataType]]) -> pa.Schema:
    words = {axis.name for axis in job.axes if axis.unit in ("month", "on or off")}
    axes = [(axis.name, pa.string() if axis.name in words else pa.float64()) for axis in job.axes]
    return pa.schema([("case", pa.string()), ("scenario", pa.string()), ("point", pa.int32()), *axes, *columns])


def percent(share: float) -> str:
    """Return the name of a quantile's column: p5, p50, p97.5."""
    return f"p{100 * share:g}"


def _quantity_columns(quantiles: Sequence[float]) -> list[tuple[str, pa.DataType]]:
    words = [(name, pa.string()) for name in ("measure", "segment", "month")]
    numbers = [(name, pa.float64()) for name in ("mean", "mean_mc_error", *map(percent, quantiles))]
    return [*words, ("replicates", pa.int64()), *numbers]


def _quantity(key: Key, summary: UnitSummary, quantiles: Sequence[float]) -> Row:
    return {
        "measure": key.name,
        "segment": key.segment,
        "month": key.month,
        "replicates": summary.count,
        "mean": summary.mean,
        "mean_mc_error": summary.standard_error,
        **dict(zip(map(percent, quantiles), summary.quantiles(quantiles), strict=True)),
    }


REACHED = tuple(f"reached_{percent(q)}" for q in QUANTILES)


def _answer_columns() -> list[tuple[str, pa.DataType]]:
    words = [(name, pa.string()) for name in ("ask", "question", "问题", "month")]
    numbers = ("chance", "chance_mc_error", "low_95", "high_95", "never", "rival_first", "together")
    return [
        *words,
        ("replicates", pa.int64()),
        *((name, pa.float64()) for name in numbers),
        *((name, pa.string()) for name in REACHED),
    ]


def _words(job: Job, case: Case, key: Key) -> Row:
    ask = next(a for a in case.scenario.asks if a.name == key.name)
    return {"question": ask_in_words(ask, job.model, "en"), "问题": ask_in_words(ask, job.model, "zh")}


def _answer(case: Case, key: Key, summary: UnitSummary, found: Mapping[Key, UnitSummary]) -> Row:
    low, high = summary.interval
    row = {
        "ask": key.name,
        "month": key.month,
        "replicates": summary.count,
        "chance": summary.mean,
        "chance_mc_error": summary.standard_error,
        "low_95": low,
        "high_95": high,
    }
    if race := found.get(key._replace(kind="race")):
        share: Callable[[int], float] = lambda bucket: race.bucket(bucket) / race.count  # noqa: E731
        row |= {"never": share(NEITHER), "rival_first": share(RIVAL), "together": share(TOGETHER)}
    elif passage := found.get(key._replace(kind="passage")):
        row |= {"never": passage.bucket(NEVER) / passage.count, **dict(_reached(case, passage))}
    return row


def _reached(case: Case, passage: UnitSummary) -> Iterator[tuple[str, str | None]]:
    for name, share in zip(REACHED, QUANTILES, strict=True):
        month = passage.passed_by(share)
        yield name, None if month is None else str(case.scenario.start + month)
