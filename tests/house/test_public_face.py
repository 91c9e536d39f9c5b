"""The public face: its names and signatures are a contract, it is quick to import, typed, and its examples are true.

`python -m tests.house.test_public_face` writes the contract anew, where a change of it is meant.
"""

import doctest
import inspect
import os
import re
import runpy
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import mobank as mb
from tests.house.test_layers import ROOMS, loaded_by

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "tests" / "data" / "public_face.txt"
PROGRAM = ROOT / "tests" / "data" / "user_program.py"
PAGE = ROOT / "docs" / "api.md"
MODULES = sorted(path.stem for path in (ROOT / "sim" / "mobank" / "api").glob("[a-z]*.py"))
WRONG = """import mobank as mb

run = mb.run("baseline", drawz=20)
mb.nonsense()
run.quantiles(3)
run.draws = 3
"""


def contract() -> str:
    """Return every public name with its signature; of classes, what they declare themselves too."""
    lines = []
    for name in mb.__all__:
        found = getattr(mb, name)
        made = inspect.isfunction(found) or (issubclass(found, Exception) and "__init__" in vars(found))
        lines.append(f"{name}{signature(found) if made else ''}")
        lines += [f"    {line}" for line in (members(found) if inspect.isclass(found) else [])]
    return "\n".join(lines) + "\n"


def members(kind: type) -> list[str]:
    own = {name: kind.__dict__.get(name) for name in (*inspect.get_annotations(kind), *kind.__dict__)}
    return [
        f"{name}{signature(member) if inspect.isfunction(member) else ''}"
        for name, member in own.items()
        if not name.startswith("_")
    ]


def signature(function: object) -> str:
    """Return names and defaults; types are a checker's to hold (see the user program)."""
    whole = inspect.signature(function)  # type: ignore[arg-type]
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in whole.parameters.values()]
    return str(whole.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def test_names_and_signatures_are_those_of_the_contract():
    assert contract() == CONTRACT.read_text(encoding="utf-8"), (
        "the public face has changed; if that is meant: python -m tests.house.test_public_face"
    )


def test_every_public_name_is_there_and_listed():
    assert list(mb.__all__) == sorted(mb.__all__)
    assert dir(mb) == mb.__all__
    assert all(getattr(mb, name) is not None for name in mb.__all__)
    with pytest.raises(AttributeError, match="module 'mobank' has no attribute 'nonsense'"):
        mb.nonsense()


def test_no_public_name_is_that_of_a_room():
    assert set(mb.__all__) & set(ROOMS) == set()


def test_the_import_loads_nothing_but_itself():
    loaded = loaded_by("mobank")
    assert {name for name in loaded if name.startswith("mobank")} == {"mobank"}
    assert {name.partition(".")[0] for name in loaded} & {"numpy", "scipy", "pandas", "numba", "matplotlib"} == set()


def test_a_scenario_is_loaded_and_checked_without_what_runs_it():
    program = "import mobank as mb, sys; mb.check('baseline'); print('\\n'.join(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "sim")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    assert {name.partition(".")[0] for name in done.stdout.split()} & {"pandas", "numba", "matplotlib"} == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(import_module(f"mobank.api.{name}"), optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.slow
def test_the_examples_of_the_page_are_true(monkeypatch, tmp_path):
    """Run one after the other in an empty folder, as a reader would."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.S | re.M)
    page = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "docs/api.md", str(PAGE), 0)
    assert len(page.examples) > 20
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(page).failed
    assert failed == 0


def test_every_public_name_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in mb.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_program_of_a_user_runs(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(PROGRAM), run_name="__main__")
    assert "is not the folder of a finished run" in capsys.readouterr().out


def test_the_program_of_a_user_is_typed_and_a_wrong_one_is_found(tmp_path):
    """Checked as strictly as our own code; the marker file says that the package is typed."""
    assert (ROOT / "sim" / "mobank" / "py.typed").is_file()
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(PROGRAM), str(wrong)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert [line for line in found if "wrong.py" not in line] == []
    assert [int(line.split(":")[1]) for line in found] == [3, 4, 5, 6], done.stdout + done.stderr


if __name__ == "__main__":
    CONTRACT.write_text(contract(), encoding="utf-8")
