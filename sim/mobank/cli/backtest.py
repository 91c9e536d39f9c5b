"""`mobank backtest`: forecasts from every origin of reported series, scored beside simpler methods."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.machine import cores
from mobank.base.workspace import SERIES, locate_all
from mobank.cli.terminal import LangOption, ShippedOption, language, progress


def backtest(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Files (CSV) or names of series with the header of `figures`, the default: 13 series."),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose", help="Try every configuration; each entity gets the best one without it.")
    ] = False,
    draws: Annotated[int, typer.Option(min=100, max=1_000_000, help="Draws of each growth shape.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all luck.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Threads; 0 for all cores.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Score forecasts of reported series: every forecast as a row, and the score table."""
    from mobank.calibration.backtest import run
    from mobank.calibration.backtest.backtest import BacktestSettings

    files = locate_all(data or [Path(run.FIGURES)], SERIES, shipped)
    settings = BacktestSettings(seed, draws, workers=workers or cores())
    with progress("backtest") as told:
        result, folder = run.run(files, settings, choose, out, " ".join(["mobank", *sys.argv[1:]]), told)
    show(result, folder, language(lang))


def show(result: "Result", where: Path, lang: "Lang") -> None:
    """Print the score table, what it rests on, and where the files are."""
    from rich.console import Console

    from mobank.calibration.backtest.tables import choice_table, coverage_table, footnotes, gain_table

    console = Console(highlight=False)
    console.print()
    console.print(gain_table(result, lang))
    console.print(coverage_table(result, lang))
    if result.choices:
        console.print(choice_table(result, lang))
    console.print(footnotes(result, lang), style="dim")
    console.print(f"\n{where.as_posix()}/", soft_wrap=True)
    console.print("  " + "  ".join(sorted(p.name for p in where.iterdir())), style="dim")


if TYPE_CHECKING:
    from mobank.base.quantities import Lang
    from mobank.calibration.backtest.folder import Result
