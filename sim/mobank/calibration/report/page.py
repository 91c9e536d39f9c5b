"""The report of a calibration: one HTML page with the verdict first, then all that it rests on; fits side by side."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mobank.base.quantities import Lang, format_persons, format_share
from mobank.calibration.checks.fit_summary import FitSummary
from mobank.calibration.checks.identifiability import Known
from mobank.calibration.checks.posterior_predictive import Check
from mobank.calibration.report import campaigns, charts, retention
from mobank.calibration.report.wording import EVIDENCE, WORDS, informing, name, of_measure, outcome, summary, verdict
from mobank.calibration.sampler.diagnostics import LEAST_EFFECTIVE, MOST_R_HAT, MOST_TREND
from mobank.report.render.page import (
    Card,
    Column,
    Section,
    bar,
    cards,
    facts,
    figure,
    page,
    subheading,
    table,
    tag,
    text,
)
from mobank.scenario.scenario import Figure, Lever

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_PAIRS_DRAWN = 4

TEXT: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "verdict": "What the figures say", "fit": "The fit", "figures": "Figures, and what the model makes of them",
        "history": "History, lived again", "parameters": "Before and after the figures",
        "pairs": "Known only together", "breaks": "Other definitions", "sampling": "Sampling",
        "definitions": "What is counted", "identity": "Identity",
        "passes": "draws pass through all figures", "draws": "draws", "r_hat": "largest R̂",
        "effective": "least effective ensemble", "of": "of {}", "worth": "independent draws; at least {:,.0f}",
        "at_most": "at most {}", "weighted": "weighted prior draws",
        "col_figure": "figure", "col_month": "month", "col_evidence": "evidence", "col_range": "read as",
        "col_again": "lived again, 5 to 95%", "col_pit": "PIT", "col_ahead": "PIT a year ahead", "col_what": "what",
        "col_prior": "prior, 5 to 95%", "col_after": "after: {}", "col_contraction": "variance taken away",
        "col_driven": "driven by", "col_wording": "as printed", "col_definition": "definition",
        "figure": "{}", "change": "change of {}", "share": "active share",
        "lean": "PIT: share of what the model makes that lies below what was reported. Above 0.5 (▲) the model is low, "
                "below (▼) it is high. A year ahead: given all figures before. Lived again: from the first figure, "
                "with the luck of every year drawn anew from the posterior.",
        "again": "Bands: histories lived again from the first figure, with the luck of every year new. Points: what "
                 "was reported. Every draw of the posterior passes through all points; the bands show how far luck "
                 "would have led elsewhere.",
        "known": "Grey: the prior. Lines: central 90% after the figures. A line as long as the grey bar says that the "
                 "figures are silent.",
        "break": "A figure of another definition is never growth: it is a factor, not known exactly, times the model's "
                 "value for that month, and the fit learns the factor along with the rest. A figure older than the "
                 "years that are lived fits nothing: it is held against the model's first value.",
        "col_factor": "factor thought of, 5 to 95%", "col_implied": "factor after the fit", "agree": "agree",
        "yes": "yes", "no": "no: the labels differ by more", "unverified": "unverified",
        "sound": "All coordinates meet the limits.", "window": "{} days",
        "no_pairs": "No two numbers are tied closely.",
        "turnover": "Classes of users", "class_share": "share of the registered who are active",
        "class_months": "turnover time of the active", "months": "{:.0f} months",
        "turnover_note": "At the last figure. Turnover time: until as many active users have been lost as there are, "
                         "in a year of average luck. Year-ends tell how many are active; who comes and goes behind the "
                         "same number they do not show.",
        "left_out": "{} left out by evidence",
        "informs": "Figure by figure", "col_informs": "single figures that narrow it", "none": "none",
        "informs_note": "In brackets: the share of its variance that a number would regain if that one figure had not "
                        "been reported and all others had; shown where it is beyond the error of the draws. Where "
                        "several figures say the same, none of them is missed alone.",
    },
    "zh": {
        "verdict": "数据说明了什么", "fit": "校准结果", "figures": "公布的数据与模型的对照",
        "history": "历史重演", "parameters": "看到数据之前与之后",
        "pairs": "只能合在一起得知的参数", "breaks": "其他口径", "sampling": "抽样诊断",
        "definitions": "统计口径", "identity": "标识",
        "passes": "的抽样穿过全部数据", "draws": "次抽样", "r_hat": "最大R̂",
        "effective": "最弱一组的有效抽样", "of": "共{}", "worth": "次独立抽样；至少{:,.0f}",
        "at_most": "不超过{}", "weighted": "加权先验抽样",
        "col_figure": "数据", "col_month": "月份", "col_evidence": "证据", "col_range": "读作",
        "col_again": "重演，5%至95%", "col_pit": "PIT", "col_ahead": "提前一年PIT", "col_what": "指标",
        "col_prior": "先验，5%至95%", "col_after": "之后：{}", "col_contraction": "消除的方差",
        "col_driven": "由谁决定", "col_wording": "原文", "col_definition": "口径",
        "figure": "{}", "change": "{}年增速", "share": "月活率",
        "lean": "PIT：模型结果中低于公布值的比例。高于0.5（▲）说明模型偏低，低于0.5（▼）说明偏高。"
                "提前一年：已知此前全部数据。重演：从第一个数据出发，每年的运气按后验重新抽取。",
        "again": "色带：从第一个数据出发重演的历史，每年的运气都是新的。圆点：公布值。后验的每次抽样都穿过全部圆点；"
                 "色带表示运气可能带到的别处。",
        "known": "灰色：先验。线段：看到数据之后的90%区间。线段与灰条等长，说明数据没有说明。",
        "break": "其他口径的数据不是增长：它等于一个未知比值乘以模型当月的值，比值与其他参数一同拟合；"
                 "早于模拟年份的数据只与模型的起始值相比，不参与拟合。",
        "col_factor": "事先认为的比值，5%至95%", "col_implied": "拟合后的比值", "agree": "是否一致",
        "yes": "是", "no": "否：口径相差更大", "unverified": "未核实",
        "sound": "全部坐标均达到限值。", "window": "{}天", "no_pairs": "没有两个参数紧密相连。",
        "turnover": "用户类别", "class_share": "注册用户中的活跃占比", "class_months": "活跃用户的周转时间",
        "months": "{:.0f}个月",
        "turnover_note": "时点为最后一个数据。周转时间：在运气平常的年份，流失的活跃用户累计达到现有活跃用户数所需的"
                         "时间。年末数据说明有多少人活跃，却看不出同样的人数背后有多少人来来去去。",
        "left_out": "按证据略去{}个",
        "informs": "逐个数据", "col_informs": "能单独收窄它的数据", "none": "无",
        "informs_note": "括号内：若仅缺少该数据而其余数据不变，该参数的方差会回升的比例；只列出超出抽样误差者。"
                        "几个数据说明同一件事时，缺少其中任何一个都不会显出影响。",
    },
}  # fmt: skip


def build(
    fits: Sequence[FitSummary], lang: Lang, levers: Sequence[Lever] = (), identity: Sequence[tuple[str, str]] = ()
) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    fits : of one target, the one with all evidence first.
    levers : of the scenarios at hand; the verdict names those whose effect rests on a prior.
    identity : what the posterior was made with, name and value.
    """
    words, first = TEXT[lang], fits[0]
    titles = [title(found, lang) for found in fits]
    subject = first.target.scenario.subject[1 if lang == "zh" else 0] or first.target.name
    figures = first.history.figures
    below = WORDS[lang]["below"].format(len(figures), first.history.first, first.history.last)
    sections = [
        Section(words["verdict"], [text(*verdict(first, lang, levers)), *_second(fits, titles, lang)]),
        Section(words["fit"], [cards(_cards(found, t, lang)) for found, t in zip(fits, titles, strict=True)]),
        Section(words["history"], [
            figure(charts.history(fits, titles, lang), "history", words["history"]), text(words["again"], note=True)]),
        Section(words["parameters"], [
            figure(charts.knowledge(fits, titles, lang), "known", words["parameters"]),
            text(words["known"], note=True), _known_table(fits, titles, lang), *_turnovers(fits, titles, lang),
            *_informs(first, lang)]),
        Section(words["figures"], [
            *_figure_tables(fits, titles, lang), text(words["lean"], note=True),
            *retention.tables(fits, titles, lang), *campaigns.tables(fits, titles, lang)]),
        Section(words["pairs"], _pairs(first, lang)),
        *_breaks(first, lang),
        Section(words["definitions"], [_definitions(first, lang)]),
        *([Section(words["sampling"], [_sampling(found, t, lang) for found, t in zip(fits, titles, strict=True)])]
          if any(found.diagnoses for found in fits) else []),
        *([Section(words["identity"], [facts(list(identity))])] if identity else []),
    ]  # fmt: skip
    return page(WORDS[lang]["title"].format(subject), sections, lang, above="mobank", below=below)


