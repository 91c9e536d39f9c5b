"""The array types of the whole package; what the axes are, each docstring says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Uints = NDArray[np.uint64]
Uint32s = NDArray[np.uint32]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]  # positions in another array
People = NDArray[Any]  # persons: whole ones or fractions
