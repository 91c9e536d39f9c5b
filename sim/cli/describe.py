"""`mobank describe`: the model as tables, read from MODEL itself."""

from sim.cli.terminal import LangOption, language


def describe(lang: LangOption = None) -> None:
    """Show the model: states, flows with their hazards, parameters with plausible ranges, measures."""
    from rich.console import Console

    from sim.model import MODEL
    from sim.report.model_tables import tables

    console = Console(highlight=False)
    for table in tables(MODEL, language(lang)):
        console.print(table)
