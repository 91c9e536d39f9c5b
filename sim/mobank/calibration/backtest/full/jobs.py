"""Refits on all cores, one small file for each that is done: the same command again goes on from there.

What a refit gives depends on its text, its seed and the program alone, so neither the number of workers nor the order
changes it. A fit that fails gives its reason.
"""

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.errors import MobankError
from mobank.base.files import write
from mobank.base.identity import law_digest
from mobank.base.quantities import Month
from mobank.base.records import sealed_bytes, unsealed_bytes
from mobank.base.streams import Streams, digest
from mobank.base.workers import processes
from mobank.calibration.backtest.forecaster import Forecaster
from mobank.calibration.backtest.priors import ReducedPriors
from mobank.calibration.backtest.series import Series
from mobank.calibration.fitting import fit
from mobank.calibration.posterior.ahead import forecast
from mobank.calibration.sampler.ensembles import SHORT, Effort
from mobank.calibration.targets import load_text
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model

RUNS = 4000  # replicates of a forecast
REDUCED_DRAWS = 5000  # of each growth shape of the reduced model
KEPT = 1000  # equally likely values that stand for a forecast in a file
SEEDS = 2**31
LEVEL, ACTIVE = "registered", "active"  # the two sides of a pair
FORMAT = 1


@dataclass(frozen=True)
class RefitEffort:
    """How much is computed for each refit: of the sampler, and how many runs and draws forecast."""

    sampler: Effort = SHORT
    runs: int = RUNS
    reduced: int = REDUCED_DRAWS


@dataclass(frozen=True)
class RefitJob:
    """What one worker computes.

    Parameters
    ----------
    name : of the refit. text : its target. ahead : months from the origin to the months forecast.
    series : the known figures of both sides, for the reduced model. beliefs : its priors. seed : of this refit alone.
    """

    name: str
    text: str
    origin: Month
    ahead: tuple[int, ...]
    series: dict[str, Series]
    beliefs: ReducedPriors
    seed: int
    effort: RefitEffort

    def file(self, model: Model) -> str:
        """Return the name of the file in which its forecasts are kept; it changes with all that they depend on."""
        figures = {side: [(f.month.ordinal, f.low, f.high) for f in s.figures] for side, s in self.series.items()}
        known = (FORMAT, self.name, self.text, self.ahead, figures, asdict(self.beliefs), self.seed)
        identity = json.dumps([*known, asdict(self.effort), fingerprint(model), law_digest("refits")])
        slug = re.sub(r"\W+", "-", self.name).strip("-")
        return f"{slug}-{sha256(identity.encode()).hexdigest()[:10]}.npz"


@dataclass(frozen=True)
class Forecasts:
    """What a refit gives.

    Parameters
    ----------
    model, reduced : log persons by side, (len(ahead), N) equally likely values in order of size.
    r_hat, effective : worst of the fit's coordinates. reason : why the model gives no forecast; "" where it does.
    """

    model: dict[str, Floats] = field(default_factory=dict)
    reduced: dict[str, Floats] = field(default_factory=dict)
    r_hat: float = float("nan")
    effective: float = float("nan")
    reason: str = ""


Fitter = Callable[[RefitJob, Model], Forecasts]


def seed_of(seed: int, entity: str, origin: Month, kind: str) -> int:
    """Return the seed of a refit, by the backtest's seed and by names."""
    return digest("backtest", seed, entity, str(origin), kind) % SEEDS


def refit(job: RefitJob, model: Model) -> Forecasts:
    """Fit a job's target, run it ahead, and forecast the same by the reduced model."""
    reduced = {side: _by_reduced(job, series) for side, series in job.series.items()}
    try:
        return _fitted(job, model, reduced)
    except (MobankError, ArithmeticError, ValueError, LookupError) as error:
        return Forecasts(reduced=reduced, reason=" ".join(f"{type(error).__name__}: {error}".split()))


