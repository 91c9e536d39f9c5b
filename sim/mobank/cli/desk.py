"""`mobank desk`: a staffed service desk at its real size, from its study to a table, a chart and a capacity."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.limits import refuse, rows, text
from mobank.base.quantities import MOST_SEED
from mobank.base.workspace import DESK, locate
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
    paragraph,
    progress,
    say,
    table,
)


def desk(
    study: Annotated[Path, typer.Argument(help="Desk study: a file (YAML) or a name, such as remote_service.")],
    days: Annotated[int, typer.Option(min=1, max=1000, help="Open days that are played contact by contact.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the contacts' luck.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the study's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    plan: PlanOption = False,
    yes: YesOption = False,
    shipped: ShippedOption = False,
) -> None:
    """Study a staffed desk: waits, who gives up, set-ups a month, and the staff that a service level takes."""
    from mobank.scenario.desk_study import load_study

    loaded = load_study(locate(study, DESK, shipped))
    from mobank.desk import cost

    words, taken = language(lang), cost.of(loaded, days)
    if plan:
        say(text(rows(taken, out, words)))
        return
    what = f"{days:,} day{'s' if days > 1 else ''} of {loaded.number('offered_a_day'):,.0f} {loaded.channel}"
    refuse(taken, what, out, "--days", "play fewer days, or a smaller desk", yes)
    foretell(taken)
    from mobank.report.desk import answer as report

    made_of = report.identity(loaded, days, seed, words)
    final = out / report.name_of(made_of)
    with progress(loaded.name):
        found = report.answer(loaded, days, seed)
        report.write(found, final, made_of, words, command_line())
    heading(loaded.question_zh if words == "zh" else loaded.question)
    table(report.table(found, words))
    for sentence in report.sentences(found, words):
        paragraph(sentence)
    made(final)
