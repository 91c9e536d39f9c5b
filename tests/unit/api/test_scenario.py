"""Scenarios for programs: what `load` takes, what `with_` changes, and what is told when either goes wrong."""

from pathlib import Path

import pytest

import mobank as mb
from tests.conftest import ROOT

LEVER = "levers.release_keeps_regulars"


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def release():
    return mb.load("scenarios/better_release.yaml")


@pytest.mark.parametrize(
    "source",
    [
        "better_release",
        "scenarios/better_release.yaml",
        Path("scenarios/better_release.yaml"),
        ROOT / "scenarios" / "better_release.yaml",
    ],
)
def test_a_scenario_is_found_by_name_and_by_path(release, source):
    assert mb.load(source) == release


def test_a_scenario_that_is_shipped_is_found_by_name_from_anywhere(release, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert mb.load("better_release").diff(release) == []


def test_a_text_is_a_scenario_and_a_scenario_is_taken_as_it_is(release):
    text = (ROOT / "scenarios" / "better_release.yaml").read_text(encoding="utf-8")
    assert mb.load(text, beside="scenarios", name="better_release") == release
    assert mb.load(release) is release


def test_what_is_written_out_reads_as_the_same_scenario(release):
    assert mb.load(release.to_yaml(), beside="scenarios", name=release.name) == release


@pytest.mark.parametrize("source", [None, 3, ["baseline"]])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(mb.InputError, match="is not a scenario: neither a name, a path nor YAML text"):
        mb.load(source)


def test_a_scenario_is_frozen(release):
    with pytest.raises(AttributeError):
        release.name = "other"


def test_a_change_makes_another_scenario_and_leaves_the_first_alone(release):
    before = release.to_yaml()
    stronger = release.with_({f"{LEVER}.multiply": "-12%"})
    assert stronger != release
    assert hash(stronger) != hash(release)
    assert release.to_yaml() == before
    [lever] = [lever for lever in stronger.levers if lever.name == "release_keeps_regulars"]
    assert lever.amount.prior.centre == pytest.approx(0.88)
    assert stronger.with_({f"{LEVER}.multiply": {"low": "-15%", "high": "-3%"}}).levers[0].amount.prior == (
        release.levers[0].amount.prior
    )


def test_what_differs_is_told_in_the_words_of_the_comparison(release):
    assert release.diff(release) == []
    [sentence] = release.with_({f"{LEVER}.ramp_months": 3}).diff(release)
    assert sentence.startswith("lever release_keeps_regulars: lapse_rate")
    assert release.with_({f"{LEVER}.ramp_months": 3}).diff(release, lang="zh")[0].startswith("举措")


def test_a_change_is_checked_as_a_file_is_and_the_message_has_the_key(release):
    with pytest.raises(mb.InputError) as error:
        release.with_({f"{LEVER}.multiply": "-12"})
    assert str(error.value) == (
        f"scenarios/<with_>  {LEVER}.multiply: '-12' must be a factor, such as +12%, -8% or 1.2; write -12% or 0.88 "
        "to change it by that much\n1 problem; nothing was run."
    )


def test_a_change_that_spoils_other_lines_is_named_beside_them(release):
    with pytest.raises(mb.InputError) as error:
        release.with_({"until": "2024-12"})
    own = [problem for problem in error.value.problems if problem.key == "until"]
    assert [problem.allowed for problem in own] == ["does not fit scenarios/baseline.yaml:15"]


def test_a_sound_scenario_has_no_problems_and_another_has_all_of_them():
    assert mb.check("baseline") == []
    problems = mb.check("extends: baseline.yaml\nuntil: soon\nstart: now\n", beside="scenarios")
    assert [(problem.key, problem.place.line) for problem in problems] == [("until", 2), ("start", 3)]


def test_another_start_or_another_network_is_a_difference():
    network = mb.load(str(ROOT / "scenarios/networks/influencers.yaml"))
    (said,) = network.diff(network.with_({"network.exponent": 2.1}))
    assert "exponent 2.5" in said
    assert "exponent 2.1" in said
    base = mb.load("baseline")
    earlier = base.with_({"posterior": "off", "start": "2021-12"})
    assert any("2021-12" in each and "2022-12" in each for each in base.diff(earlier))
