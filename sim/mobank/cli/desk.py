"""`mobank desk`: a staffed service desk at its real size, from its study to a table, a chart and a capacity."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mobank.base.workspace import DESK, locate
from mobank.cli.terminal import LangOption, ShippedOption, language, progress


def desk(
    study: Annotated[Path, typer.Argument(help="Desk study: a file (YAML) or a name, such as remote_service.")],
    days: Annotated[int, typer.Option(min=1, max=1000, help="Open days that are played contact by contact.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the contacts' luck.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the study's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Study a staffed desk: waits, who gives up, set-ups a month, and the staff that a service level takes."""
    from mobank.scenario.desk_study import load_study

    loaded = load_study(locate(study, DESK, shipped))
    from rich.console import Console

    from mobank.report.desk import answer as report

    words = language(lang)
    made_of = report.identity(loaded, days, seed, words)
    final = out / report.name_of(made_of)
    with progress(loaded.name):
        found = report.answer(loaded, days, seed)
        report.write(found, final, made_of, words, " ".join(["mobank", *sys.argv[1:]]))
    console = Console(highlight=False)
    console.print(f"\n[bold]{loaded.question_zh if words == 'zh' else loaded.question}[/bold]\n")
    console.print(report.table(found, words))
    for sentence in report.sentences(found, words):
        console.print(sentence)
    console.print(f"\n{final.as_posix()}/", soft_wrap=True)
    console.print("  " + "  ".join(sorted(p.name for p in final.iterdir())), style="dim")
