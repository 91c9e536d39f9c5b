"""A full backtest from files to folder: what priors may know, what is kept of a refit, scores under both fans."""

import csv
import json
from dataclasses import replace
from hashlib import sha256
from math import exp

import numpy as np
import pytest

from mobank.base.errors import InputError, RunError
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.base.workspace import shipped
from mobank.calibration.backtest.baselines import REFERENCE
from mobank.calibration.backtest.full import methods, run
from mobank.calibration.backtest.full.cases import refits
from mobank.calibration.backtest.full.figures import joined, rows_of
from mobank.calibration.backtest.full.jobs import ACTIVE, KEPT, LEVEL, Forecasts, RefitEffort, kept, refit
from mobank.calibration.backtest.full.methods import MODEL, REDUCED, RESCALED, best_width, widened
from mobank.calibration.backtest.full.pairs import pairs
from mobank.calibration.backtest.full.rows import full_rows
from mobank.calibration.backtest.full.scoring import full_scores
from mobank.calibration.backtest.full.text import PriorMaker, priors_of, target_text, without_section
from mobank.calibration.backtest.scores import EnsembleForecast, NormalForecast
from mobank.calibration.backtest.series import HEADER
from mobank.calibration.sampler.ensembles import Effort
from mobank.calibration.targets import load_text
from mobank.model.mobile_banking import MODEL as BANKING

ICBC = shipped() / "calibration/banks/icbc_mobile.yaml"
SECTIONS = ("segments", "parameters", "shocks", "drift")


def made(rows, group, until, kind):
    """Stand for neutral priors: ICBC's, with a head that names the figures which were handed over and are allowed."""
    known = [r for r in rows if group_of(r.entity) != group and r.figure.month <= until]
    parts = ICBC.read_text(encoding="utf-8").split("\n\n")
    body = "\n\n".join(part for part in parts if any(f"\n{name}:" in f"\n{part}" for name in SECTIONS))
    text = f"# {kind}\n" + "".join(f"# {r.entity} | {r.figure.month}\n" for r in known) + body + "\n"
    return text, sha256(text.encode()).hexdigest()


def leaks(text, entity, origin):
    head = [line[2:].split(" | ") for line in text.splitlines() if line.startswith("# ") and " | " in line]
    return [f"{name} {month}" for name, month in head if group_of(name) == group_of(entity) or month > str(origin)]


def group_of(entity):
    return entity.split()[0]


MAKER = PriorMaker(made, leaks, group_of, lambda entity: "bank")


def toy(job, model):
    """Stand for a fit: the last figure, growing by 8 % a year, with a spread, by the job's own seed."""
    streams, numbers = Streams(job.seed), np.arange(KEPT)

    def ahead(side, series):
        last = np.log(series.figures[-1].middle)
        noise = [streams.normal("parameters", f"{side} {h}", numbers) for h in job.ahead]
        return kept(np.stack([last + 0.08 * h / 12 + 0.06 * n for h, n in zip(job.ahead, noise, strict=True)]))

    found = {side: ahead(side, series) for side, series in job.series.items()}
    return Forecasts(found, {side: draws + 0.1 for side, draws in found.items()}, 1.01, 400.0)


def broken(job, model):
    """Stand for a fit that fails for one entity."""
    return Forecasts(reason="RunError: no draw is possible") if job.name.startswith("B,") else toy(job, model)


def stopping(job, model):
    """Stand for a machine that goes down at the second job."""
    if "2021" in job.name:
        raise KeyboardInterrupt
    return toy(job, model)


