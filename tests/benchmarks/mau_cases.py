"""Scores the 26 frozen cases of MAU: the figures of `tests/data/mau_cases.csv` and ICBC's of its target.

Usage: python -m tests.benchmarks.mau_cases [icbc] [FOLDER]. Fits at each origin with neutral priors made without the
entity's group and the future, or with `icbc` with ICBC's own, and prints, by today's definition, log scale: all 26
cases, 17 of them that had a baseline when they were frozen, and 14 of the registered from the same origins. These cases
were seen while the model was designed: a guard, no proof. The simpler methods know a few more figures here than they
did then. FOLDER is where the forecasts go (outputs/mau_cases).
"""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from mobank.base.machine import cores
from mobank.calibration.backtest.full import run
from mobank.calibration.backtest.full.text import PriorMaker, without_section
from mobank.calibration.neutral_priors import class_of, group_of
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

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


DATA, ICBC = Path("tests/data/mau_cases.csv"), Path("calibration/banks/icbc_mobile.yaml")
METRICS = {"registered": "registered_users", "mau": "monthly_active_users"}
POOL = 2021  # the year of the pool of customers that is assumed of every bank here


def icbc_rows() -> Iterator[Sequence[str]]:
    """Give ICBC's figures as rows of such a file."""
    yield "entity", "metric", "period_end", "value", "unit", "value_text", "qualifier", "source", "evidence"
    for figure in load(ICBC, MODEL).figures:
        if figure.measure in METRICS or figure.month.year == POOL:
            over = figure.text.startswith("超")
            value = figure.interval.low if over else figure.interval.middle
            known = (METRICS.get(figure.measure, "pool"), f"{figure.month}-31", f"{value:.0f}", "persons", figure.text)
            yield "ICBC", *known, "over" if over else "rounded", "its target", figure.provenance.evidence


def icbc_priors() -> PriorMaker:
    """Return a maker that gives everybody ICBC's priors: what they know of the cases is not asked."""
    text = ICBC.read_text(encoding="utf-8")
    for section in ("subject", "definitions", "reported"):
        text = without_section(text, section)
    digest = sha256(text.encode()).hexdigest()
    return PriorMaker(lambda *known: (text, digest), lambda *asked: (), group_of, class_of)


def main(words: Sequence[str]) -> None:
    """Fit, forecast and print the scores."""
    own = "icbc" in words
    out = Path(next((word for word in words if word != "icbc"), "outputs/mau_cases"))
    out.mkdir(parents=True, exist_ok=True)
    rows = out / "icbc.csv"
    with rows.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(icbc_rows())
    maker = icbc_priors() if own else run.neutral_maker()
    _, folder = run.run_full(
        [DATA, rows], MODEL, run.FullSettings(1, cores()), out, "tests.benchmarks.mau_cases", maker
    )
    print("\n".join(lines(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
