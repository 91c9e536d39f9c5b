"""Who may import whom: rooms in one order, held against every import statement, those in functions included."""

import ast
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from mobank.base.compiled import sources as compiled_sources
from mobank.fidelity import people

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "sim"
PACKAGE = SOURCE / "mobank"

# A room imports only rooms above it; inside a room modules make no circle. The last one is the public face.
ROOMS = ("base", "model", "desk", "scenario", "dynamics", "fidelity", "ensemble", "report", "spreadsheets", "batch",
         "calibration", "api", "cli", "")  # fmt: skip
NAMES_THE_MODEL = ("api", "cli", "")  # below them a Model is an argument
STRANGERS = ({"batch", "calibration"},)  # neither knows the other
READ_FILES = ("mobank.scenario.yaml_files", "mobank.scenario.cursor", "mobank.scenario.reader")
MAY_READ_FILES = ("scenario", "report", "spreadsheets", "batch", "calibration", "api", "cli", "")
GENERATORS = ("random", "secrets", "uuid", "numpy.random", "scipy.stats")
MAY_MAKE_GENERATORS = (  # the latter wraps emcee's, seeded by a stream
    "sim/mobank/base/streams.py",
    "sim/mobank/calibration/sampler/proposals.py",
)


@cache
def modules():
    """Return the file of each module by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported(path):
    """Return every dotted name that a file imports, at its top or inside a function; `from a import b` is also a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or PACKAGE not in path.parents, f"{path}: relative import"
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def own_imports(name):
    """Return the modules of ours that a module imports; a package is imported only if a name of its own is."""
    found = {n for n in imported(modules()[name]) if n in modules()}
    return {n for n in found if not any(other.startswith(f"{n}.") for other in found)} - {name}


def room(name):
    """Return the room that a module is in; "" for the public face, which is whatever stands beside the rooms."""
    second = [*name.split("."), ""][1]
    return second if second in ROOMS else ""


def test_every_folder_of_the_package_is_a_room():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name not in ("__pycache__", "shipped")}
    assert folders == set(ROOMS) - {""}


def test_a_room_imports_only_rooms_above_it():
    wrong = {
        name: sorted(n for n in own_imports(name) if ROOMS.index(room(n)) > ROOMS.index(room(name)))
        for name in modules()
    }
    assert {name: others for name, others in wrong.items() if others} == {}


def test_rooms_that_do_not_know_each_other():
    for pair in STRANGERS:
        for name in (n for n in modules() if room(n) in pair):
            assert {room(n) for n in own_imports(name)} & (pair - {room(name)}) == set(), name


def test_inside_a_room_no_modules_import_each_other_round_a_circle():
    done, on_the_way = set(), []

    def visit(name):
        assert name not in on_the_way, f"a circle: {' → '.join([*on_the_way, name])}"
        if name not in done:
            on_the_way.append(name)
            for other in sorted(own_imports(name)):
                visit(other)
            on_the_way.pop()
            done.add(name)

    for name in modules():
        visit(name)


def test_only_the_command_and_the_public_face_name_the_concrete_model():
    users = {room(name) for name in modules() if "mobank.model.mobile_banking" in own_imports(name)}
    assert users
    assert users <= set(NAMES_THE_MODEL)


def test_what_computes_reads_no_files():
    for name in (n for n in modules() if room(n) not in MAY_READ_FILES):
        assert own_imports(name) & set(READ_FILES) == set(), name


def test_fidelities_do_not_know_of_each_other():
    four = {f"mobank.fidelity.{name}" for name in ("agents", "cohort", "mean_field", "processes")}
    assert {name: own_imports(name) & four for name in four} == {name: set() for name in four}


def test_others_use_the_face_of_people_and_nothing_inside():
    inside = {name for name in modules() if name.startswith("mobank.fidelity.people.")}
    others = {name: own_imports(name) & inside for name in modules() if not name.startswith("mobank.fidelity.people")}
    assert {name: found for name, found in others.items() if found} == {}


def test_the_face_of_people_gives_what_it_names_and_refuses_another_name():
    assert {name for name in people.__all__ if getattr(people, name).__name__ != name} <= {"Each"}
    with pytest.raises(AttributeError, match=r"module 'mobank.fidelity.people' has no attribute 'crowds'"):
        _ = people.crowds


