"""What becomes of a forecast by today's definition when it is printed: redefinitions, and clean-ups of the registered.

A count of active users is redefined now and then: the chance of that in a year is not known, about 7 %. A redefinition
is small or large, and mostly upward. The registered are cleaned up instead. The rates and sizes are those of reports of
Chinese banks and of PayPal, few as they are; that of clean-ups is an assumption.
"""

from collections.abc import Callable, Mapping

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.backtest.full.jobs import ACTIVE, LEVEL

Printed = Callable[[Floats, float], Floats]  # draws of a log figure (N,) and years ahead, to the log figure as printed

SHAPE, YEARS = 3.5, 50.0  # of the gamma law of redefinitions a year
SMALL, LARGE = (0.08, 0.06), (0.35, 0.20)  # mean and sd of the size, log scale, before its sign is taken
LARGE_SHARE, UPWARD = 0.5, 0.8
CLEAN_UPS, CLEAN_UP = 0.02, (0.03, 0.03)  # a year; mean and sd of the size
MOST = 4  # redefinitions in one horizon
COPIES = 8  # of each draw, so that what is rare is there often enough


def printed_laws(seed: int) -> Mapping[str, Printed]:
    """Return the law of each side."""
    streams = Streams(seed)
    return {
        ACTIVE: lambda draws, years: _moved(draws, years, streams, "redefined", _rates, _jump),
        LEVEL: lambda draws, years: _moved(draws, years, streams, "cleaned up", _clean_up_rates, _clean_up),
    }


Draw = Callable[[str], Floats]  # uniforms (N,) by the name of what is drawn


def _moved(
    draws: Floats,
    years: float,
    streams: Streams,
    name: str,
    rates: Callable[[Draw], Floats],
    jump: Callable[[Draw, int], Floats],
) -> Floats:
    """Return draws, each copied, with the jumps of a Poisson process within some years added, (COPIES × N,)."""
    rows = np.arange(COPIES * draws.size)

    def uniform(item: str) -> Floats:
        return streams.uniform("environment", f"{name}: {item}", rows)

    found = np.tile(draws, COPIES)
    rate, when = rates(uniform), np.zeros(rows.size)
    for number in range(MOST):
        when = when - np.log(uniform(f"wait {number}")) / rate
        found = found + np.where(when < years, jump(uniform, number), 0.0)
    return found


def _rates(uniform: Draw) -> Floats:
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(SHAPE, uniform("rate")) / YEARS)


def _jump(uniform: Draw, number: int) -> Floats:
    large = uniform(f"large {number}") < LARGE_SHARE
    size = np.where(large, _size(uniform, number, LARGE), _size(uniform, number, SMALL))
    return np.asarray(np.where(uniform(f"side {number}") < UPWARD, size, -size))


def _clean_up_rates(uniform: Draw) -> Floats:
    return np.full(uniform("rate").size, CLEAN_UPS)


def _clean_up(uniform: Draw, number: int) -> Floats:
    return -_size(uniform, number, CLEAN_UP)


def _size(uniform: Draw, number: int, law: tuple[float, float]) -> Floats:
    from scipy.special import ndtri

    return np.asarray(np.abs(law[0] + law[1] * ndtri(uniform(f"size {number}"))))
