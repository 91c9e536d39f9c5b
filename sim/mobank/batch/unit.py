"""One unit of work, from its description to its files: what every worker does, here or on a cluster.

A unit's files are a function of the task and of the code, byte for byte. Each is written aside, made durable, then
renamed; a unit whose name a power cut took is computed again. The summary comes last, so that a unit with a summary
has its paths.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.files import write
from mobank.base.machine import keep_freed
from mobank.batch.job import Task, file_name, months_kept, segments_kept
from mobank.batch.summaries import NEVER, Key, UnitSummary, codes_of_race, of_codes, of_values
from mobank.dynamics.trajectory import Trajectory
from mobank.ensemble.plan import ALL, Plan, run_block
from mobank.ensemble.questions import NEVER as NOT_YET
from mobank.ensemble.questions import met, passage_in
from mobank.scenario.scenario import Ask, Condition

PATHS, SUMMARIES = "paths", "summaries"
UNIT = b"mobank.unit"  # what a file says of whose it is, so that no other is taken for it


@dataclass(frozen=True)
class UnitResult:
    """What a worker says of a finished unit: its files with their digests; and what it cost, for the log only."""

    files: Mapping[str, str]
    replicates: int
    wall: float
    cpu: float
    peak_mb: float
    worker: str


def produce(task: Task, folder: Path) -> UnitResult:
    """Compute a unit and write its files below a job's folder."""
    wall, cpu = time.perf_counter(), time.process_time()
    keep_freed()
    files = {}
    for part, table in compute(task).items():
        name = f"{part}/case={task.case.name}/{file_name(task.number)}"
        files[name] = write(folder / name, memoryview(serialise(signed(table, task))))
    return UnitResult(
        files,
        task.last - task.first,
        time.perf_counter() - wall,
        time.process_time() - cpu,
        peak_mb(),
        f"{socket.gethostname()}:{os.getpid()}",
    )


def compute(task: Task) -> dict[str, pa.Table]:
    """Return the tables of a unit by the part of the data set that they belong to, the summaries last."""
    block = _Block(task)
    paths = {PATHS: block.paths()} if task.keep.paths else {}
    return {**paths, SUMMARIES: summary_table(block.summaries())}


def peak_mb() -> float:
    """Return the peak memory of this process so far, in megabytes; NaN where the system does not say, on Windows."""
    try:
        import resource
    except ModuleNotFoundError:
        return float("nan")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS tells bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class _Block:
    """The replicates of a unit in memory, and what is kept of them."""

    def __init__(self, task: Task) -> None:
        self.task, self.scenario = task, task.plan.scenario
        self.replicates = np.arange(task.first, task.last)
        self.plan: Plan = replace(task.plan, draws=self.replicates.size)
        self.trajectory: Trajectory = run_block(task.plan, self.replicates)[0]
        self._seen: dict[tuple[str, bool], Floats] = {}

    def observe(self, measure: str, segment: str = ALL) -> Floats:
        """Return a measure in every month, (T + 1, R)."""
        told_apart = segment != ALL
        if (measure, told_apart) not in self._seen:
            self._seen[measure, told_apart] = self.trajectory.observe(measure, by_segment=told_apart)
        seen = self._seen[measure, told_apart]
        return seen[:, [s.name for s in self.scenario.segments].index(segment)] if told_apart else seen

    # ------------ what is kept

    def summaries(self) -> dict[Key, UnitSummary]:
        """Return the distribution of every measure, segment and month that is kept, and what each ask comes to."""
        keep, per_draw = self.task.keep, self.plan.per_draw
        found: dict[Key, UnitSummary] = {}
        months = months_kept(keep, self.scenario)
        rows = [month - self.scenario.start for month in months]
        for measure in keep.measures:
            for segment in (ALL, *segments_kept(keep, self.scenario)):
                keys = [Key("quantity", measure, segment, str(month)) for month in months]
                found |= zip(keys, of_values(self.observe(measure, segment)[rows], per_draw), strict=True)
        for ask in self.scenario.asks:
            found.update(self._ask(ask))
        return found

    def _ask(self, ask: Ask) -> Iterator[tuple[Key, UnitSummary]]:
        """Return the counts of one ask; of a first passage also the months, of a race who wins."""
        last, per_draw = ask.month - self.scenario.start, self.plan.per_draw
        kept = "ask", ask.name, ALL, str(ask.month)
        if ask.rival:
            first, rival = self._passage(ask.condition, last), self._passage(ask.rival, last)
            held = first < rival
            codes = codes_of_race(first, rival, NOT_YET)
            yield Key("race", *kept[1:]), of_codes(codes, held, per_draw)
        elif ask.ever:
            months = self._passage(ask.condition, len(self.plan.months) - 1)
            held = months <= last
            codes = np.where(months == NOT_YET, NEVER, months).astype(np.int64)
            yield Key("passage", *kept[1:]), of_codes(codes, held, per_draw)
        else:
            held = met(ask.condition, self.observe(ask.condition.measure)[last])
        yield Key(*kept), of_codes(held.astype(np.int64), held, per_draw)  # type: ignore[arg-type]

    def _passage(self, condition: Condition, last: int) -> NDArray[np.int32]:
        return passage_in(self.observe(condition.measure)[: last + 1], condition)

    def paths(self) -> pa.Table:
        """Return every replicate's path of the measures kept: a row a segment, month and replicate, in that order."""
        keep, months = self.task.keep, self.plan.months
        segments = (ALL, *segments_kept(keep, self.scenario))
        rows = len(segments) * len(months) * self.replicates.size
        columns: dict[str, Any] = {"scenario": _constant(self.scenario.name, rows), "point": _same(self.task, rows)}
        columns |= {name: _constant(value, rows) for name, value in self.task.case.settings.items()}
        each = np.tile(self.replicates, len(segments) * len(months))
        columns |= {"replicate": pa.array(each), "draw": pa.array(each // self.plan.per_draw)}
        if keep.by_segment:
            columns["segment"] = _words(segments, len(months) * self.replicates.size, 1)
        columns["month"] = _words([str(m) for m in months], self.replicates.size, len(segments))
        for measure in keep.paths:
            values = np.concatenate([self.observe(measure, segment).ravel() for segment in segments])
            columns[measure] = pa.array(values, from_pandas=True)  # undefined is null
        return pa.table(columns)


def _same(task: Task, rows: int) -> pa.Array:
    return pa.array(np.full(rows, task.case.point, np.int32))


def _constant(value: float | str, rows: int) -> pa.Array:
    if isinstance(value, str):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value]))
    return pa.array(np.full(rows, float(value)))


