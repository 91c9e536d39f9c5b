"""Where the priors cannot pass through the figures: how many, for what reasons, and what to look at for the first."""

from types import SimpleNamespace

import pytest

from mobank.base.kernels import passage
from mobank.calibration.likelihood.impossible import too_few_possible
from mobank.calibration.likelihood.solve_history import REASONS, SMALL_POOL
from mobank.model.mobile_banking import MODEL

HISTORY = SimpleNamespace(origin=MODEL.origin, reported=lambda name: [])
POOL, OFF = REASONS[SMALL_POOL], REASONS[passage.TOO_MANY_OFF]
OTHER = next(reason for reason in REASONS.values() if reason not in (POOL, OFF))


@pytest.mark.parametrize(
    ("most", "advice"),
    [
        (POOL, "look at the reported customers or at the headroom of the pool"),
        (OFF, "look at clean_ups: only idle users who could leave can be written off"),
        (OTHER, "the priors contradict the figures: look at reach_share and the rates"),
    ],
)
def test_the_commonest_reason_comes_first_and_says_what_to_look_at(most, advice):
    rest = next(reason for reason in (OFF, POOL) if reason != most)
    said = too_few_possible(HISTORY, 2000, {rest: 90, most: 1900})
    assert str(said) == (
        f"10 of 2,000 draws from the priors pass through every figure: {most} (1,900), {rest} (90); {advice}"
    )
    assert str(too_few_possible(HISTORY, 90, {most: 90})).startswith("none of 90 draws from the priors ")
