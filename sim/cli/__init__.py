"""The command `mobank`: one file a group of verbs; a user's mistake gets one clear message and exit code 2."""

import sys

import typer

from sim.cli import author, backtest, compare, describe, resolve, run
from sim.errors import MobankError

app = typer.Typer(
    help=__doc__ and "Simulate the growth of a bank's mobile banking from scenario files (YAML).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("check")(run.check)
app.command("compare")(compare.compare)
app.command("backtest")(backtest.backtest)
app.command("describe")(describe.describe)
app.command("replay")(run.replay)
app.command("resolve")(resolve.resolve)
app.command("schema")(author.schema)
app.command("new")(author.new)


INTERRUPTED = 130  # how typer ends after Ctrl-C


def main() -> None:
    """Run the command; an error of ours becomes its message on stderr and its exit code."""
    try:
        app()
    except MobankError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            print("stopped; nothing was left half-written", file=sys.stderr)
        raise
