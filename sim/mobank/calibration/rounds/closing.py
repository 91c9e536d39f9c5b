"""Figures that have come against what was forecast: CRPS, log score, coverage; beside the trend and a rival.

The printed forecast is always scored. That by today's definition is scored only where nothing was redefined or cleaned
up in between: that is for the bank to say, so where it alone counted, a forecaster could choose which of his misses do.
A figure is scored as it was first seen; what it is restated to stands beside it and scores nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import exp, log
from pathlib import Path

import numpy as np

from mobank.calibration.backtest.scores import Forecast, pinball
from mobank.calibration.rounds import store
from mobank.calibration.rounds.freeze import known_figure
from mobank.calibration.rounds.nouns import (
    FanScore,
    FrozenForecast,
    Key,
    KnownFigure,
    Restated,
    RivalForecast,
    RivalScore,
    Round,
    RoundScore,
)
from mobank.calibration.targets import Target
from mobank.model.grammar import Model
from mobank.scenario.scenario import Figure


@dataclass(frozen=True)
class Closed:
    """What closing a round has added: scores of figures that are new to it, and how many were restated."""

    round: Round
    scores: tuple[RoundScore, ...]
    new: tuple[RoundScore, ...]
    restated: int


@dataclass(frozen=True)
class Listed:
    """A round with its scores, and how many figures have come that are not scored yet."""

    round: Round
    scores: tuple[RoundScore, ...]
    due: int


def close_all(target: Target, model: Model, rounds: Path, day: date) -> list[Closed]:
    """Score every round of a bank by the figures that its target has now, write what is new, and return all rounds.

    Raises
    ------
    InputError
        If a round or its scores are damaged, with all that is; then nothing is written.
    """
    found = [close(each, scores, target, model, day) for each, scores in store.read_with_scores(rounds, target.name)]
    for each in found:
        if each.new or each.restated:
            store.write_scores(each.round, each.scores, rounds)
    return found


def listed(target: Target, rounds: Path) -> list[Listed]:
    """Return all rounds of a bank, oldest first, each with its scores and what is due; raises as `close_all`."""
    figures = reported(target)
    return [
        Listed(each, scores, len(due(each, scores, figures)))
        for each, scores in store.read_with_scores(rounds, target.name)
    ]


def close(opened: Round, before: Sequence[RoundScore], target: Target, model: Model, day: date) -> Closed:
    """Return a round scored by the figures that a target has now.

    Parameters
    ----------
    before : its scores so far. day : on which this is done.
    """
    figures = reported(target)
    kept = [_restated(score, figures.get(score.key), day) for score in before]
    scored = {score.key for score in before}
    new = tuple(
        _score(opened, forecast, figures[forecast.key], target, model, day)
        for forecast in opened.forecasts
        if forecast.key in figures and forecast.key not in scored
    )
    changed = sum(one != other for one, other in zip(kept, before, strict=True))
    return Closed(opened, (*kept, *new), new, changed)


def reported(target: Target) -> dict[Key, Figure]:
    """Return the figures of a target by what they are of."""
    return {(each.measure, each.band, each.month): each for each in target.whole.reported}


def due(opened: Round, scores: Sequence[RoundScore], figures: Mapping[Key, Figure]) -> list[Key]:
    """Return what has been forecast, has come, and is not scored yet."""
    scored = {score.key for score in scores}
    return [each.key for each in opened.forecasts if each.key in figures and each.key not in scored]


def _restated(score: RoundScore, figure: Figure | None, day: date) -> RoundScore:
    """Return a score with what its figure says by now, if that differs from what it last said."""
    if figure is None:
        return score
    last = score.restated[-1] if score.restated else score
    if np.allclose((figure.interval.low, figure.interval.high), (last.low, last.high), rtol=1e-5, atol=0.0):
        return score  # records have six digits
    seen = Restated(figure.text, figure.interval.low, figure.interval.high, str(day))
    return replace(score, restated=(*score.restated, seen))


def _score(
    opened: Round, forecast: FrozenForecast, figure: Figure, target: Target, model: Model, day: date
) -> RoundScore:
    found, truth = known_figure(figure), log(figure.interval.middle)
    redefined = _redefined(opened, found, target, model)
    printed = forecast.fan(printed=True)
    rival = opened.rival_of(forecast.key)
    return RoundScore(
        found.measure, found.band, found.month, found.month - opened.start, found.figure, found.low, found.high,
        found.definition, found.evidence, figure.provenance.source, str(day), redefined, _fared(printed, truth),
        None if redefined else _fared(forecast.fan(printed=False), truth),
        _fared(forecast.baseline, truth) if forecast.baseline else None,
        _against(rival, printed, truth) if rival else None,
    )  # fmt: skip


def _redefined(opened: Round, figure: KnownFigure, target: Target, model: Model) -> bool:
    """Return whether a figure counts something else than the last one known, or was cleaned up since the start."""
    last = opened.last_known(figure.measure, figure.band)
    cleaned = any(opened.start < month <= figure.month for month in target.scenario.clean_ups)
    stock = model.origin.stock if model.origin else ""
    return (last is not None and last.definition != figure.definition) or (cleaned and figure.measure == stock)


def _fared(forecast: Forecast, truth: float) -> FanScore:
    low, median, high = (exp(forecast.quantile(level)) for level in (0.05, 0.5, 0.95))
    return FanScore(median, low, high, forecast.crps(truth), forecast.log_score(truth), forecast.pit(truth))


def _against(rival: RivalForecast, printed: Forecast, truth: float) -> RivalScore:
    theirs = [pinball(log(value), truth, level) for level, value in zip(rival.levels, rival.values, strict=True)]
    ours = [pinball(printed.quantile(level), truth, level) for level in rival.levels]
    return RivalScore(rival.levels, rival.values, float(np.mean(theirs)), float(np.mean(ours)))
