"""Writes bank.yaml and open.yaml beside this script: neutral priors from all figures that are shipped."""

from pathlib import Path

from mobank.base.errors import InputError, Problem
from mobank.base.workspace import SERIES, at_hand
from mobank.calibration.backtest.series import FigureRow, figure_rows
from mobank.calibration.neutral_priors import made
from mobank.calibration.neutral_priors.groups import CLASSES


def shipped_rows() -> list[FigureRow]:
    """Return the figures of all series that are shipped; raises InputError with what is wrong with them."""
    problems: list[Problem] = []
    _, files = at_hand(SERIES, shipped_only=True)
    rows = [row for path in files for row in figure_rows(path, problems)]
    if problems:
        raise InputError(problems)
    return rows


if __name__ == "__main__":
    rows = shipped_rows()
    for kind in CLASSES:
        text, _ = made(rows, None, None, kind)
        Path(__file__).with_name(f"{kind}.yaml").write_text(text, encoding="utf-8")
