"""The page of a comparison of different products: what each of them will have, and which figures say so.

Products of one bank overlap and count differently, so they stand side by side and nothing is subtracted or summed.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobank.base.digits import spanned
from mobank.base.quantities import Lang, Month, person_unit
from mobank.ensemble.paths import Paths
from mobank.report.assumptions import ASSUMED, UNVERIFIED, evidence_in_words, is_unverified
from mobank.report.compare.comparison import ComparisonResult, Side, in_month, shared_months, year_ends
from mobank.report.questions import cells, row
from mobank.report.render.page import Column, Section, facts, page, table, tag, text
from mobank.report.run.spread import measure_in_words
from mobank.report.wording import ask_in_words
from mobank.scenario.questions import meaning
from mobank.scenario.scenario import ENOUGH_LEVELS, Figure

if TYPE_CHECKING:
    from markupsafe import Markup

NAME = "products.html"
SPAN = (0.05, 0.5, 0.95)
WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "title": "{} products side by side", "below": "{:,} runs each, seed {} · intervals are the central 90 %",
        "ahead": "What each may have", "product": "product", "scenario": "scenario", "month": "month", "band": "90 %",
        "share": "active share", "overlap": "Products overlap: one person or company may use several, and each count "
        "follows a definition of its own. Never add rows, and read a difference between rows as nothing.",
        "figures": "Which figures say so", "figure": "figure", "part": "which part it plays", "source": "source",
        "evidence": "evidence", "known": "known", "assumed": "assumed range: nobody reports it", "counts": "counted as",
        "growth": "Where growth comes from",
        "start": "{}: {} of {} known or assumed, so this is a start in balance: growth is that of the priors, and the "
        "interval is as wide as that.",
        "learnt": "{}: {} figures of {} say how fast it grows; what they leave open is that of the priors.",
        "asks": "What was asked of each", "asked": "asked", "chance": "chance", "half": "half by",
        "one": "1 figure", "many": "{} figures", "definitions": "What is counted",
    },
    "zh": {
        "title": "{}个产品对照", "below": "各{:,}次模拟，种子{} · 区间为中间90%",
        "ahead": "各产品今后可能有多少", "product": "产品", "scenario": "情景", "month": "月份", "band": "90%",
        "share": "活跃占比", "overlap": "各产品相互重叠：同一个人或企业可能使用几个产品，统计口径也各不相同。"
        "各行不可相加，行与行之差也没有含义。",
        "figures": "依据哪些数据", "figure": "数据", "part": "所起的作用", "source": "来源", "evidence": "证据",
        "known": "已公布", "assumed": "假设区间：无人公布", "counts": "统计口径", "growth": "增长来自何处",
        "start": "{0}：{2}只有{1}个公布或假设的数据，因此起点为平衡状态：增长来自先验，区间也因此这样宽。",
        "learnt": "{0}：{2}的{1}个数据说明增长有多快；其余来自先验。",
        "asks": "各产品所问", "asked": "所问", "chance": "概率", "half": "半数达到",
        "one": "1", "many": "{}", "definitions": "统计口径",
    },
}  # fmt: skip


def is_of_several(found: Sequence[Side]) -> bool:
    """Return whether the sides of a comparison are about more than one bank or product."""
    return len({side.plan.scenario.subject for side in found}) > 1


def build(comparison: ComparisonResult, lang: Lang) -> str:
    """Return the page as HTML, while the paths of the comparison are open."""
    words, sides = WORDS[lang], comparison.sides
    plan = sides[0].plan
    sections = [
        Section(words["ahead"], [*_ahead(comparison, lang), text(words["overlap"], note=True)]),
        *_asked(comparison, lang),
        Section(words["growth"], [text(*(_growth(side, lang) for side in sides))]),
        Section(words["figures"], [_figures(sides, lang)]),
        Section(words["definitions"], [facts(list(_definitions(sides)))]),
    ]
    title = words["title"].format(len({side.plan.scenario.subject for side in sides}))
    return page(title, sections, lang, below=words["below"].format(plan.draws, plan.seed))


def called(side: Side, lang: Lang) -> str:
    """Return the product of a side, else its label."""
    return side.plan.scenario.subject[1 if lang == "zh" else 0] or side.label


def _ahead(comparison: ComparisonResult, lang: Lang) -> list["Markup"]:
    """Return a table a measure: median and central 90 % at the first month that all share, and at year-ends."""
    plans = [side.plan for side in comparison.sides]
    months = list(dict.fromkeys([shared_months(plans)[0], *year_ends(plans)]))
    origin = plans[0].model.origin
    measures = [origin.stock, origin.engaged] if origin else []
    return [_table(comparison, measure, months, lang) for measure in measures]


def _table(comparison: ComparisonResult, measure: str, months: Sequence[Month], lang: Lang) -> "Markup":
    words = WORDS[lang]
    head = [Column(words["product"], "wide"), Column(words["month"], "short")]
    head += [
        Column(measure_in_words(measure, comparison.sides[0].plan.model, lang), "number"),
        Column(words["band"], "dim"),
    ]
    rows = []
    for side, paths in zip(comparison.sides, comparison.paths, strict=True):
        for i, month in enumerate(months):
            middle, band = _span(paths, measure, month, lang)
            rows.append([f"{called(side, lang)} ({side.label})" if not i else "", str(month), middle, band])
    return table(head, rows, "small")


def _span(paths: Paths, measure: str, month: Month, lang: Lang) -> tuple[str, str]:
    low, middle, high = (float(value) for value in np.quantile(in_month(paths, measure, month), SPAN))
    unit, label = person_unit(middle, lang)
    shown, band = spanned(low / unit, middle / unit, high / unit)
    return f"{shown} {label}", band


def _asked(comparison: ComparisonResult, lang: Lang) -> list[Section]:
    """Return what each product's own scenario asks, with its chance; nothing where none asks."""
    words, rows = WORDS[lang], []
    for i, side in enumerate(comparison.sides):
        own = {meaning(ask) for ask in side.plan.scenario.asks}
        answers = [answers[i] for ask, answers in comparison.answers if meaning(ask) in own]
        for number, each in enumerate(answers):
            chance, error, half, _ = cells(row(each, side.plan.model), lang)
            asked = ask_in_words(each.ask, side.plan.model, lang)
            rows.append([called(side, lang) if not number else "", asked, f"{chance} {error}", half])
    heads = ("product", "asked", "chance", "half")
    head = [Column(words[name], "wide" if name in ("product", "asked") else "number") for name in heads]
    return [Section(words["asks"], [table(head, rows, "small")])] if rows else []


