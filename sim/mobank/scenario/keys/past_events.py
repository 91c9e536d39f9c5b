"""Keys of what happened in months that have been reported: announced campaigns, clean-ups of dormant users."""

from mobank.scenario.keys import model_names
from mobank.scenario.keys.values import AnySourceKeys
from mobank.scenario.kinds import MONTH, Each, EachOf, ListOf, ModelName
from mobank.scenario.nouns import Nested, YamlKey
from mobank.scenario.values import SCALES, ValueOf

MOST_CAMPAIGNS, MOST_CLEAN_UPS = 100, 50


class CampaignKeys(AnySourceKeys):
    """Months in which an announced campaign moved a shock path. / 已公布的营销活动推动某一路径的月份。"""

    path = YamlKey(ModelName(model_names.shock_paths, "a shock path"), "路径", "engagement", required=True).says(
        "The shock path that it moves.", "所推动的冲击路径。"
    )
    between = YamlKey(ListOf(MONTH, 2), "起止月份", "[2022-01, 2022-02]", required=True).says(
        "The first and the last month in which it ran, both included.", "活动的首月与末月（均含）。"
    )
    announced = YamlKey(MONTH, "公布月份", "2021-11", required=True).says(
        "The month in which it was made known, not after its first.", "公布活动的月份，不得晚于首月。"
    )
    effect = YamlKey(ValueOf(SCALES["effect"]), "效果", "{mean: 0%, sd: 30%}", required=True).says(
        "What it adds to the path in each of its months, on the log scale.", "活动期间每月对路径的影响（对数）。"
    )

    ways = ((path, between, announced, effect, AnySourceKeys.reason),)


class DatedCleanUpKeys(AnySourceKeys):
    """How many dormant registrations were written off in one month. / 某月清理的沉睡注册人数。"""

    ways = ((AnySourceKeys.reason,),)


WRITTEN_OFF = ValueOf(SCALES["persons"])
CAMPAIGNS = Each(Nested(CampaignKeys), "campaign", MOST_CAMPAIGNS)
CLEAN_UPS = Each(
    Nested(DatedCleanUpKeys, EachOf.one("count that is cleaned up", model_names.level, WRITTEN_OFF)),
    "clean-up",
    MOST_CLEAN_UPS,
)
