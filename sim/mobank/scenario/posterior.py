"""The key `posterior`: a scenario starts from draws fitted to what was reported, if it still says what that was.

A posterior is a folder: `draws.parquet`, and `posterior.json` with what it was fitted with, which is all that is read
here. Whatever a scenario changes of that would not be in the draws, so it is refused, with the ways out. Who meets
whom may differ from then on, a drift may be switched off, and customers may be divided further.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.quantities import Month
from mobank.base.records import read_record
from mobank.base.workspace import POSTERIOR, Scope, scope, seek
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.fitted_with import ALIKE, WITHOUT_IT, Facts, as_fitted, band_facts, changed, ways_out
from mobank.scenario.posterior_record import POSTERIOR_RECORD
from mobank.scenario.scenario import Determined, Fitted, Scenario, Segment
from mobank.scenario.tree import removes

RECORD, DRAWS = POSTERIOR.record, "draws.parquet"
MOSTLY_DATA, MOSTLY_PRIOR = 0.75, 0.25  # of a prior's variance taken away
MOVED = 0.5  # prior standard deviations: a shift that says that the figures speak of it, whatever the width
FIT_AGAIN = "fit again: mobank calibrate TARGET"
REFIT = "fit again (mobank calibrate)"


@dataclass(frozen=True)
class Found:
    """A posterior that is there: its folder and what is written in it.

    `spelled` is how a scenario may name it, whatever folder of the workspace it lies in.
    """

    name: str
    folder: Path
    record: Facts
    spelled: str = ""

    @property
    def last(self) -> Month:
        """The month of the last figure, from which runs start."""
        year, month = self.record["last"].split("-")
        return Month.of(int(year), int(month))


def find(given: str | Path) -> Found | None:
    """Return a posterior that a person names, by its folder or by name; None if it is not there.

    Raises
    ------
    InputError
        If its record is not as it was written, or of another version.
    """
    folder = seek(given, POSTERIOR)
    return _found(folder, scope(), FIT_AGAIN) if folder else None


def _found(folder: Path, within: Scope, hint: str) -> Found:
    record = read_record(folder / RECORD, POSTERIOR_RECORD, hint)
    return Found(folder.name, folder, record, within.spelled(folder, POSTERIOR))


def read_posterior(here: Cursor | None, file: Path | None) -> Found | None:
    """Return the posterior that a scenario names, by name or by its folder's path; None if it names none.

    Parameters
    ----------
    file : of the scenario, whose workspace comes first.
    """
    text = here.text() if here else None
    if here is None or text is None or removes(here.node):
        return None
    within, beside = scope(file), Path(here.place.file).parent
    folder = within.find(text, beside, POSTERIOR)
    if folder is None and not within.allows(beside / text):
        here.problems.append(within.refusal(text, here.key, here.place))
        return None
    if folder is None:
        here.problem(shown(text), "is not a posterior", within.nearest(text, beside, POSTERIOR))
        return None
    try:
        return _found(folder, within, f"{REFIT}, or {WITHOUT_IT}")
    except InputError as error:
        here.problems.extend(error.problems)
        return None


def fit_to(here: Cursor, found: Found, scenario: Scenario, start: Cursor | None, model: Model) -> Fitted | None:
    """Return the posterior as a scenario starts from it; what the scenario has changed of it is noted."""
    if unusable := list(why_unusable(found, model, here.place)):
        here.problems.extend(unusable)
        return None
    known = len(here.problems)
    if scenario.start != found.last:
        allowed = f"is not the month that posterior {shown(found.name)} ends with ({found.last})"
        ways = [f"write start: {found.last}"] if start else [REFIT, f"write start: {found.last}"]
        hint = ways_out(found.record, *ways)
        (start or here).problem(str(scenario.start), allowed, hint)
    here.problems.extend(changed(found.record, found.name, scenario, here.place))
    aliases = _aliases(found, scenario, here)
    if len(here.problems) > known:
        return None
    parents, weights = _parts(found, scenario, aliases)
    record = found.record
    known_by = {row["name"]: determined_by(row["contraction"], row["shift"]) for row in record["coordinates"]}
    figures = tuple(name.removeprefix("reported.") for name in record["fitted_with"]["figures"])
    return Fitted(
        found.name,
        str(found.folder),
        record["draws"],
        record["rows"],
        parents,
        weights,
        aliases,
        known_by,
        figures,
        record["shocks"] == "monthly",
        record.get("regions", {}),
    )


def why_unusable(found: Found, model: Model, place: Place | None = None) -> Iterator[Problem]:
    """Yield why what a folder holds is not the posterior of its name, or not one of a model's law."""
    record = found.folder / RECORD
    own, name = found.record["name"], shown(found.folder.name)
    if own != found.folder.name:
        allowed = f"is the name of a folder that holds the posterior {shown(str(own))}"
        hint = f"write posterior: {own}, or, if it is to be renamed, name {name} in {record.as_posix()} too"
        yield Problem(name, allowed, hint, "posterior", place)
    if found.record["model"] != fingerprint(as_fitted(model, found.record["fitted_with"])):
        allowed = "was fitted to a model with another law"
        yield Problem(f"the posterior {shown(found.name)}", allowed, ways_out(found.record, REFIT), "posterior", place)
    if (digest := digest_of(found.folder / DRAWS)) != found.record["draws"]:
        allowed = "are not those that its record names" if digest else "are gone"
        draws = f"the draws of the posterior {shown(found.name)} ({(found.folder / DRAWS).as_posix()})"
        yield Problem(draws, allowed, ways_out(found.record, REFIT), "posterior", place)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, "" where there is none; it is read again only if it has changed."""
    try:
        status = path.stat()
        return _digest_of(str(path.absolute()), status.st_mtime_ns, status.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _digest_of(path: str, changed: int, size: int) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def determined_by(contraction: float, shift: float) -> Determined:
    """Return whether figures determine a draw, from what they did to its prior.

    Parameters
    ----------
    contraction : share of the prior's variance that they took away. shift : of the mean, in prior standard deviations.
    """
    if contraction >= MOSTLY_DATA:
        return "data"
    return "prior" if contraction < MOSTLY_PRIOR and abs(shift) < MOVED else "partly"


# ------------ its segments


def _aliases(found: Found, scenario: Scenario, here: Cursor) -> dict[str, str]:
    """Return for each band that is part of a fitted one whose part it is, `dimension.band` to `dimension.band`."""
    aliases: dict[str, str] = {}
    fitted = _by_dimension(found.record["fitted_with"]["bands"])
    own = _by_dimension([band_facts(band) for band in scenario.bands])
    for dimension in {**fitted, **own}:
        before, now = fitted.get(dimension, {}), own.get(dimension, {})
        gone, come = before.keys() - now.keys(), now.keys() - before.keys()
        kept = all(before[name] == now[name] for name in before.keys() & now.keys())
        if not before:  # a division of its own, which may not change anything by itself
            even = all(not band["factors"] and not band["values"] for band in now.values())
        elif gone or come:
            even = kept and len(gone) == 1 and _divides([now[n] for n in come], before[next(iter(gone))])
            aliases |= {f"{dimension}.{name}": f"{dimension}.{next(iter(gone))}" for name in sorted(come) if even}
        else:
            even = kept
        if not even:
            allowed = f"divides the customers in another way than posterior {shown(found.name)} was fitted with"
            hint = ways_out(found.record, ALIKE)
            place = next((b.provenance.place for b in scenario.bands if b.dimension == dimension), here.place)
            here.problems.append(Problem("this dimension", allowed, hint, f"segments.{dimension}", place))
    return aliases


def _by_dimension(bands: Sequence[Facts]) -> dict[str, dict[str, Facts]]:
    found: dict[str, dict[str, Facts]] = {}
    for band in bands:
        found.setdefault(band["dimension"], {})[band["name"]] = band
    return found


def _divides(parts: Sequence[Facts], whole: Facts) -> bool:
    alike = all(part[what] == whole[what] for part in parts for what in ("factors", "values"))
    return bool(parts) and alike and abs(sum(part["share"] for part in parts) - whole["share"]) < 1e-6


def _parts(found: Found, scenario: Scenario, aliases: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return for each segment the fitted one that it is part of, and which part of it."""
    fitted = {(band["dimension"], band["name"]): band["share"] for band in found.record["fitted_with"]["bands"]}
    order = list(dict.fromkeys(dimension for dimension, _ in fitted))
    of = {band.name: band for band in scenario.bands}
    parents, weights = [], []
    for segment in scenario.segments:
        mine = {}
        for band in (of[name] for name in segment.bands):
            whole = aliases.get(f"{band.dimension}.{band.name}", f"{band.dimension}.{band.name}")
            mine[band.dimension] = whole.partition(".")[2]
        chosen = [(dimension, mine[dimension]) for dimension in order]
        share = 1.0
        for each in chosen:
            share *= fitted[each]
        parents.append(Segment(tuple(name for _, name in chosen), share).name)
        weights.append(segment.share / share)
    return tuple(parents), tuple(weights)
