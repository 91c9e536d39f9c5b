"""MODEL: mobile-banking customers, their states and the flows between them; one step is one month.

========  ====================  ==============================================================================
flow      from → to             hazard, per person per month
========  ====================  ==============================================================================
adopt     prospect → new        innovation_rate + imitation_rate × exposure                        (Bass 1969)
assist    prospect → new        assist_rate, rationed by the service desk's capacity (persons a month)
settle    new → active          settle_rate
drop      new → lapsed          drop_rate
lapse     active → lapsed       lapse_rate
resume    lapsed → active       resume_rate
fade      lapsed → dormant      fade_rate
revive    dormant → active      revive_rate
close     dormant → closed      close_rate
join      (outside) → prospect  intake, persons a month: reach_share × join_rate × customers
bypass    (outside) → unreachable intake, persons a month: (1 − reach_share) × join_rate × customers
========  ====================  ==============================================================================

Flows out of one state compete: with H the sum of their hazards, Pr(flow f) = h_f / H · (1 − e^(−H)); at most one
move a month. Exposure of a segment: the share of `new` or `active` among the customers whom it meets. A month
counts a customer as active if the app was used in it: MAU = new + active. Nobody is ever lost from the count.
"""

from typing import Any

from mobank.model.grammar import Flow, Measure, Model, Origin, Parameter, Resource

Value = Any  # a float, or an array of any one shape


def adopting(innovation_rate: Value, imitation_rate: Value, exposure: Value) -> Value:
    """Bass (1969), with exposure to those who use it now instead of to those who ever registered."""
    return innovation_rate + imitation_rate * exposure


def assisting(assist_rate: Value) -> Value:
    """Set-up with help of the service desk."""
    return assist_rate


def settling(settle_rate: Value) -> Value:
    """A habit forms."""
    return settle_rate


def dropping(drop_rate: Value) -> Value:
    """The app is left before a habit has formed."""
    return drop_rate


def lapsing(lapse_rate: Value) -> Value:
    """A regular user stops."""
    return lapse_rate


def resuming(resume_rate: Value) -> Value:
    """A lapsed user comes back."""
    return resume_rate


def fading(fade_rate: Value) -> Value:
    """A lapsed user is out of touch."""
    return fade_rate


def reviving(revive_rate: Value) -> Value:
    """A dormant user is won back."""
    return revive_rate


def closing(close_rate: Value) -> Value:
    """A dormant user deregisters."""
    return close_rate


def joining(reach_share: Value, join_rate: Value, customers: Value) -> Value:
    """New customers who can be reached."""
    return reach_share * join_rate * customers


def bypassing(reach_share: Value, join_rate: Value, customers: Value) -> Value:
    """New customers out of reach."""
    return (1.0 - reach_share) * join_rate * customers


# fmt: off
MODEL = Model(
    name="mobile banking",
    states=("prospect", "new", "active", "lapsed", "dormant", "closed", "unreachable"),
    exposed_to=("new", "active"),
    shocks=("adoption", "engagement"),
    parameters=(
        Parameter("reach_share", "share", (0.4, 1.0), "customers who could ever register", "可触达客户占比"),
        Parameter("join_rate", "rate", (0.0, 0.02), "new customers per customer, net of leavers", "客户净增率"),
        Parameter("innovation_rate", "rate", (0.0, 0.1), "registers unprompted", "自发注册率", "adoption"),
        Parameter("imitation_rate", "rate", (0.0, 0.5), "registers through others, at full exposure", "口碑注册率",
                  "adoption"),
        Parameter("assist_rate", "rate", (0.0, 0.2), "asks for help to register", "求助注册率", "adoption"),
        Parameter("desk_capacity", "persons a month", (0.0, 1e9), "set-ups that the service desk manages",
                  "服务台每月开通能力", bank_wide=True, unlimited=True),
        Parameter("settle_rate", "rate", (0.01, 2.0), "a new user forms a habit", "习惯养成率"),
        Parameter("drop_rate", "rate", (0.001, 1.5), "a new user stops", "新户流失率", "engagement", -1),
        Parameter("lapse_rate", "rate", (0.0001, 1.0), "a regular user stops", "活跃流失率", "engagement", -1),
        Parameter("resume_rate", "rate", (0.0005, 1.5), "a lapsed user comes back", "恢复率", "engagement"),
        Parameter("fade_rate", "rate", (0.001, 1.0), "a lapsed user becomes dormant", "沉睡率"),
        Parameter("revive_rate", "rate", (0.00001, 0.3), "a dormant user comes back", "唤醒率", "engagement"),
        Parameter("close_rate", "rate", (0.0, 0.05), "a dormant user deregisters", "注销率"),
    ),
    resources=(Resource("desk", "desk_capacity"),),
    flows=(
        Flow("adopt", "prospect", "new", adopting),
        Flow("assist", "prospect", "new", assisting, served_by="desk"),
        Flow("settle", "new", "active", settling),
        Flow("drop", "new", "lapsed", dropping),
        Flow("lapse", "active", "lapsed", lapsing),
        Flow("resume", "lapsed", "active", resuming),
        Flow("fade", "lapsed", "dormant", fading),
        Flow("revive", "dormant", "active", reviving),
        Flow("close", "dormant", "closed", closing),
        Flow("join", None, "prospect", joining),
        Flow("bypass", None, "unreachable", bypassing),
    ),
    measures=(
        Measure("registered", "registered users", "注册用户", stock=("new", "active", "lapsed", "dormant")),
        Measure("mau", "monthly active users", "月活用户", stock=("new", "active")),
        Measure("dormant_users", "registered, long inactive", "沉睡用户", stock=("dormant",)),
        Measure("customers", "customers of the bank", "个人客户",
                stock=("prospect", "new", "active", "lapsed", "dormant", "closed", "unreachable")),
        Measure("gross_adds", "new registrations", "新增注册", flows=("adopt", "assist")),
        Measure("assisted", "registered at the desk", "协助注册", flows=("assist",)),
        Measure("resurrected", "lapsed or dormant, back", "回流用户", flows=("resume", "revive")),
        Measure("lost", "active, then not", "流失用户", flows=("drop", "lapse")),
        Measure("closed", "deregistered", "注销用户", flows=("close",)),
        Measure("stickiness", "MAU of registered", "月活率", ratio=(("mau",), ("registered",))),
        Measure("penetration", "registered of customers", "渗透率", ratio=(("registered",), ("customers",))),
        Measure("quick_ratio", "gained per lost active user", "增减比",
                ratio=(("gross_adds", "resurrected"), ("lost",))),
    ),
    origin=Origin(stock="registered", stock_path="adoption", engaged="mau", engaged_path="engagement", rest="prospect",
                  apart="unreachable", reach="reach_share", total="customers"),
    meanings={
        "prospect": "reachable, not registered", "new": "registered, active, habit not yet formed",
        "active": "regular user", "lapsed": "registered, recently inactive", "dormant": "registered, long inactive",
        "closed": "deregistered; stays a customer, does not return", "unreachable": "counted, never moves",
    },
    name_zh="手机银行",
    meanings_zh={
        "prospect": "可触达、未注册", "new": "已注册、活跃，习惯未养成", "active": "经常使用",
        "lapsed": "已注册、近期未用", "dormant": "已注册、长期未用", "closed": "已注销；仍是客户，不再回来",
        "unreachable": "计入总数，从不变动",
    },
)
# fmt: on
