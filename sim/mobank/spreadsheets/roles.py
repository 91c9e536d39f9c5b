"""What each text of a table divides the figures by: the metric, the region, the unit, the definition, or nothing.

A heading says it (地区, metric, 单位), else the words do; what nothing says becomes the region only where without it
two figures would be of one metric and one month.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mobank.base.errors import Place, Problem, shown
from mobank.spreadsheets.grid import normal
from mobank.spreadsheets.periods import Period
from mobank.spreadsheets.vocabulary import (
    counts_no_persons,
    is_total,
    measure_called,
    role_called,
    unit_called,
    units_said,
    without_unit,
)

FEWEST_REGIONS = 2  # that every metric comes with, to be taken for regions
PART_OF = r"^(?:其中|of which)\s*[:：]?\s*"


@dataclass(frozen=True)
class Dimension:
    """Texts that divide the figures.

    Parameters
    ----------
    heading : what stands over them. by_row : texts by row, one for all figures of it; else by column.
    texts : by row or column. place : of the first of them. indents : by row, how far each is set in.
    """

    heading: str
    by_row: bool
    texts: Mapping[int, str]
    place: Place
    indents: Mapping[int, int] = field(default_factory=dict)

    def of(self, row: int, column: int) -> str:
        """Return the text of a figure."""
        return self.texts.get(row if self.by_row else column, "")

    @property
    def distinct(self) -> list[str]:
        """Its texts, each once."""
        return list(dict.fromkeys(filter(None, self.texts.values())))


@dataclass
class Roles:
    """Which texts are what.

    Parameters
    ----------
    fixed : the metric of all figures, where none of the texts says it.
    unused : what divides the figures by nothing that is read.
    """

    metric: Dimension | None = None
    fixed: str = ""
    region: Dimension | None = None
    unit: Dimension | None = None
    definitions: list[Dimension] = field(default_factory=list)
    sections: Dimension | None = None
    unused: list[Dimension] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def metric_of(self, row: int, column: int) -> str:
        """Return the label of a figure's metric, without its unit."""
        return without_unit(self.metric.of(row, column)) if self.metric else self.fixed

    def region_of(self, row: int, column: int) -> str:
        """Return the label of a figure's region; "" where there is none."""
        return self.region.of(row, column) if self.region else ""

    def unit_of(self, row: int, column: int) -> str:
        """Return the unit that is said of a figure alone, as it is written; "" where none is."""
        if self.unit and (said := self.unit.of(row, column)):
            return said
        for each in (self.metric, self.sections):
            if each and (found := units_said(each.of(row, column))):
                return found[0]
        return ""

    def definition_of(self, row: int, column: int) -> str:
        """Return the definition that a figure is said to follow; "" where none is."""
        metric = self.metric_of(row, column)
        for each in self.definitions:
            about = re.sub(r"[\s_]*(?:definition|统计口径|口径)$", "", each.heading, flags=re.IGNORECASE)
            if not about or _same_metric(about, metric):
                return each.of(row, column)
        return ""


def roles_of(dimensions: Sequence[Dimension], spots: Mapping[tuple[int, int], Period], names: Sequence[str]) -> Roles:
    """Return what the texts of a table are.

    Parameters
    ----------
    spots : the cells with figures, and the period of each. names : of the sheet, and titles, which may say the metric.
    """
    roles = Roles()
    free = _by_heading(dimensions, roles)
    _choose_metric(free, roles, names)
    _split_hierarchy(roles)
    _split_labels(roles)
    _choose_region(free, roles, spots)
    roles.unused += free
    return roles


def _by_heading(dimensions: Sequence[Dimension], roles: Roles) -> list[Dimension]:
    """Give the dimensions their roles that say them, and return the others."""
    free = []
    for each in dimensions:
        role = role_called(each.heading)
        if not each.distinct or role in ("note", "ignored", "value"):
            continue
        units = [text for text in each.distinct if unit_called(text) is not None or counts_no_persons(text)]
        if role == "unit" or len(units) == len(each.distinct):
            roles.unit = each
        elif role == "definition":
            roles.definitions.append(each)
        elif role == "region" and roles.region is None:
            roles.region = each
        elif role == "region":
            found, other = shown(each.heading), shown(roles.region.heading if roles.region else "")
            allowed = f"divides the figures beside {other}: one division is read"
            roles.problems.append(
                Problem(found, allowed, "name one of the two under ignored: in the map", place=each.place)
            )
        elif role == "metric" and roles.metric is None:
            roles.metric = each
        else:
            free.append(each)
    return free


