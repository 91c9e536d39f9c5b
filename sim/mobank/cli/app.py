"""What can be typed after `mobank`: the commands by name, one file a group of verbs."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem, shown
from mobank.cli import (
    author,
    backtest,
    batch,
    calibrate,
    compare,
    describe,
    desk,
    export,
    import_,
    new_bank,
    posterior,
    resolve,
    rounds,
    run,
    sbc,
)
from mobank.cli.output import readable
from mobank.cli.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # a text of ours or of a user is no markup, and no cell of a help table is cut
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"mobank {version('mobank')}")
        raise typer.Exit


@app.callback()
def mobank(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Simulate the growth of a bank's mobile banking from scenario files (YAML)."""


COMMANDS: dict[str, Callable[..., None]] = {
    "run": run.run,
    "check": run.check,
    "batch": batch.batch,
    "results": batch.results,
    "compare": compare.compare,
    "export": export.export,
    "desk": desk.desk,
    "import": import_.import_,
    "calibrate": calibrate.calibrate,
    "posterior": posterior.posterior,
    "sbc": sbc.sbc,
    "backtest": backtest.backtest,
    "describe": describe.describe,
    "replay": run.replay,
    "resolve": resolve.resolve,
    "schema": author.schema,
    "new": author.new,
    "new-bank": new_bank.new_bank,
}
GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {"round": (rounds.HELP, rounds.COMMANDS)}


def _add(there: typer.Typer, commands: dict[str, Callable[..., None]]) -> None:
    for name, function in commands.items():
        there.command(name, short_help=(function.__doc__ or "").partition("\n")[0])(function)  # not cut to a width


_add(app, COMMANDS)
for group, (text, commands) in GROUPS.items():
    _add(below := typer.Typer(no_args_is_help=True, rich_markup_mode=None), commands)
    app.add_typer(below, name=group, help=text, short_help=text)


def command() -> None:
    """Run the command that was typed."""
    for text in (*sys.argv[1:], os.getcwd()):
        if readable(text) != text:
            encoding = sys.getfilesystemencoding()
            hint = "rename it" if encoding == "utf-8" else "set PYTHONUTF8=1"
            raise InputError(
                [Problem(shown(readable(text)), f"is no name in the encoding of this system, {encoding}", hint)]
            )
    app()
