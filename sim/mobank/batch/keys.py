"""Keys of a job file, each declared once."""

from typing import ClassVar, Literal

from mobank.base.quantities import MOST_SEED, read_count, read_share
from mobank.batch.job import METHODS
from mobank.ensemble.summary import QUANTILES
from mobank.fidelity import FIDELITIES
from mobank.scenario.keys.questions import BILINGUAL, MEASURE
from mobank.scenario.keys.scenario import ScenarioKeys
from mobank.scenario.kinds import MONTH, NOTHING, NUMBER, TEXT, Each, Either, ListOf, NameGiven, OneOf, Quantity, Words
from mobank.scenario.nouns import Nested, Noun, Ways, YamlKey

MOST_DRAWS, MOST_REPLICATES = 10**10, 1000
MOST_POINTS = 200_000
KEPT = ("registered", "mau")
SPACINGS: tuple[Literal["linear", "log"], ...] = ("linear", "log")
YES_NO: tuple[Literal["yes", "no"], ...] = ("yes", "no")
PERIODS: tuple[Literal["year_ends", "all"], ...] = ("year_ends", "all")
NUMBER_OF_POINTS = Quantity(read_count, Words("points", "个点"), 1, MOST_POINTS)
PROBABILITY = Quantity(read_share, NOTHING, 0, 1, "both", "write 0.1% to 99.9%")
ERROR = Quantity(read_share, NOTHING, 0, 0.5, "low", "write 0.01% to 50%")


class ValuesKeys(Noun):
    """The values of one axis of a grid. / 网格中一个维度的取值。"""

    values = YamlKey(ListOf(NUMBER), "取值", "[+10%, +20%]", required=True).says(
        "The values that it takes: numbers, months, or on and off.", "取哪些值：数、月份，或 on 与 off。"
    )


class RangeKeys(Noun):
    """The range of one axis that points fill evenly. / 均匀布点的一个维度的范围。"""

    low = YamlKey(NUMBER, "下限", "+10%", required=True).says("The lowest value.", "最小值。")
    high = YamlKey(NUMBER, "上限", "+50%", required=True).says("The highest value.", "最大值。")
    scale = YamlKey(OneOf(SPACINGS, "linear or log"), "刻度", "log", "linear").says(
        "Whether points are even in the value or in its logarithm.", "按数值还是按对数均匀布点。"
    )

    ways = ((low, high),)


class DesignKeys(Noun):
    """What is varied between the cases of a job. / 批量作业中改变什么。"""

    method = YamlKey(OneOf(METHODS, "a method"), "方法", "sobol", required=True).says(
        "How points are laid: all combinations (grid), even over ranges (latin_hypercube, sobol), written out (list).",
        "如何布点：全部组合（grid）、在范围内均匀（latin_hypercube、sobol）或逐点列出（list）。",
    )
    points = YamlKey(Either.of(NUMBER_OF_POINTS, ListOf(Each(NUMBER, "axis"))), "点", "512").says(
        "How many points fill the ranges; of a list, the points themselves.", "范围内布多少点；逐点列出时为各点本身。"
    )
    vary = YamlKey(Each(Either.of(Nested(ValuesKeys), Nested(RangeKeys)), "axis"), "改变").says(
        "The axes: levers.<name>.multiply, parameters.<name>, levers.<name> (on, off) and so on.",
        "各维度：levers.<名称>.multiply、parameters.<名称>、levers.<名称>（on、off）等。",
    )

    ways = ((method, points, vary),)


