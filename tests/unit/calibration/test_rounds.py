"""Rounds: a forecast is frozen, scored when its figures come, and never claims more than overlapping rounds prove."""

import shutil
from dataclasses import replace
from datetime import date
from math import exp, log

import numpy as np
import pytest
import scoringrules as sr
from scipy.stats import multivariate_normal, norm

from mobank.base.errors import InputError
from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.backtest.baselines import damped_trend
from mobank.calibration.backtest.scores import EnsembleForecast, NormalForecast
from mobank.calibration.report.rounds_page import RoundsOfBank, build
from mobank.calibration.report.rounds_tables import scores_table, standings_table
from mobank.calibration.rounds import store
from mobank.calibration.rounds.closing import close, close_all, listed
from mobank.calibration.rounds.freeze import LEVELS, _trend, open_round
from mobank.calibration.rounds.nouns import POINTS, FrozenForecast, KnownFigure, RivalForecast, Round
from mobank.calibration.rounds.track_record import RoundCase, cases_of, compare, inside_together, standings, worth
from mobank.calibration.targets import load
from mobank.ensemble.plan import Plan
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Provenance, Value
from tests.conftest import ROOT, rewrite
from tests.law.test_regional_runs import TARGET as TWO_REGIONS
from tests.law.test_regional_runs import stored

START, THEN = Month.of(2022, 12), Month.of(2023, 12)
DAY = date(2024, 4, 1)
TARGET = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL)
Z = norm.ppf(LEVELS)
DIGESTS = {"resolved": "a" * 64, "figures": "b" * 64, "posterior": "", "model": "m", "law": "l"}


def lognormal(middle, sd):
    return tuple(float(value) for value in middle * np.exp(sd * Z))


TREND = (log(1.8e8), 0.1)


def opened(name="2022-12", start=START, rival=()):
    """Return a round that forecasts the MAU of December 2023: 1.8亿, in print a tenth higher and twice as wide."""
    known = KnownFigure("mau", "", Month.of(2022, 12), "超1.74亿户", 1.74e8, 1.75e8, "mobile_side", "article")
    forecast = FrozenForecast("mau", "", THEN, lognormal(1.8e8, 0.05), lognormal(1.98e8, 0.1), TREND)
    return Round(
        "mybank", name, ("My bank", "我行"), "baseline", "2023-01-05T09:00:00+08:00", "Li", "as ever", start,
        THEN, 1, 1000, "mybank", DIGESTS, (known,), (forecast,), ("r.csv", "c" * 64) if rival else ("", ""),
        rival,
    )  # fmt: skip


def target_with(text, low, high, definition="mobile_side", clean_up=False):
    """Return the target with a figure of MAU more."""
    last = next(f for f in TARGET.figures if f.of == "mau" and f.month == START)
    figure = replace(last, month=THEN, text=text, interval=Interval(low, high, 0.0), definition=definition)
    cleaned = {THEN: Value(None, "1m", Provenance())} if clean_up else {}
    scenario = replace(TARGET.scenario, reported=(*TARGET.figures, figure), clean_ups=cleaned)
    return replace(TARGET, scenario=scenario)


def only(round_, target, before=()):
    [score] = close(round_, before, target, MODEL, DAY).scores
    return score


# ------------ scores


def test_a_figure_is_scored_under_both_forecasts_and_the_trend_by_the_closed_forms():
    score = only(opened(), target_with("1.85亿户", 1.845e8, 1.855e8))
    truth = log(1.85e8)
    assert (score.ahead, score.redefined, score.scored, score.middle) == (12, False, "2024-04-01", 1.85e8)
    assert score.today.crps == pytest.approx(float(sr.crps_normal(truth, log(1.8e8), 0.05)), rel=0.01)
    assert score.printed.crps == pytest.approx(float(sr.crps_normal(truth, log(1.98e8), 0.1)), rel=0.01)
    assert score.trend.crps == pytest.approx(float(sr.crps_normal(truth, log(1.8e8), 0.1)))
    assert score.printed.log_score == pytest.approx(norm.logpdf(truth, log(1.98e8), 0.1), abs=0.03)
    assert score.printed.pit == pytest.approx(norm.cdf(truth, log(1.98e8), 0.1), abs=0.01)
    assert (score.printed.low, score.printed.high) == pytest.approx(
        (1.98e8 * exp(-0.1645), 1.98e8 * exp(0.1645)), rel=0.005
    )


