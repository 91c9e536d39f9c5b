"""What every worker needs, loaded once by the process that all are forked from.

The first array makes pyarrow look for pandas and load it where it is installed: half a second, which each worker would
otherwise spend on its first unit.
"""

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import scipy.special

import mobank.batch.unit

__all__ = ["mobank", "pyarrow", "scipy"]

pa.array(np.zeros(1))
