"""`mobank compare`: scenarios or finished runs beside one another, under the same luck."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED
from mobank.base.workspace import SCENARIO, locate_all
from mobank.cli.run import Fidelity
from mobank.cli.terminal import (
    LangOption,
    ShippedOption,
    YesOption,
    command_line,
    foretell,
    language,
    made,
    make_way,
    paragraph,
    progress,
    say,
    table,
)


def compare(
    given: Annotated[
        list[Path],
        typer.Argument(metavar="A B …", help="Scenarios (files or names) or folders of runs; A is the reference."),
    ],
    draws: Annotated[
        int | None, typer.Option(min=2, max=10_000_000, help="Replicates; default: those of the runs named, else 2000.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_SEED, help="Seed of all luck; default: that of the runs named, else 1."),
    ] = None,
    fidelity: Annotated[Fidelity | None, typer.Option(help="cohort: whole persons; mean_field: expectations.")] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Threads; 0 for all cores.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the comparison's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    weights: Annotated[
        str | None,
        typer.Option(help="How likely each scenario is held to be, A=60%,B=40%, for one chance over all."),
    ] = None,
    different_subjects: Annotated[
        bool, typer.Option("--different-subjects", help="Compare different banks or products all the same.")
    ] = False,
    yes: YesOption = False,
    shipped: ShippedOption = False,
) -> None:
    """Compare scenarios or finished runs: what differs, by how much each year, at what price, how sure."""
    from mobank.model.mobile_banking import MODEL
    from mobank.report.compare import comparison as report
    from mobank.report.compare import folder
    from mobank.report.compare.weights import read_weights
    from mobank.report.run import cost
    from mobank.report.run.record import RECORD

    settings = report.ComparisonSettings(
        draws, seed, fidelity and fidelity.value, workers or cores(), different_subjects
    )
    runs = [path for path in given if (path / RECORD).is_file()]
    files = iter(locate_all([path for path in given if path not in runs], SCENARIO, shipped))
    found = report.sides([path if path in runs else next(files) for path in given], MODEL, settings)
    weighed = read_weights(weights, found) if weights is not None else {}
    words = language(lang)
    final = out / folder.name_of(found, words, weighed)
    if not folder.reusable(final, folder.wanted(found, words, weighed)):
        plans = [side.plan for side in found if not side.finished]
        if plans:
            taken = cost.of_several(plans)
            cost.refuse(plans[0], taken, out, "--draws", yes)
            foretell(taken)
        make_way(final)
        with progress("compare") as told:
            folder.make(found, final, words, command_line(), told, weighed)
    show(folder.read(final), words)


def show(found: "FinishedRun", lang: "Lang") -> None:
    """Print what differs, the differences of each side, the asks side by side, and where the files are."""
    from mobank.report.compare.tables import footnotes, tables

    say("")
    for each in tables(found, lang):
        table(each)
    paragraph(footnotes(found, lang), "dim")
    made(found.folder)


if TYPE_CHECKING:
    from mobank.base.quantities import Lang
    from mobank.report.run.record import FinishedRun
