"""`mobank export`: a finished run as a workbook."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem
from mobank.base.quantities import Lang
from mobank.cli.terminal import ForceOption, say


def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run or comparison.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="What to write; default: RUN.xlsx beside RUN.")
    ] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="As an Excel workbook.")] = False,
    lang: Annotated[Lang | None, typer.Option("--lang", help="Language; default: that of the run.")] = None,
    force: ForceOption = False,
) -> None:
    """Export a finished run: assumptions, quantiles by month, asks, data with sources, identity."""
    from mobank.model.mobile_banking import MODEL
    from mobank.report.excel import export as write

    if not xlsx:
        raise InputError([Problem("a format", "is missing", "write --xlsx", "export")])
    say(write(folder, file, MODEL, lang, force).as_posix())
