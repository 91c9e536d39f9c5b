"""What the terminal shows while something runs, and in which language."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mobank.base.quantities import Lang


class Language(StrEnum):
    """Language of tables and charts."""

    en = "en"
    zh = "zh"


LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="Language of tables and charts; default: the locale's.")
]

ShippedOption = Annotated[
    bool, typer.Option("--shipped", help="Look among the files shipped with mobank only, by name.")
]


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
        print(f"{final.as_posix()} has been changed; it is now {other.as_posix()}", file=sys.stderr)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function (done, total) that moves a bar; in a log, one line where a bar cannot move."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"{what} …", file=sys.stderr)
        yield lambda done, total: None
        return
    with Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