def data(tmp_path, entities="AB", last=2023, text=""):
    rows = [",".join(HEADER)]
    for entity in entities:
        for year in range(2017, last + 1):
            grown = (1.12 if entity == "B" else 1.1) ** (year - 2017)
            for metric, value in (("registered_users", 100e6), ("monthly_active_users", 40e6)):
                note = text if (metric, year) == ("monthly_active_users", last) else ""
                rows.append(f"{entity},{metric},{year}-12-31,{value * grown:.0f},persons,{note},exact,s,unverified")
            rows.append(f"{entity},pool,2020-12-31,400000000,persons,,rounded,s,unverified")
    path = tmp_path / "data.csv"
    path.write_text("\n".join(dict.fromkeys(rows)) + "\n", encoding="utf-8")
    return path


def one_refit(tmp_path, year=2021):
    rows = rows_of([data(tmp_path)])
    pair = pairs(joined(rows), group_of)[0][0]
    return next(r for r in refits(pair) if r.origin.year == year), rows


def go(tmp_path, *, fitter=toy, workers=1, maker=MAKER, path=None, out="out"):
    settings = run.FullSettings(3, workers, RefitEffort(reduced=100))
    return run.run_full([path or data(tmp_path)], BANKING, settings, tmp_path / out, "mobank", maker, fitter=fitter)


