"""`mobank resolve`: the effective scenario, and which file and line said each value."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem
from mobank.base.workspace import SCENARIO, locate
from mobank.cli.terminal import ShippedOption, put


def resolve(
    scenario: Annotated[Path, typer.Argument(help="Scenario: a file (YAML) or a name, such as baseline.")],
    shipped: ShippedOption = False,
) -> None:
    """Show the scenario after `extends`: every value, with the file and line that it came from."""
    from mobank.model.mobile_banking import MODEL
    from mobank.report.resolved import annotated
    from mobank.scenario.desk_study import with_desks
    from mobank.scenario.yaml_files import load_extended

    tree, files = load_extended(locate(scenario, SCENARIO, shipped))
    problems: list[Problem] = []
    tree, _ = with_desks(tree, files, MODEL, problems)
    if problems:
        raise InputError(problems)
    for line, comment in annotated(tree, files):
        put((line, ""), (comment, "dim"))
