"""Regions that report by themselves: the density is that of a plain reference, and the bank stays what it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.priors import Prior
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History, Joined
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.calibration.targets import load
from mobank.dynamics.shocks import common_and_own
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Band, Pool, Provenance, Segment
from tests.law.plain_history import figure, normals, plain_density, same_slopes, value

ROOT = Path(__file__).parents[2]
TARGET = load(ROOT / "tests/data/targets/two_regions.yaml", MODEL).scenario
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
BANK = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL).scenario
NOISE = {"mau": value("lognormal", 0.002, 0.4)}
DECEMBER = Month.of(2019, 12)
SHARES = {"east": 0.65, "west": 0.35}


def cut(target, until, measures=("registered", "mau")):
    """Return a target without flows, up to a month."""
    return replace(target, reported=tuple(f for f in target.reported if f.measure in measures and f.month <= until))


def divided(target, shares=SHARES):
    """Return a target whose segments are divided by region."""
    bands = tuple(Band(name, "region", share, {}, {}, Provenance()) for name, share in shares.items())
    segments = tuple(
        Segment((*s.bands, name), s.share * share) for s in target.segments for name, share in shares.items()
    )
    count = len(segments)
    mixing = np.ones((count, count)) * np.array([s.share for s in segments])
    return replace(target, bands=(*target.bands, *bands), segments=segments, mixing=mixing)


def grown(ends, active_ends=None, seed=5, without=()):
    """Return figures of two regions in some months after December 2019, with chance in them, and of all customers.

    Parameters
    ----------
    without : measure and band of figures that are left out.
    """
    most, found = max(ends), []
    for number, (band, begun, pace, share) in enumerate((("east", 2.5e8, 0.010, 0.35), ("west", 1.1e8, 0.014, 0.29))):
        z = Streams(seed).normal("environment", f"figures of {band}", np.arange(2 * (most + 1))).reshape(2, -1)
        level = begun * np.exp(np.append(0.0, np.cumsum(pace * np.exp(0.15 * z[0, 1:]))))
        active = share * level * np.exp(0.002 * z[1])
        own = active_ends or ends
        for measure, values, at in (("registered", level, ends), ("mau", active, own[number] if active_ends else own)):
            if (measure, band) not in without:
                found += [replace(figure(measure, DECEMBER + t, values[t], 1e4), band=band) for t in at]
    return (*found, figure("customers", DECEMBER, 7.2e8, 1e6), figure("customers", DECEMBER + most, 8.0e8, 1e6))


def wholes(ends, seed=5):
    """Return figures of the bank as a whole and of its east, in the months of `grown`."""
    every = grown(ends, seed=seed)
    found = [f for f in every if f.band != "west"]
    for f in every:
        if f.band == "west":
            east = next(e for e in every if (e.measure, e.month, e.band) == (f.measure, f.month, "east"))
            both = f.interval.middle + east.interval.middle
            found.append(figure(f.measure, f.month, both, 2e4))
    return tuple(found)


def with_pool(target):
    own = tuple(f for f in target.reported if f.measure != "customers")
    return replace(target, reported=own, pool=Pool(value("lognormal", 1.2, 0.5)))


SEASONS = {name: value("lognormal", 0.05, 0.7) for name in ("adoption", "engagement", "mau")}

HISTORIES = {
    "monthly": cut(TARGET, Month.of(2023, 8)),
    "monthly_with_shares": replace(divided(SMALL), reported=grown(range(8)), noise=NOISE, seasons=SEASONS),
    "yearly": replace(divided(SMALL), reported=grown((0, 12, 24, 36))),
    "a_rest": replace(divided(SMALL), reported=wholes(range(6)), noise=NOISE),
    "active_by_quarters_in_the_west": replace(
        divided(SMALL), reported=grown(range(7), ((0, 1, 2, 3, 4, 5, 6), (0, 3, 6))), noise=NOISE
    ),
    "six_monthly_then_monthly": replace(divided(SMALL), reported=grown((0, 6, 12, 13, 14)), noise=NOISE),
    "unknown_pool": with_pool(replace(divided(SMALL), reported=grown(range(6)), noise=NOISE)),
    "eight_segments_in_two_regions": replace(divided(BANK), reported=grown(range(4)), noise=NOISE),
}
SINGLE = divided(SMALL, {"east": 1.0})


def of(name):
    return History(MODEL, HISTORIES[name])


@pytest.mark.parametrize("name", HISTORIES)
def test_the_log_density_is_that_of_a_plain_reference(name):
    agrees(of(name))


def test_so_is_that_of_regions_whose_older_figures_count_something_else():
    every, older = grown(range(6)), []
    for f in every:
        if f.measure == "mau" and f.month in (DECEMBER + 2, DECEMBER + 3):
            span = replace(f.interval, low=0.9 * f.interval.low, high=0.9 * f.interval.high)
            older.append(Joined(replace(f, interval=span, definition="older"), Prior("lognormal", 0.9, 0.1)))
    replaced = {each.figure.name for each in older}
    target = replace(divided(SMALL), reported=tuple(f for f in every if f.name not in replaced), noise=NOISE)
    history = History(MODEL, target, tuple(older))
    assert len(history.factors) == 1
    agrees(history, more=4.0)


def agrees(history, more=0.0):
    """Check a few draws; `more` is how many figures have a factor, which the reference leaves to the caller."""
    z = normals(history, 8, spread=0.3)
    solver = solved(history, z)
    found = solver.finish()
    possible = np.flatnonzero(found.possible)[:2]
    assert possible.size == 2
    for r in possible:
        plain = plain_density(history, z[:, r])
        np.testing.assert_allclose(found.shocks[:, r], plain.shocks, rtol=0, atol=1e-9)
        same_slopes(solver, r, plain)
        factor = np.log(history.joined[0].prior.of_normal(z[history.row["factor.older"], r])) if more else 0.0
        assert found.log_density[r] == pytest.approx(plain.log - more * factor, abs=1e-6, rel=0)
        np.testing.assert_allclose(found.state.occupancy[..., r], plain.state[0][..., 0], rtol=1e-8, atol=1e-2)


def test_each_region_passes_through_its_own_figures_to_the_digit():
    history = of("monthly")
    found = live(history, normals(history, 20, spread=0.6))
    lanes = [f.of for f in (*history.marks[-1].figures,)]
    assert lanes == ["registered.east", "mau.east", "registered.west", "mau.west"]
    for mark, counted in zip(history.marks, found.marks, strict=True):
        for known, values in zip(mark.figures, counted, strict=False):
            if known:
                shift = history.errors.shift(known)
                np.testing.assert_allclose(values[found.possible], known.interval.middle * np.exp(-shift), rtol=1e-9)


def test_shocks_of_a_month_are_found_for_all_regions_at_once_and_of_a_quarter_together():
    assert {len(s.solved) for s in of("monthly").stretches[1:]} == {4}
    assert all(s.regions_apart for s in of("monthly").stretches[1:])
    quarters = of("active_by_quarters_in_the_west").stretches[1:]
    assert [len(s.solved) for s in quarters] == [3 + 3 + 3 + 1, 10]
    assert not any(s.regions_apart for s in quarters)


def test_one_region_alone_is_the_bank():
    """A dimension with one band: the same law, whatever the spread between regions would be."""
    figures = [f for f in grown(range(8)) if f.band in ("", "east")]
    alone = History(MODEL, replace(SINGLE, reported=tuple(figures), noise=NOISE))
    bank = History(MODEL, replace(SMALL, reported=tuple(replace(f, band="") for f in figures), noise=NOISE))
    z = normals(alone, 10, spread=0.6)
    named = {n.replace(".east", ""): i for i, n in enumerate(alone.names)}
    own = np.ascontiguousarray(z[[named[n] for n in bank.names]])
    np.testing.assert_allclose(live(alone, z).log_density, live(bank, own).log_density, rtol=1e-11)


# ------------ what regions have in common


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.68, 0.32), (0.1,) * 10])
def test_the_banks_shock_keeps_its_variance_however_far_its_regions_are_apart(shares):
    spread = np.array([0.0, 0.2, 0.5, 2.0])
    common, own = common_and_own(spread, shares, 4)
    np.testing.assert_allclose(common + own * np.square(shares).sum(), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.sqrt(own / common), spread, rtol=1e-14)


def test_the_mean_of_the_regions_shocks_has_the_law_of_the_bank():
    """Weighted by their shares, at every spread: covariances of months of both paths."""
    history, bank = of("monthly_with_shares"), History(MODEL, bank_of(HISTORIES["monthly_with_shares"]))
    z = np.repeat(normals(history, 1), 3, axis=1)
    z[history.row["regions.spread"]] = [-2.0, 0.0, 2.0]
    own = np.stack([z[history.row[n]] if n in history.row else np.zeros(3) for n in bank.names])
    one, other = covariance(solved(history, z)), covariance(solved(bank, own))
    weight = np.zeros((len(bank.blocks), len(history.blocks)))
    for j, block in enumerate(history.blocks):
        i = next(i for i, b in enumerate(bank.blocks) if (b.path, b.last) == (block.path, block.last))
        weight[i, j] = history.region_shares[block.region]
    np.testing.assert_allclose(weight @ one @ weight.T, other, rtol=1e-10, atol=1e-14)


def bank_of(target):
    """Return a target of the whole bank in the months of one of regions; values are of no account for the law."""
    kept = [f for f in target.reported if f.band == "east"]
    scaled = [
        replace(f, band="", interval=replace(f.interval, low=1.4 * f.interval.low, high=1.4 * f.interval.high))
        for f in kept
    ]
    return replace(target, reported=(*scaled, *(f for f in target.reported if not f.band)))


def covariance(solver):
    """Return the covariance of all blocks' shocks, errors of figures left out, (R, n, n)."""
    from mobank.base.kernels import gaussian

    count, draws = len(solver.history.blocks), solver.why.size
    out = np.empty((draws, count, count))
    none = np.zeros((count, 1, draws)), np.full((count, 1), -1), np.zeros((1, draws)), np.zeros((1, 1)), np.zeros(draws)
    none = (*none, np.zeros((0, 0, draws)))
    gaussian.covariance(*solver.numbers, *none, out)
    return out


def test_regions_are_no_independent_witnesses():
    """How far two regions are apart over eight months is known less well than from as many independent months."""
    history = of("monthly")
    solver = solved(history, normals(history, 1))
    every = covariance(solver)[0]
    months = [b.last for b in history.blocks if (b.region, b.path) == (0, 1) and b.last > 0]
    apart = np.zeros((len(months), len(every)))
    for i, block in enumerate(history.blocks):
        if block.path == 1 and block.last > 0:
            apart[months.index(block.last), i] = 1.0 if block.region == 0 else -1.0
    found = apart @ every @ apart.T
    assert found.mean() > 2.0 * np.diag(found).mean() / len(months)
