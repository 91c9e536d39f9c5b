"""The charts of a run as matplotlib axes, in the style of the reports; matplotlib is loaded with this module."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from mobank.base.errors import InputError, Problem
from mobank.base.quantities import Lang, Month
from mobank.ensemble.plan import Plan
from mobank.ensemble.summary import QUANTILES, Summary
from mobank.model.grammar import Counted
from mobank.report.compare.charts import SHARES
from mobank.report.compare.charts import beside as beside_one_another
from mobank.report.render import charts
from mobank.report.render.fan import measure_title
from mobank.scenario.regions import counts_of

Drawn = tuple[Plan, Summary]


def fan(plan: Plan, summary: Summary, lang: Lang, printed: Summary | None) -> Axes:
    """Return the fan chart of a measure, with what was reported before the start and what will be printed."""
    scenario = plan.scenario
    asked = f"{scenario.name}：{scenario.question_zh}" if lang == "zh" else f"{scenario.name}: {scenario.question}"
    picture = charts.fan(
        summary,
        plan.months,
        counts_of(scenario.reported, scenario.bands, summary.measure),
        title=_title(plan, summary.measure, lang),
        lang=lang,
        draws=plan.draws,
        unit=_unit(plan, summary.measure),
        asked=asked,
        printed=printed,
    )
    return picture.axes[0]


def beside(drawn: Sequence[Drawn], lang: Lang) -> Axes:
    """Return the medians of a measure in several runs, the first in grey with its band.

    Raises
    ------
    InputError
        If the runs do not start in the same month.
    """
    plan, summary = drawn[0]
    months = _shared([each for each, _ in drawn])
    at = [QUANTILES.index(share) for share in SHARES]
    quantiles = [each.quantiles[at, : len(months)] for _, each in drawn]
    seen = np.flatnonzero(~np.isnan(np.concatenate(quantiles)).any(axis=0))
    picture = beside_one_another(
        [each[:, seen] for each in quantiles],
        [each.scenario.name for each, _ in drawn],
        [months[t] for t in seen],
        title=_title(plan, summary.measure, lang),
        lang=lang,
        draws=plan.draws,
        unit=_unit(plan, summary.measure),
    )
    return picture.axes[0]


def _shared(plans: Sequence[Plan]) -> list[Month]:
    starts = sorted({str(plan.months[0]) for plan in plans})
    if len(starts) > 1:
        raise InputError([Problem(f"starts in {' and '.join(starts)}", "cannot be drawn together", key="against")])
    return min((plan.months for plan in plans), key=len)


def _title(plan: Plan, name: str, lang: Lang) -> str:
    if name not in plan.model.described:
        return "支出（元）" if lang == "zh" else "Spend, yuan a month"
    return measure_title(plan.model, name, lang)


def _unit(plan: Plan, name: str) -> Counted:
    return plan.model.counted_in(name) if name in plan.model.described else "ratio"
