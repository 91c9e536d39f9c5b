"""One backtest from files to folder: read, forecast, score, write."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from mobank.base.files import file_digest
from mobank.base.workspace import SERIES, locate
from mobank.calibration.backtest import baselines, priors
from mobank.calibration.backtest.backtest import BacktestSettings, Row, backtest, by_baselines
from mobank.calibration.backtest.choice import choose
from mobank.calibration.backtest.folder import Result, identity, name_of, write
from mobank.calibration.backtest.priors import OTHERS, ReducedPriors
from mobank.calibration.backtest.scoring import Score, score
from mobank.calibration.backtest.series import read

FIGURES = "figures"  # the series that are scored where none is named
ALL, DECEMBER, APART = "all", "december", "apart"


def run(
    data: Sequence[Path],
    settings: BacktestSettings,
    choosing: bool,
    out: Path,
    command: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda remark: None,
) -> tuple[Result, Path]:
    """Return the backtest of some files and the folder that it was written to; if none is named, of `FIGURES`.

    With `choosing`, every configuration is tried and each entity has the one that is best without it; else the
    configurations are those chosen before, as their file says.

    Parameters
    ----------
    say : gets what a person should know of how the files were read.
    """
    paths = list(data) or [locate(FIGURES, SERIES)]
    series, left_out = read(paths, say)
    beliefs = priors.file()
    configurations, chosen = priors.read(beliefs)
    methods, missing = baselines.available()
    tried = _tried(configurations, chosen, choosing)
    own: dict[str, list[Row]] = {}
    for turn, (name, who) in enumerate(tried.items()):
        told = partial(_told, progress, turn * len(series), len(tried) * len(series))
        own[name] = backtest(series, who, settings, told)
    others = [row for each in series for row in by_baselines(each, methods)]
    choices = choose({name: [*rows, *others] for name, rows in own.items()}) if choosing else []
    if choosing:
        chosen = {choice.entity: choice.best for choice in choices}
    rows = [*_picked(own, chosen), *others]
    files = {path.name: file_digest(path) for path in paths}
    result = Result(settings, files, chosen, choices, rows, scores_of(rows, settings.seed), left_out, missing)
    known = identity(result, file_digest(beliefs))
    final = out / name_of(known)
    write(result, known, final, command)
    return result, final


def _told(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _tried(
    configurations: Mapping[str, ReducedPriors], chosen: Mapping[str, str], choosing: bool
) -> dict[str, dict[str, ReducedPriors]]:
    """Return what is to be tried by name: each configuration for all, or the ones chosen."""
    if choosing:
        return {name: {OTHERS: each} for name, each in configurations.items()}
    return {"": {who: configurations[name] for who, name in chosen.items()}}


def _picked(own: Mapping[str, Sequence[Row]], chosen: Mapping[str, str]) -> list[Row]:
    """Return each entity's rows under the configuration chosen for it; all rows if only one was tried."""
    if len(own) == 1:
        return list(next(iter(own.values())))
    return [dict(zip(own, rows, strict=True))[chosen[rows[0].entity]] for rows in zip(*own.values(), strict=True)]


def scores_of(rows: Sequence[Row], seed: int) -> dict[str, list[Score]]:
    """Return the scores of all cases, and of those between Decembers and the others apart where there are both."""
    december = [row for row in rows if row.of_december]
    apart = [row for row in rows if not row.of_december]
    parts = {ALL: rows} | ({DECEMBER: december, APART: apart} if december and apart else {})
    return {which: score(some, seed) for which, some in parts.items()}
