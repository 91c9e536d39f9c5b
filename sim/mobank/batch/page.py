"""A job's page: chances by scenario, where each measure ends, which lever matters, and maps of the two that do most."""

from collections.abc import Iterator, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from mobank.base.quantities import Lang
from mobank.batch.results import Results, last_month, quantile_columns
from mobank.batch.sensitivity import Effect, Heat, Output, effects, heat, outputs
from mobank.batch.terminal import WORDS, chance_cells, counted
from mobank.ensemble.sensitivity import FEWEST
from mobank.model.grammar import Model
from mobank.report.render.page import Column, Section, bar, facts, page, raw, subheading, table, text

if TYPE_CHECKING:
    from markupsafe import Markup

COLD, WARM = (220, 232, 242), (13, 74, 120)  # the page's own blues


def write_page(results: Results, model: Model, lang: Lang) -> str:
    """Return the page of a finished job as one HTML document; equal results give equal bytes."""
    words = WORDS[lang]
    sections = [
        *([Section(words["chances"], list(_chances(results, lang)))] if results.answers.num_rows else []),
        *([Section(words["ends"], [_ends(results, model, lang)])] if results.quantities.num_rows else []),
        *([Section(words["matters"], list(_matters(results, model, lang)))] if results.axes else []),
        Section(words["identity"], [_identity(results, lang)]),
    ]
    question = results.question(lang)
    replicates = sum(results.cases["replicates"].to_pylist())
    below = words["summary"].format(results.cases.num_rows, replicates)
    return page(question or results.folder.name, sections, lang, above=words["of_job"], below=below)


# ------------ chances and ends, by scenario


def _scenarios(results: Results) -> list[str]:
    return list(dict.fromkeys(results.cases["scenario"].to_pylist()))


def _rows_of(tables: Any, scenario: str, name: str, value: str) -> list[dict[str, Any]]:
    return [row for row in tables.to_pylist() if row["scenario"] == scenario and row[name] == value]


def _chances(results: Results, lang: Lang) -> Iterator["Markup"]:
    """Yield the table of chances: a row an ask and scenario; over a design the span from point to point."""
    words, asked = WORDS[lang], "问题" if lang == "zh" else "question"
    kinds = {
        "asked": "wide",
        "scenario": "text",
        "chance": "number",
        "error": "dim",
        "half": "number",
        "never": "number",
    }
    head = [Column(words[name], kind) for name, kind in kinds.items()]  # type: ignore[arg-type]
    rows: list[list[str]] = []
    for ask in dict.fromkeys(results.answers["ask"].to_pylist()):
        for scenario in _scenarios(results):
            found = _rows_of(results.answers, scenario, "ask", ask)
            if len(found) == 1:
                rows.append([found[0][asked], scenario, *chance_cells(found[0])])
            elif found:
                rows.append([found[0][asked], scenario, *_spanned(found, lang)])
    yield table(head, rows)
    yield text(words["chances_note"], note=True)


def _spanned(rows: Sequence[dict[str, Any]], lang: Lang) -> list[str]:
    chances = [row["chance"] for row in rows]
    span = WORDS[lang]["over"].format(f"{100 * min(chances):.1f} %", f"{100 * max(chances):.1f} %", len(rows))
    return [span, f"{100 * max(row['chance_mc_error'] for row in rows):.2f}", "", ""]


