"""Keys of what is done and of what happens: levers, events, and what sets them off."""

from mobank.base.quantities import read_count, read_months_duration, read_persons
from mobank.scenario.keys import model_names
from mobank.scenario.keys.values import VALUE, LeverSourceKeys, ValueKeys
from mobank.scenario.kinds import (
    MONEY,
    MONTH,
    MONTHS,
    NUMBER,
    PERSONS,
    TEXT,
    Either,
    ListOf,
    ModelName,
    NameGiven,
    Quantity,
    Words,
)
from mobank.scenario.nouns import Nested, Noun, YamlKey
from mobank.scenario.scenario import FOREVER

LONGEST_MONTHS = 1200
BAND = NameGiven(Words("a segment", "客群名称"))
TIMES = Words("times", "次")


class CapacityKeys(ValueKeys):
    """The capacity of a service desk: a value, or a study that it follows from. / 服务台能力：取值，或由研究得出。"""

    desk = YamlKey(TEXT, "服务台", "desks/remote_service.yaml").says(
        "A desk study, by path or name, whose set-ups a month are the capacity; see mobank desk.",
        "服务台研究文件（路径或名称）：以其每月开通数为能力；见 mobank desk。",
    )

    ways = (*ValueKeys.ways, (desk,))


CAPACITY = Either.of(NUMBER, Nested(CapacityKeys))


class DateKeys(Noun):
    """A beginning that is not certain. / 不确定的开始月份。"""

    between = YamlKey(ListOf(MONTH, 2), "区间", "[2024-01, 2024-06]").says(
        "It begins in one of these months, the first and the last included, drawn again in every run.",
        "在这两个月之间开始，每次运行随机。",
    )
    mean_gap_months = YamlKey(Quantity(read_months_duration, MONTHS, 1, LONGEST_MONTHS), "平均间隔月数", "18").says(
        "It comes again and again, with this mean gap.", "反复出现，平均间隔月数。"
    )
    after = YamlKey(MONTH, "此后", "2022-12").says("The month after which it may first come.", "从此月之后才可能出现。")

    ways = ((between,), (mean_gap_months, after))


class TriggerKeys(Noun):
    """What sets a policy off. / 触发条件。"""

    measure = YamlKey(
        ModelName(model_names.stocks, "a measure that a policy can watch"), "指标", "mau", required=True
    ).says("Which measure is watched.", "观察的指标。")
    below = YamlKey(Quantity(read_persons, PERSONS), "低于", "1.7亿").says(
        "Triggers below this level; or use above.", "低于此值触发；或用 above。"
    )
    above = YamlKey(Quantity(read_persons, PERSONS), "高于", "2亿").says("Triggers above this level.", "高于此值触发。")
    for_months = YamlKey(Quantity(read_count, MONTHS, 1, LONGEST_MONTHS), "连续月数", "2", 1).says(
        "After so many months in a row.", "连续几个月。"
    )
    at_most = YamlKey(Quantity(read_count, TIMES, 1, LONGEST_MONTHS), "次数上限", "2", FOREVER).says(
        "At most this many times; left out: any number.", "最多触发几次；不写为不限。"
    )
    budget_a_year = YamlKey(MONEY, "年度预算", "3亿元", float("inf")).says(
        "It stops when a calendar year has cost so much.", "每自然年预算上限。"
    )

    ways = ((measure, below, for_months),)


class CostKeys(Noun):
    """What a lever costs. / 举措的花费。"""

    once = YamlKey(MONEY, "一次性", "3000万元", 0.0).says("Yuan when it begins.", "启动时一次性花费（元）。")
    a_month = YamlKey(MONEY, "每月", "50万元", 0.0).says(
        "Yuan in each month that it lasts.", "持续期间每月花费（元）。"
    )

    ways = ((once, a_month),)


class LeverKeys(LeverSourceKeys):
    """What the bank chooses to do. / 银行主动采取的举措。"""

    parameter = YamlKey(ModelName(model_names.parameters, "a parameter"), "参数", "revive_rate", required=True).says(
        "Which number of the model it changes; see mobank describe.", "改变模型的哪个参数；见 mobank describe。"
    )
    multiply = YamlKey(VALUE, "乘以", "{low: +5%, high: +30%}").says(
        "Times this factor: +12%, -8% or 1.2; or {low, high}. One of multiply, set and add.",
        "乘以系数：+12%、-8% 或 1.2；或 {low, high}。multiply、set、add 三选一。",
    )
    set = YamlKey(CAPACITY, "设为", "1%").says("To this value, in the parameter's unit.", "设为此值，单位与参数相同。")
    add = YamlKey(VALUE, "增加", "0.2%").says("Plus this, in the parameter's unit.", "增加此值，单位与参数相同。")
    for_ = YamlKey(Either.of(BAND, ListOf(BAND)), "客群", "[over_60]").says(
        "Bands of the customers; several of one dimension: any of them; of several: both. Left out: everybody.",
        "作用的客群；同一维度为“或”，不同维度为“且”；不写为全体。",
    )
    from_ = YamlKey(Either.of(MONTH, Nested(DateKeys)), "开始", "2024-01").says(
        "The first month: a month, {between: [a, b]} or {mean_gap_months, after}.",
        "开始月份：一个月，或 {between: [a, b]}，或 {mean_gap_months, after}。",
    )
    when = YamlKey(Nested(TriggerKeys), "触发").says(
        "What sets a policy off, in place of a date.", "触发条件，代替日期。"
    )
    until = YamlKey(MONTH, "结束", "2025-12").says(
        "The last month, where `from` is one month.", "最后一个月（from 为单个月时）。"
    )
    lasts_months = YamlKey(
        Quantity(read_count, MONTHS, 1, LONGEST_MONTHS, hint="leave it out for what never ends"),
        "持续月数",
        "24",
        FOREVER,
    ).says("How many months it is in force; left out: for ever.", "持续几个月；不写为一直有效。")
    ramp_months = YamlKey(Quantity(read_months_duration, MONTHS, 0, LONGEST_MONTHS), "见效月数", "6", 0.0).says(
        "Months until the full effect.", "逐步见效所需月数。"
    )
    half_life_months = YamlKey(Quantity(read_months_duration, MONTHS, 0.1, LONGEST_MONTHS), "减半月数", "36", 0.0).says(
        "Months in which the effect halves, after its full rise.", "全面见效后，效果减半所需月数。"
    )
    cost = YamlKey(Nested(CostKeys), "花费").says("What it costs.", "花费。")

    ways = ((parameter, multiply, from_, LeverSourceKeys.evidence, LeverSourceKeys.reason),)


class EventKeys(LeverKeys, without=(LeverKeys.when, LeverKeys.cost)):
    """What happens to the bank. / 不由银行决定的事件。"""
