"""Where files are found: the nearest workspace upward, a path before a name, the workspace before what is shipped."""

from pathlib import Path

import pytest

from mobank.base import workspace as files
from mobank.base.errors import InputError
from mobank.base.workspace import EXTENDED, POSTERIOR, SCENARIO, TARGET


@pytest.fixture
def stand(monkeypatch, tmp_path):
    """Stand in an empty folder with another that is shipped; return a maker of files."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(files, "shipped", lambda: tmp_path / "shipped")

    def write(*paths: str) -> None:
        for path in map(Path, paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.as_posix(), encoding="utf-8")

    return write


@pytest.fixture
def shipped(stand, tmp_path):
    """Ship a baseline, a target and a posterior."""
    root = tmp_path / "shipped"
    stand(f"{root}/scenarios/baseline.yaml", f"{root}/scenarios/networks/influencers.yaml")
    stand(f"{root}/calibration/banks/bank.yaml", f"{root}/calibration/posteriors/bank/posterior.json")
    return root


# ------------ the workspace


@pytest.mark.parametrize("mark", ["scenarios", "calibration"])
def test_the_workspace_is_the_nearest_folder_upward_with_scenarios_or_calibration(stand, monkeypatch, mark):
    stand(f"{mark}/x.yaml", "deep/er/x.txt", "deep/scenarios.txt")
    assert files.workspace() == Path()
    monkeypatch.chdir("deep/er")
    assert files.workspace() == Path("../..")


def test_a_python_package_makes_no_workspace(stand):
    stand("calibration/__init__.py", "scenarios/__init__.py")
    assert files.workspace() is None
    assert files.here() == Path()


def test_the_home_of_a_file_is_its_workspace_else_its_own_folder(stand):
    stand("deep/scenarios/networks/x.yaml", "lonely/x.yaml")
    assert files.home(Path("deep/scenarios/networks/x.yaml")) == Path("deep")
    assert files.home(Path("lonely/x.yaml")) == Path("lonely")


# ------------ what a person names


def test_a_path_comes_before_a_name_and_the_workspace_before_the_shipped(stand, shipped):
    assert files.locate("baseline", SCENARIO) == shipped / "scenarios/baseline.yaml"
    stand("scenarios/baseline.yaml")
    assert files.locate("baseline", SCENARIO) == Path("scenarios/baseline.yaml")
    stand("baseline.yaml")
    assert files.locate("baseline", SCENARIO) == Path("baseline.yaml")
    assert files.locate("baseline", SCENARIO, shipped_only=True) == shipped / "scenarios/baseline.yaml"


@pytest.mark.parametrize(
    "name", ["influencers", "influencers.yaml", "networks/influencers", "scenarios/networks/influencers.yaml"]
)
def test_a_name_may_have_its_suffix_and_the_folders_that_it_lies_in(shipped, name):
    assert files.locate(name, SCENARIO) == shipped / "scenarios/networks/influencers.yaml"


@pytest.mark.parametrize("name", ["old/baseline", "banks/baseline.yaml", "/baseline", "..", ".", ""])
def test_a_name_with_folders_of_others_is_not_taken_for_it(shipped, name):
    assert files.seek(name, SCENARIO) is None


def test_a_name_is_looked_up_in_the_workspace_from_a_folder_deep_in_it(stand, monkeypatch):
    stand("scenarios/mine.yaml", "deep/er/x.txt")
    monkeypatch.chdir("deep/er")
    assert files.locate("mine", SCENARIO) == Path("../../scenarios/mine.yaml")


def test_a_folder_is_no_scenario_and_gives_way_to_a_name_but_is_returned_for_its_reader_to_refuse(stand, shipped):
    Path("baseline").mkdir()
    Path("other").mkdir()
    assert files.locate("baseline", SCENARIO) == shipped / "scenarios/baseline.yaml"
    assert files.locate("other", SCENARIO) == Path("other")


def test_a_posterior_is_a_folder_with_its_record(stand, shipped):
    assert files.locate("bank", POSTERIOR) == shipped / "calibration/posteriors/bank"
    stand("elsewhere/bank/posterior.json", "elsewhere/empty/x.txt")
    assert files.locate("elsewhere/bank", POSTERIOR) == Path("elsewhere/bank")
    assert files.seek("elsewhere/empty/", POSTERIOR) is None


def test_what_is_not_there_is_refused_with_the_nearest_names_of_both_places(stand, shipped):
    stand("scenarios/base.yaml")
    with pytest.raises(InputError) as refusal:
        files.locate("baselin", SCENARIO)
    assert [str(problem) for problem in refusal.value.problems] == [
        "'baselin' is neither a file nor the name of a scenario; did you mean 'base' or 'baseline' (shipped)?"
    ]
    with pytest.raises(InputError) as refusal:
        files.locate("base", SCENARIO, shipped_only=True)
    assert str(refusal.value.problems[0]) == (
        "'base' is not the name of a scenario that is shipped; did you mean 'baseline'?"
    )
    with pytest.raises(InputError, match="'bnk' is neither a folder nor the name of a posterior; did you mean 'bank'"):
        files.locate("bnk", POSTERIOR)


def test_all_that_is_not_there_is_reported_at_once(shipped):
    with pytest.raises(InputError) as refusal:
        files.locate_all(["baseline", "x", "y", "x"], SCENARIO)
    assert [problem.found for problem in refusal.value.problems] == ["'x'", "'y'"]


def test_what_is_at_hand_is_of_the_workspace_and_of_the_shipped_where_it_has_none(stand, shipped):
    assert files.at_hand(SCENARIO) == (shipped / "scenarios", [shipped / "scenarios/baseline.yaml"])
    stand("scenarios/b.yaml", "scenarios/a.yaml", "scenarios/networks/c.yaml")
    assert files.at_hand(SCENARIO)[1] == [Path("scenarios/a.yaml"), Path("scenarios/b.yaml")]
    assert files.at_hand(SCENARIO, shipped_only=True)[0] == shipped / "scenarios"


# ------------ paths of earlier versions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("calibration/data/mine.yaml", "calibration/banks/mine.yaml"),
        ("./calibration/data/peers/abc.yaml", "./calibration/banks/peers/abc.yaml"),
        ("calibration/data/backtest.yaml", "calibration/backtest/priors.yaml"),
        ("calibration/data/backtest_figures.csv", "calibration/backtest/figures.csv"),
    ],
)
def test_a_path_of_an_earlier_version_is_read_where_it_lies_now_and_said_once(stand, capsys, old, new):
    files._say_moved.cache_clear()
    stand(new)
    for _ in range(2):
        assert files.locate(old, TARGET) == Path(new)
    assert capsys.readouterr().err == f"'{old}' is now '{new}', which is read; please write that\n"


def test_a_path_of_an_earlier_version_that_is_still_there_is_read_as_it_is(stand, capsys):
    stand("calibration/data/mine.yaml", "calibration/banks/mine.yaml")
    assert files.locate("calibration/data/mine.yaml", TARGET) == Path("calibration/data/mine.yaml")
    assert capsys.readouterr().err == ""


# ------------ what a file refers to


def test_a_reference_is_a_path_beside_the_file_then_a_name_in_its_workspace_then_among_the_shipped(stand, shipped):
    stand("w/scenarios/x.yaml")
    within = files.scope(Path("w/scenarios/x.yaml"))

    def find(text):
        return within.find(text, Path("w/scenarios"), EXTENDED)

    assert find("baseline") == shipped / "scenarios/baseline.yaml"
    assert find("../calibration/banks/bank.yaml") == shipped / "calibration/banks/bank.yaml"
    stand("w/scenarios/networks/baseline.yaml")
    assert find("baseline") == Path("w/scenarios/networks/baseline.yaml")
    stand("w/scenarios/baseline.yaml")
    assert find("baseline") == find("baseline.yaml") == Path("w/scenarios/baseline.yaml")


def test_a_reference_out_of_the_workspace_is_not_followed_nor_one_through_a_link(stand, shipped, tmp_path):
    stand("w/scenarios/x.yaml", str(tmp_path / "secret.yaml"))
    Path("w/scenarios/link.yaml").symlink_to(tmp_path / "secret.yaml")
    within = files.scope(Path("w/scenarios/x.yaml"))
    for text in ("../../../secret.yaml", str(tmp_path / "secret.yaml"), "link.yaml"):
        assert within.find(text, Path("w/scenarios"), EXTENDED) is None
        assert not within.allows(Path("w/scenarios") / text)


def test_a_workspace_reached_through_a_link_may_be_read(stand, shipped, tmp_path):
    stand(str(tmp_path / "shared/x.yaml"), str(tmp_path / "shared/y.yaml"))
    Path("scenarios").symlink_to(tmp_path / "shared")
    assert files.scope(Path("scenarios/x.yaml")).find("y.yaml", Path("scenarios"), EXTENDED) == Path("scenarios/y.yaml")


def test_a_pattern_matches_beside_the_file_else_in_the_workspace_else_among_the_shipped(stand, shipped, tmp_path):
    stand("w/scenarios/batches/job.yaml")
    within, beside = files.scope(Path("w/scenarios/batches/job.yaml")), Path("w/scenarios/batches")
    assert within.matching("../*.yaml", beside, SCENARIO) == [shipped / "scenarios/baseline.yaml"]
    stand("w/scenarios/a.yaml", str(tmp_path / "secret.yaml"))
    assert within.matching("../*.yaml", beside, SCENARIO) == [Path("w/scenarios/a.yaml")]
    assert within.matching("../../../../*.yaml", beside, SCENARIO) == [Path("w/scenarios/a.yaml")]  # none outside


def test_what_lies_in_the_workspace_is_spelled_by_name_or_from_its_root(stand, shipped, tmp_path):
    stand("calibration/posteriors/mine/posterior.json", "else/bank/posterior.json", "bank/posterior.json")
    within = files.scope(Path("scenarios/x.yaml"))
    for path, text in [
        ("calibration/posteriors/mine", "mine"),
        ("else/bank", "else/bank"),
        ("bank", "./bank"),
        (str(shipped / "calibration/posteriors/bank"), "bank"),
        (str(tmp_path / "x"), ""),
    ]:
        assert within.spelled(Path(path), POSTERIOR) == text
        if text:
            found = within.find(text, Path("scenarios"), POSTERIOR)
            assert found is not None
            assert found.resolve() == Path(path).resolve()


def test_what_an_installed_package_carries_is_known_so_that_nothing_is_written_there(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "PACKAGE", tmp_path / "mobank")
    assert files.in_package(tmp_path / "mobank/shipped/calibration/posteriors")
    assert not files.in_package(tmp_path / "calibration/posteriors")