@pytest.mark.parametrize("changed", [{"definition": "all_apps"}, {"clean_up": True}])
def test_across_a_redefinition_the_printed_forecast_alone_is_scored(changed):
    redefined = target_with("2.30亿户", 2.295e8, 2.305e8, **changed)
    score = only(opened(), redefined)
    if "clean_up" in changed:
        assert (score.redefined, score.today is None) == (False, False), "a clean-up is of registered users"
    else:
        assert (score.redefined, score.today) == (True, None)
    assert score.printed.pit > 0.9


def test_registered_users_after_a_clean_up_are_scored_in_print_alone():
    round_ = opened()
    forecast = replace(round_.forecasts[0], measure="registered")
    target = target_with("1.85亿户", 1.845e8, 1.855e8, clean_up=True)
    figures = tuple(replace(f, measure="registered") if f.month == THEN else f for f in target.figures)
    target = replace(target, scenario=replace(target.scenario, reported=figures))
    score = only(replace(round_, forecasts=(forecast,)), target)
    assert (score.redefined, score.today) == (True, None)


def test_a_rival_is_scored_at_its_own_quantiles_and_the_printed_forecast_at_the_same():
    rival = RivalForecast("mau", "", THEN, (0.1, 0.5, 0.9), (1.6e8, 1.7e8, 1.9e8))
    score = only(opened(rival=(rival,)), target_with("1.85亿户", 1.845e8, 1.855e8))
    truth = log(1.85e8)
    theirs = [float(sr.quantile_score(truth, log(v), q)) for q, v in zip(rival.levels, rival.values, strict=True)]
    printed = [log(1.98e8) + 0.1 * norm.ppf(level) for level in rival.levels]
    ours = [float(sr.quantile_score(truth, value, q)) for q, value in zip(rival.levels, printed, strict=True)]
    assert score.rival.pinball == pytest.approx(np.mean(theirs))
    assert score.rival.own == pytest.approx(np.mean(ours), rel=0.01)


def test_the_first_print_stays_scored_and_what_it_is_restated_to_stands_beside_it_once():
    first = only(opened(), target_with("1.85亿户", 1.845e8, 1.855e8))
    again = close(opened(), (first,), target_with("1.85亿户", 1.845e8, 1.855e8), MODEL, DAY)
    assert (again.scores, again.new, again.restated) == ((first,), (), 0)
    later = target_with("1.79亿户", 1.785e8, 1.795e8)
    restated = close(opened(), (first,), later, MODEL, DAY)
    [score] = restated.scores
    assert (restated.restated, restated.new) == (1, ())
    assert replace(score, restated=()) == first
    assert [(each.figure, each.seen) for each in score.restated] == [("1.79亿户", "2024-04-01")]
    assert close(opened(), (score,), later, MODEL, DAY).restated == 0


# ------------ the store


@pytest.fixture
def rounds(tmp_path):
    """Return a store with a round in it."""
    scenario = "question: what?\n"
    round_ = replace(opened(), digests=DIGESTS | {"resolved": digest_of(scenario)})
    store.save(round_, scenario, tmp_path)
    return tmp_path


def digest_of(text):
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()


def refitted(round_):
    return replace(round_, digests={**round_.digests, "posterior": "c" * 64})