def _fitted(job: RefitJob, model: Model, reduced: dict[str, Floats]) -> Forecasts:
    origin = model.origin
    if origin is None:
        raise ValueError(f"the model '{model.name}' does not say which of its measures are reported")
    if ACTIVE not in job.series or job.series[ACTIVE].figures[-1].month != job.origin:
        raise ValueError("more are active than registered at the origin")
    target = load_text(job.text, model, name=job.name)
    with TemporaryDirectory(prefix="mobank-") as work:
        posterior = fit(target, model, Path(work), job.seed, job.effort.sampler)
    measures = {LEVEL: origin.stock, ACTIVE: origin.engaged}
    until = job.origin + max(job.ahead)
    paths = forecast(posterior, until, tuple(measures.values()), job.seed, job.effort.runs)
    found = {side: kept(np.log(paths[measure][list(job.ahead)])) for side, measure in measures.items()}
    worst = max(d.r_hat for d in posterior.diagnoses)
    least = min(d.effective for d in posterior.diagnoses)
    return Forecasts(found, reduced, float(worst), float(least))


def _by_reduced(job: RefitJob, series: Series) -> Floats:
    """Return the reduced model's forecast of one side, brought along the figures that are known."""
    forecaster = Forecaster(series, job.beliefs, Streams(job.seed), job.effort.reduced, job.effort.runs)
    for _ in series.figures[1:]:
        forecaster.learn()
    spans = [later - earlier for earlier, later in pairwise((0, *job.ahead))]
    return kept(forecaster.forecast(spans))


def kept(draws: Floats) -> Floats:
    """Return `KEPT` equally likely values, (H, KEPT), that stand for draws (H, N): their evenly spaced quantiles."""
    levels = (np.arange(KEPT) + 0.5) / KEPT
    return np.ascontiguousarray(np.quantile(draws, levels, axis=1).T)


# ------------ all of them


def run_jobs(
    jobs: Sequence[RefitJob],
    model: Model,
    folder: Path,
    workers: int,
    fitter: Fitter = refit,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Forecasts]:
    """Return what each job gives, in their order; those that lie in the folder are not computed again."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / job.file(model) for job in jobs]
    found = {path: done for path in paths if (done := _read(path))}
    missing = [(job, path) for job, path in zip(jobs, paths, strict=True) if path not in found]
    progress(len(jobs) - len(missing), len(jobs))
    if workers == 1 or len(missing) < 2:
        for job, path in missing:
            found[path] = _do(job, model, path, fitter)
            progress(len(found), len(jobs))
        return [found[path] for path in paths]
    with processes(workers) as pool:
        waiting = {pool.submit(_do, job, model, path, fitter): path for job, path in missing}
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
            progress(len(found), len(jobs))
    return [found[path] for path in paths]


def _do(job: RefitJob, model: Model, path: Path, fitter: Fitter) -> Forecasts:
    _write(path, fitter(job, model))
    done = _read(path)  # as it will be read, so that a run that went on gives what one at a stretch gives
    if done is None:
        raise OSError(f"{path.as_posix()} is not as it was written")
    return done


def _write(path: Path, found: Forecasts) -> None:
    arrays = {f"{of}.{side}": v.astype(np.float32) for of in OF for side, v in getattr(found, of).items()}
    numbers = {"r_hat": found.r_hat, "effective": found.effective, "reason": found.reason}
    data = BytesIO()
    np.savez_compressed(data, **arrays, **numbers)  # type: ignore[arg-type]
    write(path, sealed_bytes(data.getvalue()))


def _read(path: Path) -> Forecasts | None:
    data = unsealed_bytes(path)
    if data is None:  # none yet, or a damaged one
        return None
    with np.load(BytesIO(data)) as found:
        parts = {
            of: {name.partition(".")[2]: found[name].astype(float) for name in found if name.startswith(f"{of}.")}
            for of in OF
        }
        return Forecasts(**parts, r_hat=float(found["r_hat"]), effective=float(found["effective"]),
                         reason=str(found["reason"]))  # fmt: skip


OF = ("model", "reduced")  # who forecasts