class KeepKeys(Noun):
    """What is kept of each replicate. / 每次重复保留什么。"""

    measures = YamlKey(ListOf(MEASURE), "指标", "[registered, mau]", KEPT).says(
        "The measures whose distributions are summarised.", "汇总分布的指标。"
    )
    months = YamlKey(
        Either.of(OneOf(PERIODS, "year_ends, all or a list of months"), ListOf(MONTH)), "月份", "year_ends"
    ).says(
        "The months that are summarised: year_ends (with start and end), all, or a list; left out: year_ends.",
        "汇总哪些月份：year_ends（年末及起止月）、all（全部）或列表；不写为 year_ends。",
    )
    quantiles = YamlKey(ListOf(PROBABILITY), "分位点", "[5%, 50%, 95%]", QUANTILES).says(
        "The quantiles; left out: 5, 10, 25, 50, 75, 90 and 95%.", "分位点；不写为 5、10、25、50、75、90、95%。"
    )
    paths = YamlKey(ListOf(MEASURE), "路径", "[mau]", ()).says(
        "The measures of which every month of every replicate is kept.", "逐次逐月全部保留的指标。"
    )
    segments = YamlKey(OneOf(YES_NO, "yes or no"), "客群", "yes", "no").says(
        "Whether all this is kept of each segment too.", "是否也按客群保留。"
    )


class StopKeys(Noun):
    """When a case has been drawn often enough. / 抽样到何时为止。"""

    ask = YamlKey(TEXT, "问题", "two_hundred_million").says(
        "The ask whose probability must be known to the error.", "其概率须达到误差要求的问题。"
    )
    measure = YamlKey(NameGiven(Words("a measure that is kept", "所保留的指标")), "指标", "mau").says(
        "The measure whose quantile must be known to the error.", "其分位数须达到误差要求的指标。"
    )
    in_ = YamlKey(MONTH, "当月", "2025-12").says("The month of the quantile.", "分位数所在的月份。")
    quantile = YamlKey(PROBABILITY, "分位点", "5%").says("Which quantile.", "哪个分位点。")
    error = YamlKey(ERROR, "误差", "0.5%", required=True).says(
        "The largest Monte Carlo standard error: in probability, of a quantile relative to it.",
        "蒙特卡洛标准误上限：概率为绝对值，分位数为相对值。",
    )

    ways: ClassVar[Ways] = ((ask, error), (measure, in_, quantile, error))


class JobKeys(Noun):
    """A Monte Carlo job. / 蒙特卡洛批量作业。"""

    question = YamlKey(BILINGUAL, "问题", "How likely are 2亿 active users?", ("", "")).says(
        "What you want to know.", "想回答的问题。"
    )
    scenarios = YamlKey(
        Either.of(TEXT, ListOf(TEXT)), "情景", "[../baseline.yaml, ../win_back.yaml]", required=True
    ).says(
        "The scenario files, relative to the job; * stands for any name.", "情景文件，相对于作业文件；* 代表任意名称。"
    )
    draws = YamlKey(Quantity(read_count, NOTHING, 2, MOST_DRAWS), "抽样数", "10,000", required=True).says(
        "Parameter draws of each case; the most where stop is given.", "每个方案的参数抽样次数；有 stop 时为上限。"
    )
    replicates_per_draw = YamlKey(Quantity(read_count, NOTHING, 1, MOST_REPLICATES), "每次重复数", "4", 1).says(
        "Replicates of each draw, which differ by who moves.", "每次抽样的重复次数，差别在于谁发生变动。"
    )
    seed = YamlKey(Quantity(read_count, NOTHING, 0, MOST_SEED), "种子", "7", 1).says(
        "Seed of all random streams.", "全部随机数流的种子。"
    )
    fidelity = YamlKey(OneOf(sorted(FIDELITIES), "a fidelity"), "精细度", "mean_field", "cohort").says(
        "How the bank is simulated.", "以何种精细度模拟。"
    )
    asks = YamlKey(ScenarioKeys.asks.kind, ScenarioKeys.asks.name_zh).says(
        "Questions that are put to every scenario, as in a scenario.", "对每个情景都提的概率问题，写法同情景文件。"
    )
    design = YamlKey(Nested(DesignKeys), "设计").says(
        "What is varied between the cases; left out: the scenarios as they are.", "各方案间改变什么；不写则照情景原样。"
    )
    keep = YamlKey(Nested(KeepKeys), "保留").says("What is kept of each replicate.", "每次重复保留什么。")
    stop = YamlKey(Nested(StopKeys), "停止").says("When a case has been drawn often enough.", "抽样到何时为止。")
