"""`mobank posterior`: what the figures determine, in words and as a page."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.workspace import POSTERIOR, locate, own_or
from mobank.cli.terminal import LangOption, ShippedOption, language, progress, say


def posterior(
    name: Annotated[
        Path | None,
        typer.Argument(help="Stored posterior: its folder or its name; default: your bank's, else icbc_mobile."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the report's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Say what a calibration found: the verdict here, and all that it rests on in report.html."""
    from mobank.calibration.report.posterior_report import tell
    from mobank.model.mobile_banking import MODEL

    folder, words = locate(name or own_or("icbc_mobile", POSTERIOR), POSTERIOR, shipped), language(lang)
    with progress(f"looking at {folder.name}"):
        said, page = tell(folder, MODEL, out, words)
    say("\n".join(said))
    say(f"\n{page.as_posix()}")
