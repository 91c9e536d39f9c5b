"""Figures of several files become one set of series: each once, contradictions and redefinitions kept as notes."""

from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.base.quantities import Month, read_interval
from mobank.base.workspace import shipped
from mobank.calibration.backtest.full.figures import joined, rows_of
from mobank.calibration.backtest.series import HEADER

DATA = shipped() / "calibration/backtest"
MAU_CASES = Path(__file__).parents[2] / "data/mau_cases.csv"


def row(date, value, text="", entity="A", metric="users", unit="persons", qualifier="rounded", evidence="secondary"):
    return f'{entity},{metric},{date},{value},{unit},"{text}",{qualifier},a source,{evidence}'


def write(path, *rows):
    path.write_text("\n".join([",".join(HEADER), *rows]) + "\n", encoding="utf-8")
    return path


def series(*paths, name=("A", "users")):
    return joined(rows_of(paths))[name]


def test_rows_of_one_entity_and_metric_are_one_series_whichever_file_they_stand_in(tmp_path):
    one = write(tmp_path / "a.csv", row("2021-12-31", 150e6), row("2020-12-31", 100e6))
    other = write(tmp_path / "b.csv", row("2022-12-31", 200e6), row("2021-12-31", 150e6))
    assert [(str(f.month), f.figure.middle) for f in series(one, other).figures] == [
        ("2020-12", 100e6),
        ("2021-12", 150e6),
        ("2022-12", 200e6),
    ]
    assert all(f.conflict == "" for f in series(one, other).figures)


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (row("2021-12-31", 150e6, evidence="unverified"), row("2021-12-31", 160e6, evidence="secondary"), 160e6),
        (row("2021-12-31", 150e6, evidence="article"), row("2021-12-31", 160e6, evidence="secondary"), 150e6),
        (row("2021-12-31", 150e6), row("2021-12-31", 160e6), 160e6),
        (row("2021-12-31", 150e6, evidence="unverified"), row("2021-12-31", 160e6, qualifier="approx"), 150e6),
        (row("2021-12-31", 150e6, qualifier="approx"), row("2021-12-31", 160e6, "DERIVED 8/5"), 150e6),
    ],
    ids=["better evidence", "not the later", "the later of equals", "printed before inferred", "before computed"],
)
def test_of_two_figures_of_a_month_the_better_known_is_taken(tmp_path, first, second, taken):
    found = series(write(tmp_path / "a.csv", first), write(tmp_path / "b.csv", second)).figures
    assert [f.figure.middle for f in found] == [taken]
    place = "b.csv:2" if taken == 150e6 else "a.csv:2"
    assert place in found[0].conflict
    assert found[0].conflict.endswith("not taken")


def test_two_figures_that_agree_within_their_rounding_are_no_conflict(tmp_path):
    one = write(tmp_path / "a.csv", row("2021-12-31", 24238e3, "24238 thousand", qualifier="exact"))
    other = write(tmp_path / "b.csv", row("2021-12-31", 24.2e6, "24.2 million"))
    assert [f.conflict for f in series(one, other).figures] == [""]


def test_a_conflict_that_is_noted_in_the_text_is_kept(tmp_path):
    path = write(tmp_path / "a.csv", row("2021-12-31", 9.9e6, "9.9 million; CONFLICT: a later report gives 9.108"))
    assert series(path).figures[0].conflict == "9.9 million; CONFLICT: a later report gives 9.108"


def test_a_break_begins_a_series_of_its_own(tmp_path):
    path = write(
        tmp_path / "a.csv",
        row("2019-12-31", 100e6),
        row("2020-12-31", 110e6),
        row("2021-12-31", 60e6, "60 million; BREAK: one app"),
        row("2022-12-31", 70e6, "70 million; BREAK: one app"),
        row("2023-12-31", 80e6, "BREAK: two apps"),
    )
    found = series(path)
    known = {year: [f.month.year for f in found.known(Month.of(year, 12))] for year in range(2019, 2024)}
    assert known == {2019: [2019], 2020: [2019, 2020], 2021: [2021], 2022: [2021, 2022], 2023: [2023]}
    assert not found.broken_between(Month.of(2019, 12), Month.of(2020, 12))
    assert found.broken_between(Month.of(2019, 12), Month.of(2021, 12))
    assert found.broken_between(Month.of(2020, 12), Month.of(2023, 12))


def test_a_break_that_one_of_two_files_notes_counts(tmp_path):
    one = write(
        tmp_path / "a.csv", row("2020-12-31", 100e6), row("2021-12-31", 60e6, "BREAK: one app", evidence="unverified")
    )
    other = write(tmp_path / "b.csv", row("2021-12-31", 60e6))
    assert [f.broken for f in series(one, other).figures] == ["", "BREAK: one app"]


def test_zeros_and_shares_are_left_out(tmp_path):
    path = write(
        tmp_path / "a.csv",
        row("2020-12-31", 0),
        row("2021-12-31", 5),
        row("2021-12-31", 0.5, metric="share", unit="share"),
    )
    found = joined(rows_of([path]))
    assert list(found) == [("A", "users")]
    assert [f.month.year for f in found["A", "users"].figures] == [2021]


def test_two_units_in_one_series_are_refused_across_files(tmp_path):
    one = write(tmp_path / "a.csv", row("2021-12-31", 5))
    other = write(tmp_path / "b.csv", row("2022-12-31", 6, unit="accounts"))
    with pytest.raises(InputError) as caught:
        rows_of([one, other])
    assert str(caught.value) == (
        f"{other.as_posix()}:2  A, users: 'accounts' is not the unit of the same series on line 2 ('persons')\n"
        "1 problem; nothing was run."
    )


@pytest.mark.parametrize("file", [DATA / "figures.csv", DATA / "pairs.csv", MAU_CASES], ids=lambda path: path.stem)
def test_every_figure_is_written_so_that_it_reads_as_what_it_allows(file):
    """The reader of targets must meet the interval that truths are scored by."""
    for each in joined(rows_of([file])).values():
        for figure in each.figures:
            read = read_interval(figure.printed)
            assert (read.low, read.high) == pytest.approx((figure.figure.low, figure.figure.high), rel=1e-6)
