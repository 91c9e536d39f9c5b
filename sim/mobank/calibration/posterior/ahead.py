"""A posterior run ahead: what its draws forecast for months after the last figure.

Runs read draws from a folder. That of a posterior which nobody has stored is a temporary one, so a forecast leaves
nothing behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.calibration.posterior.posterior import FittedPosterior, draws_bytes
from mobank.dynamics.trajectory import Trajectory
from mobank.ensemble.plan import Plan, run_block
from mobank.model.grammar import Model
from mobank.scenario.posterior import DRAWS
from mobank.scenario.scenario import Fitted, Scenario, touched

BLOCK = 2000  # replicates at once
FORECASTS = 20_000  # replicates that score a new figure


def run_ahead(
    model: Model,
    target: Scenario,
    fitted: Fitted,
    last: Month,
    until: Month,
    measures: Sequence[str],
    seed: int,
    draws: int = FORECASTS,
) -> Mapping[str, Floats]:
    """Return measures of every month from the last figure on, (T + 1, N) persons each, as stored draws run on.

    A measure may be of a band, `<measure>.<band>`.

    Parameters
    ----------
    target : what was fitted. last, until : month of the last figure, from which the draws go on, and how far they go.
    draws : N, replicates; each takes one of the posterior's rows.
    """
    by_band = any("." in measure for measure in measures)
    plan = Plan(model, replace(target, start=last, until=until, fitted=fitted), draws, seed, "mean_field", by_band)
    parts: dict[str, list[Floats]] = {measure: [] for measure in measures}
    for first in range(0, draws, BLOCK):
        trajectory = run_block(plan, np.arange(first, min(first + BLOCK, draws)))[0]
        for measure, found in parts.items():
            found.append(_observed(trajectory, target, measure))
    return {measure: np.concatenate(found, axis=1) for measure, found in parts.items()}


def _observed(trajectory: Trajectory, target: Scenario, measure: str) -> Floats:
    """Return a measure of the whole bank or of a band, (T + 1, N)."""
    name, _, band = measure.partition(".")
    if not band:
        return trajectory.observe(name)
    own = touched(target.bands, target.segments, (band,))
    return np.asarray(trajectory.observe(name, by_segment=True)[:, own].sum(axis=1))


def forecast(
    posterior: FittedPosterior, until: Month, measures: Sequence[str], seed: int, draws: int = FORECASTS
) -> Mapping[str, Floats]:
    """Return measures of every month from the last figure on, as `run_ahead`, of a posterior that is not stored."""
    target = posterior.target.scenario
    stored = draws_bytes(posterior)
    with TemporaryDirectory(prefix="mobank-") as folder:
        (Path(folder) / DRAWS).write_bytes(stored)
        history, digest = posterior.history, sha256(stored).hexdigest()
        fitted = whole(
            posterior.name, Path(folder), digest, posterior.rows, target, not history.yearly, history.shares_by_band
        )
        return run_ahead(posterior.model, target, fitted, history.last, until, measures, seed, draws)


def whole(
    name: str, folder: Path, digest: str, rows: int, target: Scenario, monthly: bool, regions: Mapping[str, float]
) -> Fitted:
    """Return the posterior in a folder as its own target starts from it, customers divided as they were."""
    names = tuple(segment.name for segment in target.segments)
    return Fitted(name, str(folder), digest, rows, names, (1.0,) * len(names), monthly=monthly, regions=regions)
