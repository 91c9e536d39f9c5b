"""The words of a calibration's report, in both languages, and the verdict as sentences.

Sentences are composed from what was found, so they change when the figures do.
"""

from collections.abc import Iterable, Mapping, Sequence

from mobank.base.quantities import Lang
from mobank.calibration.checks.figure_information import narrowed_by
from mobank.calibration.checks.fit_summary import FitSummary
from mobank.calibration.checks.identifiability import GROWTH, Known
from mobank.calibration.checks.posterior_predictive import Lean
from mobank.calibration.targets import verified_kinds
from mobank.model.grammar import Model
from mobank.report.assumptions import from_own_systems
from mobank.scenario.scenario import ENOUGH_LEVELS, Determined, Lever

DRIVEN: tuple[Determined, ...] = ("data", "partly", "prior")  # from the best known to the least
MOST_PAIRS = 3  # told in the verdict; the report has them all

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "title": "What the figures tell of {}", "below": "{} figures, {} to {}", "all": "all evidence",
        "only": "{} only", "data": "data", "partly": "partly", "prior": "prior", "and": " and ", "sep": ", ",
        "level": "how many {} there are", "growth": "how fast {} grow", "now": "{} in {}",
        "grown": "growth of {} in {}",
        "start_only": "{} of {}: too few to show how fast they grow, so growth in a forecast is that of the priors.",
        "determined": "The figures determine {}.",
        "partly_told": "They say something of {}, but not enough to decide.",
        "not_told": "They say next to nothing of {}: there the priors speak.",
        "turnover": "Turnover, how many leave and come back, is {}: its parameters kept {} to {} of the variance of "
                    "their priors.",
        "ceiling": "The ceiling, how many could ever register ({}), is {}: {} of its prior's variance is left.",
        "class": "Of {} users ({}), the share who are active is {} ({} %); how long until as many are lost as are "
                 "active, and won again, is {} ({} months).",
        "driven_data": "known from the figures", "driven_partly": "partly known", "driven_prior": "not known",
        "levers": "So what a lever does to {} rests on what was thought before, and no figure speaks for or against "
                  "it: {}.",
        "levers_none": "So what a lever does to {} rests on what was thought before, and no figure speaks for or "
                       "against it.",
        "informed": "{} is narrowed by {}.", "informs": "{} {} ({})",
        "together": "No single figure narrows {} by itself: several figures say the same of it.",
        "uninformed": "No figure says much of {}: what is known of it comes from the prior.",
        "pair": "{} and {} are known only together (correlation {}).",
        "lean_low": "A year ahead, the model would have forecast {} too low in {} of {} years (mean PIT {}): take its "
                    "forecasts as cautious, or ask what made the ways to register better than the model knows.",
        "lean_high": "A year ahead, the model would have forecast {} too high in {} of {} years (mean PIT {}).",
        "lean_": "A year ahead, the reported {} lay above the model's median in {} of {} years (mean PIT {}): no "
                 "side is favoured beyond what luck does.",
        "run_low": "The last {} in a row lay above it: the ways to register have been improving in a manner that the "
                   "model has as luck that persists.",
        "run_high": "The last {} in a row lay below it: growth has been slowing more than the model's own saturation.",
        "sampled": "R̂ at most {}, the least effective ensemble worth {:,.0f} draws, no mean still moving by more than "
                   "{:.2f} sd; limits {}, {:,.0f} and {}.",
        "unsound": "The sampler has not met its limits for {}: do not use this fit.",
        "none_unverified": "No figure is unverified.",
        "unverified": "{} of the {} figures are not verified; a fit with --evidence {} leaves them out.",
    },
    "zh": {
        "title": "{}：数据说明了什么", "below": "{}个数据，{}至{}", "all": "全部数据",
        "only": "仅{}", "data": "数据决定", "partly": "部分由数据决定", "prior": "先验决定", "and": "和", "sep": "、",
        "level": "{}有多少", "growth": "{}增长多快", "now": "{1}的{0}", "grown": "{1}年{0}增速",
        "start_only": "只有{}个{}数据，几乎说明不了增长快慢：预测中的增长来自先验。",
        "determined": "数据决定了{}。",
        "partly_told": "数据对{}有所说明，但不足以定论。",
        "not_told": "数据对{}几乎没有说明：这里由先验说话。",
        "turnover": "流转（多少人离开又回来）{}：相关参数保留了先验方差的{}至{}。",
        "ceiling": "上限（最终可能注册的人数，{}）{}：先验方差还剩{}。",
        "class": "{0}（{1}）类用户：活跃占比{2}（{3}%）；活跃用户全部流失并重新赢回一遍所需的时间{4}（{5}个月）。",
        "driven_data": "可由数据得知", "driven_partly": "只能部分得知", "driven_prior": "不可得知",
        "levers": "因此，作用于{}的举措，其效果取决于事先的看法，没有数据支持或反对：{}。",
        "levers_none": "因此，作用于{}的举措，其效果取决于事先的看法，没有数据支持或反对。",
        "informed": "{}主要由以下数据收窄：{}。", "informs": "{1}的{0}（{2}）",
        "together": "没有单个数据能单独收窄{}：由几个数据共同说明。",
        "uninformed": "数据对{}几乎没有说明：所知来自先验。",
        "pair": "{}与{}只能合在一起得知（相关系数{}）。",
        "lean_low": "提前一年预测，模型在{2}年中有{1}年把{0}预测低了（PIT均值{3}）：其预测偏保守；"
                    "或应追问注册渠道为何比模型所知的更好。",
        "lean_high": "提前一年预测，模型在{2}年中有{1}年把{0}预测高了（PIT均值{3}）。",
        "lean_": "提前一年预测，{2}年中有{1}年公布的{0}高于模型中位数（PIT均值{3}）：没有超出运气的偏向。",
        "run_low": "最近连续{}年高于中位数：注册渠道在持续改善，而模型把它当作延续的运气。",
        "run_high": "最近连续{}年低于中位数：增长放缓得比模型自身的饱和更快。",
        "sampled": "R̂最大{}，最弱一组相当于{:,.0f}次独立抽样，均值后半程移动不超过"
                   "{:.2f}个标准差；限值为{}、{:,.0f}与{}。",
        "unsound": "{}的抽样未达限值：请勿使用此校准。",
        "none_unverified": "全部数据均已核实。",
        "unverified": "{1}个数据中有{0}个未核实；以 --evidence {2} 校准则不用它们。",
    },
}  # fmt: skip

