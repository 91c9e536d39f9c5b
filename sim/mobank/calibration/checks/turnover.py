"""How each class of users stands at the last figure: what share is active, and how fast the active turn over.

Two rates, of lapsing and of coming back, say the same as an active share and a turnover time; but stocks at year-ends
can tell something of the first and next to nothing of the second, and only the second pair shows it. A class is a
band of a dimension that changes what keeps people active: a band whose factors or values touch a parameter that the
shock of engagement moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.calibration.checks.identifiability import QUANTILES, Known
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.inputs import Inputs
from mobank.calibration.likelihood.solve_history import HistoryState
from mobank.dynamics.month import add_up, chance
from mobank.scenario.scenario import Band

TINY = 1e-300


@dataclass(frozen=True)
class Turnover:
    """A class of users before and after the figures.

    Parameters
    ----------
    share : of its registered who are active; contraction on the log-odds scale.
    months : until as many active users have been lost as there are, in a year of average luck; on the log scale.
    """

    band: Band
    share: Known
    months: Known


Ended = tuple[History, Floats, HistoryState]  # a history, coordinates in it (D, R), and where such draws end


def turnovers(prior: Ended, posterior: Ended) -> list[Turnover]:
    """Return the classes of users of a target, in the order of its bands, given draws before and after its figures."""
    before, after = _measured(*prior), _measured(*posterior)
    found = []
    for band in classes(posterior[0]):
        (share, months), (old_share, old_months) = after[band.name], before[band.name]
        found.append(
            Turnover(
                band,
                _known(f"{band.name}.active_share", old_share, share, _odds(old_share), _odds(share)),
                _known(f"{band.name}.turnover", old_months, months, np.log(old_months), np.log(months)),
            )
        )
    return found


def months(history: History, z: Floats, state: HistoryState) -> Floats:
    """Return how long all active users take to turn over, (R,) months, given coordinates z (D, R) and a state."""
    active, out = _active_and_leaving(history, z, state, range(len(history.target.segments)))
    return np.asarray(active / out)


def classes(history: History) -> list[Band]:
    """Return the bands of the dimensions that divide users by what keeps them active."""
    model, path = history.model, history.origin.engaged_path
    touched = {
        band.dimension
        for band in history.target.bands
        if any(model.parameter[name].moved_by == path for name in (*band.factors, *band.values))
    }
    return [band for band in history.target.bands if band.dimension in touched]


def _measured(history: History, z: Floats, state: HistoryState) -> dict[str, tuple[Floats, Floats]]:
    """Return active share and turnover time of each class, (R,) each; draws that came to nothing are left out."""
    inside = history.model.indices(history.model.measure[history.origin.stock].stock)
    found = {}
    for band in classes(history):
        segments = [i for i, s in enumerate(history.target.segments) if band.name in s.bands]
        active, out = _active_and_leaving(history, z, state, segments)
        registered = add_up([state.occupancy[k, i] for k in inside for i in segments])
        good = np.isfinite(out) & (out > 0) & (active < registered)
        found[band.name] = (active[good] / registered[good], active[good] / out[good])
    return found


def _active_and_leaving(
    history: History, z: Floats, state: HistoryState, segments: Sequence[int]
) -> tuple[Floats, Floats]:
    """Return the active of some segments, and how many of them a month of average shocks loses, (R,) persons each."""
    model, base = history.model, Inputs.of(history, z).base
    lost = {f for f, sign in enumerate(model.crossings(history.origin.engaged)) if sign < 0}
    active, out = np.zeros((2, z.shape[1]))
    for i in segments:
        value = {name: given[i if given.shape[0] > 1 else 0] for name, given in base.items()}
        for k in model.indices(model.measure[history.origin.engaged].stock):
            active += state.occupancy[k, i]
            out += state.occupancy[k, i] * _leaving(history, model.exits[k], lost, value)
    return active, out


def _leaving(history: History, flows: Sequence[int], lost: set[int], value: dict[str, Floats]) -> Floats:
    """Return the chance in a month of a move that ends being active, (R,)."""
    model = history.model
    hazard = {f: model.flows[f].hazard(**{n: value[n] for n in model.flows[f].reads}) for f in flows}
    total = np.asarray(sum(hazard.values()))
    return np.asarray(sum(hazard[f] for f in flows if f in lost) / np.maximum(total, TINY) * chance(total))


def _odds(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1 - share)))


def _known(name: str, prior: Floats, posterior: Floats, before: Floats, after: Floats) -> Known:
    """Return what is known of a number, given its draws on its own scale and on the one of contraction."""
    old, new = (tuple(float(q) for q in np.quantile(each, QUANTILES)) for each in (prior, posterior))
    moved = float((after.mean() - before.mean()) / before.std())
    return Known(name, old, new, float(1 - after.var() / before.var()), moved)
