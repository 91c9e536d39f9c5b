"""Two hundred made-up tables of a bank by months and regions: are the forecasts of their last year honest?

`python -m tests.benchmarks.tables [tables] [first]`. Each table is that of a trial by a planner, with its six constants
multiplied by e^N(0, .3²): two regions, registered users, MAU that counts a second app from the 19th month on and has
more in each February, and gross adds. From the first 24 months a short fit forecasts the last 12, region by region.
Scores are of log figures. MAU's damped trend sees the months of today's definition alone, since nothing else is like
them. What is not fitted is counted and said.
"""

import math
import random
import sys
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mobank.base.errors import MobankError
from mobank.base.quantities import Month
from mobank.calibration.backtest.baselines import damped_trend
from mobank.calibration.backtest.full.methods import best_width
from mobank.calibration.backtest.scores import BANDS, EnsembleForecast
from mobank.calibration.fitting import fit
from mobank.calibration.posterior.ahead import forecast
from mobank.calibration.sampler.ensembles import SHORT
from mobank.calibration.targets import load_text
from mobank.model.mobile_banking import MODEL

FIRST, MONTHS, KNOWN, JOINED = Month.of(2020, 1), 36, 24, 18
REGIONS = {"east": (12_000_000, 0.36, 0.012), "west": (6_000_000, 0.28, 0.020)}
SPREAD = 0.3
RUNS = 4000

HEAD = """extends: bank
subject: a made-up bank
definitions:
  personal_customers: {counts: all personal customers}
  registered: {counts: registered persons net of closures}
  bank_app: {counts: the bank app alone, against: both_apps}
  both_apps: {counts: bank app and life app}
  gross_adds: {counts: persons who registered in the month}
segments:
  region:
    east: {share: 66.48%, reason: made up, evidence: assumption}
    west: {share: 33.52%, reason: made up, evidence: assumption}
reported:
  customers:
    2021-12: {figure: 4200万, definition: personal_customers, source: made up, evidence: internal}
"""


def table(number):
    """Return a table's figures, [month][region] of (registered, mau, gross adds)."""
    chance = random.Random(number)
    by = iter([math.exp(chance.gauss(0.0, SPREAD)) for _ in range(6)])
    shares = {region: share * next(by) for region, (_, share, _) in REGIONS.items()}
    slope = 0.0012 * next(by)
    growth = {region: g * next(by) for region, (_, _, g) in REGIONS.items()}
    keep = math.exp(math.log(0.985) * next(by))
    people = {region: begun for region, (begun, _, _) in REGIONS.items()}
    rows = []
    for i in range(MONTHS):
        february = i % 12 == 1
        row = {}
        for region in REGIONS:
            adds = people[region] * growth[region] * (1.35 if february else 1.0) * chance.lognormvariate(0, 0.05)
            adds *= keep**i
            people[region] += adds - 0.001 * people[region]
            mau = people[region] * (shares[region] + slope * i) * (1.08 if february else 1.0)
            mau *= chance.lognormvariate(0, 0.01) * (1.12 if i >= JOINED else 1.0)
            row[region] = round(people[region]), round(mau), round(adds)
        rows.append(row)
    return rows


def target(rows):
    """Return the text of a target with the first `KNOWN` months."""
    lines = [HEAD]
    for place, measure in enumerate(("registered", "mau", "gross_adds")):
        lines.append(f"  {measure}:\n    for:\n")
        for region in REGIONS:
            lines.append(f"      {region}:\n")
            for i, row in enumerate(rows[:KNOWN]):
                definition = measure if measure != "mau" else "both_apps" if i >= JOINED else "bank_app"
                given = f"figure: {row[region][place]}, definition: {definition}, source: made up, evidence: internal"
                lines.append(f"        {FIRST + i}: {{{given}}}\n")
    return "".join(lines)


def scored(number):
    """Return (measure, forecast by the model, by a damped trend, truth) of each region and month ahead, log scale."""
    rows = table(number)
    with TemporaryDirectory() as work:
        posterior = fit(load_text(target(rows), MODEL, name="made_up"), MODEL, Path(work), number, SHORT)
    names = [f"{measure}.{region}" for measure in ("registered", "mau") for region in REGIONS]
    paths = forecast(posterior, FIRST + (MONTHS - 1), names, number, RUNS)
    ahead, found = range(1, MONTHS - KNOWN + 1), []
    for name in names:
        measure, _, region = name.partition(".")
        logs = np.log([row[region][measure == "mau"] for row in rows])
        known = logs[JOINED if measure == "mau" else 0 : KNOWN]
        for months, trend in zip(ahead, damped_trend(known, ahead), strict=True):
            ours = EnsembleForecast(np.log(paths[name][months]))
            found.append((measure, ours, trend, float(logs[KNOWN + months - 1])))
    return found, max(d.r_hat for d in posterior.diagnoses)


def main(tables, first):
    """Print coverage and CRPS over some tables."""
    cases, not_fitted, hats, began = defaultdict(list), [], [], time.process_time()
    for number in range(first, first + tables):
        try:
            found, hat = scored(number)
        except MobankError as error:
            not_fitted.append(f"table {number}: {error}")
            continue
        hats.append(hat)
        for measure, *case in found:
            cases[measure].append(case)
            cases["both"].append(case)
        print(
            f"table {number}: R-hat {hat:.3f}, {time.process_time() - began:.0f} s so far", file=sys.stderr, flush=True
        )
    print(
        f"{tables - len(not_fitted)} tables of {tables}, numbers {first} to {first + tables - 1}; R-hat at most "
        f"{max(hats):.3f}, median {np.median(hats):.3f}; {(time.process_time() - began) / tables:.0f} s a table"
    )
    heads = [f"in {content} %" for content in BANDS]
    print(f"{'':12}{''.join(f'{head:>10}' for head in heads)}{'CRPS':>10}{'damped':>10}{'ratio':>8}{'width':>8}")
    for measure, own in cases.items():
        inside = [np.mean([low < ours.pit(y) < high for ours, _, y in own]) for low, high in BANDS.values()]
        ours, theirs = (np.mean([case[i].crps(case[2]) for case in own]) for i in (0, 1))
        width = best_width([(case[0], case[2]) for case in own])
        print(f"{measure:12}{''.join(f'{100 * share:10.0f}' for share in inside)}{ours:10.4f}{theirs:10.4f}"
              f"{ours / theirs:8.2f}{width:8.2f}")  # fmt: skip
    print(*not_fitted, sep="\n")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [200, 1][len(given) :]))
