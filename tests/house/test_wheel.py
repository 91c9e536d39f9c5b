"""The wheel: it holds what git tracks and nothing else, and every command works by name where there is nothing but it.

The environment that it is installed into sees the dependencies of the one that runs the tests, so that this takes
seconds; `.ci/run` installs everything anew.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRAFTS = (
    "scenarios/draft.yaml",
    "scenarios/drafts/one.yaml",
    "calibration/banks/my [draft] 1.yaml",
    "sim/mobank/draft.py",
    "tests/draft.py",
)
IGNORED = ("scenarios/scenario.schema.json",)
SHIPPED = {
    "scenarios": "scenarios",
    "calibration/banks": "banks",
    "calibration/posteriors": "posteriors",
    "calibration/backtest": "backtest",
    "calibration/priors/bank.yaml": "priors",
    "calibration/priors/open.yaml": "priors",
    "calibration/priors/tables": "priors",
}
A_QUICK_FIT = """
import sys
from mobank.calibration.sampler import ensembles
from mobank.cli import main
ensembles.EFFORTS["full"] = ensembles.Effort(2, 64, 10, 14)
sys.argv = ["mobank", "calibrate", "icbc_mobile", "--workers", "1", *sys.argv[1:]]
main()
"""
STRANGERS = """
from pathlib import Path
Path("calibration").mkdir(exist_ok=True)
for name in ("sim.py", "scenario.py", "calibration/__init__.py"):
    Path(name).write_text("raise SystemExit('read in the place of ours')")
"""

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout: git does not say what is tracked")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """Return a checkout of its own with the files of this one that git tracks, and drafts beside them."""
    place = tmp_path_factory.mktemp("checkout")
    for name in tracked(ROOT):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    for words in (("init", "--quiet"), ("add", "--all")):
        subprocess.run(["git", *words], cwd=place, check=True)
    for name in (*DRAFTS, *IGNORED):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("a draft", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def sdist(checkout, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(out)]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    return next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory) -> Path:
    return wheel_of(checkout, tmp_path_factory.mktemp("wheel"))


def wheel_of(source: Path, out: Path) -> Path:
    options = ["--quiet", "--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "-w", str(out), str(source)], check=True)
    return next(out.glob("*.whl"))


def tracked(root: Path) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, encoding="utf-8")
    return {name for name in listed.stdout.split("\0") if name}


# ------------ what is in it


def test_the_wheel_holds_the_package_and_the_data_that_git_tracks_and_nothing_else(wheel, checkout):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {name.removeprefix("sim/") for name in tracked(checkout) if name.startswith("sim/mobank/")}
    expected |= {f"mobank/shipped/{name}" for name in tracked(checkout) if name.startswith(tuple(SHIPPED))}
    assert {name for name in names if not name.startswith("mobank-")} == expected
    assert "mobank/shipped/scenarios/baseline.yaml" in expected
    assert "mobank/shipped/calibration/priors/tables/hyper.yaml" in expected
    assert {name.split("/")[1] for name in names if name.startswith("mobank-")} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
    }


def test_the_sdist_holds_tests_and_docs_too_and_no_draft(sdist, checkout):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO"} == {name for name in tracked(checkout) if not name.startswith((".ci/", ".github/"))}


def test_a_wheel_made_from_the_sdist_is_the_same(sdist, wheel, tmp_path):
    assert wheel_of(sdist, tmp_path).read_bytes() == wheel.read_bytes()


# ------------ what it does

Run = Callable[..., str]


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """Return an environment with the wheel, which sees the dependencies of this one but not its mobank."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    options = ["--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)], check=True)
    packages = next((place / "lib").glob("*/site-packages"))
    seen = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "dependencies.pth").write_text("\n".join(seen), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def mobank(environment, tmp_path_factory) -> Run:
    """Return a runner of the installed command in one folder, empty at first; it returns what is printed."""
    place = tmp_path_factory.mktemp("empty")

    def run(*words: str, program: str = "", code: int = 0) -> str:
        command = [str(environment / "bin/python"), "-c", program] if program else [str(environment / "bin/mobank")]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        fixed = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [*command, *words], cwd=place, env=kept | fixed, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_every_command_works_by_name_in_an_empty_folder(mobank, environment):
    """In one test, since the order is that of a new user; the package stays as it was installed."""
    package = next(environment.glob("lib/*/site-packages/mobank/shipped"))
    before = {path: path.stat().st_mtime_ns for path in package.rglob("*")}
    assert f"files shipped in {package.as_posix()}/scenarios/ checked: no problems." in mobank("check")
    assert "outputs/baseline-" in mobank("run", "baseline", "--draws", "50", "--no-shares")
    assert "outputs/" in mobank("compare", "baseline", "better_release", "--draws", "20")
    assert "outputs/posterior_icbc_mobile" in mobank("posterior", "icbc_mobile", "--lang", "en")
    assert "6 units, 6 computed now" in mobank("batch", "smoke")
    assert "outputs/" in mobank("desk", "remote_service", "--days", "1")
    assert mobank("new", "What if it rains?").startswith("scenarios/what_if_it_rains.yaml\n")
    assert mobank("check") == "1 file in scenarios/ checked: no problems.\n"
    assert mobank("check", "what_if_it_rains") == "1 file checked: no problems.\n"
    assert {path: path.stat().st_mtime_ns for path in package.rglob("*")} == before


@pytest.mark.slow
def test_what_calibrate_prints_is_how_a_scenario_takes_what_it_fitted(mobank):
    said = mobank(program=A_QUICK_FIT)
    assert "\ncalibration/posteriors/icbc_mobile/\nin a scenario: posterior: icbc_mobile\n" in said
    said = mobank("--seed", "2", "--out", "elsewhere", program=A_QUICK_FIT)
    assert "\nelsewhere/icbc_mobile/\nin a scenario: posterior: elsewhere/icbc_mobile\n" in said
    mobank("new", "Elsewhere?")
    (line,) = (line for line in said.splitlines() if line.startswith("in a scenario: "))
    advice = line.removeprefix("in a scenario: ")
    mobank(program=f"print({advice!r}, file=open('scenarios/elsewhere.yaml', 'a'))")
    assert "elsewhere/icbc_mobile" in mobank("resolve", "elsewhere")
    assert "outputs/elsewhere-" in mobank("run", "elsewhere", "--draws", "20", "--no-shares")


def test_files_of_a_user_by_the_names_of_ours_break_nothing(mobank):
    mobank(program=STRANGERS)
    assert "no problems" in mobank("check", "baseline")
    assert "no problems" in mobank("check", "baseline", program="from mobank.cli import main; main()")
    assert "Usage" in mobank("--help", program="import runpy; runpy.run_module('mobank', run_name='__main__')")
