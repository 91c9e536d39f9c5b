"""`mobank run`, `check` and `replay`: from a scenario file to a folder, and one replicate of it again."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.errors import InputError, Problem
from mobank.base.limits import rows, text
from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED
from mobank.base.workspace import SCENARIO, at_hand, here, locate
from mobank.cli.terminal import (
    LangOption,
    PlanOption,
    ShippedOption,
    YesOption,
    command_line,
    foretell,
    heading,
    language,
    made,
    make_way,
    paragraph,
    progress,
    say,
    table,
)


class Fidelity(StrEnum):
    """How the population is represented."""

    cohort = "cohort"
    mean_field = "mean_field"
    processes = "processes"
    agents = "agents"


def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario: a file (YAML) or a name, such as baseline.")],
    draws: Annotated[int, typer.Option(min=1, max=10_000_000, help="Replicates, each with a draw of its own.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of all luck.")] = 1,
    fidelity: Annotated[
        Fidelity,
        typer.Option(
            help="cohort: whole persons; mean_field: expectations; agents: one record a person; "
            "processes: one life at a time (small banks)."
        ),
    ] = Fidelity.cohort,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Threads; 0 for all cores.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the run's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    by_segment: Annotated[bool, typer.Option("--by-segment", help="Keep the paths of each segment too.")] = False,
    shares: Annotated[
        bool | None,
        typer.Option(
            "--shares/--no-shares",
            help="Tell what the spread comes from, which takes twice as long; default: yes, but for single lives.",
        ),
    ] = None,
    plan_only: PlanOption = False,
    yes: YesOption = False,
    shipped: ShippedOption = False,
) -> None:
    """Run a scenario: summary table, report, fan charts, and the path of every replicate."""
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.reader import load

    loaded = load(locate(scenario, SCENARIO, shipped), MODEL)
    from mobank.ensemble.plan import Plan
    from mobank.fidelity import BYTES_A_LIFE
    from mobank.report.run import cost, folder
    from mobank.report.run.record import reusable

    plan = Plan(MODEL, loaded, draws, seed, fidelity.value, by_segment, workers or cores())
    words = language(lang)
    spread = plan.fidelity not in BYTES_A_LIFE if shares is None else shares
    taken = cost.of(plan, spread)
    if plan_only:
        say(text(rows(taken, out, words)))
        return
    final = out / folder.name_of(plan, words, spread)
    if reusable(final, folder.identity(plan, words, spread)) is None:
        cost.refuse(plan, taken, out, "--draws", yes)
        foretell(taken)
        make_way(final)
        with progress(loaded.name) as report:
            folder.make(plan, final, words, command_line(), report, spread)
    show(final, plan, words)


def show(where: Path, plan: "Plan", lang: "Lang") -> None:
    """Print the question, the table of year-ends, what it rests on, and where the files are."""
    from mobank.base.cells import read_table
    from mobank.report.questions import asks_table, note
    from mobank.report.run.record import ASKS, DRIVERS, SUMMARY
    from mobank.report.run.spread import verdicts
    from mobank.report.tables import footnotes, year_end_table

    paragraph(f"\n{whose(plan.scenario, lang)}", "dim")
    heading(plan.scenario.question_zh if lang == "zh" else plan.scenario.question)
    table(year_end_table(where / SUMMARY, plan, lang))
    for region in plan.regions:
        paragraph(region, "bold")
        table(year_end_table(where / SUMMARY, plan, lang, region))
    if plan.scenario.asks:
        table(asks_table(read_table(where / ASKS), lang))
        paragraph(note(lang), "dim")
    if (where / DRIVERS).exists():
        paragraph("\n".join(verdicts(read_table(where / DRIVERS), plan.model, lang)) + "\n")
    paragraph(footnotes(plan, lang), "dim")
    made(where)


def whose(scenario: "Scenario", lang: "Lang") -> str:
    """Return which bank a scenario is about, and the file that says what it has reported."""
    subject = scenario.subject[1 if lang == "zh" else 0] or scenario.subject[0]
    figure = scenario.reported[0].provenance.place if scenario.reported else None
    file = figure.file if figure else scenario.files[-1]
    return " · ".join(filter(None, (subject, Path(file).as_posix())))


def check(
    scenarios: Annotated[
        list[Path] | None,
        typer.Argument(help="Files or names of scenarios; default: all in scenarios/, else all that are shipped."),
    ] = None,
    shipped: ShippedOption = False,
) -> None:
    """Check scenario files: every problem of all of them, and nothing is run."""
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.reader import load

    folder, all_there = at_hand(SCENARIO, shipped)
    files = scenarios or all_there
    problems: list[Problem] = []
    for path in files:
        try:
            load(locate(path, SCENARIO, shipped and bool(scenarios)), MODEL)
        except InputError as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise InputError(problems)
    whose = "in" if folder.is_relative_to(here()) else "shipped in"
    where = "" if scenarios else f" {whose} {folder.as_posix()}/"
    say(f"{len(files)} file{'s' if len(files) > 1 else ''}{where} checked: no problems.")


def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    replicate: Annotated[int, typer.Option(min=0, help="Number of the replicate, from 0.")],
) -> None:
    """Compute one replicate of a finished run alone, and compare it with what was written."""
    from mobank.model.mobile_banking import MODEL
    from mobank.report.run.record import plan_of, read
    from mobank.report.run.replay import compare

    found = read(folder)
    plan = plan_of(found, MODEL)
    if replicate >= plan.draws:
        allowed = f"is not a replicate of this run (0 to {plan.draws - 1})"
        raise InputError([Problem(str(replicate), allowed, key="--replicate")])
    with progress(f"replicate {replicate} of {plan.scenario.name}"):
        said = compare(found, plan, replicate)
    say(said)


if TYPE_CHECKING:
    from mobank.base.quantities import Lang
    from mobank.ensemble.plan import Plan
    from mobank.scenario.scenario import Scenario
