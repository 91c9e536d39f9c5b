"""What to say where the priors' draws do not pass through the figures: for what reasons, and what may help."""

from collections.abc import Mapping
from itertools import pairwise

from mobank.base.errors import RunError
from mobank.base.kernels import passage
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import REASONS, SMALL_POOL
from mobank.scenario.contradictions import clean_up_of
from mobank.scenario.scenario import Figure


def too_few_possible(history: History, tried: int, refused: Mapping[str, int]) -> RunError:
    """Return what to raise where nearly all draws from the priors are impossible.

    Parameters
    ----------
    tried : draws in all. refused : how many of them are impossible, by reason, as of `Pathway.refused`.
    """
    possible = tried - sum(refused.values())
    by_count = sorted(refused, key=lambda reason: -refused[reason])
    reasons = ", ".join(f"{reason} ({refused[reason]:,})" for reason in by_count)
    found = (
        f"{possible:,} of {tried:,} draws from the priors" if possible else f"none of {tried:,} draws from the priors"
    )
    return RunError(found, f"pass through every figure: {reasons}", _advice(history, by_count[0]))


def _advice(history: History, reason: str) -> str:
    origin, fallen = history.origin, _fallen(history)
    if fallen:
        before, now = fallen
        fall = f"{origin.stock} falls from {before.text} ({before.month}) to {now.text} ({now.month})"
        return f"{fall}: if dormant ones were written off, say when: {clean_up_of(now)}"
    if reason == REASONS[SMALL_POOL]:
        return f"look at the reported {origin.total} or at the headroom of the pool"
    if reason == REASONS[passage.TOO_MANY_OFF]:
        return "look at clean_ups: only idle users who could leave can be written off"
    return f"the priors contradict the figures: look at {origin.reach} and the rates"


def _fallen(history: History) -> tuple[Figure, Figure] | None:
    """Return the first two figures of the level in a row between which it falls and nobody is written off."""
    own = history.reported(history.origin.stock)
    for before, now in pairwise(own):
        dated = any(before.month < month <= now.month for month in history.target.clean_ups)
        if now.interval.high <= before.interval.low and not dated:
            return before, now
    return None
