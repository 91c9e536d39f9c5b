"""A stored posterior, read again: its draws as coordinates, its target as it was fitted, its diagnoses.

Figures that have come into the target's file since are left out: an update takes them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Place, Problem
from mobank.base.workspace import POSTERIOR, TARGET, locate, scope
from mobank.calibration.likelihood.history import History
from mobank.calibration.posterior.posterior import normal_of
from mobank.calibration.sampler.diagnostics import Diagnosis
from mobank.calibration.targets import Target, load, verified_kinds
from mobank.dynamics import posterior_draws
from mobank.model.grammar import Model
from mobank.scenario.fitted_with import facts
from mobank.scenario.posterior import DRAWS, FIT_AGAIN, RECORD, Found, find, why_unusable


@dataclass(frozen=True)
class Stored:
    """A posterior that was read: its draws have coordinates z (D, N) in the order of `History.names`."""

    found: Found
    target: Target
    z: Floats
    diagnoses: tuple[Diagnosis, ...]


def read(given: str | Path, model: Model) -> Stored:
    """Return a posterior by name, or by its folder.

    Raises
    ------
    InputError
        If there is none, it is of another name or law, or its target is no longer what it was fitted to.
    """
    found = find(locate(given, POSTERIOR))
    if found is None:
        raise InputError([Problem(f"'{given}'", f"has no {RECORD}", FIT_AGAIN)])
    if unusable := list(why_unusable(found, model, Place(str(found.folder / RECORD), 0))):
        raise InputError(unusable)
    target = _target(found, model)
    return Stored(found, target, _coordinates(found, target.history(model)), _diagnoses(found))


def verified(stored: Stored) -> str:
    """Return the name of the posterior beside it that leaves unverified figures out."""
    return "_".join([stored.found.name, *verified_kinds(stored.target)])


def _target(found: Found, model: Model) -> Target:
    evidence = tuple(found.record["evidence"])
    base = found.name.removesuffix("_" + "_".join(evidence))
    path = scope(found.folder / RECORD).find(base, found.folder, TARGET) or locate(base, TARGET)
    now, fitted = load(path, model), found.record["fitted_with"]
    before = now.reduced(fitted["figures"], fitted.get("retention", {}))  # figures may have come since: an update's
    target = next((t for t in (now.only(evidence), before.only(evidence)) if facts(t.whole) == fitted), None)
    if target is None:
        allowed = f"is not what the posterior '{found.name}' was fitted to any more"
        raise InputError([Problem("this target", allowed, "fit again: mobank calibrate", place=Place(str(path), 0))])
    return target


def _coordinates(found: Found, history: History) -> Floats:
    columns = posterior_draws.columns(str(found.folder), found.record["draws"], found.record["rows"])
    needed = [name if name in history.priors else f"z.{name}" for name in history.names]
    if missing := [name for name in needed if name not in columns]:
        allowed = f"lacks {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}"
        raise InputError([Problem(f"'{(found.folder / DRAWS).as_posix()}'", allowed, FIT_AGAIN)])
    return np.stack(
        [
            normal_of(history.priors[name].prior, columns[name]) if name in history.priors else columns[f"z.{name}"]
            for name in history.names
        ]
    )


def _diagnoses(found: Found) -> tuple[Diagnosis, ...]:
    rows = found.record["coordinates"]
    return tuple(Diagnosis(row["name"], row["r_hat"], row["effective"], row["trend"]) for row in rows if "trend" in row)
