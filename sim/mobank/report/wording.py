"""A scenario in words: what a lever does and to whom, what an ask asks, and what differs between two scenarios.

Sentences are composed from the nouns of `mobank.scenario.scenario`, so they say what is run, not what a file's
comments claim. Quantities stand as they were written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields

import numpy as np

from mobank.base.priors import Prior
from mobank.base.quantities import Lang, format_factor, format_money, format_persons
from mobank.model.grammar import Model
from mobank.scenario.keys.changes import LONGEST_MONTHS
from mobank.scenario.scenario import (
    FOREVER,
    NO_COST,
    Ask,
    Band,
    Breaks,
    Campaign,
    Condition,
    Figure,
    Fitted,
    Lever,
    Network,
    Reporting,
    Scenario,
    Shock,
    Value,
)

Title = Callable[[str], str]

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "for": " for {}", "and": " and ", "to": " to ", "set": "= {}", "add": "+ {}",
        "months": "{} to {}", "month": "in {} only", "on": "from {} on", "between": "beginning between {} and {}",
        "again": "again and again after {}, every {:g} months on average", "lasting": "for {} months",
        "lasting_1": "for 1 month", "below": "whenever {} is below {}", "above": "whenever {} is above {}",
        "watch": " for {} months", "watched_on": "watched from {} on", "watched": "watched {} to {}",
        "times": "at most {} times", "budget": "at most {} a year",
        "ramp": "in full after {:g} months", "fades": "fading with a half-life of {:g} months",
        "once": "{} once", "a_month": "{} a month", "costs": "costs {}", "sep": ", ", "colon": ": ",
        "new": "{} {} (new): {}", "gone": "without {} {}: {}", "other": "{} {}: {}, instead of {}",
        "lever": "lever", "event": "event", "from_to": "{} from {} to {}", "is_new": "{}: {} (new)",
        "is_gone": "{}: taken away (was {})", "prior": "prior of {}", "until": "end of the run",
        "start": "start of the run",
        "network": "who knows whom", "no_network": "no network",
        "reported": "reported {} {}", "share": "share of {}", "factor": "factor of {} for {}",
        "value": "value of {} for {}", "dimension": "segments by {}", "season": "season of {}",
        "meets": "contacts of {} with {}", "size": "size of {} shocks", "persistence": "persistence of {} shocks",
        "tails": "tails of {} shocks", "drift": "drift of {}", "correlation": "correlation of shocks",
        "wiggle": "wiggle within a year", "fading": "{}, half-life {:g} months",
        "reverting": "growth of {}, {} above that at first, {} more or less a year, half-life {:g} months",
        "noise": "noise of {}", "unknown_season": "size of the season of {}", "headroom": "headroom of the {}",
        "campaign": "campaign {} on {}", "running": "{}, {} to {}", "written_off": "dormant written off in {}",
        "pool": "pool", "none": "none", "normal": "normal",
        "degrees": "{:g} degrees of freedom", "factors": "{} (January first)",
        "at_least": "{} at least {}", "at_most": "{} at most {}", "within": "{} between {} and {}",
        "by": "{} by {}", "in": "{} in {}", "race": "{} before {}, by {}", "same": "nothing that a run depends on",
        "posterior": "draws of the start (other draws, so not the same luck)", "priors": "priors and the last figures",
        "drawn": "posterior {} ({})", "figures": "{} {} to {} ({})",
        "redefinitions": "in print alone: redefinitions of active users",
        "clean_ups": "in print alone: clean-ups of dormant registrations",
        "breaks": "{} a year{}, {}, {} upward", "known_from": " (known from {:g} years)",
        "jump": "{} of mean {}, sd {}",
    },
    "zh": {
        "for": "（{}）", "and": "、", "to": "至", "set": "= {}", "add": "+ {}",
        "months": "{}至{}", "month": "仅{}", "on": "自{}起", "between": "在{}与{}之间开始",
        "again": "{}之后反复发生，平均间隔{:g}个月", "lasting": "持续{}个月", "lasting_1": "持续1个月",
        "below": "一旦{}低于{}", "above": "一旦{}高于{}", "watch": "连续{}个月", "watched_on": "自{}起监测",
        "watched": "{}至{}监测", "times": "最多{}次",
        "budget": "每年最多{}", "ramp": "{:g}个月后全部见效", "fades": "以{:g}个月的半衰期减弱",
        "once": "一次性{}", "a_month": "每月{}", "costs": "费用{}", "sep": "，", "colon": "：",
        "new": "新增{} {}：{}", "gone": "取消{} {}：{}", "other": "{} {}：{}，而不是{}",
        "lever": "举措", "event": "事件", "from_to": "{}由{}改为{}", "is_new": "{}：{}（新增）",
        "is_gone": "{}：取消（原为{}）", "prior": "{}的先验", "until": "模拟终点", "start": "模拟起点",
        "network": "社交网络", "no_network": "无网络", "reported": "已披露的{} {}",
        "share": "{}的占比", "factor": "{}对{}的系数", "value": "{}对{}的取值", "dimension": "按{}划分的客群",
        "season": "{}的季节因子", "meets": "{}与{}的接触", "size": "{}冲击的大小", "persistence": "{}冲击的持续性",
        "tails": "{}冲击的尾部", "drift": "{}的趋势", "correlation": "冲击的相关系数", "wiggle": "年内波动",
        "fading": "{}，半衰期{:g}个月", "reverting": "长期增长{}，起初高出{}，每年变动{}，半衰期{:g}个月",
        "noise": "{}的噪声", "unknown_season": "{}的季节幅度", "headroom": "{}的余量", "pool": "潜在总体",
        "campaign": "活动{}（{}）", "running": "{}，{}至{}", "written_off": "{}清理的沉睡用户",
        "none": "无", "normal": "正态", "degrees": "自由度{:g}",
        "factors": "{}（一月起）",
        "at_least": "{}至少{}", "at_most": "{}至多{}", "within": "{}在{}与{}之间", "by": "不迟于{1}：{0}",
        "in": "{1}当月：{0}", "race": "不迟于{2}：{0}先于{1}", "same": "影响模拟的内容没有差别",
        "posterior": "起点的抽样（抽样不同，运气不同）", "priors": "先验与最近一期数字", "drawn": "后验{}（{}）",
        "figures": "{}{}至{}（{}个）",
        "redefinitions": "仅影响披露值：活跃用户口径变更", "clean_ups": "仅影响披露值：沉睡注册清理",
        "breaks": "每年{}{}，{}，上调占{}", "known_from": "（依据{:g}年）", "jump": "{}均值{}、标准差{}",
    },
}  # fmt: skip


# ------------ asks


def ask_in_words(ask: Ask, model: Model, lang: Lang) -> str:
    """Return what is asked: "monthly active users at least 2亿 by 2025-12"."""
    words, condition = WORDS[lang], _condition(ask.condition, model, lang)
    if ask.rival:
        return words["race"].format(condition, _condition(ask.rival, model, lang), ask.month)
    return words["by" if ask.ever else "in"].format(condition, ask.month)


def figures_in_words(fitted: Fitted, model: Model, lang: Lang) -> str:
    """Return which figures a posterior was fitted to: each measure with its first and last month and how many."""
    months: dict[str, list[str]] = {}
    for name in fitted.figures:
        measure, _, month = name.rpartition(".")
        months.setdefault(measure, []).append(month)
    words = WORDS[lang]
    names = {name: _of(name, model, lang) for name in months}
    return words["sep"].join(
        words["figures"].format(names[name], min(each), max(each), len(each)) for name, each in months.items()
    )


def _of(name: str, model: Model, lang: Lang) -> str:
    """Return what a measure is called, with the band that it is of."""
    measure, _, band = name.partition(".")
    if lang == "en":
        return f"{measure} ({band})" if band else measure
    return f"{model.measure[measure].zh}（{band}）" if band else model.measure[measure].zh


def _condition(condition: Condition, model: Model, lang: Lang) -> str:
    measure = model.measure[condition.measure]
    kind = "at_least" if condition.high == float("inf") else "at_most" if condition.low == -float("inf") else "within"
    return WORDS[lang][kind].format(measure.zh if lang == "zh" else measure.meaning, *condition.written)


# ------------ levers


def lever_in_words(lever: Lever, lang: Lang) -> str:
    """Return what a lever or an event does: "revive_rate × 1.2 for over_60, 2024-01 to 2024-12"."""
    words = WORDS[lang]
    touches = words["for"].format(words["and"].join(lever.touches)) if lever.touches else ""
    parts = [f"{lever.parameter} {_change(lever, lang)}{touches}", *_when(lever, lang)]
    if lever.ramp_months:
        parts.append(words["ramp"].format(lever.ramp_months))
    if lever.half_life_months:
        parts.append(words["fades"].format(lever.half_life_months))
    if lever.cost != NO_COST:
        cost = [
            words[name].format(format_money(amount, lang))
            for name, amount in (("once", lever.cost.once), ("a_month", lever.cost.a_month))
            if amount
        ]
        parts.append(words["costs"].format(words["and"].join(cost)))
    return words["sep"].join(parts)


def _change(lever: Lever, lang: Lang) -> str:
    if lever.operation != "multiply":
        amount = _value(lever.amount, lang)
        bare = amount.lstrip("-－−") if lever.amount.prior.kind == "fixed" else amount
        sign = "− {}" if bare != amount else WORDS[lang][lever.operation]
        return sign.format(bare)
    low, high = lever.amount.prior.central()
    return format_factor(low) + (f"{WORDS[lang]['to']}{format_factor(high)[2:]}" if high != low else "")


def _when(lever: Lever, lang: Lang) -> Iterator[str]:
    words, begins, months = WORDS[lang], lever.begins, lever.lasts_months
    lasting = words["lasting_1"] if months == 1 else words["lasting"].format(months)
    if lever.trigger:
        yield from _trigger(lever, lang)
    elif begins.mean_gap_months:
        yield words["again"].format(begins.first - 1, begins.mean_gap_months)
    elif begins.first != begins.last:
        yield words["between"].format(begins.first, begins.last)
    elif months >= FOREVER:
        yield words["on"].format(begins.first)
    else:
        last = begins.first + months - 1
        yield words["month"].format(last) if months == 1 else words["months"].format(begins.first, last)
    if months < FOREVER and (lever.trigger or begins.first != begins.last or begins.mean_gap_months):
        yield lasting


def _trigger(lever: Lever, lang: Lang) -> Iterator[str]:
    words, trigger = WORDS[lang], lever.trigger
    if trigger is None:
        return
    level = format_persons(trigger.level, lang)
    watch = words["watch"].format(trigger.for_months) if trigger.for_months > 1 else ""
    yield words["below" if trigger.below else "above"].format(trigger.measure, level) + watch
    first, last = lever.begins.first, lever.begins.last
    yield words["watched_on"].format(first) if last - first >= LONGEST_MONTHS else words["watched"].format(first, last)
    if trigger.at_most < FOREVER:
        yield words["times"].format(trigger.at_most)
    if trigger.budget_a_year < float("inf"):
        yield words["budget"].format(format_money(trigger.budget_a_year, lang))


def _value(value: Value | None, lang: Lang) -> str:
    """Return a value as it was written; {low, high} as a range."""
    if value is None or value.text == "":
        return WORDS[lang]["none"]
    low, found, high = value.text.removeprefix("low ").partition(", high ")
    return f"{low}{WORDS[lang]['to']}{high}" if found else value.text


# ------------ what differs


def differs(reference: Scenario, other: Scenario, lang: Lang) -> list[str]:
    """Return what another scenario has otherwise than the reference, a sentence each; never nothing."""
    return differences(reference, other, lang) or [WORDS[lang]["same"]]


def differences(reference: Scenario, other: Scenario, lang: Lang) -> list[str]:
    """Return what another scenario has otherwise than the reference, a sentence each; nothing if a run is the same."""
    words = WORDS[lang]
    return [
        *_moved(words["start"], str(reference.start), str(other.start), lang),
        *_moved(words["until"], str(reference.until), str(other.until), lang),
        *_moved(words["posterior"], _drawn(reference, lang), _drawn(other, lang), lang),
        *_levers(reference, other, lang),
        *_named(words["prior"].format, reference.parameters, other.parameters, lang),
        *_figures(reference.reported, other.reported, lang),
        *_segments(reference, other, lang),
        *_season(reference, other, lang),
        *_shocks(reference, other, lang),
        *_named(words["unknown_season"].format, reference.seasons, other.seasons, lang),
        *_named(words["noise"].format, reference.noise, other.noise, lang),
        *_named(words["headroom"].format, _pool(reference, lang), _pool(other, lang), lang),
        *_campaigns(reference, other, lang),
        *_named(words["written_off"].format, _written_off(reference), _written_off(other), lang),
        *_moved(words["network"], _network(reference, lang), _network(other, lang), lang),
        *_reporting(reference.reporting, other.reporting, lang),
    ]


def _pool(scenario: Scenario, lang: Lang) -> dict[str, Value]:
    return {WORDS[lang]["pool"]: scenario.pool.headroom} if scenario.pool else {}


def _campaigns(reference: Scenario, other: Scenario, lang: Lang) -> Iterator[str]:
    before, now = ({(c.name, c.path): c for c in each.campaigns} for each in (reference, other))
    for key in dict.fromkeys((*before, *now)):
        was, is_now = (_running(each.get(key), lang) for each in (before, now))
        yield from _moved(WORDS[lang]["campaign"].format(*key), was, is_now, lang)


def _running(campaign: Campaign | None, lang: Lang) -> str:
    if campaign is None:
        return WORDS[lang]["none"]
    return WORDS[lang]["running"].format(_value(campaign.effect, lang), campaign.first, campaign.last)


def _written_off(scenario: Scenario) -> dict[str, Value]:
    return {str(month): persons for month, persons in scenario.clean_ups.items()}


def _reporting(before: Reporting, now: Reporting, lang: Lang) -> Iterator[str]:
    for field in fields(Reporting):
        was, is_now = (_breaks(getattr(each, field.name), lang) for each in (before, now))
        yield from _moved(WORDS[lang][field.name], was, is_now, lang)


def _breaks(breaks: Breaks, lang: Lang) -> str:
    if not breaks.a_year:
        return WORDS[lang]["none"]
    words, known = WORDS[lang], breaks.known_from_years
    years = words["known_from"].format(known) if known < float("inf") else ""
    sizes = words["and"].join(words["jump"].format(*map(_percent, size)) for size in breaks.sizes)
    return words["breaks"].format(_percent(breaks.a_year), years, sizes, _percent(breaks.upward))


def _network(scenario: Scenario, lang: Lang) -> str:
    """Return a network as it was declared: its kind, and each number that is not the default's."""
    if scenario.network is None:
        return WORDS[lang]["no_network"]
    declared = {each.name: getattr(scenario.network, each.name) for each in fields(Network)}
    said = {name: value for name, value in declared.items() if name not in ("kind", "provenance") and value}
    seeds = scenario.network.seeds
    if seeds:
        said["seeds"] = f"{seeds.people:,} {seeds.flow} {seeds.month} {seeds.first}"
    return f"{scenario.network.kind} ({', '.join(f'{name} {_plain(value)}' for name, value in said.items())})"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _drawn(scenario: Scenario, lang: Lang) -> str:
    fitted, words = scenario.fitted, WORDS[lang]
    return words["drawn"].format(fitted.name, fitted.digest[:8]) if fitted else words["priors"]


