"""Do both engines find the same posterior of ICBC's figures? One command, one table.

`python -m tests.benchmarks.engines [DRAWS]` fits by the sampler's ensembles and by weighted draws from the priors
(1,200,000 unless said otherwise, four minutes), and prints, in posterior standard deviations, how far the means of each
unknown lie apart and how far they may: a tenth, and three Monte Carlo standard errors of both engines together. Ends
with 1 if one lies further.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from mobank.calibration.fitting import fit, weigh
from mobank.calibration.sampler.diagnostics import effective_of
from mobank.calibration.sampler.ensembles import FULL
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

TARGET = Path(__file__).parents[2] / "calibration/banks/icbc_mobile.yaml"
DRAWS = 1_200_000  # a tenth of them lets an unfinished sampler pass: they are worth too little
SLACK, ERRORS = 0.1, 3.0


def main() -> int:
    """Print the table; return 1 if some unknown lies too far."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS
    target = load(TARGET, MODEL)
    with tempfile.TemporaryDirectory() as work:
        sampled = fit(target, MODEL, Path(work), workers=os.cpu_count() or 1, rows=40_000)
    z, weights = weigh(target, MODEL, draws=draws)
    worth, far = effective_of(weights), 0
    print(
        f"{draws:,} weighted draws, worth {worth:,.0f}; ensembles worth "
        f"{min(d.effective for d in sampled.diagnoses):,.0f} draws or more each"
    )
    print(f"{'unknown':44} {'apart':>7} {'may be':>7}   in posterior sd")
    for d, diagnosis in enumerate(sampled.diagnoses):
        mean = (z[d] * weights).sum()
        sd = np.sqrt(((z[d] - mean) ** 2 * weights).sum())
        apart = (sampled.z[d].mean() - mean) / sd
        bound = SLACK + ERRORS * np.sqrt(1.0 / worth + 1.0 / (FULL.ensembles * diagnosis.effective))
        far += abs(apart) > bound
        print(f"{diagnosis.name:44} {apart:+7.2f} {bound:7.2f}{'   too far' if abs(apart) > bound else ''}")
    print(f"{far} of {len(sampled.diagnoses)} too far")
    return int(far > 0)


if __name__ == "__main__":
    raise SystemExit(main())