def test_a_round_and_its_scores_are_read_back_as_they_were_written(rounds):
    target = target_with("1.85亿户", 1.845e8, 1.855e8)
    target = replace(target, scenario=replace(target.scenario, name="mybank"))
    assert [each.due for each in listed(target, rounds)] == [1]
    [closed] = close_all(target, MODEL, rounds, DAY)
    [(back, scores)] = store.read_with_scores(rounds, "mybank")
    assert back.forecasts[0].key == ("mau", "", THEN)
    assert back.forecasts[0].today == pytest.approx(opened().forecasts[0].today, rel=1e-5)
    assert (back.author, back.why, back.known, back.subject) == ("Li", "as ever", opened().known, ("My bank", "我行"))
    [score] = scores
    assert score.printed.crps == pytest.approx(closed.scores[0].printed.crps, rel=1e-5)
    assert (score.month, score.figure, score.trend is None, score.rival) == (THEN, "1.85亿户", False, None)
    assert [each.due for each in listed(target, rounds)] == [0]
    before = (rounds / "mybank/2022-12/scores.json").read_bytes()
    [again] = close_all(target, MODEL, rounds, date(2025, 1, 1))
    assert again.new == ()
    assert (rounds / "mybank/2022-12/scores.json").read_bytes() == before


def test_a_second_round_of_a_month_gets_a_number_and_a_copy_is_refused(rounds):
    [first] = store.read_all(rounds, "mybank")
    with pytest.raises(InputError) as refused:
        store.save(first, "question: what?\n", rounds)
    assert str(refused.value) == (
        "a forecast of baseline from 2022-12 is frozen already as round 2022-12; "
        "a new figure, a new fit or another scenario makes a new one\n1 problem; nothing was run."
    )
    with pytest.raises(InputError, match="is frozen already"):
        store.save(replace(first, seed=2, author="another"), "question: what?\n", rounds)
    assert store.save(refitted(first), "question: what?\n", rounds).name == "2022-12-2"
    assert [each.name for each in store.read_all(rounds, "mybank")] == ["2022-12", "2022-12-2"]
    assert store.banks(rounds) == ["mybank"]


def test_what_was_edited_damaged_or_exchanged_is_refused_with_every_file(rounds):
    [first] = store.read_all(rounds, "mybank")
    other = store.save(refitted(first), "question: what?\n", rounds)
    (other / "scenario.resolved.yaml").write_text("question: another?\n", encoding="utf-8")
    path = rounds / "mybank/2022-12/forecast.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"as ever"', '"as I knew"'), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        store.read_all(rounds, "mybank")
    edited, exchanged = sorted(map(str, refused.value.problems))[::-1]
    said = "this record is not as it was written: its digest is not that of its content"
    assert edited.endswith(f"forecast.json  {said}; {store.ASIDE}")
    assert exchanged == (
        f"'{other.as_posix()}/scenario.resolved.yaml' has been changed or is gone since the round was opened; "
        f"{store.ASIDE}"
    )
    path.write_text(text, encoding="utf-8")
    shutil.rmtree(other)
    store.write_scores(first, [only(opened(), target_with("1.85亿户", 1.845e8, 1.855e8))], rounds)
    rewrite(path, store.ROUND, {"why": "another forecast"})
    with pytest.raises(InputError, match=r"scores.json' are of another forecast than the one beside them; put this"):
        store.read_with_scores(rounds, "mybank")


def test_a_copy_of_a_round_is_refused_and_what_a_killed_process_had_begun_is_no_round(rounds):
    shutil.copytree(rounds / "mybank/2022-12", rounds / "mybank/.2022-12-2.17@here.tmp")
    assert [each.name for each in store.read_all(rounds, "mybank")] == ["2022-12"]
    shutil.copytree(rounds / "mybank/2022-12", rounds / "mybank/2022-12-2")
    said = "round 2022-12 of mybank is in a folder of another name: a copy counts twice; put this round's folder aside"
    with pytest.raises(InputError, match=said):
        store.read_all(rounds, "mybank")


# ------------ what rounds prove