def _choose_metric(free: list[Dimension], roles: Roles, names: Sequence[str]) -> None:
    """Find the texts that are metrics: those with most words that are known; else the title; else any labels."""
    if roles.metric:
        return
    known = [sum(bool(measure_called(text)) for text in each.distinct) for each in free]
    if any(known):
        roles.metric = free.pop(known.index(max(known)))
        return
    said = next((name for name in names if measure_called(without_unit(name))), "")
    if said or not free:
        roles.fixed = without_unit(said) or (names[0] if names else "")
        return
    labels = [each for each in free if each.by_row] or free
    roles.metric = labels[-1]
    free.remove(roles.metric)


def _split_hierarchy(roles: Roles) -> None:
    """Divide one column of metrics with regions below each into two: set in, 其中, or the same names under several."""
    metric = roles.metric
    if metric is None or not metric.by_row or roles.region:
        return
    names = {row: text for row, text in sorted(metric.texts.items()) if text}
    below: dict[str, set[str]] = {}
    over: dict[int, str] = {}
    current = ""
    for row, text in names.items():
        if measure_called(without_unit(re.sub(PART_OF, "", text))):
            current = text
        elif current:
            over[row] = current
            below.setdefault(re.sub(PART_OF, "", text), set()).add(current)
    parts = {
        row for row in over
        if re.match(PART_OF, names[row]) or _set_in(metric, row) or len(below[re.sub(PART_OF, "", names[row])]) > 1
    }  # fmt: skip
    if not parts:
        return
    regions = {row: re.sub(PART_OF, "", text) if row in parts else "" for row, text in names.items()}
    metrics = {row: over[row] if row in parts else text for row, text in names.items()}
    roles.metric = replace(metric, texts=metrics)
    roles.region = replace(metric, heading="", texts=regions)


def _split_labels(roles: Roles) -> None:
    """Divide labels such as registered_east into metric and region, if every metric comes with the same regions."""
    metric = roles.metric
    if metric is None or roles.region:
        return
    split = {text: parts for text in metric.distinct if (parts := _metric_and_rest(text))}
    rests: dict[str, set[str]] = {}
    for name, rest in split.values():
        rests.setdefault(name, set()).add(rest)
    alike = {frozenset(each) for each in rests.values()}
    if len(alike) != 1 or len(next(iter(alike))) < FEWEST_REGIONS:
        return
    roles.metric = replace(metric, texts={i: split.get(text, (text, ""))[0] for i, text in metric.texts.items()})
    roles.region = replace(
        metric, heading="", texts={i: split.get(text, ("", ""))[1] for i, text in metric.texts.items()}
    )


def _metric_and_rest(text: str) -> tuple[str, str] | None:
    """Return a known metric at the beginning or the end of a label, and what is set apart from it by a sign."""
    if measure_called(without_unit(text)):
        return None
    pieces = re.split(r"([_\-/:：·| ])", text)
    for cut in range(1, len(pieces), 2):
        first, last = "".join(pieces[:cut]), "".join(pieces[cut + 1 :])
        for name, rest in ((first, last), (last, first)):
            if measure_called(without_unit(name)) and rest and not measure_called(rest):
                return name, rest
    return None


def _set_in(metric: Dimension, row: int) -> bool:
    least = min((metric.indents.get(each, 0) for each, text in metric.texts.items() if text), default=0)
    return metric.indents.get(row, 0) > least


def _choose_region(free: list[Dimension], roles: Roles, spots: Mapping[tuple[int, int], Period]) -> None:
    """Take for the region what keeps figures of one metric and one month apart."""
    if roles.region or not free:
        return

    def collisions(region: Dimension | None) -> int:
        keys = Counter(
            (roles.metric_of(*spot), region.of(*spot) if region else "", period.last, period.months)
            for spot, period in spots.items()
        )
        return sum(count - 1 for count in keys.values())

    without = collisions(None)
    left = [collisions(each) for each in free]
    if without and min(left) < without:
        roles.region = free.pop(left.index(min(left)))


def _same_metric(one: str, other: str) -> bool:
    known = measure_called(one)
    return _folded(one) == _folded(other) or (bool(known) and known == measure_called(other))


def _folded(text: str) -> str:
    return re.sub(r"[\s_\-]", "", normal(text).casefold())


def units_of_all(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the units that titles say, each once; those of persons as figures have them."""
    words = (word for text in texts for word in units_said(text))
    return tuple(dict.fromkeys(unit_called(word) or word for word in words))


def is_whole(region: str) -> bool:
    """Return whether a figure is of the bank as a whole."""
    return not region or is_total(region)
