"""The scoreboard keeps what was said: entries add up, none is scored twice, another kind of file stays as it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.calibration.rounds.scoreboard import HEADER, ScoreEntry, add, read

ENTRY = ScoreEntry(
    "icbc_mobile", "ab12", "mau", "2023-12", "1.9亿户", "unverified", "a report, 2024", -2.5, 0.71, 1.6e8, 1.82e8, 2.1e8
)


def keep(path: Path, entry: ScoreEntry) -> list[ScoreEntry]:
    return add(path, [entry], read(path))


def test_entries_are_kept_in_the_order_in_which_they_came(tmp_path):
    path = tmp_path / "rounds" / "scoreboard.csv"
    other = replace(ENTRY, measure="registered", figure="5.52亿户")
    assert keep(path, ENTRY) == [ENTRY]
    assert keep(path, other) == [ENTRY, other] == read(path)
    assert [each.name for each in path.parent.iterdir()] == ["scoreboard.csv"]


def test_the_same_figure_is_scored_once_a_posterior(tmp_path):
    path = tmp_path / "scoreboard.csv"
    keep(path, ENTRY)
    before = path.read_bytes()
    assert keep(path, replace(ENTRY, log_score=-9.0)) == [ENTRY]
    assert path.read_bytes() == before
    assert len(keep(path, replace(ENTRY, digest="cd34"))) == 2


def test_there_is_nothing_on_a_scoreboard_that_is_not_there(tmp_path):
    assert read(tmp_path / "scoreboard.csv") == []


COLUMNS = "must have 13 columns, of which log_score, pit, low, median, high are numbers; put the file aside"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", f":1  the first line must be {','.join(HEADER)}; put the file aside"),
        ("", f":1  an empty file must be {','.join(HEADER)}; put the file aside"),
        (",".join(HEADER) + "\nicbc,x\n", f":2  2 columns {COLUMNS}"),
        (",".join(HEADER) + "\na,b,c,d,e,f,g,often,1,1,1,1,x\n", f":2  this line {COLUMNS}"),
    ],
    ids=["another_file", "empty", "too_short", "no_number"],
)
def test_a_file_that_is_no_scoreboard_is_refused_and_left_alone(tmp_path, text, told):
    path = tmp_path / "scoreboard.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        keep(path, ENTRY)
    assert str(refused.value) == f"{path}{told}\n1 problem; nothing was run."
    assert path.read_text(encoding="utf-8") == text
