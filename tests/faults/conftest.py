"""A planner's workspace, in which faults are tried."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT

TINY = "extends: baseline.yaml\nquestion: A tiny one?\nuntil: 2023-03\nasks: off\n"


@pytest.fixture
def planner(mobank, tmp_path, monkeypatch):
    """Return the command in a workspace of its own with a small scenario, no picture drawn."""
    for name in ("scenarios", "calibration"):
        shutil.copytree(ROOT / name, tmp_path / name)
    Path("scenarios/tiny.yaml").write_text(TINY, encoding="utf-8")
    monkeypatch.setattr("mobank.report.run.pictures.draw_all", lambda *_: None)
    return mobank