def _ends(results: Results, model: Model, lang: Lang) -> "Markup":
    words, names = WORDS[lang], quantile_columns(results.quantities)
    middle = "p50" if "p50" in names else names[len(names) // 2]
    head = [
        Column(words["measure"]),
        Column(words["scenario"]),
        Column(words["month"], "short"),
        Column(words["median"] if middle == "p50" else middle, "number"),
        Column(f"{names[0]} – {names[-1]}", "dim"),
    ]
    last, rows = last_month(results.quantities), []
    for measure in dict.fromkeys(last["measure"].to_pylist()):
        label = model.measure[measure].zh if lang == "zh" else model.measure[measure].meaning
        for scenario in _scenarios(results):
            found = _rows_of(last, scenario, "measure", measure)
            if found:
                low, high = min(row[names[0]] for row in found), max(row[names[-1]] for row in found)
                between = (f([row[middle] for row in found]) for f in (min, max))
                *ends, least, most = counted((low, high, *between), measure, model, lang)
                middles = least if least == most else words["band"].format(least, most)
                rows.append([label, scenario, found[0]["month"], middles, words["band"].format(*ends)])
    return table(head, rows)


# ------------ what matters over a design


def _matters(results: Results, model: Model, lang: Lang) -> Iterator["Markup"]:
    words, told = WORDS[lang], False
    for output in outputs(results):
        found = effects(results.axes, output)
        if not found:
            continue
        told = True
        yield subheading(_titled(output, model, lang))
        yield _shares(found, lang)
        if len(found) > 1:
            yield _map(heat(results.axes, output, found[0].axis, found[1].axis), output, model, lang)
    points = len(set(results.cases["point"].to_pylist()))
    yield text(words["matters_note"] if told else words["few"].format(points, FEWEST), note=True)


def _titled(output: Output, model: Model, lang: Lang) -> str:
    if output.kind == "ask":
        return f"{output.chinese if lang == 'zh' else output.question} ({output.scenario})"
    measure = model.measure[output.name]
    return f"{measure.zh if lang == 'zh' else measure.meaning}, {output.month} ({output.scenario})"


def _shares(found: Sequence[Effect], lang: Lang) -> "Markup":
    words = WORDS[lang]
    rows = [
        [each.axis, bar(each.first, f"{100 * max(each.first, 0):.0f} %"), f"± {100 * each.error:.0f}"] for each in found
    ]
    return table([Column(words["varied"]), Column(words["alone"], "wide"), Column("", "dim")], rows)


def _map(found: Heat, output: Output, model: Model, lang: Lang) -> "Markup":
    """Return a heat map as a table: its numbers can be read where colours cannot be seen."""
    head = [
        Column(f"{found.down} ↓  {found.across} →", "short"),
        *(Column(_ends_of(c), "number") for c in found.columns),
    ]
    low, high = float(np.nanmin(found.means)), float(np.nanmax(found.means))
    rows = []
    for ends, line in reversed(list(zip(found.rows, found.means.tolist(), strict=True))):
        rows.append([_ends_of(ends), *(_cell(value, low, high, _label(value, output, model, lang)) for value in line)])
    return table(head, rows, "narrow", WORDS[lang]["map"].format(_titled(output, model, lang)))


def _label(value: float, output: Output, model: Model, lang: Lang) -> str:
    if isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if output.kind == "ask" else counted([value], output.name, model, lang)[0]


def _cell(value: float, low: float, high: float, label: str) -> "Markup":
    share = 0.0 if isnan(value) or high == low else (value - low) / (high - low)
    colour = ",".join(str(round(c + share * (w - c))) for c, w in zip(COLD, WARM, strict=True))
    ink = "#fff" if share > 0.5 else "#17293a"
    style = f"display:block;padding:3px 8px;background:rgb({colour});color:{ink};print-color-adjust:exact"
    return raw(f'<span style="{style}">{label}</span>')


def _ends_of(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3g}" if ends[0] == ends[1] else f"{ends[0]:.3g} – {ends[1]:.3g}"


def _identity(results: Results, lang: Lang) -> "Markup":
    words, job = WORDS[lang], results.job
    versions = ", ".join(f"{name} {number}" for name, number in job["versions"].items())
    code = f"{job['law']} ({versions})"
    return facts(
        [
            (words["job"], job["name"]),
            (words["scenario"], ", ".join(job["scenarios"])),
            (words["code"], code),
            (words["data"], results.folder.as_posix()),
        ]
    )
