"""How retention is read: of those who registered in a month, which share is still registered, or active, later."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from mobank.base.errors import Problem, shown
from mobank.base.quantities import Month, QuantityError, read_count, read_month
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.model_names import of_registered
from mobank.scenario.keys.retention import OLDEST, SHARE, CohortKeys
from mobank.scenario.scenario import AS_MODEL, Cohort, Definition, RetainedShare
from mobank.scenario.values import read_whence


def read_retention(
    section: Cursor | None, known: Mapping[str, Definition], start: Month | None, model: Model, problems: list[Problem]
) -> tuple[Cohort, ...]:
    """Return the cohorts of a section, by measure and month; what cannot be true is noted.

    Parameters
    ----------
    known : definitions that the file gives. start : the last month that has been reported, if it is known.
    """
    measures = [option.name for option in of_registered(model)]
    found: dict[tuple[str, Month], Cohort] = {}
    for measure, group in (section.named("measure of those who registered", measures) if section else {}).items():
        for written, here in group.named().items():
            month, cohort = _month(written, here), None
            if month is not None and (measure, month) in found:
                here.problem(shown(written), f"is the same month as another of retention.{measure}")
            elif month is not None:
                cohort = _cohort(measure, month, here, known, start)
            if month is not None and cohort:
                found[measure, month] = cohort
    cohorts = tuple(found[key] for key in sorted(found, key=lambda key: (measures.index(key[0]), key[1])))
    problems.extend((*_rising(cohorts, model), *_above(cohorts, model), *_two_ways(cohorts)))
    return cohorts


def _month(written: str, here: Cursor) -> Month | None:
    try:
        return read_month(written)
    except QuantityError as error:
        here.problem(error.found, error.allowed, error.hint)
        return None


def _cohort(
    measure: str, month: Month, here: Cursor, known: Mapping[str, Definition], start: Month | None
) -> Cohort | None:
    before = len(here.problems)
    members = here.named() if here.is_mapping else {}
    ages = [name for name in members if name[:1].isdigit() or name[:1] == "-"]
    at = CohortKeys.at(here, beside=ages)
    whence = read_whence(at, here, CohortKeys.evidence, tagged=True)
    definition = at["definition"].choice([*known, AS_MODEL], "one of the definitions") if "definition" in at else ""
    shares: dict[int, RetainedShare] = {}
    for name in ages:
        age, interval = _age(name, members[name], month, start), SHARE.read(members[name])
        if age is not None and age in shares:
            members[name].problem(shown(name), "is the same age as another of this month")
        elif age is not None and interval is not None:
            shares[age] = RetainedShare(age, members[name].written, interval, members[name].place)
    if here.is_mapping and not ages:
        here.problem("a share", "is missing", f"write by how many months after registering: {CohortKeys.written()}")
    if len(here.problems) > before:
        return None
    ordered = tuple(shares[age] for age in sorted(shares))
    return Cohort(measure, month, ordered, whence, at.read(CohortKeys.wording) or "", definition or "")


def _age(name: str, here: Cursor, month: Month, start: Month | None) -> int | None:
    try:
        age = read_count(name)
    except QuantityError:
        age = 0
    if not 1 <= age <= OLDEST:
        here.problem(shown(name), f"is no age: 1 to {OLDEST} months after registering")
        return None
    if start and month + age > start:
        allowed = f"months after {month} is {month + age}, after the last month that has been reported ({start})"
        here.problem(str(age), allowed, "leave it out")
        return None
    return age


# ------------ all together


def _rising(cohorts: Iterable[Cohort], model: Model) -> Iterator[Problem]:
    """Yield shares that cannot follow the one before: who has left the level does not come back to it."""
    for cohort in cohorts:
        if not model.origin or cohort.measure != model.origin.stock:
            continue
        for before, after in pairwise(cohort.shares):
            if after.interval.low >= before.interval.high:
                allowed = f"is more than after {before.age} months ({before.text}), but who has left does not come back"
                yield _problem(cohort, after, allowed, "are two shares swapped?")


def _above(cohorts: Iterable[Cohort], model: Model) -> Iterator[Problem]:
    """Yield shares of a part that are larger than those of the whole."""
    stock = model.origin.stock if model.origin else ""
    whole = {(c.month, s.age): s for c in cohorts if c.measure == stock for s in c.shares}
    for cohort in cohorts:
        for share in cohort.shares:
            other = whole.get((cohort.month, share.age))
            if cohort.measure != stock and other and share.interval.low >= other.interval.high:
                allowed = f"is more than are still counted in {stock} ({other.text})"
                yield _problem(cohort, share, allowed, "are the two measures swapped?")


def _two_ways(cohorts: Iterable[Cohort]) -> Iterator[Problem]:
    first: dict[str, Cohort] = {}
    for cohort in cohorts:
        other = first.setdefault(cohort.measure, cohort)
        if cohort.definition != other.definition:
            one, two = (f"counted as '{c.definition}'" if c.definition else "of no definition" for c in (cohort, other))
            allowed = f"is {one}, but that of {other.month} is {two}"
            hint = "a retention is counted in one way: leave out the months of the others"
            yield Problem("this cohort", allowed, hint, cohort.name, cohort.provenance.place)


def _problem(cohort: Cohort, share: RetainedShare, allowed: str, hint: str) -> Problem:
    return Problem(shown(share.text), allowed, hint, f"{cohort.name}.{share.age}", share.place)