def title(found: FitSummary, lang: Lang) -> str:
    """Return what a fit is called: by the evidence that it takes."""
    words = WORDS[lang]
    if not found.target.left_out:
        return words["all"]
    return words["only"].format(words["and"].join(EVIDENCE[lang][kind] for kind in found.target.evidence))


# ------------ the fit


def _second(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> "list[Markup]":
    """Return the heart of the verdict of the other fits, each under its own heading."""
    return [
        part
        for found, heading in zip(fits[1:], titles[1:], strict=True)
        for part in (subheading(heading), text(*summary(found, lang)))
    ]


def _cards(found: FitSummary, heading: str, lang: Lang) -> list[Card]:
    words = TEXT[lang]
    made = [
        Card(heading, str(len(found.history.figures)), _dropped(found, lang)),
        Card(words["passes"], f"{100 * found.inside:.3g}%", words["of"].format(f"{found.draws:,} {words['draws']}")),
    ]
    if not found.diagnoses:
        return [*made, Card(words["sampling"], words["weighted"], "")]
    r_hat = max(each.r_hat for each in found.diagnoses)
    effective = min(each.effective for each in found.diagnoses)
    return [
        *made,
        Card(words["r_hat"], f"{r_hat:.3f}", words["at_most"].format(MOST_R_HAT)),
        Card(words["effective"], f"{effective:,.0f}", words["worth"].format(LEAST_EFFECTIVE)),
    ]


def _dropped(found: FitSummary, lang: Lang) -> str:
    words = TEXT[lang]
    said = [words["col_figure"] if lang == "zh" else "figures"]
    left_out = len(found.target.left_out) + len(found.target.cohorts_left_out)
    if left_out:
        said.append(words["left_out"].format(left_out))
    return WORDS[lang]["sep"].join(said)


# ------------ parameters


def _known_table(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> "Markup":
    rows = []
    for group in ("outcomes", "known"):
        for i, each in enumerate(getattr(fits[0], group)):
            row: list[str | Markup] = [_called(fits[0], each.name, group, lang), _span(fits[0], each, each.prior, lang)]
            for found in fits:
                own = getattr(found, group)[i]
                row += [_span(found, own, own.posterior, lang), *_driven(own, lang)]
            rows.append(row)
    return table(_before_and_after(titles, lang), rows, "small")


def _turnovers(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> "list[Markup]":
    """Return for each class of users the share who are active and how long they take to turn over."""
    words = TEXT[lang]
    if not fits[0].turnovers:
        return []
    rows = []
    for i, first in enumerate(fits[0].turnovers):
        for what, write in (("share", "{:.0%}"), ("months", words["months"])):
            known = [getattr(found.turnovers[i], what) for found in fits]
            row: list[str | Markup] = [f"{first.band.name}: {words[f'class_{what}']}", _range(known[0].prior, write)]
            rows.append(row + [cell for own in known for cell in (_range(own.posterior, write), *_driven(own, lang))])
    return [
        subheading(words["turnover"]),
        table(_before_and_after(titles, lang), rows, "small"),
        text(words["turnover_note"], note=True),
    ]


def _informs(found: FitSummary, lang: Lang) -> "list[Markup]":
    """Return for each number of the priors which single figures narrow it."""
    words = TEXT[lang]
    if not found.informs:
        return []
    heads = [Column(words["col_what"], "wide"), Column(words["col_informs"], "wide")]
    rows = [
        [name(found.history.model, item, lang), informing(found, item, lang) or words["none"]]
        for item in found.history.priors
    ]
    return [subheading(words["informs"]), table(heads, rows, "small"), text(words["informs_note"], note=True)]


def _range(ends: Sequence[float], write: str) -> str:
    return f"{write.format(ends[0])} – {write.format(ends[-1])}"


def _driven(known: Known, lang: Lang) -> "tuple[Markup, str]":
    """Return how much of the prior's variance the figures took away, and in words who decides."""
    share = min(max(known.contraction, 0.0), 1.0)
    return bar(share, f"{100 * share:.0f}%"), WORDS[lang][known.driven]


def _before_and_after(titles: Sequence[str], lang: Lang) -> list[Column]:
    words = TEXT[lang]
    head = [Column(words["col_what"], "wide"), Column(words["col_prior"], "number")]
    for heading in titles:
        head += [
            Column(words["col_after"].format(heading), "number"),
            Column(words["col_contraction"], "short"),
            Column(words["col_driven"], "short"),
        ]
    return head


def _called(found: FitSummary, item: str, group: str, lang: Lang) -> str:
    return outcome(found, item, lang) if group == "outcomes" else name(found.history.model, item, lang)


def _span(found: FitSummary, each: Known, ends: Sequence[float], lang: Lang) -> str:
    """Return the central 90 % as it is written: persons, percentages, factors."""
    low, high = ends[0], ends[-1]
    dash = " – "
    if max(abs(low), abs(high)) > 1e4:
        return f"{format_persons(low, lang)}{dash}{format_persons(high, lang)}"
    item = each.name
    if ".factors." in item:
        return f"× {low:.2g}{dash}{high:.2g}"
    if item == "shocks.correlation":
        return f"{low:.2f}{dash}{high:.2f}"
    return f"{100 * low:.2g}%{dash}{100 * high:.2g}%"


# ------------ figures


def _figure_tables(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> "list[Markup]":
    return [
        part
        for found, heading in zip(fits, titles, strict=True)
        for part in (subheading(heading), _checks(found, lang))
    ]


def _checks(found: FitSummary, lang: Lang) -> "Markup":
    words = TEXT[lang]
    head = [
        Column(words["col_what"], "wide"),
        *(Column(words[f"col_{each}"], "short") for each in ("month", "evidence")),
        *(Column(words[f"col_{each}"], "number") for each in ("figure", "again", "pit", "ahead")),
    ]
    rows = []
    for check in found.checks:
        reported = _of(found, check)
        measure = of_measure(found.history.model, check.measure, lang, check.band)
        write = (lambda v: format_persons(v, lang)) if check.kind == "figure" else format_share
        rows.append(
            [
                words[check.kind].format(measure),
                str(check.month),
                _evidence(reported, lang) if reported else "",
                reported.text if reported else write(check.reported),
                f"{write(check.expected[0])} – {write(check.expected[-1])}",
                _pit(check.pit),
                _pit(check.ahead),
            ]
        )
    return table(head, rows, "small")


def _of(found: FitSummary, check: Check) -> Figure | None:
    """Return the figure that a check is of; a change or a share has none of its own."""
    if check.kind != "figure":
        return None
    return next(f for f in found.history.reported(check.measure, check.band) if f.month == check.month)


def _pit(pit: float | None) -> str:
    if pit is None:
        return "–"
    return f"{pit:.2f} {'▲' if pit > 0.5 else '▼'}"


# ------------ pairs, definitions, sampling


def _pairs(found: FitSummary, lang: Lang) -> "list[Markup]":
    shown = found.pairs[:MOST_PAIRS_DRAWN]
    if not shown:
        return [text(TEXT[lang]["no_pairs"])]
    return [figure(charts.pairs(found, shown, lang), "pairs", TEXT[lang]["pairs"])]


def _breaks(found: FitSummary, lang: Lang) -> list[Section]:
    if not found.factors:
        return []
    words = TEXT[lang]
    head = [
        Column(words["col_wording"], "wide"),
        Column(words["col_month"], "short"),
        Column(words["col_evidence"], "short"),
        Column(words["col_factor"], "number"),
        Column(words["col_implied"], "number"),
        Column(words["agree"], "short"),
    ]
    rows = [
        [
            f"{each.figure.wording} · {found.target.scenario.definitions[each.figure.definition].counts}",
            str(each.figure.month),
            _evidence(each.figure, lang),
            f"{each.prior[0]:.2f} – {each.prior[2]:.2f}",
            f"{each.implied[0]:.2f} – {each.implied[2]:.2f}",
            words["yes" if each.inside else "no"],
        ]
        for each in found.factors
    ]
    return [Section(words["breaks"], [text(words["break"]), table(head, rows, "small")])]


def _evidence(reported: Figure, lang: Lang) -> "Markup":
    kind = reported.provenance.evidence
    return tag(EVIDENCE[lang][kind], unverified=kind == "unverified")


def _definitions(found: FitSummary, lang: Lang) -> "Markup":
    words = TEXT[lang]
    known = found.target.scenario.definitions
    return facts(
        [
            (
                definition.name,
                definition.counts
                + (f" · {words['window'].format(definition.window_days)}" if definition.window_days else ""),
            )
            for definition in known.values()
        ]
    )


def _sampling(found: FitSummary, heading: str, lang: Lang) -> "Markup":
    words = WORDS[lang]
    if not found.diagnoses:
        return text(f"{heading}: {TEXT[lang]['weighted']}")
    bad = [each.name for each in found.diagnoses if not each.sound]
    r_hat, effective = (max(d.r_hat for d in found.diagnoses), min(d.effective for d in found.diagnoses))
    trend = max(abs(d.trend) for d in found.diagnoses)
    said = words["sampled"].format(f"{r_hat:.3f}", effective, trend, MOST_R_HAT, LEAST_EFFECTIVE, MOST_TREND)
    return text(
        f"{heading}: {said} " + (words["unsound"].format(words["sep"].join(bad)) if bad else TEXT[lang]["sound"])
    )
