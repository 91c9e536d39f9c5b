"""Which reported figures cannot all be true, whatever the model's numbers are.

Two figures contradict each other if no value of the one goes with any value of the other: a part is larger than its
whole, or a count changes more than a bank's counts do. Most rules join two figures, so the smallest set that conflicts
is a pair, and a pair is what the message names. A flow is also held against what its stock grew by, and the sum of a
year against its months.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Flags, Floats, Ints
from mobank.base.errors import Problem, shown
from mobank.base.quantities import Month
from mobank.model.grammar import Model
from mobank.scenario.scenario import YEAR, Figure
from mobank.scenario.values import plain, three_digits, written

STRANGE_GROWTH = 3.0  # no bank triples, or shrinks to a third, in a year
MOST_FALL = 0.02  # a year, of a count of registrations, where no clean-up is dated: it falls by closures only

IS_A_UNIT_MISSING = "is 万, 亿 or million missing?"
IS_IT_MISTYPED = "is a digit or the unit mistyped?"
_BARE = r"\D*[0-9.,]+(?: ?(?:户|人|名|persons?|people|customers|users))?"


def note_contradictions(
    problems: list[Problem], figures: Sequence[Figure], model: Model, cleaned: Sequence[Month] = ()
) -> set[str]:
    """Note the figures that contradict others, each once, and return their names.

    Parameters
    ----------
    cleaned : months in which registrations were written off.
    """
    rules = _Rules(model, cleaned)
    noted: dict[str, Problem] = dict(rules.by_pairs(figures))
    for name, problem in rules.by_sums([figure for figure in figures if figure.name not in noted]):
        noted.setdefault(name, problem)
    problems.extend(noted.values())
    return set(noted)


def contradiction(figure: Figure, allowed: str, hint: str = "") -> Problem:
    """Return what is wrong with a figure, placed where it stands; without a hint, how it may be mistyped is asked."""
    hint = hint or (IS_A_UNIT_MISSING if re.fullmatch(_BARE, figure.text) else IS_IT_MISTYPED)
    return Problem(shown(figure.text), allowed, hint, f"{figure.key}.figure", figure.provenance.place)


def clean_up_of(figure: Figure) -> str:
    """Return how it is written that dormant users were written off, at the latest in the month of a figure."""
    return f"clean_ups: {{{figure.month}: {{{figure.measure}: {{low: …, high: …}}, reason: …}}}}"


def _month(figure: Figure) -> Month:
    return figure.month


class _Rules:
    """The rules, for the measures of one model."""

    def __init__(self, model: Model, cleaned: Sequence[Month]) -> None:
        self.model, self.cleaned = model, cleaned
        self.stock = model.origin.stock if model.origin else ""

    # ------------ two figures

    def by_pairs(self, figures: Sequence[Figure]) -> Iterator[tuple[str, Problem]]:
        """Yield what contradicts another figure, beginning with the one that contradicts most."""
        larger = self._contradict(figures)  # (n, n): the figure of the row cannot be as small as that of the column
        count = larger.sum(axis=0) + larger.sum(axis=1)
        while count.any():
            most = [int(i) for i in np.flatnonzero(count == count.max())]
            culprit = max(most, key=lambda i: (-len(self._states(figures[i].measure)), figures[i].month))
            pairs = [(culprit, int(i)) for i in np.flatnonzero(larger[culprit])]
            pairs += [(int(i), culprit) for i in np.flatnonzero(larger[:, culprit])]
            small, large = min(pairs, key=lambda pair: self._distance(figures[pair[0]], figures[pair[1]]))
            yield figures[culprit].name, self._of_pair(figures[culprit], figures[small], figures[large])
            count -= larger[culprit] + larger[:, culprit].astype(np.int64)
            count[culprit] = 0
            larger[culprit] = larger[:, culprit] = False

    def _contradict(self, figures: Sequence[Figure]) -> Flags:
        """Return where the second figure cannot be as large as the first asks, though it holds it, (n, n)."""
        found = np.zeros((len(figures), len(figures)), bool)
        low, high = (np.array([getattr(f.interval, end) for f in figures]) for end in ("low", "high"))
        months = np.array([f.month.ordinal for f in figures], np.int64)
        counted = np.unique([f.definition for f in figures], return_inverse=True)[1] if figures else months
        for small, rows in _positions(figures).items():
            for large, columns in _positions(figures).items():
                if not self._holds(small, large):
                    continue
                kept = np.array([i for i in rows if self._once(figures[i])], np.int64)
                pairs = np.ix_(kept, columns)
                least = self._least(small, large, months[kept][:, None], months[columns][None])
                wrong = low[kept][:, None] * least >= high[columns][None]
                if small == large:  # a figure is its own equal, and other definitions are another count
                    wrong &= counted[kept][:, None] == counted[columns][None]
                    wrong &= kept[:, None] != columns[None]
                found[pairs] = wrong
        return found

    def _holds(self, small: str, large: str) -> bool:
        """Return whether everybody who is counted in one measure is counted in the other."""
        if not self.model.measure[large].stock:
            return False
        return large == self.stock if self.model.measure[small].flows else self._states(small) <= self._states(large)

    def _once(self, figure: Figure) -> bool:
        """Return whether nobody is counted twice: in a count, in a month, or on the way into a stock or out of it."""
        flows = self.model.measure[figure.measure].flows
        if figure.months <= 1:
            return True
        across = self.model.crossings(self.stock)
        return all(across[i] for i, flow in enumerate(self.model.flows) if flow.name in flows)

    def _least(self, small: str, large: str, begin: Ints, end: Ints) -> Floats:
        """Return what is left of a count of one month in another, at the least, the shape of both months together."""
        later = end - begin
        years = np.maximum(1.0, np.abs(later) / YEAR)
        own, whole = self._states(small), self._states(large)
        lasting = bool(own and self.stock) and own <= self._states(self.stock) <= whole
        kept = (later > 0) & lasting
        for month in self.cleaned:
            kept &= ~((begin < month.ordinal) & (month.ordinal <= end))
        fallen = np.where(kept, (1.0 - MOST_FALL) ** years, STRANGE_GROWTH**-years)
        return np.asarray(np.where(later == 0, 1.0, fallen))

    def _states(self, measure: str) -> frozenset[str]:
        return frozenset(self.model.measure[measure].stock)

    def _distance(self, one: Figure, other: Figure) -> tuple[int, bool, int]:
        months = abs(one.month - other.month)
        return (months, one.measure != other.measure, len(self._states(other.measure)))

    def _of_pair(self, culprit: Figure, small: Figure, large: Figure) -> Problem:
        other = large if culprit is small else small
        then = "" if other.month == culprit.month else f" of {other.month}"
        if small.measure != large.measure:
            more = "more" if culprit is small else "less"
            return contradiction(culprit, f"is {more} than {other.measure}{then} ({other.text})")
        times = culprit.interval.low / other.interval.low
        if 1 / STRANGE_GROWTH < times < STRANGE_GROWTH:
            side, fall = "below" if times < 1 else "above", written(MOST_FALL, "growth")
            allowed = f"is {side} the figure{then} ({other.text}), and the count falls by {fall} at most"
            hint = "leave one out, or give one a definition of its own"
            if culprit.measure == self.stock:
                hint += f"; if dormant ones were written off, say when: {clean_up_of(max(small, large, key=_month))}"
            return contradiction(culprit, allowed, hint)
        return contradiction(culprit, f"is {plain(three_digits(times))} times the figure{then} ({other.text})")

    # ------------ sums of flows

    def by_sums(self, figures: Sequence[Figure]) -> Iterator[tuple[str, Problem]]:
        """Yield flows that are below what their stock grew by, and years that are not what their months add up to."""
        levels = {f.month: f for f in figures if f.measure == self.stock}
        for measure, places in _positions(figures).items():
            if not self.model.measure[measure].flows:
                continue
            own = [figures[i] for i in places]
            months = {f.month: f for f in own if f.months == 1}
            yield from _years(own, months)
            if self._fills(measure):
                yield from _rises(self.stock, levels, own, months)

    def _fills(self, measure: str) -> bool:
        """Return whether all who come into the stock are counted in a flow measure."""
        if not self.stock:
            return False
        ways_in = {self.model.flows[i].name for i in np.flatnonzero(self.model.crossings(self.stock) > 0)}
        return bool(ways_in) and ways_in <= set(self.model.measure[measure].flows)


def _positions(figures: Sequence[Figure]) -> dict[str, NDArray[np.int64]]:
    """Return where the figures of each measure are."""
    found: dict[str, list[int]] = {}
    for i, figure in enumerate(figures):
        found.setdefault(figure.measure, []).append(i)
    return {measure: np.array(places, np.int64) for measure, places in found.items()}


def _years(own: Iterable[Figure], months: Mapping[Month, Figure]) -> Iterator[tuple[str, Problem]]:
    for year in (figure for figure in own if figure.months == YEAR):
        within = [months[month] for month in _span(year.month - YEAR, year.month) if month in months]
        low, high = sum(f.interval.low for f in within), sum(f.interval.high for f in within)
        if within and low >= year.interval.high:
            allowed = f"is less than the months of {year.dated} that stand here add up to ({low:,.0f} at least)"
            yield year.name, contradiction(year, allowed)
        elif len(within) == YEAR and high <= year.interval.low:
            allowed = f"is more than the months of {year.dated} add up to ({high:,.0f} at most)"
            yield year.name, contradiction(year, allowed)


def _rises(
    stock: str, levels: Mapping[Month, Figure], own: Sequence[Figure], months: Mapping[Month, Figure]
) -> Iterator[tuple[str, Problem]]:
    """Yield flows into a stock that are less than it grew by over exactly their months."""
    spans = [(figure.month - figure.months, figure.month, [figure]) for figure in own]
    for begin, end in pairwise(sorted(levels)):
        if end - begin > 1 and all(month in months for month in _span(begin, end)):
            spans.append((begin, end, [months[month] for month in _span(begin, end)]))
    for begin, end, adds in spans:
        before, after = levels.get(begin), levels.get(end)
        if before is None or after is None or before.definition != after.definition:
            continue
        rise = after.interval.low - before.interval.high
        if sum(figure.interval.high for figure in adds) <= rise:
            together = "is" if len(adds) == 1 else f"and the {len(adds) - 1} months before it are together"
            grew = f"grew by from {begin} ({before.text}) to {end} ({after.text})"
            yield adds[-1].name, contradiction(adds[-1], f"{together} less than {stock} {grew}")


def _span(begin: Month, end: Month) -> list[Month]:
    """Return the months after one month, up to another."""
    return [begin + i for i in range(1, end - begin + 1)]
