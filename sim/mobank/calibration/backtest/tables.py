"""The score table of a backtest as a planner reads it, in Chinese or English."""

from collections.abc import Mapping, Sequence

from mobank.base.quantities import Lang
from mobank.calibration.backtest.backtest import HORIZONS, OURS
from mobank.calibration.backtest.baselines import REFERENCE
from mobank.calibration.backtest.folder import Result
from mobank.calibration.backtest.scores import BANDS
from mobank.calibration.backtest.scoring import FEW, Score
from mobank.report.render.text_table import TextTable, table_of

WORDS: Mapping[str, Mapping[Lang, str]] = {
    "gains": {
        "en": "CRPS of the reduced model below that of other methods (log scale, same cases)",
        "zh": "简化模型的 CRPS 比其他方法低多少（对数尺度，相同案例）",
    },
    "coverage": {"en": "Reduced model: share of figures inside its bands", "zh": "简化模型：实际值落入区间的比例"},
    "method": {"en": "method", "zh": "方法"},
    "cases": {"en": "cases", "zh": "案例"},
    "years": {"en": "{} y", "zh": "{} 年"},
    "together": {"en": "1–3 y", "zh": "1–3 年"},
    "band": {"en": "{} % band", "zh": "{}% 区间"},
    OURS: {"en": "reduced model (CRPS)", "zh": "简化模型（CRPS）"},
    REFERENCE: {"en": "log damped trend", "zh": "对数阻尼趋势"},
    "drift": {"en": "drift", "zh": "漂移"},
    "logistic": {"en": "logistic", "zh": "逻辑斯蒂"},
    "all": {"en": "all", "zh": "全部"},
    "december": {"en": "December to December", "zh": "12 月至 12 月"},
    "apart": {"en": "another month, apart", "zh": "其他月份（单列）"},
    "skills": {
        "en": "Mean gain over the horizons without one entity, by configuration; * is chosen for it",
        "zh": "剔除某一实体后各配置的平均改进；* 为该实体选用的配置",
    },
    "entity": {"en": "left out", "zh": "剔除的实体"},
    "others": {"en": "none", "zh": "无"},
    "interval": {"en": "central 80 % of the bootstrap by entity | by year", "zh": "自助法中间 80%：按实体 | 按年份"},
    "few": {"en": f"* fewer than {FEW} cases", "zh": f"* 少于 {FEW} 个案例"},
    "left_out": {
        "en": "{} series left out: too few consecutive years (left_out.csv)",
        "zh": "{} 个序列未计入：连续年份不足（left_out.csv）",
    },
    "unverified": {
        "en": "{} of {} cases rest on figures that were not verified",
        "zh": "{} / {} 个案例依赖未核实的数据",
    },
}


def words(key: str, lang: Lang) -> str:
    """Return a label; a name that needs no translation is its own."""
    return WORDS[key][lang] if key in WORDS else key


def gain_table(result: Result, lang: Lang) -> TextTable:
    """Return the gains by method and horizon, with both bootstraps for the reference."""
    scores = {(s.method, s.horizon): s for s in result.scores["all"]}
    rows, dim = [], set()
    for method in dict.fromkeys(method for method, _ in scores):
        rows.append((words(method, lang), *(_gain(scores.get((method, h))) for h in HORIZONS)))
        if method == REFERENCE:
            dim.add(len(rows))
            rows.append(("", *(_spans(scores.get((method, h))) for h in HORIZONS)))
    columns = table_of(words("method", lang), *(words("years", lang).format(horizon) for horizon in HORIZONS))
    return TextTable(columns, rows, words("gains", lang), words("interval", lang), frozenset(dim))


def _gain(score: Score | None) -> str:
    if score is None:
        return "–"
    star = "*" if score.few else ""
    return f"{score.crps:.4f}{star}" if score.method == OURS else f"{100 * score.gain:.0f} %{star}"


def _spans(score: Score | None) -> str:
    if score is None:
        return ""
    return " | ".join(f"{100 * low:.0f}…{100 * high:.0f}" for low, high in (score.by_entity, score.by_year))


def coverage_table(result: Result, lang: Lang) -> TextTable:
    """Return the coverage of the reduced model's bands by horizon, and of the cases apart."""
    years = (words("years", lang).format(horizon) for horizon in HORIZONS)
    rows: list[Sequence[str]] = []
    for which, all_scores in result.scores.items():
        scores = {s.horizon: s for s in all_scores if s.method == OURS}
        rows.append((words(which, lang), *(_count(scores.get(h)) for h in (*HORIZONS, 0))))
        for i, content in enumerate(BANDS):
            shares = [f"{100 * scores[h].coverage[i]:.0f} %" if h in scores else "–" for h in (*HORIZONS, 0)]
            rows.append((f"  {words('band', lang).format(content)}", *shares))
    columns = table_of(words("cases", lang), *years, words("together", lang))
    return TextTable(columns, rows, words("coverage", lang))


def _count(score: Score | None) -> str:
    return "–" if score is None else f"{score.cases}{'*' if score.few else ''}"


def choice_table(result: Result, lang: Lang) -> TextTable:
    """Return the skill of each configuration without each entity, the best one marked."""
    names = list(result.choices[0].skills)
    rows = []
    for choice in result.choices:
        skills = (f"{100 * choice.skills[n]:.1f} %{'*' if n == choice.best else ''}" for n in names)
        rows.append((words(choice.entity, lang), *skills))
    return TextTable(table_of(words("entity", lang), *names), rows, words("skills", lang))


def footnotes(result: Result, lang: Lang) -> str:
    """Return what the tables rest on, and what is missing from them."""
    own = [row for row in result.rows if row.method == OURS]
    unverified = sum(row.unverified > 0 for row in own)
    lines = [words("unverified", lang).format(unverified, len(own)), words("few", lang)]
    if result.left_out:
        lines.append(words("left_out", lang).format(len(result.left_out)))
    return "\n".join([*lines, *result.missing])
