"""Who meets whom: the exposure of a segment, by hand."""

import numpy as np
import pytest

from mobank.dynamics.contacts import active_share_met, exposure_of
from mobank.model.mobile_banking import MODEL


def test_exposure_weighs_the_active_shares_of_the_segments_met():
    mixing = np.array([[0.8, 0.2], [0.5, 0.5]])
    exposed, customers = np.array([[30.0, 0.0], [10.0, 50.0]]), np.array([[100.0, 100.0], [40.0, 50.0]])
    found = active_share_met(mixing, exposed, customers)
    expected = [[0.8 * 0.3 + 0.2 * 0.25, 0.2], [0.5 * 0.3 + 0.5 * 0.25, 0.5]]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_everybody_active_is_an_exposure_of_one_and_nobody_of_none():
    mixing = np.random.default_rng(1).dirichlet(np.ones(5), 5)
    customers = np.arange(1.0, 16.0).reshape(5, 3)
    np.testing.assert_allclose(active_share_met(mixing, customers, customers), 1.0, rtol=1e-12)
    assert not active_share_met(mixing, np.zeros((5, 3)), customers).any()


def test_an_empty_segment_counts_as_nobody_active():
    found = active_share_met(np.full((2, 2), 0.5), np.array([[0.0], [8.0]]), np.array([[0.0], [10.0]]))
    np.testing.assert_allclose(found, [[0.4], [0.4]])


def test_no_bit_of_an_exposure_depends_on_how_many_replicates_there_are():
    """A matrix product would fail this."""
    rng = np.random.default_rng(2)
    mixing, exposed = rng.dirichlet(np.ones(8), 8), rng.random((8, 301)) * 1e7
    customers = exposed * (1 + rng.random((8, 301)))
    block = active_share_met(mixing, exposed, customers)
    for r in (0, 7, 300):
        alone = active_share_met(mixing, exposed[:, r : r + 1].copy(), customers[:, r : r + 1].copy())
        np.testing.assert_array_equal(alone[:, 0], block[:, r])


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_the_exposure_of_the_real_model_is_new_and_active_among_all_customers(kind):
    people = np.arange(1, 8).reshape(7, 1, 1).astype(kind)  # prospect 1, new 2, active 3, … unreachable 7
    found = exposure_of(MODEL, np.ones((1, 1)), people, people.sum(axis=0))
    np.testing.assert_allclose(found, [[5 / 28]], rtol=1e-15)
