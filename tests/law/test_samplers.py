"""The compiled samplers against the laws that they claim to be exact in, and the mixer that feeds them.

Chi-square tests fail below a p-value of 1 in 10,000 and moments beyond 4.5 standard errors (7 in a million each): all
of them together would raise a false alarm for one seed in a hundred.
"""

import math

import numpy as np
import pytest
from scipy import stats

from mobank.base import kernels
from mobank.base.kernels import draws

DRAWS = 150_000
ONES = 2**64 - 1


def law_around(mode, log_ratio_up, low, high, reach):
    """Return (support, chances) from the ratios of neighbouring chances alone, up to `reach` from the mode."""
    support = np.arange(max(low, mode - reach), min(high, mode + reach) + 1)
    steps = log_ratio_up(support[:-1].astype(float))
    log_chance = np.concatenate([[0.0], np.cumsum(steps)])
    chance = np.exp(log_chance - log_chance.max())
    return support, chance / math.fsum(chance)


def binomial_law(n, p):
    mode = min(int((n + 1) * p), n)
    reach = int(12 * math.sqrt(n * p * (1 - p))) + 30
    return law_around(mode, lambda k: np.log((n - k) / (k + 1)) + math.log(p) - math.log1p(-p), 0, n, reach)


def hypergeometric_law(marked, others, taken):
    total = marked + others
    low, high = max(0, taken - others), min(marked, taken)
    mode = min(max(int((taken + 1) * (marked + 1) / (total + 2)), low), high)
    spread = math.sqrt(taken * marked / total * (others / total) * (total - taken) / max(total - 1, 1))
    return law_around(
        mode,
        lambda k: np.log((marked - k) / (k + 1)) + np.log((taken - k) / (others - taken + k + 1)),
        low,
        high,
        int(12 * spread) + 30,
    )


def agrees(found, support, chance):
    """Assert that draws have the law: chi-square over cells of 12 expected draws and more, mean and variance."""
    assert found.min() >= support[0]
    assert found.max() <= support[-1]
    expected, seen, cells = found.size * chance, np.bincount(found - support[0], minlength=support.size), []
    least = max(12.0, found.size / 80)  # up to 80 cells; tails of a dozen draws, so that a thin tail is seen
    e = s = 0.0
    edges = np.cumsum(expected)
    for i in range(support.size):
        e, s = e + expected[i], s + seen[i]
        in_tail = min(edges[i], found.size - edges[i]) < found.size / 40
        if e >= (12.0 if in_tail else least) and found.size - edges[i] >= 12.0:
            cells.append((s, e))
            e = s = 0.0
    cells.append((s, e))
    if len(cells) > 1:
        s, e = np.array(cells).T
        assert stats.chisquare(s, e * s.sum() / e.sum()).pvalue > 1e-4
    mean = math.fsum(chance * (support - support[0])) + support[0]
    deviation = support - mean
    variance, fourth = math.fsum(chance * deviation**2), math.fsum(chance * deviation**4)
    assert abs(found.mean() - mean) < 4.5 * math.sqrt(variance / found.size)
    assert abs(((found - mean) ** 2).mean() - variance) <= 4.5 * math.sqrt((fourth - variance**2) / found.size)


# ------------ binomial

BINOMIALS = [
    (1, 0.5), (30, 0.002), (30, 0.1), (30, 0.3), (30, 0.334), (30, 0.5), (30, 0.66), (30, 0.9), (30, 0.999),
    (100, 0.0999), (100, 0.1), (100, 0.9), (100, 0.9001), (25, 0.4), (20, 0.5), (1_000, 0.011), (1_000, 0.5),
    (1_000, 0.98), (12_345, 0.2), (1_000_000, 1e-7), (1_000_000, 9.99e-6), (1_000_000, 1.01e-5), (1_000_000, 0.06),
    (90_000_000, 1e-8), (90_000_000, 1e-7), (90_000_000, 1.2e-7), (90_000_000, 0.003), (90_000_000, 0.06),
    (90_000_000, 0.5), (90_000_000, 0.97), (90_000_000, 1 - 1e-7), (90_000_000, 1 - 1e-5),
]  # fmt: skip


