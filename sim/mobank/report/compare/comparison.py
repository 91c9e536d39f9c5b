"""Scenarios beside one another under the same luck: what a change adds, at what price, and how sure that is.

Replicate k of each side meets the same draws, shocks and moves, so differences are taken replicate by replicate; most
of the luck cancels. The first side is the reference. Sides are scenarios, which are run here, or finished runs, whose
paths are read. Forecasts of one bank from different starts are compared in the months that they share; then, and where
sides begin with other draws, nothing cancels, which is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.identity import law_digest
from mobank.base.quantities import Lang, Month
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import Plan
from mobank.ensemble.questions import Answer, answer
from mobank.model.grammar import Model
from mobank.report.run.record import FinishedRun, plan_of, read
from mobank.report.wording import differs
from mobank.scenario.questions import meaning
from mobank.scenario.reader import load
from mobank.scenario.scenario import Ask, Scenario

ACTIVE = "mau"  # what a yuan is to buy
MOST = 8  # sides that can be told apart in one chart
DRAWS, SEED, FIDELITY = 2000, 1, "cohort"


@dataclass(frozen=True)
class ComparisonSettings:
    """How scenarios are to be run; what is left open is taken from the first finished run, else from the defaults."""

    draws: int | None = None
    seed: int | None = None
    fidelity: str | None = None
    workers: int = 1
    different_subjects: bool = False  # banks or products, which are compared only where that is asked for


@dataclass(frozen=True)
class Side:
    """One of what is compared: its label, its plan, and the finished run if it is one."""

    label: str
    plan: Plan
    finished: FinishedRun | None = None


@dataclass(frozen=True)
class Difference:
    """How far a side lies from the reference in one measure and month.

    Parameters
    ----------
    mean, standard_error : of the differences by replicate; the latter is the Monte Carlo error of the mean.
    low, middle, high : the 5, 50 and 95 % quantiles of the differences.
    above : share of replicates in which the side lies above the reference.
    spend : expected extra spend from the start to this month, yuan; NaN unless a lever of either has a cost.
    per_yuan, per_yuan_error : mean extra MAU at the end of this month per yuan of expected extra spend, with its
        Monte Carlo error by the delta method; NaN for other measures, and where no more is spent.
    """

    side: str
    measure: str
    month: Month
    mean: float
    standard_error: float
    low: float
    middle: float
    high: float
    above: float
    spend: float
    per_yuan: float
    per_yuan_error: float


@dataclass(frozen=True)
class ComparisonResult:
    """What was found: by side, what differs in words and by how much; each ask with the answer of every side.

    Parameters
    ----------
    paths : of each side, while they are open.
    """

    sides: tuple[Side, ...]
    paths: tuple[Paths, ...]
    differs: Mapping[str, Sequence[str]]
    differences: tuple[Difference, ...]
    answers: tuple[tuple[Ask, tuple[Answer, ...]], ...]


# ------------ what is compared


def sides(given: Sequence[Path], model: Model, settings: ComparisonSettings) -> tuple[Side, ...]:
    """Return the sides that some paths name: folders are finished runs, files are scenarios.

    Raises
    ------
    InputError
        If one cannot be read, or if they cannot be compared, with every problem.
    """
    refuse_count(len(given))
    plans = _plans(given, model, settings)
    named = [(path.as_posix(), plan, run) for path, (plan, run) in zip(given, plans, strict=True)]
    return side_by_side(named, settings.different_subjects)


def refuse_count(count: int) -> None:
    """Refuse too few or too many scenarios to compare.

    Raises
    ------
    InputError
        With how many there may be.
    """
    if count < 2:
        raise InputError([Problem(f"{count} scenario", "cannot be compared", "name two or more")])
    if count > MOST:
        raise InputError([Problem(f"{count} scenarios", f"are too many to tell apart; at most {MOST}")])


def side_by_side(
    given: Sequence[tuple[str, Plan, FinishedRun | None]], different_subjects: bool = False
) -> tuple[Side, ...]:
    """Return the sides of a comparison, each given as where it comes from, its plan, and its finished run if it is one.

    A side is labelled by its scenario's name, or by where it comes from where two have one name.

    Raises
    ------
    InputError
        If their random streams are not the same, or they are about different banks, with every problem.
    """
    names = [plan.scenario.name for _, plan, _ in given]
    labels = [name if names.count(name) == 1 else origin for name, (origin, *_) in zip(names, given, strict=True)]
    found = tuple(Side(label, plan, run) for label, (_, plan, run) in zip(labels, given, strict=True))
    places = [Place(origin, 0) for origin, *_ in given]
    problems = [problem for i, side in enumerate(found) for problem in _mismatches(found[:i], side, places[i])]
    problems += [] if different_subjects else _strangers(found, places)
    problems += _outdated(found, places)
    if problems:
        raise InputError(problems)
    return found


def _plans(given: Sequence[Path], model: Model, settings: ComparisonSettings) -> list[tuple[Plan, FinishedRun | None]]:
    """Return plan and finished run of each path; problems of all files are told at once."""
    runs, scenarios, problems = {}, {}, []
    for path in given:
        try:
            if path.is_dir():
                runs[path] = read(path)
            else:
                scenarios[path] = load(path, model)
        except InputError as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise InputError(problems)
    if against := [problem for run in runs.values() for problem in _contradictions(run, settings)]:
        raise InputError(against)
    known: dict[str, Any] = next((run.record["identity"] for run in runs.values()), {})
    how = (
        settings.draws or known.get("draws", DRAWS),
        known.get("seed", SEED) if settings.seed is None else settings.seed,
        settings.fidelity or known.get("fidelity", FIDELITY),
    )
    return [
        (plan_of(runs[path], model), runs[path])
        if path in runs
        else (Plan(model, scenarios[path], *how, workers=settings.workers), None)
        for path in given
    ]


def _contradictions(run: FinishedRun, settings: ComparisonSettings) -> Iterator[Problem]:
    """Yield the options that a finished run cannot follow."""
    for name in ("draws", "seed", "fidelity"):
        wanted, made = getattr(settings, name), run.record["identity"][name]
        if wanted not in (None, made):
            hint = "leave the option out, or name the run's scenario to run it anew"
            yield Problem(
                str(wanted), f"is not that of the finished run {run.folder.as_posix()} ({made})", hint, key=f"--{name}"
            )


def _mismatches(before: Sequence[Side], side: Side, place: Place) -> Iterator[Problem]:
    """Yield why a side cannot stand beside those before it."""
    if not before:
        return
    first = before[0]
    for name, hint in (
        ("seed", "luck is paired by seed"),
        ("draws", "replicates are paired one by one"),
        ("fidelity", "fidelities have luck of their own"),
    ):
        mine, theirs = getattr(side.plan, name), getattr(first.plan, name)
        if mine != theirs:
            yield Problem(f"{name} {mine}", f"is not that of {first.label} ({theirs})", hint, place=place)
    if not shared_months([each.plan for each in (*before, side)]):
        allowed = f"share no month with {first.label} ({first.plan.months[0]} to {first.plan.months[-1]})"
        months = f"{side.plan.months[0]} to {side.plan.months[-1]}"
        yield Problem(months, allowed, "runs are compared month by month", place=place)
    for other in before:
        if other.plan.scenario.resolved == side.plan.scenario.resolved:
            yield Problem("this scenario", f"is the same as {other.label}", "name another", place=place)


def _strangers(found: Sequence[Side], places: Sequence[Place]) -> Iterator[Problem]:
    """Yield the sides that are about another bank or product than the first."""
    first = found[0].plan.scenario
    for side, place in zip(found[1:], places[1:], strict=True):
        if (subject := side.plan.scenario.subject) != first.subject:
            allowed = f"is not what {found[0].label} is about ({first.subject[0] or 'not said'})"
            hint = "repeat with --different-subjects (different_subjects=True) if that is meant"
            yield Problem(shown(subject[0] or "no subject"), allowed, hint, "subject", place)


def _outdated(found: Sequence[Side], places: Sequence[Place]) -> Iterator[Problem]:
    """Yield the finished runs whose numbers are of other code than those of the rest are, or will be."""
    made = [side.finished.record["identity"]["law"] if side.finished else law_digest() for side in found]
    current = law_digest() if any(side.finished is None for side in found) else made[0]
    for place, law in zip(places, made, strict=True):
        if law != current:
            hint = "name its scenario, to run it anew"
            yield Problem("this run", "was made by another version of mobank than the rest", hint, place=place)


# ------------ differences and answers


def shared_months(plans: Sequence[Plan]) -> list[Month]:
    """Return the months that all plans run through, the latest start not among them."""
    start, end = max(plan.months[0] for plan in plans), min(plan.months[-1] for plan in plans)
    return [start + t for t in range(1, end - start + 1)]


def year_ends(plans: Sequence[Plan]) -> list[Month]:
    """Return the last month of each year that all plans run through, and the last month of all."""
    months = shared_months(plans)
    return [month for month in months if month.month == 12 or month == months[-1]]


def is_paired(scenarios: Sequence[Scenario]) -> bool:
    """Return whether replicate k of each is one world: all begin in one month with the same draws."""
    begun = {(each.start, each.fitted.digest if each.fitted else "") for each in scenarios}
    return len(begun) == 1


def asked(found: Sequence[Side]) -> list[Ask]:
    """Return what any side asks of the months that all share, each question once; those of the reference first."""
    months = shared_months([side.plan for side in found])
    asks: dict[tuple[object, ...], Ask] = {}
    for ask in (ask for side in found for ask in side.plan.scenario.asks if months[0] <= ask.month <= months[-1]):
        asks.setdefault(meaning(ask), ask)
    return list(asks.values())


def compare(paths: Sequence[Paths], found: Sequence[Side], lang: Lang) -> ComparisonResult:
    """Return what distinguishes each side from the first."""
    scenarios = [side.plan.scenario for side in found]
    ends, asks = year_ends([side.plan for side in found]), asked(found)
    apart = [
        each
        for side, path in zip(found[1:], paths[1:], strict=True)
        for each in differences(paths[0], path, side.label, ends)
    ]
    answers = [answer(path, asks) for path in paths]
    return ComparisonResult(
        tuple(found),
        tuple(paths),
        {side.label: differs(scenarios[0], side.plan.scenario, lang) for side in found[1:]},
        tuple(apart),
        tuple((ask, tuple(own[i] for own in answers)) for i, ask in enumerate(asks)),
    )


def differences(reference: Paths, other: Paths, label: str, months: Sequence[Month]) -> Iterator[Difference]:
    """Yield the differences of every measure of the whole bank in some months, paired by replicate."""
    spent = _extra_spend(reference, other, months)
    for measure in (m.name for m in reference.plan.model.measures):
        for month in months:
            more = in_month(other, measure, month) - in_month(reference, measure, month)
            known = ~np.isnan(more)
            if known.sum() > 1:
                spend = spent[month] if month in spent else np.full(more.size, np.nan)
                yield _difference(label, measure, month, more[known], spend[known])


def _difference(label: str, measure: str, month: Month, more: Floats, spend: Floats) -> Difference:
    low, middle, high = np.quantile(more, (0.05, 0.5, 0.95))
    price = _per_yuan(more, spend) if measure == ACTIVE else (float("nan"), float("nan"))
    return Difference(label, measure, month, float(more.mean()), standard_error(more), float(low), float(middle),
                      float(high), float(np.mean(more > 0)), float(spend.mean()), *price)  # fmt: skip


def standard_error(values: Floats) -> float:
    """Return the Monte Carlo standard error of the mean of independent values, (R,)."""
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _per_yuan(more: Floats, spend: Floats) -> tuple[float, float]:
    """Return the ratio of the means, and its error by the delta method; NaN where no more is spent."""
    mean = float(spend.mean())
    if not mean > 0:
        return float("nan"), float("nan")
    ratio = float(more.mean()) / mean
    return ratio, standard_error(more - ratio * spend) / mean


def in_month(paths: Paths, name: str, month: Month) -> Floats:
    """Return a column of paths in a calendar month, (R,)."""
    return paths.month(name, month - paths.plan.scenario.start)


def _extra_spend(reference: Paths, other: Paths, at: Sequence[Month]) -> dict[Month, Floats]:
    """Return the extra spend from each start to some months, (R,) yuan each; nothing if neither side has a cost."""
    sides = [(path, sign) for path, sign in ((other, 1.0), (reference, -1.0)) if path.plan.costs]
    total, found = np.zeros(reference.plan.draws), {}
    first = min((path.plan.months[1] for path, _ in sides), default=None)
    for month in (first + t for t in range(max(at) - first + 1)) if first else ():
        for path, sign in sides:
            if month > path.plan.scenario.start:
                total = total + sign * in_month(path, "spend", month)
        if month in at:
            found[month] = total
    return found
