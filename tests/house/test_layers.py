"""Who may import whom: the table of DESIGN §5, held against every import statement, those in functions included."""

import ast
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIM = ROOT / "sim"

# A module imports from rows above its own, never from its own row or below. A package stands for all that is in it,
# and its members may import one another, if they make no circle; those of `fidelity` may not. The sections of a
# scenario file (`scenario_…`) count as such a package.
LAYERS = (
    ("errors",),
    ("quantities", "kernels", "lanes", "located", "memory", "sensitivity"),
    ("streams", "priors", "reading", "planes", "meetings", "graphs", "team"),
    ("spec", "scenario", "sweep"),
    ("model", "step", "trajectory", "staffing", "networks"),
    ("ties",),
    ("ledger", "contacts", "changes", "shocks", "crowd"),
    ("balance", "schedule", "scenario_file", "posteriors"),
    ("draws",),
    ("fidelity.cohort", "fidelity.mean_field", "fidelity.agents", "fidelity.processes", "desk"),
    ("fidelity",),
    ("ensemble",),
    ("asks", "outputs"),
    ("shares",),
    ("drivers",),
    ("report",),
    ("batch",),
    ("cli", "__init__"),
    ("__main__",),
)
TOP = ("cli", "__init__", "__main__")
READING = ("located", "reading", "scenario_file")  # files into a Scenario
TOLD = ("outputs", "batch", "report", *TOP)  # who may read files; below them a Scenario is an argument
GENERATORS = ("random", "secrets", "uuid", "numpy.random", "scipy.stats")
MAY_MAKE_GENERATORS = (  # the latter two wrap emcee's, seeded by a stream
    "sim/streams.py", "calibration/sampler.py", "calibration/moves.py",
)  # fmt: skip


@cache
def modules():
    """Return the file of each module of sim by its name below `sim`; a package by its own name."""
    found = {}
    for path in sorted(SIM.rglob("*.py")):
        parts = path.relative_to(SIM).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


@cache
def imported(path):
    """Return every dotted name that a file imports, at its top or inside a function; `from a import b` is also a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def own_imports(name):
    """Return the modules of sim that a module imports; a package is imported only if a name of its own is."""
    wanted = {n.removeprefix("sim.") for n in imported(modules()[name]) if n.startswith("sim.")}
    found = {n for n in wanted if n in modules()}
    return {n for n in found if not any(other.startswith(f"{n}.") for other in found)} - {name}


def row(name):
    """Return the row of a module: its own or that of the package it is in."""
    name = "scenario_file" if name.startswith("scenario_") else name
    while name:
        for number, names in enumerate(LAYERS):
            if name in names:
                return number
        name = name.rpartition(".")[0]
    return None


def package(name):
    return "scenario_file" if name.startswith("scenario_") else name.partition(".")[0]


def test_every_module_has_its_place_in_the_table():
    assert [name for name in modules() if row(name) is None] == []


def test_a_module_imports_from_rows_above_its_own():
    wrong = {}
    for name in modules():
        mates = set() if package(name) == "fidelity" else {n for n in modules() if package(n) == package(name)}
        wrong[name] = sorted(other for other in own_imports(name) - mates if row(other) >= row(name))
    assert {name: others for name, others in wrong.items() if others} == {}


def test_no_two_modules_import_each_other_round_a_circle():
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


def test_model_step_trajectory_and_scenario_do_not_know_of_one_another():
    four = {"model", "step", "trajectory", "scenario"}
    assert {name: own_imports(name) & four for name in four} == {name: set() for name in four}


def test_only_the_top_layer_imports_the_concrete_model():
    """Below it a Model is an argument. That somebody does import it shows that the test is about something."""
    users = {name for name in modules() if "model" in own_imports(name)}
    assert users
    assert {name for name in users if package(name) not in TOP} == set()


def test_below_the_report_nobody_reads_files():
    below = [name for name in modules() if package(name) not in (*READING, *TOLD)]
    assert {name for name in below if {package(n) for n in own_imports(name)} & set(READING)} == set()


def test_of_sim_only_the_command_imports_calibration():
    users = {name for name in modules() for n in imported(modules()[name]) if package(n) == "calibration"}
    assert {name for name in users if package(name) != "cli"} == set()


def test_the_command_imports_calibration_only_inside_a_command():
    for name in modules():
        for node in ast.parse(modules()[name].read_text(encoding="utf-8")).body:
            names = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            )
            assert not [n for n in names if isinstance(n, str) and n.partition(".")[0] == "calibration"]


def test_calibration_uses_sim_as_anybody_else_would():
    """Public names only: nothing with an underscore, nothing of the command line."""
    for path in sorted((ROOT / "calibration").rglob("*.py")):
        names = {n for n in imported(path) if n.startswith("sim.")}
        assert not [n for n in names if n.startswith("sim.cli") or any(p.startswith("_") for p in n.split("."))], path


def test_kernels_know_numpy_and_numba_only():
    known = {"numpy", "numba", *sys.stdlib_module_names}
    assert {n.partition(".")[0] for n in imported(modules()["kernels"])} <= known


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
    files = [*SIM.rglob("*.py"), *(ROOT / "calibration").rglob("*.py")]
    guilty = {str(p.relative_to(ROOT)): luck_makers(p) for p in files if luck_makers(p)}
    assert {f: what for f, what in guilty.items() if f not in MAY_MAKE_GENERATORS} == {}


@pytest.mark.parametrize(
    "line",
    ["import random", "from numpy.random import default_rng", "import numpy as np\nnp.random.seed(1)", "import uuid",
     "import os\nos.urandom(8)", "def f():\n    from random import choice"],
)  # fmt: skip
def test_a_generator_would_be_found(tmp_path, line):
    (tmp_path / "guilty.py").write_text(line, encoding="utf-8")
    assert luck_makers(tmp_path / "guilty.py")


# ------------ what a quick command loads

HEAVY = ("scipy.stats", "pandas", "numba", "matplotlib", "pyarrow")
LIBRARIES = {"scipy", "pandas", "numba", "matplotlib", "pyarrow"}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def loaded_by(*names):
    program = f"import {', '.join(names)}; import sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["sim.scenario_file", "sim.model", "sim.cli", "sim"])
def test_reading_a_scenario_loads_no_heavy_library(name):
    assert loaded_by(name) & set(HEAVY) == set()


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
    for folder in ("scenarios", "calibration/data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    program = (
        "import atexit, sys; from sim.cli import main; sys.argv[0] = 'mobank'\n"
        "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr)); main()"
    )
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert {name.partition(".")[0] for name in done.stderr.split()} & LIBRARIES == set()
