"""A comparison in the terminal: what each side adds year by year, and what is asked, side by side."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING

from sim.asks import Answer
from sim.quantities import Lang, person_unit
from sim.report.asks import cells, row
from sim.report.asks import note as asks_note
from sim.report.compare import DRAWN, Comparison, Difference, standard_error
from sim.report.wording import ask_in_words
from sim.scenario import Ask

if TYPE_CHECKING:
    from rich.table import Table

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "month": "month", "registered": "registered", "mau": "active (MAU)", "band": "90 %", "error": "± MC",
        "price": "MAU/¥", "scenario": "scenario", "mean": "mean", "unit": ", {}", "against": "{}, against {}",
        "chance": "chance", "more": "difference", "median": "half by",
        "never": "never",
        "note": "{draws} runs, seed {seed}, the same luck for all. Mean difference to {reference} with the central "
        "90 % of the differences by run; ± is the Monte Carlo standard error of the mean.",
        "paid": "MAU/¥: mean extra MAU at the month's end per yuan of expected extra spend since the start.",
        "until": "Compared up to {until}, the earliest end.",
    },
    "zh": {
        "month": "月份", "registered": "注册用户", "mau": "月活用户", "band": "90% 区间", "error": "± 误差",
        "price": "月活/元", "scenario": "情景", "mean": "平均差异", "unit": "（{}）", "against": "{}与{}相比",
        "chance": "概率", "more": "差异", "median": "半数达到", "never": "从未",
        "note": "{draws}次模拟，种子{seed}，各情景运气相同。与{reference}逐次相减的平均差异及其中间90%；"
        "±为平均值的蒙特卡洛标准误差。",
        "paid": "月活/元：月末平均多出的月活，除以自起点以来预期多花的钱（元）。",
        "until": "比较到{until}，即最早的终点。",
    },
}  # fmt: skip

DIGITS = {1.0: 0, 1e3: 1, 1e4: 1, 1e6: 2, 1e8: 4}  # after the point, by the unit of persons


def differs_grid(comparison: Comparison, label: str, lang: Lang) -> "Table":
    """Return what differs, a sentence a line, under a heading that names both sides."""
    from rich.table import Table

    title = WORDS[lang]["against"].format(label, comparison.sides[0].label)
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(overflow="fold")
    grid.title, grid.title_style, grid.title_justify = title, "bold", "left"
    for sentence in comparison.differs[label]:
        grid.add_row(" ·", sentence)
    return grid


def difference_table(comparison: Comparison, label: str, lang: Lang) -> "Table":
    """Return mean difference, Monte Carlo error and central 90 % of registered and MAU at each year's end."""
    found = [d for d in comparison.differences if d.side == label and d.measure in DRAWN]
    unit, head = person_unit(max(max(abs(d.low), abs(d.high), 1.0) for d in found), lang)
    table = _table(lang, "month", "mean", "error", "band", "price")
    for name in DRAWN:
        table.add_row(f"{WORDS[lang][name]}{WORDS[lang]['unit'].format(head)}")
        for each in found:
            if each.measure == name:
                table.add_row(f"  {each.month}", *_cells(each, unit), _price(each.per_yuan))
        table.add_section()
    return table


def _table(lang: Lang, *columns: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for i, name in enumerate(columns):
        style = "dim" if name in ("error", "band") else ""
        table.add_column(WORDS[lang][name], justify="right" if i else "left", no_wrap=True, style=style)
    return table


def _cells(each: Difference, unit: float) -> tuple[str, str, str]:
    mean, error, low, high = (value / unit for value in (each.mean, each.standard_error, each.low, each.high))
    digits = DIGITS[unit]
    return f"{mean:+,.{digits}f}", f"± {error:,.{digits + 1}f}", f"{low:+,.{digits}f} … {high:+,.{digits}f}"


def _price(value: float) -> str:
    return "–" if isnan(value) else f"{value:+.3g}"


def answer_tables(comparison: Comparison, lang: Lang) -> list["Table"]:
    """Return for each ask the answer of every side, and the difference of its chance to the reference's."""
    return [_answer_table(comparison, ask, answers, lang) for ask, answers in comparison.answers]


def _answer_table(comparison: Comparison, ask: Ask, answers: Sequence[Answer], lang: Lang) -> "Table":
    model = comparison.sides[0].plan.model
    table = _table(lang, "scenario", "chance", "error", "more", "error", "median", "never")
    table.title, table.title_style, table.title_justify = ask_in_words(ask, model, lang), "bold", "left"
    for i, (side, own) in enumerate(zip(comparison.sides, answers, strict=True)):
        chance, error, half, never = cells(row(own, model), lang)
        more = own.held.astype(float) - answers[0].held
        apart = (f"{100 * more.mean():+.1f}", f"± {100 * standard_error(more):.1f}") if i else ("", "")
        table.add_row(side.label, chance, error, *apart, half, never)
    return table


def footnotes(comparison: Comparison, lang: Lang) -> str:
    """Return what a reader must know beside the tables."""
    words, plan = WORDS[lang], comparison.sides[0].plan
    ends = {side.plan.scenario.until for side in comparison.sides}
    lines = [words["note"].format(draws=f"{plan.draws:,}", seed=plan.seed, reference=comparison.sides[0].label)]
    if any(side.plan.costs for side in comparison.sides):
        lines.append(words["paid"])
    if len(ends) > 1:
        lines.append(words["until"].format(until=min(ends)))
    return "\n".join([*lines, *([asks_note(lang)] if comparison.answers else [])])
