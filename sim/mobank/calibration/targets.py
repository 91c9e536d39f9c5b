"""Targets: what has been reported of one bank and product, and what is thought of its parameters before.

A target is a file in the grammar of scenarios, without levers: the same reader, the same messages. What a fit adds is
here: which figures it takes by their evidence, which counts follow another definition and stand apart, and whether
there are enough of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from mobank.base.errors import InputError, Place, Problem, did_you_mean
from mobank.base.priors import Prior
from mobank.calibration.likelihood.figure_season import figure_season
from mobank.calibration.likelihood.history import MOST_WIDE, History, Joined
from mobank.model.grammar import Model, Origin
from mobank.scenario.keys.scenario import PoolKeys
from mobank.scenario.keys.values import FIGURE_EVIDENCE
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.regions import counts_of, regions_of, resolved
from mobank.scenario.scenario import Cohort, Figure, Scenario
from mobank.scenario.tree import Mapping as Tree

BREAK_A_YEAR = 0.05  # log standard deviation of what a new definition changes, for each year between the figures
YEAR_END = 12
Report = TypeVar("Report", Figure, Cohort)
UNREPORTED = f"where nobody reports it, write pool: {PoolKeys.written()}"


@dataclass(frozen=True)
class Target:
    """What a fit takes.

    Parameters
    ----------
    chain : the file, or a text that stands for one, with what it extends.
    scenario : priors, segments, shocks; its `reported` are the figures that are fitted, by measure and month.
    apart : counts of definitions other than that of the latest figure of their measure: joined to the fit by a factor
        that is not known exactly, and never read as growth. A flow has one definition and stays among the figures.
    breaks : prior of that factor, by definition.
    left_out, cohorts_left_out : figures, and retention, whose evidence was not asked for.
    evidence : kinds of evidence that are taken; where figures are left out, those of the figures that are not.
    """

    chain: Chain
    scenario: Scenario
    apart: tuple[Figure, ...]
    breaks: Mapping[str, Prior]
    left_out: tuple[Figure, ...] = ()
    cohorts_left_out: tuple[Cohort, ...] = ()
    evidence: tuple[str, ...] = FIGURE_EVIDENCE

    @property
    def name(self) -> str:
        """The name of the file, or that given to a text."""
        return self.scenario.name

    @property
    def path(self) -> Path:
        """The file; of a text, what stands for it in messages."""
        return self.chain.files[0]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures that are fitted."""
        return self.scenario.reported

    @property
    def whole(self) -> Scenario:
        """The scenario with the figures of other definitions among the rest: all that a fit takes."""
        return replace(self.scenario, reported=(*self.figures, *self.apart))

    def of(self, measure: str) -> tuple[Figure, ...]:
        """Return the figures of a measure that are fitted, by month."""
        return tuple(figure for figure in self.figures if figure.measure == measure)

    def history(self, model: Model) -> History:
        """Return the years that a fit lives through, and what of them is not known."""
        apart = resolved(self.apart, self.scenario.bands)
        others = tuple(Joined(figure, self.breaks[figure.definition]) for figure in apart)
        return History(model, self.scenario, others, figure_season)

    def reduced(self, figures: Collection[str], cohorts: Collection[str]) -> "Target":
        """Return the target as it was before it had more figures and cohorts than some, by name."""
        known = sorted((f for f in self.whole.reported if f.name in figures), key=lambda f: f.month)
        kept = tuple(each for each in self.scenario.retention if each.name in cohorts)
        return _sorted_out(self.chain, replace(self.scenario, reported=tuple(known), retention=kept))

    def only(self, evidence: Sequence[str]) -> "Target":
        """Return the target with figures of some kinds of evidence alone.

        Raises
        ------
        InputError
            If there is no such kind.
        """
        for kind in evidence:
            if kind not in FIGURE_EVIDENCE:
                hint = did_you_mean(kind, FIGURE_EVIDENCE)
                raise InputError([Problem(f"'{kind}'", "is not a kind of evidence", hint, "--evidence")])
        kept, dropped = _divided(self.figures, evidence)
        apart, apart_dropped = _divided(self.apart, evidence)
        cohorts, cohorts_dropped = _divided(self.scenario.retention, evidence)
        left_out = (*self.left_out, *dropped, *apart_dropped)
        cohorts_left_out = (*self.cohorts_left_out, *cohorts_dropped)
        there = {f.provenance.evidence for f in (*kept, *apart)} | {cohort.provenance.evidence for cohort in cohorts}
        wanted = (kind for kind in FIGURE_EVIDENCE if kind in evidence and kind in self.evidence)
        return replace(
            self,
            scenario=replace(self.scenario, reported=kept, retention=cohorts),
            apart=apart,
            left_out=left_out,
            cohorts_left_out=cohorts_left_out,
            evidence=tuple(kind for kind in wanted if kind in there or not (left_out or cohorts_left_out)),
        )


