"""The figures of a target as a table again: each with its month, band, range, definition, evidence and cell."""

import csv
import io
import re
from pathlib import Path

from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.quantities import Lang
from mobank.model.grammar import Model
from mobank.report.assumptions import evidence_in_words
from mobank.report.render.workbook import SUFFIX, Cell, Number, Sheet, write
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.scenario import AS_MODEL, YEAR, Figure, Scenario
from mobank.spreadsheets.csv_reader import FORMULA_LIKE
from mobank.spreadsheets.wording import WORDS

HEADS = ("measure", "band", "month", "months", "figure", "low", "high", "definition", "evidence", "source")
DEFINITION_HEADS = ("definition", "counts", "against")
CSV = ".csv"


def export_figures(path: Path, out: Path | None, model: Model, lang: Lang) -> Path:
    """Write the figures of a target as a workbook or as CSV, by what the file is called; return where they are.

    Raises
    ------
    InputError
        If the target cannot be read, or the file cannot be written.
    """
    scenario = read_chain(Chain.of_file(path), path.stem, model, whole=False)
    final = out or Path(f"{path.stem}.figures{SUFFIX}")
    if final.suffix == SUFFIX:
        write(_sheets(scenario, lang), final, path.stem)
    elif final.suffix == CSV:
        _write_text(final, _csv(scenario.reported))
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


def _csv(figures: tuple[Figure, ...]) -> str:
    """Return figures as CSV, UTF-8 with its mark, as spreadsheet programs ask for it; names stay those of YAML."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADS)
    for f in figures:
        dated = f.month.year if f.months == YEAR else f.month
        row = (f.measure, f.band, dated, max(f.months, 1), f.text, f"{f.interval.low:.1f}", f"{f.interval.high:.1f}",
               f.definition, f.provenance.evidence, f.provenance.source)  # fmt: skip
        writer.writerow([re.sub(f"^(?={FORMULA_LIKE})", "'", str(cell)) for cell in row])
    return "\ufeff" + out.getvalue()


def _write_text(final: Path, text: str) -> None:
    try:
        with final.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        if final.read_text(encoding="utf-8") == text.replace("\r\n", "\n"):
            return
        raise InputError([Problem(shown(final.as_posix()), "exists already", "name another file")]) from None
    except OSError as error:
        raise InputError([Problem(shown(final.as_posix()), f"cannot be written ({error.strerror})")]) from None
