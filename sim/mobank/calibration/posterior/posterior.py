"""A posterior: draws that pass through every figure, and the folder in which scenarios find them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.identity import law_digest, versions
from mobank.base.priors import Prior
from mobank.base.records import write_record
from mobank.base.streams import Streams
from mobank.calibration.likelihood.at_origin import AtOrigin, at_origin
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import HistoryState, Pathway, live, solved
from mobank.calibration.sampler.diagnostics import Diagnosis
from mobank.calibration.targets import Target
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model
from mobank.scenario.fitted_with import facts
from mobank.scenario.posterior import DRAWS, RECORD
from mobank.scenario.posterior_record import POSTERIOR_RECORD

BATCH = 500  # draws lived at once: the rows then stay in a near cache
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BY_NAME = ("numpy", "scipy", "numba", "emcee", "arviz-stats", "pyarrow")


@dataclass(frozen=True)
class FittedPosterior:
    """Draws of what the figures leave possible.

    Parameters
    ----------
    name : of its folder. target : what was fitted. model : with which model.
    names : of the coordinates, (D,). z : (D, N) coordinates, standard normal a priori.
    parameters : what is unknown on its natural scale, (N,) by name.
    passage : how they came to the figures: innovations, shocks, what was counted on the way.
    origin : where they stand at the last figure.
    seed, engine : how they were found.
    weights : (N,) of the draws, where they are weighted; None if they count alike.
    diagnoses : of the sampler, where there was one.
    """

    name: str
    target: Target
    model: Model
    names: tuple[str, ...]
    z: Floats
    parameters: Mapping[str, Floats]
    passage: Pathway
    origin: AtOrigin
    seed: int
    engine: str
    weights: Floats | None = None
    diagnoses: Sequence[Diagnosis] = field(default_factory=tuple)

    @property
    def rows(self) -> int:
        """How many draws there are."""
        return int(self.z.shape[1])

    @property
    def history(self) -> History:
        """The years that the draws have lived."""
        return self.target.history(self.model)

    @property
    def state(self) -> HistoryState:
        """Where everybody is at the last figure."""
        return self.origin.state


def lived(history: History, z: Floats) -> Pathway:
    """Return what draws (D, N) make of the history, a batch at a time."""
    parts = [live(history, np.ascontiguousarray(z[:, i : i + BATCH])) for i in range(0, z.shape[1], BATCH)]
    return _joined(parts)


def _joined(parts: Sequence[Pathway]) -> Pathway:
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=-1)
        for name in ("log_density", "normals", "shocks", "marks", "retained", "why")
    }
    return Pathway(**joined, state=_joined_states([part.state for part in parts]))


def _joined_states(parts: Sequence[HistoryState]) -> HistoryState:
    return HistoryState(
        *(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in ("occupancy", "customers"))
    )


def posterior_of(
    target: Target,
    model: Model,
    z: Floats,
    seed: int,
    engine: str,
    weights: Floats | None = None,
    diagnoses: Sequence[Diagnosis] = (),
) -> FittedPosterior:
    """Return the posterior whose draws have coordinates z (D, N)."""
    history, streams = target.history(model), Streams(seed)
    passages, origins = [], []
    for i in range(0, z.shape[1], BATCH):
        solver = solved(history, np.ascontiguousarray(z[:, i : i + BATCH]))
        passages.append(solver.finish())
        origins.append(at_origin(solver, passages[-1].state, streams, f"origin of draws from {i}"))
    columns = {name: np.concatenate([each.columns[name] for each in origins]) for name in origins[0].columns}
    origin = AtOrigin(columns, _joined_states([each.state for each in origins]))
    passage, natural = _joined(passages), history.natural(z)
    return FittedPosterior(
        target.name, target, model, history.names, z, natural, passage, origin, seed, engine, weights, diagnoses
    )


# ------------ the folder


def table_of(posterior: FittedPosterior) -> Mapping[str, Floats]:
    """Return the columns that are stored, (N,) each, by name.

    Unknowns by the name that their draws are keyed by; `z.<coordinate>` what is not one of them; `shock.<path>` (of a
    region `shock.<path>.<band>`), `trend.<path>.…` and `season.<name>.<factor>` at the last figure, log scale;
    `state.<state>.<segment>` persons.
    """
    history = posterior.history
    found = dict(posterior.parameters)
    found |= {f"z.{name}": posterior.z[d] for d, name in enumerate(posterior.names) if name not in history.priors}
    found |= posterior.origin.columns
    for k, state in enumerate(posterior.model.states):
        for s, segment in enumerate(posterior.target.scenario.segments):
            found[f"state.{state}.{segment.name}"] = posterior.state.occupancy[k, s]
    return found


def draws_bytes(posterior: FittedPosterior) -> bytes:
    """Return the Parquet file of a posterior's draws, the same bytes for the same draws; single precision."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: pa.array(values.astype(np.float32)) for name, values in table_of(posterior).items()}
    out = io.BytesIO()
    pq.write_table(
        pa.table(columns),
        out,
        compression="zstd",
        compression_level=9,
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )
    return out.getvalue()