def test_thirty_six_monthly_rounds_read_a_year_ahead_are_worth_some_six_independent_ones():
    months = [START + t for t in range(36)]
    assert worth([(month, month + 12) for month in months]) == pytest.approx(6.55, abs=0.01)
    assert worth([(month, month + 1) for month in months]) == pytest.approx(36)
    assert worth([(START, START + 12)] * 5) == pytest.approx(1)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 11 / 12])
def test_two_forecasts_are_inside_together_as_the_bivariate_normal_says(correlation):
    edge = norm.ppf(0.9)
    law = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    box = law.cdf([edge, edge]) - 2 * law.cdf([edge, -edge]) + law.cdf([-edge, -edge])
    assert inside_together(correlation, 0.8) == pytest.approx((box - 0.64) / 0.16, abs=1e-4)


def overlapping(count, ahead, seed, own=1.0, other=1.0):
    """Return cases of monthly rounds whose errors are sums of the same monthly steps, with losses of two methods."""
    steps = Streams(seed).normal("moves", "steps", np.arange(count + ahead))
    found = []
    for t in range(count):
        error = abs(float(steps[t : t + ahead].sum()))
        round_ = opened(f"r{t}", START + t)
        score = only(opened(), target_with("1.85亿户", 1.845e8, 1.855e8))
        found.append((RoundCase(round_, replace(score, month=START + t + ahead)), own * error, other * error + 0.1))
    return found


def test_the_bootstrap_of_blocks_knows_that_overlapping_rounds_say_less_than_so_many_apart():
    """Errors twelve months ahead: drawn month by month, the span of a mean would be about a third as wide."""
    cases = overlapping(96, 12, 5)
    found = compare(cases, "blocks")
    assert found.cases == 96
    assert found.span[0] < found.ratio < found.span[1] < 1.0
    alone = [
        (replace_month(case, START + 100 + 12 * i, START + 88 + 12 * i), a, b) for i, (case, a, b) in enumerate(cases)
    ]
    apart = compare(alone, "blocks")
    assert apart.ratio == pytest.approx(found.ratio)
    assert found.span[1] - found.span[0] > 1.5 * (apart.span[1] - apart.span[0])


def replace_month(case, month, origin):
    return RoundCase(replace(case.round, start=origin), replace(case.score, month=month))


def test_fewer_than_four_blocks_give_no_span():
    assert np.isnan(compare(overlapping(47, 12, 5), "few").span).all()
    assert np.isfinite(compare(overlapping(48, 12, 5), "enough").span).all()
    assert compare([], "none").cases == 0


def test_cases_are_told_apart_by_scenario_measure_regions_and_months_ahead():
    score = only(opened(), target_with("1.85亿户", 1.845e8, 1.855e8))
    region = replace(score, band="west")
    missed = replace(score, ahead=3, today=None, printed=replace(score.printed, pit=0.995))
    cases = [*cases_of(opened(), [score, region, missed]), *cases_of(replace(opened(), scenario="other"), [score])]
    found = standings(cases)
    assert [(each.scenario, each.regions, each.ahead, each.cases) for each in found] == [
        ("baseline", False, (2, 3), 1),
        ("baseline", False, (7, 12), 1),
        ("baseline", True, (7, 12), 1),
        ("other", False, (7, 12), 1),
    ]
    assert (found[0].coverage, found[0].today_cases) == ((0.0, 0.0, 0.0), 0)
    assert found[1].trend.ratio == pytest.approx(score.printed.crps / score.trend.crps)
    assert found[1].rival.cases == 0


