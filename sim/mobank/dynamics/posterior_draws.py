"""The draws of a posterior, column by column, read once."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.errors import RunError
from mobank.scenario.scenario import Fitted

DRAWS = "draws.parquet"


def column(fitted: Fitted, name: str) -> Floats | None:
    """Return a column of a posterior's draws, (N,); None if it has no such column."""
    return _columns(fitted.folder, fitted.digest).get(name)


@lru_cache(maxsize=4)
def _columns(folder: str, digest: str) -> dict[str, Floats]:
    """Return all columns; the digest must be that of the file, so that a scenario cannot run with other draws.

    Raises
    ------
    RunError
        If the file is gone or is another than the record says.
    """
    import io
    from hashlib import sha256

    import pyarrow.parquet as pq

    path = Path(folder) / DRAWS
    content = path.read_bytes() if path.is_file() else b""
    if sha256(content).hexdigest() != digest:
        raise RunError(f"'{path.as_posix()}'", "is gone or not as the posterior's record says", "fit again")
    table = pq.read_table(io.BytesIO(content))
    return {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}
