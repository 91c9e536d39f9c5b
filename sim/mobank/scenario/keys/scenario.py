"""Keys of a scenario file as a whole, and of what goes up and down in it."""

from mobank.base.quantities import read_factor, read_growth, read_months_duration, read_number
from mobank.scenario.keys import model_names
from mobank.scenario.keys.changes import CAPACITY, EventKeys, LeverKeys
from mobank.scenario.keys.customers import BANDS, MEASURED, MEASURED_FLOW, DefinitionKeys, DimensionKeys, MixingKeys
from mobank.scenario.keys.network import NetworkKeys
from mobank.scenario.keys.past_events import CAMPAIGNS, CLEAN_UPS
from mobank.scenario.keys.questions import BILINGUAL, AskKeys
from mobank.scenario.keys.reporting import ReportingKeys
from mobank.scenario.keys.retention import RETENTION
from mobank.scenario.keys.values import VALUE, AnySourceKeys, ValueKeys
from mobank.scenario.kinds import MONTH, MONTH_OR_LATER, MONTHS, NUMBER, TEXT, Each, EachOf, ListOf, Quantity, Words
from mobank.scenario.nouns import Nested, Noun, YamlKey
from mobank.scenario.values import SCALES, ValueOf

HALF_LIFE_MONTHS, LONGEST_HALF_LIFE_MONTHS = 36.0, 1200  # of a drift
MOST_CHANGE = 0.3  # of a growth, in a year


class SeasonKeys(AnySourceKeys):
    """Which months of the year are higher or lower. / 各月的季节高低。"""

    by_month = YamlKey(
        ListOf(Quantity(read_factor, Words("times the mean", "倍（相对均值）"), *SCALES["factor"].plausible), 12),
        "各月",
        "[1.1, 1.2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.9]",
        required=True,
    ).says("Twelve factors, January first.", "十二个系数，从一月起。")

    ways = ((by_month, AnySourceKeys.reason),)


class ShockKeys(AnySourceKeys):
    """Good and bad years of the whole bank, along one path. / 一条路径上的好年份与坏年份。"""

    size = YamlKey(ValueOf(SCALES["size"]), "幅度", "20%", required=True).says(
        "Standard deviation of the log from year to year.", "年度波动（对数标准差）。"
    )
    persistence = YamlKey(ValueOf(SCALES["persistence"]), "延续", "50%", required=True).says(
        "How much of a year's shock is left in the next.", "上一年冲击延续到下一年的比例。"
    )
    tails = YamlKey(Quantity(read_number, Words("degrees of freedom", "自由度"), 2.5, 100), "厚尾", "5", 0.0).says(
        "Degrees of freedom of Student's t; left out: normal.", "t 分布自由度；不写为正态。"
    )

    ways = ((size, persistence, AnySourceKeys.reason),)


class CorrelationKeys(Noun):
    """What is common to the shock paths. / 各冲击路径的共同设定。"""

    correlation = YamlKey(ValueOf(SCALES["correlation"], sourced=True), "相关", "{value: 0.3, reason: …}").says(
        "Between the paths, −1 to 1.", "两条路径的相关系数。"
    )
    wiggle = YamlKey(ValueOf(SCALES["wiggle"], sourced=True), "年内波动", "{value: 2%, reason: …}").says(
        "Small variation within a year, which year-ends do not show.", "年内小波动，年末看不出。"
    )


class PoolKeys(Noun):
    """How many could ever register, where no count of customers is reported. / 未公布客户总数时可注册的总人数。"""

    headroom = YamlKey(
        ValueOf(SCALES["headroom"], sourced=True), "余量", "{median: 400%, sigma: 1.4, reason: …}", required=True
    ).says(
        "People beyond the first figure, as a multiple of it: 4 or 400%.", "首个公布数之外的人数，为其倍数：4 或 400%。"
    )
    tails = YamlKey(Quantity(read_number, Words("degrees of freedom", "自由度"), 2.5, 100), "厚尾", "4", 0.0).says(
        "Degrees of freedom of the headroom's logarithm, Student's t; left out: normal.",
        "余量对数的 t 分布自由度；不写为正态。",
    )

    ways = ((headroom, tails),)


