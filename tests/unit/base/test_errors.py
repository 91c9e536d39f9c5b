"""Errors carry fields, and the sentence is composed from them."""

from __future__ import annotations

import pickle

import pytest

from mobank.base.errors import InputError, MobankError, ModelError, Place, Problem, RunError, did_you_mean, shown

PARAMETERS = ["assist_rate", "lapse_rate", "innovation"]


def test_a_place_reads_as_file_and_line():
    assert str(Place("scenarios/x.yaml", 5, 3)) == "scenarios/x.yaml:5"


def test_line_zero_is_the_file_as_a_whole():
    assert str(Place("scenarios/x.yaml", 0)) == "scenarios/x.yaml"


def test_a_problem_says_where_what_came_what_was_allowed_and_the_nearest_right_answer():
    problem = Problem(
        "'assist_rat'",
        "is not a parameter",
        did_you_mean("assist_rat", PARAMETERS),
        "levers.a.parameter",
        Place("scenarios/x.yaml", 5),
    )
    assert str(problem) == (
        "scenarios/x.yaml:5  levers.a.parameter: 'assist_rat' is not a parameter; did you mean 'assist_rate'?"
    )


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem("9", "must be a share"), "9 must be a share"),
        (Problem("9", "must be a share", "write 9%"), "9 must be a share; write 9%"),
        (Problem("9", "must be a share", key="reach"), "reach: 9 must be a share"),
        (Problem("9", "must be a share", place=Place("x.yaml", 2)), "x.yaml:2  9 must be a share"),
        (Problem("the disk is full", ""), "the disk is full"),
    ],
)
def test_missing_pieces_of_a_problem_are_left_out(problem, sentence):
    assert str(problem) == sentence


def test_an_input_error_tells_all_problems_by_file_and_line_and_counts_them():
    late = Problem("2026-12", "is before from (2027-01)", key="levers.a.until", place=Place("b.yaml", 7))
    early = Problem("'x'", "is not a parameter", place=Place("b.yaml", 5))
    other = Problem("'y'", "is not a parameter", place=Place("a.yaml", 10))
    assert str(InputError([late, early, other])) == (
        "a.yaml:10  'y' is not a parameter\n"
        "b.yaml:5  'x' is not a parameter\n"
        "b.yaml:7  levers.a.until: 2026-12 is before from (2027-01)\n"
        "3 problems; nothing was run."
    )


def test_one_problem_is_counted_in_the_singular():
    assert str(InputError([Problem("'y'", "is odd")])) == "'y' is odd\n1 problem; nothing was run."


def test_problems_without_a_place_come_first():
    placed = Problem("'x'", "is odd", place=Place("a.yaml", 1))
    unplaced = Problem("'y'", "is odd")
    assert InputError([placed, unplaced]).problems == (unplaced, placed)


def test_a_run_error_composes_its_fields():
    error = RunError("the balance is off by 3 persons", "but must be zero", "please report this")
    assert str(error) == "the balance is off by 3 persons but must be zero; please report this"
    assert (error.found, error.allowed, error.hint) == error.args


def test_a_model_error_names_what_was_declared_wrongly():
    error = ModelError("lapse", "'activ'", "is not a state", "did you mean 'active'?")
    assert str(error) == "lapse: 'activ' is not a state; did you mean 'active'?"
    assert (error.name, error.found, error.allowed, error.hint) == error.args


def test_a_wrong_input_exits_with_2_and_a_failed_run_with_1():
    codes = [error.exit_code for error in (MobankError, InputError, RunError, ModelError)]
    assert codes == [1, 2, 1, 1]


@pytest.mark.parametrize(
    "error",
    [
        InputError([Problem("'x'", "is odd", place=Place("a.yaml", 1))]),
        RunError("a", "b", "c"),
        ModelError("n", "a", "b", "c"),
    ],
)
def test_an_error_survives_the_way_back_from_a_worker_process(error):
    returned = pickle.loads(pickle.dumps(error))
    assert (type(returned), str(returned)) == (type(error), str(error))


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("assist_rat", "did you mean 'assist_rate'?"),
        ("Assist-Rate", "did you mean 'assist_rate'?"),
        ("lapse rate", "did you mean 'lapse_rate'?"),
        ("ｌａｐｓｅ＿ｒａｔｅ", "did you mean 'lapse_rate'?"),
        ("colour", "allowed: assist_rate, lapse_rate, innovation"),
        ("", "allowed: assist_rate, lapse_rate, innovation"),
    ],
)
def test_the_nearest_word_is_offered_or_else_the_short_list(word, hint):
    assert did_you_mean(word, PARAMETERS) == hint


def test_a_long_list_without_a_near_word_gives_no_hint():
    assert did_you_mean("colour", [f"segment_{i}" for i in range(25)]) == ""


def test_an_empty_list_gives_no_hint():
    assert did_you_mean("colour", []) == ""


def test_of_two_words_that_fold_alike_the_first_is_offered():
    assert did_you_mean("LAPSE_RATE", ["lapse_rate", "lapse-rate"]) == "did you mean 'lapse_rate'?"


def test_a_text_is_shown_in_quotes_escaped_and_cut_short():
    assert shown("a\tb") == r"'a\tb'"
    assert shown("户" * 60) == repr("户" * 60)
    assert shown("户" * 61) == repr("户" * 59 + "…")
