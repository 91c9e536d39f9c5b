"""The README keeps what it promises: its order, its commands, its scenario, its links."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)


def test_the_readme_says_what_it_answers_then_two_commands_then_a_picture_then_the_next_step():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = [text.index(s) for s in ("How many people", "make run", "make test", "![", "## The next step")]
    assert places == sorted(places)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_and_picture_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.slow
def test_the_readmes_own_scenario_and_commands_run(tmp_path: Path):
    for folder in ("scenarios", "calibration/banks"):
        (tmp_path / folder).mkdir(parents=True)
        for file in (ROOT / folder).glob("*.yaml"):
            (tmp_path / folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "scenarios" / "seniors.yaml").write_text(blocks(ROOT / "README.md", "yaml")[0], encoding="utf-8")
    commands = [line for block in blocks(ROOT / "README.md", "sh") for line in block.splitlines() if "mobank" in line]
    assert len(commands) == 4
    for line in commands:
        words = shlex.split(line, comments=True)
        assert words[0] == ".venv/bin/mobank"
        few = ["--draws", "50"] if words[1] in ("run", "compare") else []
        command = [sys.executable, "-m", "mobank", *words[1:], *few]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_examples_of_the_scenario_page_are_understood(tmp_path: Path):
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.reader import load

    base = (ROOT / "scenarios" / "baseline.yaml").as_posix()
    for block in blocks(ROOT / "docs" / "scenarios.md", "yaml")[1:]:
        path = tmp_path / "example.yaml"
        path.write_text(f"extends: {base}\nquestion: An example?\n{block}", encoding="utf-8")
        example = load(path, MODEL)
        assert example.levers or example.asks
