"""Who meets whom: in the aggregate, a row-stochastic mixing matrix between segments; beside it, perhaps, a network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mobank.base.arrays import Floats, People
from mobank.dynamics.month import TINY, add_up
from mobank.model.grammar import Model
from mobank.scenario.scenario import Network

Witness = Callable[[int, Sequence[Any]], None]


@dataclass(frozen=True)
class Contacts:
    """Who meets whom where people are told apart.

    Parameters
    ----------
    mixing : (S, S), for those without a place in the network, or for all if there is none.
    network : who knows whom among those who are there at the start.
    witness : is shown the crowds of all replicates at the start and at the end of each month.
    """

    mixing: Floats
    network: Network | None = None
    witness: Witness | None = None


def active_share_met(mixing: Floats, exposed: People, customers: People) -> Floats:
    """Return the exposure of each segment: the active share among the customers whom its members meet.

    Parameters
    ----------
    mixing : (S, S), rows sum to one; entry [s, r] is the share of contacts that s has with r.
    exposed : (S, R) persons who can be imitated.
    customers : (S, R) persons in all.

    Returns
    -------
    (S, R), between 0 and 1; an empty segment counts as 0.
    """
    share = exposed / np.maximum(customers, TINY)
    met = mixing[:, :1] * share[0]
    for r in range(1, mixing.shape[0]):  # no matrix product: its last bit depends on how many columns there are
        met += mixing[:, r : r + 1] * share[r]
    return np.asarray(met)


def exposure_of(model: Model, mixing: Floats, occupancy: People, customers: People) -> Floats | None:
    """Return the exposure of each segment, (S, R), in a month that begins with `occupancy` (K, S, R).

    None where the model says not to whom one is exposed.
    """
    if not model.exposed_to:
        return None
    return active_share_met(mixing, add_up([occupancy[k] for k in model.exposed]), customers)
