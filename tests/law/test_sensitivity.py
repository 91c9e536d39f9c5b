"""Which inputs matter: against the closed form, against SALib, and with errors that say how far off it may be."""

import numpy as np
import pytest

from mobank.ensemble.sensitivity import FEWEST, given_data_shares

ISHIGAMI = (0.3139, 0.4424, 0.0)  # first-order indices with a = 7, b = 0.1 (Ishigami and Homma 1990)
DRAWS = 4000


def ishigami(x):
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


@pytest.fixture
def generator(seed):
    return np.random.default_rng(seed)


@pytest.fixture
def drawn(generator):
    return generator.uniform(-np.pi, np.pi, (3, DRAWS))


def test_ishigami_lies_within_four_errors_of_the_closed_form(drawn):
    """False alarm: 3 × 6e-5."""
    found = given_data_shares(drawn, ishigami(drawn))
    assert np.all(np.abs(found.first - ISHIGAMI) < 4 * found.error)
    assert found.error.max() < 0.02


def test_salib_finds_the_same_from_the_same_draws(drawn):
    rbd_fast = pytest.importorskip("SALib.analyze.rbd_fast")
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    output = ishigami(drawn)
    theirs = np.array(rbd_fast.analyze(problem, drawn.T, output, num_resamples=2)["S1"])
    ours = given_data_shares(drawn, output)
    assert np.all(np.abs(theirs - ours.first) < 4 * ours.error + 0.01)  # theirs has a bias of its own, some 0.005


def test_the_error_is_that_of_many_repeats(generator):
    """The mean claimed error of 200 repeats against their scatter, whose own error is 5 %."""
    x = generator.uniform(-np.pi, np.pi, (200, 3, 500))
    found = [given_data_shares(each, ishigami(each)) for each in x]
    scatter = np.std([f.first for f in found], axis=0)
    claimed = np.mean([f.error for f in found], axis=0)
    assert np.all(np.abs(claimed / scatter - 1) < 0.25)
    assert np.all(np.abs(np.mean([f.first for f in found], axis=0) - ISHIGAMI) < 4 * scatter / np.sqrt(200) + 0.005)


def test_an_additive_output_is_shared_out_wholly(generator):
    x = generator.normal(size=(4, DRAWS))
    found = given_data_shares(np.exp(x), x.T @ np.array([4.0, 2.0, 1.0, 0.0]))
    assert np.all(np.abs(found.first - np.array([16, 4, 1, 0]) / 21) < 4 * found.error)


def test_only_the_order_of_an_input_counts(drawn):
    output = ishigami(drawn)
    assert np.array_equal(given_data_shares(drawn, output).first, given_data_shares(np.exp(drawn), output).first)


def test_an_input_with_few_values_is_classed_by_value(generator):
    levels = generator.integers(0, 3, (2, DRAWS)).astype(float)
    output = np.array([0.0, 5.0, 1.0])[levels[0].astype(int)] + generator.normal(size=DRAWS)
    found = given_data_shares(levels, output)
    assert abs(found.first[0] - (14 / 3) / (14 / 3 + 1)) < 4 * found.error[0]
    assert abs(found.first[1]) < 4 * found.error[1]


def test_a_constant_input_explains_nothing_and_a_constant_output_has_nothing_to_explain(drawn):
    unlimited = np.full(DRAWS, np.inf)
    assert given_data_shares(unlimited[None], drawn[0]) == (0.0, 0.0)
    assert np.isnan(given_data_shares(drawn, np.ones(DRAWS)).first).all()


def test_draws_without_an_output_are_left_out(drawn):
    output = ishigami(drawn)
    output[::3] = np.nan
    known = ~np.isnan(output)
    assert np.array_equal(given_data_shares(drawn, output), given_data_shares(drawn[:, known], output[known]))


def test_too_few_draws_and_wrong_shapes_are_refused(drawn):
    with pytest.raises(ValueError, match=rf"{FEWEST - 1} draws are too few; at least {FEWEST} are wanted"):
        given_data_shares(drawn[:, : FEWEST - 1], drawn[0, : FEWEST - 1])
    with pytest.raises(ValueError, match=r"inputs \(P, N\) and output \(N,\) wanted, not \(3, 4000\) and \(3, 4000\)"):
        given_data_shares(drawn, drawn)
