"""Every compiled loop that counts people: keys, draws, the moves of a month, and what a likelihood takes.

A likelihood's months, its steady state, Newton's method and its Gaussian law are imported by their own names, for a run
has no use for them. They know numpy and numba only, and no state, flow or segment by name.
"""

from mobank.base.kernels.draws import INVERSION_BELOW, binomial, binomials, hypergeometric, hypergeometrics
from mobank.base.kernels.keys import GAMMA, mix, pair_keys, uniforms
from mobank.base.kernels.month import audit, chances, compete, expect, move

__all__ = ["GAMMA", "INVERSION_BELOW", "audit", "binomial", "binomials", "chances", "compete", "expect",
           "hypergeometric", "hypergeometrics", "mix", "move", "pair_keys", "uniforms"]  # fmt: skip
