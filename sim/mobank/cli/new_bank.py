"""`mobank new-bank`: makes the working folder the workspace of a bank of one's own."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem, shown
from mobank.base.files import cannot_write, refuse_foreign, write
from mobank.base.quantities import Month, QuantityError, read_interval, read_month
from mobank.base.workspace import EXTENDED, SCENARIO, TARGET, shipped
from mobank.cli.terminal import LangOption, language, say

LONGEST_NAME = 60
A_NAME = r"\w[\w.-]*"  # of a file, and of a folder


def new_bank(
    bank: Annotated[str, typer.Argument(metavar="BANK", help="A short name for its files, such as mybank.")],
    name: Annotated[str, typer.Option(help="The bank's name as it is printed.")],
    customers: Annotated[
        str, typer.Option(help="All its customers, such as 4200万; left out: how many could register is not known.")
    ] = "",
    as_of: Annotated[str, typer.Option(help="The month of that count; default: this month.")] = "",
    lang: LangOption = None,
) -> None:
    """Make the working folder a workspace for a bank: a target with neutral priors, a first scenario, a README."""
    from mobank.scenario.bank_template import baseline, readme, target

    words = language(lang)
    printed = " ".join(name.split())
    month = _checked(bank, printed, customers, as_of)
    texts = {
        Path(TARGET.folders[0], f"{bank}.yaml"): target(bank, printed, customers.strip(), month, words),
        Path(SCENARIO.folders[0], "baseline.yaml"): baseline(bank, words),
    }
    if not Path("README.md").exists():
        texts[Path("README.md")] = readme(bank, printed, words)
    _write(texts)
    say(*(path.as_posix() for path in texts), f"next: mobank import FILE --into {bank}")


def _checked(bank: str, name: str, customers: str, as_of: str) -> Month:
    """Return the month of the count of customers, if all that was typed can stand in the files."""
    problems = []
    if not re.fullmatch(A_NAME, bank) or len(bank) > LONGEST_NAME:
        allowed = f"must be a name of letters, digits, _ and -, at most {LONGEST_NAME}"
        problems.append(Problem(shown(bank), allowed, "such as mybank", "BANK"))
    elif bank in EXTENDED.names(shipped()):
        problems.append(Problem(shown(bank), "is the name of a file that is shipped", "take another one", "BANK"))
    if not name or not name.isprintable():
        problems.append(Problem(shown(name), "is not the name of a bank", "write it as it is printed", "--name"))
    try:
        if customers:
            read_interval(customers)
    except QuantityError as error:
        problems.append(Problem(error.found, error.allowed, error.hint, "--customers"))
    month = Month.of(date.today().year, date.today().month)
    try:
        month = read_month(as_of) if as_of else month
    except QuantityError as error:
        problems.append(Problem(error.found, error.allowed, error.hint, "--as-of"))
    if problems:
        raise InputError(problems)
    return month


def _write(texts: dict[Path, str]) -> None:
    """Write all files, or none where one is there already."""
    refuse_foreign(list(texts), lambda there: False, False, hint="stand in an empty folder, or edit it")
    made: list[Path] = []
    try:
        for path, text in texts.items():
            made.append(path)
            write(path, text)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise cannot_write(made[-1], error) from None