@pytest.mark.parametrize(("n", "p"), BINOMIALS)
def test_binomial_draws_have_the_binomial_law(keys, n, p):
    found = np.empty(DRAWS, np.int64)
    chances = np.full(DRAWS, p)
    kernels.binomials(np.full(DRAWS, n), chances, keys(DRAWS, f"binomial {n} {p}"), found)
    agrees(found, *binomial_law(n, p))


@pytest.mark.parametrize(("n", "p"), [(30, 0.1), (100, 0.1), (60, 0.5), (400, 0.2), (90_000_000, 0.003)])
def test_three_million_draws_still_have_the_binomial_law(keys, n, p):
    """Enough to see a hat, a squeeze or a step of the inversion that is wrong by a percent."""
    found = np.empty(3_000_000, np.int64)
    many = np.full(found.size, n), np.full(found.size, p)
    kernels.binomials(*many, keys(found.size, f"many {n} {p}"), found)
    agrees(found, *binomial_law(n, p))


def test_both_branches_of_the_binomial_are_among_the_tested():
    expected = [n * min(p, 1 - p) for n, p in BINOMIALS]
    assert sum(e < kernels.INVERSION_BELOW for e in expected) > 8
    assert sum(e >= kernels.INVERSION_BELOW for e in expected) > 8
    assert {p > 0.5 for (n, p), e in zip(BINOMIALS, expected, strict=True) if e < kernels.INVERSION_BELOW} == {
        True,
        False,
    }


def test_binomial_draws_of_nobody_and_of_certainties_are_certain():
    keys, cases = np.arange(4, dtype=np.uint64), [(0, 0.5, 0), (7, 0.0, 0), (7, 1.0, 7), (7, 1.0 + 1e-15, 7)]
    for n, p, certain in cases:
        assert {kernels.binomial(n, p, key) for key in keys} == {certain}


def test_a_row_of_binomials_equals_single_draws_bit_for_bit(keys):
    """The vector pass may take what it likes, if it is what `binomial` would have drawn with the same key."""
    rng = np.random.default_rng(5)
    n = np.concatenate([rng.integers(0, 60, 20_000), rng.integers(0, 90_000_000, 20_000), [0, 0, 7, 7, 9, 200, 200]])
    p = np.concatenate(
        [rng.random(20_000), 10.0 ** rng.uniform(-8, -0.01, 20_000), [0, 0.5, 0, 1, 1 + 1e-15, 0.05, 0.95]]
    )
    who, lot = keys(n.size, "who"), np.uint64(0x1234567890ABCDEF)
    found, first, margin = np.empty(n.size, np.int64), np.empty(n.size), np.empty(n.size)
    draws.binomial_row(n, p, lot, who, first, margin, found)
    alone = [kernels.binomial(n[r], p[r], kernels.mix(lot ^ who[r])) for r in range(n.size)]
    np.testing.assert_array_equal(found, alone)
    assert 0.3 < (margin >= 0).mean() < 0.7, "both passes must have been at work"


def test_compete_draws_each_flow_from_those_whom_the_flows_before_it_left(keys):
    rng = np.random.default_rng(6)
    replicates, leaves = 50, np.array([0, 1, -1, 0, 0])
    occupancy = rng.integers(0, 5_000, (2, 3, replicates))
    chances = rng.uniform(0.0, 0.3, (5, 3, replicates))
    lots, who = keys(15, "lots").reshape(5, 3), keys(replicates, "who")
    moves = np.full((5, 3, replicates), -77)
    kernels.compete(occupancy, chances, leaves, lots, who, moves)
    assert (moves[2] == -77).all(), "an intake is not for compete to draw"
    for f, s, r in np.ndindex(5, 3, replicates):
        if leaves[f] >= 0:
            before = [g for g in range(f) if leaves[g] == leaves[f]]
            left = occupancy[leaves[f], s, r] - sum(moves[g, s, r] for g in before)
            certain = 1.0
            for g in before:
                certain -= chances[g, s, r]
            assert moves[f, s, r] == kernels.binomial(
                left, chances[f, s, r] / certain, kernels.mix(lots[f, s] ^ who[r])
            )


