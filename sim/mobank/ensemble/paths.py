"""The paths of all replicates of a plan."""

import math
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from mobank.base.arrays import Floats
from mobank.ensemble.plan import ALL, Plan

MOST_IN_MEMORY = 256 << 20  # bytes of paths; more are kept in a file, so that memory does not grow with the draws


class Paths(Protocol):
    """The paths of all replicates, read a month at a time: of a running ensemble or of a finished run."""

    @property
    def plan(self) -> Plan:
        """What was run."""

    def month(self, measure: str, t: int, segment: str = ALL) -> Floats:
        """Return a measure t months after the start in every replicate, (R,)."""


class _Blocks:
    """Blocks of paths in memory, in the order of their replicates, each (columns, T + 1, R)."""

    def __init__(self) -> None:
        self.blocks: list[Floats] = []

    def write(self, first: int, block: Floats) -> None:
        self.blocks.append(block)

    def take(self, known: "_Blocks | _File") -> None:
        assert isinstance(known, _Blocks), "fewer draws of the same plan take less memory"
        self.blocks += known.blocks

    def month(self, column: int, t: int) -> Floats:
        return np.concatenate([block[column, t] for block in self.blocks])

    def close(self) -> None:
        self.blocks.clear()


class _File:
    """The paths in a temporary file: by column, month and replicate, so that a month of all replicates is one piece."""

    def __init__(self, shape: tuple[int, int, int], folder: Path | None) -> None:
        self.shape = shape
        self._file = tempfile.TemporaryFile(dir=folder, prefix="paths-", buffering=0)  # noqa: SIM115 closed by close()

    def write(self, first: int, block: Floats) -> None:
        for column in range(self.shape[0]):
            for t in range(self.shape[1]):
                self._put(block[column, t].tobytes(), self._offset(column, t, first))

    def take(self, known: "_Blocks | _File") -> None:
        for column in range(self.shape[0]):
            for t in range(self.shape[1]):
                self._put(known.month(column, t).tobytes(), self._offset(column, t, 0))

    def _put(self, piece: bytes, offset: int) -> None:
        self._file.seek(offset)
        while piece:  # a full disk may take part of it before it says so
            piece = piece[self._file.write(piece) :]

    def month(self, column: int, t: int) -> Floats:
        self._file.seek(self._offset(column, t, 0))
        return np.frombuffer(self._file.read(8 * self.shape[2]))

    def _offset(self, column: int, t: int, replicate: int) -> int:
        return 8 * ((column * self.shape[1] + t) * self.shape[2] + replicate)

    def close(self) -> None:
        self._file.close()


class Ensemble:
    """The paths of all replicates of a plan: in memory, or in a file that goes away with the object if they are many.

    Read with `path` (all months of a measure) or `month` (all replicates of one month).

    Parameters
    ----------
    folder : where the file goes if there are more than `MOST_IN_MEMORY` bytes; default: the system's temporary folder.
    """

    def __init__(self, plan: Plan, folder: Path | None = None) -> None:
        self.plan, self.tried = plan, 0
        self._row = {column: i for i, column in enumerate(plan.columns)}
        shape = (len(plan.columns), len(plan.months), plan.draws)
        small = 8 * math.prod(shape) <= MOST_IN_MEMORY
        self._store: _Blocks | _File = _Blocks() if small else _File(shape, folder)

    def write(self, first: int, block: Floats) -> None:
        """Put a block's columns (columns, T + 1, R) in place, its first replicate being number `first`.

        Blocks come in the order of their replicates.
        """
        self._store.write(first, block)

    def take(self, known: "Ensemble") -> None:
        """Put the paths of the same plan with fewer draws in place; arrays in memory are shared, not copied."""
        self.tried = known.tried
        self._store.take(known._store)

    def month(self, measure: str, t: int, segment: str = ALL) -> Floats:
        """Return a measure t months after the start in every replicate, (R,)."""
        return self._store.month(self._row[measure, segment], t)

    def path(self, measure: str, segment: str = ALL) -> Floats:
        """Return a measure over all months and replicates, (T + 1, R)."""
        return np.stack([self.month(measure, t, segment) for t in range(len(self.plan.months))])

    def close(self) -> None:
        """Give memory or disk space back."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return the ensemble; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
