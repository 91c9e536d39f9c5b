"""Keys of a map: what a table means, as far as the table does not say it itself."""

from typing import Literal

from mobank.scenario.keys.values import FIGURE_EVIDENCE
from mobank.scenario.kinds import TEXT, Each, ListOf, NameGiven, OneOf, Raw, Words
from mobank.scenario.nouns import Nested, Noun, YamlKey

Use = Literal["read", "skip"]
Digits = Literal["as shown", "exact"]
USES: tuple[Use, ...] = ("read", "skip")
DIGITS: tuple[Digits, ...] = ("as shown", "exact")
EVIDENCE = OneOf(FIGURE_EVIDENCE, "a kind of evidence")


class TableKeys(Noun):
    """One table of the file. / 文件中的一张表。"""

    use = YamlKey(OneOf(USES, "read or skip"), "用途", "read", "read").says("Whether it is read.", "是否读取。")
    unit = YamlKey(TEXT, "单位", "万户").says(
        "The unit of its figures, where neither row nor cell says another.",
        "表中数字的单位；行或单元格另有单位的除外。",
    )
    for_ = YamlKey(TEXT, "客群", "west").says(
        "The region that all of it is of, as named under regions; whole for the bank.",
        "整张表所属地区（regions 中的名称）；whole 为全行。",
    )
    hidden = YamlKey(OneOf(USES, "read or skip"), "隐藏行列", "skip").says(
        "Whether hidden rows and columns are read.", "隐藏的行和列是否读取。"
    )


class MetricKeys(Noun):
    """What the table calls a metric. / 表中的一个指标。"""

    measure = YamlKey(
        NameGiven(Words("a measure of the model, or skip", "模型的指标名，或 skip")), "指标", "mau", required=True
    ).says("Which measure of the model it is; skip to leave it out.", "对应模型的哪个指标；skip 为不读。")
    definition = YamlKey(Raw(), "口径", "{before: bank_app, from 2021-07: both_apps}").says(
        "The name of what exactly is counted; where that changed, before and from which month.",
        "统计口径的名称；口径变更时写 before 与起始月份。",
    )
    unit = YamlKey(TEXT, "单位", "万户").says("Its unit, where it is another than the table's.", "与表不同的单位。")
    for_ = YamlKey(TEXT, "客群", "west").says("The region that it is of.", "所属地区。")
    digits = YamlKey(OneOf(DIGITS, "as shown or exact"), "位数", "exact", "as shown").says(
        "Whether figures are as exact as they are shown, or as the cell holds them.", "按显示位数，或按单元格全部位数。"
    )
    evidence = YamlKey(EVIDENCE, "证据", "internal").says("How its figures are known.", "数据的证据等级。")
    confirmed = YamlKey(Raw(), "已核实", "{2022-03: double-checked, a campaign}").says(
        "Months whose figure looks wrong and is right, each with a reason; A..B for a span.",
        "看似有误但已核实的月份及理由；A..B 为区间。",
    )


class FootnoteKeys(Noun):
    """What a mark beside a figure says. / 数字旁标记的含义。"""

    note = YamlKey(TEXT, "备注", "recounted", required=True).says("What the mark says.", "标记的含义。")
    evidence = YamlKey(EVIDENCE, "证据", "unverified").says(
        "How figures with it are known.", "带该标记数字的证据等级。"
    )


class MapKeys(Noun):
    """How a file of tables is read. / 表格文件的读取方式。"""

    evidence = YamlKey(EVIDENCE, "证据", "internal", "internal").says("How the figures are known.", "数据的证据等级。")
    dimension = YamlKey(TEXT, "维度", "region", "region").says(
        "What the regions divide the customers by.", "各地区所属的客群维度。"
    )
    tables = YamlKey(Each(Nested(TableKeys), "table"), "表", required=True).says("The tables, by sheet.", "各表。")
    metrics = YamlKey(Each(Nested(MetricKeys), "metric"), "各指标", required=True).says(
        "The metrics, as the tables call them.", "各指标，按表中名称。"
    )
    regions = YamlKey(Each(TEXT, "region"), "各地区", default={}).says(
        "The regions, as the tables call them: the band that each is, whole or skip.",
        "各地区，按表中名称：对应的客群段名，或 whole（全行）、skip（不读）。",
    )
    definitions = YamlKey(Each(TEXT, "definition"), "各口径", default={}).says(
        "What exactly each definition counts.", "各口径的统计对象。"
    )
    footnotes = YamlKey(Each(Nested(FootnoteKeys), "mark"), "脚注", default={}).says(
        "Marks beside figures.", "数字旁的标记。"
    )
    missing = YamlKey(ListOf(TEXT), "缺失标记", "[未出]", ()).says(
        "Texts that stand where there is no figure, beside — and n/a.", "表示没有数据的文字（— 和 n/a 之外）。"
    )
    ignored = YamlKey(ListOf(TEXT), "忽略", "[较年初]", ()).says(
        "Headings of rows and columns that are left out.", "不读的行或列的标题。"
    )