def test_log_ratios_of_chances_are_the_sums_of_their_steps():
    for n, p in [(30, 0.4), (25, 0.4), (1_000, 0.011), (12_345, 0.2), (90_000_000, 0.003), (90_000_000, 0.5)]:
        m, odds, spread = int((n + 1) * p), math.log(p) - math.log1p(-p), math.sqrt(n * p * (1 - p))
        for x in sorted({0, 1, m, n, *(max(0, min(n, int(m + z * spread))) for z in (-9, -3, -1, 0.2, 1, 3, 9))}):
            if abs(x - m) <= 12 * spread:
                k = np.arange(min(x, m), max(x, m), dtype=float)
                exact = math.copysign(1, x - m) * math.fsum(np.log((n - k) / (k + 1)) + odds)
                assert draws._binomial_log_ratio(n, p, 1 - p, x, m) == pytest.approx(exact, abs=1e-9)


# ------------ hypergeometric

HYPERGEOMETRICS = [
    (30, 20, 10), (20, 30, 40), (5, 5, 5), (1, 100, 50), (100, 1, 50), (3, 100_000_000, 1_000_000), (2, 3, 1),
    (50_000_000, 40_000_000, 1_000_000), (90_000_000, 90_000_000, 89_000_000), (10, 90_000_000, 80_000_000),
    (1_000, 10, 1_005), (100_000, 90_000_000, 30_000), (63, 65, 64), (64, 64, 100), (700, 30, 12),
    (90_000_000, 30, 600),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "others", "taken"), HYPERGEOMETRICS)
def test_hypergeometric_draws_have_the_hypergeometric_law(keys, marked, others, taken):
    found = np.empty(DRAWS, np.int64)
    args = (np.full(DRAWS, x) for x in (marked, others, taken))
    kernels.hypergeometrics(*args, keys(DRAWS, f"hypergeometric {marked} {others} {taken}"), found)
    agrees(found, *hypergeometric_law(marked, others, taken))


