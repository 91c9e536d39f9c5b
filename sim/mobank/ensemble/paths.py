"""The paths of all replicates of a plan."""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from mobank.base.arrays import Floats
from mobank.ensemble.plan import ALL, Plan


class Paths(Protocol):
    """The paths of all replicates, read a month at a time: of a running ensemble or of a finished run."""

    @property
    def plan(self) -> Plan:
        """What was run."""

    def month(self, measure: str, t: int, segment: str = ALL) -> Floats:
        """Return a measure t months after the start in every replicate, (R,)."""


class Ensemble:
    """The paths of all replicates of a plan, on disk in a file that goes away with the object.

    Read with `path` (all months of a measure) or `month` (all replicates of one month, in flat memory).
    """

    def __init__(self, plan: Plan, folder: Path | None = None) -> None:
        self.plan, self.tried = plan, 0
        self._row = {column: i for i, column in enumerate(plan.columns)}
        self._file = tempfile.TemporaryFile(dir=folder, prefix="paths-", buffering=0)  # noqa: SIM115 closed by close()
        self._shape = (len(plan.columns), len(plan.months), plan.draws)

    def write(self, first: int, block: Floats) -> None:
        """Put a block's columns (columns, T + 1, R) in place, its first replicate being number `first`."""
        for c in range(self._shape[0]):
            for t in range(self._shape[1]):
                self._put(block[c, t].tobytes(), self._offset(c, t, first))

    def _put(self, piece: bytes, offset: int) -> None:
        while piece:  # a full disk may take part of it before it says so
            written = os.pwrite(self._file.fileno(), piece, offset)
            piece, offset = piece[written:], offset + written

    def month(self, measure: str, t: int, segment: str = ALL) -> Floats:
        """Return a measure t months after the start in every replicate, (R,)."""
        offset = self._offset(self._row[measure, segment], t, 0)
        return np.frombuffer(os.pread(self._file.fileno(), 8 * self._shape[2], offset))

    def path(self, measure: str, segment: str = ALL) -> Floats:
        """Return a measure over all months and replicates, (T + 1, R)."""
        return np.stack([self.month(measure, t, segment) for t in range(self._shape[1])])

    def _offset(self, column: int, t: int, replicate: int) -> int:
        return 8 * ((column * self._shape[1] + t) * self._shape[2] + replicate)

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the ensemble; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
