"""Commands take names: of the workspace before the shipped, or with --shipped of the shipped only."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"


@pytest.fixture
def own_baseline(mobank):
    """Put a baseline of one's own into the workspace where the command runs."""
    Path("scenarios").mkdir()
    shutil.copy(BANK, "scenarios/baseline.yaml")


def test_a_name_means_the_scenario_of_the_workspace_and_with_shipped_that_of_the_package(mobank, own_baseline):
    assert mobank("resolve", "baseline")[1].startswith("# scenarios/baseline.yaml\n")
    assert mobank("resolve", "baseline", "--shipped")[1].startswith(f"# {ROOT}/scenarios/baseline.yaml extends ")
    assert mobank("check", "win_back", "baseline") == (0, "2 files checked: no problems.\n", "")


def test_with_shipped_a_path_is_no_name(mobank, own_baseline):
    shutil.copy(BANK, "mine.yaml")
    code, out, err = mobank("resolve", "mine.yaml", "--shipped")
    assert (code, out) == (2, "")
    assert err.startswith("'mine.yaml' is not the name of a scenario that is shipped; ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "bseline"), "'bseline' is neither a file nor the name of a scenario; did you mean 'baseline'"),
        (("batch", "smok"), "'smok' is neither a file nor the name of a job; did you mean 'smoke'"),
        (("desk", "remote"), "'remote' is neither a file nor the name of a desk study; did you mean 'remote_service'"),
        (("calibrate", "icbc_mobil"), "'icbc_mobil' is neither a file nor the name of a target; did you mean"),
        (("sbc", "icbc_mobil"), "'icbc_mobil' is neither a file nor the name of a target; did you mean 'icbc_mobile'"),
        (("posterior", "icbc_mobil"), "'icbc_mobil' is neither a folder nor the name of a posterior; did you mean"),
        (("backtest", "--data", "figurs"), "'figurs' is neither a file nor the name of a file of series; did you mean"),
        (("new", "Why?", "--extends", "bseline"), "'bseline' is neither a file nor the name of a scenario; did you"),
    ],
)
def test_a_name_that_is_not_there_gets_the_nearest_of_its_kind(mobank, words, message):
    code, out, err = mobank(*words)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert "(shipped)?\n1 problem; nothing was run.\n" in err
    assert list(Path().iterdir()) == []


def test_all_names_that_cannot_be_compared_are_reported_at_once(mobank):
    code, _, err = mobank("compare", "baseline", "bseline", "win_bak")
    assert code == 2
    assert [line.partition(" ")[0] for line in err.splitlines()] == ["'bseline'", "'win_bak'", "2"]


def test_a_scenario_of_an_earlier_version_is_read_and_the_new_spelling_is_said_once(mobank):
    Path("scenarios").mkdir()
    text = "extends: ../calibration/data/icbc_mobile.yaml\nquestion: Old?\nuntil: 2027-12\n"
    Path("scenarios/old.yaml").write_text(text, encoding="utf-8")
    code, _, err = mobank("resolve", "old")
    assert code == 0
    assert err == (
        "'../calibration/data/icbc_mobile.yaml' is now '../calibration/banks/icbc_mobile.yaml', which is read; "
        "please write that\n"
    )


def test_a_new_scenario_cannot_extend_what_it_could_not_read(mobank, tmp_path, monkeypatch):
    (tmp_path / "bank.yaml").write_bytes(BANK.read_bytes())
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")
    message = f"--extends: '../bank.yaml' lies outside the workspace ({tmp_path}/w) and is not read"
    code, _, err = mobank("new", "Why?", "--extends", "../bank.yaml")
    assert (code, err.partition(";")[0]) == (2, message)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "advice"),
    [
        ("w/calibration/posteriors/bank", "in a scenario: posterior: bank"),
        ("w/elsewhere/bank", "in a scenario: posterior: elsewhere/bank"),
        (
            "bank",
            "it lies outside the workspace, so scenarios cannot read it: copy it to calibration/posteriors/ there",
        ),
    ],
)
def test_calibrate_says_how_a_scenario_names_what_it_fitted(tmp_path, monkeypatch, capsys, folder, advice):
    from mobank.cli import calibrate

    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "posterior.json").write_text("{}", encoding="utf-8")
    (tmp_path / "w").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / "w")
    calibrate.show(tmp_path / folder)
    assert capsys.readouterr().out == f"{tmp_path}/{folder}/\n{advice}\n"


def test_a_shipped_scenario_behind_one_of_the_same_name_is_not_extended_by_name(mobank, tmp_path):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/baseline.yaml").write_text("extends: baseline\nquestion: Mine?\n", encoding="utf-8")
    code, _, errors = mobank("new", "Why?", "--extends", "baseline", "--shipped")
    wanted = "'baseline' cannot be extended by name: scenarios/baseline.yaml comes first; rename that one, or extend it"
    assert (code, wanted in errors) == (2, True), errors
    assert not (tmp_path / "scenarios/why.yaml").exists()
    assert mobank("new", "Why?")[0] == 0
    assert mobank("check", "why")[0] == 0
