"""A comparison in the terminal: what each side adds year by year, and what is asked, side by side.

Shown is what stands in the comparison's folder, whether it was made now or before.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from mobank.base.cells import read_table
from mobank.base.digits import places, spanned, written
from mobank.base.quantities import Lang, person_unit
from mobank.ensemble.plan import ALL
from mobank.report.compare.folder import ASKS, DIFFERENCES, DRAWN, SUMMARY
from mobank.report.compare.products import NAME as PRODUCTS
from mobank.report.compare.weights import WEIGHTED
from mobank.report.questions import cells
from mobank.report.questions import note as asks_note
from mobank.report.render.text_table import TextColumn, TextTable
from mobank.report.run.record import FinishedRun

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "month": "month", "registered": "registered", "mau": "active (MAU)", "band": "90 %", "error": "± MC",
        "price": "MAU/¥", "scenario": "scenario", "mean": "mean", "unit": ", {}", "against": "{}, against {}",
        "last": "Difference in {}, against {}", "more_asks": "{} more asked by the other scenarios: see asks.csv.",
        "chance": "chance", "more": "difference", "median": "half by",
        "never": "never",
        "note": "{draws} runs, seed {seed}, {paired}. Mean difference to {reference} with the central "
        "90 % of the differences by run; ± is the Monte Carlo standard error of the mean.",
        "paired": "the same luck for all", "unpaired": "begun apart, so that no luck cancels",
        "subjects": "Different banks or products: {}.",
        "apart": "{draws} runs of each, seed {seed}; intervals are the central 90 %. Products overlap, so nothing is "
        "subtracted or added here: see {page}; differences and what is asked of all are in the CSV files.",
        "paid": "MAU/¥: mean extra MAU at the month's end per yuan of expected extra spend since the start.",
        "until": "Compared up to {until}, the earliest end.",
        "weighted": "weighted", "weights": "Weighted: {}; how likely each scenario is held to be is your judgement.",
        "times": "{:g} % {}", "sep": ", ",
        "unweighted": "No probability over the scenarios together is given: that takes weights (--weights {}).",
    },
    "zh": {
        "month": "月份", "registered": "注册用户", "mau": "月活用户", "band": "90% 区间", "error": "± 误差",
        "price": "月活/元", "scenario": "情景", "mean": "平均差异", "unit": "（{}）", "against": "{}与{}相比",
        "last": "{}的差异，与{}相比", "more_asks": "其他情景另有{}个提问：见asks.csv。",
        "chance": "概率", "more": "差异", "median": "半数达到", "never": "从未",
        "paired": "各情景运气相同", "unpaired": "起点不同，运气不相互抵消", "subjects": "不同的银行或产品：{}。",
        "apart": "各{draws}次模拟，种子{seed}；区间为中间90%。各产品相互重叠，此处不相减也不相加：见{page}；"
        "差异及所问见CSV文件。",
        "note": "{draws}次模拟，种子{seed}，{paired}。与{reference}逐次相减的平均差异及其中间90%；"
        "±为平均值的蒙特卡洛标准误差。",
        "paid": "月活/元：月末平均多出的月活，除以自起点以来预期多花的钱（元）。",
        "until": "比较到{until}，即最早的终点。",
        "weighted": "加权", "weights": "加权：{}；各情景有多大可能，由您判断。", "times": "{1} {0:g}%", "sep": "，",
        "unweighted": "不给出跨情景的合并概率：那需要先给各情景权重（--weights {}）。",
    },
}  # fmt: skip

FEW = 2  # sides beside the reference that are told year by year
OF_ERROR = 2  # digits of an error


def tables(found: FinishedRun, lang: Lang) -> Iterator[TextTable]:
    """Yield what differs and by how much for each side but the reference, then each ask with the answers of all.

    Few sides are told year by year. Of more than `FEW` the last year is told, all sides in one table, and what the
    reference asks. Different banks or products are not subtracted: each is shown as it is.
    """
    if len(set(found.record["subjects"])) > 1:
        yield from (levels_table(found, measure, lang) for measure in DRAWN)
        return
    differences, others = read_table(found.folder / DIFFERENCES), labels(found)[1:]
    for label in others:
        yield differs_grid(found, label, lang)
        if len(others) <= FEW:
            yield difference_table([row for row in differences if row["scenario"] == label], "month", lang)
    if len(others) > FEW:
        last = max(row["month"] for row in differences)
        title = WORDS[lang]["last"].format(last, labels(found)[0])
        yield difference_table([row for row in differences if row["month"] == last], "scenario", lang, title)
    asks = _asks(found)
    for rows in asks[: _asks_shown(found)]:
        yield answer_table(rows, lang)


def levels_table(found: FinishedRun, measure: str, lang: Lang) -> TextTable:
    """Return the median and the central 90 % of a measure at year-ends, a row a side and month."""
    rows = [row for row in read_table(found.folder / SUMMARY) if row["measure"] == measure and row["segment"] == ALL]
    ends = sorted({row["month"] for row in read_table(found.folder / DIFFERENCES)})
    shown = []
    for label in labels(found):
        for number, month in enumerate(ends):
            own = next(row for row in rows if (row["scenario"], row["month"]) == (label, month))
            low, middle, high = (float(own[name]) for name in ("p5", "p50", "p95"))
            unit, head = person_unit(middle, lang)
            value, band = spanned(low / unit, middle / unit, high / unit)
            shown.append((label if not number else "", month, f"{value} {head}", band))
    return TextTable(_columns(lang, "scenario", "month", measure, "band"), shown)


def _asks(found: FinishedRun) -> list[list[dict[str, str]]]:
    """Return the answers of all sides to each ask; those of the reference first."""
    path = found.folder / ASKS
    rows = read_table(path) if path.exists() else []
    return [list(group) for _, group in groupby(rows, key=lambda row: row["question"])]


def _asks_shown(found: FinishedRun) -> int:
    """Return how many asks are shown: all, but of many sides those of the reference alone, if it asks."""
    own: int = found.record["compared"][0]["asks"]
    return own if own and len(labels(found)) - 1 > FEW else len(_asks(found))


def labels(found: FinishedRun) -> list[str]:
    """Return the labels of all sides, the reference first."""
    return [side["label"] for side in found.record["compared"]]


def differs_grid(found: FinishedRun, label: str, lang: Lang) -> TextTable:
    """Return what differs, a sentence a line, under a heading that names both sides."""
    title = WORDS[lang]["against"].format(label, labels(found)[0])
    sentences = [("·", sentence) for sentence in found.record["differs"][label]]
    return TextTable([TextColumn(""), TextColumn("", wrap=True)], sentences, title)


def difference_table(rows: Sequence[Mapping[str, str]], by: str, lang: Lang, title: str = "") -> TextTable:
    """Return mean difference, Monte Carlo error and central 90 % of registered and MAU, a row a month or scenario."""
    found = [row for row in rows if row["measure"] in DRAWN]
    unit, head = person_unit(max(abs(float(row[end])) for row in found for end in ("p5", "p95")), lang)
    cells: list[Sequence[str]] = []
    for name in DRAWN:
        cells += [(), (f"{WORDS[lang][name]}{WORDS[lang]['unit'].format(head)}",)]
        for row in found:
            if row["measure"] == name:
                cells.append((f"  {row[by]}", *_cells(row, unit), _price(row["extra_mau_per_yuan"])))
    return TextTable(_columns(lang, by, "mean", "error", "band", "price"), cells[1:], title)


def _columns(lang: Lang, *columns: str) -> list[TextColumn]:
    return [
        TextColumn(WORDS[lang][name], right=i > 0, dim=name in ("error", "band"), wrap=i == 0)
        for i, name in enumerate(columns)
    ]


def _cells(row: Mapping[str, str], unit: float) -> tuple[str, str, str]:
    mean, error, low, high = (float(row[name]) / unit for name in ("mean", "mean_mc_error", "p5", "p95"))
    after = places(max(abs(mean), abs(low), abs(high)), low, high)
    band = f"{written(low, after, '+')} … {written(high, after, '+')}"
    return written(mean, after, "+"), f"± {written(error, places(error, 0.0, 0.0, OF_ERROR))}", band


def _price(number: str) -> str:
    return f"{float(number):+.3g}" if number else "–"


def answer_table(rows: Sequence[Mapping[str, str]], lang: Lang) -> TextTable:
    """Return the answers of every side to one ask, with the difference of each chance to the reference's."""
    answers = []
    for i, row in enumerate(rows):
        chance, error, half, never = cells(row, lang)
        more, its_error = (100 * float(row[name]) for name in ("difference", "difference_mc_error"))
        apart = (f"{more:+.1f}", f"± {its_error:.1f}") if i else ("", "")
        name = WORDS[lang]["weighted"] if row["scenario"] == WEIGHTED else row["scenario"]
        answers.append((name, chance, error, *apart, half, never))
    columns = _columns(lang, "scenario", "chance", "error", "more", "error", "median", "never")
    return TextTable(columns, answers, rows[0]["问题" if lang == "zh" else "question"])


