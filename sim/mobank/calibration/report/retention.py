"""Retention in the report of a calibration: each reported share beside what the fitted draws make of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobank.base.quantities import Lang, format_share
from mobank.calibration.checks.fit_summary import FitSummary
from mobank.calibration.report.wording import EVIDENCE, of_measure
from mobank.report.render.page import Column, subheading, table, tag, text

if TYPE_CHECKING:
    from markupsafe import Markup

TEXT: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "retention": "Retention", "cohort": "registered in {}", "after": "{}, after {} months",
        "col_cohort": "who", "col_what": "share still counted as", "col_evidence": "evidence", "col_figure": "reported",
        "col_made": "made by the draws, 5 to 95%",
        "note": "Of those who registered in a month, the share that is still counted so many months later. The draws "
                "are weighed by these shares; they do not pass through them exactly.",
    },
    "zh": {
        "retention": "留存", "cohort": "{}注册的客户", "after": "{}（{}个月后）",
        "col_cohort": "客户", "col_what": "仍计入的指标", "col_evidence": "证据", "col_figure": "数据",
        "col_made": "抽样结果，5%至95%",
        "note": "某月注册的客户中，若干月后仍被计入的比例。抽样按这些比例加权，并不精确等于它们。",
    },
}  # fmt: skip


def tables(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> "list[Markup]":
    """Return a table for each fit, under one heading; nothing where no retention is reported."""
    words = TEXT[lang]
    kept = [(found, title) for found, title in zip(fits, titles, strict=True) if found.history.retention.cells]
    if not kept:
        return []
    parts = [subheading(words["retention"])]
    for found, title in kept:
        parts += [text(title), _table(found, lang)]
    return [*parts, text(words["note"], note=True)]


def _table(found: FitSummary, lang: Lang) -> "Markup":
    words = TEXT[lang]
    head = [
        Column(words["col_cohort"], "short"),
        Column(words["col_what"], "wide"),
        Column(words["col_evidence"], "short"),
        *(Column(words[f"col_{each}"], "number") for each in ("figure", "made")),
    ]
    made = found.passage.retained[:, found.passage.possible]
    low, high = np.quantile(made, (0.05, 0.95), axis=1)
    rows: list[list[str | Markup]] = []
    for i, (cohort, share) in enumerate(found.history.retention.cells):
        kind = cohort.provenance.evidence
        measure = of_measure(found.history.model, cohort.measure, lang)
        rows.append(
            [
                words["cohort"].format(cohort.month),
                words["after"].format(measure, share.age),
                tag(EVIDENCE[lang][kind], unverified=kind == "unverified"),
                share.text,
                f"{format_share(float(low[i]))} – {format_share(float(high[i]))}",
            ]
        )
    return table(head, rows, "small")
