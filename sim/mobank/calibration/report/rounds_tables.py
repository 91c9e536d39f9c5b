"""Rounds as tables of texts, the same in the terminal and on the page: which there are, how figures fared, a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isinf

from mobank.base.quantities import Lang, format_persons
from mobank.calibration.backtest.scores import BANDS
from mobank.calibration.rounds.closing import Listed
from mobank.calibration.rounds.track_record import LossRatio, RoundCase, Standing
from mobank.model.grammar import Model

NONE = "–"

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "round": "round", "opened": "opened", "scenario": "scenario", "author": "by",
        "until": "until", "scored": "scored", "due": "come,\nnot scored", "ahead": "months\nahead", "why": "why",
        "what": "what", "month": "month", "forecast": "in print", "band": "90 %", "figure": "figure",
        "off": "off by", "inside": "in\n80 %", "crps": "CRPS", "log": "log\nscore", "today": "CRPS\ntoday",
        "trend": "CRPS\ntrend", "own_pinball": "pinball", "rival": "pinball\nrival",
        "yes": "yes", "no": "no", "broken": "redefined", "of": "{} of {}", "regions": "{}, regions",
        "cases": "figures", "rounds": "rounds", "worth": "worth", "covered": "in\n{} %", "pit": "mean\nPIT",
        "against_trend": "CRPS /\ntrend's", "against_rival": "pinball /\nrival's",
        "restated": "restated to", "seen": "seen", "taken_as": "taken as", "before": "chance of a jump before",
        "after": "and after", "break": "a new definition", "true": "a true change",
        "from": "{} on",
    },
    "zh": {
        "round": "轮次", "opened": "开启", "scenario": "情景", "author": "预测人",
        "until": "至", "scored": "已评分", "due": "已公布\n未评分", "ahead": "提前\n月数", "why": "理由",
        "what": "指标", "month": "月份", "forecast": "披露值\n预测", "band": "90%", "figure": "公布值",
        "off": "偏离", "inside": "落入\n80%", "crps": "CRPS", "log": "对数\n评分", "today": "CRPS\n现行口径",
        "trend": "CRPS\n趋势", "own_pinball": "分位\n损失", "rival": "分位损失\n对比预测",
        "yes": "是", "no": "否", "broken": "口径变更", "of": "{}/{}", "regions": "{}（分地区）",
        "cases": "数据数", "rounds": "轮数", "worth": "折合\n独立数据", "covered": "落入\n{}%", "pit": "平均PIT",
        "against_trend": "CRPS\n与趋势之比", "against_rival": "分位损失与\n对比预测之比",
        "restated": "重述为", "seen": "发现日期", "taken_as": "认定为", "before": "此前的跳变概率",
        "after": "此后的跳变概率", "break": "新口径", "true": "真实变化",
        "from": "{}起",
    },
}  # fmt: skip


@dataclass(frozen=True)
class TextRows:
    """A table: its heads, the first `left` of texts and the others of numbers, and its rows."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


def rounds_table(listed: Sequence[Listed], lang: Lang) -> TextRows:
    """Return a row a round."""
    words = WORDS[lang]
    rows = [
        [
            f"{each.round.bank} {each.round.name}", each.round.scenario, each.round.opened[:10], each.round.author,
            each.round.why, str(each.round.until), words["of"].format(len(each.scores), len(each.round.forecasts)),
            str(each.due),
        ]
        for each in listed
    ]  # fmt: skip
    names = ("round", "scenario", "opened", "author", "why", "until", "scored", "due")
    return TextRows([words[name] for name in names], rows, 5)


def scores_table(cases: Sequence[RoundCase], model: Model, lang: Lang) -> TextRows:
    """Return a row a figure that was scored; columns of a rival and of other definitions only where there are any."""
    words, rival = WORDS[lang], any(each.score.rival for each in cases)
    rows = []
    for case in cases:
        score = case.score
        fan = score.printed
        row = [
            measure_called(score.measure, score.band, model, lang), str(score.month), case.round.name,
            str(score.ahead), format_persons(fan.median, lang),
            f"{format_persons(fan.low, lang)} – {format_persons(fan.high, lang)}", score.figure,
            _signed(score.middle / fan.median - 1.0), words["yes" if _inside(fan.pit) else "no"], _short(fan.crps),
            _short(fan.log_score, 2), _short(score.today.crps) if score.today else words["broken"],
            _short(score.trend.crps) if score.trend else NONE,
        ]  # fmt: skip
        pair = [_short(score.rival.own), _short(score.rival.pinball)] if score.rival else [NONE, NONE]
        rows.append([*row, *(pair if rival else [])])
    names = ["what", "month", "round", "ahead", "forecast", "band", "figure", "off", "inside", "crps", "log", "today",
             "trend", *(["own_pinball", "rival"] if rival else [])]  # fmt: skip
    return TextRows([words[name] for name in names], rows, 3)


def standings_table(found: Sequence[Standing], model: Model, lang: Lang) -> TextRows:
    """Return a row a scenario, measure and months ahead."""
    words = WORDS[lang]
    rows = []
    for each in found:
        what = measure_called(each.measure, "", model, lang)
        rows.append(
            [
                each.scenario, words["regions"].format(what) if each.regions else what,
                ahead_in_words(each.ahead, lang), str(each.cases), str(each.rounds), f"{each.worth:.1f}",
                *(_share(share) for share in each.coverage), f"{each.mean_pit:.2f}", _short(each.crps),
                _short(each.log_score, 2), _short(each.today_crps), _ratio(each.trend), _ratio(each.rival),
            ]
        )  # fmt: skip
    heads = [words[name] for name in ("scenario", "what", "ahead", "cases", "rounds", "worth")]
    heads += [words["covered"].format(content) for content in BANDS]
    heads += [words[name] for name in ("pit", "crps", "log", "today", "against_trend", "against_rival")]
    return TextRows(heads, rows, 3)


def measure_called(measure: str, band: str, model: Model, lang: Lang) -> str:
    """Return what a measure is called, with the region that it is of."""
    name = model.measure[measure].zh if lang == "zh" else measure
    return (f"{name}（{band}）" if lang == "zh" else f"{name} ({band})") if band else name


def ahead_in_words(ahead: tuple[int, float], lang: Lang) -> str:
    """Return a horizon: "12", "7–12" or "37 on"."""
    first, last = ahead
    if isinf(last):
        return WORDS[lang]["from"].format(first)
    return str(first) if first == last else f"{first}–{int(last)}"


def _inside(pit: float, content: int = 80) -> bool:
    low, high = BANDS[content]
    return low <= pit <= high


def _short(value: float, places: int = 3) -> str:
    return f"{value:.{places}f}".replace("-", "−") if isfinite(value) else NONE


def _signed(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "−")


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _ratio(found: LossRatio) -> str:
    if not found.cases:
        return NONE
    span = f" ({found.span[0]:.2f} – {found.span[1]:.2f})" if isfinite(found.span[0]) else ""
    return f"{found.ratio:.2f}{span}"