def table(folder, name):
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Leave out what takes long to load; the tests of the baselines are elsewhere."""
    monkeypatch.setattr("mobank.calibration.backtest.baselines.BY_STATSFORECAST", {})


# ------------ the target


def test_a_target_reads_as_its_figures_and_the_pool_at_both_ends(tmp_path):
    each, rows = one_refit(tmp_path)
    target = load_text(target_text(each, priors_of(each, rows, MAKER), BANKING), BANKING)
    assert {(f.measure, str(f.month)) for f in target.figures} == {
        *((measure, f"{year}-12") for measure in ("registered", "mau") for year in range(2017, 2022)),
        ("customers", "2017-12"),
        ("customers", "2021-12"),
    }
    assert target.of("customers")[-1].interval.middle == pytest.approx(400e6 * 1.025, abs=1.0)
    assert target.of("mau")[0].interval.middle == pytest.approx(40e6, abs=1.0)


def test_a_pool_of_the_priors_gives_way_to_one_that_is_known(tmp_path):
    each, rows = one_refit(tmp_path)
    text = "pool:\n  headroom: {median: 4}\n\n  tails: 4\nnoise:\n  mau: 1\n"
    priors = replace(priors_of(each, rows, MAKER), text=text)
    assert "pool:" not in target_text(each, priors, BANKING)
    assert target_text(replace(each, pool={}), priors, BANKING).startswith("pool:\n  headroom")


def test_a_section_is_taken_out_whole_and_nothing_else():
    text = "a: 1\npool:\n  b: 2\n\n  # said\n  c: 3\nd:\n  pool: 4\n"
    assert without_section(text, "pool") == "a: 1\nd:\n  pool: 4\n"
    assert without_section("a: 1\npool: {b: 2}", "pool") == "a: 1\n"


def test_priors_are_made_without_the_group_and_what_came_later(tmp_path):
    each, rows = one_refit(tmp_path, 2020)
    text = priors_of(each, rows, MAKER).text
    assert "# B | 2020-12" in text
    assert "# A |" not in text
    assert "2021-12" not in text


@pytest.mark.parametrize(
    ("line", "leak"),
    [("# A mobile | 2019-12", "A mobile 2019-12"), ("# B | 2022-12", "B 2022-12")],
    ids=["its own group", "a later month"],
)
def test_priors_that_know_more_are_refused(tmp_path, line, leak):
    each, rows = one_refit(tmp_path, 2021)
    leaking = replace(MAKER, made=lambda *known: (f"{line}\n{made(*known)[0]}", "digest"))
    with pytest.raises(RunError, match=f"priors for A at 2021-12 may not be used: {leak}$"):
        priors_of(each, rows, leaking)
    with pytest.raises(RunError):
        go(tmp_path, maker=leaking)


# ------------ refits


@pytest.mark.slow
def test_neither_workers_nor_order_nor_company_change_a_forecast(tmp_path):
    one = go(tmp_path)[0]
    several = go(tmp_path, workers=2, out="other")[0]
    alone = go(tmp_path, path=data(tmp_path, "B"), out="alone")[0]
    assert [row.quantiles for row in several.rows] == [row.quantiles for row in one.rows]
    own = [row for row in one.rows if row.refit.pair.entity == "B" and row.method in (MODEL, REDUCED)]
    assert [row.quantiles for row in alone.rows if row.method in (MODEL, REDUCED)] == [row.quantiles for row in own]


def test_a_run_that_was_stopped_goes_on_where_it_was_and_gives_the_same(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, fitter=stopping)
    work = tmp_path / "out" / run.WORK
    before = {path.name: path.stat().st_mtime_ns for path in work.iterdir()}
    assert len(before) == 3  # of A, 2018 to 2020
    result, folder = go(tmp_path)
    assert {name: (work / name).stat().st_mtime_ns for name in before} == before
    whole, same = go(tmp_path, out="other")
    assert folder.name == same.name
    for name in ("forecasts.csv", "scores.csv", "refits.csv"):
        assert (folder / name).read_bytes() == (same / name).read_bytes()
    assert len(result.refits) == len(whole.refits)


def test_half_a_file_is_computed_again(tmp_path):
    go(tmp_path)
    work = tmp_path / "out" / run.WORK
    torn = sorted(work.iterdir())[0]
    content = torn.read_bytes()
    torn.write_bytes(content[: len(content) // 2])
    go(tmp_path)
    assert len(torn.read_bytes()) == len(content)


def test_a_fit_that_fails_is_a_row_with_its_reason(tmp_path):
    result, folder = go(tmp_path, fitter=broken)
    failed = [row for row in table(folder, "refits.csv") if row["reason"]]
    assert {row["entity"] for row in failed} == {"B"}
    assert {row["reason"] for row in failed} == {"RunError: no draw is possible"}
    assert {row.refit.pair.entity for row in result.rows if row.method == MODEL} == {"A"}
    assert {row.refit.pair.entity for row in result.rows if row.method == REFERENCE} == {"A", "B"}
    assert any(row["entity"] == "B" and "no draw is possible" in row["reason"] for row in table(folder, "left_out.csv"))


def test_a_text_that_cannot_be_read_gives_its_reason_and_the_reduced_model_forecasts(tmp_path):
    each, rows = one_refit(tmp_path)
    pair = each.pair
    text = replace(priors_of(each, rows, MAKER), text="nothing: 1\n")
    settings = run.FullSettings(1, 1, RefitEffort(Effort(2, 8, 1, 2), 20, 100))
    job = run._job(each, text, BANKING, settings, {"others": next(iter(run.reduced.read()[0].values()))})
    found = refit(job, BANKING)
    assert found.reason.startswith("InputError: <A, 2021-12, years>:1 nothing: ")
    assert found.model == {}
    assert found.reduced[ACTIVE].shape == (2, KEPT)
    assert pair.entity == "A"


@pytest.mark.slow
def test_a_real_fit_of_small_effort_forecasts_near_the_last_figures(tmp_path):
    settings = run.FullSettings(1, 1, RefitEffort(Effort(2, 128, 20, 40), 200, 100))
    path = data(tmp_path, "A", 2021)
    result, folder = run.run_full([path], BANKING, settings, tmp_path / "out", "mobank", MAKER, fitter=last_only)
    row = next(r for r in result.rows if r.method == MODEL and r.side == ACTIVE and r.fan == "today")
    assert (row.refit.origin, row.months) == (Month.of(2020, 12), 12)
    last = row.refit.active[-1].figure.middle
    assert 0.8 * last < exp(row.forecast.quantile(0.5)) < 1.4 * last
    assert 0.02 < row.forecast.quantile(0.95) - row.forecast.quantile(0.05) < 1.0
    again = run.run_full([path], BANKING, settings, tmp_path / "again", "mobank", MAKER, fitter=last_only)[1]
    assert (again / "forecasts.csv").read_bytes() == (folder / "forecasts.csv").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "data.csv", "out"]


def last_only(job, model):
    """Fit the last origin alone, in earnest."""
    return refit(job, model) if job.origin == Month.of(2020, 12) else Forecasts(reason="left out")


# ------------ scores


def test_across_a_break_the_printed_fan_alone_is_scored(tmp_path):
    result, _ = go(tmp_path, path=data(tmp_path, text="BREAK: two apps"))
    fans = {(r.target.year, r.fan) for r in result.rows if r.side == ACTIVE and r.method == MODEL}
    assert (2023, "printed") in fans
    assert (2023, "today") not in fans
    assert (2022, "today") in fans
    assert all(r.broken == (r.target.year == 2023) for r in result.rows if r.side == ACTIVE)
    assert (2023, "today") in {(r.target.year, r.fan) for r in result.rows if r.side == LEVEL}


def test_the_printed_fan_is_what_the_law_makes_of_the_draws(tmp_path):
    law = dict.fromkeys((ACTIVE, LEVEL), lambda draws, years: draws + 0.01 * years)
    rows = rows_of([data(tmp_path)])
    each = next(refits(pairs(joined(rows), group_of)[0][0]))
    draws = np.log(np.arange(1, len(each.ahead) + 1))[:, None] + np.zeros(KEPT)
    found = full_rows([each], [Forecasts({ACTIVE: draws}, {})], {}, law)
    medians = {(r.fan, r.months): r.forecast.quantile(0.5) for r in found}
    for i, months in enumerate(each.ahead):
        assert medians["printed", months] - medians["today", months] == pytest.approx(0.01 * months / 12)
        assert medians["today", months] == pytest.approx(np.log(i + 1))


def test_a_ratio_is_a_geometric_mean_over_groups(tmp_path):
    """Of A the model's CRPS is half of the other's, of B twice: together they are alike, however wild B is."""
    rows = rows_of([data(tmp_path)])
    both = [next(r for r in refits(pair) if r.origin.year == 2022) for pair in pairs(joined(rows), group_of)[0]]
    template = full_rows(
        both[:1], [Forecasts({ACTIVE: np.zeros((1, KEPT))}, {})], {}, dict.fromkeys((ACTIVE, LEVEL), _same)
    )
    first = next(row for row in template if row.fan == "today")

    def made_row(each, method, distance):
        return replace(first, refit=each, method=method, forecast=NormalForecast(first.truth + distance, 1e-9))

    scores = full_scores(
        [
            made_row(both[0], MODEL, 0.1),
            made_row(both[0], REFERENCE, 0.2),
            made_row(both[1], MODEL, 60.0),
            made_row(both[1], REFERENCE, 30.0),
        ],
        1,
    )
    found = next(s for s in scores if (s.method, s.horizon) == (REFERENCE, "1 y"))
    assert found.ratio == pytest.approx(1.0)
    assert found.ratio_span == pytest.approx((0.5, 2.0))
    assert (found.cases, found.groups, found.few) == (2, 2, True)


def _same(draws, years):
    return draws


def test_the_best_width_is_that_of_the_truths():
    """Normals of sd 1 for truths of sd 2 are to be twice as wide; the spread of 400 truths is known to 3.5 %."""
    truths = 2.0 * Streams(5).normal("parameters", "truths", np.arange(400))
    normal = best_width([(NormalForecast(0.0, 1.0), float(t)) for t in truths])
    draws = EnsembleForecast(Streams(5).normal("parameters", "draws", np.arange(4000)))
    assert normal == pytest.approx(2.0, rel=4 * 0.035)
    assert best_width([(draws, float(t)) for t in truths]) == pytest.approx(normal, rel=0.05)


def test_the_score_by_width_is_that_of_the_widened_forecast():
    draws = EnsembleForecast(Streams(5).normal("parameters", "draws", np.arange(500)) ** 3)
    for factor in (0.3, 1.0, 2.5):
        for truth in (-4.0, 0.1, 3.0):
            by_width = methods._crps_by_width(draws, truth)(factor)
            assert by_width == pytest.approx(widened(draws, factor).crps(truth), abs=1e-9)


def test_a_trend_is_rescaled_by_other_groups_alone(tmp_path):
    one = go(tmp_path)[0]
    changed = data(tmp_path, "AB")
    rows = [line.split(",") for line in changed.read_text(encoding="utf-8").splitlines()]
    for cells in rows:
        if cells[:2] == ["A", "monthly_active_users"] and cells[2] > "2021":
            cells[3] = "70000000" if "2022" in cells[2] else "50000000"
    changed.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    other = go(tmp_path, path=changed, out="wild")[0]

    def width(result, entity):
        return next(
            row.forecast.sd
            for row in result.rows
            if (row.method, row.refit.pair.entity, row.refit.origin.year, row.side) == (RESCALED, entity, 2020, ACTIVE)
        )

    assert width(other, "A") == width(one, "A")
    assert width(other, "B") > 1.2 * width(one, "B")


# ------------ the folder and the command


def test_a_folder_holds_every_forecast_and_its_record_knows_the_files(tmp_path):
    result, folder = go(tmp_path)
    record = json.loads((folder / "backtest.json").read_text(encoding="utf-8"))
    names = {"forecasts.csv", "scores.csv", "pit.csv", "refits.csv", "entities.csv", "left_out.csv"}
    assert set(record["files"]) == names
    for name, digest in record["files"].items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    rows = table(folder, "forecasts.csv")
    assert len(rows) == len(result.rows)
    assert {row["side"] for row in rows} == {ACTIVE, LEVEL}
    assert {row["fan"] for row in rows} == {"today", "printed"}
    digests = {(row["entity"], row["origin"]): row["priors"] for row in table(folder, "refits.csv")}
    for row in rows:
        if row["method"] == MODEL:
            assert digests[row["entity"], row["origin"]].startswith(row["priors"])
            assert len(row["priors"]) == 12
    assert [row["active"] for row in table(folder, "entities.csv")] == ["monthly_active_users"] * 2
    assert {row["pool"] for row in table(folder, "refits.csv")} == {"assumed"}
    assert go(tmp_path)[1] == folder


def test_figures_without_a_pair_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        ",".join(HEADER) + "\nA,registered_users,2020-12-31,5,persons,,exact,s,secondary\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        go(tmp_path, path=path)
    assert str(caught.value) == (
        f"{path.as_posix()} have no entity with registered and active users side by side and later figures; "
        "name both metrics for one entity\n1 problem; nothing was run."
    )
    assert not (tmp_path / "out").exists()


def test_files_join_the_shipped_ones_unless_they_alone_are_wanted(tmp_path):
    path = data(tmp_path)
    assert [p.name for p in run.data_of([path], False)] == ["figures.csv", "pairs.csv", "data.csv"]
    assert run.data_of([path], True) == [path]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only",), "--only says which figures join those of --full; add --full"),
        (("--full", "--choose"), "--choose is of the reduced model's backtest; leave out --choose or --full"),
        (("--full", "--only"), "--only: no file is given, and --only leaves the shipped ones out; add --data FILE.csv"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_refused(mobank, words, said):
    code, _, errors = mobank("backtest", *words)
    assert (code, errors.splitlines()[0]) == (2, said)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("as it will be printed", "80 % band")), ("zh", ("按将来公布的口径", "80% 区间"))]
)
def test_the_command_prints_the_tables_in_either_language(tmp_path, capsys, lang, words):
    from mobank.cli import backtest as command

    result, folder = go(tmp_path, fitter=broken)
    command.show_full(result, folder, lang)
    said = capsys.readouterr().out
    for word in (*words, "monthly_active_users", "forecasts.csv"):
        assert word in said
