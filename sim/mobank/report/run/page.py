"""`report.html`: a run on a few sheets, for whoever decides. One file, no network; equal runs give equal bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobank.base.digits import spanned
from mobank.base.quantities import Lang, person_unit
from mobank.base.streams import LAYERS
from mobank.dynamics.printed import HORIZONS, chances
from mobank.ensemble.drivers import KINDS, Drivers
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.questions import Answer
from mobank.ensemble.shapley import FEWEST, ShapleyShares
from mobank.ensemble.summary import Summary
from mobank.report.assumptions import (
    UNVERIFIED,
    Assumption,
    assumptions,
    evidence_in_words,
    from_own_systems,
    is_unverified,
)
from mobank.report.questions import cells, note, percent, row
from mobank.report.render import page
from mobank.report.render.page import Card, Column, Section
from mobank.report.run.bands import ENOUGH, Use
from mobank.report.run.page_words import WORDS
from mobank.report.run.spread import WORDS as SPREAD
from mobank.report.run.spread import driver_rows, input_in_words, measure_in_words, verdict
from mobank.report.tables import FANS, unverified, warnings
from mobank.report.wording import figures_in_words, lever_in_words
from mobank.scenario.scenario import Provenance

if TYPE_CHECKING:
    from markupsafe import Markup

NAME = "report.html"
DAGGER = "†"
TOLD_APART = ("levers", "events")
DIGITS = 10  # of a digest, beside others; the run's identity has it whole
ASKED: Mapping[str, page.Kind] = {"error": "dim", "wilson": "dim", "half": "number", "never": "number"}


@dataclass(frozen=True)
class Told:
    """All that a report tells.

    Parameters
    ----------
    shares : None if they were to be left out; empty if the run is too small for them.
    pictures : SVG by name. identity : of the run, as recorded.
    """

    plan: Plan
    lang: Lang
    summaries: Sequence[Summary]
    answers: Sequence[Answer]
    shares: Sequence[ShapleyShares] | None
    drivers: Sequence[Drivers]
    uses: Sequence[Use]
    pictures: Mapping[str, str]
    identity: Mapping[str, Any]
    tried: int

    @property
    def words(self) -> Mapping[str, str]:
        """The words of its language."""
        return WORDS[self.lang]

    def summary(self, measure: str) -> Summary:
        """The summary of a measure for the whole bank."""
        return next(s for s in self.summaries if (s.measure, s.segment) == (measure, ALL))


def write(told: Told, path: Path) -> None:
    """Write the report."""
    path.write_text(document(told), encoding="utf-8", newline="\n")


def document(told: Told) -> str:
    """Return the report as HTML."""
    plan, scenario = told.plan, told.plan.scenario
    question = scenario.question_zh if told.lang == "zh" else scenario.question
    sections = [_headline(told), *_asks(told), *_drivers(told), _fans(told), _growth(told), *_bands(told),
                _layers(told), *_levers(told), _assumptions(told), _identity(told)]  # fmt: skip
    below = told.words["below" if told.plan.draws > 1 else "below_alone"].format(
        scenario.start, scenario.until, plan.draws, plan.seed
    )
    return page.page(question, sections, told.lang, above=told.words["above"].format(scenario.name), below=below)


# ------------ numbers


def _unit(told: Told) -> tuple[float, str]:
    origin = told.plan.model.origin
    names = (origin.stock, origin.engaged) if origin else ()
    return person_unit(max((float(told.summary(name).quantiles[-1].max()) for name in names), default=1.0), told.lang)


def _share(value: float, lang: Lang) -> str:
    if 0 < value < 0.0005:
        return WORDS[lang]["slight"]
    return f"{100 * value:.1f}{'' if lang == 'zh' else ' '}%"


def _title(measure: str, told: Told) -> str:
    words = measure_in_words(measure, told.plan.model, told.lang)
    return words[:1].upper() + words[1:]


def _headline(told: Told) -> Section:
    plan, words, lang = told.plan, told.words, told.lang
    origin, (unit, label) = plan.model.origin, _unit(told)
    names = (origin.stock, origin.engaged) if origin else ()
    people = {*names, *(plan.model.printed[name].name for name in names)}
    weak = unverified(plan)
    sign = page.mark(DAGGER) if weak else ""

    def written(name: str, t: int) -> tuple[str, str]:
        divide, after = (unit, "") if name in people else (0.01, "%" if lang == "zh" else " %")
        middle, band = spanned(*(told.summary(name).quantiles[[0, 3, 6], t] / divide))
        return f"{middle}{after}", f"{band}{after}"

    cards = []
    for name in (*names, "stickiness"):
        after = f" {label}" if name in names else ""
        value, band = written(name, -1)
        what = words["at"].format(_title(name, told), plan.months[-1])
        start = f"{written(name, 0)[0]}{after}"
        cards.append(Card(what, page.raw("") + f"{value}{after}" + sign, words["from"].format(f"{band}{after}", start)))
    head = [Column(words["month"], "short")]
    for name in names:
        head += [Column(f"{measure_in_words(name, plan.model, lang)}, {label}", "number"), Column(words["band"], "dim")]
    head += [Column(words["share"], "number"), Column(words["band"], "dim")]
    rows = []
    for t, month in enumerate(plan.months):
        if t == 0 or month.month == 12 or t == len(plan.months) - 1:
            line: list[str | Markup] = [str(month)]
            for name in (*names, "stickiness"):
                middle, band = written(name, t)
                twin = plan.model.printed.get(name)
                printed = f"{words['in_print']} {written(twin.name, t)[1]}" if twin and t else ""
                line += [_marked(middle, sign, t), page.below(band, printed) if printed else band]
            rows.append(line)
    notes = [words["plain"], *([words["dagger"].format(("；" if lang == "zh" else "; ").join(weak))] if weak else [])]
    return Section(words["headline"], [page.cards(cards), page.table(head, rows), page.text(*notes, note=True)])


def _marked(text: str, sign: "str | Markup", t: int) -> "str | Markup":
    """Return a median with the sign if it is a forecast's."""
    return page.raw("") + text + sign if t and sign else text


