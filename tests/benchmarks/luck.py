"""`python -m tests.benchmarks.luck | dieharder -g 200 -a`: the bits that decide who moves, for a battery of tests.

Writes without end what `mobank.fidelity.people.monthly_kernel` compares people's chances with: all bits of the prefix
of one group after another, each from its own root, as a month meets them. Debian's package `dieharder` has the
battery (Brown; Marsaglia's and NIST's tests); it is not needed for anything else here.
"""

import sys
from typing import Any

import numpy as np
from numba import njit

from mobank.base.kernels.keys import GAMMA, mix
from mobank.fidelity.people import bitplanes, monthly_kernel
from mobank.fidelity.people.simd import WIDE, stirred, store

GROUPS = 256
_PREFIX, _WORDS, _WIDE, _ONE, _TWO = (np.uint64(n) for n in (monthly_kernel.PREFIX, bitplanes.WORDS, WIDE, 1, 2))


@njit
def fill(key: Any, first: Any, words: Any) -> None:
    """Fill words with the luck of groups first, first + 1, … of a segment's month, by its key."""
    at = np.uint64(0)
    for group in range(first, first + np.uint64(GROUPS)):
        root = mix(key + (group + _ONE) * GAMMA)
        for bit in range(_PREFIX):
            for word in range(np.uint64(0), _WORDS, _WIDE):
                store(words, at, stirred(root, (bit * _WORDS + word) * _TWO))
                at += _WIDE


def main() -> None:
    """Write until nobody reads."""
    words = np.empty(GROUPS * int(_PREFIX * _WORDS), np.uint64)
    first = 0
    try:
        while True:
            fill(np.uint64(0x1234_5678_9ABC_DEF0), np.uint64(first), words)
            sys.stdout.buffer.write(words.tobytes())
            first += GROUPS
    except BrokenPipeError:
        sys.stderr.close()  # or Python complains that it could not flush


if __name__ == "__main__":
    main()
