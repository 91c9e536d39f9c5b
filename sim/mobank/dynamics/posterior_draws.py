"""The draws of a posterior, column by column, read once; nowhere else is their file read."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Problem
from mobank.scenario.scenario import Fitted

if TYPE_CHECKING:
    import pyarrow as pa

DRAWS = "draws.parquet"


def column(fitted: Fitted, name: str) -> Floats | None:
    """Return a column of a posterior's draws, (N,); None if it has no such column."""
    return columns(fitted.folder, fitted.digest, fitted.rows).get(name)


@lru_cache(maxsize=4)
def columns(folder: str, digest: str, rows: int) -> Mapping[str, Floats]:
    """Return all columns, (N,) each, read-only; raises as `table`."""
    found = table(folder, digest, rows)
    read = {name: found[name].to_numpy().astype(np.float64) for name in found.column_names}
    for values in read.values():
        values.flags.writeable = False
    return MappingProxyType(read)


def table(folder: str, digest: str, rows: int) -> "pa.Table":
    """Return the draws as they are stored; digest and rows must be the file's, so that no others are taken for them.

    Raises
    ------
    InputError
        If the file is gone, is another than the record says, or is no table of numbers.
    """
    import io
    from hashlib import sha256

    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(folder) / DRAWS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from None
    if sha256(content).hexdigest() != digest:
        raise _refused(path, "is not as the posterior's record says")
    try:
        found = pq.read_table(io.BytesIO(content))
    except pa.ArrowException as error:
        raise _refused(path, f"is no table that can be read ({error})") from None
    if others := [each.name for each in found.schema if not pa.types.is_floating(each.type)]:
        raise _refused(path, f"holds columns that are no numbers: {', '.join(others)}")
    if found.num_rows != rows:
        raise _refused(path, f"holds {found.num_rows:,} draws, but the posterior's record says {rows:,}")
    return found


def _refused(path: Path, allowed: str) -> InputError:
    return InputError([Problem(f"'{path.as_posix()}'", allowed, "fit again: mobank calibrate TARGET")])
