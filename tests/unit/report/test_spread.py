"""What the spread of an answer comes from, as rows and as a sentence: each number with the name that it belongs to."""

import numpy as np

from mobank.base.cells import read_table
from mobank.base.quantities import Month
from mobank.base.streams import LAYERS
from mobank.ensemble.drivers import KINDS, Drivers, Input
from mobank.ensemble.shapley import ShapleyShares
from mobank.model.mobile_banking import MODEL
from mobank.report.run.spread import driver_rows, input_in_words, verdict, write_shares

END, NONE = Month.of(2024, 6), np.zeros(0)
FOUND = Drivers(
    "mau",
    END,
    np.array([0.25, 0.0, 0.4, 0.3496, 0.0004]),
    (Input("prior", "parameter", "fade_rate", "", NONE), Input("lever", "amount", "push", "lapse_rate", NONE)),
    np.array([0.31, 0.07]),
    np.array([0.02, 0.015]),
)


def test_each_layer_has_its_own_shares(tmp_path):
    four = np.arange(4)
    found = ShapleyShares("mau", END, True, 0.1 * four, 0.01 * four, 0.2 * four, 0.3 * four, 400)
    write_shares([found], tmp_path / "shares.csv")
    rows = read_table(tmp_path / "shares.csv")
    assert [row["layer"] for row in rows] == list(LAYERS)
    for i, row in enumerate(rows):
        numbers = [float(row[name]) for name in ("shapley", "mc_error", "first_order", "total")]
        np.testing.assert_allclose(numbers, [0.1 * i, 0.01 * i, 0.2 * i, 0.3 * i], atol=1e-12)
        assert (row["measure"], row["month"], row["scale"], row["replicates"]) == ("mau", "2024-06", "log", "400")


def test_rows_are_the_kinds_with_their_shares_and_then_the_draws_with_index_and_error():
    rows = driver_rows(FOUND, MODEL)
    kinds = {row["kind"]: float(row["share"]) for row in rows if row["row"] == "kind"}
    assert kinds == dict(zip(KINDS, (0.25, 0.0, 0.4, 0.3496, 0.0004), strict=True))
    draws = [(row["kind"], row["what"], row["share"], row["mc_error"]) for row in rows if row["row"] == "draw"]
    assert draws == [
        ("prior", "fade_rate (a lapsed user becomes dormant)", "0.3100", "0.0200"),
        ("lever", "size of push (lapse_rate (a regular user stops))", "0.0700", "0.0150"),
    ]


def test_the_sentence_names_the_kinds_by_size_and_the_largest_draw_of_the_first():
    words, follows = verdict(driver_rows(FOUND, MODEL), MODEL, "en")
    assert words.startswith("The spread of monthly active users in 2024-06 comes to 40 % from priors")
    assert [words.index(part) for part in ("40 %", "35 %", "25 %", "less than 1 %")] == sorted(
        words.index(part) for part in ("40 %", "35 %", "25 %", "less than 1 %")
    )
    assert words.count(", to ") == 2
    assert " and to less than 1 % from " in words
    assert follows == (
        "It rests mostly on priors. What would narrow it most is to know: fade_rate (a lapsed user becomes dormant)."
    )
    (alone,) = [row for row in driver_rows(FOUND, MODEL) if row["row"] == "kind" and row["kind"] == "data"]
    assert verdict([alone | {"share": "1.0000"}], MODEL, "en")[0].count("100 % from") == 1


def test_a_year_or_a_trend_is_called_by_its_path_and_by_its_region_where_it_has_one():
    year = Input("chance", "years", "adoption", "", NONE)
    assert input_in_words(year, MODEL, "en") == "luck of the years: registering"
    regional = Input("partly", "origin", "engagement", "east", NONE)
    assert input_in_words(regional, MODEL, "en") == "how good the last year was: staying active (east)"
    assert input_in_words(regional, MODEL, "zh") == "起点年景：活跃（east）"
