"""What a fit found, gathered once: the draws through the figures, what they say, and how they were checked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.priors import Prior
from mobank.base.streams import Streams
from mobank.calibration.checks import identifiability, posterior_predictive
from mobank.calibration.checks.campaigns import CampaignEffect, ShockSpread, campaigns
from mobank.calibration.checks.figure_information import Informs
from mobank.calibration.checks.identifiability import Known, Pair
from mobank.calibration.checks.posterior_predictive import Check, Lean
from mobank.calibration.checks.turnover import Turnover, turnovers
from mobank.calibration.likelihood import simulate_history
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import Pathway, live
from mobank.calibration.sampler.diagnostics import Diagnosis
from mobank.calibration.targets import Target
from mobank.model.grammar import Model
from mobank.scenario.regions import resolved
from mobank.scenario.scenario import Figure

MOST_DRAWS = 2000  # more make a report no more exact than its print


@dataclass(frozen=True)
class Factor:
    """What a figure of another definition says of the factor between the definitions, beside what was thought of it.

    Parameters
    ----------
    implied : 5, 50 and 95 % of the factor after the fit; of a figure from before the years that are lived, of it over
        what the model begins with.
    inside : True if the central 90 % of the prior and of what is implied meet.
    """

    figure: Figure
    prior: tuple[float, float, float]
    implied: tuple[float, float, float]
    inside: bool


@dataclass(frozen=True)
class FitSummary:
    """All that is told of a fit.

    Parameters
    ----------
    draws : how many draws the posterior has, of which at most `MOST_DRAWS` are looked at.
    inside : share of them that pass through every figure.
    lived_again : level, active and everyone at each mark with all chance anew, (M, 3, R).
    campaigns, spreads : effects of the announced ones, and the size of shocks with them and without.
    informs : what each figure says of each unknown; () where that was not worked out.
    """

    target: Target
    history: History
    z: Floats
    passage: Pathway
    draws: int
    inside: float
    lived_again: Floats
    checks: tuple[Check, ...]
    leans: tuple[Lean, ...]
    known: tuple[Known, ...]
    outcomes: tuple[Known, ...]
    turnovers: tuple[Turnover, ...]
    pairs: tuple[Pair, ...]
    factors: tuple[Factor, ...]
    campaigns: tuple[CampaignEffect, ...]
    spreads: tuple[ShockSpread, ...]
    diagnoses: tuple[Diagnosis, ...]
    informs: tuple[Informs, ...] = ()


def find(target: Target, model: Model, z: Floats, streams: Streams, diagnoses: Sequence[Diagnosis] = ()) -> FitSummary:
    """Return what a posterior says.

    Parameters
    ----------
    z : (D, N) coordinates of its draws, in the order of `History.names`.
    streams : for the luck of the checks.
    diagnoses : of the sampler; () where draws were weighted and not sampled.
    """
    history = target.history(model)
    looked_at = z[:, np.linspace(0, z.shape[1] - 1, min(MOST_DRAWS, z.shape[1])).astype(int)]
    passage = live(history, looked_at)
    lived_again = simulate_history.again(history, looked_at, streams)
    free, at_first, before = simulate_history.before(history, streams, looked_at.shape[1])
    checks = posterior_predictive.check(history, passage, lived_again)
    measured = [(measure, band) for measure in history.measures for band in history.regions]
    effects, spreads = campaigns(history, looked_at)
    leans = [found for each in measured if (found := posterior_predictive.lean(checks, *each))]
    return FitSummary(
        target,
        history,
        looked_at,
        passage,
        z.shape[1],
        float(passage.possible.mean()),
        lived_again,
        tuple(checks),
        tuple(leans),
        tuple(identifiability.known(history, z)),
        tuple(identifiability.outcomes(history, passage, before.whole)),
        tuple(turnovers((free, at_first, before.state), (history, looked_at, passage.state))),
        tuple(identifiability.together(history, z)),
        tuple(_factors(target, history, looked_at, passage)),
        tuple(effects),
        tuple(spreads),
        tuple(diagnoses),
    )


def _factors(target: Target, history: History, z: Floats, passage: Pathway) -> list[Factor]:
    """Return what each figure that stands apart says of its definition's factor: the posterior, where it is fitted.

    A figure from before the years that are lived is held against the model's first value.
    """
    fitted = {each.figure: each for each in history.joined}
    found = []
    for figure in resolved(target.apart, target.scenario.bands):
        if figure in fitted:
            each = fitted[figure]
            factors = each.prior.of_normal(z[history.row[each.factor]])
        elif figure.measure in history.measures:
            lane = 2 * history.regions.index(figure.band) + history.measures.index(figure.measure)
            lived = passage.marks[0 if figure.month <= history.first else -1, lane]
            factors = figure.interval.middle / lived[np.isfinite(lived)]
        else:
            continue
        implied = _three(np.quantile(factors, (0.05, 0.5, 0.95)))
        prior = _prior(target.breaks[figure.definition])
        found.append(Factor(figure, prior, implied, implied[0] <= prior[2] and prior[0] <= implied[2]))
    return found


def _prior(prior: Prior) -> tuple[float, float, float]:
    low, high = prior.central()
    return low, prior.centre, high


def _three(values: Floats) -> tuple[float, float, float]:
    low, middle, high = (float(value) for value in values)
    return low, middle, high