# ------------ asks and what drives them


def _asks(told: Told) -> Iterator[Section]:
    if not told.answers:
        return
    words, lang = told.words, told.lang
    head = [
        Column(words["ask"], "wide"),
        Column(words["chance"], "short"),
        *(Column(words[name], kind) for name, kind in ASKED.items()),
    ]
    rows = []
    for answer in told.answers:
        each = row(answer, told.plan.model)
        chance, error, half, never = cells(each, lang)
        wilson = f"{percent(each['wilson_low'])} – {percent(each['wilson_high'])}"
        sign = page.mark(DAGGER) if unverified(told.plan) else ""
        asked = each["问题" if lang == "zh" else "question"]
        rows.append([asked, page.bar(answer.chance, page.raw("") + chance + sign), error, wilson, half, never])
    yield Section(words["asks"], [page.table(head, rows), page.text(note(lang), words["no_weights"], note=True)])


def _drivers(told: Told) -> Iterator[Section]:
    if not told.drivers:
        return
    words, lang, model = told.words, told.lang, told.plan.model
    parts = []
    for found in told.drivers:
        first, second = verdict(driver_rows(found, model), model, lang)
        share = dict(zip(KINDS, found.share, strict=True))
        kinds = [[SPREAD[lang][kind], page.bar(share[kind], _share(share[kind], lang))] for kind in found.order]
        draws = [
            [input_in_words(each, model, lang), _share(index, lang), f"± {_share(error, lang)}"]
            for each, index, error in zip(found.inputs, found.index, found.index_error, strict=True)
        ]
        title = words["at"].format(_title(found.measure, told), found.month)
        left = page.table([Column(words["kind"], "wide"), Column(words["of_spread"], "short")], kinds, "small")
        head = [Column(words["draw"], "wide"), Column(words["index"], "number"), Column(words["index_error"], "dim")]
        right = page.table(head, draws, "small")
        parts.append(page.together(page.subheading(title), page.text(first, second), page.beside(left, right)))
    yield Section(words["drivers"], [*parts, page.text(words["drivers_note"], note=True)])


# ------------ pictures


def _picture(told: Told, name: str, alt: str) -> list["Markup"]:
    return [page.figure(told.pictures[name], name, alt)] if name in told.pictures else []


def _fans(told: Told) -> Section:
    parts = []
    for name in FANS:
        alt = told.words["fan_alt"].format(measure_in_words(name, told.plan.model, told.lang))
        parts += _picture(told, name, alt)
    return Section(told.words["fans"], [*parts, *_in_print(told)])


