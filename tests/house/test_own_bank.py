"""The pages of one's own bank: the second example runs as it stands, and what is said of its result is so."""

import re
import shlex
from pathlib import Path

import pytest

from mobank.base.cells import read_table
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from tests.house.refresh_docs import ROOT

pytestmark = pytest.mark.slow

PAGES = {"en": ROOT / "docs/own_bank.md", "zh": ROOT / "docs/own_bank.zh.md"}
SECOND = {"en": "## A second example", "zh": "## 第二个例子"}
FITTED = ("calibrate", "run", "posterior", "round")  # what comes after the figures are in


def example(lang):
    """Return what the second example of a page shows: its table, its commands, and the lines for its map."""
    text = PAGES[lang].read_text(encoding="utf-8").partition(SECOND[lang])[2]
    found = [re.search(rf"```{kind}\n(.*?)```", text, flags=re.S) for kind in ("csv", "sh", "yaml")]
    table, commands, lines = (match[1] for match in found if match)
    return table, [shlex.split(line, comments=True) for line in commands.splitlines()], lines.splitlines()


def complete(path, lines):
    """Put the lines of a page into a map, each in the place of the line to be decided that begins as it does."""
    text = path.read_text(encoding="utf-8")
    for line in (each for each in lines if not each.endswith(":")):
        key = re.match(r"\s*[^:]+:", line)[0]
        open_line = rf"^{re.escape(key)}.*(?:TODO|# internal).*$"
        text, count = re.subn(open_line, lambda _, line=line: line, text, flags=re.M)
        assert count == 1, f"the map has no line {key}"
    assert "TODO}" not in text
    path.write_text(text, encoding="utf-8")


def followed(mobank, lang, commands, until=()):
    """Run commands of a page up to the first of some verbs, and return what the last one printed of each verb."""
    table, _, lines = example(lang)
    Path("annual.csv").write_text(table, encoding="utf-8")
    said = {}
    for words in commands:
        if words[1] in until:
            break
        if words[1] == "import" and "import" in said:
            complete(Path("annual.map.yaml"), lines)
        code, printed, errors = mobank(*words[1:])
        assert code == 0, errors
        said[words[1]] = printed
    return said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_yearly_table_of_the_page_is_read_with_the_lines_that_the_page_completes(mobank, lang):
    followed(mobank, lang, example(lang)[1], FITTED)
    target = load(Path("calibration/banks/mybank.yaml"), MODEL)
    assert [(f.measure, f.month.year, f.interval.middle / 1e6) for f in target.figures if f.month.year >= 2022] == [
        ("registered", 2022, 254.0), ("registered", 2023, 274.0), ("mau", 2022, 76.2), ("mau", 2023, 87.76),
    ]  # fmt: skip
    assert len(target.figures) == 11
    [roundup] = [f for f in target.figures if f.provenance.evidence == "secondary"]
    assert (roundup.month.year, roundup.interval.low) == (2021, 2.35e8)


def test_both_pages_show_the_same_commands():
    one, other = (
        [[word for word in words if word not in ("--lang", "zh")] for words in example(lang)[1]]
        for lang in ("en", "zh")
    )
    assert [words[:4] for words in one] == [words[:4] for words in other]


def test_what_the_page_says_of_the_result_is_so(mobank, monkeypatch):
    monkeypatch.setattr("mobank.report.run.pictures.draw_all", lambda *_: None)
    said = followed(mobank, "en", example("en")[1])
    [folder] = Path("outputs").glob("baseline-*")
    rows = {(row["measure"], row["month"]): row for row in read_table(folder / "summary.csv")}
    registered, mau = rows["registered", "2026-12"], rows["mau", "2026-12"]
    assert float(registered["p50"]) == pytest.approx(330e6, rel=0.02)
    assert float(mau["p50"]) == pytest.approx(125e6, rel=0.04)
    assert float(mau["p5"]) == pytest.approx(98e6, rel=0.05)
    assert float(mau["p95"]) == pytest.approx(161e6, rel=0.05)
    assert "Turnover" in said["posterior"]
    assert said["round"].startswith("frozen: registered, mau, 2024-01 to 2026-12\nrounds/mybank/2023-12/\n")
