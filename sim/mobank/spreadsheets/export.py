"""The figures of a target as a table again: each with its month, band, range, definition, evidence and cell."""

import io
from pathlib import Path

from mobank.base.cells import ENCODING, digits, write_csv
from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.files import begins_with, write_for_user
from mobank.base.quantities import MOST_DIGITS, Lang
from mobank.model.grammar import Model
from mobank.report.assumptions import evidence_in_words
from mobank.report.render.workbook import SUFFIX, Cell, Number, Sheet, write
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.scenario import AS_MODEL, YEAR, Figure, Scenario
from mobank.spreadsheets.wording import WORDS

HEADS = ("measure", "band", "month", "months", "figure", "low", "high", "definition", "evidence", "source")
DEFINITION_HEADS = ("definition", "counts", "against")
CSV = ".csv"


def export_figures(path: Path, out: Path | None, model: Model, lang: Lang, force: bool = False) -> Path:
    """Write the figures of a target as a workbook or as CSV, by what the file is called; return where they are.

    Raises
    ------
    InputError
        If the target cannot be read, or the file cannot be written.
    """
    scenario = read_chain(Chain.of_file(path), path.stem, model, whole=False)
    final = out or Path(f"{path.stem}.figures{SUFFIX}")
    if final.suffix == SUFFIX:
        write(_sheets(scenario, lang), final, path.stem, force)
    elif final.suffix == CSV:
        write_for_user(final, _csv(scenario.reported), begins_with(",".join(HEADS).encode()), force, "FILE")
    else:
        hint = did_you_mean(final.suffix, (SUFFIX, CSV))
        raise InputError([Problem(shown(str(final)), f"must end with {SUFFIX} or {CSV}", hint, "FILE")])
    return final


def _sheets(scenario: Scenario, lang: Lang) -> list[Sheet]:
    words = WORDS[lang]
    figures = [_row(figure, lang) for figure in scenario.reported]
    used = dict.fromkeys(figure.definition for figure in scenario.reported if figure.definition not in ("", AS_MODEL))
    definitions = [[name, each.counts, each.against] for name in used if (each := scenario.definitions.get(name))]
    return [
        Sheet(words["sheet_figures"], [words[f"col_{head}"] for head in HEADS], figures),
        Sheet(words["sheet_definitions"], [words[f"col_{head}"] for head in DEFINITION_HEADS], definitions),
    ]  # fmt: skip


def _row(figure: Figure, lang: Lang) -> list[Cell]:
    return [
        figure.measure, figure.band or None, figure.month, Number(max(figure.months, 1), "whole"), figure.text,
        Number(figure.interval.low, "whole"), Number(figure.interval.high, "whole"), figure.definition or None,
        evidence_in_words(figure.provenance.evidence, lang), figure.provenance.source,
    ]  # fmt: skip


def _csv(figures: tuple[Figure, ...]) -> bytes:
    """Return figures as CSV; names stay those of YAML."""
    out = io.StringIO()
    write_csv(out, [HEADS, *map(_fields, figures)])
    return out.getvalue().encode(ENCODING)


def _fields(f: Figure) -> list[object]:
    dated = f.month.year if f.months == YEAR else f.month
    return [
        f.measure, f.band, str(dated), max(f.months, 1), f.text, digits(f.interval.low, MOST_DIGITS),
        digits(f.interval.high, MOST_DIGITS), f.definition, f.provenance.evidence, f.provenance.source,
    ]  # fmt: skip