def _in_print(told: Told) -> Iterator["Markup"]:
    """Yield what the outlines are, and how probable it is that a printed figure breaks."""
    words, model, scenario = told.words, told.plan.model, told.plan.scenario
    twins = [twin.name for twin in model.printed.values()]
    if not twins:
        return
    comma = "、" if told.lang == "zh" else ", "
    years = comma.join(map(str, HORIZONS))
    sentences = [
        words["within"].format(
            what=words[name],
            years=years,
            chances=comma.join(_share(chance, told.lang) for chance in chances(getattr(scenario.reporting, name))),
        )
        for name in ("redefinitions", "clean_ups")
    ]
    yield page.text(words["fans_note"].format(comma.join(twins)), *sentences, note=True)


def _growth(told: Told) -> Section:
    words, lang, plan = told.words, told.lang, told.plan
    names = ("gross_adds", "resurrected", "lost")
    means = {name: told.summary(name).mean for name in names}
    years = {
        month.year: [t for t, m in enumerate(plan.months) if t and m.year == month.year] for month in plan.months[1:]
    }
    sums = {year: [float(means[name][at].sum()) for name in names] for year, at in years.items()}
    unit, label = person_unit(max(max(each) for each in sums.values()), lang)
    level, digits = told.summary("mau").mean, 3 if unit >= 1e8 else 1
    rows = []
    for year, at in years.items():
        adds, back, lost = sums[year]
        change = float(level[at[-1]] - level[at[0] - 1])
        moved = [f"{each / unit:,.{digits}f}" for each in sums[year]]
        signed = f"{change / unit:+,.{digits}f}".replace("-", "−")
        numbers = [*moved, signed, f"{(adds + back) / lost:.2f}" if lost else "–"]
        rows.append([str(year) if len(at) == 12 else f"{plan.months[at[0]]} – {plan.months[at[-1]]}", *numbers])
    head = [Column(words["year"], "short"), *(Column(words[name], "number") for name in (*names, "net", "quick"))]
    below = page.together(page.table(head, rows), page.text(words["growth_note"].format(label), note=True))
    return Section(words["growth"], [*_picture(told, "growth", words["growth_alt"]), below])


def _bands(told: Told) -> Iterator[Section]:
    if told.uses:
        words = told.words
        few = words["bands_note"].format(min(told.plan.draws, ENOUGH))
        yield Section(words["bands"], [*_picture(told, "bands", words["bands_alt"]), page.text(few, note=True)])


def _layers(told: Told) -> Section:
    words, lang, model = told.words, told.lang, told.plan.model
    if not told.shares:
        why = words["left_out"] if told.shares is None else words["too_few"].format(FEWEST)
        return Section(words["layers"], [page.text(words["no_layers"].format(why), note=True)])
    head = [Column(words["measure"], "short"), Column(words["month"], "short")]
    head += [Column(SPREAD[lang][layer], "number") for layer in LAYERS]
    rows = [
        [
            measure_in_words(each.measure, model, lang),
            str(each.month),
            *(_layer(each, i, lang) for i in range(len(LAYERS))),
        ]
        for each in told.shares
    ]
    size = told.shares[0].replicates
    note = page.text(words["layers_note"].format(size), note=True)
    below = page.together(page.table(head, rows, "small"), note)
    return Section(words["layers"], [*_picture(told, "layers", words["layers_alt"]), below])


def _layer(each: ShapleyShares, i: int, lang: Lang) -> str:
    if each.total[i] == 0 and each.shapley[i] == 0:
        return "0"
    if abs(each.shapley[i]) + 2 * each.error[i] < 0.001:
        return WORDS[lang]["slight"]
    first = "–" if np.isnan(each.first[i]) else f"{100 * each.first[i]:.0f}"
    return f"{100 * each.shapley[i]:.1f} ± {100 * each.error[i]:.1f} % ({first}; {100 * each.total[i]:.0f})"


# ------------ what it rests on


