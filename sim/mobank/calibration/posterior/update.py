"""A new figure: the old draws say how probable it was, and are weighed anew instead of being sampled again.

The new history has coordinates that the old one had not (where the new figure lies, the luck of its year), and lacks
some that a figure has fixed since. Whatever both have is taken over, the rest is drawn from its prior; the ratio of the
posterior densities, new to old, in what both have is then the exact weight of a draw (importance sampling; what the old
history alone had is integrated out). Draws worth fewer than `LEAST_WORTH` independent ones are refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Problem, RunError
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History
from mobank.calibration.posterior.ahead import run_ahead, whole
from mobank.calibration.posterior.break_odds import BreakOdds, break_odds, share_inside
from mobank.calibration.posterior.posterior import FittedPosterior, lived, posterior_of
from mobank.calibration.posterior.stored import Stored
from mobank.calibration.rounds.scoreboard import ScoreEntry
from mobank.calibration.sampler.diagnostics import effective_of, resampled
from mobank.calibration.targets import Target
from mobank.dynamics.printed import breaks_of
from mobank.model.grammar import Model
from mobank.scenario.scenario import Figure

COPIES = 6  # of each old draw, each with chance of its own for what the old history had not, if that is anything
LEAST_WORTH = 200.0  # independent draws


@dataclass(frozen=True)
class NewFigure:
    """A new figure, what the old draws said of it, and the odds that it counts something else than those before it.

    Parameters
    ----------
    odds : None where nothing is assumed to jump, and where the target gives the figure another definition already.
    """

    figure: Figure
    score: ScoreEntry
    odds: BreakOdds | None


@dataclass(frozen=True)
class Update:
    """What new figures have changed: the posterior anew, and how many independent draws it is worth."""

    posterior: FittedPosterior
    effective: float
    figures: tuple[NewFigure, ...]


def examine(old: Stored, target: Target, model: Model, seed: int) -> tuple[NewFigure, ...]:
    """Return the figures that a target has more than that of `old`, each with what the old draws said of it.

    Raises
    ------
    InputError
        If no figure is new, or one of the old ones has changed.
    """
    new = _new_figures(old.target, target)
    months = sorted({figure.month for figure in new})
    paths = {
        month: forecast(old, month, sorted({f.of for f in new if f.month == month}), model, seed) for month in months
    }
    return tuple(_examined(old, target, figure, model, seed, paths[figure.month][figure.of]) for figure in new)


def _examined(old: Stored, target: Target, figure: Figure, model: Model, seed: int, paths: Floats) -> NewFigure:
    breaks = breaks_of(model, target.scenario.reporting).get(figure.measure)
    known = [each for each in old.target.figures if each.of == figure.of]
    last = max(known, key=lambda each: each.month, default=None)
    other = last is not None and last.definition != figure.definition
    odds = None if breaks is None or other else break_odds(paths, old.found.last, figure, breaks, Streams(seed))
    return NewFigure(figure, score(old, figure, paths), odds)


def weigh_anew(old: Stored, target: Target, model: Model, seed: int, rows: int) -> tuple[FittedPosterior, float]:
    """Return the draws of `old` weighed by a target's figures and resampled, and how many old draws they are worth.

    Raises
    ------
    RunError
        If the new figures say something so different that too few draws are left: then only a fit will do.
    """
    history, streams = target.history(model), Streams(seed)
    before = lived(old.target.history(model), old.z).log_density
    fresh = set(history.names) - set(old_row(old, history))
    draw = np.tile(np.arange(old.z.shape[1]), COPIES if fresh else 1)
    z = _carried(old, history, draw, streams)
    shared = [(history.row[name], row) for name, row in old_row(old, history).items() if name in history.row]
    was = before[draw] - 0.5 * sum(old.z[row, draw] ** 2 for _, row in shared)
    log = lived(history, z).log_density - 0.5 * sum(z[row] ** 2 for row, _ in shared) - was
    weights = np.exp(log - log.max())
    effective = effective_of(np.asarray(np.bincount(draw, weights), float))
    if effective < LEAST_WORTH:
        found, allowed = f"{effective:.0f} independent draws", "are left of the old ones: the new figure is a surprise"
        raise RunError(found, allowed, "fit again without --update")
    chosen = resampled(weights / weights.sum(), rows, streams, "update")
    made = np.ascontiguousarray(z[:, chosen])
    return posterior_of(target, model, made, seed, f"update of {old.found.name}"), effective


def _new_figures(before: Target, after: Target) -> list[Figure]:
    known = {figure.name: figure for figure in before.figures}
    now = {figure.name: figure for figure in after.figures}
    problems = [
        Problem(
            known[name].text,
            "has changed or is gone: an update adds figures and leaves the others",
            "fit again",
            name,
            now[name].provenance.place if name in now else None,
        )
        for name in known
        if name not in now or now[name].interval != known[name].interval
    ]
    new = [figure for name, figure in now.items() if name not in known]
    if not new and not problems:
        problems.append(Problem("no figure", "is new to the posterior", "add one under reported:", "--update"))
    if problems:
        raise InputError(problems)
    return new


def _carried(old: Stored, history: History, draw: NDArray[np.intp], streams: Streams) -> Floats:
    """Return coordinates of the new history, (D, N): taken over where the old one had them, else from the prior.

    Where a path has a drift that fades, values are those of the last figure, which has moved: they are carried along,
    so that what was before stays as it was. A trend's are those of the first figure and stay.
    """
    row, numbers = old_row(old, history), np.arange(draw.size)
    z = np.stack(
        [
            old.z[row[name], draw] if name in row else streams.normal("parameters", f"update.{name}", numbers)
            for name in history.names
        ]
    )
    years = (history.last - old.found.last) / 12.0
    for name, value in history.priors.items():
        parameter = history.model.parameter.get(name.rpartition(".")[2])
        drift = f"shocks.{parameter.moved_by}.drift" if parameter and ".factors." not in name else ""
        if parameter and drift in row and value.prior.kind == "lognormal":
            a_year = history.priors[drift].prior.of_normal(old.z[row[drift], draw])
            z[history.row[name]] += parameter.sign * a_year * years / value.prior.spread
    return z


def old_row(old: Stored, history: History) -> Mapping[str, int]:
    """Return the position of each coordinate in the draws of a stored posterior."""
    return old.target.history(history.model).row


def score(old: Stored, figure: Figure, paths: Floats) -> ScoreEntry:
    """Return what the old draws, run on to its month as `paths` (N,), said of a new figure.

    The chance of its interval is that of the runs' smoothed distribution.
    """
    middle = figure.interval.middle
    quantiles = np.quantile(paths, (0.05, 0.5, 0.95))
    whence = figure.provenance
    return ScoreEntry(
        old.found.name,
        old.found.record["draws"][:12],
        figure.of,
        str(figure.month),
        figure.text,
        whence.evidence,
        whence.source,
        float(np.log(share_inside(paths, figure))),
        float((paths < middle).mean()),
        *(float(q) for q in quantiles),
    )


def forecast(old: Stored, month: Month, measures: Sequence[str], model: Model, seed: int) -> dict[str, Floats]:
    """Return measures in a month after the last figure, (N,) persons, as the posterior's draws have them run on."""
    found, target = old.found, old.target.scenario
    fitted = whole(
        found.name,
        found.folder,
        found.record["draws"],
        found.record["rows"],
        target,
        found.record["shocks"] == "monthly",
        found.record.get("regions", {}),
    )
    ahead = run_ahead(model, target, fitted, found.last, month, measures, seed)
    return {measure: paths[-1] for measure, paths in ahead.items()}
