"""Simulation-based calibration: are the draws of a fit right, and what it forecasts, whatever the truth?

A truth is drawn from the priors, goes through the target's months with chance of its own, and reports as the bank
does. The fit to what it reports must put the truth anywhere in its draws, as often low as high: its rank is uniform
(Talts et al. 2018, "Validating Bayesian inference algorithms with simulation-based calibration"). A likelihood with a
wrong slope, a shock counted twice or a prior read wrongly shows as ranks that crowd. The same fits are run ahead of
their last figure and held against what the truth then does, so bands of a forecast are counted as well.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.streams import Streams
from mobank.base.workers import processes
from mobank.calibration.backtest.full.jobs import kept
from mobank.calibration.backtest.full.methods import best_width
from mobank.calibration.backtest.scores import BANDS, EnsembleForecast
from mobank.calibration.checks.synthetic import Synthetic, at_end, from_priors
from mobank.calibration.checks.turnover import months
from mobank.calibration.checks.uniformity import p_value
from mobank.calibration.fitting import fit, thinned
from mobank.calibration.posterior.ahead import forecast
from mobank.calibration.posterior.posterior import FittedPosterior
from mobank.calibration.sampler.ensembles import SHORT, Effort
from mobank.calibration.targets import Target
from mobank.model.grammar import Model

ALPHA = 0.01  # false alarms of a right program, over all unknowns together
DRAWS = 63  # of a fit, among which a truth has its rank
ROWS = 1000  # draws of a fit that are run ahead
RUNS = 2000  # replicates of a forecast
OUTER = 0.05  # of the ranks, at each end
MIDDLE = (0.1, 0.9)  # of the central 80 %
J = TypeVar("J")
R = TypeVar("R")

HORIZONS = (1, 3, 6, 12)  # months ahead of monthly figures; of figures of years a year alone


@dataclass(frozen=True)
class Tried:
    """One fit to what a truth reports.

    Parameters
    ----------
    ranks : (P,) of the truth among `DRAWS` draws. fans : by measure, (H, KEPT) equally likely log persons.
    truths : by measure, (H,) log persons.
    turnover : draws' mean and standard deviation of the log of the turnover time, and the share of draws below the
        truth's.
    r_hat, effective : worst of the fit's coordinates.
    """

    ranks: Ints
    fans: Mapping[str, Floats]
    truths: Mapping[str, Floats]
    turnover: tuple[float, float, float]
    r_hat: float
    effective: float


@dataclass(frozen=True)
class Covered:
    """How often a band of forecasts held what then came, at one horizon of one measure.

    Parameters
    ----------
    coverage : of each of `BANDS`. low : share of truths below the median. width : common factor of all spreads that
        would have given the least mean CRPS.
    """

    measure: str
    months: int
    fits: int
    coverage: tuple[float, ...]
    low: float
    width: float


@dataclass(frozen=True)
class Calibration:
    """What fits to known truths say of a program.

    Parameters
    ----------
    names : of the unknowns, (P,). horizons : (H,) months ahead.
    """

    names: tuple[str, ...]
    horizons: tuple[int, ...]
    fits: Sequence[Tried]

    @cached_property
    def ranks(self) -> Ints:
        """Of the truths, (F, P), 0 to `DRAWS`."""
        return np.stack([each.ranks for each in self.fits])

    @cached_property
    def p_values(self) -> Floats:
        """Of uniform ranks, (P,), by the simultaneous band around their empirical distribution."""
        return np.array([p_value(column, DRAWS) for column in self.ranks.T])

    @property
    def threshold(self) -> float:
        """The smallest p value must be above this."""
        return ALPHA / len(self.names)

    @property
    def sound(self) -> bool:
        """True if no unknown's ranks crowd."""
        return bool(self.p_values.min() > self.threshold)

    def rows(self) -> list[tuple[str, float, float, float]]:
        """Return for each unknown the mean rank as a share, the share of ranks in the outer tenth, and the p value."""
        shares = (self.ranks + 0.5) / (DRAWS + 1)
        outer = (np.abs(shares - 0.5) > 0.5 - OUTER).mean(axis=0)
        return list(zip(self.names, shares.mean(axis=0).tolist(), outer.tolist(), self.p_values.tolist(), strict=True))

    def covered(self) -> list[Covered]:
        """Return how well the forecasts of each measure hold at each horizon."""
        found = []
        for measure in self.fits[0].fans:
            for h, ahead in enumerate(self.horizons):
                cases = [(EnsembleForecast(f.fans[measure][h]), float(f.truths[measure][h])) for f in self.fits]
                pits = np.array([fan.pit(truth) for fan, truth in cases])
                within = tuple(float(((low <= pits) & (pits <= high)).mean()) for low, high in BANDS.values())
                found.append(Covered(measure, ahead, len(cases), within, float((pits < 0.5).mean()), best_width(cases)))
        return found

    @property
    def common_width(self) -> float:
        """The common factor of all fans' spreads that would have given the least mean CRPS."""
        pairs = [
            (EnsembleForecast(fan), float(truth))
            for f in self.fits
            for measure, fans in f.fans.items()
            for fan, truth in zip(fans, f.truths[measure], strict=True)
        ]
        return best_width(pairs)

    @property
    def quality(self) -> str:
        """How good the fits were: R̂ and independent draws in the median fit, each of the worst unknown."""
        r_hat, effective = (np.median([getattr(f, name) for f in self.fits]) for name in ("r_hat", "effective"))
        return f"largest R̂ {r_hat:.3f}, least independent draws {effective:,.0f} in the median fit"

    @property
    def turnover_sd(self) -> float:
        """Standard deviation of the log of the turnover time in the median fit."""
        return float(np.median([each.turnover[1] for each in self.fits]))

    @property
    def turnover_held(self) -> float:
        """Share of fits whose central 80 % of turnover times hold the truth's."""
        ranks = np.array([each.turnover[2] for each in self.fits])
        return float(((ranks >= MIDDLE[0]) & (ranks <= MIDDLE[1])).mean())


