"""Asks and their answers, for people and for other programs: a CSV, and the table in the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mobank.base.cells import digits, write_table
from mobank.base.digits import percent_places
from mobank.base.quantities import Lang
from mobank.ensemble.questions import Answer
from mobank.ensemble.summary import QUANTILES
from mobank.model.grammar import Model
from mobank.report.render.text_table import TextColumn, TextTable
from mobank.report.wording import ask_in_words

MONTHS = tuple(f"p{100 * q:g}_month" for q in QUANTILES)
HEAD = ("ask", "question", "问题", "measure", "month", "chance", "mc_error", "wilson_low", "wilson_high", "never",
        "rival_first", "together", *MONTHS)  # fmt: skip
WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "ask": "asked", "chance": "chance", "error": "± MC", "median": "half by", "never": "never", "none": "–",
        "note": "± is the Monte Carlo standard error; ≤ or ≥, where all runs agree, the end of the 95 % interval. "
        "“half by”: the month by which half of all runs have met it; "
        "“never”: runs that do not meet it before the end of the run (in a race: neither, by its month).",
    },
    "zh": {
        "ask": "所问", "chance": "概率", "error": "± 模拟误差", "median": "半数达到", "never": "从未", "none": "–",
        "note": "±为蒙特卡洛标准误差；各次模拟一致时，以≤或≥给出95%区间的端点。"
        "“半数达到”：半数模拟已达到的月份；“从未”：到模拟终点仍未达到的模拟占比"
        "（竞速：到期双方均未达到）。",
    },
}  # fmt: skip


def row(answer: Answer, model: Model) -> dict[str, str]:
    """Return an answer as a row of a table, columns by name as in `HEAD`; what does not apply is empty."""
    ask, (low, high) = answer.ask, answer.interval
    numbers = (answer.chance, answer.standard_error, low, high, answer.never, answer.rival_first, answer.together)
    reached = [str(month or "never") for month in answer.reached] or [""] * len(MONTHS)
    texts = (ask.name, ask_in_words(ask, model, "en"), ask_in_words(ask, model, "zh"), ask.condition.measure)
    return dict(zip(HEAD, (*texts, str(ask.month), *map(digits, numbers), *reached), strict=True))


def write_asks(answers: Sequence[Answer], model: Model, path: Path) -> None:
    """Write one row an ask: its words, chance, Monte Carlo error, Wilson interval, and when it is first met."""
    write_table([row(answer, model) for answer in answers], path)


def asks_table(rows: Sequence[Mapping[str, str]], lang: Lang) -> TextTable:
    """Return the table of the terminal: what is asked, its chance ± Monte Carlo error, half by, never."""
    words = WORDS[lang]
    numbers = (
        TextColumn(words[each], right=True, dim=each == "error") for each in ("chance", "error", "median", "never")
    )
    asked = [(each["问题" if lang == "zh" else "question"], *cells(each, lang)) for each in rows]
    return TextTable([TextColumn(words["ask"], wrap=True), *numbers], asked)


def cells(each: Mapping[str, str], lang: Lang) -> tuple[str, str, str, str]:
    """Return chance, Monte Carlo error, the month by which half have arrived and the share that never do, as text.

    Where all runs agree the estimated error is zero, which they do not prove: then it says how far off it may be.
    """
    chance, after = (
        float(each["chance"]),
        percent_places(float(each["wilson_low"] or 0), float(each["wilson_high"] or 0)),
    )
    error = f"± {percent(each['mc_error'], after)}"
    if chance in (0.0, 1.0):
        bound = each["wilson_high"] if chance == 0.0 else each["wilson_low"]
        error = f"{'≤' if chance == 0.0 else '≥'} {percent(bound, after)}"
    half = each["p50_month"]
    half = WORDS[lang]["never"] if half == "never" else half or WORDS[lang]["none"]
    return percent(each["chance"], after), error, half, percent(each["never"], after)


def percent(number: str, after: int = 1) -> str:
    """Return a share as text in per cent, with so many places after the point; – where there is none."""
    return f"{100 * float(number):.{after}f} %" if number else "–"


def note(lang: Lang) -> str:
    """Return what a reader must know beside the table."""
    return WORDS[lang]["note"]