@pytest.mark.parametrize(("lang", "said"), [("en", "What the rounds prove"), ("zh", "各轮预测说明了什么")])
def test_the_page_names_whatever_was_said_and_has_no_markup_of_others(lang, said, rounds):
    target = replace(TARGET, scenario=replace(target_with("1.85亿户", 1.845e8, 1.855e8).scenario, name="mybank"))
    close_all(target, MODEL, rounds, DAY)
    shown = listed(target, rounds)
    decision = {"measure": "mau", "month": "2023-12", "figure": "2.6亿户", "taken_as": "break", "before": 0.067,
                "after": 0.91}  # fmt: skip
    odd = [replace(each, round=replace(each.round, why="<script>")) for each in shown]
    html = build(RoundsOfBank("mybank", ("My bank", "我行"), odd, [decision]), MODEL, lang)
    for text in (said, "1.85亿户", "&lt;script&gt;", "2022-12 resolved", "91%"):
        assert text in html
    assert "<script>" not in html
    nothing = build(RoundsOfBank("mybank", ("", ""), [replace(odd[0], scores=(), due=1)], []), MODEL, lang)
    assert "mobank round close mybank" in nothing
    rows = scores_table([case for each in shown for case in cases_of(each.round, each.scores)], MODEL, lang)
    assert {len(row) for row in rows.rows} == {len(rows.heads)}
    found = standings_table(standings(cases_of(shown[0].round, shown[0].scores)), MODEL, lang)
    assert {len(row) for row in found.rows} == {len(found.heads)}


# ------------ freezing


@pytest.fixture(scope="module")
def regional(tmp_path_factory):
    """Return the plan of a scenario that starts from a posterior of two regions by months."""
    _, scenario = stored(TWO_REGIONS, tmp_path_factory.mktemp("regional"), 60, until=4)
    return Plan(MODEL, scenario, 100, 1, "mean_field")


def test_a_round_holds_the_quantiles_of_the_run_for_the_bank_and_each_region(regional):
    from mobank.ensemble.run import run

    round_ = open_round(regional, TWO_REGIONS, "Li", "")
    keys = {each.key for each in round_.forecasts}
    start = regional.scenario.start
    assert keys == {(m, b, start + t) for m in ("registered", "mau") for b in ("", "east", "west") for t in range(1, 5)}
    with run(regional) as paths:
        for measure, band, part in (("mau", "", "all"), ("registered", "west", "west")):
            kept = next(each for each in round_.forecasts if each.key == (measure, band, start + 4))
            values = paths.month(measure, 4, part)
            assert len(kept.today) == POINTS
            np.testing.assert_allclose(kept.today, np.quantile(values, LEVELS), rtol=1e-5)
            assert np.isclose(EnsembleForecast(np.array(kept.today)).quantile(0.5), np.median(values), rtol=0.01)


def test_the_trend_of_a_round_is_that_of_the_last_figures_of_one_definition(regional):
    round_ = open_round(regional, TWO_REGIONS, "Li", "")
    own = [each for each in round_.known if (each.measure, each.band) == ("mau", "west")]
    assert len(own) > 2
    kept = [each for each in round_.forecasts if (each.measure, each.band) == ("mau", "west")]
    expected = damped_trend(np.array([each.log for each in own]), [1, 2, 3, 4])
    assert [each.baseline for each in kept] == [NormalForecast(each.mean, each.sd) for each in expected]
    redefined = [replace(each, definition="of old") for each in own[:-1]]
    assert not _trend([*redefined, own[-1]], [own[-1].month + 1]), "one figure has no trend, and a step is none"


def test_a_round_is_not_opened_of_what_is_known_already_or_of_another_bank(regional):
    scenario = regional.scenario
    late = replace(regional, scenario=replace(scenario, start=scenario.start - 1))
    with pytest.raises(InputError) as refused:
        open_round(late, TWO_REGIONS, "Li", "")
    assert f"start: {scenario.start - 1} is before the last figure ({scenario.start}), so some of what" in str(
        refused.value
    )
    with pytest.raises(InputError, match=r"subject: .* is not what .* is about .*; name a scenario of this bank"):
        open_round(replace(regional, scenario=replace(scenario, subject=("X", "X"))), TWO_REGIONS, "Li", "")
    rival = RivalForecast("mau", "north", scenario.start + 1, (0.5,), (1e6,))
    with pytest.raises(InputError, match=r"r.csv  --rival: 'r.csv' forecasts nothing that this round does: no measure"):
        open_round(regional, TWO_REGIONS, "Li", "", (("r.csv", ""), [rival]))