_SHOCKS: Mapping[Lang, Mapping[str, str]] = {
    "en": {"size": "size of {} luck", "persistence": "persistence of {} luck", "drift": "trend of {}",
           "correlation": "correlation of the years' luck", "clean_ups": "written off in {}", "of": "{}, {}",
           "regions": "a region's own shock against what all have in common"},
    "zh": {"size": "{}的年度运气大小", "persistence": "{}的年度运气延续性", "drift": "{}的趋势",
           "correlation": "两类年度运气的相关系数", "clean_ups": "{}清理的沉睡注册", "of": "{}（{}）",
           "regions": "地区自身冲击与共同冲击之比"},
}  # fmt: skip
PATHS: Mapping[Lang, Mapping[str, str]] = {"en": {}, "zh": {"adoption": "注册", "engagement": "活跃"}}
EVIDENCE: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "internal": "own system",
        "article": "article",
        "secondary": "secondary",
        "unverified": "unverified",
        "assumption": "assumption",
    },
    "zh": {
        "internal": "行内系统",
        "article": "报道",
        "secondary": "二手资料",
        "unverified": "未核实",
        "assumption": "假设",
    },
}


def verdict(findings: FitSummary, lang: Lang, levers: Sequence[Lever] = ()) -> list[str]:
    """Return the verdict: what the figures determine, what they do not, and what rests on priors because of it.

    Parameters
    ----------
    levers : those of the scenarios at hand, to name the ones whose effect rests on a prior.
    """
    words, model = WORDS[lang], findings.history.model
    told = [*_start_only(findings, lang), *summary(findings, lang), *_groups(findings, lang), *_classes(findings, lang)]
    told += _rests(findings, model, levers, lang)
    told += [
        words["pair"].format(*(name(model, each, lang) for each in (pair.one, pair.other)), f"{pair.correlation:+.2f}")
        for pair in findings.pairs[:MOST_PAIRS]
    ]
    told += informed(findings, lang)
    told += [each for found in findings.leans for each in _lean(findings, found, lang)]
    return [*told, _unverified(findings, lang), *_own_systems(findings, lang)]