def verified_kinds(target: Target) -> list[str]:
    """Return the kinds of evidence of a target's figures but the unverified."""
    there = {figure.provenance.evidence for figure in (*target.figures, *target.apart)}
    return [kind for kind in FIGURE_EVIDENCE if kind in there and kind != "unverified"]


def load(path: Path, model: Model) -> Target:
    """Return the target of a file; that it can be fitted is asked by `require_enough`.

    Raises
    ------
    InputError
        With every problem of the file, each with file, line and key.
    """
    return _target(Chain.of_file(path), path.stem, model)


def load_text(text: str, model: Model, beside: Path = Path(), name: str = "text") -> Target:
    """Return the target of a text, as if it stood in the folder `beside`; messages give places as `<name>:line`.

    Raises
    ------
    InputError
        As `load`.
    """
    return _target(Chain.of_text(text, beside / f"<{name}>"), name, model)


def _target(chain: Chain, name: str, model: Model) -> Target:
    return _sorted_out(chain, read_chain(chain, name, model, whole=False))


def _sorted_out(chain: Chain, scenario: Scenario) -> Target:
    """Return the target of a scenario, with figures of other definitions apart."""
    main = {figure.measure: figure.definition for figure in scenario.reported}  # by month, so the latest stays
    apart = tuple(f for f in scenario.reported if not f.months and f.definition not in ("", main[f.measure]))
    fitted = tuple(f for f in scenario.reported if f not in apart)
    breaks = {name: _break(scenario, name, main) for name in dict.fromkeys(f.definition for f in apart)}
    return Target(chain, replace(scenario, reported=fitted), apart, breaks)


def require_enough(target: Target, model: Model) -> None:
    """Refuse a target with too few figures to fit, or that does not say what a fit to its months needs.

    Raises
    ------
    InputError
        With all that is missing.
    """
    origin = model.origin
    if origin is None:
        raise InputError([Problem(f"the model '{model.name}'", "says not how a start is found")])
    of_months = [*_without_noise(target, origin), *_too_early(target, origin)]
    problems = [*_too_few(target, origin), *of_months]
    if not target.scenario.written:
        allowed = "are missing: nothing is thought of the parameters before"
        problems.append(Problem("priors", allowed, "", "parameters", Place(str(target.path), 0)))
    for name in target.scenario.season:  # year-ends are Decembers: they would take the season for good or bad years
        place = target.scenario.whence[f"season.{name}"].place
        allowed = "cannot be fitted: year-end figures do not tell it from good and bad years"
        problems.append(Problem("a season", allowed, "leave it out of the target", f"season.{name}", place))
    problems = problems or _too_wide(target.history(model))
    if problems:
        raise InputError(problems)


# ------------ the parts


def _too_wide(history: History) -> list[Problem]:
    """Return that more figures are rounded widely than can be unknowns, and where the first of them stands."""
    wide = [] if history.yearly else history.wide
    if len(wide) <= MOST_WIDE:
        return []
    allowed = f"are rounded more widely than half the shock that each fixes; at most {MOST_WIDE} may be"
    hint = "give their figures with more digits, or leave months out: over a quarter the same rounding is less"
    place = wide[0].provenance.place
    return [Problem(f"{len(wide)} figures", allowed, hint, f"reported.{wide[0].measure}.{wide[0].dated}", place)]


def _divided(reports: Sequence[Report], kinds: Sequence[str]) -> tuple[tuple[Report, ...], tuple[Report, ...]]:
    kept = tuple(each for each in reports if each.provenance.evidence in kinds)
    return kept, tuple(each for each in reports if each not in kept)


def _break(scenario: Scenario, name: str, main: Mapping[str, str]) -> Prior:
    """Return what is thought of the factor between a definition and the main one of its measure."""
    definition = scenario.definitions[name]
    if definition.factor:
        return definition.factor.prior
    own = [figure for figure in scenario.reported if figure.definition == name and not figure.months]
    others = [f for f in scenario.reported if f.measure == own[0].measure and f.definition == main[f.measure]]
    months = min(abs(one.month - other.month) for one in own for other in others)
    return Prior("lognormal", 1.0, BREAK_A_YEAR * max(1.0, months / 12))


def _too_few(target: Target, origin: Origin) -> list[Problem]:
    pooled = target.scenario.pool is not None
    wanted = ((origin.stock, 1), (origin.engaged, 1), (origin.total, 0 if pooled else 1))
    problems = []
    for measure, least in wanted:
        count = len(target.of(measure))
        if count < least:
            came = "no figure" if count == 0 else f"{count} figure{'s' if count > 1 else ''}"
            known = f"{least} figure{'s' if least > 1 else ''}"
            allowed = f"{'are' if count > 1 else 'is'} too few to fit: at least {known} must be known"
            hint = [_elsewhere(target, measure), UNREPORTED if measure == origin.total else ""]
            place = _where(target, measure)
            problems.append(Problem(came, allowed, "; ".join(filter(None, hint)), f"reported.{measure}", place))
    last = max((f.month for f in target.of(origin.stock)), default=None)
    active = [f.month for f in target.of(origin.engaged)]
    if last and active and max(active) != last:
        allowed = f"is the last figure, where {origin.stock} is known to {last}: a start needs both in one month"
        problems.append(
            Problem(str(max(active)), allowed, "", f"reported.{origin.engaged}", _where(target, origin.engaged))
        )
    return problems or [*_not_together(target, origin)]


