"""`mobank import`: figures of a person's own table into a target."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.errors import InputError, Problem, shown
from mobank.base.files import cannot_write, write
from mobank.base.workspace import TARGET, in_package, locate
from mobank.cli.terminal import LangOption, language, say, warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mobank.base.quantities import Lang
    from mobank.spreadsheets.interpret import Imported
    from mobank.spreadsheets.target_text import Changes

MOST_LINES = 40  # of one kind that are printed


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook (.xlsx, .xlsm, .xls, .xlsb, .ods) or CSV.")],
    into: Annotated[
        str, typer.Option(metavar="BANK", help="The target that the figures go into: a file or a name.")
    ] = "",
    map_: Annotated[
        Path | None,
        typer.Option("--map", help="How the table is read; default: FILE's name with .map.yaml, beside it."),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what is new, changed or gone, and write changed figures, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show only; write nothing.")] = False,
    lang: LangOption = None,
) -> None:
    """Import figures of a table: first a map of it is written, to be completed; the same command again reads."""
    from mobank.model.mobile_banking import MODEL
    from mobank.spreadsheets.commands import look, map_of, put_into, read, refuse_wrong

    words = language(lang)
    path = map_ or map_of(file)
    target = _target(into) if into else None
    if not path.exists():
        seen = look(file, MODEL, words)
        if dry_run:
            say(*seen.text.splitlines())
            return
        _write(path, seen.text, "--map")
        _say(words, "found", file=file.name, tables=seen.tables, figures=seen.figures)
        _say(words, "next", map=path.as_posix(), todo=seen.text.count(": TODO"))
        return
    found, known = read(file, path, MODEL)
    if target is None:
        refuse_wrong(found, MODEL)
        _summary(found, file, words)
        return
    changes = put_into(target, found, known, MODEL, file.name, datetime.date.today().isoformat(), words)
    _summary(found, file, words)
    if diff or dry_run:
        _show(changes, words)
    elif changes.changed:
        held, first = changes.changed[0]
        counted = f"{len(changes.changed)} figures differ from what {target.name} holds"
        allowed = f"(first {first.figure.dated}: {held.text} there, {first.figure.text} here)"
        hint = "--diff shows and writes them, --dry-run shows them"
        raise InputError([Problem(counted, allowed, hint, place=first.figure.provenance.place)])
    if not dry_run:
        _write(target, changes.text, "--into")
    _say(words, "unwritten" if dry_run else "written", file=target.as_posix(), counts=_counts(changes, words))


def _target(into: str) -> Path:
    found = locate(into, TARGET)
    if in_package(found):
        allowed = "is shipped with mobank, and nothing is written into it"
        raise InputError([Problem(shown(into), allowed, "name a target of your own", "--into")])
    return found


def _write(path: Path, text: str, option: str) -> None:
    """Write a file as a whole; what stands there was read before, or nothing does."""
    try:
        write(path, text)
    except OSError as error:
        raise cannot_write(path, error, option) from None


def _say(words: "Lang", name: str, **known: object) -> None:
    from mobank.spreadsheets.wording import WORDS

    say(WORDS[words][name].format(**known))


def _summary(found: "Imported", file: Path, words: "Lang") -> None:
    """Print how many figures of which measures were read, and on stderr what was not or is to be looked at."""
    from mobank.spreadsheets.wording import WORDS

    counts: dict[str, int] = {}
    for each in found.figures:
        counts[each.figure.of] = counts.get(each.figure.of, 0) + 1
    what = ", ".join(f"{name} {count}" for name, count in counts.items())
    _say(words, "read", count=len(found.figures), file=file.name, what=what)
    if found.remarks:
        warn(WORDS[words]["remarks"])
    for kind in dict.fromkeys(remark.kind for remark in found.remarks):
        own = [remark for remark in found.remarks if remark.kind == kind]
        for remark in own[:MOST_LINES]:
            warn(f"  {remark.where}  {WORDS[words][kind]}{f': {remark.text}' if remark.text else ''}")
        if len(own) > MOST_LINES:
            warn("  " + WORDS[words]["more"].format(count=len(own) - MOST_LINES))


def _show(changes: "Changes", words: "Lang") -> None:
    """Print what is new, changed and gone."""
    new = [f"+ {e.figure.of} {e.figure.dated}: {e.figure.text}  {e.figure.provenance.source}" for e in changes.new]
    changed = [
        f"~ {e.figure.of} {e.figure.dated}: {held.text} → {e.figure.text}  {e.figure.provenance.source}"
        for held, e in changes.changed
    ]
    gone = [f"- {'.'.join(filter(None, key[:2]))} {key[2]}: {held.text}  {held.source}" for key, held in changes.gone]
    _list("new", new, words)
    _list("changed", changed, words)
    _list("gone", gone, words)


def _list(name: str, lines: "Sequence[str]", words: "Lang") -> None:
    from mobank.spreadsheets.wording import WORDS

    said: Mapping[str, str] = WORDS[words]
    if lines:
        say(f"{said[name]} ({len(lines)}):")
    for line in lines[:MOST_LINES]:
        say(f"  {line}")
    if len(lines) > MOST_LINES:
        say("  " + said["more"].format(count=len(lines) - MOST_LINES))


def _counts(changes: "Changes", words: "Lang") -> str:
    from mobank.spreadsheets.wording import WORDS

    counts = {
        "new": len(changes.new), "changed": len(changes.changed), "gone": len(changes.gone), "same": changes.same,
    }  # fmt: skip
    said = WORDS[words]
    return ", ".join(f"{count} {said[name]}" for name, count in counts.items() if count) or "0"
