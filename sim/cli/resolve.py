"""`mobank resolve`: the effective scenario, and which file and line said each value."""

from pathlib import Path
from typing import Annotated

import typer


def resolve(scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")]) -> None:
    """Show the scenario after `extends`: every value, with the file and line that it came from."""
    from sim.located import load_extended
    from sim.report.resolved import annotated

    for line, comment in annotated(*load_extended(scenario)):
        typer.echo(line + typer.style(comment, dim=True) if comment else line)