def _not_together(target: Target, origin: Origin) -> Iterator[Problem]:
    """Yield regions that have no figures, or do not begin and end in the months in which the others do."""
    bands, figures = target.scenario.bands, target.figures
    regions = regions_of(figures, bands)
    if regions is None:
        return
    for measure in (origin.stock, origin.engaged):
        own = {band: counts_of(figures, bands, measure, band) for band in regions.bands}
        none = next((band for band, each in own.items() if not each), None)
        if none:
            allowed = f"of {measure} for {none} is known: a fit needs one of each region"
            yield Problem("no figure", allowed, "", f"reported.{measure}", _where(target, measure))
            continue
        yield from _at_one_end(own, measure, "ends", -1)
        if measure == origin.stock:
            yield from _at_one_end(own, measure, "begins", 0)


def _at_one_end(own: Mapping[str, Sequence[Figure]], measure: str, says: str, at: int) -> Iterator[Problem]:
    """Yield a region whose figures begin, or end, in another month than those of the others."""
    by_band = {band: sorted(each, key=lambda f: f.month)[at] for band, each in own.items()}
    usual = max(f.month for f in by_band.values()) if at else min(f.month for f in by_band.values())
    other = next((f for f in by_band.values() if f.month != usual), None)
    if other:
        allowed = f"is where {measure} of {other.band} {says}, and that of another region in {usual}: all must together"
        beyond = "beyond" if at else "before"
        hint = f"give {other.band} a figure of {usual}, or leave out what others have {beyond} {other.month}"
        yield Problem(str(other.month), allowed, hint, f"reported.{measure}.for.{other.band}", other.provenance.place)


def _without_noise(target: Target, origin: Origin) -> list[Problem]:
    """Return what the first figure within a year needs: noise counts from month to month, hardly from year to year."""
    if origin.engaged in target.scenario.noise:
        return []
    months = [f for f in target.figures if f.measure in (origin.stock, origin.engaged) and f.month.month != YEAR_END]
    if not months:
        return []
    allowed = f"is needed: {months[0].measure} of {months[0].month} is a figure within a year, where noise counts"
    hint = f"write noise: {{{origin.engaged}: {{low: 0.1%, high: 0.4%, reason: …}}}}"
    return [Problem("noise", allowed, hint, f"noise.{origin.engaged}", months[0].provenance.place)]


def _too_early(target: Target, origin: Origin) -> Iterator[Problem]:
    """Yield campaigns, clean-ups and cohorts of months before those that are passed through: no fit could see them."""
    first = min((f.month for f in target.of(origin.stock)), default=None)
    if first is None:
        return
    for campaign in target.scenario.campaigns:
        if campaign.last <= first - YEAR_END:
            allowed = f"is more than a year before the first figure of {origin.stock} ({first}): it is not fitted"
            place = campaign.effect.provenance.place
            yield Problem(str(campaign.last), allowed, "leave it out", f"campaigns.{campaign.name}.between", place)
    for month, persons in target.scenario.clean_ups.items():
        if month <= first:
            allowed = f"is not after the first figure of {origin.stock} ({first}), which counts those who were left"
            yield Problem(str(month), allowed, "leave it out", f"clean_ups.{month}", persons.provenance.place)
    for cohort in target.scenario.retention:
        if cohort.month <= first:
            allowed = f"is not after the first figure of {origin.stock} ({first}): who registered in it is not known"
            yield Problem(str(cohort.month), allowed, "leave it out", cohort.name, cohort.provenance.place)


def _elsewhere(target: Target, measure: str) -> str:
    """Return how many figures stand apart or are left out, as a hint."""
    unasked = sum(f.measure == measure for f in target.left_out)
    apart = sum(f.measure == measure for f in target.apart)
    return "; ".join(
        [
            *([f"{unasked} with other evidence left out"] if unasked else []),
            *([f"{apart} of another definition"] if apart else []),
        ]
    )


def _where(target: Target, measure: str) -> Place:
    """Return where figures of a measure stand, or the section that lacks them, or the file."""
    section = target.chain.tree.entries.get("reported")
    if section is None or not isinstance(section.node, Tree):
        return Place(str(target.path), 0)
    group = section.node.entries.get(measure)
    return group.key_place if group else section.key_place