def _levers(told: Told) -> Iterator[Section]:
    words, levers = told.words, told.plan.scenario.levers
    if not levers:
        return
    head = [
        Column(words["item"], "short"),
        Column(words["effect"], "wide"),
        Column(words["evidence"], "short"),
        Column(words["whence"], "wide"),
    ]
    rows = []
    for lever in levers:
        kind = words["lever" if lever.chosen else "event"]
        name = page.code(lever.name) + page.raw("<br>") + kind
        rows.append(
            [name, lever_in_words(lever, told.lang), _tag(lever.provenance.evidence, told), _said(lever.provenance)]
        )
    yield Section(words["levers"], [page.table(head, rows, "small")])


def _tag(evidence: str, told: Told) -> "Markup":
    return page.tag(evidence_in_words(evidence, told.lang), unverified=evidence == UNVERIFIED)


def _assumptions(told: Told) -> Section:
    words, scenario, parts = told.words, told.plan.scenario, [*_reported(told)]
    head = [
        Column(words["item"], "wide"),
        Column(words["of"], "short"),
        Column(words["value"], "wide"),
        Column(words["evidence"], "short"),
        Column(words["whence"], "wide"),
    ]
    found = [each for each in assumptions(scenario, told.plan.model, told.lang) if each.group not in TOLD_APART]
    for group in dict.fromkeys(each.group for each in found):
        rows = [_assumption(each, told) for each in found if each.group == group]
        parts += [page.subheading(words[group]), page.table(head, rows, "small")]
    own = from_own_systems(scenario.reported, told.lang)
    notes = page.text(words["assumptions_note"], *own, *warnings(told.plan, told.lang), note=True)
    return Section(words["assumptions"], [notes, *parts])


def _assumption(each: Assumption, told: Told) -> list["str | Markup"]:
    name = page.code(each.name) + page.raw("<br>") + each.what
    value = each.value_in_words(told.lang)
    value = value[:DIGITS] if each.group == "posterior" else value
    return [name, each.of, value, _tag(each.evidence, told), _said(each.whence)]


def _said(whence: Provenance) -> str:
    return ". ".join(text.rstrip(".") for text in (whence.source, whence.reason) if text)


def _reported(told: Told) -> Iterator["Markup"]:
    """Yield the reported figures, and what exactly they count."""
    words, scenario = told.words, told.plan.scenario
    head = [
        Column(words["item"], "wide"),
        Column(words["value"], "wide"),
        Column(words["counts"], "short"),
        Column(words["evidence"], "short"),
        Column(words["whence"], "wide"),
    ]
    rows: list[list[str | Markup]] = []
    for figure in scenario.reported:
        name = page.code(f"{figure.of}.{figure.dated}") + page.raw("<br>")
        evidence = UNVERIFIED if is_unverified(figure.provenance) else figure.provenance.evidence
        value = figure.text if figure.wording in ("", figure.text) else f"{figure.text} ({figure.wording})"
        rows.append(
            [
                name + measure_in_words(figure.measure, told.plan.model, told.lang),
                value,
                page.code(figure.definition),
                _tag(evidence, told),
                _said(figure.provenance),
            ]
        )
    if rows:
        yield page.subheading(words["reported"])
        yield page.table(head, rows, "small")
        yield page.facts([(name, each.counts) for name, each in scenario.definitions.items()])


def _identity(told: Told) -> Section:
    words, identity, plan, fitted = told.words, told.identity, told.plan, told.plan.scenario.fitted
    settings = f"--draws {plan.draws} --seed {plan.seed} --fidelity {plan.fidelity} --lang {told.lang}"
    again = f"mobank run scenario.resolved.yaml {settings}"
    versions = ", ".join(f"{name} {version}" for name, version in identity["versions"].items())
    return Section(words["identity"], [page.together(page.facts([
        (words["scenario"], plan.scenario.name),
        (words["draws"], f"{plan.draws:,}"),
        (words["seed"], str(plan.seed)),
        (words["fidelity"], plan.fidelity),
        (words["tried"], words["tried_value"].format(told.tried, plan.draws)),
        (words["digest"], page.code(identity["resolved"])),
        *([(words["posterior"], page.code(f"{fitted.name} {fitted.digest}")),
           (words["fitted_to"], figures_in_words(fitted, plan.model, told.lang))] if fitted else []),
        *((words[name], page.code(identity[name])) for name in ("model", "law", "report")),
        (words["versions"], versions),
        (words["again"], page.code(again)),
        (words["replay"], page.code("mobank replay . --replicate 0")),
    ]))])  # fmt: skip
