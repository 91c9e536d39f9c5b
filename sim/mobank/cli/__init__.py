"""The command `mobank`: one file a group of verbs; a user's mistake gets one clear message and exit code 2."""

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from mobank.base.errors import MobankError
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
    posterior,
    resolve,
    run,
    sbc,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"mobank {version('mobank')}")
        raise typer.Exit


@app.callback()
def mobank(
    told: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and end.")
    ] = False,
) -> None:
    """Simulate the growth of a bank's mobile banking from scenario files (YAML)."""


app.command("run")(run.run)
app.command("check")(run.check)
app.command("batch")(batch.batch)
app.command("results")(batch.results)
app.command("compare")(compare.compare)
app.command("export")(export.export)
app.command("desk")(desk.desk)
app.command("import")(import_.import_)
app.command("calibrate")(calibrate.calibrate)
app.command("posterior")(posterior.posterior)
app.command("sbc")(sbc.sbc)
app.command("backtest")(backtest.backtest)
app.command("describe")(describe.describe)
app.command("replay")(run.replay)
app.command("resolve")(resolve.resolve)
app.command("schema")(author.schema)
app.command("new")(author.new)


INTERRUPTED = 130  # how typer ends after Ctrl-C
TERMINATED = 128 + signal.SIGTERM


def main() -> None:
    """Run the command; an error of ours becomes its message on stderr and its exit code; SIGTERM ends it as Ctrl-C."""
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except MobankError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as stop:
        if stop.code in (INTERRUPTED, TERMINATED):
            print("stopped; nothing was left half-written; the same command again goes on", file=sys.stderr)
        raise


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
