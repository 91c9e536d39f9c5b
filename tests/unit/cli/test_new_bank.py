"""`mobank new-bank`: an empty folder becomes a workspace whose files pass the check, and is never another bank's."""

from pathlib import Path

import pytest

from mobank.base.quantities import Month
from mobank.calibration.targets import load as load_target
from mobank.model.mobile_banking import MODEL

FILES = ["README.md", "calibration/banks/mybank.yaml", "scenarios/baseline.yaml"]
ASKED = ("new-bank", "mybank", "--name", "某省农商联社", "--customers", "4,200万", "--as-of", "2022-12")


def written() -> list[str]:
    return sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_empty_folder_becomes_the_workspace_of_a_bank(mobank, lang):
    code, said, _ = mobank(*ASKED, "--lang", lang)
    assert code == 0
    assert written() == FILES
    assert said.splitlines()[-1] == "next: mobank import FILE --into mybank"
    target = load_target(Path(FILES[1]), MODEL)
    (customers,) = target.scenario.reported
    assert (customers.measure, customers.month) == ("customers", Month.of(2022, 12))
    assert (customers.interval.low, customers.interval.high) == (41_995_000, 42_005_000)
    assert customers.provenance.evidence == "internal"
    assert target.scenario.pool is None
    assert target.scenario.subject == ("某省农商联社", "某省农商联社")
    assert "mobank import figures.xlsx --into mybank" in Path("README.md").read_text(encoding="utf-8")


def test_without_customers_how_many_could_register_is_an_unknown(mobank):
    assert mobank(*ASKED[:4])[0] == 0
    file = Path(FILES[1])
    own = "reported: {registered: {2022-12: {figure: 900万, source: s, evidence: article}}}\n"
    file.write_text(file.read_text(encoding="utf-8") + own, encoding="utf-8")
    assert load_target(file, MODEL).scenario.pool is not None


def test_what_is_there_is_left_as_it_is(mobank):
    Path("README.md").write_text("mine", encoding="utf-8")
    assert mobank(*ASKED)[0] == 0
    before = {path: Path(path).read_bytes() for path in FILES}
    code, _, refusal = mobank(*ASKED)
    assert code == 2
    assert "'calibration/banks/mybank.yaml' exists already" in refusal
    assert {path: Path(path).read_bytes() for path in FILES} == before
    assert before["README.md"] == b"mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("../x", "--name", "n"), "BANK: '../x' must be a name of letters"),
        (("bank", "--name", "n"), "BANK: 'bank' is the name of a file that is shipped"),
        (("icbc_mobile", "--name", "n"), "BANK: 'icbc_mobile' is the name of a file that is shipped"),
        (("b", "--name", " "), "--name: '' is not the name of a bank"),
        (("b", "--name", "n", "--customers", "many"), "--customers: 'many' must be a reported figure"),
        (("b", "--name", "n", "--customers", "1万", "--as-of", "soon"), "--as-of: 'soon' must be a month"),
    ],
)
def test_what_cannot_stand_in_the_files_is_refused_before_any_is_written(mobank, arguments, message):
    code, _, refusal = mobank("new-bank", *arguments)
    assert code == 2
    assert refusal.startswith(message)
    assert written() == []


@pytest.mark.parametrize("name", ["optimistic", "scenarios/optimistic.yaml"])
def test_nobody_gets_the_forecast_of_another_bank_without_a_word(mobank, name):
    assert mobank(*ASKED)[0] == 0
    code, _, refusal = mobank("check", name)
    assert code == 2
    assert "is shipped, and not about the bank of this workspace (mybank); there: baseline; or repeat with" in refusal
    assert mobank("check", "optimistic", "--shipped")[0] == 0


def test_the_bank_of_the_workspace_is_the_one_that_is_fitted(mobank):
    assert mobank(*ASKED)[0] == 0
    assert "calibration/banks/mybank.yaml" in mobank("calibrate")[2]
    assert mobank("new-bank", "other", "--name", "n")[0] == 2  # its baseline would be overwritten
    Path("calibration/banks/other.yaml").write_text("extends: bank\n", encoding="utf-8")
    assert "must be one of mybank, other" in mobank("calibrate")[2]
