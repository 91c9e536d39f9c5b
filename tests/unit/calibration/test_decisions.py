"""What was said of a figure that lies far out is kept once, and `--update` asks before it goes on."""

import json
from dataclasses import replace

import pytest

from mobank.base.errors import InputError
from mobank.calibration.rounds.decisions import Decision, TakenAs, keep

DECISION = Decision(
    "icbc_mobile", "icbc_mobile", "ab12", 1, "mau", "2023-12", "2.6亿户", "article", "a report, 2024",
    TakenAs.new_definition, 0.067, 0.91, -10.6, -8.20407123, (1.7e8, 1.89e8, 2.1e8), (1.7e8, 1.89e8, 2.16e8),
)  # fmt: skip


def test_a_decision_is_a_file_of_its_figure_with_prior_odds_and_both_scores(tmp_path):
    [path] = keep([DECISION], tmp_path, force=False)
    assert path == tmp_path / "icbc_mobile" / "decisions" / "mau-2023-12.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["taken_as"], found["before"], found["after"]) == ("break", 0.067, 0.91)
    assert (found["log_score"], found["log_score_printed"]) == (-10.6, -8.20407)
    assert [each.name for each in path.parent.iterdir()] == ["mau-2023-12.json"]


def test_the_same_is_kept_again_and_another_only_by_force(tmp_path):
    [path] = keep([DECISION], tmp_path, force=False)
    keep([DECISION], tmp_path, force=False)
    before, other = path.read_bytes(), replace(DECISION, taken_as=TakenAs.true_change)
    with pytest.raises(InputError) as refused:
        keep([replace(DECISION, month="2024-12"), other], tmp_path, force=False)
    told = f"--as: '{path}' holds another decision on this figure; --force overwrites it"
    assert str(refused.value) == f"{told}\n1 problem; nothing was run."
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["mau-2023-12.json"], "all or none"
    keep([other], tmp_path, force=True)
    assert json.loads(path.read_text(encoding="utf-8"))["taken_as"] == "true"


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "icbc_mobile").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        keep([DECISION], tmp_path, force=False)


FAR = """extends: icbc_mobile
reported:
  mau: {2023-12: {figure: 超2.60亿户, definition: mobile_side, source: made up, evidence: article}}
  registered: {2023-12: {figure: 5.55亿户, definition: mobile_bank_customers, source: made up, evidence: article}}
"""
LAST = "1 problem; nothing was run.\n"


@pytest.mark.slow
def test_a_figure_far_out_is_asked_about_kept_and_not_weighed_as_a_new_definition(mobank, tmp_path):
    target, record = tmp_path / "calibration/banks/far.yaml", tmp_path / "rounds/far/decisions/mau-2023-12.json"
    target.parent.mkdir(parents=True)
    target.write_text(FAR, encoding="utf-8")
    update = ("calibrate", "far", "--update", "icbc_mobile")
    where = "calibration/banks/far.yaml:3  reported.mau.2023-12: '超2.60亿户'"

    code, out, errors = mobank(*update)
    assert (code, out) == (2, "")
    asked = "repeat with --as break, or with --as true if the bank itself has changed\n"
    assert errors.startswith(f"updating icbc_mobile …\n{where} may count something else than the figures before it: ")
    assert errors.endswith(f", 6.7% before it was known; {asked}{LAST}")
    assert not record.exists()

    code, out, errors = mobank(*update, "--as", "break")
    assert (code, out) == (2, "")
    assert errors == (
        f"updating icbc_mobile …\n{where} is taken as a new definition (rounds/far/decisions/mau-2023-12.json), by "
        "which old draws cannot be weighed; give it a definition of its own, write against: that name in "
        f"definitions.mobile_side, and fit again without --update\n{LAST}"
    )
    kept = json.loads(record.read_text(encoding="utf-8"))
    assert kept["log_score"] < kept["log_score_printed"], "print may jump, so it is less surprised"
    assert kept["after"] > 0.8
    assert kept["before"] == pytest.approx(0.067, abs=0.001)

    code, _, errors = mobank(*update, "--as", "true", "--force")
    assert (code, errors.endswith("fit again without --update\n")) == (1, True), "too few draws are left of the old"
    assert json.loads(record.read_text(encoding="utf-8"))["taken_as"] == "true"
    assert not (tmp_path / "calibration/posteriors").exists()


def test_what_a_figure_is_taken_as_needs_an_update(mobank):
    told = "--as true says what a new figure is; it stands beside --update\n"
    assert mobank("calibrate", "--as", "true") == (2, "", f"{told}{LAST}")
