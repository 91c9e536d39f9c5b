"""What is strange in figures of months, before anything is written: slips of the unit, parts above the whole, steps.

What cannot be is a problem at its cell: it is to be mended there, or confirmed in the map. What may well be, a gap, a
jump of a flow, a fall in a season, is said and read.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from math import log
from statistics import median

from mobank.base.errors import Problem, shown
from mobank.base.quantities import Month
from mobank.model.grammar import Model
from mobank.scenario.contradictions import note_contradictions
from mobank.scenario.scenario import YEAR, Figure
from mobank.spreadsheets.found import Remark
from mobank.spreadsheets.interpret import Imported, ImportedFigure

STEP = 0.15  # of a stock in a month
SLIP = 8.0  # times its neighbours: a digit too many, or 万 for 亿
MENTIONED_FALL = 0.05  # of a stock in a month: a season, perhaps
MENTIONED_JUMP = 3.0  # of a flow, times its neighbours
NEIGHBOURS = 3  # figures to either side
UNIT_SLIP = 3_000.0  # times: not even a flow does that
WHERE_TO_SAY = "mend it, or write confirmed: {{{}: why it is right}} for this metric in the map"


def check(found: Imported, model: Model, cleaned: Sequence[Month]) -> None:
    """Note what is wrong or strange with the figures of a file.

    Parameters
    ----------
    cleaned : months in which dormant registrations were written off, by the bank's file.
    """
    wrong: set[str] = set()
    for _, series in _series(found.figures):
        stock = bool(model.measure[series[0].figure.measure].stock)
        slips = dict(_slips(series, stock))
        sound = [each for each in series if each.figure.name not in slips]  # no step is one from or to a slip
        steps = dict(_steps(sound)) if stock else {}
        found.problems += [*slips.values(), *steps.values()]
        wrong |= {*slips, *steps}
        found.remarks += _gaps(series)
        found.remarks += _falls(series) if stock else _jumps(series)
    found.remarks += _lacking_bands(found.figures)
    right = [each.figure for each in found.figures if each.figure.name not in wrong]
    for band in dict.fromkeys(figure.band for figure in right):
        note_contradictions(found.problems, [f for f in right if f.band == band], model, cleaned)
    found.problems += _parts_above_whole(right)


def _series(figures: Iterable[ImportedFigure]) -> Iterator[tuple[object, list[ImportedFigure]]]:
    """Yield the figures of one measure and band by month; sums of a year by themselves."""

    def of(each: ImportedFigure) -> tuple[str, str, int]:
        return each.figure.measure, each.figure.band, each.figure.months

    ordered = sorted(figures, key=lambda each: (*of(each), each.figure.month))
    for key, group in groupby(ordered, key=of):
        yield key, list(group)


def _middle(each: ImportedFigure) -> float:
    return each.figure.interval.middle


def _around(series: Sequence[ImportedFigure], i: int) -> float | None:
    """Return the median of the figures around one, within a year of it; None where there are none."""
    beside = (*series[max(0, i - NEIGHBOURS) : i], *series[i + 1 : i + 1 + NEIGHBOURS])
    near = [_middle(each) for each in beside if abs(each.figure.month - series[i].figure.month) <= YEAR]
    return median(near) if near else None


def _slips(series: Sequence[ImportedFigure], stock: bool) -> Iterator[tuple[str, Problem]]:
    """Yield figures that are ten or ten thousand times what stands around them, or that small a part of it."""
    for i, each in enumerate(series):
        around = _around(series, i)
        if around is None or each.confirmed:
            continue
        times = max(_middle(each) / around, around / _middle(each))
        most = SLIP if stock else UNIT_SLIP
        power = round(log(times, 10))
        is_power = not stock and power >= 1 and abs(log(times / 10**power)) < log(1.25) and times >= SLIP
        if times >= most or is_power:
            much = f"{times:,.0f} times" if _middle(each) > around else f"1/{times:,.0f} of"
            allowed = f"is {much} the figures around it (about {around:,.0f} persons)"
            yield each.figure.name, _problem(each, allowed, f"a slip of the unit or of a digit? {WHERE_TO_SAY}")


def _steps(series: Sequence[ImportedFigure]) -> Iterator[tuple[str, Problem]]:
    """Yield counts that change by more in a month than a count does while it counts the same."""
    usual = series[0] if series else None  # the last figure that nobody had to confirm
    for before, after in pairwise(series):
        usual = usual if before.confirmed else before
        if after.confirmed or before.figure.definition != after.figure.definition:
            continue
        if _is_step(before.figure, after.figure) and (usual is None or _is_step(usual.figure, after.figure)):
            change = _middle(after) / _middle(before) - 1
            allowed = f"is {change:+.0%} against {before.figure.month} ({before.figure.text})"
            hint = (
                f"is it counted in another way from here on? then write definition: {{{{before: …, "
                f"from {after.figure.month}: …}}}} for this metric in the map; else {WHERE_TO_SAY}"
            )
            yield after.figure.name, _problem(after, allowed, hint)


def _is_step(before: Figure, after: Figure) -> bool:
    low, high = before.interval, after.interval
    return max(log(high.low / low.high), log(low.low / high.high)) > (after.month - before.month) * log(1 + STEP)


def _gaps(series: Sequence[ImportedFigure]) -> Iterator[Remark]:
    steps = [after.figure.month - before.figure.month for before, after in pairwise(series)]
    usual = min(steps, default=0)
    for before, after in pairwise(series):
        if after.figure.month - before.figure.month > usual:
            text = f"{_name(after.figure)}: {before.figure.month} → {after.figure.month}"
            yield Remark("gap", after.figure.provenance.source, text)


def _lacking_bands(figures: Sequence[ImportedFigure]) -> Iterator[Remark]:
    """Yield measures that have figures for some regions, and not for one that others have."""
    bands = dict.fromkeys(each.figure.band for each in figures if each.figure.band)
    for measure in dict.fromkeys(each.figure.measure for each in figures):
        own = [each.figure for each in figures if each.figure.measure == measure]
        there = {figure.band for figure in own} - {""}
        for band in bands:
            if there and band not in there:
                yield Remark("lacking", own[0].provenance.source, f"{measure}.{band}")


def _falls(series: Sequence[ImportedFigure]) -> Iterator[Remark]:
    for before, after in pairwise(series):
        fall = 1 - _middle(after) / _middle(before)
        if fall > MENTIONED_FALL and before.figure.definition == after.figure.definition:
            text = f"{_name(after.figure)} {after.figure.month}: −{fall:.0%}"
            yield Remark("fall", after.figure.provenance.source, text)


def _jumps(series: Sequence[ImportedFigure]) -> Iterator[Remark]:
    for i, each in enumerate(series):
        around = _around(series, i)
        if around and max(_middle(each) / around, around / _middle(each)) > MENTIONED_JUMP:
            text = f"{_name(each.figure)} {each.figure.dated}: {each.figure.text}"
            yield Remark("jump", each.figure.provenance.source, text)


def _parts_above_whole(figures: Sequence[Figure]) -> Iterator[Problem]:
    """Yield wholes of the bank that are less than their regions together."""
    whole = {(f.measure, f.month, f.months): f for f in figures if not f.band}
    parts: dict[tuple[str, Month, int], list[Figure]] = {}
    for figure in figures:
        if figure.band:
            parts.setdefault((figure.measure, figure.month, figure.months), []).append(figure)
    for key, own in parts.items():
        if key in whole and sum(f.interval.low for f in own) >= whole[key].interval.high:
            together = sum(f.interval.middle for f in own)
            allowed = f"is less than its regions together (about {together:,.0f} persons)"
            yield Problem(shown(whole[key].text), allowed, "", "", whole[key].provenance.place)


def _name(figure: Figure) -> str:
    return figure.of


def _problem(each: ImportedFigure, allowed: str, hint: str) -> Problem:
    place = each.figure.provenance.place
    return Problem(shown(each.figure.text), allowed, hint.format(each.figure.dated), place=place)
