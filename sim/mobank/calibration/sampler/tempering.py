"""Where the walkers of an ensemble begin: brought in steps from a law that is known to the posterior.

Walkers that begin at draws from the priors, or about the posterior's peak, are still on their way after hundreds of
steps, from the same side in every ensemble, so that R̂ sees nothing: with eleven yearly figures and an unknown pool
either start missed the 5 % point of the imitation rate by half its width. So walkers are taken there by way of laws
between, each near the last, by weight and by moves (sequential Monte Carlo; Del Moral, Doucet and Jasra 2006): where
what is probable has several parts, weights move walkers between them, which moves hardly do.

Each ensemble has a search (`mobank.calibration.sampler.peak`) and draws of its own. Even ones take the peak twice as
wide as it is, so that they come from further out than odd ones; R̂ then sees what is left of the way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from scipy.special import chdtri, gammaln, logsumexp

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import LOG_2PI
from mobank.calibration.sampler.diagnostics import effective_of, resampled
from mobank.calibration.sampler.peak import Peak, best_of_prior, log_posterior, prior_draws, search

TAILS = 7.0  # degrees of freedom of the law about the peak, so that its own tails are not cut
WIDTHS = (2.0, 1.0)  # of the law about the peak in that of the peak, by turns
TRIES = 2  # draws of each part of the first law for each walker
WORTH = 0.5  # of the walkers, that a step to the next law leaves
LAWS = 8  # on the way, about: three by years, a dozen by months of two regions
MOVES = 20  # of each walker after such a step


@dataclass(frozen=True)
class FirstLaw:
    """The law from which an ensemble sets out: three parts, equally often.

    The priors, which win where figures say little; Student's law about a peak; and each coordinate by turns as its
    prior has it, the others as a normal law about the peak has them given that one. The last finds what a peak does not
    show: that figures of months may have no error at all, say.
    """

    history: History
    peak: Peak

    def draws(self, streams: Streams, item: str, count: int) -> Floats:
        """Return draws, as many of each part, (3 R, D)."""
        numbers = np.arange(count)
        prior, near, given, alone = (
            prior_draws(self.history, streams, f"{item}{part}", numbers)
            for part in ("", " about the peak", " given one", " of the one")
        )
        chi2 = chdtri(TAILS, streams.uniform("parameters", f"{item} about the peak", numbers))
        near = near / np.sqrt(chi2 / TAILS)
        one, (axes, widths) = numbers % len(given), self.axes
        wanted = (alone[one, numbers] - self.peak.at[one]) / widths[one]
        given = given + axes[one].T * (wanted - (axes[one].T * given).sum(axis=0))
        return np.concatenate([prior.T, *(self.peak.at + (self.peak.shape @ part).T for part in (near, given))])

    def log_density(self, at: Floats) -> Floats:
        """Return the log density of walkers (W, D), (W,)."""
        size = at.shape[1]
        prior = -0.5 * (at**2).sum(axis=1) - 0.5 * size * LOG_2PI
        apart = np.asarray(np.linalg.solve(self.peak.shape, (at - self.peak.at).T), np.float64)
        axes, widths = self.axes
        along = axes @ apart
        given = -0.5 * ((apart**2).sum(axis=0) - along**2 + at.T**2) + np.log(widths)[:, None] - 0.5 * size * LOG_2PI
        logs = [prior, *(part - self.volume for part in (student(apart), logsumexp(given, axis=0) - np.log(size)))]
        return np.asarray(logsumexp(logs, axis=0) - np.log(len(logs)))

    @cached_property
    def axes(self) -> tuple[Floats, Floats]:
        """Along which of the peak's own directions each coordinate lies, (D, D), and its standard deviation, (D,)."""
        widths = np.sqrt((self.peak.shape**2).sum(axis=1))
        return self.peak.shape / widths[:, None], widths

    @cached_property
    def volume(self) -> float:
        """Log of the peak's."""
        return float(np.linalg.slogdet(self.peak.shape)[1])


def student(values: Floats) -> Floats:
    """Return the log density of Student's law with `TAILS` degrees of freedom in D dimensions, of values (D, R)."""
    size, total = len(values), TAILS + len(values)
    constant = gammaln(total / 2.0) - gammaln(TAILS / 2.0) - 0.5 * size * np.log(TAILS * np.pi)
    return np.asarray(constant - 0.5 * total * np.log1p((values**2).sum(axis=0) / TAILS))


def first_walkers(
    history: History,
    streams: Streams,
    ensemble: int,
    walkers: int,
    told: Callable[[float], None] = lambda share: None,
) -> tuple[Floats, Floats]:
    """Return walkers (W, D) near the posterior, and the shape of the peak that a search finds, (D, D).

    Parameters
    ----------
    told : called with the share of the work done, roughly: how many laws it takes is not known before.

    Raises
    ------
    RunError
        If too few prior draws pass through the figures, with the reasons and how often each was met.
    """
    peak = search(history, best_of_prior(history, streams, f"start of ensemble {ensemble}"))
    first = FirstLaw(history, replace(peak, shape=peak.shape * WIDTHS[ensemble % len(WIDTHS)]))
    at = first.draws(streams, f"walker of ensemble {ensemble}", walkers * TRIES)
    posterior, share, number = log_posterior(history, at), 0.0, 0
    while share < 1.0:
        lead = posterior - first.log_density(at)
        before, share = share, next_share(lead, share, WORTH * walkers)
        weights = _weights(lead, share - before)
        at = at[resampled(weights / weights.sum(), walkers, streams, f"law {number} of ensemble {ensemble}")]
        at = _moved(at, partial(_between, history, first, share), peak.shape, (streams.seed, ensemble, number))
        posterior, number = log_posterior(history, at), number + 1
        told(min(1.0, number / LAWS))
    return at, peak.shape


def next_share(lead: Floats, share: float, worth: float) -> float:
    """Return how far the next law may be from the one before: its draws are still worth so many.

    Parameters
    ----------
    lead : log density of the posterior less that of the first law, of the draws, (R,); −inf where it is impossible.
    share : of the posterior in the law before, which has the density of the one to this power and of the other to the
        rest.
    """
    goal = min(worth, WORTH * np.isfinite(lead).sum())
    low, high = share, 1.0
    if effective_of(_weights(lead, 1.0 - share)) >= goal:
        return 1.0
    while low < (middle := 0.5 * (low + high)) < high:
        if effective_of(_weights(lead, middle - share)) >= goal:
            low = middle
        else:
            high = middle
    return high if low == share else low


def _weights(lead: Floats, step: float) -> Floats:
    return np.asarray(np.exp(step * (lead - lead.max())))


def _between(history: History, first: FirstLaw, share: float, at: Floats) -> Floats:
    """Return the log density of a law between the first and the posterior, of walkers (W, D)."""
    return np.asarray(share * log_posterior(history, at) + (1.0 - share) * first.log_density(at))


def _moved(at: Floats, log_density: Callable[[Floats], Floats], shape: Floats, key: tuple[int, int, int]) -> Floats:
    """Return walkers (W, D) after moves that leave a law as it is; their chance is that of the key."""
    import emcee

    from mobank.calibration.sampler.proposals import moves_of, state_of

    sampler = emcee.EnsembleSampler(*at.shape, log_density, vectorize=True, moves=moves_of(shape))
    state = state_of(at, None, "tempering", *key)
    return np.asarray(sampler.run_mcmc(state, MOVES, skip_initial_state_check=True).coords)
