"""The one way to the terminal: text is shown as it is written, in any width, and what shows while something runs.

Nothing of it is read as markup, and nothing is cut: texts are wrapped, tables become narrower in another way.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.limits import WorkCost, duration
from mobank.base.quantities import Lang
from mobank.cli.output import spelled, visible
from mobank.report.render.text_table import Line, Look, Piece, TextTable, laid_out, wrapped

if TYPE_CHECKING:
    from rich.progress import Progress

DEFAULT_WIDTH, LEAST_WIDTH = 80, 20
WORTH_SAYING = 60.0  # seconds
LOOKS: dict[Look, str] = {"bold": "\x1b[1m", "dim": "\x1b[2m", "": "\x1b[0m"}


LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="Language of tables and charts; default: the locale's.")
]

ShippedOption = Annotated[
    bool, typer.Option("--shipped", help="Look among the files shipped with mobank only, by name.")
]


PlanOption = Annotated[bool, typer.Option("--plan", help="Show the time, memory and disk it takes; compute nothing.")]

YesOption = Annotated[bool, typer.Option("--yes", help="Begin also what takes more than an hour.")]

ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite a file that mobank did not write.")]


def language(asked: str | None) -> Lang:
    """Return "zh" or "en": as asked, else that of the environment."""
    if asked:
        return "zh" if asked == "zh" else "en"
    local = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if local.startswith("zh") else "en"


def make_way(final: Path) -> None:
    """Put a folder aside that is not what a run will write under its name, and say so."""
    from mobank.base.files import cannot_write, put_aside

    if final.exists():
        try:
            other = put_aside(final)
        except OSError as error:
            raise cannot_write(final, error) from None
        warn(f"{final.as_posix()} has been changed; it is now {other.as_posix()}")


def command_line() -> str:
    """Return what was typed, as records keep it."""
    return " ".join(["mobank", *sys.argv[1:]])


# ------------ what is shown


def say(*texts: str) -> None:
    """Print texts that are not wrapped, as paths and commands are, a line each."""
    for text in texts:
        print(visible(text))


def warn(text: str) -> None:
    """Print a text among the errors."""
    print(visible(text), file=sys.stderr, flush=True)


def heading(text: str) -> None:
    """Print what a command is about, between blank lines."""
    _print([(), *_lines(text, "bold"), ()])


def paragraph(text: str, look: Look = "") -> None:
    """Print a text of one or more lines, each wrapped to the width of the terminal."""
    _print(_lines(text, look))


def table(shown: TextTable) -> None:
    """Print a table, in whatever form there is room for."""
    spelling = sys.stdout.encoding
    fit = shown.spelled(lambda text: spelled(visible(text), spelling))
    _print(laid_out(fit, width(), spelled("─", spelling)))


def made(folder: Path) -> None:
    """Print where the files of a command are, and their names."""
    say("", f"{folder.as_posix()}/")
    paragraph("  " + "  ".join(sorted(path.name for path in folder.iterdir())), "dim")


def width() -> int:
    """Return how many columns there are: of the terminal, else of COLUMNS, else 80."""
    return max(shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, LEAST_WIDTH)


def _lines(text: str, look: Look) -> list[Line]:
    fit = spelled(visible(text), sys.stdout.encoding)
    return [(Piece(line, look),) for line in wrapped(fit, width())]


def _print(lines: Iterable[Line]) -> None:
    for line in lines:
        put(*line)


def put(*pieces: tuple[str, Look]) -> None:
    """Print a line of pieces, each in its look where the terminal has looks."""
    known = os.environ
    old = known.get("TERM") == "dumb" or (os.name == "nt" and "WT_SESSION" not in known)
    if old or "NO_COLOR" in known or not sys.stdout.isatty():
        print(visible("".join(text for text, _ in pieces)).rstrip())
    else:
        print("".join(f"{LOOKS[look]}{visible(text)}{LOOKS['']}" if look else visible(text) for text, look in pieces))


# ------------ what is at work


def foretell(taken: WorkCost) -> None:
    """Say how long something will take, where one would wonder."""
    if taken.seconds > WORTH_SAYING:
        warn(f"this takes about {duration(taken.seconds)}")


def progress_bar(*fields: str) -> "Progress":
    """Return a bar that is named by its task, with further fields of the task; it reads no text as markup."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    texts = [TextColumn(text, markup=False) for text in ("{task.description}", "{task.percentage:.0f} %", *fields)]
    columns = (texts[0], BarColumn(), *texts[1:], TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True, markup=False, emoji=False, highlight=False), transient=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function (done, total) that moves a bar; in a log, one line where a bar cannot move."""
    if not sys.stderr.isatty():
        warn(f"{what} …")
        yield lambda done, total: None
        return
    with progress_bar() as bar:
        task = bar.add_task(visible(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
