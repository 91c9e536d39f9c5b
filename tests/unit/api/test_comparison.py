"""Comparisons for programs: the tables of the command's folder, whether made here or opened."""

import numpy as np
import pytest

import mobank as mb
from mobank.base.cells import read_table
from tests.conftest import ROOT

DRAWS = 40


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def found():
    base, release = (ROOT / "scenarios" / f"{name}.yaml" for name in ("baseline", "better_release"))
    return mb.compare(base, release, draws=DRAWS)


@pytest.fixture(scope="module")
def saved(found, tmp_path_factory):
    return found.save(tmp_path_factory.mktemp("outputs"))


def test_differences_are_paired_by_replicate(found):
    base, release = (found.runs[label].paths("mau") for label in found.labels)
    row = found.differences.where(measure="mau", month="2025-12")
    assert row.column("mean")[0] == pytest.approx((release - base)[36].mean(), rel=1e-9)
    assert row.column("p5")[0] == pytest.approx(np.quantile((release - base)[36], 0.05), rel=1e-9)


def test_the_answers_of_all_sides_stand_side_by_side(found):
    chances = found.questions.where(ask="two_hundred_million").select("scenario", "chance").rows
    held = found.runs["baseline"].questions["two_hundred_million"].chance
    assert chances[0] == ("baseline", held)
    assert chances[1][0] == "better_release"


def test_what_differs_is_told_in_words(found):
    assert all(sentence.startswith("lever release_keeps") for sentence in found.differs["better_release"])


def test_a_comparison_that_was_opened_has_the_same_tables(found, saved):
    opened = mb.open(saved)
    assert isinstance(opened, mb.Comparison)
    assert opened.labels == found.labels
    assert opened.digest == found.digest
    assert opened.differs == found.differs
    for name in ("differences", "questions", "quantiles"):
        assert repr(getattr(opened, name).rows) == repr(getattr(found, name).rows)
    assert opened.save() == saved


@pytest.mark.slow
def test_what_is_saved_is_the_folder_of_the_command(mobank, saved, tmp_path):
    scenarios = [str(ROOT / "scenarios" / f"{name}.yaml") for name in ("baseline", "better_release")]
    code, _, said = mobank("compare", *scenarios, "--draws", str(DRAWS), "--lang", "en", "--out", str(tmp_path / "o"))
    assert code == 0, said
    [folder] = (tmp_path / "o").iterdir()
    assert folder.name == saved.name
    for path in folder.iterdir():
        if path.name != "compare.json":
            assert (saved / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.slow
def test_another_language_is_another_folder(found, tmp_path):
    saved = found.save(tmp_path, lang="zh")
    assert mb.open(saved).differs["better_release"][0].startswith("新增举措")
    assert read_table(saved / "differences.csv")


def test_runs_are_compared_as_they_are_and_scenarios_are_run_like_the_first():
    base = mb.run("baseline", draws=20, seed=7)
    release = mb.load("better_release")
    two = mb.compare(base, release)
    assert two.runs["baseline"] is base
    assert (two.runs["better_release"].draws, two.runs["better_release"].seed) == (20, 7)


def test_a_folder_of_a_finished_run_is_a_side_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr("mobank.report.run.pictures.draw_all", lambda *_: None)
    folder = mb.run("baseline", draws=5).save(tmp_path, shares=False)
    two = mb.compare(folder, "better_release")
    assert two.labels == ("baseline", "better_release")
    assert two.runs["better_release"].draws == 5


def test_two_scenarios_of_one_name_are_told_apart():
    release = mb.load("better_release")
    weaker = release.with_({"levers.release_keeps_regulars.multiply": "-1%"})
    assert mb.compare(release, weaker, draws=5).labels == ("better_release (1)", "better_release (2)")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["baseline"], "1 scenario cannot be compared; name two or more"),
        (["baseline", "baseline"], "this scenario is the same as baseline"),
        (["baseline", "nosuch"], "nosuch"),
        (["baseline"] * 9, "9 scenarios are too many to tell apart; at most 8"),
    ],
)
def test_what_cannot_be_compared_is_refused(given, message):
    with pytest.raises(mb.InputError, match=message):
        mb.compare(*given, draws=5)


def test_runs_of_other_draws_are_not_compared():
    with pytest.raises(mb.InputError, match=r"draws 5 is not that of baseline \(6\)"):
        mb.compare(mb.run("baseline", draws=6), mb.run("better_release", draws=5))


def test_a_notebook_shows_differences_and_words(found):
    page = found._repr_html_()
    assert len(page.encode()) < 30_000
    assert "better_release" in page
    assert found.digest in page
