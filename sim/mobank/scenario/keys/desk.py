"""Keys of a desk study."""

from collections.abc import Callable
from math import inf

from mobank.base.quantities import read_count, read_number, read_persons, read_share
from mobank.scenario.keys.questions import BILINGUAL
from mobank.scenario.kinds import TEXT, OneOf
from mobank.scenario.nouns import Noun, YamlKey
from mobank.scenario.scenario import Value
from mobank.scenario.values import UNLIMITED, FixedValue, Scale

CHANNELS = ("calls", "visits")
MOST_STAFF = 100_000


def read_patience(text: str) -> float:
    """Return minutes; "unlimited" is infinite."""
    return inf if text.strip() == UNLIMITED else read_number(text)


def _whole(text: str) -> float:
    return float(read_count(text))


def _number(
    reader: Callable[[str], float], low: float, high: float, name_zh: str, en: str, zh: str, example: str
) -> YamlKey[Value]:
    unit = "share" if reader is read_share else "count" if reader in (read_persons, _whole) else "number"
    scale = Scale(reader, "lognormal", unit, "", (low, high))
    return YamlKey(FixedValue(scale), name_zh, f"{{value: {example}, reason: …}}", required=True).says(en, zh)


class StudyKeys(Noun):
    """A study of a staffed desk. / 服务台研究文件。"""

    extends = YamlKey(TEXT, "基于", "remote_service.yaml").says(
        "The file that this one changes, by path or name; write only what differs.",
        "本文件所修改的文件（路径或名称）；只写不同之处。",
    )
    question = YamlKey(BILINGUAL, "问题", "How many staff does the desk need?", ("", ""), required=True).says(
        "What you want to know.", "想回答的问题。"
    )
    channel = YamlKey(OneOf(CHANNELS, "a channel"), "渠道", "calls", CHANNELS[0]).says(
        "How customers come: calls or visits.", "客户如何到来：来电或来访。"
    )
    offered_a_day = _number(
        read_persons, 1, 2e7, "每日来话量", "Contacts that want to be served, a day.", "每日来话（来访）量。", "3万"
    )
    hours_a_day = _number(read_number, 0.5, 24, "每日小时数", "Hours open, on an open day.", "每日开放小时数。", "12")
    days_a_month = _number(_whole, 1, 31, "每月天数", "Open days a month.", "每月开放天数。", "22")
    handling_minutes = _number(
        read_number, 0.1, 240, "处理时长", "Mean minutes that a contact takes.", "平均处理时长（分钟）。", "8"
    )
    patience_minutes = _number(
        read_patience,
        0,
        1440,
        "耐心",
        "Mean minutes until one who waits gives up; or unlimited.",
        "平均耐心（分钟）；或 unlimited（不限）。",
        "3",
    )
    set_up_share = _number(
        read_share, 0, 1, "开通比例", "Answered contacts that end with a set-up.", "接通后完成开通的比例。", "60%"
    )
    staff = _number(_whole, 1, MOST_STAFF, "坐席数", "Staff at the desk at any open hour.", "每时在岗坐席数。", "400")
    answered_share = _number(
        read_share, 0, 0.9999, "服务水平", "Service level: answered in time.", "服务水平：及时接通率。", "80%"
    )
    within_minutes = _number(
        read_number, 0, 120, "时限", "Service level: minutes that are in time.", "服务水平：时限（分钟）。", "1"
    )


NUMBERS = tuple(key for key in StudyKeys.keys if isinstance(key.kind, FixedValue))
