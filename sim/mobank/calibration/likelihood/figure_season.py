"""The season with which a target's figures count the active: around which their errors are taken to be linear.

A season of some percent moves a month's shock and its flows so far that a line from no season at all is a poor map. So
the line is drawn where the figures themselves have the season: what is expected of it in a draw that goes well with
them, given the shocks solved and the flows reported, solved again around that. It is the same for all draws.
"""

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.likelihood.at_origin import Asked, add_errors, covariance
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import prior_draws
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.dynamics import season

DRAWS, SEED = 100, 1  # from the priors, of which the one with the highest density is taken
ROUNDS = 3  # what changes at a fourth is small against the noise of a figure


def figure_season(history: History) -> Floats:
    """Return the season in each of the figures that may be in error, log scale, (f,).

    The first round begins with what the figures show by themselves; there it stays if no draw passes through them.
    """
    errors, found = history.errors, history.errors.shifts
    if not errors.seasonal or not any(block.figure for block in history.blocks):
        return found
    z = prior_draws(history, Streams(SEED), DRAWS)
    log = live(history, z).log_density
    best = np.ascontiguousarray(z[:, [np.argmax(log)]])
    for _ in range(ROUNDS if np.isfinite(log).any() else 0):
        solver = solved(history.around(found), best)
        if solver.why[0]:
            return found
        asked = Asked(1, len(solver.slopes))
        add_errors(solver, asked)
        known = covariance(solver, np.empty((0, 4), np.int64))[0]
        expected = np.stack(asked.with_solved)[..., 0] @ np.linalg.solve(known, solver.unexpected(np.arange(1))[:, 0])
        factors = [asked.names.index(f"season.{history.origin.engaged}.{factor}") for factor in season.FACTORS]
        found = np.array(
            [
                season.weights(f.month) @ expected[factors] if f.measure == history.origin.engaged else 0.0
                for f in errors.figures
            ]
        )
    return found
