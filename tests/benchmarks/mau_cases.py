"""Scores the 26 frozen cases of MAU in the folder of `mobank backtest --full --data tests/data/mau_cases.csv`.

Usage: python -m tests.benchmarks.mau_cases FOLDER. Printed by today's definition, log scale: all 26 cases, 17 of them
that had a baseline when they were frozen, and 14 of the registered from the same origins. These cases were seen while
the model was designed: a guard, no proof. The simpler methods know a few more figures here than they did then.
"""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

Cases = Mapping[str, Mapping[int, Sequence[int]]]  # horizons in years by entity and year of origin
GUARD: Cases = {
    "ABC": {2021: (1, 2, 3), 2022: (1, 2)},
    "BOC": {2021: (1, 2), 2022: (1,)},
    "CMB (both apps, 招商银行+掌上生活)": {2019: (1, 2, 3), 2020: (1, 2, 3), 2021: (1, 2, 3), 2022: (1, 2)},
    "ICBC": {2021: (1,)},
    "Ping An Bank (口袋银行)": {2019: (1, 2, 3), 2020: (1, 2), 2021: (1,)},
}
WITH_A_TREND: Cases = {
    "ABC": {2022: (1, 2)},
    "BOC": {2022: (1,)},
    "CMB (both apps, 招商银行+掌上生活)": GUARD["CMB (both apps, 招商银行+掌上生活)"],
    "Ping An Bank (口袋银行)": {2020: (1, 2), 2021: (1,)},
}
REGISTERED: Cases = {
    "ABC": {2021: (1,)},
    "BOC": {2021: (1, 2), 2022: (1,)},
    "CMB (both apps, 招商银行+掌上生活)": {2020: (1, 2), 2021: (1,)},
    "ICBC": {2021: (1,)},
    "Ping An Bank (口袋银行)": GUARD["Ping An Bank (口袋银行)"],
}


def rows_of(folder: Path, side: str, method: str, cases: Cases) -> list[Mapping[str, str]]:
    """Return the rows of some cases of one side and method, by today's definition."""
    wanted = {
        (entity, f"{year}-12", str(12 * h)) for entity, of in cases.items() for year, hs in of.items() for h in hs
    }
    with (folder / "forecasts.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            row
            for row in csv.DictReader(file)
            if (row["side"], row["method"], row["fan"], row["refit"]) == (side, method, "today", "years")
            and (row["entity"], row["origin"], row["months"]) in wanted
        ]


def lines(folder: Path) -> Iterator[str]:
    """Give a line for each set of cases: how many there are, mean CRPS, and the share inside the 80 % band."""
    sets = (
        ("MAU, all 26", "active", "model", GUARD),
        ("MAU, the 17 with a baseline", "active", "model", WITH_A_TREND),
        ("  damped trend on them", "active", "log damped trend", WITH_A_TREND),
        ("registered, the 14", "registered", "model", REGISTERED),
        ("  damped trend on them", "registered", "log damped trend", REGISTERED),
    )
    for name, side, method, cases in sets:
        rows = rows_of(folder, side, method, cases)
        crps = sum(float(row["crps_log"]) for row in rows) / max(1, len(rows))
        inside = sum(0.1 <= float(row["pit"]) <= 0.9 for row in rows) / max(1, len(rows))
        yield f"{name}: {len(rows)} cases, CRPS {crps:.4f}, 80 % band covers {100 * inside:.0f} %"


if __name__ == "__main__":
    print("\n".join(lines(Path(sys.argv[1]))))