def test_the_laws_built_from_neighbouring_ratios_are_those_of_scipy():
    for n, p in [(30, 0.3), (1_000, 0.98), (1_000_000, 1e-7)]:
        support, chance = binomial_law(n, p)
        np.testing.assert_allclose(chance, stats.binom.pmf(support, n, p), rtol=1e-8, atol=1e-14)
    for marked, others, taken in [(30, 20, 10), (1_000, 10, 1_005), (63, 65, 64)]:
        support, chance = hypergeometric_law(marked, others, taken)
        law = stats.hypergeom(marked + others, marked, taken)
        np.testing.assert_allclose(chance, law.pmf(support), rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize(
    ("marked", "others", "taken", "certain"),
    [(0, 9, 4, 0), (9, 0, 4, 4), (9, 4, 0, 0), (9, 4, 13, 9), (9, 4, 50, 9), (0, 0, 0, 0), (90_000_000, 0, 7, 7)],
)
def test_hypergeometric_draws_without_a_choice_are_certain(marked, others, taken, certain):
    assert {kernels.hypergeometric(marked, others, taken, np.uint64(key)) for key in range(20)} == {certain}


# ------------ the mixer


def splitmix(x):
    """Return SplitMix64's output function in plain Python (Steele, Lea, Flood 2014; Stafford's variant 13)."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & ONES
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & ONES
    return x ^ (x >> 31)


def unsplitmix(y):
    """Return the x whose mix is y, by undoing each step."""
    y ^= (y >> 31) ^ (y >> 62)
    y = y * pow(0x94D049BB133111EB, -1, 2**64) & ONES
    y ^= (y >> 27) ^ (y >> 54)
    y = y * pow(0xBF58476D1CE4E5B9, -1, 2**64) & ONES
    return y ^ (y >> 30) ^ (y >> 60)


def test_the_mixer_gives_the_published_first_numbers_of_splitmix64():
    """Outputs of SplitMix64 from seed 0, as published with the generator."""
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]
    gamma = int(kernels.GAMMA)
    assert [int(kernels.mix(np.uint64(i * gamma & ONES))) for i in range(1, 5)] == published
    assert [splitmix(i * gamma & ONES) for i in range(1, 5)] == published


def uniforms(keys):
    out = np.empty(keys.size)
    kernels.uniforms(np.ascontiguousarray(keys.ravel()), out)
    return out


def test_uniforms_lie_strictly_between_0_and_1_for_every_key():
    gamma = int(kernels.GAMMA)
    lowest, highest = ((unsplitmix(bits) - gamma) & ONES for bits in (0, ONES))
    assert splitmix((highest + gamma) & ONES) == ONES
    ends = uniforms(np.array([lowest, highest], np.uint64))
    assert 0.0 < ends[0] < 1e-15
    assert 1.0 - 1e-15 < ends[1] < 1.0


def test_uniforms_of_neighbouring_keys_are_uniform_and_uncorrelated(keys):
    u = uniforms(keys(1_000_000, "uniforms"))
    seen = np.bincount((u * 1_000).astype(int), minlength=1_000)
    assert stats.chisquare(seen).pvalue > 1e-4
    for lag in (1, 2, 7, 500, 1_000):
        centred = u - 0.5
        assert abs((centred[lag:] * centred[:-lag]).mean() * 12) < 4.5 / math.sqrt(u.size - lag)
    pairs = (u[:-1] * 32).astype(int) * 32 + (u[1:] * 32).astype(int)
    assert stats.chisquare(np.bincount(pairs[::2], minlength=1_024)).pvalue > 1e-4


def test_uniforms_of_raw_counters_are_uniform_too():
    """Even keys that differ in their last bits only: the mixer has no weak corner that the digests must hide."""
    for stride in (1, 2, 256, 2**32):
        u = uniforms(np.arange(200_000, dtype=np.uint64) * np.uint64(stride))
        assert stats.chisquare(np.bincount((u * 256).astype(int), minlength=256)).pvalue > 1e-4
        centred = u - 0.5
        assert abs((centred[1:] * centred[:-1]).mean() * 12) < 4.5 / math.sqrt(u.size)


def test_every_bit_of_a_key_is_set_half_of_the_time(keys):
    k = keys(400_000, "bits")
    share = np.array([((k >> np.uint64(bit)) & np.uint64(1)).mean() for bit in range(64)])
    assert (np.abs(share - 0.5) < 4.5 * 0.5 / math.sqrt(k.size)).all()


def test_each_bit_of_what_is_mixed_turns_each_bit_of_the_key_half_of_the_time(keys):
    k = keys(20_000, "avalanche")
    mixed = np.array([splitmix(int(x)) for x in k[:50]], np.uint64)
    np.testing.assert_array_equal(mixed, [kernels.mix(x) for x in k[:50]])
    lots = np.zeros((k.size, 1), np.uint64)
    kernels.pair_keys(np.array([0], np.uint64), k, lots)
    for bit in range(64):
        turned = np.zeros((k.size, 1), np.uint64)
        kernels.pair_keys(np.array([1 << bit], np.uint64), k, turned)
        flips = (lots ^ turned)[:, 0]
        share = np.array([((flips >> np.uint64(b)) & np.uint64(1)).mean() for b in range(64)])
        assert (np.abs(share - 0.5) < 5.5 * 0.5 / math.sqrt(k.size)).all(), (
            bit
        )  # 64 × 64 shares: false alarm 1 in 6,000
