"""What a run must be by mathematics alone: exponential survival, competing risks, equilibria, Bass, Markov chains.

Statistical tests allow 4 standard errors (false alarms 6 in 100,000 a comparison; about 1 in 150 for the file).
"""

import math

import numpy as np
import pytest
from scipy import linalg, stats

from mobank.model.grammar import Flow, Measure, Model, Parameter

TOLERANCE = 4.0


def rate(name):
    return Parameter(name, "rate", (1e-9, 10.0), "")


def chain(states, flows):
    """Return a model of constant rates: flows are (name, source, target), each with a rate of its own name."""
    hazards = {
        name: eval(f"lambda {name}_rate: {name}_rate") for name, _, _ in flows
    }  # a signature is all that differs
    return Model(
        "chain",
        tuple(states),
        tuple(rate(f"{name}_rate") for name, _, _ in flows),
        tuple(Flow(name, source, target, hazards[name]) for name, source, target in flows),
        tuple(Measure(f"in_{state}", "", stock=(state,)) for state in states),
    )


ONE_WAY = chain("ab", [("go", "a", "b")])
TWO_WAY = chain("ab", [("go", "a", "b"), ("back", "b", "a")])
STAR = chain("abcd", [("first", "a", "b"), ("second", "a", "c"), ("third", "a", "d")])
RING = chain(
    "abcd", [("ab", "a", "b"), ("ac", "a", "c"), ("ba", "b", "a"), ("bd", "b", "d"), ("cd", "c", "d"), ("da", "d", "a")]
)
RING_RATES = {"ab": 0.3, "ac": 0.1, "ba": 0.2, "bd": 0.25, "cd": 0.5, "da": 0.15}


def generator(model, rates):
    """Return Q of the continuous-time chain, (K, K)."""
    q = np.zeros((len(model.states), len(model.states)))
    for flow in model.flows:
        i, j = model.states.index(flow.source), model.states.index(flow.target)
        q[i, j] += rates[flow.name]
        q[i, i] -= rates[flow.name]
    return q


def one_move_a_month(model, rates):
    """Return P of the monthly chain by the formula of competing risks, (K, K)."""
    q = generator(model, rates)
    hazard = -np.diag(q)
    leave = (1.0 - np.exp(-hazard)) / np.where(hazard > 0, hazard, 1.0)
    p = q * leave[:, None]
    np.fill_diagonal(p, np.exp(-hazard))
    return p


def named(rates):
    return {f"{name}_rate": value for name, value in rates.items()}


# ------------ one hazard


@pytest.mark.parametrize("hazard", [1e-6, 0.003, 0.05, 0.7, 3.0])
def test_mean_field_survival_is_exponential(drive, hazard):
    left = drive(ONE_WAY, {"go_rate": hazard}, (5e8, 0), "mean_field", months=24).observe("in_a")[:, 0]
    np.testing.assert_allclose(left, 5e8 * np.exp(-hazard * np.arange(25)), rtol=1e-12, atol=1e-6)


@pytest.mark.parametrize(("people", "hazard"), [(40, 0.05), (10_000, 0.0005), (90_000_000, 0.02)])
def test_cohort_survivors_are_binomial_with_an_exponential_chance(drive, people, hazard):
    months, replicates = 12, 20_000
    left = drive(ONE_WAY, {"go_rate": hazard}, (people, 0), "cohort", months, replicates).observe("in_a")[months]
    law = stats.binom(people, math.exp(-hazard * months))
    assert abs(left.mean() - law.mean()) < TOLERANCE * law.std() / math.sqrt(replicates)
    assert abs(left.var(ddof=1) / law.var() - 1.0) < TOLERANCE * math.sqrt(2.0 / replicates) * 1.1
    edges = np.unique(law.ppf(np.linspace(0.0, 1.0, 41)[1:-1]))
    seen = np.bincount(np.searchsorted(edges, left), minlength=edges.size + 1)
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * replicates
    assert stats.chisquare(seen, expected).pvalue > 1e-4


# ------------ competing risks

COMPETING = {"first": 0.21, "second": 0.05, "third": 0.004}


