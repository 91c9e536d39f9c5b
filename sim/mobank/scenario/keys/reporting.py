"""Keys of what happens between what is counted and what is printed."""

from mobank.base.quantities import read_number, read_share
from mobank.scenario.keys.values import AnySourceKeys
from mobank.scenario.kinds import NOTHING, Quantity, Words
from mobank.scenario.nouns import Nested, Noun, YamlKey
from mobank.scenario.scenario import Reporting

SHARE = Quantity(read_share, NOTHING, 0, 1)
REDEFINED, CLEANED = Reporting.redefinitions, Reporting.clean_ups
_SMALL, _LARGE = REDEFINED.sizes
[_CLEANED] = CLEANED.sizes


def _sizes(size: tuple[float, float, float]) -> str:
    return f"{{mean: {100 * size[1]:g}%, sd: {100 * size[2]:g}%}}"


class JumpKeys(Noun):
    """How far a printed figure jumps, log scale: |a normal draw|. / 跳变幅度（对数），取正态的绝对值。"""

    mean = YamlKey(SHARE, "均值", "8%", required=True).says("Mean of the normal.", "正态的均值。")
    sd = YamlKey(SHARE, "标准差", "6%", required=True).says("Its standard deviation.", "正态的标准差。")


class RedefinitionsKeys(AnySourceKeys):
    """How often active users are redefined, and by how much. / 活跃用户口径变更的频率与幅度。"""

    a_year = YamlKey(SHARE, "每年", "7%", REDEFINED.a_year).says(
        "Redefinitions a year, on average; 0% for none.", "平均每年变更次数；0% 为不变更。"
    )
    known_from_years = YamlKey(
        Quantity(read_number, Words("years of one bank", "年（单家银行）"), 1, 10_000),
        "所据年数",
        "50",
        REDEFINED.known_from_years,
    ).says("How many years of one bank that is known from.", "该频率所依据的观察年数。")
    small = YamlKey(Nested(JumpKeys), "小幅", _sizes(_SMALL)).says(
        f"A small redefinition; left out: {_sizes(_SMALL)}.", f"小幅变更；不写为 {_sizes(_SMALL)}。"
    )
    large = YamlKey(Nested(JumpKeys), "大幅", _sizes(_LARGE)).says(
        f"A large redefinition; left out: {_sizes(_LARGE)}.", f"大幅变更；不写为 {_sizes(_LARGE)}。"
    )
    large_share = YamlKey(SHARE, "大幅占比", "50%", _LARGE[0]).says("Share that is large.", "大幅变更的占比。")
    upward = YamlKey(SHARE, "上调占比", "80%", REDEFINED.upward).says(
        "Share after which more are counted.", "变更后人数增加的占比。"
    )

    ways = ((a_year, AnySourceKeys.reason),)


class CleanUpsKeys(AnySourceKeys):
    """How often dormant registrations are written off, and how many. / 清理沉睡注册的频率与幅度。"""

    a_year = YamlKey(SHARE, "每年", "2%", CLEANED.a_year).says(
        "Clean-ups a year, on average; 0% for none.", "平均每年清理次数；0% 为不清理。"
    )
    size = YamlKey(Nested(JumpKeys), "幅度", _sizes(_CLEANED)).says(
        f"How far the registered fall; left out: {_sizes(_CLEANED)}.", f"注册用户的降幅；不写为 {_sizes(_CLEANED)}。"
    )

    ways = ((a_year, AnySourceKeys.reason),)


class ReportingKeys(Noun):
    """What happens between what is counted and what is printed. / 实际数与披露数之间的差别。"""

    redefinitions = YamlKey(Nested(RedefinitionsKeys), "口径变更").says(
        "Redefinitions of active users; nothing in the forecast by today's definition depends on them.",
        "活跃用户的口径变更；不影响按现行口径的预测。",
    )
    clean_ups = YamlKey(Nested(CleanUpsKeys), "清理").says(
        "Clean-ups of dormant registrations.", "对沉睡注册用户的清理。"
    )
