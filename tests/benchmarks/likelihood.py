"""What a likelihood of ICBC's history costs, one set of parameters at a time and many at once: one command, one ratio.

`python -m tests.benchmarks.likelihood`. Both ways compute the very same numbers, so at equal effective draws the ratio
of the costs is that of the times; processor time, the least of several runs.
"""

import time
from pathlib import Path

import numpy as np

from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.sampler.ensembles import Effort
from mobank.calibration.sampler.peak import prior_draws
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

TARGET = Path(__file__).parents[2] / "calibration/banks/icbc_mobile.yaml"
ALONE, TOGETHER, RUNS = 20, Effort().walkers // 2, 15  # half an ensemble moves at once


def main() -> None:
    """Print both costs and their ratio."""
    history = History(MODEL, load(TARGET, MODEL).scenario)
    z = prior_draws(history, Streams(1), "benchmark", np.arange(TOGETHER))
    assert np.allclose(live(history, z[:, :1]).log_density, live(history, z).log_density[:1], rtol=1e-6)
    many = least(lambda: live(history, z)) / TOGETHER
    alone = least(lambda: [live(history, z[:, k : k + 1]) for k in range(ALONE)], 3) / ALONE
    print(f"one set at a time: {1e6 * alone:,.0f} µs a likelihood")
    print(f"{TOGETHER} sets at once: {1e6 * many:,.0f} µs a likelihood, {alone / many:.0f} times as quick")


def least(work, runs=RUNS):
    """Return the least processor time of some runs, seconds."""
    found = []
    for _ in range(runs):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


if __name__ == "__main__":
    main()
