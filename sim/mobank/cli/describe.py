"""`mobank describe`: the model as tables, read from MODEL itself."""

from mobank.cli.terminal import LangOption, language, table


def describe(lang: LangOption = None) -> None:
    """Show the model: states, flows with their hazards, parameters with plausible ranges, measures."""
    from mobank.model.mobile_banking import MODEL
    from mobank.report.model_tables import tables

    for each in tables(MODEL, language(lang)):
        table(each)
