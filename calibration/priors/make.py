"""Writes bank.yaml and open.yaml beside this script: neutral priors from all figures that are shipped."""

from pathlib import Path

from mobank.base.workspace import SERIES, at_hand
from mobank.calibration.backtest.full.figures import rows_of
from mobank.calibration.neutral_priors import made
from mobank.calibration.neutral_priors.groups import CLASSES

if __name__ == "__main__":
    rows = rows_of(at_hand(SERIES, shipped_only=True)[1])
    for kind in CLASSES:
        text, _ = made(rows, None, None, kind)
        Path(__file__).with_name(f"{kind}.yaml").write_text(text, encoding="utf-8")