def record_of(posterior: FittedPosterior, draws: bytes, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `posterior.json` says."""
    target, history = posterior.target, posterior.history
    return {
        "name": posterior.name,
        "last": str(history.last),
        "rows": posterior.rows,
        "model": fingerprint(history.model),
        "draws": sha256(draws).hexdigest(),
        "shocks": "yearly" if history.yearly else "monthly",
        **({"regions": history.shares_by_band} if history.shares_by_band else {}),
        "evidence": list(target.evidence),
        "fitted_with": facts(target.whole),
        "identity": {
            "engine": posterior.engine,
            "seed": posterior.seed,
            "settings": dict(settings),
            "law": law_digest("fits"),
            "versions": versions(BY_NAME),
        },
        "coordinates": summary(posterior),
    }


def summary(posterior: FittedPosterior) -> list[dict[str, Any]]:
    """Return for each unknown its prior's and its posterior's quantiles, and how much the figures narrowed it."""
    found = []
    by_name = {d.name: d for d in posterior.diagnoses}
    for name, value in posterior.history.priors.items():
        draws = posterior.parameters[name]
        z = posterior.z[posterior.names.index(name)]
        row = {
            "name": name,
            "prior": value.text,
            "prior_quantiles": _rounded(value.prior.of_normal(_normal_quantiles())),
            "quantiles": _rounded(np.quantile(draws, QUANTILES)),
            "contraction": round(1.0 - float(z.var()), 3),
            "shift": round(float(z.mean()), 3),
        }
        if name in by_name:
            found_ = by_name[name]
            row |= {
                "r_hat": round(found_.r_hat, 4),
                "effective": round(found_.effective),
                "trend": round(found_.trend, 3),
            }
        found.append(row)
    return found


def _normal_quantiles() -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.array(QUANTILES)))


def _rounded(values: Floats) -> list[float]:
    return [float(f"{v:.4g}") for v in values]


def write(posterior: FittedPosterior, folder: Path, settings: Mapping[str, Any]) -> None:
    """Write a posterior's folder."""
    draws = draws_bytes(posterior)
    (folder / DRAWS).write_bytes(draws)
    write_record(folder / RECORD, record_of(posterior, draws, settings), POSTERIOR_RECORD)


def normal_of(prior: Prior, values: Floats) -> Floats:
    """Return the standard normals whose quantiles of a prior are given; the inverse of `Prior.of_normal`."""
    if prior.tails:
        from scipy.special import ndtri, stdtr

        wide = normal_of(replace(prior, tails=0.0), values)
        return np.asarray(-np.sign(wide) * ndtri(stdtr(prior.tails, -np.abs(wide))))
    if prior.kind == "lognormal":
        return np.asarray((np.log(values) - math.log(prior.centre)) / prior.spread)
    if prior.kind == "logitnormal":
        centre = math.log(prior.centre / (1.0 - prior.centre))
        return np.asarray((np.log(values / (1.0 - values)) - centre) / prior.spread)
    return np.asarray((values - prior.centre) / prior.spread)
