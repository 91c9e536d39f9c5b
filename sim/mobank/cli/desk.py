"""`mobank desk`: a staffed service desk at its real size, from its study to a table, a chart and a capacity."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.quantities import MOST_SEED
from mobank.base.workspace import DESK, locate
from mobank.cli.terminal import (
    LangOption,
    ShippedOption,
    command_line,
    heading,
    language,
    made,
    paragraph,
    progress,
    table,
)


def desk(
    study: Annotated[Path, typer.Argument(help="Desk study: a file (YAML) or a name, such as remote_service.")],
    days: Annotated[int, typer.Option(min=1, max=1000, help="Open days that are played contact by contact.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the contacts' luck.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the study's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Study a staffed desk: waits, who gives up, set-ups a month, and the staff that a service level takes."""
    from mobank.scenario.desk_study import load_study

    loaded = load_study(locate(study, DESK, shipped))
    from mobank.report.desk import answer as report

    words = language(lang)
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
