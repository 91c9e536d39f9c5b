"""`mobank new` and `mobank schema`: what helps to write a scenario."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem, shown
from mobank.base.workspace import SCENARIO, here, home, is_below, locate, scope
from mobank.cli.terminal import ShippedOption


def schema(
    out: Annotated[Path | None, typer.Option(help="File (.json) to write; default: the terminal.")] = None,
    desk: Annotated[bool, typer.Option("--desk", help="Of desk studies rather than of scenarios.")] = False,
) -> None:
    """Print the JSON Schema of scenario files: completion and explanations (zh, en) in editors."""
    if out is None:
        typer.echo(_schema(desk), nl=False)
    elif out.suffix != ".json":
        raise InputError([Problem(shown(str(out)), "must end with .json", key="--out")])
    else:
        _write(out, _schema(desk), anew=False)


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
    _write(path, template(asked, _reference(parent, path, root), loaded), anew=True, folder=out is None)
    _write(path.parent / FILE_NAME, _schema(), anew=False)
    typer.echo(f"{path}\nnext: mobank check {path}")


def _reference(parent: Path, file: Path, root: Path) -> str:
    """Return how a file refers to the one that it extends: by path in its workspace (the root), else by name."""
    if is_below(parent, root):
        return Path(os.path.relpath(parent, file.parent)).as_posix()
    return scope(file).spelled(parent, SCENARIO)


def _one_line(question: str) -> str:
    asked = " ".join(question.split())
    if not asked or not asked.isprintable():
        raise InputError([Problem(shown(asked), "is not a question", "write what you want to know", "QUESTION")])
    return asked


def _schema(desk: bool = False) -> str:
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.keys.desk import StudyKeys
    from mobank.scenario.keys.scenario import ScenarioKeys
    from mobank.scenario.schema import schema

    return json.dumps(schema(MODEL, StudyKeys if desk else ScenarioKeys), ensure_ascii=False, indent=1) + "\n"


def _write(path: Path, text: str, anew: bool, folder: bool = False) -> None:
    """Write a file; with `anew` only where there is none yet; with `folder` its folder is made."""
    try:
        if folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x" if anew else "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError([Problem(shown(str(path)), "exists already", "name another file", "--out")]) from None
    except OSError as error:
        raise InputError([Problem(shown(str(path)), f"cannot be written ({error.strerror})", key="--out")]) from None