def _growth(side: Side, lang: Lang) -> str:
    words, model = WORDS[lang], side.plan.model
    stock = model.origin.stock if model.origin else ""
    count = sum(figure.measure == stock and not figure.band for figure in side.plan.scenario.reported)
    number = words["one"] if count == 1 else words["many"].format(count)
    if count < ENOUGH_LEVELS:
        return words["start"].format(called(side, lang), number, measure_in_words(stock, model, lang))
    return words["learnt"].format(called(side, lang), count, measure_in_words(stock, model, lang))


def _figures(sides: Sequence[Side], lang: Lang) -> "Markup":
    words = WORDS[lang]
    kinds = {"product": "wide", "part": "wide", "source": "wide"}
    head = [
        Column(words[name], kinds.get(name, "short"))  # type: ignore[arg-type]
        for name in ("product", "figure", "month", "counts", "part", "evidence", "source")
    ]
    rows: list[list[str | Markup]] = []
    for side in sides:
        for i, figure in enumerate(side.plan.scenario.reported):
            rows.append([called(side, lang) if not i else "", *_figure(side, figure, lang)])
    return table(head, rows, "small")


def _figure(side: Side, figure: Figure, lang: Lang) -> list["str | Markup"]:
    words, given = WORDS[lang], figure.provenance
    what = measure_in_words(figure.measure, side.plan.model, lang)
    evidence = UNVERIFIED if is_unverified(given) else given.evidence
    return [
        f"{what}: {figure.text}" if lang == "en" else f"{what}：{figure.text}", figure.dated, figure.definition,
        words["assumed" if given.evidence == ASSUMED else "known"],
        tag(evidence_in_words(evidence, lang), unverified=evidence == UNVERIFIED), given.source or given.reason,
    ]  # fmt: skip


def _definitions(sides: Sequence[Side]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for side in sides:
        scenario = side.plan.scenario
        used = {figure.definition for figure in scenario.reported}
        for name, each in scenario.definitions.items():
            if name in used:
                found[name, each.counts] = None
    return list(found)