def _moved(what: str, before: str, now: str, lang: Lang) -> Iterator[str]:
    if before != now:
        yield WORDS[lang]["from_to"].format(what, before, now)


def _same(one: Value | None, other: Value | None) -> bool:
    return (one.prior if one else Prior("fixed", 0.0)) == (other.prior if other else Prior("fixed", 0.0))


def _named(title: Title, before: Mapping[str, Value], now: Mapping[str, Value], lang: Lang) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        if name not in before:
            yield WORDS[lang]["is_new"].format(title(name), _value(now[name], lang))
        elif name not in now:
            yield WORDS[lang]["is_gone"].format(title(name), _value(before[name], lang))
        elif not _same(before[name], now[name]):
            yield WORDS[lang]["from_to"].format(title(name), _value(before[name], lang), _value(now[name], lang))


def _levers(reference: Scenario, other: Scenario, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    before, now = ({(lever.chosen, lever.name): lever for lever in s.levers} for s in (reference, other))
    for key in dict.fromkeys((*before, *now)):
        kind, name = words["lever" if key[0] else "event"], key[1]
        was, is_now = before.get(key), now.get(key)
        if was is None and is_now:
            yield words["new"].format(kind, name, lever_in_words(is_now, lang))
        elif is_now is None and was:
            yield words["gone"].format(kind, name, lever_in_words(was, lang))
        elif was and is_now and _effect(was) != _effect(is_now):
            yield words["other"].format(kind, name, lever_in_words(is_now, lang), lever_in_words(was, lang))


def _effect(lever: Lever) -> tuple[object, ...]:
    """Return all that a run reads of a lever: neither where its numbers come from nor how they were written."""
    return (lever.parameter, lever.operation, lever.amount.prior, set(lever.touches), lever.begins, lever.lasts_months,
            lever.ramp_months, lever.half_life_months, lever.trigger, lever.cost)  # fmt: skip


def _figures(before: Sequence[Figure], now: Sequence[Figure], lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    was, is_now = ({(f.of, f.dated): f for f in figures} for figures in (before, now))
    for key in dict.fromkeys((*was, *is_now)):
        title = words["reported"].format(*key)
        if key not in was:
            yield words["is_new"].format(title, is_now[key].text)
        elif key not in is_now:
            yield words["is_gone"].format(title, was[key].text)
        elif was[key].interval != is_now[key].interval:
            yield words["from_to"].format(title, was[key].text, is_now[key].text)


# ------------ segments and contacts


def _segments(reference: Scenario, other: Scenario, lang: Lang) -> Iterator[str]:
    before, now = (_by_dimension(s) for s in (reference, other))
    for dimension in dict.fromkeys((*before, *now)):
        was, is_now = before.get(dimension, {}), now.get(dimension, {})
        if was.keys() == is_now.keys():
            for name in was:
                yield from _band(was[name], is_now[name], lang)
        else:
            words = WORDS[lang]
            one, two = (words["and"].join(bands) or words["none"] for bands in (was, is_now))
            yield from _moved(words["dimension"].format(dimension), one, two, lang)
    if [s.bands for s in reference.segments] == [s.bands for s in other.segments]:
        yield from _contacts(reference, other, lang)


def _by_dimension(scenario: Scenario) -> dict[str, dict[str, Band]]:
    found: dict[str, dict[str, Band]] = {}
    for band in scenario.bands:
        found.setdefault(band.dimension, {})[band.name] = band
    return found


def _band(was: Band, is_now: Band, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    yield from _moved(words["share"].format(was.name), _percent(was.share), _percent(is_now.share), lang)
    yield from _named(lambda n: words["factor"].format(n, was.name), was.factors, is_now.factors, lang)
    yield from _named(lambda n: words["value"].format(n, was.name), was.values, is_now.values, lang)


def _contacts(reference: Scenario, other: Scenario, lang: Lang) -> Iterator[str]:
    """Tell whom a band meets along its own dimension, averaged over its segments."""
    for members in _by_dimension(reference).values():
        for mine in members:
            for theirs in members:
                before, now = (_percent(contact_share(s, mine, theirs)) for s in (reference, other))
                yield from _moved(WORDS[lang]["meets"].format(mine, theirs), before, now, lang)


def contact_share(scenario: Scenario, mine: str, theirs: str) -> float:
    """Return which share of a band's contacts is with another of its dimension, averaged over its segments."""
    here, there = (np.array([band in s.bands for s in scenario.segments]) for band in (mine, theirs))
    shares = np.array([s.share for s in scenario.segments])[here]
    return float(np.average(scenario.mixing[here][:, there].sum(axis=1), weights=shares))


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


# ------------ season and shocks


def _season(reference: Scenario, other: Scenario, lang: Lang) -> Iterator[str]:
    for name in dict.fromkeys((*reference.season, *other.season)):
        before, now = (_factors(s.season.get(name, ()), lang) for s in (reference, other))
        yield from _moved(WORDS[lang]["season"].format(name), before, now, lang)


def _factors(factors: Sequence[float], lang: Lang) -> str:
    listed = ", ".join(f"{factor:.3g}" for factor in factors)
    return WORDS[lang]["factors"].format(listed) if factors else WORDS[lang]["none"]


def _shocks(reference: Scenario, other: Scenario, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    for name in dict.fromkeys((*reference.shocks, *other.shocks)):
        was, is_now = reference.shocks.get(name), other.shocks.get(name)
        if was and is_now:
            yield from _shock(name, was, is_now, lang)
    for name, before, now in (
        ("correlation", reference.correlation, other.correlation),
        ("wiggle", reference.wiggle, other.wiggle),
    ):
        if not _same(before, now):
            yield from _moved(words[name], _value(before, lang), _value(now, lang), lang)


def _shock(name: str, was: Shock, is_now: Shock, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    for what, before, now in (("size", was.size, is_now.size), ("persistence", was.persistence, is_now.persistence)):
        if not _same(before, now):
            yield from _moved(words[what].format(name), _value(before, lang), _value(now, lang), lang)
    one, two = (words["degrees"].format(s.tails) if s.tails else words["normal"] for s in (was, is_now))
    yield from _moved(words["tails"].format(name), one, two, lang)
    if _leads(was) != _leads(is_now):
        yield from _moved(words["drift"].format(name), _drift(was, lang), _drift(is_now, lang), lang)


def _leads(shock: Shock) -> tuple[object, ...]:
    """Return all that a run reads of where a path leads; a slope that is exactly 0 leads nowhere."""
    if shock.trend:
        return shock.trend.mean.prior, shock.trend.start.prior, shock.trend.change.prior, shock.trend.half_life_months
    return () if shock.drift is None or _same(shock.drift, None) else (shock.drift.prior, shock.half_life_months)


def _drift(shock: Shock, lang: Lang) -> str:
    if shock.trend:
        parts = (_value(value, lang) for value in (shock.trend.mean, shock.trend.start, shock.trend.change))
        return WORDS[lang]["reverting"].format(*parts, shock.trend.half_life_months)
    if shock.drift is None:
        return WORDS[lang]["none"]
    return WORDS[lang]["fading"].format(_value(shock.drift, lang), shock.half_life_months)
