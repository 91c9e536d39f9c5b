"""Is what a fit keeps the posterior? Fits are held against long chains that forget where they began.

`python -m tests.benchmarks.sampler [TARGET] [STEPS]`, ten minutes for Bank of China's 11 yearly figures. Two chains of
384 walkers take 5,000 steps each (STEPS), the first fifth of which are not kept; then a full fit and two short ones are
made. For the unknowns that are furthest off: what share of a fit lies below the 5, 50 and 95 % points of the chains, by
how much its mean is off, in posterior standard deviations, and how wide it is beside them. The second chain is held
against the first in the same way: so much is chance.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import emcee
import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.base.workers import processes
from mobank.calibration.sampler.ensembles import FULL, SHORT, Effort, sample
from mobank.calibration.sampler.peak import log_posterior
from mobank.calibration.sampler.proposals import side_by_side
from mobank.calibration.sampler.tempering import first_walkers
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

TARGET = Path(__file__).parents[2] / "calibration/banks/peers/boc.yaml"
WALKERS, STEPS, APART, SHOWN = 384, 5000, 20, 4
POINTS = (0.05, 0.5, 0.95)


def long_chain(target: Path, seed: int, steps: int) -> Floats:
    """Return every twentieth of the last four fifths of a chain's steps, (R, D)."""
    history = load(target, MODEL).history(MODEL)
    at, shape = first_walkers(history, Streams(seed), 0, WALKERS)
    moves = side_by_side(shape[None])
    sampler = emcee.EnsembleSampler(*at.shape, lambda z: log_posterior(history, z), vectorize=True, moves=moves)
    state = emcee.State(at, random_state=np.random.RandomState(seed).get_state())
    state = sampler.run_mcmc(state, steps // 5, skip_initial_state_check=True, store=False)
    sampler.run_mcmc(state, (steps - steps // 5) // APART, thin_by=APART, skip_initial_state_check=True)
    return np.asarray(sampler.get_chain(flat=True))


def fitted(target: Path, seed: int, effort: Effort) -> Floats:
    """Return what a fit keeps, (R, D)."""
    history = load(target, MODEL).history(MODEL)
    with tempfile.TemporaryDirectory() as work:
        chains = [
            sample(history, Streams(seed), group, effort, Path(work) / f"{group[0]}.npz") for group in effort.groups
        ]
    return np.concatenate(chains).reshape(-1, len(history.names))


def lines(names: Sequence[str], chain: Floats, kept: Floats) -> list[str]:
    """Return how far each unknown is off, the worst first."""
    points = np.quantile(chain, POINTS, axis=0)
    below = np.stack([(kept < point).mean(axis=0) for point in points])
    sd = chain.std(axis=0)
    shift, width = (kept.mean(axis=0) - chain.mean(axis=0)) / sd, kept.std(axis=0) / sd
    far = np.abs(below[::2] - np.array(POINTS)[::2, None]).max(axis=0)
    found = [
        f"  {names[d]:34}{'  '.join(f'{100 * share:5.1f}' for share in below[:, d])}   {shift[d]:+.2f}   {width[d]:.2f}"
        for d in np.argsort(-far)[:SHOWN]
    ]
    return [*found, f"  {'mean of all unknowns':34}{'':19}   {np.abs(shift).mean():5.2f}   {width.mean():.2f}"]


def main() -> None:
    """Print the table."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else STEPS
    names = load(target, MODEL).history(MODEL).names
    with processes(2) as pool:
        chains = [pool.submit(long_chain, target, seed, steps) for seed in (101, 102)]
        fits = {
            "full fit": pool.submit(fitted, target, 1, FULL),
            "short fit": pool.submit(fitted, target, 1, SHORT),
            "short fit, another seed": pool.submit(fitted, target, 2, SHORT),
        }
        first, second = (chain.result() for chain in chains)
        print(f"{'':36}{'below 5, 50, 95 %':21}   mean   width")
        print("the second chain against the first", *lines(names, first, second), sep="\n")
        for what, fit in fits.items():
            print(what, *lines(names, np.concatenate([first, second]), fit.result()), sep="\n", flush=True)


if __name__ == "__main__":
    main()
