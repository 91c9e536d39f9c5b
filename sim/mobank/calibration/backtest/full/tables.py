"""The tables of a full backtest as a planner reads them, in Chinese or English."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from mobank.base.quantities import Lang
from mobank.calibration.backtest.baselines import REFERENCE
from mobank.calibration.backtest.full.cases import AHEAD, Kind
from mobank.calibration.backtest.full.folder import FullResult
from mobank.calibration.backtest.full.jobs import ACTIVE, LEVEL
from mobank.calibration.backtest.full.methods import MODEL, REDUCED, RESCALED
from mobank.calibration.backtest.full.rows import FANS, Fan
from mobank.calibration.backtest.full.scoring import HORIZONS, FullScore
from mobank.calibration.backtest.scores import BANDS
from mobank.calibration.backtest.scoring import FEW
from mobank.report.render.text_table import TextTable, table_of

WORDS: Mapping[str, Mapping[Lang, str]] = {
    "entities": {"en": "Who is forecast, by which metrics", "zh": "预测的实体与所用指标"},
    "entity": {"en": "entity", "zh": "实体"},
    "registered_metric": {"en": "registered", "zh": "注册"},
    "active_metric": {"en": "active", "zh": "活跃"},
    "refits": {"en": "origins: years, months", "zh": "预测起点：年，月"},
    ACTIVE: {"en": "Active users", "zh": "活跃用户"},
    LEVEL: {"en": "Registered users", "zh": "注册用户"},
    "scores": {
        "en": "CRPS of the model (log scale), and as a multiple of other methods' on the same cases",
        "zh": "模型的 CRPS（对数尺度），及其为其他方法在相同案例上的倍数",
    },
    "span": {
        "en": "geometric mean over groups of entities; below 1 the model is better; dim: central 80 % of the bootstrap",
        "zh": "按实体组取几何平均；小于 1 表示模型更好；灰色：自助法中间 80%",
    },
    "coverage": {"en": "share of figures inside the model's bands", "zh": "实际值落入模型区间的比例"},
    "method": {"en": "method", "zh": "方法"},
    "title": {"en": "{}: {}", "zh": "{}：{}"},
    "today": {"en": "model, by today's definition", "zh": "模型，按当前口径"},
    "printed": {"en": "model, as it will be printed", "zh": "模型，按将来公布的口径"},
    "cases": {"en": "cases", "zh": "案例"},
    "band": {"en": "{} % band", "zh": "{}% 区间"},
    "pit": {"en": "mean PIT", "zh": "PIT 均值"},
    "width": {"en": "best common width", "zh": "最优统一宽度系数"},
    "persistence": {"en": "persistence", "zh": "持平"},
    REFERENCE: {"en": "log damped trend", "zh": "对数阻尼趋势"},
    RESCALED: {"en": "damped trend, rescaled on others", "zh": "阻尼趋势（宽度按其他组校正）"},
    "drift": {"en": "drift", "zh": "漂移"},
    REDUCED: {"en": "reduced model on it", "zh": "简化模型（直接用于该序列）"},
    "few": {"en": f"* fewer than {FEW} cases", "zh": f"* 少于 {FEW} 个案例"},
    "unverified": {
        "en": "{} of {} forecasts of the model rest on figures that were not verified",
        "zh": "模型的 {} / {} 个预测依赖未核实的数据",
    },
    "broken": {
        "en": "{} of {} cross a noted redefinition and count as printed only",
        "zh": "{} / {} 个跨越已注明的口径变化，只计入公布口径",
    },
    "failed": {
        "en": "{} of {} refits gave no forecast (reasons in refits.csv)",
        "zh": "{} / {} 次重新拟合没有给出预测（原因见 refits.csv）",
    },
    "left_out": {"en": "left out: {} (left_out.csv)", "zh": "未计入：{}（left_out.csv）"},
}
UNITS: Mapping[str, Mapping[Lang, str]] = {
    "y": {"en": "{} y", "zh": "{} 年"},
    "m": {"en": "{} m", "zh": "{} 个月"},
}
SPANNED = (REFERENCE, RESCALED, REDUCED)  # methods whose bootstrap is shown
Picked = Callable[[FullScore], str]


def words(key: str, lang: Lang) -> str:
    """Return a label; a name that needs no translation is its own."""
    return WORDS[key][lang] if key in WORDS else key


def entity_table(result: FullResult, lang: Lang) -> TextTable:
    """Return who is forecast: the metrics that are paired, and how many origins there are."""
    heads = ("entity", "registered_metric", "active_metric", "refits")
    rows = []
    for pair in result.pairs:
        kinds = [refit.kind for refit in result.refits if refit.pair.entity == pair.entity]
        if kinds:
            counts = f"{kinds.count('years')}, {kinds.count('months')}"
            rows.append((pair.entity, pair.level.metric, pair.active.metric, counts))
    return TextTable(table_of(*(words(key, lang) for key in heads), left=len(heads)), rows, words("entities", lang))


def score_table(result: FullResult, side: str, kind: Kind, lang: Lang) -> TextTable:
    """Return the model's CRPS by horizon under both fans, and its ratio to other methods by today's definition."""
    table, columns = _by_horizon(result, side, kind, "scores", lang)
    crps: Picked = lambda s: f"{s.crps:.4f}{_star(s)}"  # noqa: E731
    rows = [(words(fan, lang), *_cells(result, side, fan, MODEL, columns, crps)) for fan in FANS]
    dim = set()
    for method in dict.fromkeys(score.method for score in result.scores):
        if method != MODEL:
            ratios = _cells(result, side, "today", method, columns, lambda s: f"{_ratio(s)}{_star(s)}")
            rows.append((words(method, lang), *ratios))
        if method in SPANNED:
            dim.add(len(rows))
            rows.append(("", *_cells(result, side, "today", method, columns, _span)))
    return replace(table, rows=rows, caption=words("span", lang), dim=frozenset(dim))


def coverage_table(result: FullResult, side: str, kind: Kind, lang: Lang) -> TextTable:
    """Return the coverage of the model's bands by horizon and fan, where the truths lie in them, and the best width."""
    table, columns = _by_horizon(result, side, kind, "coverage", lang)
    rows: list[Sequence[str]] = []
    for fan in FANS:
        lines: list[tuple[str, Picked]] = [(words("cases", lang), lambda s: f"{s.cases}{_star(s)}")]
        lines += [(words("band", lang).format(band), _coverage(i)) for i, band in enumerate(BANDS)]
        lines += [
            (words("pit", lang), lambda s: f"{s.mean_pit:.2f}"),
            (words("width", lang), lambda s: f"{s.width:.2f}"),
        ]
        rows.append((words(fan, lang),))
        for name, picked in lines:
            rows.append((f"  {name}", *_cells(result, side, fan, MODEL, columns, picked)))
    return replace(table, rows=rows)


