"""Runs, posteriors and scoreboards that were damaged: F26, F30, F32 and F34 of the trials, by their names."""

import gc
import json
import sys
from pathlib import Path

import pytest

from mobank.base.files import (
    write,
)
from tests.faults.disks import small_disk
from tests.faults.test_batch_faults import content

FEW = ("--draws", "10", "--no-shares", "--lang", "en")
MINE = "these are my notes\n"


def test_f26_an_edited_record_of_a_run_is_refused_by_all_who_read_it(planner):
    assert planner("run", "scenarios/tiny.yaml", *FEW)[0] == 0
    (folder,) = Path("outputs").glob("tiny-*")
    good = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    edits = [{"draws": "ten"}, {"fidelity": "foo"}, {"draws": 5}, {"draws": 20}, {"seed": None}]
    changed = [good | {"identity": good["identity"] | edit} for edit in edits]
    changed.append(good | {"identity": {k: v for k, v in good["identity"].items() if k != "draws"}})
    for content_ in changed:
        (folder / "run.json").write_text(json.dumps(content_), encoding="utf-8")
        for words in (
            ("replay", folder.as_posix(), "--replicate", "0"),
            ("compare", folder.as_posix(), "scenarios/baseline.yaml"),
            ("export", folder.as_posix(), "--xlsx"),
        ):
            code, _, errors = planner(*words)
            assert code == 2, errors
            assert f"{folder.as_posix()}/run.json  " in errors
    advice = errors.partition("run it again: mobank ")[2].splitlines()[0]
    assert planner(*advice.split(), *FEW)[0] == 0


POSTERIOR = Path("calibration/posteriors/icbc_mobile")
USES = (("check", "scenarios/tiny.yaml"), ("run", "scenarios/tiny.yaml", *FEW), ("posterior", "icbc_mobile"))
UPDATE = ("calibrate", "icbc_mobile", "--update", "icbc_mobile")


def test_f30_draws_that_are_gone_cut_or_of_another_are_refused_alike_by_all(planner):
    draws = POSTERIOR / "draws.parquet"
    good = draws.read_bytes()
    other = (POSTERIOR.with_name("icbc_mobile_article_secondary") / "draws.parquet").read_bytes()
    for data in (None, good[:5000], other, b""):
        draws.unlink() if data is None else draws.write_bytes(data)
        for words in (*USES, UPDATE):
            code, said, errors = planner(*words)
            assert (code, said) == (2, ""), errors
            assert "calibration/posteriors/icbc_mobile/draws.parquet" in errors
    draws.write_bytes(good)
    assert planner(*USES[0])[0] == planner(*USES[1])[0] == 0


@pytest.mark.parametrize("text", ["{", "", "{}", "[]", '{"last": 3}'])
def test_f32_an_unreadable_record_of_a_posterior_is_named(planner, text):
    (POSTERIOR / "posterior.json").write_text(text, encoding="utf-8")
    for words in (*USES, UPDATE):
        code, said, errors = planner(*words)
        assert (code, said) == (2, ""), errors
        assert "calibration/posteriors/icbc_mobile/posterior.json" in errors
        assert "did you mean" not in errors


def test_f34_a_damaged_scoreboard_is_refused_before_anything_is_written(planner):
    write(Path("rounds/scoreboard.csv"), "garbage\n")
    before = content(Path("calibration"))
    code, said, errors = planner(*UPDATE)
    assert (code, said) == (2, "")
    assert "rounds/scoreboard.csv:1  the first line must be" in errors
    assert content(Path("calibration")) == before


@pytest.mark.parametrize("kilobytes", [4, 40, 120, 300, 600])
def test_a_run_that_fills_the_disk_leaves_nothing_and_says_one_sentence(planner, tmp_path, monkeypatch, kilobytes):
    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    monkeypatch.setattr("mobank.base.limits.free_on_disk", lambda folder: None)  # others fill it meanwhile
    with small_disk(tmp_path / "disk", kilobytes):
        code, said, errors = planner("run", "scenarios/tiny.yaml", "--draws", "2000", "--no-shares", "--out", "disk")
        gc.collect()
        assert (code, said, content(tmp_path / "disk")) == (1, "", {})
    assert errors.splitlines()[1:] == [errors.splitlines()[-1]]
    assert "could not be written: the disk is full; nothing was left half-written" in errors
    assert ignored == []
