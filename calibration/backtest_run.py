"""One backtest from files to folder: read, forecast, score, write."""

from collections.abc import Callable, Sequence
from pathlib import Path

from calibration import baselines, beliefs
from calibration.backtest import Row, Settings, backtest
from calibration.backtest_folder import Result, identity, name_of, write
from calibration.backtest_scores import Score, score
from calibration.backtest_series import read
from sim.report.folder import file_digest

SHIPPED = Path(__file__).parent / "data" / "backtest_figures.csv"
ALL, DECEMBER, APART = "all", "december", "apart"


def run(
    data: Sequence[Path],
    settings: Settings,
    out: Path,
    command: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Result, Path]:
    """Return the backtest of some files (the shipped ones if none is named) and the folder that it was written to."""
    paths = list(data) or [SHIPPED]
    series, left_out = read(paths)
    configurations, chosen = beliefs.read()
    methods, missing = baselines.available()
    rows = backtest(series, {who: configurations[name] for who, name in chosen.items()}, methods, settings, progress)
    files = {path.name: file_digest(path) for path in paths}
    result = Result(settings, files, chosen, rows, scores_of(rows, settings.seed), left_out, missing)
    known = identity(settings, files, chosen, file_digest(beliefs.FILE))
    final = out / name_of(known)
    write(result, known, final, command)
    return result, final


def scores_of(rows: Sequence[Row], seed: int) -> dict[str, list[Score]]:
    """Return the scores of all cases, and of those between Decembers and the others apart where there are both."""
    december = [row for row in rows if row.of_december]
    apart = [row for row in rows if not row.of_december]
    parts = {ALL: rows} | ({DECEMBER: december, APART: apart} if december and apart else {})
    return {which: score(some, seed) for which, some in parts.items()}
