"""Announced campaigns in the report of a calibration: what each did, and how large shocks are with them and without."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mobank.base.quantities import Lang
from mobank.calibration.checks.fit_summary import FitSummary
from mobank.report.render.page import Column, subheading, table, text

if TYPE_CHECKING:
    from markupsafe import Markup

TEXT: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "campaigns": "Campaigns", "col_name": "campaign", "col_months": "months", "col_announced": "announced",
        "col_prior": "effect thought of before", "col_found": "effect given the figures, 5 to 95%",
        "spread": "Shocks of {}: standard deviation {} with the campaigns in them, {} without.",
        "note": "Effects multiply the rates that the path moves. Months that went well and are named afterwards make "
                "what is left look calmer than it was: forecasts use the size without campaigns, and hold without "
                "further ones.",
    },
    "zh": {
        "campaigns": "活动", "col_name": "活动", "col_months": "月份", "col_announced": "公布于",
        "col_prior": "先前估计的效果", "col_found": "数据给出的效果，5%至95%",
        "spread": "{}冲击的标准差：含活动{}，不含活动{}。",
        "note": "效果为该路径所影响的各比率的倍数变化。事后才点名的好月份会使其余月份显得比实际更平稳；"
                "预测采用不含活动的冲击大小，并假定以后不再有活动。",
    },
}  # fmt: skip


def tables(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> "list[Markup]":
    """Return a table for each fit, under one heading; nothing where no campaign was announced."""
    words = TEXT[lang]
    kept = [(found, title) for found, title in zip(fits, titles, strict=True) if found.campaigns]
    if not kept:
        return []
    parts = [subheading(words["campaigns"])]
    for found, title in kept:
        parts += [text(title), _table(found, lang)]
        parts += [
            text(words["spread"].format(each.path, _percent(each.with_them), _percent(each.without)))
            for each in found.spreads
        ]
    return [*parts, text(words["note"], note=True)]


def _table(found: FitSummary, lang: Lang) -> "Markup":
    words = TEXT[lang]
    head = [
        Column(words["col_name"], "wide"),
        *(Column(words[f"col_{each}"], "short") for each in ("months", "announced")),
        *(Column(words[f"col_{each}"], "number") for each in ("prior", "found")),
    ]
    return table(head, [
        [
            each.campaign.name, f"{each.campaign.first} – {each.campaign.last}", str(each.campaign.announced),
            _range(each.prior), _range(each.found),
        ]
        for each in found.campaigns
    ], "small")  # fmt: skip


def _range(effect: tuple[float, float, float]) -> str:
    low, middle, high = (_percent(value) for value in effect)
    return f"{middle} ({low} – {high})"


def _percent(log_scale: float) -> str:
    """Return an effect or a size on the log scale as a change in percent."""
    return f"{100.0 * math.expm1(log_scale):.0f}%".replace("-", "−")
