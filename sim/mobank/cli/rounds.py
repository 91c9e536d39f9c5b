"""`mobank round`: forecasts frozen before the figures come, closed when they have, and what all of them prove."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.errors import InputError, Problem, shown
from mobank.base.machine import cores
from mobank.base.workspace import ROUNDS, SCENARIO, TARGET, here, locate, own_or
from mobank.cli.terminal import LangOption, ShippedOption, language, paragraph, progress, say, table

if TYPE_CHECKING:
    from mobank.calibration.report.rounds_tables import TextRows

PAGE = "rounds.html"
HELP = "Freeze forecasts before their figures come, score them when they have, and show what all rounds prove."

BankArgument = Annotated[
    Path | None, typer.Argument(metavar="[BANK]", help="Whose rounds: a target's name or file; default: your bank.")
]


def open_(
    bank: BankArgument = None,
    scenario: Annotated[Path, typer.Option(help="What is forecast: a scenario of that bank.")] = Path("baseline"),
    author: Annotated[str, typer.Option(help="Who makes the forecast; default: the name of the user.")] = "",
    why: Annotated[str, typer.Option(help="A line of reason, kept with it.")] = "",
    rival: Annotated[
        Path | None,
        typer.Option(help="Another forecast, .xlsx or .csv: a line a month with quantiles, such as p10, p50 and p90."),
    ] = None,
    draws: Annotated[int, typer.Option(min=100, max=10_000_000, help="Replicates behind the quantiles.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random streams.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Threads; 0 for all cores.")] = 0,
    shipped: ShippedOption = False,
) -> None:
    """Freeze the forecast of a scenario from the last figures on, before the next ones come."""
    from mobank.calibration.rounds import store
    from mobank.calibration.rounds.freeze import open_round
    from mobank.calibration.rounds.rival import read_rival
    from mobank.calibration.targets import load as load_target
    from mobank.ensemble.plan import Plan
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.reader import load

    target = load_target(_target(bank, shipped), MODEL)
    plan = Plan(
        MODEL, load(locate(scenario, SCENARIO, shipped), MODEL), draws, seed, "mean_field", workers=workers or cores()
    )
    another = read_rival(_file(rival), plan) if rival else (("", ""), [])
    user = os.environ.get("USER") or os.environ.get("USERNAME") or ""
    with progress(f"{target.name}, {plan.scenario.name}") as report:
        opened = open_round(plan, target, _line(author) or user, _line(why), another, report)
    folder = store.save(opened, plan.scenario.resolved, here() / ROUNDS)
    keys = [each.key for each in opened.forecasts]
    measures = ", ".join(dict.fromkeys(measure for measure, _, _ in keys))
    bands = list(dict.fromkeys(band for _, band, _ in keys if band))
    regions = f", {len(bands)} regions" if bands else ""
    say(f"frozen: {measures}{regions}, {opened.start + 1} to {opened.until}", f"{folder.as_posix()}/")
    if opened.rival:
        common = sum(each.key in set(keys) for each in opened.rival)
        say(f"{opened.rival_file[0]}: {common} of its {len(opened.rival)} forecasts are of these months")
    say(f"when a figure has come: mobank round close {target.name}")


def close(bank: BankArgument = None, lang: LangOption = None, shipped: ShippedOption = False) -> None:
    """Score the open rounds of a bank by the figures that have come into its target since."""
    from datetime import date

    from mobank.calibration.report.rounds_page import sentences
    from mobank.calibration.report.rounds_tables import scores_table, standings_table
    from mobank.calibration.rounds.closing import close_all
    from mobank.calibration.rounds.track_record import cases_of, standings
    from mobank.calibration.targets import load
    from mobank.model.mobile_banking import MODEL

    target, words = load(_target(bank, shipped), MODEL), language(lang)
    found = close_all(target, MODEL, here() / ROUNDS, date.today())
    if not found:
        raise InputError([_none(target.name)])
    new = [case for each in found for case in cases_of(each.round, each.new)]
    if not new:
        say(f"nothing new: no figure has come for what rounds of {target.name} still forecast")
    if restated := sum(each.restated for each in found):
        say(f"restated since they were scored, and kept beside the first prints: {restated}")
    if new:
        _show(scores_table(new, MODEL, words, brief=True))
        proved = standings([case for each in found for case in cases_of(each.round, each.scores)])
        _show(standings_table(proved, MODEL, words, brief=True))
        paragraph("\n".join(sentences(proved, MODEL, words)), "dim")


def list_(bank: BankArgument = None, lang: LangOption = None, shipped: ShippedOption = False) -> None:
    """List the rounds of a bank, or of all banks: who, from when, and which figures have come and are not scored."""
    from mobank.calibration.report.rounds_tables import rounds_table
    from mobank.calibration.rounds import store
    from mobank.calibration.rounds.closing import listed
    from mobank.calibration.targets import load
    from mobank.model.mobile_banking import MODEL

    names = [bank] if bank else [Path(name) for name in store.banks(here() / ROUNDS)]
    targets = [load(_target(each, shipped), MODEL) for each in names]
    found = [each for target in targets for each in listed(target, here() / ROUNDS)]
    if not found:
        raise InputError([_none(targets[0].name if targets else "BANK")])
    _show(rounds_table(found, language(lang)))
    for name in dict.fromkeys(each.round.bank for each in found if each.due):
        say(f"figures have come that are not scored: mobank round close {name}")


def report(
    bank: BankArgument = None,
    out: Annotated[Path, typer.Option(help="Where the page's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Write a page of all rounds of a bank: what they prove, figure by figure, and what is still open."""
    from mobank.base.files import folder_aside
    from mobank.calibration.report.rounds_page import RoundsOfBank, build
    from mobank.calibration.rounds import decisions
    from mobank.calibration.rounds.closing import listed
    from mobank.calibration.targets import load
    from mobank.model.mobile_banking import MODEL

    target, words = load(_target(bank, shipped), MODEL), language(lang)
    found = listed(target, here() / ROUNDS)
    if not found:
        raise InputError([_none(target.name)])
    said = decisions.read_all(here() / ROUNDS, target.name)
    html = build(RoundsOfBank(target.name, target.scenario.subject, found, said), MODEL, words)
    final = out / f"rounds_{target.name}_{words}"
    with folder_aside(final) as folder:
        (folder / PAGE).write_text(html, encoding="utf-8", newline="\n")
    say((final / PAGE).as_posix())


COMMANDS: dict[str, Callable[..., None]] = {"open": open_, "close": close, "list": list_, "report": report}


def _target(bank: Path | None, shipped: bool) -> Path:
    return locate(bank or own_or("icbc_mobile", TARGET), TARGET, shipped)


def _file(path: Path) -> Path:
    if not path.is_file():
        raise InputError([Problem(shown(path.as_posix()), "is no file", key="--rival")])
    return path


def _line(text: str) -> str:
    return " ".join(text.split())


def _none(bank: str) -> Problem:
    return Problem("no round", f"of {bank} has been opened here", f"mobank round open {bank}")


def _show(rows: "TextRows") -> None:
    from mobank.report.render.text_table import TextTable, table_of

    table(TextTable(table_of(*rows.heads, left=rows.left), rows.rows))
