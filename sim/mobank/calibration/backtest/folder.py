"""What a backtest leaves behind: every forecast as a row, scores, PIT by series, what was left out, a record."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import exp
from pathlib import Path
from typing import Any

from mobank.base.cells import ENCODING, digits, write_csv
from mobank.base.files import file_digest, folder_aside
from mobank.base.identity import law_digest, versions
from mobank.base.records import RecordKind, write_record
from mobank.base.shapes import ANYTHING, DIGEST, TEXT, ByName, RecordFields, RecordList
from mobank.calibration.backtest.backtest import OURS, BacktestSettings, Row
from mobank.calibration.backtest.choice import Choice
from mobank.calibration.backtest.priors import OTHERS
from mobank.calibration.backtest.scores import BANDS, LEVELS
from mobank.calibration.backtest.scoring import Score
from mobank.calibration.backtest.series import LeftOut

FORECASTS, SCORES, PITS, LEFT_OUT = "forecasts.csv", "scores.csv", "pit.csv", "left_out.csv"
CHOICES, RECORD = "choices.csv", "backtest.json"
BY_NAME = ("numpy", "scipy", "numba")
SIX = 6  # digits of a share, a score or a log
BACKTEST = RecordKind(
    2,
    RecordFields(
        {"identity": ByName(ANYTHING), "data": ByName(DIGEST), "files": ByName(DIGEST), "command": TEXT},
        {"baselines_left_out": RecordList(TEXT), "methods_left_out": RecordList(TEXT)},
    ),
)


@dataclass(frozen=True)
class Result:
    """A backtest as it is written: its rows, the scores of all cases and of those apart, and what was left out."""

    settings: BacktestSettings
    files: Mapping[str, str]
    chosen: Mapping[str, str]
    choices: Sequence[Choice]
    rows: Sequence[Row]
    scores: Mapping[str, Sequence[Score]]
    left_out: Sequence[LeftOut]
    missing: Sequence[str]


def identity(result: Result, beliefs: str) -> dict[str, Any]:
    """Return everything that the bytes of a backtest depend on; `beliefs` is the digest of the configurations."""
    settings = result.settings
    return {
        "seed": settings.seed,
        "draws": settings.draws,
        "ahead": settings.ahead,
        "data": sorted(result.files.values()),
        "configurations": beliefs,
        "chosen": dict(result.chosen),
        "choosing": bool(result.choices),
        "methods": sorted({row.method for row in result.rows}),
        "law": law_digest("fits"),
        "versions": versions(BY_NAME),
    }


def name_of(known: Mapping[str, Any], kind: str = "backtest") -> str:
    """Return the folder's name: its kind, and the first ten digits of the identity's digest."""
    return f"{kind}-{sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:10]}"


def write(result: Result, known: Mapping[str, Any], final: Path, command: str) -> None:
    """Write the folder aside, then give it its name."""
    with folder_aside(final) as folder:
        table(folder / FORECASTS, _forecasts(result))
        table(folder / SCORES, _scores(result))
        table(folder / PITS, _pits(result))
        table(
            folder / LEFT_OUT,
            [("entity", "metric", "reason"), *((out.entity, out.metric, out.reason) for out in result.left_out)],
        )
        if result.choices:
            table(folder / CHOICES, _choices(result))
        record = {
            "identity": dict(known),
            "data": dict(result.files),
            "files": {path.name: file_digest(path) for path in sorted(folder.iterdir())},
            "baselines_left_out": list(result.missing),
            "command": command,
        }
        write_record(folder / RECORD, record, BACKTEST)


def table(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as CSV that spreadsheets read as UTF-8."""
    with path.open("w", encoding=ENCODING, newline="") as file:
        write_csv(file, rows, "\n")


def _forecasts(result: Result) -> Iterable[Sequence[Any]]:
    """Give every forecast; quantiles and truth in the unit of the series, scores on the log scale."""
    yield ("entity", "metric", "unit", "method", "configuration", "origin", "target", "horizon_years", "figures_known",
           "unverified_figures", "december", "truth", *(f"q{100 * level:02.0f}" for level in LEVELS),
           "crps_log", *(f"interval_score_{content}_log" for content in BANDS), "pit")  # fmt: skip
    for row in result.rows:
        chosen = result.chosen.get(row.entity, result.chosen[OTHERS]) if row.method == OURS else ""
        yield (row.entity, row.metric, row.unit, row.method, chosen, row.origin,
               row.target, row.horizon, row.known, row.unverified, "yes" if row.of_december else "no",
               digits(exp(row.truth)), *(digits(exp(q)) for q in row.quantiles), round(row.crps, SIX),
               *(round(score, SIX) for score in row.interval_scores), round(row.pit, SIX))  # fmt: skip


def _scores(result: Result) -> Iterable[Sequence[Any]]:
    yield ("cases", "method", "horizon_years", "count", "entities", "few", "crps_log",
           *(f"interval_score_{content}_log" for content in BANDS), *(f"coverage_{content}" for content in BANDS),
           *(f"coverage_{content}_sd" for content in BANDS), "gain_of_reduced_model",
           "gain_low_by_entity", "gain_high_by_entity", "gain_low_by_year", "gain_high_by_year")  # fmt: skip
    for which, scores in result.scores.items():
        for s in scores:
            numbers = (
                s.crps,
                *s.interval_scores,
                *s.coverage,
                *(s.coverage_sd(content) for content in BANDS),
                s.gain,
                *s.by_entity,
                *s.by_year,
            )
            yield (
                which,
                s.method,
                s.horizon or "1-3",
                s.cases,
                s.entities,
                "few" if s.few else "",
                *(round(number, SIX) for number in numbers),
            )


def _choices(result: Result) -> Iterable[Sequence[Any]]:
    """Give the skill of each configuration without each entity, and the one that was chosen for it."""
    names = list(result.choices[0].skills)
    yield "entity_left_out", "chosen", *(f"skill_of_{name}" for name in names)
    for choice in result.choices:
        yield choice.entity, choice.best, *(round(choice.skills[name], SIX) for name in names)


def _pits(result: Result) -> Iterable[Sequence[Any]]:
    """Give the PIT values of each series and horizon in the order of the origins."""
    yield "entity", "metric", "method", "horizon_years", "mean", "pits"
    by_series: dict[tuple[str, str, str, int], list[float]] = {}
    for row in result.rows:
        by_series.setdefault((row.entity, row.metric, row.method, row.horizon), []).append(row.pit)
    for key, pits in by_series.items():
        yield *key, round(sum(pits) / len(pits), 3), " ".join(f"{pit:.3f}" for pit in pits)
