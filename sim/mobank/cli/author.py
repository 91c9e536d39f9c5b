"""`mobank new` and `mobank schema`: what helps to write a scenario."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.errors import InputError, Problem, shown
from mobank.base.files import begins_with, cannot_write, refuse_foreign, write_for_user
from mobank.base.workspace import SCENARIO, here, home, is_below, locate, scope
from mobank.cli.terminal import ForceOption, ShippedOption, say

if TYPE_CHECKING:
    from mobank.scenario.nouns import Noun


def schema(
    out: Annotated[Path | None, typer.Option(help="File (.json, .md) to write; default: the terminal.")] = None,
    desk: Annotated[bool, typer.Option("--desk", help="Of desk studies rather than of scenarios.")] = False,
    job: Annotated[bool, typer.Option("--job", help="Of job files rather than of scenarios.")] = False,
    page: Annotated[bool, typer.Option("--reference", help="A page of all keys in place of the schema.")] = False,
    force: ForceOption = False,
) -> None:
    """Print the JSON Schema of scenario files: completion and explanations (zh, en) in editors."""
    if desk and job:
        raise InputError([Problem("--desk", "cannot stand beside --job", "ask for one of them", "--job")])
    text = _page(_keys(desk, job)) if page else _schema(_keys(desk, job))
    ending = ".md" if page else ".json"
    if out is None:
        say(text.removesuffix("\n"))
    elif out.suffix != ending:
        raise InputError([Problem(shown(str(out)), f"must end with {ending}", key="--out")])
    else:
        write_for_user(out, text, _is_page if page else _is_schema, force, "--out")


def new(
    question: Annotated[str, typer.Argument(help="What you want to know, in quotes.")],
    out: Annotated[Path | None, typer.Option(help="The file; default: in scenarios/, named by the question.")] = None,
    extends: Annotated[Path, typer.Option(help="The scenario to start from: a file or a name.")] = Path("baseline"),
    shipped: ShippedOption = False,
) -> None:
    """Write a commented scenario to start from, and beside it the schema that gives completion in editors."""
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.reader import load
    from mobank.scenario.schema import FILE_NAME
    from mobank.scenario.template import file_name, template

    asked = _one_line(question)
    parent = locate(extends, SCENARIO, shipped)
    loaded = load(parent, MODEL)
    path = out or here() / SCENARIO.folders[0] / file_name(asked)
    if path.suffix not in (".yaml", ".yml"):
        raise InputError([Problem(shown(str(path)), "must end with .yaml", key="--out")])
    if not scope().allows(parent):
        raise InputError([scope().refusal(str(parent), "--extends", None)])
    root = here() if out is None else home(path)
    text, beside = template(asked, _reference(parent, path, root), loaded), path.parent / FILE_NAME
    refuse_foreign([path], lambda there: False, False, "--out", "name another file")
    refuse_foreign([beside], _is_schema, False, "--out", "move it away, or name a file in another folder")
    _stand(path, make=out is None)
    write_for_user(beside, _schema(_keys()), _is_schema, key="--out")
    write_for_user(path, text, lambda there: False, key="--out")
    say(f"{path}\nnext: mobank check {path}")


def _reference(parent: Path, file: Path, root: Path) -> str:
    """Return how a file refers to the one that it extends: by path in its workspace (the root), else by name.

    Raises
    ------
    InputError
        If another scenario of that name comes first.
    """
    if is_below(parent, root):
        return Path(os.path.relpath(parent, file.parent)).as_posix()
    reference = scope(file).spelled(parent, SCENARIO)
    found = scope(file).find(reference, file.parent, SCENARIO) if reference else None
    if found is None or os.path.realpath(found) != os.path.realpath(parent):
        allowed = f"cannot be extended by name: {found or 'another file'} comes first"
        raise InputError([Problem(shown(parent.stem), allowed, "rename that one, or extend it", "--extends")])
    return reference


def _one_line(question: str) -> str:
    asked = " ".join(question.split())
    if not asked or not asked.isprintable():
        raise InputError([Problem(shown(asked), "is not a question", "write what you want to know", "QUESTION")])
    return asked


def _keys(desk: bool = False, job: bool = False) -> "type[Noun]":
    """Return the keys of a kind of file."""
    if job:
        from mobank.batch.keys import JobKeys

        return JobKeys
    if desk:
        from mobank.scenario.keys.desk import StudyKeys

        return StudyKeys
    from mobank.scenario.keys.scenario import ScenarioKeys

    return ScenarioKeys


def _schema(keys: "type[Noun]") -> str:
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.schema import schema

    return json.dumps(schema(MODEL, keys), ensure_ascii=False, indent=1) + "\n"


def _page(keys: "type[Noun]") -> str:
    from mobank.scenario.reference import reference

    return reference(keys)


_is_schema = begins_with(b'"title": "mobank: ')
_is_page = begins_with(b"# Keys of ")


def _stand(path: Path, make: bool) -> None:
    """Refuse a file in a folder that is not there, or with `make`, make it."""
    try:
        if make:
            path.parent.mkdir(parents=True, exist_ok=True)
        os.stat(path.parent)
    except OSError as error:
        raise cannot_write(path, error, "--out") from None