def _start_only(findings: FitSummary, lang: Lang) -> Iterable[str]:
    """Yield that growth is that of the priors, where the level is known too seldom to show it."""
    history = findings.history
    count = len(history.reported(history.origin.stock))
    if count < ENOUGH_LEVELS:
        figures = str(count) if lang == "zh" else f"{count} figure{'s' if count > 1 else ''}"
        yield WORDS[lang]["start_only"].format(figures, of_measure(history.model, history.origin.stock, lang))


def summary(findings: FitSummary, lang: Lang) -> list[str]:
    """Return the heart of the verdict: what is determined, partly, and not."""
    by = {driven: _listed(findings, driven, lang) for driven in DRIVEN}
    keys = ("determined", "partly_told", "not_told")
    return [WORDS[lang][key].format(_and(by[d], lang)) for key, d in zip(keys, DRIVEN, strict=True) if by[d]]


def informed(findings: FitSummary, lang: Lang) -> list[str]:
    """Return for each number of the priors which single figures narrow it, and by how much; nothing if not known."""
    words, model = WORDS[lang], findings.history.model
    by = {item: informing(findings, item, lang) for item in findings.history.priors} if findings.informs else {}
    told = [words["informed"].format(name(model, item, lang), said) for item, said in by.items() if said]
    silent = [each for each in _parameters(findings) if not by.get(each.name, "-")]
    for key, driven in (("together", ("data", "partly")), ("uninformed", ("prior",))):
        if names := [each.name for each in silent if each.driven in driven]:
            told.append(words[key].format(words["sep"].join(names)))
    return told


def informing(findings: FitSummary, item: str, lang: Lang) -> str:
    """Return which single figures narrow a number, with the share of its variance that each takes away."""
    words, model = WORDS[lang], findings.history.model
    return words["sep"].join(
        words["informs"].format(
            of_measure(model, each.figure.measure, lang, each.figure.band),
            each.figure.month,
            _percent(each.contraction[item]),
        )
        for each in narrowed_by(findings.informs, item)
    )


def name(model: Model, item: str, lang: Lang) -> str:
    """Return what a number of the priors is called: its meaning, and the band that it is for."""
    words = _SHOCKS[lang]
    if item in model.parameter:
        parameter = model.parameter[item]
        return f"{parameter.zh}（{item}）" if lang == "zh" and parameter.zh else f"{item} ({parameter.meaning})"
    parts = item.split(".")
    if parts[0] == "shocks":
        path = PATHS[lang].get(parts[1], parts[1])
        return words[parts[-1]].format(path)
    if parts[0] == "regions":
        return words["regions"]
    if parts[0] == "clean_ups":
        return words["clean_ups"].format(parts[1])
    return words["of"].format(parts[-1], parts[1])


def of_measure(model: Model, measure: str, lang: Lang, band: str = "") -> str:
    """Return a measure's name, with the band that it is of."""
    found = model.measure[measure]
    called = found.zh if lang == "zh" and found.zh else found.meaning
    return called if not band else f"{called}（{band}）" if lang == "zh" else f"{called} ({band})"


def outcome(findings: FitSummary, item: str, lang: Lang) -> str:
    """Return what an outcome is called: a measure at the last figure, or the level's growth in the last year."""
    last, level = findings.history.last, findings.history.origin.stock
    if item == GROWTH:
        return WORDS[lang]["grown"].format(of_measure(findings.history.model, level, lang), last.year)
    return WORDS[lang]["now"].format(of_measure(findings.history.model, item, lang), last)


