"""The season with which a target's figures count the active: around which their errors are taken to be linear.

A season of some percent moves a month's shock and its flows so far that a line from no season at all is a poor map. So
the line is drawn where the figures themselves have the season: what is expected of it in the middle of the priors,
given the shocks solved and the flows reported, solved again around that. It is the same for all draws.
"""

import numpy as np

from mobank.base.arrays import Floats
from mobank.calibration.likelihood.at_origin import Asked, add_errors, covariance
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import solved
from mobank.dynamics import season

ROUNDS = 3  # what changes at a fourth is small against the noise of a figure


def figure_season(history: History) -> Floats:
    """Return the season in each of the figures that may be in error, log scale, (f,).

    The first round begins with what the history has; so does the result, where the middle of the priors is impossible.
    """
    errors, found = history.errors, history.errors.shifts
    for _ in range(ROUNDS if errors.seasonal and any(b.figure for b in history.blocks) else 0):
        solver = solved(history.around(found), np.zeros((len(history.names), 1)))
        if solver.why[0]:
            return found
        asked = Asked(1, len(solver.slopes))
        add_errors(solver, asked)
        known = covariance(solver, np.empty((0, 3), np.int64))[0]
        expected = np.stack(asked.with_solved)[..., 0] @ np.linalg.solve(known, solver.unexpected(np.arange(1))[:, 0])
        factors = [asked.names.index(f"season.{history.origin.engaged}.{factor}") for factor in season.FACTORS]
        found = np.array(
            [
                season.weights(f.month) @ expected[factors] if f.measure == history.origin.engaged else 0.0
                for f in errors.figures
            ]
        )
    return found
