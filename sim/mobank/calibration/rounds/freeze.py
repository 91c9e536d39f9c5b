"""A new round: the forecast of a scenario from the last figures on, frozen as quantiles before the next ones come."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from json import dumps

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.identity import law_digest
from mobank.base.quantities import Month
from mobank.base.records import rounded
from mobank.base.streams import Streams
from mobank.calibration.backtest.baselines import damped_trend, even_steps
from mobank.calibration.rounds.nouns import POINTS, FrozenForecast, Key, KnownFigure, RivalForecast, Round
from mobank.calibration.targets import Target
from mobank.dynamics.printed import Printing, Rounding, breaks_of
from mobank.ensemble.paths import Ensemble
from mobank.ensemble.plan import ALL, Plan, draws_of
from mobank.ensemble.run import run
from mobank.model.fingerprint import fingerprint
from mobank.scenario.scenario import Figure

LEVELS = (np.arange(POINTS) + 0.5) / POINTS


def open_round(
    plan: Plan,
    target: Target,
    author: str,
    why: str,
    rival: tuple[tuple[str, str], Sequence[RivalForecast]] = (("", ""), ()),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Round:
    """Return the round of a plan, opened now and of no name yet.

    Parameters
    ----------
    target : whose figures are known, and will come. rival : the file of another forecast, by name and digest, and it.

    Raises
    ------
    InputError
        If the scenario is about another bank, or begins before the last figure: what is known is no forecast.
    """
    scenario, known = plan.scenario, _known(plan, target)
    _refuse(plan, target, known)
    with run(plan, progress) as paths:
        forecasts = tuple(_forecasts(plan, paths, known))
    _refuse_idle(rival[1], {each.key for each in forecasts}, rival[0][0])
    figures = dumps(rounded([(each.measure, each.band, str(each.month), each.low, each.high) for each in known]))
    digests = {
        "resolved": sha256(scenario.resolved.encode()).hexdigest(),
        "figures": sha256(figures.encode()).hexdigest(),
        "posterior": scenario.fitted.digest if scenario.fitted else "",
        "model": fingerprint(plan.model),
        "law": law_digest(),
    }
    return Round(
        target.name, "", target.scenario.subject, scenario.name, datetime.now().astimezone().isoformat("T", "seconds"),
        author, why, scenario.start, scenario.until, plan.seed, plan.draws,
        scenario.fitted.name if scenario.fitted else "", digests, known, forecasts, rival[0], tuple(rival[1]),
    )  # fmt: skip


def counted(plan: Plan) -> list[str]:
    """Return the measures that are forecast: those that a bank reports of its customers."""
    return list(breaks_of(plan.model, plan.scenario.reporting))


def _known(plan: Plan, target: Target) -> tuple[KnownFigure, ...]:
    figures = [f for f in target.whole.reported if f.measure in counted(plan)]
    return tuple(map(known_figure, sorted(figures, key=lambda f: (f.measure, f.band, f.month))))


def known_figure(figure: Figure) -> KnownFigure:
    """Return a figure as a round keeps it."""
    span = figure.interval
    evidence = figure.provenance.evidence
    return KnownFigure(
        figure.measure, figure.band, figure.month, figure.text, span.low, span.high, figure.definition, evidence
    )


def _refuse(plan: Plan, target: Target, known: Sequence[KnownFigure]) -> None:
    scenario, problems = plan.scenario, []
    place = Place(scenario.files[0], 0)
    if scenario.subject != target.scenario.subject:
        allowed = f"is not what {target.name} is about ({target.scenario.subject[0]})"
        hint = "name a scenario of this bank: --scenario NAME"
        problems.append(Problem(shown(scenario.subject[0]), allowed, hint, "subject", place))
    last = max((each.month for each in known), default=None)
    if last and scenario.start < last:
        allowed = f"is before the last figure ({last}), so some of what it forecasts is known already"
        hint = f"leave start: out, and calibrate: mobank calibrate {target.name}"
        problems.append(Problem(str(scenario.start), allowed, hint, "start", place))
    if problems:
        raise InputError(problems)


def _refuse_idle(rival: Sequence[RivalForecast], forecast: set[Key], file: str) -> None:
    if rival and not any(each.key in forecast for each in rival):
        allowed = "forecasts nothing that this round does: no measure, region and month in common"
        months = sorted(month for _, _, month in forecast)
        raise InputError(
            [Problem(f"'{file}'", allowed, f"this round: {months[0]} to {months[-1]}", "--rival", Place(file, 0))]
        )


# ------------ quantiles and trends


def _forecasts(plan: Plan, paths: Ensemble, known: Sequence[KnownFigure]) -> list[FrozenForecast]:
    """Return the forecasts of every measure, of the whole bank and of each region, month by month."""
    replicates = np.arange(plan.draws)
    found = []
    for measure, breaks in breaks_of(plan.model, plan.scenario.reporting).items():
        printing = Printing(measure, plan.scenario.start, breaks, Rounding())
        jumps = printing.jumps(plan.scenario.months, Streams(plan.seed), replicates, draws_of(plan, replicates))
        for part in (ALL, *plan.regions):  # a count is redefined in all regions at once
            band = "" if part == ALL else part
            trend = _trend([each for each in known if (each.measure, each.band) == (measure, band)], plan.months[1:])
            today = paths.path(measure, part)
            quantiles = [np.quantile(values[1:], LEVELS, axis=1) for values in (today, today * np.exp(jumps))]
            for t, month in enumerate(plan.months[1:]):
                now, in_print = (_short(each[:, t]) for each in quantiles)
                found.append(FrozenForecast(measure, band, month, now, in_print, trend.get(month)))
    return found


def _short(values: Floats) -> tuple[float, ...]:
    return tuple(rounded([float(value) for value in values]))


def _trend(known: Sequence[KnownFigure], months: Sequence[Month]) -> Mapping[Month, tuple[float, float]]:
    """Return the damped trend's forecast of the log figure by month, in steps of the last figures of one definition."""
    own = [each for each in known if each.definition == known[-1].definition]  # by month; a step is no growth
    step, count = even_steps([each.month for each in own])
    if len(own) < 2 or count < 2:
        return {}
    ahead = [month - own[-1].month for month in months]
    horizons = [each // step for each in ahead if each % step == 0]
    found = damped_trend(np.array([each.log for each in own[-count:]]), horizons)
    return {
        own[-1].month + horizon * step: (forecast.mean, forecast.sd)
        for horizon, forecast in zip(horizons, found, strict=True)
        if forecast
    }
