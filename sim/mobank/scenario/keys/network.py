"""Keys of a network: who knows whom, person by person, and whom the bank reaches first."""

from typing import get_args

from mobank.base.quantities import read_count, read_number, read_persons, read_share
from mobank.scenario.keys import model_names
from mobank.scenario.keys.values import LeverSourceKeys
from mobank.scenario.kinds import MONTH, NOTHING, ModelName, OneOf, Quantity, Words
from mobank.scenario.nouns import Nested, Noun, YamlKey
from mobank.scenario.scenario import MOST_CONTACTS, NetworkKind, SeedOrder

KINDS: tuple[NetworkKind, ...] = tuple(
    kind for kind in get_args(NetworkKind) if kind != "everybody"
)  # needs no network
ORDERS: tuple[SeedOrder, ...] = get_args(SeedOrder)
OTHER_TIES = Words("of the other ties", "（占其余联系）")


class SeedKeys(Noun):
    """Whom the bank reaches first. / 银行最先触达谁。"""

    people = YamlKey(Quantity(read_persons, NOTHING, 1), "人数", "2万", required=True).says(
        "How many people.", "人数。"
    )
    flow = YamlKey(
        ModelName(model_names.flows, "a flow between states of the model"), "流程", "assist", required=True
    ).says("The flow that they take.", "经由的流程。")
    month = YamlKey(MONTH, "月份", "2023-01", required=True).says("In which month.", "哪个月。")
    first = YamlKey(OneOf(ORDERS, "an order"), "次序", "most_connected", required=True).says(
        "Who comes first: random, most_connected or communities, one after another.",
        "先触达谁：random（随机）、most_connected（联系人最多）、communities（逐个社区）。",
    )


class NetworkKeys(LeverSourceKeys):
    """Who knows whom, person by person. / 逐人的社交网络。"""

    kind = YamlKey(OneOf(KINDS, "a kind of network"), "类型", "communities", required=True).says(
        "How people are tied: communities, small_world or scale_free.",
        "网络类型：communities（社区）、small_world（小世界）、scale_free（无标度）。",
    )
    contacts = YamlKey(
        Quantity(read_number, Words("contacts", "位联系人"), 1, MOST_CONTACTS), "联系人数", "8", required=True
    ).says("Contacts of a person, on average.", "每人平均联系人数。")
    community = YamlKey(
        Quantity(read_persons, Words("people of a community", "人（每社区）"), 2, 10_000_000), "社区人数", "2000", 0.0
    ).says("People of a community.", "每个社区的人数。")
    household = YamlKey(
        Quantity(read_count, Words("people of a household", "人（每户）"), 1, 12), "每户人数", "3", 1
    ).says("People of a household, who all know one another.", "每户人数，户内互相认识。")
    far = YamlKey(Quantity(read_share, OTHER_TIES, 0, 1), "不限地域", "5%", 0.0).says(
        "Share of the other ties that go anywhere.", "其余联系中不限地域的比例。"
    )
    homophily = YamlKey(Quantity(read_share, OTHER_TIES, 0, 1), "同类", "10%", 0.0).says(
        "Share of the other ties that stay within the own segment, anywhere.",
        "其余联系中限于同一客群（不限地域）的比例。",
    )
    exponent = YamlKey(Quantity(read_number, NOTHING, 2.01, 5), "指数", "2.5", 0.0).says(
        "Scale-free: twice the contacts are 2^exponent times as rare.",
        "无标度指数：联系人数加倍，人数降为 2^指数 分之一。",
    )
    seeds = YamlKey(Nested(SeedKeys), "首批").says("Whom the bank reaches first.", "银行最先触达谁。")

    ways = ((kind, contacts, community, LeverSourceKeys.reason),)
