"""What `mobank calibrate` does: reads a target, fits it, writes the posterior's folder and says how it went."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from hashlib import sha256
from json import dumps
from pathlib import Path

from mobank.base.errors import InputError, Problem, shown
from mobank.base.identity import law_digest
from mobank.base.workspace import in_package
from mobank.calibration.fitting import ROWS, fit, settings_of
from mobank.calibration.posterior.posterior import FittedPosterior, write
from mobank.calibration.posterior.stored import read
from mobank.calibration.posterior.update import Update
from mobank.calibration.posterior.update import update as updated
from mobank.calibration.rounds import scoreboard
from mobank.calibration.sampler.ensembles import Effort
from mobank.calibration.targets import Target, load, require_enough
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model
from mobank.report.render.files import aside
from mobank.scenario.keys.values import FIGURE_EVIDENCE
from mobank.scenario.posterior import facts

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


def target_of(path: Path, model: Model, evidence: Sequence[str] = FIGURE_EVIDENCE) -> Target:
    """Return the target of a file if it can be fitted, with figures of some kinds of evidence alone."""
    return fit_for(load(path, model), model, evidence)


def fit_for(target: Target, model: Model, evidence: Sequence[str] = FIGURE_EVIDENCE) -> Target:
    """Return a target with figures of some kinds of evidence alone.

    Raises
    ------
    InputError
        If they are not enough for a fit.
    """
    if tuple(evidence) != FIGURE_EVIDENCE:
        target = target.only(evidence)
    require_enough(target, model)
    return target


def name_of(target: Target) -> str:
    """Return the name of a target's posterior: the target's, and the evidence that was taken if not all was."""
    return target.name if target.evidence == FIGURE_EVIDENCE else "_".join([target.name, *target.evidence])


def writable(out: Path, key: str) -> Path:
    """Return a folder that posteriors may be written in; `key` names it in the message.

    Raises
    ------
    InputError
        If it lies inside the installed package.
    """
    if in_package(out):
        allowed = "lies inside the installed package, where nothing is written"
        raise InputError([Problem(shown(str(out)), allowed, "stand in a folder of your own", key)])
    return out


def calibrate(
    target: Target,
    model: Model,
    out: Path,
    work: Path,
    seed: int,
    effort: Effort,
    workers: int,
    progress: Progress,
) -> tuple[FittedPosterior, Path]:
    """Fit a target and write the folder of its posterior; return both.

    Parameters
    ----------
    out : where the folder goes, under the posterior's name. work : where the checkpoints are until it is there.
    """
    settings = settings_of(effort, ROWS)
    identity = dumps([facts(target.scenario), settings, seed, fingerprint(model), law_digest("fits")], sort_keys=True)
    checkpoints = work / f"{name_of(target)}-{sha256(identity.encode()).hexdigest()[:10]}"
    with progress(f"fitting {name_of(target)}") as told:
        posterior = fit(target, model, checkpoints, seed, effort, workers, ROWS, told)
    final = out / name_of(target)
    with aside(final) as folder:
        write(replace(posterior, name=name_of(target)), folder, settings)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return posterior, final


def update(target: Target, name: str, model: Model, out: Path, seed: int, progress: Progress) -> tuple[Update, Path]:
    """Weigh the draws of a stored posterior anew by a target's new figures, write the folder, and keep the scores."""
    with progress(f"updating {name}") as told:
        found = updated(read(name, model), target, model, seed, ROWS)
        told(1, 1)
    final = out / name_of(target)
    with aside(final) as folder:
        write(replace(found.posterior, name=name_of(target)), folder, {"rows": ROWS, "updated": name})
    for entry in found.scores:
        scoreboard.add(out / scoreboard.NAME, entry)
    return found, final
