"""The page of all rounds of a bank: what they prove, figure by figure, and what is still open."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobank.base.quantities import Lang
from mobank.calibration.report.rounds_tables import WORDS as HEADS
from mobank.calibration.report.rounds_tables import (
    TextRows,
    ahead_in_words,
    measure_called,
    rounds_table,
    scores_table,
    standings_table,
)
from mobank.calibration.rounds.closing import Listed
from mobank.calibration.rounds.track_record import Standing, cases_of, standings
from mobank.model.grammar import Model
from mobank.report.render.page import Card, Column, Section, bar, cards, facts, page, table, text

if TYPE_CHECKING:
    from markupsafe import Markup

BINS = 10  # of the PIT

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "title": "Forecast rounds: {}", "above": "mobank · rounds of {}",
        "record": "What the rounds prove", "figures": "Figure by figure", "rounds": "All rounds",
        "restated": "Restated since", "decisions": "Figures far out, and what they were taken as",
        "pit": "Where the figures fell", "identity": "Digests",
        "scored": "figures scored", "open": "figures come, not scored", "in80": "inside the 80 % band",
        "of_rounds": "of {} rounds", "close": "mobank round close {}", "worth_of": "worth {:.1f} independent figures",
        "nothing": "No figure has come yet for what has been forecast.",
        "worth": "{what}, {ahead} months ahead: {cases} figures from {rounds} rounds, which overlap, prove as much "
        "about the 80 % band as {worth:.1f} independent ones. Of so many, a perfect forecast has between {low:.0f} and "
        "{high:.0f} % inside in four of five cases.",
        "record_note": "Worth: as many independent figures. Today: by the definition of the last figure known. CRPS "
        "and log score are those of the logarithm: a CRPS of 0.01 is about 1 % of the figure, and lower is better; a "
        "log score is better the higher. The forecast in print, with redefinitions and clean-ups, is always scored; "
        "that by today's definition only where nothing was redefined. Ratios below 1 are in favour of the forecast; in "
        "brackets the central 80 % of a bootstrap of blocks as long as the horizon, left out where fewer than four "
        "blocks have come.",
        "figures_note": "Scored is the figure as it was first seen when a round was closed, at the middle of the range "
        "that its wording allows.",
        "pit_note": "Share of the forecast in print that lay below the figure. Right forecasts fill all classes alike; "
        "figures of overlapping rounds fall together.",
        "share": "share below", "number": "figures",
    },
    "zh": {
        "title": "预测轮次：{}", "above": "mobank · {}的预测轮次",
        "record": "各轮预测说明了什么", "figures": "逐个数据", "rounds": "全部轮次",
        "restated": "此后重述的数据", "decisions": "远离预测的数据及其认定", "pit": "公布值落在何处",
        "identity": "摘要值",
        "scored": "已评分数据", "open": "已公布未评分", "in80": "落入80%区间",
        "of_rounds": "共{}轮", "close": "mobank round close {}", "worth_of": "折合{:.1f}个独立数据",
        "nothing": "所预测的月份尚无数据公布。",
        "worth": "{what}，提前{ahead}个月：{rounds}轮预测的{cases}个数据因轮次重叠，就80%区间而言只相当于{worth:.1f}个"
        "独立数据。在这样的数量下，完美的预测在五次中有四次会有{low:.0f}%至{high:.0f}%落入区间。",
        "record_note": "折合独立数据：相当于多少个互不重叠的数据。现行口径：开启时最后一个数据的口径。"
        "CRPS和对数评分均按对数计：CRPS为0.01约合公布值的1%，越低越好；对数评分越高越好。"
        "披露值预测（含口径变更与清理）一律评分；按现行口径的预测仅在口径未变时评分。"
        "比值小于1表示本预测更好；括号内为按预测期限分块的自助法中间80%，不足四块时不给出。",
        "figures_note": "按关闭轮次时首次见到的公布值评分，取其表述所允许范围的中点。",
        "pit_note": "披露值预测中低于公布值的比例。预测正确时各组数量相近；重叠轮次的数据会一同偏离。",
        "share": "低于公布值的比例", "number": "数据数",
    },
}  # fmt: skip


@dataclass(frozen=True)
class RoundsOfBank:
    """All rounds of a bank, oldest first, and its decisions as they were recorded."""

    bank: str
    subject: tuple[str, str]
    listed: Sequence[Listed]
    decisions: Sequence[Mapping[str, Any]]


def build(found: RoundsOfBank, model: Model, lang: Lang) -> str:
    """Return the page as HTML."""
    words = WORDS[lang]
    name = found.subject[1 if lang == "zh" else 0] or found.subject[0] or found.bank
    cases = [case for each in found.listed for case in cases_of(each.round, each.scores)]
    proved = standings(cases)
    sections = [Section("", [_cards(found, proved, words)])]
    if cases:
        said = sentences(proved, model, lang)
        note = text(words["record_note"], note=True)
        sections += [
            Section(words["record"], [_table(standings_table(proved, model, lang)), text(*said), note]),
            Section(words["pit"], [_pits([each.score.printed.pit for each in cases], words)]),
            Section(
                words["figures"],
                [_table(scores_table(cases, model, lang)), text(words["figures_note"], note=True)],
            ),
        ]
    else:
        sections.append(Section(words["record"], [text(words["nothing"])]))
    sections.append(Section(words["rounds"], [_table(rounds_table(found.listed, lang))]))
    sections += _restated(found, model, lang)
    sections += _decisions(found, model, lang)
    digests = [
        (f"{each.round.name} {name}", value) for each in found.listed for name, value in each.round.digests.items()
    ]
    sections.append(Section(words["identity"], [facts(digests)]))
    return page(words["title"].format(name), sections, lang, above=words["above"].format(found.bank))


def sentences(proved: Sequence[Standing], model: Model, lang: Lang) -> list[str]:
    """Return how little the figures of rounds that overlap prove, of the whole bank; nothing of a single figure."""
    return [_worth(each, model, lang) for each in proved if not each.regions and each.cases > 1]


def _worth(found: Standing, model: Model, lang: Lang) -> str:
    from scipy.special import bdtr

    number = max(round(found.worth), 1)
    chances = bdtr(np.arange(number + 1), number, 0.8)  # of so many or fewer
    low, high = (100.0 * int(np.searchsorted(chances, level)) / number for level in (0.1, 0.9))
    return WORDS[lang]["worth"].format(
        what=measure_called(found.measure, "", model, lang), ahead=ahead_in_words(found.ahead, lang),
        cases=found.cases, rounds=found.rounds, worth=found.worth, low=low, high=high,
    )  # fmt: skip


def _cards(found: RoundsOfBank, proved: Sequence[Standing], words: Mapping[str, str]) -> "Markup":
    scored = sum(len(each.scores) for each in found.listed)
    waiting = sum(each.due for each in found.listed)
    whole = [each for each in proved if not each.regions]
    shown = [
        Card(words["scored"], str(scored), words["of_rounds"].format(len(found.listed))),
        Card(words["open"], str(waiting), words["close"].format(found.bank) if waiting else ""),
    ]
    if whole:
        cases = sum(each.cases for each in whole)
        inside = sum(each.coverage[1] * each.cases for each in whole) / cases
        least = max(each.worth for each in whole)
        shown.append(Card(words["in80"], f"{100 * inside:.0f} %", words["worth_of"].format(least)))
    return cards(shown)


def _pits(pits: Sequence[float], words: Mapping[str, str]) -> "Markup":
    counts = [sum(min(int(pit * BINS), BINS - 1) == each for pit in pits) for each in range(BINS)]
    rows = [
        [f"{10 * each} – {10 * (each + 1)} %", bar(count / max(counts), str(count))]
        for each, count in enumerate(counts)
    ]
    head = [Column(words["share"], "short"), Column(words["number"], "wide")]
    return table(head, rows, "small", words["pit_note"])


def _restated(found: RoundsOfBank, model: Model, lang: Lang) -> list[Section]:
    heads = HEADS[lang]
    rows = [
        [each.round.name, measure_called(score.measure, score.band, model, lang), str(score.month), score.figure,
         later.figure, later.seen]
        for each in found.listed for score in each.scores for later in score.restated
    ]  # fmt: skip
    names = ("round", "what", "month", "figure", "restated", "seen")
    shown = TextRows([heads[name] for name in names], rows, len(names))
    return [Section(WORDS[lang]["restated"], [_table(shown)])] if rows else []


def _decisions(found: RoundsOfBank, model: Model, lang: Lang) -> list[Section]:
    heads = HEADS[lang]
    rows = [
        [measure_called(*_of(each["measure"]), model, lang), each["month"], each["figure"], heads[each["taken_as"]],
         f"{each['before']:.1%}", f"{each['after']:.0%}"]
        for each in found.decisions
    ]  # fmt: skip
    shown = TextRows([heads[name] for name in ("what", "month", "figure", "taken_as", "before", "after")], rows, 4)
    return [Section(WORDS[lang]["decisions"], [_table(shown)])] if rows else []


def _of(name: str) -> tuple[str, str]:
    measure, _, band = name.partition(".")
    return measure, band


def _table(shown: TextRows) -> "Markup":
    head = [Column(_on_one_line(title), "text" if i < shown.left else "number") for i, title in enumerate(shown.heads)]
    return table(head, shown.rows, "small")


def _on_one_line(title: str) -> str:
    """Return the head of a column without its breaks; Chinese has no space there."""
    return re.sub(r"(?<=[^\x00-\x7f])\n|\n(?=[^\x00-\x7f])", "", title).replace("\n", " ")
