"""What a fan chart shows, apart from how it is drawn: one description for notebooks, pages and programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Flags, Floats
from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.quantities import Lang, Month
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.summary import QUANTILES, Summary
from mobank.model.grammar import Counted, Model
from mobank.report.assumptions import is_unverified
from mobank.scenario.regions import counts_of
from mobank.scenario.scenario import Figure


@dataclass(frozen=True)
class Projection:
    """The quantiles of one measure by month, of a run or of a forecast.

    Parameters
    ----------
    months : T + 1 months, each after the one before.
    quantiles : (Q, T + 1) at `QUANTILES`; NaN where the measure is undefined.
    label : what a legend calls it.
    """

    months: tuple[Month, ...]
    quantiles: Floats
    label: str = ""

    def __post_init__(self) -> None:
        if self.quantiles.shape != (len(QUANTILES), len(self.months)):
            raise ValueError(f"quantiles {self.quantiles.shape} of {len(QUANTILES)} by {len(self.months)} months")

    @property
    def ordinals(self) -> NDArray[np.int64]:
        """The months as ordinals, (T + 1,)."""
        return np.array([month.ordinal for month in self.months], np.int64)

    @property
    def known(self) -> Flags:
        """In which months the measure is defined, (T + 1,)."""
        return np.asarray(np.isfinite(self.quantiles).all(axis=0))

    def between(self, first: Month, last: Month) -> "Projection":
        """The part from one month to another, both included."""
        inside = np.flatnonzero((self.ordinals >= first.ordinal) & (self.ordinals <= last.ordinal))
        return Projection(tuple(self.months[t] for t in inside), self.quantiles[:, inside], self.label)


@dataclass(frozen=True)
class TargetLine:
    """A level that a question asks about, and the words at its line, such as a chance."""

    level: float
    text: str = ""


@dataclass(frozen=True)
class Fan:
    """What a fan chart shows.

    Parameters
    ----------
    title, lang : the title is in that language.
    unit : see `Model.counted_in`.
    run : the bands and the median.
    draws : how many runs the quantiles are of; 0 leaves the sentence out.
    asked : the scenario and its question, for the foot.
    reported : figures of the measure, those after the start included.
    reference : another run, drawn as a dashed median and the outline of its central 90 %.
    outline : another fan, drawn as the outline of its central 90 %.
    signed : True if the values are differences: they are written with their sign, and zero is shown.
    """

    title: str
    lang: Lang
    unit: Counted
    run: Projection
    draws: int = 0
    asked: str = ""
    reported: tuple[Figure, ...] = ()
    reference: Projection | None = None
    outline: Projection | None = None
    target: TargetLine | None = None
    signed: bool = False

    @cached_property
    def others(self) -> tuple[Projection, ...]:
        """Reference and outline, as far as the run goes."""
        first, last = self.run.months[0], self.run.months[-1]
        return tuple(each.between(first, last) for each in (self.reference, self.outline) if each)


def fan_of(
    plan: Plan,
    summaries: Sequence[Summary],
    measure: str,
    lang: Lang,
    *,
    segment: str = ALL,
    reference: Projection | None = None,
    outline: Projection | None = None,
    target: TargetLine | None = None,
) -> Fan:
    """Return the fan of one measure of a run, with what was reported of it.

    Raises
    ------
    InputError
        If there is no such measure or segment.
    """
    scenario = plan.scenario
    run, name = projection(plan, summaries, measure, segment), measure_title(plan.model, measure, lang)
    asked = f"{scenario.name}：{scenario.question_zh}" if lang == "zh" else f"{scenario.name}: {scenario.question}"
    return Fan(
        title=name if segment == ALL else f"{name}{'：' if lang == 'zh' else ': '}{segment}",
        lang=lang,
        unit=plan.model.counted_in(measure),
        run=run,
        draws=plan.draws,
        asked=asked,
        reported=tuple(counts_of(scenario.reported, scenario.bands, measure, "" if segment == ALL else segment)),
        reference=reference,
        outline=outline,
        target=target,
    )


def projection(plan: Plan, summaries: Sequence[Summary], measure: str, segment: str = ALL) -> Projection:
    """Return the quantiles of one measure of a run, labelled with the name of its scenario.

    Raises
    ------
    InputError
        If there is no such measure or segment.
    """
    own = [s for s in summaries if s.measure == measure]
    found = next((s for s in own if s.segment == segment), None)
    if found is None:
        wanted, names = (segment, {s.segment for s in own}) if own else (measure, {s.measure for s in summaries})
        allowed = f"is not a {'segment' if own else 'measure'} of this run"
        raise InputError([Problem(shown(wanted), allowed, did_you_mean(wanted, sorted(names)))])
    return Projection(tuple(plan.months), found.quantiles, plan.scenario.name)


def measure_title(model: Model, measure: str, lang: Lang) -> str:
    """Return what a picture of a measure is called."""
    declared = model.described[measure]
    return declared.zh if lang == "zh" else declared.meaning.capitalize()


# ------------ what was reported


@dataclass(frozen=True)
class HistoryLine:
    """The figures that count the same, joined: (ordinal of a month, middle of its figure), by month."""

    definition: str
    points: tuple[tuple[int, float], ...]


def unverified(figure: Figure) -> bool:
    """Return True if a figure has not been checked against its source."""
    return is_unverified(figure.provenance)


def history(fan: Fan) -> list[HistoryLine]:
    """Return one line a definition, by first month; that of the last figure goes on to the median at the start.

    A figure that names no definition counts as the last one does.
    """
    start = fan.run.months[0]
    before = sorted((f for f in fan.reported if f.month <= start), key=lambda f: f.month)
    last = before[-1].definition if before else ""
    lines: dict[str, list[tuple[int, float]]] = {}
    for figure in (f for f in before if f.month < start):
        lines.setdefault(figure.definition or last, []).append((figure.month.ordinal, figure.interval.middle))
    if before and fan.run.known[0]:
        lines.setdefault(last, []).append((start.ordinal, float(fan.run.quantiles[len(QUANTILES) // 2, 0])))
    return sorted((HistoryLine(name, tuple(points)) for name, points in lines.items()), key=lambda line: line.points[0])


def breaks(lines: Sequence[HistoryLine]) -> list[float]:
    """Return where a definition follows another that has ended: ordinals, half-way between their figures."""
    return [
        (one.points[-1][0] + other.points[0][0]) / 2
        for one, other in pairwise(lines)
        if one.points[-1][0] < other.points[0][0]
    ]
