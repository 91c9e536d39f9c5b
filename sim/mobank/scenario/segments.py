"""How the customers of a scenario are divided, what differs between the parts, and who meets whom."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from mobank.base.errors import Problem, shown
from mobank.base.priors import Prior
from mobank.base.quantities import read_share
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor, inherited
from mobank.scenario.keys.customers import BANDS, BandKeys, DimensionKeys, MixingKeys, SpreadKeys
from mobank.scenario.keys.values import LeverSourceKeys
from mobank.scenario.scenario import Band, Segment, Value
from mobank.scenario.values import (
    SCALES,
    check_plausible,
    median_of,
    read_value,
    read_whence,
    three_digits,
    written,
    written_span,
)

MOST_SEGMENTS = 200
SPREAD = DimensionKeys.spread.name  # in place of bands: persons differ, and nobody knows who is who


def read_bands(dimensions: Mapping[str, Cursor], model: Model) -> tuple[Band, ...]:
    """Return the bands of all dimensions; one that is not read in full has a share of 0 and a problem noted."""
    bands: list[Band] = []
    for dimension, group in dimensions.items():
        if SPREAD in (group.named() if group.is_mapping else {}):
            bands += _classes(dimension, group, model)
            continue
        if dimension in LeverSourceKeys.names():
            group.problem(shown(dimension), "cannot be the name of a dimension", "it is a key of its own elsewhere")
        known = len(group.problems)
        members = BANDS.read(group)
        if group.is_mapping and not members:
            group.problem(
                "a dimension without bands",
                "divides nobody",
                f"delete it, or, if a file extended has it, write {dimension}: off",
            )
        found = [_band(name, dimension, here, model) for name, here in members.items()]
        if len(group.problems) == known:
            _must_be_whole(group, "shares", [band.share for band in found])
        bands += found
    return tuple(bands)


def _classes(dimension: str, group: Cursor, model: Model) -> list[Band]:
    """Return the classes of a dimension that is a spread of persons: lognormal factors of mean 1, by quadrature.

    The classes are the points of Gauss and Hermite, so that the first 2·classes − 1 moments of the normal are right.
    """
    here = DimensionKeys.at(group)[SPREAD]
    at = SpreadKeys.at(here, model)
    whence = read_whence(at, here, SpreadKeys.evidence, required=True)
    sigma, count, named = at.read(SpreadKeys.sigma), at.read(SpreadKeys.classes), at.read(SpreadKeys.parameters)
    if sigma is None or count is None or named is None:
        return []
    points, weights = np.polynomial.hermite_e.hermegauss(count)
    shares, factors = weights / weights.sum(), np.exp(sigma * points)
    factors /= (shares * factors).sum()
    fixed = [Value(Prior("fixed", float(f)), f"{f:.3g}", whence) for f in factors]
    return [
        Band(f"{dimension}_{i}", dimension, float(share), dict.fromkeys(named, value), {}, whence)
        for i, (share, value) in enumerate(zip(shares, fixed, strict=True), start=1)
    ]


def _band(name: str, dimension: str, here: Cursor, model: Model) -> Band:
    at = BandKeys.at(here, model)
    share = at.read(BandKeys.share)
    if share == 0:
        at["share"].problem(
            at["share"].written,
            "of the customers is nobody",
            f"delete the band, or, if a file extended has it, write {name}: off",
        )
    whence = read_whence(at, here, BandKeys.evidence, required=True)
    named: Mapping[str, Mapping[str, Cursor]] = {
        key.name: at.read(key) or {} for key in (BandKeys.values, BandKeys.factors)
    }
    factors = {n: v for n, c in named["factors"].items() if (v := _factor(c, n, model))}
    values = {n: v for n, c in named["values"].items() if (v := _own_value(c, n, model))}
    for both in factors.keys() & values.keys():
        _refuse_both(here, {f"{what}.{both}": found[both] for what, found in named.items()})
    return Band(name, dimension, share or 0.0, factors, values, whence)


def _refuse_both(band: Cursor, at: Mapping[str, Cursor]) -> None:
    own = next((c for c in at.values() if c.place.file == band.place.file), band)
    own.problem(" and ".join(at), "both stand here", inherited(band, at, at) or "keep one of them")


def _factor(here: Cursor, name: str, model: Model) -> Value | None:
    value = read_value(here, SCALES["factor"], False)
    if value and model.parameter[name].unit == "share" and (value.prior.kind, value.prior.centre > 1) != ("fixed", 0):
        here.problem(f"× {value.text}", f"could take {name} past 100%", f"write values: {{{name}: …}} instead")
        return None
    return value


def _own_value(here: Cursor, name: str, model: Model) -> Value | None:
    value = read_value(here, SCALES[model.parameter[name].unit], False)
    return value if value and check_plausible(here, model.parameter[name], value) else None


def _must_be_whole(here: Cursor, what: str, shares: Sequence[float]) -> None:
    if shares and abs(sum(shares) - 1.0) > 1e-6:
        here.problem(f"{what} that sum to {100 * sum(shares):g}%", "must sum to 100%")


def cross(bands: Sequence[Band], section: Cursor | None) -> tuple[Segment, ...]:
    """Return one segment for each combination of bands, one of each dimension; none if they are too many."""
    dimensions: dict[str, list[Band]] = {}
    for band in bands:
        dimensions.setdefault(band.dimension, []).append(band)
    count = prod(map(len, dimensions.values()))
    if section and count > MOST_SEGMENTS:
        how = " × ".join(str(len(members)) for members in dimensions.values())
        section.problem(f"{count:,} segments ({how})", f"are too many; at most {MOST_SEGMENTS} are read")
        return ()
    return tuple(
        Segment(tuple(b.name for b in chosen), float(np.prod([b.share for b in chosen])))
        for chosen in product(*dimensions.values())
    )


def note_band_names(problems: list[Problem], section: Cursor | None, bands: Sequence[Band]) -> None:
    """Note a band with the name of another, and values of one parameter in two dimensions."""
    names: dict[str, str] = {}
    valued: dict[str, str] = {}
    for band in bands:
        key, place = f"segments.{band.dimension}.{band.name}", band.provenance.place
        other = names.setdefault(band.name, band.dimension)
        if other != band.dimension:
            found = f"is already a band of {other}"
            problems.append(Problem(shown(band.name), found, "give it another name", key, place))
        for name, value in band.values.items():
            if (first := valued.setdefault(name, band.dimension)) != band.dimension:
                key, place = f"{key}.values.{name}", value.provenance.place
                found = f"has values in {first} and in {band.dimension}"
                problems.append(Problem(name, found, "use factors in one of them", key, place))


def medians(
    name: str, parameters: Mapping[str, Value], bands: Sequence[Band], segments: Sequence[Segment]
) -> NDArray[np.float64]:
    """Return the median of a parameter in each segment, (S,): its own value, times its factors."""
    of = {band.name: band for band in bands}
    found = []
    for segment in segments:
        mine = [of[band] for band in segment.bands]
        own = [band.values[name] for band in mine if name in band.values]
        base = median_of(own[-1] if own else parameters[name])
        found.append(base * prod(median_of(band.factors[name]) for band in mine if name in band.factors))
    return np.array(found)


def note_products(
    problems: list[Problem],
    model: Model,
    parameters: Mapping[str, Value],
    bands: Sequence[Band],
    segments: Sequence[Segment],
) -> None:
    """Note factors that take a parameter's median out of its plausible range in a segment; one of them tells it."""
    for name in parameters:
        low, high = model.parameter[name].plausible
        factored = [band for band in bands if name in band.factors]
        for median, segment in (
            zip(medians(name, parameters, bands, segments), segments, strict=True) if factored else ()
        ):
            mine = [band for band in factored if band.name in segment.bands]
            if mine and not low <= median <= high:
                problems.append(_improbable(mine, segment, name, float(median), model))
                break


