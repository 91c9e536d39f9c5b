"""Keys of what is reported of a bank's customers, and of how they are divided."""

from dataclasses import replace

from mobank.base.quantities import read_count, read_number, read_share
from mobank.scenario.keys import model_names
from mobank.scenario.keys.values import VALUE, AnySourceKeys, FigureSourceKeys, LeverSourceKeys
from mobank.scenario.kinds import NOTHING, REPORTED, TEXT, Each, EachOf, ListOf, ModelName, NameGiven, Quantity, Words
from mobank.scenario.nouns import Nested, Noun, YamlKey
from mobank.scenario.values import SCALES, ValueOf

MOST_BANDS = 50  # of one dimension
MOST_STALE = 0.1
LONGEST_WINDOW_DAYS = 366
CLASSES, MOST_CLASSES, WIDEST_SPREAD = 3, 9, 2.0


class FigureKeys(FigureSourceKeys):
    """A figure as published. / 公布的数据。"""

    figure = YamlKey(REPORTED, "数据", "超1.74亿户", required=True).says(
        "The figure as printed; its wording says how exact it is.", "公布的原文；措辞（超、近、约）决定精度。"
    )
    wording = YamlKey(TEXT, "原文", "月活超1.74亿户").says(
        "The original wording, where it says more than the figure.", "公布的原文。"
    )
    definition = YamlKey(NameGiven(Words("one of the definitions", "口径名称")), "口径").says(
        "Which of the definitions it follows; model: a flow that is counted exactly as the model counts it.",
        "所用口径的名称；流量可写 model：与模型的统计完全一致。",
    )
    stale_share = YamlKey(
        Quantity(
            read_share,
            NOTHING,
            0,
            MOST_STALE,
            hint="it is the chance that the figure was already passed when it was printed",
        ),
        "已过概率",
        "4%",
    ).says(
        "The chance that the true number was beyond the range when it was printed; left out: 2% after 超, else none.",
        "公布时真实值已超出该范围的概率；不写：“超”为 2%，其余为 0。",
    )

    source = replace(FigureSourceKeys.source, required=True)

    ways = ((figure, source, FigureSourceKeys.evidence),)


class DefinitionKeys(AnySourceKeys):
    """What exactly the figures count. / 指标的口径。"""

    counts = YamlKey(TEXT, "统计对象", "all mobile apps of the bank", required=True).says(
        "What is counted: which apps, which customers.", "统计对象：哪些应用、哪些客户。"
    )
    window_days = YamlKey(Quantity(read_count, Words("days", "天"), 1, LONGEST_WINDOW_DAYS), "窗口天数", "30").says(
        "Active within so many days.", "活跃统计窗口（天）。"
    )
    against = YamlKey(NameGiven(Words("one of the definitions", "口径名称")), "对照口径").says(
        "The definition that this one is a break from.", "与之断点的另一口径。"
    )
    factor = YamlKey(ValueOf(SCALES["factor"], sourced=True), "系数", "{low: 0.8, high: 1.1, reason: …}").says(
        "How its figures compare with those; left out: 5 % a year to either side.", "与该口径之比；不写为每年上下 5%。"
    )


class BandKeys(AnySourceKeys):
    """A part of the customers along one dimension. / 某一维度上的一段客群。"""

    share = YamlKey(Quantity(read_share, NOTHING), "占比", "20%", required=True).says(
        "Share of the customers; the bands of a dimension sum to 100%.", "占客户的比例；同一维度合计 100%。"
    )
    factors = YamlKey(
        EachOf.one("parameter of a segment", model_names.of_segments, VALUE), "系数", "{lapse_rate: 0.8}"
    ).says("Times the base value, by parameter.", "各参数乘以的系数。")
    values = YamlKey(
        EachOf.one("parameter of a segment", model_names.numbers_of_segments, VALUE), "取值", "{reach_share: 90%}"
    ).says("In place of the base value, by parameter.", "各参数替换的值。")

    ways = ((share, AnySourceKeys.source),)


class SpreadKeys(LeverSourceKeys):
    """Persons who differ, nobody knows who is who. / 个人差异。"""

    sigma = YamlKey(Quantity(read_number, NOTHING, 0, WIDEST_SPREAD, "low"), "差异", "0.8", required=True).says(
        "Standard deviation of the log of what a person's rates are multiplied by.", "个人差异（系数的对数标准差）。"
    )
    classes = YamlKey(Quantity(read_count, Words("classes", "类"), 2, MOST_CLASSES), "类数", "3", CLASSES).says(
        "How many classes stand for the spread.", "用几类人代表。"
    )
    parameters = YamlKey(
        ListOf(ModelName(model_names.rates_of_segments, "a rate of a segment")),
        "参数",
        "[innovation_rate]",
        required=True,
    ).says("The rates that differ, all by one factor a person.", "哪些率因人而异。")

    ways = ((sigma, classes, parameters, LeverSourceKeys.reason),)


class DimensionKeys(Noun):
    """What stands in place of bands in a dimension whose persons differ. / 以个人差异代替分段的维度。"""

    spread = YamlKey(Nested(SpreadKeys), "差异").says(
        "Classes of persons who differ, in place of bands.", "以个人差异的若干类代替分段。"
    )


BANDS = Each(Nested(BandKeys), "band", MOST_BANDS)


class MeasuredKeys(Noun):
    """Figures of a measure: of the whole bank, or for bands. / 某指标的公布数据：全行，或分客群。"""

    for_ = YamlKey(
        Each(Each(Nested(FigureKeys), "month"), "band", MOST_BANDS),
        "客群",
        "{west: {2022-12: {figure: 612万户, source: …}}}",
    ).says(
        "Figures for bands of one dimension, such as regions; a band without figures is the rest of the whole.",
        "同一维度各段（如各地区）的数据；未写的一段为全行减去其余各段。",
    )


MEASURED = Nested(MeasuredKeys, Each(Nested(FigureKeys), "month"))
MEASURED_FLOW = Nested(MeasuredKeys, Each(Nested(FigureKeys), "month or year"))


class MixingKeys(LeverSourceKeys):
    """Where the contacts come from, beside a dimension's rows. / 接触比例的依据。"""
