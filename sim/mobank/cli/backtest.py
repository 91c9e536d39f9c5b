"""`mobank backtest`: forecasts from every origin of reported series, scored beside simpler methods."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.errors import InputError, Problem
from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED
from mobank.base.signals import resumes
from mobank.base.workspace import SERIES, locate_all
from mobank.cli.terminal import (
    LangOption,
    ShippedOption,
    command_line,
    language,
    made,
    paragraph,
    progress,
    say,
    table,
    warn,
)


def backtest(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Files (CSV) or names of series with the columns of `figures`, the default: 13 series."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Score the model that runs use, fitted anew at each origin: minutes.")
    ] = False,
    only: Annotated[bool, typer.Option("--only", help="With --full: leave the shipped figures out.")] = False,
    choose: Annotated[
        bool, typer.Option("--choose", help="Try every configuration; each entity gets the best one without it.")
    ] = False,
    draws: Annotated[int, typer.Option(min=100, max=1_000_000, help="Draws of each growth shape.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of all luck.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Threads, with --full processes; 0 for all cores.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Score forecasts of reported series: every forecast as a row, and the score table."""
    from mobank.calibration.backtest import run
    from mobank.calibration.backtest.backtest import BacktestSettings

    command = command_line()
    if full:
        refuse(choose, "--choose", "is of the reduced model's backtest", "leave out --choose or --full")
        run_full(locate_all(data or [], SERIES, shipped), only, draws, seed, workers or cores(), out, command, lang)
        return
    refuse(only, "--only", "says which figures join those of --full", "add --full")
    files = locate_all(data or [Path(run.FIGURES)], SERIES, shipped)
    settings = BacktestSettings(seed, draws, workers=workers or cores())
    with progress("backtest") as told:
        result, folder = run.run(files, settings, choose, out, command, told, warn)
    show(result, folder, language(lang))


def refuse(given: bool, option: str, allowed: str, hint: str) -> None:
    """Refuse an option that has no place in what is asked for."""
    if given:
        raise InputError([Problem(option, allowed, hint)])


def run_full(
    data: "list[Path]", only: bool, draws: int, seed: int, workers: int, out: Path, command: str, lang: "Lang | None"
) -> None:
    """Score the model that runs use, and print its tables."""
    resumes()
    from mobank.calibration.backtest.full import run
    from mobank.calibration.backtest.full.jobs import RefitEffort
    from mobank.model.mobile_banking import MODEL

    files, settings = run.data_of(data, only), run.FullSettings(seed, workers, RefitEffort(reduced=draws))
    with progress("backtest, refits") as advance:
        maker = run.neutral_maker()
        result, folder = run.run_full(files, MODEL, settings, out, command, maker, progress=advance, say=warn)
    show_full(result, folder, language(lang))


def show(result: "Result", where: Path, lang: "Lang") -> None:
    """Print the score table, what it rests on, and where the files are."""
    from mobank.calibration.backtest.tables import choice_table, coverage_table, footnotes, gain_table

    tables = [gain_table(result, lang), coverage_table(result, lang)]
    if result.choices:
        tables.append(choice_table(result, lang))
    print_all(tables, footnotes(result, lang), where)


def show_full(result: "FullResult", where: Path, lang: "Lang") -> None:
    """Print the tables of a full backtest, what they rest on, and where the files are."""
    from mobank.calibration.backtest.full.rows import SIDES
    from mobank.calibration.backtest.full.tables import (
        coverage_table,
        entity_table,
        footnotes,
        kinds_of,
        score_table,
    )

    parts = [
        made_for(result, side, kind, lang)
        for side in SIDES
        for kind in kinds_of(result, side)
        for made_for in (score_table, coverage_table)
    ]
    print_all([entity_table(result, lang), *parts], footnotes(result, lang), where)


def print_all(tables: "list[TextTable]", notes: str, where: Path) -> None:
    """Print tables, footnotes, and the names of the files in a folder."""
    say("")
    for each in tables:
        table(each)
    paragraph(notes, "dim")
    made(where)


if TYPE_CHECKING:
    from mobank.base.quantities import Lang
    from mobank.calibration.backtest.folder import Result
    from mobank.calibration.backtest.full.folder import FullResult
    from mobank.report.render.text_table import TextTable
