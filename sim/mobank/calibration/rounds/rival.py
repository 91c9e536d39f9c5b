"""Another forecast, from a person's table: quantiles a month of what a round forecasts."""

from pathlib import Path

from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.files import file_digest
from mobank.calibration.rounds.freeze import counted
from mobank.calibration.rounds.nouns import RivalForecast
from mobank.ensemble.plan import Plan
from mobank.spreadsheets.quantile_table import QuantileRow, read_quantiles


def read_rival(path: Path, plan: Plan) -> tuple[tuple[str, str], list[RivalForecast]]:
    """Return the name and the digest of a file, and the quantiles in it.

    Raises
    ------
    InputError
        If it cannot be read as such a table, or names a region that is not forecast.
    """
    rows = read_quantiles(path, counted(plan))
    if problems := [_unknown(row, list(plan.regions)) for row in rows if row.region not in ("", *plan.regions)]:
        raise InputError(problems)
    found = [RivalForecast(row.measure, row.region, row.month, row.levels, row.values) for row in rows]
    return (path.name, file_digest(path)), found


def _unknown(row: QuantileRow, regions: list[str]) -> Problem:
    allowed = "is not a region that is forecast"
    hint = did_you_mean(row.region, regions) if regions else "leave the column of regions out: this bank has none"
    return Problem(shown(row.region), allowed, hint, place=row.place)
