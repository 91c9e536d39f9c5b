"""Where the spread comes from, in words and in files: layers of chance, kinds of drivers, single draws."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path

from mobank.base.cells import Digits, write_table
from mobank.base.quantities import Lang
from mobank.base.streams import LAYERS
from mobank.ensemble.drivers import KINDS, Drivers, Input
from mobank.ensemble.shapley import ShapleyShares
from mobank.model.grammar import Model

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "parameters": "parameters", "environment": "years", "events": "uncertain dates", "moves": "who moves",
        "data": "reported figures", "partly": "priors that figures move in part",
        "prior": "priors that no figure moves",
        "lever": "levers and events (sizes, dates)", "chance": "chance (good and bad years, who moves)",
        "figure": "{} reported for {}: where in its range", "parameter": "{}", "factor": "{}: {} against the others",
        "shock": "{} of shocks",
        "drift": "lasting trend of {}", "growth": "growth of {} at the start",
        "origin": "how good the last year was: {}",
        "amount": "size of {} ({})",
        "date": "date of {} ({})", "years": "luck of the years: {}",
        "comes": "The spread of {} in {} comes to {}.", "part": "{} from {}", "less": "less than 1 %",
        "and": " and to ", "sep": ", to ",
        "prior_verdict": "It rests mostly on priors. What would narrow it most is to know: {}.",
        "partly_verdict": "It rests mostly on what the figures determine only in part: {}.",
        "data_verdict": "It rests mostly on the ranges that the reported figures leave open.",
        "lever_verdict": "It rests mostly on how much the levers do: test them first. Largest: {}.",
        "chance_verdict": "It rests mostly on good and bad years; no better data would take that away.",
    },
    "zh": {
        "parameters": "参数", "environment": "年景", "events": "不确定日期", "moves": "谁行动",
        "data": "披露数字", "partly": "部分由数字确定的先验", "prior": "数字无法更新的先验",
        "lever": "举措与事件（大小、日期）", "chance": "偶然（年景、谁行动）",
        "figure": "{}（{}披露）在区间中的位置", "parameter": "{}", "factor": "{}：{}与其他客群之比",
        "shock": "冲击的{}",
        "drift": "{}的长期趋势", "growth": "起点时{}的增长", "origin": "起点年景：{}",
        "amount": "{}的大小（{}）", "date": "{}的日期（{}）",
        "years": "年景：{}",
        "comes": "{1}{0}的离散：{2}。", "part": "{1}占{0}", "less": "不足1%", "and": "，", "sep": "，",
        "prior_verdict": "因此主要取决于先验；最能缩小区间的是弄清：{}。",
        "partly_verdict": "因此主要取决于数字只能部分确定的量：{}。",
        "data_verdict": "因此主要取决于披露数字留下的区间。",
        "lever_verdict": "因此主要取决于举措的效果，应先做试验；最大的是：{}。",
        "chance_verdict": "因此主要取决于年景好坏，再好的数据也无法消除。",
    },
}  # fmt: skip
PATHS: Mapping[Lang, Mapping[str, str]] = {
    "en": {"adoption": "registering", "engagement": "staying active"},
    "zh": {"adoption": "注册", "engagement": "活跃"},
}
SHOCKS_ZH = {
    "size": "大小",
    "persistence": "持续性",
    "correlation": "相关系数",
    "wiggle": "年内波动",
    "spread": "地区差异",
}
NAMED = 3  # draws named in a sentence


def measure_in_words(measure: str, model: Model, lang: Lang) -> str:
    """Return what a measure is called."""
    known = model.described[measure]
    return known.zh if lang == "zh" and known.zh else known.meaning


def input_in_words(each: Input, model: Model, lang: Lang) -> str:
    """Return what a draw is, as a planner would say it."""
    words, first, second = WORDS[lang], each.name, each.of
    if each.what in ("parameter", "factor"):
        first = parameter_in_words(each.name, model, lang)
    elif each.what == "figure":
        first = measure_in_words(each.name, model, lang)
    elif each.what in ("amount", "date"):
        second = parameter_in_words(each.of, model, lang)
    elif each.what in ("drift", "growth", "origin", "years"):
        path = PATHS[lang].get(each.name, each.name)
        first = path if not each.of else f"{path}（{each.of}）" if lang == "zh" else f"{path} ({each.of})"
    elif each.what == "shock":
        path, _, what = each.name.rpartition(" ")
        path = PATHS[lang].get(path, path)
        first = f"{path}{SHOCKS_ZH.get(what, what)}" if lang == "zh" else f"{what}{f', {path},' if path else ''}"
    return words[each.what].format(first, second)


def parameter_in_words(name: str, model: Model, lang: Lang) -> str:
    """Return what a parameter is called: its Chinese name, or its own with what it means."""
    known = model.parameter[name]
    return (known.zh or name) if lang == "zh" else f"{name} ({known.meaning})"


def verdict(rows: Sequence[Mapping[str, str]], model: Model, lang: Lang) -> list[str]:
    """Return what the spread of one answer comes from, and what follows, from its rows (see `driver_rows`)."""
    words = WORDS[lang]
    share = {row["kind"]: float(row["share"]) for row in rows if row["row"] == "kind" and float(row["share"]) > 0}
    order = sorted(share, key=lambda kind: -share[kind])
    parts = [words["part"].format(_percent(share[kind], lang), words[kind]) for kind in order]
    joined = words["sep"].join(parts[:-1]) + (words["and"] if parts[1:] else "") + parts[-1]
    measure, month = measure_in_words(rows[0]["measure"], model, lang), rows[0]["month"]
    column = "描述" if lang == "zh" else "what"
    named = [row[column] for row in rows if row["row"] == "draw" and row["kind"] == order[0]][:NAMED]
    follows = words[f"{order[0]}_verdict"].format(("、" if lang == "zh" else "; ").join(named) or "–")
    return [words["comes"].format(measure, month, joined), follows]


def verdicts(rows: Sequence[Mapping[str, str]], model: Model, lang: Lang) -> list[str]:
    """Return the sentences about each answer, a paragraph each, from all rows of a run."""
    answers = dict.fromkeys((row["measure"], row["month"]) for row in rows)
    return [
        ("" if lang == "zh" else " ").join(
            verdict([row for row in rows if (row["measure"], row["month"]) == answer], model, lang)
        )
        for answer in answers
    ]


def _percent(share: float, lang: Lang) -> str:
    return WORDS[lang]["less"] if share < 0.01 else f"{100 * share:.0f}{'' if lang == 'zh' else ' '}%"


def write_shares(found: Sequence[ShapleyShares], path: Path) -> None:
    """Write one row a measure, month and layer: Shapley effect, Monte Carlo error, first-order and total index."""
    rows = [
        {"measure": each.measure, "month": str(each.month), "scale": "log" if each.logarithm else "linear",
         "layer": layer, "shapley": _number(each.shapley[i]), "mc_error": _number(each.error[i]),
         "first_order": _number(each.first[i]), "total": _number(each.total[i]), "replicates": str(each.replicates)}
        for each in found for i, layer in enumerate(LAYERS)
    ]  # fmt: skip
    write_table(rows, path)


def driver_rows(found: Drivers, model: Model) -> list[dict[str, str]]:
    """Return what drives one answer as rows of a table: the shares by kind, then the draws that matter most."""
    kinds = [("kind", kind, "", "", share, float("nan")) for kind, share in zip(KINDS, found.share, strict=True)]
    draws = [
        ("draw", one.kind, input_in_words(one, model, "en"), input_in_words(one, model, "zh"), index, error)
        for one, index, error in zip(found.inputs, found.index, found.index_error, strict=True)
    ]
    return [
        {
            "measure": found.measure,
            "month": str(found.month),
            "row": row,
            "kind": kind,
            "what": english,
            "描述": chinese,
            "share": _number(share),
            "mc_error": _number(error),
        }
        for row, kind, english, chinese, share, error in [*kinds, *draws]
    ]


def write_drivers(found: Sequence[Drivers], model: Model, path: Path) -> None:
    """Write the rows of all answers."""
    write_table([row for each in found for row in driver_rows(each, model)], path)


def _number(value: float) -> str:
    return Digits("" if isnan(value) else f"{value:.4f}")