class DriftKeys(ValueKeys):
    """A trend of the product: a slope that fades, or a growth. / 产品趋势：逐渐减弱的斜率，或回归均值的增长。"""

    growth = YamlKey(
        ValueOf(SCALES["growth"]._replace(name="the growth of a trend")), "长期增长", "{mean: 4%, sd: 2%}"
    ).says(
        "Growth a year in the long run, with start and change, in place of mean and sd.",
        "长期年增长率，与 start、change 同用，代替 mean 和 sd。",
    )
    start = YamlKey(
        ValueOf(SCALES["growth"]._replace(name="the start of a trend")), "起始高出", "{mean: 4%, sd: 4%}"
    ).says("By how much it is above that at the first figure.", "首个公布数时高出长期增长的幅度。")
    change = YamlKey(Quantity(read_growth, Words("a year", "每年"), 0, MOST_CHANGE), "年变动", "2.5%").says(
        "Standard deviation of what chance adds to the growth in a year.", "一年内随机变动的标准差。"
    )
    half_life_months = YamlKey(
        Quantity(read_months_duration, MONTHS, 1, LONGEST_HALF_LIFE_MONTHS), "减半月数", "36", HALF_LIFE_MONTHS
    ).says(
        "Months in which the slope, or what the growth is away from its mean, halves.",
        "斜率或增长对均值的偏离减半所需月数。",
    )

    ways = (*ValueKeys.ways, (growth, start, change))
    of_a_trend = (growth, start, change)


DRIFT = ValueOf(SCALES["growth"], True, DriftKeys)
NOISE = ValueOf(SCALES["noise"], sourced=True)
SEASON_SIZE = ValueOf(SCALES["season"], sourced=True)
MEASURES = ((model_names.stocks, MEASURED), (model_names.flow_measures, MEASURED_FLOW))
SEASON = EachOf(
    "parameter, shock path or stock measure",
    (
        (model_names.with_season, Nested(SeasonKeys)),
        (model_names.shock_paths, SEASON_SIZE),
        (model_names.stocks, SEASON_SIZE),
    ),
)