def footnotes(result: FullResult, lang: Lang) -> str:
    """Return what the tables rest on, and what is missing from them."""
    own = [row for row in result.rows if row.method == MODEL and row.fan == "printed"]
    failed = sum(bool(found.reason) for found in result.forecasts)
    entities = dict.fromkeys(out.entity for out in result.left_out)
    lines = [
        words("unverified", lang).format(sum(row.unverified > 0 for row in own), len(own)),
        words("broken", lang).format(sum(row.broken for row in own), len(own)),
        words("few", lang),
    ]
    if failed:
        lines.append(words("failed", lang).format(failed, len(result.refits)))
    if entities:
        lines.append(words("left_out", lang).format(", ".join(entities)))
    return "\n".join([*lines, *result.missing])


# ------------ the parts


def kinds_of(result: FullResult, side: str) -> list[Kind]:
    """Return the kinds of refits in which figures of a side are forecast."""
    found = {score.horizon for score in result.scores if score.side == side}
    return [kind for kind in AHEAD if any(h.name in found for h in HORIZONS if h.kind == kind)]


def _by_horizon(result: FullResult, side: str, kind: Kind, title: str, lang: Lang) -> tuple[TextTable, list[str]]:
    """Return an empty table with a column for each horizon of a side and kind with a case, and their names."""
    found = {score.horizon for score in result.scores if score.side == side}
    columns = [horizon.name for horizon in HORIZONS if horizon.kind == kind and horizon.name in found]
    parts = (name.split(" ") for name in columns)
    heads = [UNITS[unit][lang].format(number.replace("-", "–")) for number, unit in parts]
    full = words("title", lang).format(words(side, lang), words(title, lang))
    return TextTable(table_of(words("method", lang), *heads), [], full), columns


def _cells(result: FullResult, side: str, fan: Fan, method: str, columns: Sequence[str], picked: Picked) -> list[str]:
    scores = {s.horizon: s for s in result.scores if (s.side, s.fan, s.method) == (side, fan, method)}
    return [picked(scores[name]) if name in scores else "–" for name in columns]


def _star(score: FullScore) -> str:
    return "*" if score.few else ""


def _ratio(score: FullScore) -> str:
    return f"{score.ratio:.2f}" if isfinite(score.ratio) else "–"


def _span(score: FullScore) -> str:
    return "{:.2f}…{:.2f}".format(*score.ratio_span) if isfinite(score.ratio) else ""


def _coverage(i: int) -> Picked:
    return lambda score: f"{100 * score.coverage[i]:.0f} %"
