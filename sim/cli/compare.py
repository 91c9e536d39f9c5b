"""`mobank compare`: scenarios or finished runs beside one another, under the same luck."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.run import Fidelity
from sim.cli.terminal import LangOption, cores, language, progress


def compare(
    given: Annotated[
        list[Path],
        typer.Argument(metavar="A B …", help="Scenario files or folders of finished runs; A is the reference."),
    ],
    draws: Annotated[
        int | None, typer.Option(min=2, max=10_000_000, help="Replicates; default: those of the runs named, else 2000.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all luck; default: that of the runs named, else 1.")
    ] = None,
    fidelity: Annotated[Fidelity | None, typer.Option(help="cohort: whole persons; mean_field: expectations.")] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Threads; 0 for all cores.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the comparison's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
) -> None:
    """Compare scenarios or finished runs: what differs, by how much each year, at what price, how sure."""
    from sim.model import MODEL
    from sim.report import compare as report

    settings = report.Settings(draws, seed, fidelity and fidelity.value, workers or cores())
    found = report.sides(given, MODEL, settings)
    words = language(lang)
    final = out / report.name_of(found, words)
    with progress("compare") as told:
        comparison = report.make(found, final, words, " ".join(["mobank", *sys.argv[1:]]), told)
    show(final, comparison, words)


def show(where: Path, comparison: "Comparison", lang: "Lang") -> None:
    """Print what differs, the differences of each side, the asks side by side, and where the files are."""
    from rich.console import Console

    from sim.report.compare_tables import answer_tables, difference_table, differs_grid, footnotes

    console = Console(highlight=False)
    for side in comparison.sides[1:]:
        console.print()
        console.print(differs_grid(comparison, side.label, lang))
        console.print(difference_table(comparison, side.label, lang))
    for table in answer_tables(comparison, lang):
        console.print(table)
    console.print(footnotes(comparison, lang), style="dim")
    console.print(f"\n{where.as_posix()}/", soft_wrap=True)
    console.print("  " + "  ".join(sorted(p.name for p in where.iterdir())), style="dim")


if TYPE_CHECKING:
    from sim.quantities import Lang
    from sim.report.compare import Comparison
