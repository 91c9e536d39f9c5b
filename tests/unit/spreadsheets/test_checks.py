"""What is strange in figures: refused at its cell, or said, each by itself and with the whole of its message."""

import pytest

from mobank.base.errors import Place
from mobank.base.quantities import Month, read_interval
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Figure, Provenance
from mobank.spreadsheets.checks import check
from mobank.spreadsheets.interpret import Imported, ImportedFigure

TIMES = [(10, "10 times"), (1e4, "10,000 times"), (0.1, "1/10 of"), (1e-4, "1/9,991 of")]
FIRST = Month.of(2022, 1)
MAP = "for this metric in the map"


def figures(measure: str, values: dict[int, float], row: int = 2, band: str = "", confirmed=()) -> list[ImportedFigure]:
    """Return figures of some months after January 2022."""
    found = []
    for i, value in values.items():
        cell = Place("a.xlsx", 0, cell=f"表!{chr(66 + i)}{row}")
        months = 0 if MODEL.measure[measure].stock else 1
        text = f"{value:.0f}"
        provenance = Provenance(str(cell), "", "internal", cell)
        figure = Figure(measure, FIRST + i, text, read_interval(text), provenance, text, "", months, band)
        found.append(ImportedFigure(figure, measure, "", i in confirmed))
    return found


def checked(*groups: list[ImportedFigure], cleaned=()) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the problems and the remarks of figures."""
    found = Imported([each for group in groups for each in group])
    check(found, MODEL, cleaned)
    return [str(problem) for problem in found.problems], [(remark.kind, remark.text) for remark in found.remarks]


def steady(count: int = 12, base: float = 5_000_000, growth: float = 1.01) -> dict[int, float]:
    return {i: base * growth**i for i in range(count)}


def test_a_quiet_series_says_nothing():
    assert checked(figures("registered", steady()), figures("mau", steady(base=2_000_000))) == ([], [])


@pytest.mark.parametrize(("times", "much"), TIMES)
def test_a_slip_of_a_digit_or_a_unit_is_refused_at_its_cell(times, much):
    problems, _ = checked(figures("registered", steady() | {5: steady()[5] * times}))
    assert len(problems) == 1
    around = sorted(steady()[i] for i in (2, 3, 4, 6, 7, 8))
    assert problems[0] == (
        f"a.xlsx!表!G2  '{steady()[5] * times:.0f}' is {much} the figures around it "
        f"(about {(around[2] + around[3]) / 2:,.0f} persons); a slip of the unit or of a digit? mend it, "
        f"or write confirmed: {{2022-06: why it is right}} {MAP}"
    )


def test_a_slip_at_the_end_is_found_too():
    assert len(checked(figures("registered", steady() | {11: steady()[11] * 10}))[0]) == 1


def test_a_flow_may_jump_but_not_by_a_power_of_ten():
    problems, remarks = checked(figures("gross_adds", dict.fromkeys(range(12), 50_000.0) | {5: 200_000.0}))
    assert (problems, remarks) == ([], [("jump", "gross_adds 2022-06: 200000")])
    assert len(checked(figures("gross_adds", dict.fromkeys(range(12), 50_000.0) | {5: 500_000.0}))[0]) == 1


def test_a_step_of_a_stock_is_refused_up_and_down_unless_it_is_confirmed():
    up = {i: v * (1.2 if i >= 6 else 1) for i, v in steady(growth=1.0).items()}
    problems, _ = checked(figures("mau", up))
    assert problems == [
        "a.xlsx!表!H2  '6000000' is +20% against 2022-06 (5000000); is it counted in another way from here on? "
        f"then write definition: {{before: …, from 2022-07: …}} {MAP}; else mend it, "
        f"or write confirmed: {{2022-07: why it is right}} {MAP}"
    ]
    down = {i: v * (0.8 if i >= 6 else 1) for i, v in steady(growth=1.0).items()}
    assert "is -20% against 2022-06" in checked(figures("mau", down))[0][0]
    assert checked(figures("mau", up, confirmed=(6,)))[0] == []
    once = steady(growth=1.0) | {6: 6_000_000}
    assert len(checked(figures("mau", once))[0]) == 2
    assert checked(figures("mau", once, confirmed=(6,)))[0] == []


def test_a_fall_of_a_season_is_said():
    bump = {i: v * (1.08 if i == 1 else 1) for i, v in steady(growth=1.0).items()}
    assert checked(figures("mau", bump)) == ([], [("fall", "mau 2022-03: −7%")])


def test_registrations_fall_by_closures_only_unless_a_clean_up_is_dated():
    fallen = steady(growth=1.0) | {11: 4_700_000.0}
    problems, _ = checked(figures("registered", fallen))
    where = "a.xlsx!表!M2  reported.registered.2022-12.figure"
    assert problems[0].startswith(f"{where}: '4700000' is below the figure of 2022-11 (5000000)")
    assert "and the count falls by 2% a year at most" in problems[0]
    assert checked(figures("registered", fallen), cleaned=[Month.of(2022, 12)])[0] == []


def test_parts_above_their_whole_are_refused():
    problems, _ = checked(figures("registered", {0: 5_000_000}), figures("mau", {0: 5_100_000}, row=3))
    assert problems == [
        "a.xlsx!表!B3  reported.mau.2022-01.figure: '5100000' is more than registered (5000000); "
        "is 万, 亿 or million missing?"
    ]
    problems, _ = checked(
        figures("mau", {0: 900_000}), figures("mau", {0: 500_000}, 3, "east"), figures("mau", {0: 600_000}, 4, "west")
    )
    assert problems == ["a.xlsx!表!B2  '900000' is less than its regions together (about 1,100,000 persons)"]


def test_gaps_and_regions_without_figures_are_said():
    values = {i: v for i, v in steady().items() if i not in (4, 5)}
    east = figures("registered", values, 2, "east")
    west = figures("registered", steady(), 3, "west")
    remarks = checked(east, west, figures("mau", steady(base=2e6), 4, "east"))[1]
    assert remarks == [("gap", "registered.east: 2022-04 → 2022-07"), ("lacking", "mau.west")]