def _words(words: Any, each: int, times: int) -> pa.Array:
    index = np.tile(np.repeat(np.arange(len(words), dtype=np.int32), each), times)
    return pa.DictionaryArray.from_arrays(pa.array(index), pa.array(list(words)))


# ------------ files

SUMMARY_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("name", pa.string()),
        ("segment", pa.string()),
        ("month", pa.string()),
        ("count", pa.int64()),
        ("draws", pa.int64()),
        ("mean", pa.float64()),
        ("squares", pa.float64()),
        ("buckets", pa.list_(pa.int32())),
        ("counts", pa.list_(pa.int32())),  # of one unit
    ]
)


def summary_table(summaries: Mapping[Key, UnitSummary]) -> pa.Table:
    """Return summaries as a table, a row a key."""
    ends = np.cumsum([0, *(s.buckets.size for s in summaries.values())]).astype(np.int32)

    def lists(parts: list[NDArray[np.int64]]) -> pa.Array:
        values = np.concatenate(parts or [np.empty(0, np.int64)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(values))

    columns = [
        *(pa.array([key[i] for key in summaries], pa.string()) for i in range(4)),
        pa.array([s.count for s in summaries.values()], pa.int64()),
        pa.array([s.draws for s in summaries.values()], pa.int64()),
        pa.array([s.mean for s in summaries.values()], pa.float64()),
        pa.array([s.squares for s in summaries.values()], pa.float64()),
        lists([s.buckets for s in summaries.values()]),
        lists([s.counts for s in summaries.values()]),
    ]
    return pa.table(columns, schema=SUMMARY_SCHEMA)


def read_summaries(path: Path) -> dict[Key, UnitSummary]:
    """Return what `summary_table` made of summaries."""
    with pq.ParquetFile(path) as file:
        table = file.read(use_threads=False)
    columns = {name: table[name].to_pylist() for name in SUMMARY_SCHEMA.names[:8]}
    buckets, counts = (table[name].combine_chunks() for name in ("buckets", "counts"))
    ends = buckets.offsets.to_numpy()
    inside, number = (lists.values.to_numpy().astype(np.int64) for lists in (buckets, counts))
    found = {}
    for i, key in enumerate(zip(*(columns[n] for n in ("kind", "name", "segment", "month")), strict=True)):
        part = slice(ends[i], ends[i + 1])
        count, draws, mean, squares = (columns[name][i] for name in ("count", "draws", "mean", "squares"))
        found[Key(*key)] = UnitSummary(count, draws, mean, squares, inside[part], number[part])
    return found


def unit_name(case: str, number: int, first: int, last: int) -> str:
    """Return what the files of a unit say of whose they are: its case, its number and its replicates."""
    return f"{case} {number} {first} {last}"


def signed(table: pa.Table, task: Task) -> pa.Table:
    """Return a table that says which unit it is of."""
    return table.replace_schema_metadata({UNIT: unit_name(task.case.name, task.number, task.first, task.last)})


def is_as_made(path: Path, part: str, unit: str) -> bool:
    """Return True if a file is of a unit and, byte for byte, what is written of the table in it.

    Checksums guard the pages of a Parquet file and not its end, which says what they hold.
    """
    try:
        data = path.read_bytes()
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True) as file:
            table = file.read()
        if part == SUMMARIES:  # as it is made: what is read back calls the items of lists otherwise
            table = table.cast(SUMMARY_SCHEMA.with_metadata(table.schema.metadata))
        said = (table.schema.metadata or {}).get(UNIT, b"")
        return bool(said == unit.encode() and serialise(table).equals(pa.py_buffer(data)))
    except (OSError, pa.ArrowException, ValueError, KeyError):
        return False


def serialise(table: pa.Table) -> pa.Buffer:
    """Return a table as the bytes of a Parquet file; floats byte by byte, whole numbers by their steps."""
    names, told, encodings = [], [], {}
    for field in table.schema:
        if pa.types.is_floating(field.type):
            encodings[field.name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_integer(field.type):
            told.append(field.name)  # so that readers skip files; of words every file has the same
            encodings[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_list(field.type):
            encodings[f"{field.name}.list.element"] = "DELTA_BINARY_PACKED"
        else:
            names.append(field.name)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=names,
        column_encoding=encodings,
        write_statistics=told,
        write_page_checksum=True,
    )
    return sink.getvalue()