def test_nothing_names_the_source_folder_as_a_package():
    """`import sim.mobank` would load a second copy of everything."""
    files = [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "calibration").rglob("*.py")]
    said = [(p, n) for p in files for n in imported(p) if n.partition(".")[0] in ("sim", "calibration")]
    assert said == []
    texts = [*files, *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "pyproject.toml", ROOT / "Makefile"]
    words = ("sim." + "mobank", "python -m " + "sim", '"-m", "' + 'sim"', "sim." + "cli")
    texts.remove(Path(__file__).resolve())
    assert [(p.name, w) for p in texts for w in words if w in p.read_text(encoding="utf-8")] == []


def test_no_class_name_stands_twice():
    seen = {}
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                seen.setdefault(node.name, []).append(name)
    assert {name: places for name, places in seen.items() if len(places) > 1} == {}


def compiled_modules():
    """Return the modules that hold compiled code: those whose change changes the key of the cache."""
    sources = {PACKAGE / path for path, _ in compiled_sources()}
    return [name for name, path in modules().items() if path in sources]


def test_compiled_code_knows_numpy_and_numba_and_other_compiled_code_only():
    """A constant of any other file would be compiled in, and a change of it would not change the key of the cache."""
    names = compiled_modules()
    known = {"numpy", "numba", "llvmlite", *sys.stdlib_module_names}
    ours = {*names, "mobank.base.arrays", "mobank.base.cache", "mobank.base.compiled"}
    assert {"mobank.base.kernels.draws", "mobank.fidelity.people.simd"} <= set(names)
    for name in names:
        assert own_imports(name) <= ours, name
        assert {n.partition(".")[0] for n in imported(modules()[name]) - own_imports(name)} - {"mobank"} <= known, name


def test_no_compiled_function_is_kept_but_by_the_one_that_keeps_them_all():
    makers = {"numba.njit", "numba.jit", "numba.vectorize", "numba.guvectorize", "numba.cfunc"}
    assert [name for name, path in modules().items() if imported(path) & makers] == []


# ------------ generators


def luck_makers(path):
    """Return what in a file makes random numbers: an import of a generator, or `….random…` as an attribute."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    heads = {n for n in imported(path) for g in GENERATORS if n == g or n.startswith(f"{g}.")}
    attributes = {
        f"{ast.unparse(node.value)}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("random", "urandom", "default_rng", "RandomState", "rvs")
    }
    return heads - {"scipy.stats"} | attributes


def test_only_the_streams_make_luck():
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "calibration").rglob("*.py")]
    guilty = {str(p.relative_to(ROOT)): luck_makers(p) for p in files if luck_makers(p)}
    assert {f: what for f, what in guilty.items() if f not in MAY_MAKE_GENERATORS} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import random",
        "from numpy.random import default_rng",
        "import numpy as np\nnp.random.seed(1)",
        "import uuid",
        "import os\nos.urandom(8)",
        "def f():\n    from random import choice",
    ],
)
def test_a_generator_would_be_found(tmp_path, line):
    (tmp_path / "guilty.py").write_text(line, encoding="utf-8")
    assert luck_makers(tmp_path / "guilty.py")


# ------------ what a quick command loads

HEAVY = ("scipy.stats", "pandas", "numba", "matplotlib", "pyarrow")
LIBRARIES = {"scipy", "pandas", "numba", "matplotlib", "pyarrow"}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}


def loaded_by(*names):
    program = f"import {', '.join(names)}; import sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["mobank.scenario.reader", "mobank.model.mobile_banking", "mobank.cli", "mobank"])
def test_reading_a_scenario_loads_no_heavy_library(name):
    assert loaded_by(name) & set(HEAVY) == set()


def test_a_run_of_the_cohort_does_not_load_the_compiled_code_of_people():
    loaded = loaded_by("mobank.ensemble.run", "mobank.batch.unit")
    assert "mobank.base.kernels.month" in loaded
    assert [name for name in loaded if name.startswith("mobank.fidelity.people.")] == []


@pytest.mark.parametrize(
    "words",
    [
        ("resolve", "scenarios/win_back.yaml"),
        ("schema",),
        ("new", "Why?", "--out", "new.yaml"),
        ("check",),
        ("--help",),
    ],
    ids=lambda words: words[0].strip("-"),
)
def test_a_quick_command_loads_no_heavy_library_while_it_works(words, tmp_path):
    """Counted when the command is done, since a command imports what it needs inside."""
    for folder in ("scenarios", "calibration/banks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    program = (
        "import atexit, sys; from mobank.cli import main; sys.argv[0] = 'mobank'\n"
        "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr)); main()"
    )
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert {name.partition(".")[0] for name in done.stderr.split()} & LIBRARIES == set()
