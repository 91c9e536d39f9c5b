"""Named streams: digests and keys that stay the same for good, since every published run depends on them."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from mobank.base.streams import LAYERS, Streams, digest

ONES = 2**64 - 1


def splitmix(x):
    """Return SplitMix64's output function in plain Python."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & ONES
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & ONES
    return x ^ (x >> 31)


def test_digests_are_pinned():
    assert [digest("moves"), digest("moves", 7, "lapse", "old"), digest("month", -1)] == PINNED


PINNED = [17187518219808295186, 16963555101106160635, 1068195346292404383]


def test_a_digest_is_blake2b_of_the_names_with_a_mark_between_them():
    expected = hashlib.blake2b(b"moves\x1f7\x1flapse", digest_size=8).digest()
    assert digest("moves", 7, "lapse") == int.from_bytes(expected, "little")
    assert digest("a", "bc") != digest("ab", "c")
    assert digest("a", "b") != digest("b", "a")
    assert digest("a") != digest("a", "")


def test_a_key_is_mixed_from_its_names_month_and_replicate():
    """The recipe by hand: lot = mix(month ⊕ name), who = mix(replicate·γ ⊕ root), key = mix(lot ⊕ who)."""
    streams, replicate, month = Streams(7), 12_345, 24_275
    lot = splitmix(digest("moves", 7, "lapse", "old") ^ digest("month", month))
    who = splitmix(digest("replicate", "moves", 7) ^ (replicate * 0x9E3779B97F4A7C15 & ONES))
    found = streams.table("moves", ["lapse"], np.array([replicate]), month, ["old"])
    assert int(found[0, 0]) == splitmix(lot ^ who)


def test_a_table_is_every_pair_of_a_lot_and_a_replicate():
    streams, numbers = Streams(7), np.array([5, 0, 9])
    table = streams.table("moves", ["lapse", "resume"], numbers, 3, ["a", "b", "c"])
    assert table.shape == (3, 6)
    for r, number in enumerate(numbers):
        for i, (item, segment) in enumerate((i, s) for i in ("lapse", "resume") for s in "abc"):
            alone = streams.table("moves", [item], np.array([number]), 3, [segment])
            assert table[r, i] == alone[0, 0]
    np.testing.assert_array_equal(
        streams.keys("moves", "lapse", numbers, 3), streams.table("moves", ["lapse"], numbers, 3)[:, 0]
    )


def test_halves_of_a_key_keep_the_shape_of_what_they_are_for():
    streams = Streams(7)
    assert streams.who("moves", np.arange(6)).shape == (6,)
    assert streams.lots("moves", ["a", "b"], 1, ["x", "y", "z"]).shape == (2, 3)


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_seeds_items_and_months_have_luck_of_their_own(layer):
    numbers = np.arange(200)
    once = Streams(7).keys(layer, "item", numbers, 3)
    others = [
        Streams(8).keys(layer, "item", numbers, 3),
        Streams(7).keys(layer, "item ", numbers, 3),
        Streams(7).keys(layer, "item", numbers, 4),
        Streams(7).keys(layer, "item", numbers),
        Streams(7).keys(layer, "item", numbers + 200, 3),
        *(Streams(7).keys(other, "item", numbers, 3) for other in LAYERS if other != layer),
    ]
    for other in others:
        assert not np.isin(once, other).any()


def test_a_layer_redrawn_with_a_seed_is_that_layer_of_the_seed():
    numbers = np.arange(20)
    redrawn = Streams(7, {"events": 8})
    np.testing.assert_array_equal(redrawn.keys("events", "x", numbers), Streams(8).keys("events", "x", numbers))
    np.testing.assert_array_equal(redrawn.keys("moves", "x", numbers), Streams(7).keys("moves", "x", numbers))


def test_normals_are_the_quantiles_of_the_uniforms_and_pass_for_normal(seed):
    """A Kolmogorov-Smirnov test, which fails below a p-value of 1 in 10,000."""
    streams, numbers = Streams(seed), np.arange(50_000)
    z = streams.normal("parameters", "x", numbers)
    np.testing.assert_allclose(stats.norm.cdf(z), streams.uniform("parameters", "x", numbers), rtol=1e-9)
    assert stats.kstest(z, "norm").pvalue > 1e-4
