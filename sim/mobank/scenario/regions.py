"""Figures for bands of one dimension, such as regions: what the whole says beside its parts.

Nothing is said twice. Where all parts are reported, the whole of that month is held against their sum and no more.
Where one is not, it is the rest: the whole less the others, as a range. Where none is, nothing says how the whole
divides, and it is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mobank.base.errors import Problem, shown
from mobank.base.quantities import Interval, Month
from mobank.model.grammar import Model
from mobank.scenario.contradictions import contradiction
from mobank.scenario.scenario import Band, Figure, Segment

LEAST_LEFT = 0.0  # persons whom the parts leave of a whole, at the least that its wording allows


@dataclass(frozen=True)
class Regions:
    """Bands of one dimension that figures are reported for.

    Parameters
    ----------
    bands : all bands of their dimension, in order; some may have no figures of their own. dimension : its name.
    """

    bands: tuple[str, ...]
    dimension: str = ""

    def of(self, segments: Sequence[Segment]) -> list[int]:
        """Return the number of the region that each segment is in, (S,)."""
        return [next(g for g, band in enumerate(self.bands) if band in segment.bands) for segment in segments]


def regions_of(figures: Sequence[Figure], bands: Sequence[Band]) -> Regions | None:
    """Return the regions that figures are for; None where all are of the whole bank."""
    named = next((f.band for f in figures if f.band), None)
    if named is None:
        return None
    dimension = next(band.dimension for band in bands if band.name == named)
    return Regions(tuple(band.name for band in bands if band.dimension == dimension), dimension)


def resolved(figures: Sequence[Figure], bands: Sequence[Band]) -> tuple[Figure, ...]:
    """Return figures that say nothing twice: of regions, a rest in place of the whole; as they are where none is."""
    regions = regions_of(figures, bands)
    if regions is None:
        return tuple(figures)
    found: list[Figure] = []
    for each in _dates(figures, regions):
        found += each.parts
        if each.whole and each.rest:
            found.append(each.rest)
        elif each.whole and not each.divided:
            found.append(each.whole)
    return tuple(found)


def counts_of(figures: Sequence[Figure], bands: Sequence[Band], measure: str, band: str = "") -> list[Figure]:
    """Return the figures of a measure by month: of a band, or of the whole bank, added up where its regions report."""
    regions = regions_of(figures, bands)
    own = [f for f in resolved(figures, bands) if f.measure == measure and f.months <= 1]
    if band or regions is None:
        return [f for f in own if f.band == band]
    by_month: dict[Month, list[Figure]] = {}
    for figure in own:
        by_month.setdefault(figure.month, []).append(figure)
    return [_sum(each) for each in by_month.values() if not each[0].band or len(each) == len(regions.bands)]


def _sum(parts: Sequence[Figure]) -> Figure:
    first = parts[0]
    if not first.band:
        return first
    low, high = sum(f.interval.low for f in parts), sum(f.interval.high for f in parts)
    return replace(first, text=" + ".join(f.text for f in parts), interval=Interval(low, high, 0.0), band="")


def note_regions(problems: list[Problem], figures: Sequence[Figure], regions: Regions, model: Model) -> None:
    """Note wholes that are not what their parts add up to, and figures that leave open what a region has."""
    dates = _dates(figures, regions)
    for each in dates:
        problems += _sums(each)
    for measure in dict.fromkeys(each.measure for each in dates):
        own = [each for each in dates if each.measure == measure]
        problems += _of_measure(own, regions, model)


@dataclass(frozen=True)
class _Date:
    """What is said of one measure at one date: of the whole, and of its parts.

    Parameters
    ----------
    divided : True if any figure of the measure is for a band. lacking : bands without a figure.
    """

    measure: str
    divided: bool
    whole: Figure | None
    parts: tuple[Figure, ...]
    lacking: tuple[str, ...]

    @property
    def low(self) -> float:
        """The least that the parts add up to."""
        return sum(f.interval.low for f in self.parts)

    @property
    def high(self) -> float:
        """The most that they add up to."""
        return sum(f.interval.high for f in self.parts)

    @property
    def rest(self) -> Figure | None:
        """The figure of the one band that has none: what the parts leave of the whole."""
        if self.whole is None or not self.parts or len(self.lacking) != 1:
            return None
        span = self.whole.interval
        left = Interval(max(span.low - self.high, LEAST_LEFT), span.high - self.low, 0.0)
        text = f"{self.whole.text} − {' − '.join(f.text for f in self.parts)}"
        return replace(self.whole, text=text, wording=text, interval=left, band=self.lacking[0])


def _dates(figures: Sequence[Figure], regions: Regions) -> list[_Date]:
    divided = {f.measure for f in figures if f.band}
    by_date: dict[tuple[str, Month, int], list[Figure]] = {}
    for figure in figures:
        by_date.setdefault((figure.measure, figure.month, figure.months), []).append(figure)
    found = []
    for (measure, _, _), own in by_date.items():
        known = {f.band for f in own}
        whole = next((f for f in own if not f.band), None)
        lacking = tuple(band for band in regions.bands if band not in known)
        found.append(_Date(measure, measure in divided, whole, tuple(f for f in own if f.band), lacking))
    return found


def _sums(date: _Date) -> Iterator[Problem]:
    """Yield a whole that its parts are above of, or that they do not make up."""
    whole, parts = date.whole, date.parts
    if whole is None or not parts:
        return
    those = " and ".join(f"{f.band} ({f.text})" for f in parts)
    strange = next((f for f in parts if f.definition != whole.definition), None)
    if strange:
        yield contradiction(
            whole, f"is counted in another way than {strange.band} of the same month", "give one definition to both"
        )
    elif date.low >= whole.interval.high:
        yield contradiction(whole, f"is less than its parts add up to: {those}")
    elif not date.lacking and date.high <= whole.interval.low:
        yield contradiction(whole, f"is more than its parts add up to: {those}")
    elif date.rest and date.rest.interval.low <= LEAST_LEFT:
        allowed = f"may leave nobody for {date.lacking[0]}: its parts are {those}"
        yield contradiction(whole, allowed, f"give {date.lacking[0]} a figure of its own, or the others more digits")


def _of_measure(dates: Sequence[_Date], regions: Regions, model: Model) -> Iterator[Problem]:
    """Yield what is wrong with the figures of one measure, once of a kind."""
    measure, origin = dates[0].measure, model.origin
    total = origin.total if origin else ""
    parts = [f for each in dates for f in each.parts]
    if measure == total:
        if parts:
            allowed = f"cannot be for a band: {total} are those of the bank, divided by the shares of segments"
            yield Problem(shown(parts[0].text), allowed, "leave it out", parts[0].key, parts[0].provenance.place)
        return
    fitted = origin is not None and measure in (origin.stock, origin.engaged)
    alone = [each.whole for each in dates if each.whole and not each.parts]
    if alone and (parts or fitted):
        allowed = f"is of the whole bank, in a month without figures for {regions.dimension}{_more(len(alone))}"
        hint = f"write it for {', '.join(regions.bands)} too, or leave it out"
        yield Problem(shown(alone[0].text), allowed, hint, alone[0].key, alone[0].provenance.place)
    open_ = [each.whole for each in dates if each.whole and each.parts and len(each.lacking) > 1]
    if open_:
        lacking = next(each.lacking for each in dates if each.whole == open_[0])
        allowed = f"does not say how the rest divides among {', '.join(lacking)}{_more(len(open_))}"
        yield Problem(
            shown(open_[0].text), allowed, "give all but one of them figures", open_[0].key, open_[0].provenance.place
        )
    silent = [band for band in regions.bands if not any(band == f.band for each in dates for f in _all(each))]
    if silent and fitted and parts and not open_ and not alone:
        allowed = f"is for {parts[0].band}, but nothing is said of {', '.join(silent)}"
        hint = f"write figures of {measure} for {'it' if len(silent) == 1 else 'them'}"
        hint += " or, in the same months, of the whole" if len(silent) == 1 else ""
        yield Problem(shown(parts[0].text), allowed, hint, parts[0].key, parts[0].provenance.place)


def _all(date: _Date) -> list[Figure]:
    return [*date.parts, *([date.rest] if date.rest else [])]


def _more(count: int) -> str:
    return f"; so are {count - 1} more" if count > 1 else ""
