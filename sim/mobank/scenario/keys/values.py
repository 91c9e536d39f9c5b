"""Keys of one value, and of where it comes from."""

from typing import ClassVar

from mobank.scenario.kinds import NUMBER, TEXT, Either, OneOf
from mobank.scenario.nouns import Nested, Noun, Ways, YamlKey

FIGURE_EVIDENCE = ("internal", "article", "secondary", "unverified", "assumption")
LEVER_EVIDENCE = ("test", "analogue", "assumption")
ANY_EVIDENCE = (*LEVER_EVIDENCE, *(tag for tag in FIGURE_EVIDENCE if tag not in LEVER_EVIDENCE))
WIDEST_SIGMA = 5


def _evidence(tags: tuple[str, ...], example: str) -> YamlKey[str]:
    return YamlKey(OneOf(tags, "a kind of evidence"), "证据", example, default="").says(
        f"How the number is known: {', '.join(tags)}.", f"证据等级：{'、'.join(tags)}。"
    )


class SourceKeys(Noun):
    """Where a number comes from. / 数字的依据。"""

    source = YamlKey(TEXT, "出处", default="").says(
        "Where the number comes from: document, page, date.", "数字出处：文件、页码、日期。"
    )
    reason = YamlKey(TEXT, "理由", default="").says(
        "Why this number, where there is no source.", "没有出处时，为什么取这个数。"
    )
    note = YamlKey(TEXT, "备注").says("Anything else worth knowing.", "其他说明。")


class AnySourceKeys(SourceKeys):
    """Where a number comes from, of whatever kind. / 各类数字的依据。"""

    evidence = _evidence(ANY_EVIDENCE, "assumption")


class LeverSourceKeys(SourceKeys):
    """Where the size of something chosen or supposed comes from. / 举措与假设的依据。"""

    evidence = _evidence(LEVER_EVIDENCE, "assumption")


class FigureSourceKeys(SourceKeys):
    """Where a figure was published. / 公布数据的出处。"""

    evidence = _evidence(FIGURE_EVIDENCE, "article")


class ValueKeys(AnySourceKeys):
    """A number or a prior. / 确定的数或先验。"""

    value = YamlKey(NUMBER, "数值", "3%").says("Exactly this number.", "确定的数。")
    low = YamlKey(NUMBER, "下限", "3%").says("Lower end: 5 % of the prior lie below.", "下限：先验的 5% 低于此数。")
    high = YamlKey(NUMBER, "上限", "9%").says("Upper end: 5 % of the prior lie above.", "上限：先验的 5% 高于此数。")
    median = YamlKey(NUMBER, "中位数", "5%").says("Middle of the prior, with sigma.", "先验的中位数，与 sigma 同用。")
    sigma = YamlKey(NUMBER, "对数标准差", "0.4").says(
        "Standard deviation on the log (shares: logit) scale.", "对数（占比为 logit）标准差。"
    )
    mean = YamlKey(NUMBER, "均值", "5%").says(
        "Mean of a normal prior, with sd: for drifts and additions.", "正态先验的均值，与 sd 同用：用于趋势和增量。"
    )
    sd = YamlKey(NUMBER, "标准差", "4%").says("Standard deviation of a normal prior.", "正态先验的标准差。")

    ways: ClassVar[Ways] = ((value,), (low, high), (median, sigma), (mean, sd))


class FixedKeys(AnySourceKeys):
    """Exactly one number, with its source. / 确定的数及其依据。"""

    value = YamlKey(NUMBER, "数值", "30", required=True).says("Exactly this number.", "确定的数。")

    ways = ((value, AnySourceKeys.reason),)


VALUE = Either.of(NUMBER, Nested(ValueKeys))
