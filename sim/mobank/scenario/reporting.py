"""How a scenario says what happens between what is counted and what is printed; what it leaves out is the default."""

from dataclasses import replace

from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.reporting import (
    CLEANED,
    REDEFINED,
    CleanUpsKeys,
    JumpKeys,
    RedefinitionsKeys,
    ReportingKeys,
)
from mobank.scenario.nouns import Fields, YamlKey
from mobank.scenario.scenario import Breaks, Reporting
from mobank.scenario.values import read_whence

Size = tuple[float, float, float]


def read_reporting(here: Cursor | None) -> Reporting:
    """Return what a section says; where there is a problem, which is noted, the default stands in."""
    at = ReportingKeys.at(here)
    return Reporting(
        _redefinitions(at["redefinitions"]) if "redefinitions" in at else REDEFINED,
        _clean_ups(at["clean_ups"]) if "clean_ups" in at else CLEANED,
    )


def _redefinitions(here: Cursor) -> Breaks:
    at = RedefinitionsKeys.at(here)
    whence = read_whence(at, here, RedefinitionsKeys.evidence, required=True)
    small, large = REDEFINED.sizes
    share = _number(at, RedefinitionsKeys.large_share)
    sizes = (
        (1.0 - share, *_size(at, RedefinitionsKeys.small.name, small)),
        (share, *_size(at, RedefinitionsKeys.large.name, large)),
    )
    a_year, years = _number(at, RedefinitionsKeys.a_year), _number(at, RedefinitionsKeys.known_from_years)
    return Breaks(a_year, years, sizes, _number(at, RedefinitionsKeys.upward), whence)


def _clean_ups(here: Cursor) -> Breaks:
    at = CleanUpsKeys.at(here)
    whence = read_whence(at, here, CleanUpsKeys.evidence, required=True)
    [size] = CLEANED.sizes
    sizes = ((1.0, *_size(at, CleanUpsKeys.size.name, size)),)
    return replace(CLEANED, a_year=_number(at, CleanUpsKeys.a_year), sizes=sizes, provenance=whence)


def _number(at: Fields, key: YamlKey[float]) -> float:
    return at.read(key) or 0.0


def _size(at: Fields, name: str, otherwise: Size) -> tuple[float, float]:
    """Return mean and standard deviation of a jump."""
    if name not in at:
        return otherwise[1:]
    here = JumpKeys.at(at[name])
    return _number(here, JumpKeys.mean), _number(here, JumpKeys.sd)
