"""What every worker needs, loaded once by the process that all are forked from.

The first array makes pyarrow look for pandas and load it where it is installed: half a second, which each worker would
otherwise spend on its first unit.
"""

from mobank.base.workers import ending_with_parent

with ending_with_parent():
    import numpy as np
    import pyarrow as pa
    import pyarrow.dataset
    import scipy.special

    import mobank.batch.unit

    pa.array(np.zeros(1))

__all__ = ["mobank", "pyarrow", "scipy"]
