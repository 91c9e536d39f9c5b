"""The score test: the density has no slope on average at the truth, by years, by months and with flows.

A right program exceeds 4 standard errors in one coordinate of 16,000.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.calibration.checks import score
from mobank.calibration.likelihood.law import Law
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL)
MONTHLY, LOST = (load(ROOT / f"calibration/checks/{name}.yaml", MODEL) for name in ("monthly", "monthly_lost"))


def until(target, months):
    """Return a target with the figures of its first months, customers all alike."""
    last = target.figures[0].month + months
    scenario = target.scenario
    one = replace(scenario.segments[0], bands=(), share=1.0)
    figures = tuple(f for f in target.figures if f.month <= last)
    return replace(
        target, scenario=replace(scenario, reported=figures, bands=(), segments=(one,), mixing=np.ones((1, 1)))
    )


@pytest.mark.parametrize(
    ("target", "truths", "banks"),
    [(SMALL, 3, 60), (until(MONTHLY, 36), 1, 60), (until(LOST, 14), 1, 60)],
    ids=["years", "months", "months_and_flows"],
)
def test_the_density_has_no_slope_at_the_truth_on_average(seed, target, truths, banks):
    found = score.scores(target, MODEL, truths, banks, seed)
    assert found.mean.shape == (truths, len(found.names))
    assert {"lapse_rate", "shocks.engagement.size"} <= set(found.names)
    assert found.sound, dict(zip(found.names, found.apart.T.round(2).tolist(), strict=True))


def test_shocks_that_are_smaller_in_the_law_than_in_the_banks_show(monkeypatch, seed):
    """Banks are made with the law's sizes; the density of their figures then takes half of them."""
    true = Law.autoregression

    def halved(law, sizes):
        keep, size = true(law, sizes)
        return keep, size * (0.5 if any(block.figure for block in law.blocks) else 1.0)

    monkeypatch.setattr(Law, "autoregression", halved)
    found = score.scores(SMALL, MODEL, 1, 120, seed)
    assert not found.sound
    assert found.apart[0, found.names.index("shocks.engagement.size")] > score.LIMIT
