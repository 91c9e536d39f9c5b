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
COVERED = tuple(f"in{content}" for content in BANDS)
SCORES = (
    "what",
    "month",
    "round",
    "ahead",
    "forecast",
    "band",
    "figure",
    "off",
    "inside",
    "crps",
    "log",
    "today",
    "trend",
)
RIVAL = ("own_pinball", "rival")
STANDINGS = ("scenario", "what", "ahead", "cases", "rounds", "worth", *COVERED, "pit", "crps", "log", "today",
             "against_trend", "against_rival")  # fmt: skip
ONLY_ON_THE_PAGE = ("round", "band", "log", "today", "rounds", "in50", "in90", "pit")

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "round": "round", "opened": "opened", "scenario": "scenario", "author": "by",
        "until": "until", "scored": "scored", "due": "come,\nnot scored", "ahead": "months\nahead", "why": "why",
        "what": "what", "month": "month", "forecast": "in print", "band": "90 %", "figure": "figure",
        "off": "off by", "inside": "in\n80 %", "crps": "CRPS", "log": "log\nscore", "today": "CRPS\ntoday",
        "trend": "CRPS\ntrend", "own_pinball": "pinball", "rival": "pinball\nrival",
        "yes": "yes", "no": "no", "broken": "redefined", "of": "{} of {}", "regions": "{}, regions",
        "cases": "figures", "rounds": "rounds", "worth": "worth",
        "in50": "in\n50 %", "in80": "in\n80 %", "in90": "in\n90 %", "pit": "mean\nPIT",
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
        "cases": "数据数", "rounds": "轮数", "worth": "折合\n独立数据",
        "in50": "落入\n50%", "in80": "落入\n80%", "in90": "落入\n90%", "pit": "平均PIT",
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


def scores_table(cases: Sequence[RoundCase], model: Model, lang: Lang, brief: bool = False) -> TextRows:
    """Return a row a figure that was scored, with columns of a rival where there is one.

    Parameters
    ----------
    brief : True to leave out what an 80-column terminal has no room for.
    """
    rival = not brief and any(each.score.rival for each in cases)
    names = [each for each in SCORES if not (brief and each in ONLY_ON_THE_PAGE)]
    return _table([*names, *(RIVAL if rival else ())], [_score(case, model, lang) for case in cases], 2, lang)


def _score(case: RoundCase, model: Model, lang: Lang) -> dict[str, str]:
    words, score = WORDS[lang], case.score
    fan, rival = score.printed, score.rival
    return {
        "what": measure_called(score.measure, score.band, model, lang), "month": str(score.month),
        "round": case.round.name, "ahead": str(score.ahead), "forecast": format_persons(fan.median, lang),
        "band": f"{format_persons(fan.low, lang)} – {format_persons(fan.high, lang)}", "figure": score.figure,
        "off": _signed(score.middle / fan.median - 1.0), "inside": words["yes" if _inside(fan.pit) else "no"],
        "crps": _short(fan.crps), "log": _short(fan.log_score, 2),
        "today": _short(score.today.crps) if score.today else words["broken"],
        "trend": _short(score.trend.crps) if score.trend else NONE,
        "own_pinball": _short(rival.own) if rival else NONE, "rival": _short(rival.pinball) if rival else NONE,
    }  # fmt: skip


def standings_table(found: Sequence[Standing], model: Model, lang: Lang, brief: bool = False) -> TextRows:
    """Return a row a scenario, measure and months ahead; `brief` as of `scores_table`."""
    several = len({each.scenario for each in found}) > 1
    names = [each for each in STANDINGS if not (brief and each in ONLY_ON_THE_PAGE)]
    names = [each for each in names if each != "scenario" or several or not brief]
    return _table(names, [_standing(each, model, lang) for each in found], names.index("ahead"), lang)


def _standing(each: Standing, model: Model, lang: Lang) -> dict[str, str]:
    what = measure_called(each.measure, "", model, lang)
    return {
        "scenario": each.scenario, "what": WORDS[lang]["regions"].format(what) if each.regions else what,
        "ahead": ahead_in_words(each.ahead, lang), "cases": str(each.cases), "rounds": str(each.rounds),
        "worth": f"{each.worth:.1f}", **dict(zip(COVERED, map(_share, each.coverage), strict=True)),
        "pit": f"{each.mean_pit:.2f}", "crps": _short(each.crps), "log": _short(each.log_score, 2),
        "today": _short(each.today_crps), "against_trend": _ratio(each.trend), "against_rival": _ratio(each.rival),
    }  # fmt: skip


def _table(names: Sequence[str], rows: Sequence[Mapping[str, str]], left: int, lang: Lang) -> TextRows:
    return TextRows([WORDS[lang][name] for name in names], [[row[name] for name in names] for row in rows], left)


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
