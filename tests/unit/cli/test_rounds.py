"""`mobank round` from an open round to its page: the commands in a workspace of one's own, with few draws."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

OPEN = ("round", "open", "mybank", "--draws", "200", "--author", "Li", "--why", "before the annual report")
FIGURES = """reported:
  mau: {2023-12: {figure: 超1.90亿户, definition: mobile_side, source: made up, evidence: article}}
"""
LAST = "1 problem; nothing was run.\n"


@pytest.fixture
def bank(mobank):
    """Return the command in a workspace of a bank that stands for ICBC, with a rival's forecast beside it."""
    for folder in ("calibration/banks", "scenarios"):
        Path(folder).mkdir(parents=True)
    Path("calibration/banks/mybank.yaml").write_text("extends: icbc_mobile\n", encoding="utf-8")
    Path("scenarios/baseline.yaml").write_text(
        "extends: ../calibration/banks/mybank.yaml\nquestion: How many?\nstart: 2022-12\nuntil: 2024-06\n"
        "posterior: icbc_mobile\n",
        encoding="utf-8",
    )
    Path("rival.csv").write_text("month,mau p10,mau p50,mau p90\n2023-12,170m,180m,190m\n", encoding="utf-8")
    return mobank


def come(text=FIGURES):
    Path("calibration/banks/mybank.yaml").write_text(f"extends: icbc_mobile\n{text}", encoding="utf-8")


def test_a_round_goes_from_open_to_closed_and_its_page_says_so(bank, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    code, said, errors = bank(*OPEN, "--rival", "rival.csv")
    assert (code, errors) == (0, "mybank, baseline …\n")
    assert said == (
        "frozen: registered, mau, 2023-01 to 2024-06\nrounds/mybank/2022-12/\n"
        "rival.csv: 1 of its 1 forecasts are of these months\nwhen a figure has come: mobank round close mybank\n"
    )
    frozen = Path("rounds/mybank/2022-12/forecast.json").read_bytes()
    nothing = "nothing new: no figure has come for what rounds of mybank still forecast\n"
    assert bank("round", "close", "mybank") == (0, nothing, "")
    code, _, errors = bank(*OPEN)
    assert (code, errors.splitlines()[1:]) == (
        2,
        ["a forecast of baseline from 2022-12 is frozen already as round 2022-12; a new figure, a new fit or another "
         "scenario makes a new one", LAST.strip()],
    )  # fmt: skip

    come()
    code, said, _ = bank("round", "list", "--lang", "en")
    assert re.search(r"mybank 2022-12 +baseline +\S+ +Li +before the annual report +2024-06 +0 of 36 +1\n", said)
    assert said.endswith("figures have come that are not scored: mobank round close mybank\n")
    code, said, _ = bank("round", "close", "mybank", "--lang", "en")
    assert code == 0
    assert re.search(r"mau +2023-12 +12 +\d+.* m +超1\.90亿户 +[+−]\d+\.\d %", said)
    assert re.search(r"mau +7–12 +1 +1\.0 ", said)
    code, said, _ = bank("round", "close", "mybank", "--lang", "zh")
    assert said == nothing, "a figure is scored once"

    come(FIGURES.replace("1.90", "1.86"))
    assert bank("round", "close", "mybank")[1] == (
        f"{nothing}restated since they were scored, and kept beside the first prints: 1\n"
    )
    for lang, words in (("en", ("Restated since", "超1.90亿户")), ("zh", ("此后重述的数据", "超1.86亿户"))):
        code, said, _ = bank("round", "report", "mybank", "--lang", lang)
        assert (code, said) == (0, f"outputs/rounds_mybank_{lang}/rounds.html\n")
        page = Path(said.strip()).read_text(encoding="utf-8")
        assert all(word in page for word in words)
    assert Path("rounds/mybank/2022-12/forecast.json").read_bytes() == frozen, "what was said is never written again"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("close", "mybank"), "no round of mybank has been opened here; mobank round open mybank\n"),
        (("report",), "no round of mybank has been opened here; mobank round open mybank\n"),
        (("open", "mybank", "--rival", "none.csv"), "--rival: 'none.csv' is no file\n"),
        (("open", "mybnk"), "'mybnk' is neither a file nor the name of a target; did you mean 'mybank'?\n"),
        (("open", "--scenario", "basline"), "'basline' is neither a file nor the name of a scenario; did you mean "
                                            "'baseline'?\n"),
        (("open", "--scenario", "optimistic"), "'optimistic' is shipped, and not about the bank of this workspace "
                                               "(mybank); there: baseline; or repeat with --shipped\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_leaves_nothing(bank, words, said):
    assert bank("round", *words) == (2, "", f"{said}{LAST}")
    assert not Path("rounds").exists()


def test_a_damaged_round_is_refused_with_its_file_and_nothing_is_written(bank):
    bank(*OPEN)
    path = Path("rounds/mybank/2022-12/forecast.json")
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    come()
    for verb in ("close", "list", "report"):
        code, said, errors = bank("round", verb, "mybank")
        assert (code, said) == (2, "")
        assert re.match(
            r"rounds/mybank/2022-12/forecast\.json(:\d+)?  this record is not JSON \(.*\): it is cut or", errors
        )
    assert not Path("rounds/mybank/2022-12/scores.json").exists()