def test_mean_field_shares_out_who_leaves_by_competing_risks(drive):
    moves = drive(STAR, named(COMPETING), (1e6, 0, 0, 0), "mean_field", months=1).moves[0, :, 0, 0]
    total = sum(COMPETING.values())
    expected = [1e6 * h / total * (1.0 - math.exp(-total)) for h in COMPETING.values()]
    np.testing.assert_allclose(moves, expected, rtol=1e-13)


def test_cohort_moves_of_a_small_group_are_exactly_multinomial(drive):
    replicates, people = 60_000, 4
    rates = {"first": 0.5, "second": 0.3, "third": 0.4}
    moves = drive(STAR, named(rates), (people, 0, 0, 0), "cohort", 1, replicates).moves[0, :, 0]
    total = sum(rates.values())
    p = [h / total * (1.0 - math.exp(-total)) for h in rates.values()]
    law = stats.multinomial(people, [*p, math.exp(-total)])
    ways = [(i, j, k) for i in range(5) for j in range(5 - i) for k in range(5 - i - j)]
    seen = [np.count_nonzero((moves[0] == i) & (moves[1] == j) & (moves[2] == k)) for i, j, k in ways]
    expected = [replicates * law.pmf([*way, people - sum(way)]) for way in ways]
    assert sum(seen) == replicates
    assert min(expected) > 5
    assert stats.chisquare(seen, np.array(expected) * replicates / sum(expected)).pvalue > 1e-4


def test_cohort_moves_of_a_large_group_have_multinomial_means_and_covariances(drive):
    replicates, people = 20_000, 50_000_000
    moves = drive(STAR, named(COMPETING), (people, 0, 0, 0), "cohort", 1, replicates).moves[0, :, 0].astype(float)
    total = sum(COMPETING.values())
    p = np.array([h / total * (1.0 - math.exp(-total)) for h in COMPETING.values()])
    covariance = people * (np.diag(p) - np.outer(p, p))
    variance = np.diag(covariance)
    assert (np.abs(moves.mean(axis=1) - people * p) < TOLERANCE * np.sqrt(variance / replicates)).all()
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / replicates)
    assert (np.abs(np.cov(moves) - covariance) < TOLERANCE * error).all()


# ------------ equilibrium


@pytest.mark.parametrize(("lapse", "back"), [(0.06, 0.03), (0.9, 0.2), (0.01, 1.4)])
def test_two_states_settle_where_their_chances_balance_from_either_side(drive, fidelity, lapse, back):
    r, l = 1.0 - math.exp(-back), 1.0 - math.exp(-lapse)  # noqa: E741 the design's letters
    share, people, replicates = r / (r + l), 1_000_000, 200 if fidelity == "cohort" else 1
    for start in ((people, 0), (0, people)):
        rates = {"go_rate": lapse, "back_rate": back}
        found = drive(TWO_WAY, rates, start, fidelity, 400, replicates).observe("in_a")[-1] / people
        error = 1e-12 if fidelity == "mean_field" else math.sqrt(share * (1 - share) / people / replicates)
        assert abs(found.mean() - share) < TOLERANCE * error


# ------------ Bass (1969)

BASS = Model(
    "Bass",
    ("prospect", "adopter"),
    (rate("innovation_rate"), rate("imitation_rate")),
    (
        Flow(
            "adopt",
            "prospect",
            "adopter",
            lambda innovation_rate, imitation_rate, exposure: innovation_rate + imitation_rate * exposure,
        ),
    ),
    (Measure("adopters", "", stock=("adopter",)),),
    exposed_to=("adopter",),
)
P, Q = 0.01, 0.25  # a month


def test_mean_field_is_the_bass_recursion_in_every_month(drive):
    found = drive(BASS, {"innovation_rate": P, "imitation_rate": Q}, (1e6, 0), "mean_field", 60).observe("adopters")
    adopters, expected = 0.0, [0.0]
    for _ in range(60):
        adopters += (1e6 - adopters) * (1.0 - math.exp(-(P + Q * adopters / 1e6)))
        expected.append(adopters)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_bass_closed_form_is_met_in_the_limit_and_the_error_halves_with_the_step(drive):
    errors = []
    for steps in (4, 8, 16, 32, 64):
        values = {"innovation_rate": P / steps, "imitation_rate": Q / steps}
        share = drive(BASS, values, (1e6, 0), "mean_field", 30 * steps).observe("adopters")[::steps, 0] / 1e6
        fading = np.exp(-(P + Q) * np.arange(31))
        errors.append(np.abs(share - (1.0 - fading) / (1.0 + Q / P * fading)).max())
    assert errors[-1] < 0.002
    halving = np.array(errors[:-1]) / errors[1:]
    assert ((halving > 1.9) & (halving < 2.2)).all(), halving