def footnotes(found: FinishedRun, lang: Lang) -> str:
    """Return what a reader must know beside the tables."""
    words, sides = WORDS[lang], found.record["compared"]
    reference, known, until = sides[0], sides[0]["identity"], {side["until"] for side in sides}
    paired = words["paired" if found.record["paired"] else "unpaired"]
    drawn = {"draws": f"{known['draws']:,}", "seed": known["seed"], "paired": paired}
    lines = [words["note"].format(**drawn, reference=reference["label"])]
    subjects = found.record["subjects"]
    if len(set(subjects)) > 1:
        named = zip(labels(found), subjects, strict=True)
        said = words["subjects"].format(words["sep"].join(f"{label} = {subject}" for label, subject in named))
        return "\n".join([said, words["apart"].format(**drawn, page=PRODUCTS)])
    if any(row["extra_mau_per_yuan"] for row in read_table(found.folder / DIFFERENCES)):
        lines.append(words["paid"])
    if len(until) > 1:
        lines.append(words["until"].format(until=min(until)))
    if more := len(_asks(found)) - _asks_shown(found):
        lines.append(words["more_asks"].format(more))
    if (found.folder / ASKS).exists():
        lines += [_weighing(found, lang), asks_note(lang)]
    return "\n".join(lines)


def _weighing(found: FinishedRun, lang: Lang) -> str:
    """Tell the weights, or that without them there is no probability over several scenarios."""
    words, weights = WORDS[lang], found.record["weights"]
    if not weights:
        first = ",".join(f"{label}=…" for label in labels(found)[:2])
        return words["unweighted"].format(first + (",…" if len(labels(found)) > 2 else ""))
    return words["weights"].format(words["sep"].join(words["times"].format(100 * w, n) for n, w in weights.items()))