class ScenarioKeys(Noun):
    """A scenario or a calibration target. / 情景或校准数据文件。"""

    extends = YamlKey(TEXT, "基于", "baseline.yaml").says(
        "The file that this one changes, by path or name; write only what differs.",
        "本文件所修改的文件（路径或名称）；只写不同之处。",
    )
    subject = YamlKey(BILINGUAL, "对象", "ICBC personal mobile banking", ("", "")).says(
        "What the figures are about.", "数据的对象。"
    )
    question = YamlKey(BILINGUAL, "问题", "What if more customers come back?", ("", ""), required=True).says(
        "What you want to know.", "想回答的问题。"
    )
    start = YamlKey(MONTH, "起点", "2022-12").says(
        "The month of the figures from which a run starts; left out: the last that is reported.",
        "起点月份，须有公布数据；不写则为最后一个有公布数据的月份。",
    )
    until = YamlKey(MONTH_OR_LATER, "终点", "2027-12", required=True).says(
        "The last month, or how many months after the start: 36 months.", "最后一个月，或起点之后若干个月：36个月。"
    )
    posterior = YamlKey(TEXT, "后验", "icbc_mobile").says(
        "Fitted draws that runs start from, by name or folder; else priors and figures.",
        "起点所用的校准后验（名称或文件夹）；不写则只用先验和公布数据。",
    )
    definitions = YamlKey(Each(Nested(DefinitionKeys), "definition", 50), "口径", default={}).says(
        "What exactly the figures count, by name.", "各指标的口径，名称自定。"
    )
    reported = YamlKey(EachOf("reported measure", MEASURES), "公布数据").says(
        "What the bank has reported: counts by month, flows by month or year.",
        "银行公布的数据：存量按月，流量按月或按年。",
    )
    retention = YamlKey(RETENTION, "留存").says(
        "Of those who registered in a month, which share a measure still counts so many months later.",
        "某月注册的客户中，若干月后仍被某指标计入的比例。",
    )
    noise = YamlKey(
        EachOf.one("stock measure", model_names.stocks, NOISE), "噪声", "{mau: {low: 0.1%, high: 0.4%, reason: …}}"
    ).says(
        "What monthly figures of a measure scatter by beside what is counted, on the log scale.",
        "月度公布数相对真实统计的随机误差（对数标准差）。",
    )
    pool = YamlKey(Nested(PoolKeys), "潜在总体").says(
        "How many could ever register, where no count of customers is reported.",
        "未公布客户总数时，最多有多少人可注册。",
    )
    campaigns = YamlKey(CAMPAIGNS, "已公布的活动", default={}).says(
        "Announced campaigns in months that have been reported, failures too: what they did is no chance.",
        "已公布数据期间内事先公布的营销活动（包括失败的）：其影响不计为随机波动。",
    )
    clean_ups = YamlKey(CLEAN_UPS, "清理沉睡用户", default={}).says(
        "Dormant registrations written off, by month; a count of registered falls only by these and by closures.",
        "各月清理的沉睡注册；注册数只因清理和注销而下降。",
    )
    segments = YamlKey(Each(Nested(DimensionKeys, BANDS), "dimension", 10), "客群", default={}).says(
        "How the customers are divided: dimensions, each with bands.", "客户如何划分：若干维度，每个维度分若干段。"
    )
    parameters = YamlKey(
        EachOf("parameter", ((model_names.other_numbers, VALUE), (model_names.capacities, CAPACITY))),
        "参数",
        required=True,
    ).says("What is thought of each number of the model.", "模型各参数的取值或先验。")
    mixing = YamlKey(Nested(MixingKeys, Each(Each(Each(NUMBER, "band"), "band"), "dimension")), "接触").says(
        "Who meets whom along a dimension; the rest in proportion.", "同一维度内谁与谁接触；未写的按比例。"
    )
    season = YamlKey(SEASON, "季节").says(
        "Which months of the year are higher or lower: factors of a parameter; of a path or a measure, how much.",
        "各月的季节高低：参数写十二个系数；冲击路径或存量指标写幅度（由校准推断）。",
    )
    shocks = YamlKey(
        Nested(CorrelationKeys, EachOf.one("shock path", model_names.shock_paths, Nested(ShockKeys))), "冲击"
    ).says("Good and bad years of the whole bank.", "全行的好年份与坏年份。")
    drift = YamlKey(EachOf.one("shock path", model_names.shock_paths, DRIFT), "趋势").says(
        "A trend of the product: a slope that fades, or a growth that comes back to its mean.",
        "产品趋势：逐渐减弱的斜率，或回归均值的增长。",
    )
    levers = YamlKey(Each(Nested(LeverKeys), "lever", 200), "举措", default={}).says(
        "What the bank chooses to do.", "银行主动采取的举措。"
    )
    events = YamlKey(Each(Nested(EventKeys), "event", 200), "事件", default={}).says(
        "What happens to the bank.", "不由银行决定的事件。"
    )
    asks = YamlKey(Each(Nested(AskKeys), "ask", 50), "概率问题", default={}).says(
        "The questions that a run answers with a probability.", "要回答概率的问题。"
    )
    network = YamlKey(Nested(NetworkKeys), "网络").says(
        "Who knows whom, person by person; for --fidelity agents.", "逐人的社交网络；仅用于 --fidelity agents。"
    )
    reporting = YamlKey(Nested(ReportingKeys), "披露").says(
        "What happens between what is counted and what is printed.", "实际数与披露数之间的差别。"
    )
