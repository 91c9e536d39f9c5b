"""The score test: at the truth the log density of what is reported has no slope on average.

For data drawn from a law, the expectation of the gradient of its log density at the parameters that made them is zero,
whatever these are. So a law that is not the one by which banks are simulated (a Jacobian left out, a variance that is
too small, an error counted twice) shows as a mean gradient that is off, by coordinate, without a single fit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.checks.sbc import in_turn
from mobank.calibration.checks.synthetic import Synthetic
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import Unbound, prior_draws
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.calibration.targets import Target
from mobank.model.grammar import Model

TRUTHS, BANKS = 3, 400
LIMIT = 4.0  # standard errors; a right program exceeds it in one coordinate of 16,000
STEP = 5e-3  # of a coordinate, for its slope
TRIES = 60  # truths looked at
AT_ONCE = 20  # banks a job
FLAT = 1e-4  # standard errors below that are those of rounding: the density does not depend on the coordinate
SAME = 1e-9  # of a coordinate: solved

EVERY_BANK = ("scale.", "innovation.", "reported.")  # chance of a bank; all other coordinates are its truth


@dataclass(frozen=True)
class Scores:
    """Mean gradients at some truths.

    Parameters
    ----------
    names : of the coordinates, (P,). mean, error : (truths, P) mean slope and its standard error.
    banks : a truth, none left out.
    passed_over : truths that were not taken, since a bank of theirs could not report, or the density ends beside one.
    """

    names: tuple[str, ...]
    mean: Floats
    error: Floats
    banks: int
    passed_over: int

    @property
    def apart(self) -> Floats:
        """Mean slopes in standard errors, (truths, P)."""
        return np.asarray(self.mean / np.maximum(self.error, FLAT))

    @property
    def limit(self) -> float:
        """No mean slope may be that many standard errors off."""
        return LIMIT

    @property
    def sound(self) -> bool:
        """True if no coordinate is off at any truth."""
        return bool((np.abs(self.apart) < self.limit).all())


def scores(
    target: Target,
    model: Model,
    truths: int = TRUTHS,
    banks: int = BANKS,
    seed: int = 1,
    workers: int = 1,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Return mean gradients of the log density of what banks report, at the truths from which they are.

    Parameters
    ----------
    workers : processes; results do not depend on them. told : is told (banks done, banks in all).
    """
    free, streams = Unbound(model, target.scenario), Streams(seed)
    candidates = prior_draws(free, streams, TRIES)
    found: list[Floats] = []
    for k in range(TRIES):
        own = _of_truth(truth(target, free, candidates[:, k], banks, seed + 1 + k), workers)
        if own is not None:
            found.append(own)
            told(len(found) * banks, truths * banks)
        if len(found) == truths:
            names = tuple(names_of(History(model, target.scenario), free))
            every = np.stack(found)
            error = every.std(axis=1, ddof=1) / np.sqrt(banks)
            return Scores(names, every.mean(axis=1), error, banks, k + 1 - truths)
    raise ValueError(f"of {TRIES} truths only {len(found)} have banks that can all report")


def _of_truth(banks: Synthetic, workers: int) -> Floats | None:
    """Return the gradients at a truth, (banks, P); None if one of its banks cannot be, or is at the edge of that."""
    if not banks.possible.all():
        return None
    count = banks.numbers.size
    jobs = [(banks, range(i, min(i + AT_ONCE, count))) for i in range(0, count, AT_ONCE)]
    found = [gradients(jobs[0])]  # most truths that are at the edge show it there
    if np.isfinite(found[0]).all():
        found += in_turn(gradients, jobs[1:], workers)
    every = np.concatenate(found)
    return every if np.isfinite(every).all() else None


def names_of(history: History, free: Unbound) -> list[str]:
    """Return the coordinates that are of a truth, not of one bank's chance, or of a scale of its shocks."""
    return [n for n in history.names if n in free.row and not n.startswith(EVERY_BANK[1:])]


def truth(target: Target, free: Unbound, at: Floats, banks: int, seed: int) -> Synthetic:
    """Return banks that have one truth, of coordinates `at` (D,), and chance of their own."""
    numbers, streams = np.arange(banks), Streams(seed)
    rows = [
        streams.normal("environment", f"score.{name}", numbers)
        if name.startswith(EVERY_BANK)
        else np.full(banks, at[free.row[name]])
        for name in free.names
    ]
    return Synthetic(target, free, np.stack(rows), numbers, streams)


def gradients(job: tuple[Synthetic, range]) -> Floats:
    """Return the gradient of the log density for some banks, (B, P); NaN where one of the points is impossible."""
    every, numbers = job
    names = names_of(every.history, every.free)
    banks = every.some(np.array(numbers))
    out = np.empty((len(numbers), len(names)))
    for k in range(len(numbers)):
        history = banks.reported(k, exactly=True).history(every.free.model)
        at = coordinates(history, banks, k)
        rows = [history.row[name] for name in names]
        z = np.repeat(at[:, None], 2 * len(names), axis=1)
        for i, row in enumerate(rows):
            z[row, 2 * i : 2 * i + 2] += (STEP, -STEP)
        log = live(history, z).log_density
        with np.errstate(invalid="ignore"):
            out[k] = (log[0::2] - log[1::2]) / (2.0 * STEP)
    return np.where(np.isfinite(out), out, np.nan)


def coordinates(history: History, banks: Synthetic, number: int) -> Floats:
    """Return the coordinates (D,) that make a bank's own shocks, in a history with what it reports to the person."""
    row, z = banks.free.row, np.zeros(len(history.names))
    for i, name in enumerate(history.names):
        if name in row and not name.startswith("innovation."):
            z[i] = banks.z[row[name], number]
    shocks = np.array([banks.shocks[block.lane, block.last][number] for block in history.blocks])
    for _ in history.stretches:  # a block that nothing fixes rests on those before it, errors of their figures included
        solver = solved(history, z[:, None])
        if not solver.free:
            return z
        lead = len(solver.made)
        own = np.where(np.isin(np.arange(lead), solver.free), shocks[:lead], solver.shocks[:lead, 0])
        made = np.linalg.solve(solver.factors[..., 0], own - solver.means[:lead, 0])
        before = z.copy()
        for i in solver.free:
            z[history.row[history.innovation(history.blocks[i])]] = made[i]
        if np.abs(z - before).max() < SAME:
            return z
    return z
