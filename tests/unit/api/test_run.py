"""Runs for programs: the numbers of the command to the last bit, tables and exports that agree with them."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import mobank as mb
from mobank.cli import main
from mobank.ensemble.summary import QUANTILES
from mobank.report.tables import read_summary
from tests.conftest import ROOT

DRAWS = 40


@pytest.fixture(scope="module")
def run():
    return mb.run(ROOT / "scenarios" / "better_release.yaml", draws=DRAWS)


@pytest.fixture(scope="module")
def commanded(tmp_path_factory):
    """Return the folder that the command writes."""
    out = tmp_path_factory.mktemp("outputs")
    words = ["mobank", "run", str(ROOT / "scenarios" / "better_release.yaml"), "--draws", str(DRAWS), "--lang", "en"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [*words, "--out", str(out)])
        with pytest.raises(SystemExit) as done:
            main()
    assert done.value.code == 0
    [folder] = out.iterdir()
    return folder


def test_the_numbers_are_those_of_the_command_to_the_last_bit(run, commanded):
    opened = mb.open(commanded)
    for measure in run.measures:
        np.testing.assert_array_equal(run.paths(measure), opened.paths(measure))
    assert run.quantiles() == opened.quantiles()
    written = read_summary(commanded / "summary.csv")
    for row in run.quantiles("mau").where(month="2025-12").rows:
        _, measure, _, month, quantile, value = row
        assert f"{value:.10g}" == f"{written[measure, str(month)][f'p{100 * quantile:g}']:.10g}"


@pytest.mark.slow
def test_what_is_saved_is_the_folder_of_the_command(run, commanded, tmp_path):
    saved = run.save(tmp_path)
    assert saved.name == commanded.name
    assert saved.name.endswith(run.digest)
    for path in commanded.iterdir():
        if path.name != "run.json":
            assert (saved / path.name).read_bytes() == path.read_bytes(), path.name
    assert json.loads((saved / "run.json").read_text(encoding="utf-8"))["command"] == "Run.save"


def test_a_run_that_was_opened_is_that_run(run, commanded):
    opened = mb.open(commanded)
    assert opened.digest == run.digest
    assert (opened.draws, opened.seed, opened.fidelity, opened.months) == (DRAWS, 1, "cohort", run.months)
    assert opened.scenario.levers[0].amount.prior == run.scenario.levers[0].amount.prior
    assert opened.save() == commanded
    assert [answer.interval for answer in opened.questions.values()] == [a.interval for a in run.questions.values()]


def test_a_run_of_which_a_file_has_changed_is_not_opened(run, tmp_path, monkeypatch):
    monkeypatch.setattr("mobank.report.run.pictures.draw_all", lambda *_: None)
    folder = run.save(tmp_path)
    (folder / "summary.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(mb.InputError, match=r"summary\.csv in '.*' changed or gone since the run"):
        mb.open(folder)
    with pytest.raises(mb.InputError, match="is not the folder of a finished run"):
        mb.open(tmp_path)


def test_draws_are_added_and_none_is_drawn_again(run):
    drawn = []
    more = run.with_draws(2 * DRAWS, progress=lambda done, total: drawn.append(total))
    assert drawn == [1]
    np.testing.assert_array_equal(more.paths("mau")[:, :DRAWS], run.paths("mau"))
    np.testing.assert_array_equal(more.paths("mau"), mb.run(run.scenario, draws=2 * DRAWS).paths("mau"))
    with pytest.raises(mb.InputError, match=r"draws: '10' must be a whole number, 40 to"):
        run.with_draws(10)


def test_progress_is_shown_and_may_stop_the_run():
    with pytest.raises(KeyboardInterrupt):
        mb.run("baseline", draws=5, progress=lambda done, total: (_ for _ in ()).throw(KeyboardInterrupt))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"draws": 0}, "draws: '0' must be a whole number, 1 to 10,000,000"),
        ({"draws": 1.5}, "draws: '1.5' must be a whole number, 1 to 10,000,000"),
        ({"draws": True}, "draws: 'True' must be a whole number, 1 to 10,000,000"),
        ({"seed": -1}, "seed: '-1' must be a whole number, 0 to 9,223,372,036,854,775,807"),
        ({"workers": 0}, "workers: '0' must be a whole number, 1 to 256"),
        ({"fidelity": "cohrt"}, "fidelity: 'cohrt' is not a fidelity; did you mean 'cohort'?"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(setting, message):
    with pytest.raises(mb.InputError) as error:
        mb.run("baseline", **setting)
    assert str(error.value) == f"{message}\n1 problem; nothing was run."


# ------------ tables


def test_quantiles_are_a_long_table_and_are_those_of_the_paths(run):
    table = run.quantiles("mau", [0.25, 0.5])
    assert table.columns == ("scenario", "measure", "segment", "month", "quantile", "value")
    assert len(table) == 2 * len(run.months)
    expected = np.quantile(run.paths("mau"), [0.25, 0.5], axis=1).T.ravel()
    np.testing.assert_array_equal(table.column("value"), expected)
    assert {row[4] for row in run.quantiles("mau")} == set(QUANTILES)


@pytest.mark.parametrize("quantile", [-0.1, 50, "half"])
def test_what_is_no_quantile_is_refused(run, quantile):
    with pytest.raises(mb.InputError, match=r"quantiles: '.*' must be a number from 0 to 1"):
        run.quantiles("mau", [quantile])


def test_another_language_is_refused(run, tmp_path):
    for wrong in (lambda: run.plot(lang="de"), lambda: run.save(tmp_path, lang="de")):
        with pytest.raises(mb.InputError, match="language: 'de' is not a language; allowed: en, zh"):
            wrong()


def test_a_month_in_which_nothing_is_defined_has_no_rows(run):
    assert run.quantiles("lost").column("month")[0] == mb.Month.of(2023, 1)
    assert run.quantiles("lost", [0.5]).column("month")[0] == mb.Month.of(2023, 1)


def test_months_may_be_written_as_text_and_others_are_refused(run):
    table = run.quantiles("mau")
    assert table.where(month="2025-12") == table.where(month=mb.Month.of(2025, 12))
    with pytest.raises(mb.InputError, match="months are 01 to 12"):
        table.where(month="2025-13")
    with pytest.raises(mb.InputError, match="'mont' is not a column; did you mean 'month'"):
        table.where(mont="2025-12")


@pytest.mark.parametrize(("measure", "near"), [("mua", "did you mean 'mau'"), ("", "is not a measure")])
def test_a_measure_that_is_not_kept_is_refused_with_the_nearest(run, measure, near):
    with pytest.raises(mb.InputError, match=near):
        run.paths(measure)


def test_a_table_keeps_units_and_digest_wherever_it_goes(run):
    table = run.quantiles("mau")
    frame = table.to_pandas()
    assert frame.attrs["digest"] == run.digest
    assert "mau: persons" in frame.attrs["units"]
    assert frame["month"].iloc[0] == pd.Timestamp(2022, 12, 1)
    assert table.to_arrow().schema.metadata[b"digest"].decode() == run.digest
    np.testing.assert_array_equal(frame["value"], table.column("value"))


def test_a_table_is_shown_with_its_first_rows_and_markup_is_escaped():
    table = mb.Table(("name", "value"), tuple(("<b>", float(i)) for i in range(30)))
    assert "<b>" not in table._repr_html_()
    assert "&lt;b&gt;" in table._repr_html_()
    assert repr(table).endswith("… 10 more rows")


# ------------ for other libraries


def test_paths_are_read_only_and_undefined_months_are_nan(run):
    paths = run.paths("gross_adds")
    assert paths.shape == (61, DRAWS)
    assert np.isnan(paths[0]).all()
    with pytest.raises(ValueError, match="read-only"):
        paths[0, 0] = 1


def test_pandas_has_a_row_a_draw_and_month_and_a_column_a_measure(run):
    frame = run.to_pandas()
    assert list(frame.columns) == ["draw", "month", *run.measures]
    assert len(frame) == 61 * DRAWS
    wide = frame.pivot_table(index="month", columns="draw", values="mau")
    np.testing.assert_array_equal(wide.to_numpy(), run.paths("mau"))
    assert frame.attrs["digest"] == run.digest


def test_segments_have_rows_of_their_own_and_sum_to_the_whole():
    run = mb.run("baseline", draws=3, by_segment=True)
    frame = run.to_pandas()
    sums = frame[frame["segment"] != "all"].groupby(["draw", "month"])["mau"].sum()
    whole = frame[frame["segment"] == "all"].set_index(["draw", "month"])["mau"]
    pd.testing.assert_series_equal(sums, whole, check_names=False)
    assert run.quantiles("mau", segment=run.segments[1]).column("segment")[0] == run.segments[1]
    with pytest.raises(mb.InputError, match="is not a segment"):
        run.paths("mau", "nobody")


def test_arrow_readers_take_a_run_and_a_table_without_a_copy_of_their_own(run):
    duckdb = pytest.importorskip("duckdb")
    arrow = pa.table(run)
    assert arrow.num_rows == 61 * DRAWS
    assert arrow["gross_adds"].null_count == DRAWS
    fan = run.quantiles("mau")  # noqa: F841 duckdb finds it by its name
    [found] = duckdb.sql("SELECT count(*) FROM fan WHERE quantile = .5").fetchall()
    assert found == (61,)
    assert pd.DataFrame.from_arrow(run)["mau"].sum() == run.to_pandas()["mau"].sum()


def test_xarray_has_draws_and_months_as_dimensions_with_units_and_definitions(run):
    pytest.importorskip("xarray")
    data = run.to_xarray()
    assert dict(data.sizes) == {"draw": DRAWS, "month": 61}
    np.testing.assert_array_equal(data["mau"].transpose("month", "draw"), run.paths("mau"))
    assert data["mau"].attrs["units"] == "persons"
    assert "mobile_side" in data["mau"].attrs["definitions"]
    assert data.attrs["digest"] == run.digest
    assert float(data["mau"].sel(month="2025-12").isel(draw=0).item()) == run.paths("mau")[36, 0]


def test_what_will_be_printed_is_a_measure_of_its_own(run):
    assert {"mau_printed", "registered_printed"} < set(run.measures)
    mau, printed = run.paths("mau"), run.paths("mau_printed")
    np.testing.assert_array_equal(mau[0], printed[0])
    assert (printed[1:] % 1e6 == 0).all(), "printed in steps of a million, as the last figure was"
    assert run.quantiles("mau_printed").attrs["units"].count("mau_printed: persons;") == 1
    about = run.to_xarray()["mau_printed"].attrs
    assert about == {"units": "persons", "long_name": "monthly active users, as printed"}


# ------------ pictures


def test_a_plot_is_axes_with_the_median_of_the_table(run):
    axes = run.plot("mau")
    median = [line for line in axes.lines if line.get_gid() == "median"] or axes.lines
    drawn = {tuple(np.round(line.get_ydata())) for line in median if len(line.get_ydata()) == 61}
    assert tuple(np.round(run.quantiles("mau", [0.5]).column("value"))) in drawn
    assert axes.figure is not None


def test_a_plot_of_active_users_has_the_outline_of_what_will_be_printed(run):
    outline = [line for line in run.plot("mau").lines if line.get_gid() == "printed"]
    for line, share in zip(outline, (0.05, 0.95), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), run.quantiles("mau_printed", share).column("value"))
    assert not [line for line in run.plot("customers").lines if line.get_gid() == "printed"]
    assert run.plot("mau_printed", lang="zh").figure.texts[0].get_text() == "月活用户（披露值）"


def test_a_plot_against_another_run_has_both_medians(run):
    base = mb.run("baseline", draws=DRAWS)
    axes = run.plot("gross_adds", against=base)
    lines = [line for line in axes.lines if len(line.get_ydata()) == 60]
    assert len(lines) == 2
    np.testing.assert_array_equal(lines[0].get_ydata(), base.quantiles("gross_adds", [0.5]).column("value"))


def test_runs_that_start_in_other_months_are_not_drawn_together(run):
    later = replace(run._result.plan, scenario=replace(run.scenario, start=run.scenario.start + 1))
    other = replace(run, _result=replace(run._result, paths=Moved(run._result.paths, later)))
    with pytest.raises(mb.InputError, match="starts in 2022-12 and 2023-01 cannot be drawn together"):
        run.plot("mau", against=other)


class Moved:
    """Paths of another plan."""

    def __init__(self, paths, plan):
        self._paths, self.plan = paths, plan

    def month(self, measure, t, segment="all"):
        return self._paths.month(measure, t, segment)


def test_a_notebook_shows_question_year_ends_marks_and_digest_in_few_bytes(run):
    page = run._repr_html_()
    assert len(page.encode()) < 30_000
    assert run.scenario.question in page
    assert run.digest in page
    assert len(re.findall(r"<td>20\d\d-12</td>", page)) == 6
    assert "†" in page
    assert page.count("<svg") == 1
    assert "<script" not in page


def test_what_users_write_is_escaped_in_a_notebook(run):
    hostile = run.scenario.with_({"question": '<script>alert("1")</script>'})
    assert "<script" not in mb.run(hostile, draws=2)._repr_html_()


def test_what_is_passed_in_wrong_gets_a_message(run):
    with pytest.raises(mb.InputError, match="'win_back' is not a run; run it first"):
        run.plot("mau", against="win_back")
    with pytest.raises(mb.InputError, match="'None' is not the path of a folder"):
        mb.open(None)
    with pytest.raises(mb.InputError, match="'nope' is neither a file nor the name of a scenario"):
        run.scenario.diff("nope")
    assert run.scenario.diff("better_release") == []
    assert run.scenario.diff("baseline") == run.scenario.diff(mb.load("baseline")) != []
    assert run.quantiles("mau", 0.5).rows == run.quantiles("mau", [0.5]).rows