# ------------ the parts


def _listed(findings: FitSummary, driven: Determined, lang: Lang) -> list[str]:
    """Return what is driven so: outcomes and parameters of the model; single bands and luck are in a table."""
    model = findings.history.model
    outcomes = [outcome(findings, each.name, lang) for each in findings.outcomes if each.driven == driven]
    return outcomes + [name(model, each.name, lang) for each in _parameters(findings) if each.driven == driven]


def _parameters(findings: FitSummary) -> list[Known]:
    return [each for each in findings.known if each.name in findings.history.model.parameter]


def _groups(findings: FitSummary, lang: Lang) -> list[str]:
    words, history = WORDS[lang], findings.history
    turning = [
        each
        for each in _parameters(findings)
        if history.model.parameter[each.name].moved_by == history.origin.engaged_path
    ]
    told = []
    if turning:
        left = sorted(1.0 - each.contraction for each in turning)
        said = words[f"driven_{_worst(turning)}"]
        told.append(words["turnover"].format(said, _percent(left[0]), _percent(left[-1])))
    for each in _parameters(findings):
        if each.name == history.origin.reach:
            said = words[f"driven_{each.driven}"]
            told.append(words["ceiling"].format(each.name, said, _percent(1 - each.contraction)))
    return told


def _classes(findings: FitSummary, lang: Lang) -> list[str]:
    """Return for each class of users what the figures say of who is active and of how fast they turn over."""
    words = WORDS[lang]
    return [
        words["class"].format(
            each.band.name,
            each.band.dimension,
            words[f"driven_{each.share.driven}"],
            _ends(each.share, 100.0),
            words[f"driven_{each.months.driven}"],
            _ends(each.months),
        )
        for each in findings.turnovers
    ]


def _ends(known: Known, scale: float = 1.0) -> str:
    return f"{scale * known.posterior[0]:.0f} – {scale * known.posterior[-1]:.0f}"


def _worst(found: Sequence[Known]) -> Determined:
    """Return what drives a combination: as little known as the least known of its members."""
    return max((each.driven for each in found), key=DRIVEN.index)


def _rests(findings: FitSummary, model: Model, levers: Sequence[Lever], lang: Lang) -> Iterable[str]:
    words = WORDS[lang]
    prior = [each.name for each in _parameters(findings) if each.driven == "prior"]
    if not prior:
        return []
    named = sorted({f"{lever.name} ({lever.parameter})" for lever in levers if lever.parameter in prior})
    listed = words["sep"].join(prior)
    if named:
        return [words["levers"].format(listed, words["sep"].join(named))]
    return [words["levers_none"].format(listed)]


def _lean(findings: FitSummary, found: Lean, lang: Lang) -> Iterable[str]:
    words, what = WORDS[lang], of_measure(findings.history.model, found.measure, lang, found.band)
    count = found.of - found.above if found.side == "high" else found.above
    yield words[f"lean_{found.side}"].format(what, count, found.of, f"{found.mean:.2f}")
    if abs(found.run) >= LONG_RUN and found.measure == findings.history.origin.stock:
        yield words["run_low" if found.run > 0 else "run_high"].format(abs(found.run))


LONG_RUN = 4  # years on one side in a row, at the end


def _unverified(findings: FitSummary, lang: Lang) -> str:
    figures = findings.target.figures
    count = sum(figure.provenance.evidence == "unverified" for figure in figures)
    kinds = ",".join(verified_kinds(findings.target))
    return WORDS[lang]["unverified"].format(count, len(figures), kinds) if count else WORDS[lang]["none_unverified"]


def _own_systems(findings: FitSummary, lang: Lang) -> list[str]:
    return from_own_systems((*findings.target.figures, *findings.target.apart), lang)


def _and(items: Sequence[str], lang: Lang) -> str:
    words = WORDS[lang]
    return words["and"].join(filter(None, (words["sep"].join(items[:-1]), items[-1])))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