def test_exposure_of_a_segment_is_the_active_share_among_whom_it_meets(drive):
    mixing = [[0.7, 0.3], [0.2, 0.8]]
    start = [[600.0, 100.0], [400.0, 900.0]]  # 40 % and 90 % have adopted
    moves = drive(BASS, {"innovation_rate": 0.0, "imitation_rate": Q}, start, "mean_field", 1, mixing=mixing).moves
    exposure = np.array([0.7 * 0.4 + 0.3 * 0.9, 0.2 * 0.4 + 0.8 * 0.9])
    np.testing.assert_allclose(moves[0, 0, :, 0], [600, 100] * (1 - np.exp(-Q * exposure)), rtol=1e-13)


# ------------ chains against matrices


def test_absorbing_competition_is_the_continuous_chain_exactly(drive):
    found = drive(STAR, named(COMPETING), (1e6, 0, 0, 0), "mean_field", 24).occupancy[24, :, 0, 0]
    exact = np.array([1e6, 0, 0, 0]) @ linalg.expm(24 * generator(STAR, COMPETING))
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_ring_nears_the_continuous_chain_and_the_error_halves_with_the_step(drive):
    start, errors = np.array([6e5, 1e5, 2e5, 1e5]), []
    exact = start @ linalg.expm(12 * generator(RING, RING_RATES))
    for steps in (8, 16, 32, 64):
        rates = named({name: h / steps for name, h in RING_RATES.items()})
        found = drive(RING, rates, start, "mean_field", 12 * steps).occupancy[-1, :, 0, 0]
        errors.append(np.abs(found - exact).max() / 1e6)
    assert errors[-1] < 0.001
    halving = np.array(errors[:-1]) / errors[1:]
    assert ((halving > 1.9) & (halving < 2.1)).all(), halving


def test_mean_field_is_the_power_of_the_monthly_matrix(drive):
    start = np.array([6e5, 1e5, 2e5, 1e5])
    found = drive(RING, named(RING_RATES), start, "mean_field", 36).occupancy[36, :, 0, 0]
    exact = start @ np.linalg.matrix_power(one_move_a_month(RING, RING_RATES), 36)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_cohort_has_the_means_variances_and_covariances_of_independent_chains(drive):
    """Everyone is a chain of their own, so counts at two months are sums of independent 0/1 variables."""
    rates, start, replicates = {"go": 0.3, "back": 0.12}, (300, 200), 30_000
    counts = drive(TWO_WAY, named(rates), start, "cohort", 9, replicates).observe("in_a")
    p = one_move_a_month(TWO_WAY, rates)
    early, late = np.linalg.matrix_power(p, 4), np.linalg.matrix_power(p, 9)
    between = np.linalg.matrix_power(p, 5)
    mean = {t: sum(n * m[i, 0] for i, n in enumerate(start)) for t, m in ((4, early), (9, late))}
    variance = {t: sum(n * m[i, 0] * m[i, 1] for i, n in enumerate(start)) for t, m in ((4, early), (9, late))}
    covariance = sum(n * early[i, 0] * (between[0, 0] - late[i, 0]) for i, n in enumerate(start))
    for t in (4, 9):
        assert abs(counts[t].mean() - mean[t]) < TOLERANCE * math.sqrt(variance[t] / replicates)
        assert abs(counts[t].var(ddof=1) - variance[t]) < TOLERANCE * variance[t] * math.sqrt(2.0 / replicates)
    found = np.cov(counts[4], counts[9])[0, 1]
    error = math.sqrt((variance[4] * variance[9] + covariance**2) / replicates)
    assert covariance > 10 * error, "the months must hang together visibly"
    assert abs(found - covariance) < TOLERANCE * error
