"""Every compiled loop that counts people: keys, draws, the moves of a month, the months of a likelihood.

They know numpy and numba only, and no state, flow or segment by name.
"""

from mobank.base.kernels.draws import INVERSION_BELOW, binomial, binomials, hypergeometric, hypergeometrics
from mobank.base.kernels.history import live
from mobank.base.kernels.keys import GAMMA, mix, pair_keys, uniforms
from mobank.base.kernels.month import audit, chances, compete, expect, move

__all__ = ["GAMMA", "INVERSION_BELOW", "audit", "binomial", "binomials", "chances", "compete", "expect",
           "hypergeometric", "hypergeometrics", "live", "mix", "move", "pair_keys", "uniforms"]  # fmt: skip
