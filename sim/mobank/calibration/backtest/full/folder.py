"""What a full backtest leaves behind: every forecast as a row, scores, PIT, refits, entities, what was left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, isfinite
from pathlib import Path
from typing import Any

from mobank.base.cells import digits
from mobank.base.files import file_digest, folder_aside
from mobank.base.identity import law_digest, versions
from mobank.base.records import write_record
from mobank.calibration.backtest.folder import BACKTEST, BY_NAME, FORECASTS, LEFT_OUT, PITS, RECORD, SCORES, SIX, table
from mobank.calibration.backtest.full.cases import Refit
from mobank.calibration.backtest.full.jobs import Forecasts, RefitEffort
from mobank.calibration.backtest.full.methods import MODEL
from mobank.calibration.backtest.full.pairs import PairedSeries
from mobank.calibration.backtest.full.rows import FullRow
from mobank.calibration.backtest.full.scoring import FullScore
from mobank.calibration.backtest.scores import BANDS, LEVELS
from mobank.calibration.backtest.series import LeftOut

REFITS, ENTITIES = "refits.csv", "entities.csv"
SHOWN = 12  # digits of a digest in the rows of forecasts; refits.csv has all


@dataclass(frozen=True)
class FullResult:
    """A full backtest as it is written.

    Parameters
    ----------
    files : digests of the data by name. digests : of each refit's priors, in the order of the refits.
    classes : kind of priors by entity. missing : lines on methods that could not be computed.
    """

    seed: int
    effort: RefitEffort
    files: Mapping[str, str]
    pairs: Sequence[PairedSeries]
    classes: Mapping[str, str]
    refits: Sequence[Refit]
    digests: Sequence[str]
    forecasts: Sequence[Forecasts]
    rows: Sequence[FullRow]
    scores: Sequence[FullScore]
    left_out: Sequence[LeftOut]
    missing: Sequence[str]


def identity(result: FullResult, reduced_priors: str, model: str) -> dict[str, Any]:
    """Return everything that the bytes of a full backtest depend on.

    Parameters
    ----------
    reduced_priors : digest of the reduced model's priors. model : fingerprint of the model that is fitted.
    """
    return {
        "seed": result.seed,
        "effort": asdict(result.effort),
        "data": sorted(result.files.values()),
        "priors": sorted(set(result.digests)),
        "reduced_priors": reduced_priors,
        "model": model,
        "methods": sorted({row.method for row in result.rows}),
        "law": law_digest("fits"),
        "versions": versions(BY_NAME),
    }


def write(result: FullResult, known: Mapping[str, Any], final: Path, command: str) -> None:
    """Write the folder aside, then give it its name."""
    with folder_aside(final) as folder:
        table(folder / FORECASTS, _forecasts(result))
        table(folder / SCORES, _scores(result))
        table(folder / PITS, _pits(result))
        table(folder / REFITS, _refits(result))
        table(folder / ENTITIES, _entities(result))
        out = [(out.entity, out.metric, out.reason) for out in result.left_out]
        table(folder / LEFT_OUT, [("entity", "metric", "reason"), *out])
        record = {
            "identity": dict(known),
            "data": dict(result.files),
            "files": {path.name: file_digest(path) for path in sorted(folder.iterdir())},
            "methods_left_out": list(result.missing),
            "command": command,
        }
        write_record(folder / RECORD, record, BACKTEST)


def _forecasts(result: FullResult) -> Iterable[Sequence[Any]]:
    """Give every forecast; quantiles and truth in the unit of the series, scores on the log scale."""
    yield ("entity", "group", "side", "metric", "unit", "fan", "method", "refit", "origin", "target", "months",
           "figures_known", "unverified_figures", "break", "conflict", "priors", "truth",
           *(f"q{100 * level:02.0f}" for level in LEVELS), "crps_log",
           *(f"interval_score_{content}_log" for content in BANDS), "pit")  # fmt: skip
    digests = dict(zip(map(id, result.refits), result.digests, strict=True))
    for row in result.rows:
        pair, refit = row.refit.pair, row.refit
        series = row.series
        priors = digests[id(refit)][:SHOWN] if row.method == MODEL else ""
        yield (pair.entity, pair.group, row.side, series.metric, series.unit, row.fan, row.method, refit.kind,
               refit.origin, row.target, row.months, row.known, row.unverified, "yes" if row.broken else "",
               row.conflict, priors, digits(exp(row.truth)), *(digits(exp(q)) for q in row.quantiles),
               round(row.crps, SIX), *(round(score, SIX) for score in row.interval_scores),
               round(row.pit, SIX))  # fmt: skip


def _scores(result: FullResult) -> Iterable[Sequence[Any]]:
    yield ("side", "fan", "horizon", "method", "cases", "entities", "groups", "few", "crps_log",
           *(f"interval_score_{content}_log" for content in BANDS), *(f"coverage_{content}" for content in BANDS),
           *(f"coverage_{content}_sd" for content in BANDS), "mean_pit", "above_median", "common_cases",
           "crps_of_model_over_this", "ratio_low_by_group", "ratio_high_by_group", "best_width")  # fmt: skip
    for s in result.scores:
        numbers = (s.crps, *s.interval_scores, *s.coverage, *(s.coverage_sd(content) for content in BANDS), s.mean_pit,
                   s.above, s.common, s.ratio, *s.ratio_span, s.width)  # fmt: skip
        few = "few" if s.few else ""
        yield s.side, s.fan, s.horizon, s.method, s.cases, s.entities, s.groups, few, *map(_rounded, numbers)


def _rounded(number: float) -> float | str:
    return round(number, SIX) if isfinite(number) else ""


def _pits(result: FullResult) -> Iterable[Sequence[Any]]:
    """Give the PIT values of each series, fan and horizon in the order of the origins."""
    yield "entity", "side", "fan", "method", "refit", "months", "mean", "pits"
    by_series: dict[tuple[Any, ...], list[float]] = {}
    for row in result.rows:
        key = (row.refit.pair.entity, row.side, row.fan, row.method, row.refit.kind, row.months)
        by_series.setdefault(key, []).append(row.pit)
    for key, pits in by_series.items():
        yield *key, round(sum(pits) / len(pits), 3), " ".join(f"{pit:.3f}" for pit in pits)


def _refits(result: FullResult) -> Iterable[Sequence[Any]]:
    """Give every refit: what it knew, with which priors, how well it was sampled, or why it gave no forecast."""
    yield ("entity", "group", "refit", "origin", "registered_figures", "active_figures", "pool", "priors", "r_hat",
           "effective", "reason")  # fmt: skip
    for refit, digest, found in zip(result.refits, result.digests, result.forecasts, strict=True):
        pool = "assumed" if refit.pool else "reported" if refit.customers else "unknown"
        yield (refit.pair.entity, refit.pair.group, refit.kind, refit.origin, len(refit.level), len(refit.active), pool,
               digest, _rounded(found.r_hat), _rounded(found.effective), found.reason)  # fmt: skip


def _entities(result: FullResult) -> Iterable[Sequence[Any]]:
    """Give every entity with the metrics that are paired, and how many refits it has."""
    yield ("entity", "group", "priors", "registered", "active", "unit", "common_figures", "first", "last",
           "yearly_refits", "monthly_refits")  # fmt: skip
    for pair in result.pairs:
        own = [refit.kind for refit in result.refits if refit.pair.entity == pair.entity]
        yield (pair.entity, pair.group, result.classes[pair.entity], pair.level.metric, pair.active.metric,
               pair.active.unit, len(pair.common), pair.common[0], pair.common[-1], own.count("years"),
               own.count("months"))  # fmt: skip
