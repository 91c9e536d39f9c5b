"""Every compiled loop that counts people: keys, draws, the moves of a month, a likelihood's months (`passage`)
and its Gaussian law (`gaussian`).

They know numpy and numba only, and no state, flow or segment by name.
"""

from mobank.base.kernels.draws import INVERSION_BELOW, binomial, binomials, hypergeometric, hypergeometrics
from mobank.base.kernels.keys import GAMMA, mix, pair_keys, uniforms
from mobank.base.kernels.month import audit, chances, compete, expect, move

__all__ = ["GAMMA", "INVERSION_BELOW", "audit", "binomial", "binomials", "chances", "compete", "expect",
           "hypergeometric", "hypergeometrics", "mix", "move", "pair_keys", "uniforms"]  # fmt: skip
