"""The paths of a finished run, read back a month at a time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mobank.base.arrays import Floats
from mobank.ensemble.plan import ALL, Plan
from mobank.report.run.record import PATHS, FinishedRun


class Written:
    """The paths of a finished run, read from its folder; one row group is held at a time."""

    def __init__(self, run: FinishedRun, plan: Plan) -> None:
        self.plan = plan
        self._file = pq.ParquetFile(run.folder / PATHS)
        self._ranges = [_range(self._file.metadata.row_group(g)) for g in range(self._file.metadata.num_row_groups)]
        self._held: tuple[int, Mapping[int, Floats]] = (-1, {})

    def month(self, measure: str, t: int, segment: str = ALL) -> Floats:
        """Return a measure t months after the start in every replicate, (R,); NaN where it was undefined."""
        wanted = {"measure": measure, "month": str(self.plan.months[t]), "segment": segment}
        for group, held in enumerate(self._ranges):
            if all(low <= wanted[name] <= high for name, (low, high) in held.items()):
                found = self._group(group, segment)
                if t in found:
                    return found[t]
        return np.full(self.plan.draws, np.nan)

    def _group(self, group: int, segment: str) -> Mapping[int, Floats]:
        if self._held[0] != group:
            self._held = (group, self._months(self._file.read_row_group(group), segment))
        return self._held[1]

    def _months(self, table: Any, segment: str) -> dict[int, Floats]:
        data = {name: table[name].combine_chunks() for name in table.column_names}
        replicate, value = data["replicate"].to_numpy(), data["value"].to_numpy()
        codes = data["month"].indices.to_numpy()
        mine = np.ones(codes.size, bool)
        if "segment" in data:
            mine = np.array(data["segment"].dictionary.to_pylist())[data["segment"].indices.to_numpy()] == segment
        at = {str(month): t for t, month in enumerate(self.plan.months)}
        found = {}
        for code, month in enumerate(data["month"].dictionary.to_pylist()):
            rows = mine & (codes == code)
            if rows.any():
                values = np.full(self.plan.draws, np.nan)
                values[replicate[rows]] = value[rows]
                found[at[month]] = values
        return found


def _range(group: Any) -> dict[str, tuple[str, str]]:
    """Return the first and the last word of each column of words in a row group."""
    columns = [group.column(i) for i in range(group.num_columns)]
    words = [c for c in columns if c.path_in_schema in ("measure", "month", "segment")]
    return {c.path_in_schema: (c.statistics.min, c.statistics.max) for c in words}