def _improbable(bands: Sequence[Band], segment: Segment, name: str, median: float, model: Model) -> Problem:
    last, parameter = bands[-1], model.parameter[name]
    times = " ".join(f"× {median_of(band.factors[name]):g}" for band in bands)
    found = f"{times} makes {written(three_digits(median), parameter.unit)} in {segment.name}, which"
    allowed = f"is outside the plausible range of {name}, {written_span(parameter.plausible, parameter.unit)}"
    key = f"segments.{last.dimension}.{last.name}.factors.{name}"
    return Problem(found, allowed, "", key, last.factors[name].provenance.place)


def read_mixing(section: Cursor | None, bands: Sequence[Band], segments: Sequence[Segment]) -> NDArray[np.float64]:
    """Return who meets whom, (S, S): per dimension as written, else in proportion to the shares."""
    dimensions = list(dict.fromkeys(band.dimension for band in bands))
    tables = _tables(section, bands, dimensions) if section else {}
    share = {band.name: band.share for band in bands}
    mixing = np.ones((len(segments), len(segments)))
    for (i, here), (j, there) in product(enumerate(segments), enumerate(segments)):
        for mine, theirs, dimension in zip(here.bands, there.bands, dimensions, strict=True):
            table = tables.get(dimension)
            mixing[i, j] *= share[theirs] if table is None else table.get(mine, {}).get(theirs, 0.0)
    return mixing


def _tables(
    section: Cursor, bands: Sequence[Band], dimensions: Sequence[str]
) -> dict[str, dict[str, dict[str, float]]]:
    at = MixingKeys.at(section, beside=dimensions, called="dimension of segments")
    read_whence(at, section, MixingKeys.evidence, required=True)
    return {d: _meets(at[d], d, [b.name for b in bands if b.dimension == d]) for d in dimensions if d in at}


def _meets(here: Cursor, dimension: str, names: Sequence[str]) -> dict[str, dict[str, float]]:
    rows = here.named(f"band of {dimension}", names)
    for name in names:
        if here.is_mapping and rows.lacks(name):
            here.problem(f"'{name}'", "is missing", "say whom they meet, in shares that sum to 100%")
    return {mine: _row(row, dimension, names) for mine, row in rows.items()}


def _row(here: Cursor, dimension: str, names: Sequence[str]) -> dict[str, float]:
    known = len(here.problems)
    row = here.named(f"band of {dimension}", names)
    meets = {theirs: cursor.read(read_share) or 0.0 for theirs, cursor in row.items()}
    if len(here.problems) == known:
        _must_be_whole(here, "contacts", list(meets.values()) or [0.0])
    return meets
