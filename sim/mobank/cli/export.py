"""`mobank export`: a finished run as a workbook, or the figures of a target as a table."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem
from mobank.base.quantities import Lang
from mobank.base.workspace import TARGET, locate
from mobank.cli.terminal import ForceOption, language, say


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished run or comparison; with --figures, a target.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="What to write; default: RUN.xlsx beside RUN; here TARGET.figures.xlsx."),
    ] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="As an Excel workbook.")] = False,
    figures: Annotated[
        bool,
        typer.Option("--figures", help="The figures of a target with their cells: .xlsx or .csv, as FILE ends."),
    ] = False,
    lang: Annotated[Lang | None, typer.Option("--lang", help="Language; default: that of the run.")] = None,
    force: ForceOption = False,
) -> None:
    """Export a finished run (assumptions, quantiles by month, asks, data, identity), or the figures of a target."""
    from mobank.model.mobile_banking import MODEL

    if figures:
        from mobank.spreadsheets.export import export_figures

        say(export_figures(locate(folder, TARGET), file, MODEL, language(lang), force).as_posix())
        return
    from mobank.report.excel import export as write

    if not xlsx:
        raise InputError([Problem("a format", "is missing", "write --xlsx", "export")])
    say(write(folder, file, MODEL, lang, force).as_posix())