def calibrated(
    target: Target,
    model: Model,
    fits: int,
    seed: int = 1,
    workers: int = 1,
    effort: Effort = SHORT,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Calibration:
    """Return what fits to what known truths report come to.

    Parameters
    ----------
    workers : processes; results do not depend on them. told : is told (fits done, fits in all).
    """
    horizons = horizons_of(target, model)
    banks = from_priors(target, model, fits, max(horizons), seed)
    jobs = [BankFit(banks, k, effort, seed) for k in range(banks.numbers.size)]
    found = []
    for each in in_turn(tried, jobs, workers):
        found.append(each)
        told(len(found), fits)
    return Calibration(tuple(banks.history.priors), horizons, found)


def horizons_of(target: Target, model: Model) -> tuple[int, ...]:
    """Return how many months ahead forecasts are scored."""
    return HORIZONS[-1:] if target.history(model).yearly else HORIZONS


@dataclass(frozen=True)
class BankFit:
    """One of the banks to be fitted, by its position."""

    banks: Synthetic
    number: int
    effort: Effort
    seed: int


def in_turn(do: Callable[[J], R], jobs: Sequence[J], workers: int) -> Iterator[R]:
    """Yield what each job gives, in their order, from some processes."""
    if workers == 1:
        yield from map(do, jobs)
        return
    with processes(workers) as pool:
        yield from pool.map(do, jobs)


def tried(job: BankFit) -> Tried:
    """Return what one fit comes to."""
    bank = job.banks.some(np.array([job.number]))
    model, seed = bank.free.model, job.seed + 1 + int(bank.numbers[0])
    with TemporaryDirectory(prefix="mobank-") as work:
        posterior = fit(bank.reported(0), model, Path(work), seed, job.effort, rows=ROWS)
    horizons = horizons_of(bank.target, model)
    history = posterior.history
    paths = forecast(posterior, history.last + max(horizons), history.measures, seed, RUNS)
    at = [history.length + h for h in horizons]
    came = dict(zip(history.measures, (bank.level, bank.active), strict=True))
    return Tried(
        _ranks(bank, posterior),
        {measure: kept(np.log(path[list(horizons)])) for measure, path in paths.items()},
        {measure: np.log(counted[at, 0]) for measure, counted in came.items()},
        _turnover(bank, posterior),
        float(max(d.r_hat for d in posterior.diagnoses)),
        float(min(d.effective for d in posterior.diagnoses)),
    )


def _ranks(bank: Synthetic, posterior: FittedPosterior) -> Ints:
    """Return where the truth lies among thinned draws, (P,)."""
    names = list(posterior.history.priors)
    draws = posterior.z[[posterior.names.index(n) for n in names]]
    draws = draws[:, thinned(posterior.rows, DRAWS, Streams(posterior.seed))]
    truth = bank.z[[bank.free.row[n] for n in names], 0]
    return np.asarray((draws < truth[:, None]).sum(axis=1))


def _turnover(bank: Synthetic, posterior: FittedPosterior) -> tuple[float, float, float]:
    log = np.log(months(posterior.history, posterior.z, posterior.state))
    truth = float(np.log(months(*at_end(bank)))[0])
    return float(log.mean()), float(log.std()), float((log < truth).mean())
