"""Networks: both ends of a tie know of it, so many contacts, the shares asked for, the same for any thread count."""

import numpy as np
import pytest

from mobank.fidelity.people.networks import build, power_law
from mobank.fidelity.people.population import threads, workers
from mobank.scenario.scenario import Network

COMMUNITIES = Network("communities", 8, community=500, household=3, far=0.05, homophily=0.1)
SMALL_WORLD = Network("small_world", 8, far=0.1)
SCALE_FREE = Network("scale_free", 8, exponent=2.5)
ALL = [COMMUNITIES, SMALL_WORLD, SCALE_FREE, Network("everybody", 60)]


def ties(graph):
    """Return both ends of every contact, (n, 2)."""
    pairs = [
        (i, int(other))
        for i in range(graph.people)
        for other in graph.contacts[graph.offsets[i] : graph.offsets[i] + graph.degree[i]]
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def made(network, sizes, key=7, count=1):
    with workers(count), threads() as team:
        return build(network, np.array(sizes), np.uint64(key), team.each)


@pytest.mark.parametrize("network", ALL, ids=lambda n: n.kind)
@pytest.mark.parametrize("sizes", [[0, 0], [1, 0], [3, 0, 1], [40, 21], [63, 2, 0]])
def test_both_ends_of_a_tie_know_of_it_and_nobody_knows_himself(network, sizes):
    graph = made(network, sizes)
    found = ties(graph)
    assert (found[:, 0] != found[:, 1]).all()
    assert found.size == 0 or (found.min() >= 0 and found.max() < sum(sizes))
    np.testing.assert_array_equal(sorted(map(tuple, found)), sorted(map(tuple, found[:, ::-1])))
    if network.kind == "everybody":
        assert (graph.degree == max(sum(sizes) - 1, 0)).all()


@pytest.mark.parametrize("network", ALL[:3], ids=lambda n: n.kind)
def test_people_have_as_many_contacts_as_asked_for(network):
    graph = made(network, [20_000, 10_001])
    assert graph.degree.mean() == pytest.approx(8, rel=0.01)
    if network.kind != "scale_free":
        assert graph.degree.min() >= 5
        assert graph.degree.max() <= 11


def test_ties_stay_in_communities_but_for_the_share_that_may_go_anywhere():
    """Outside households there are 6 ties: 5 % anywhere, 10 % to the own segment, of which one in 60 meets its own."""
    graph = made(COMMUNITIES, [20_000, 10_000])
    found = ties(graph)
    home = graph.community(found[:, 0]) == graph.community(found[:, 1])
    assert graph.communities == 60
    assert 1 - home.mean() == pytest.approx(0.15 * 6 / 8 * 59 / 60, abs=0.005)
    alike = (found[~home] < 20_000).astype(int).sum(axis=1) != 1
    assert alike.mean() == pytest.approx((10 + 5 * (4 / 9 + 1 / 9)) / 15, abs=0.02)


def test_communities_hold_every_segment_in_proportion():
    graph = made(COMMUNITIES, [20_000, 10_000])
    for low, high, size in ((0, 20_000, 20_000 / 60), (20_000, 30_000, 10_000 / 60)):
        counts = np.bincount(graph.community(np.arange(low, high)), minlength=60)
        assert counts.max() - counts.min() <= 1
        assert counts.mean() == pytest.approx(size)


def test_a_ring_without_far_ties_is_a_ring_and_with_them_the_world_is_small():
    """Steps from one person to all others, breadth first: hundreds in a ring of a thousand, a handful with far ties."""

    def steps(network):
        graph = made(network, [1_000])
        found = ties(graph)
        reached, front, count = {0}, {0}, 0
        while front:
            front = set(found[np.isin(found[:, 0], list(front)), 1].tolist()) - reached
            reached |= front
            count += 1
        return count - 1, len(reached)

    assert steps(Network("small_world", 2)) == (500, 1_000)
    assert steps(Network("small_world", 4)) == (250, 1_000)
    assert steps(Network("small_world", 4, far=0.25))[0] < 15


def test_a_ring_in_parts_is_one_ring_and_neighbours_in_it_are_near_in_memory(monkeypatch):
    """Three segments in parts of 64 people: every step ahead comes back after as many steps as there are people."""
    monkeypatch.setattr("mobank.fidelity.people.networks.PART", 64)
    graph = made(Network("small_world", 2), [700, 299, 1])
    known = graph.contacts.reshape(1_000, 2).astype(int)
    before, here, steps = 0, int(known[0, 0]), 1
    while here != 0:
        ahead = known[here, 0] if known[here, 0] != before else known[here, 1]
        before, here, steps = here, int(ahead), steps + 1
    assert steps == 1_000
    place = np.concatenate([np.arange(n) * 1_000 // n for n in (700, 299, 1)])
    apart = np.abs(place[known] - place[:, None])[:999]
    assert np.median(np.minimum(apart, 1_000 - apart)) < 64


@pytest.mark.parametrize(("mean", "exponent"), [(4, 2.1), (8, 2.5), (20, 3.5)])
def test_a_power_law_has_its_mean_and_its_tail(mean, exponent):
    shares = power_law(mean, exponent)
    d = np.arange(1, shares.size + 1)
    assert (shares * d).sum() == pytest.approx(mean)
    assert shares.sum() == pytest.approx(1)
    local = np.diff(np.log(shares)) / np.diff(np.log(d))
    assert (np.diff(shares) < 0).all()
    assert local[-1] <= -0.6 * exponent, "the shift matters less and less"


@pytest.mark.parametrize("network", ALL[:3], ids=lambda n: n.kind)
def test_one_key_gives_one_network_for_any_number_of_threads_and_another_key_another(network, monkeypatch):
    monkeypatch.setattr("mobank.fidelity.people.networks.PIECE", 1_000)
    one, two, other = (made(network, [30_000], key, count) for key, count in ((5, 1), (5, 3), (6, 1)))
    np.testing.assert_array_equal(one.degree, two.degree)
    at = one.offsets[:1_000]
    np.testing.assert_array_equal(one.contacts[at], two.contacts[at])
    assert (one.contacts[at] != other.contacts[at]).mean() > 0.9
