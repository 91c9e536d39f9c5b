"""A scenario to start from: the question, one lever with every field explained, one event; made from the grammar."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mobank.base.errors import Place
from mobank.scenario.keys.changes import EventKeys, LeverKeys
from mobank.scenario.keys.questions import AskKeys
from mobank.scenario.keys.scenario import ScenarioKeys
from mobank.scenario.nouns import YamlKey
from mobank.scenario.scenario import Scenario
from mobank.scenario.schema import FILE_NAME
from mobank.scenario.tree import Scalar, dump

HEADER = "# yaml-language-server: $schema="  # read by VS Code's YAML extension, among others
LONGEST_NAME = 40
FIRST_MONTHS = 13  # after the start: January, where a scenario starts in December
UNUSED = (
    LeverKeys.set,
    LeverKeys.add,
    LeverKeys.until,
    LeverKeys.lasts_months,
    LeverKeys.when,
    LeverKeys.half_life_months,
    LeverKeys.source,
    LeverKeys.note,
)


def file_name(question: str) -> str:
    """Return a name for the file of a question, made of its words.

    Examples
    --------
    >>> file_name("What if seniors come back?")
    'what_if_seniors_come_back.yaml'
    """
    words = "_".join(re.findall(r"\w+", question.casefold()))
    return f"{words[:LONGEST_NAME].strip('_') or 'scenario'}.yaml"


def template(question: str, extends: str, parent: Scenario) -> str:
    """Return the text of a new scenario that extends a parent; it passes the check as it is.

    Parameters
    ----------
    extends : the parent's path as the new file must write it.
    """
    asked = _written(question)
    lines = [
        f"# 问题：{question}",
        f"# Question: {question}",
        f"{HEADER}{FILE_NAME}",
        "",
        f"extends: {_written(extends)}  # 只写不同之处；`名称: off` 去掉 / write what differs; `name: off` removes",
        "question:  # 请译成另一种语言 / put it into the other language too",
        f"  zh: {asked}",
        f"  en: {asked}",
        "",
        *_heading(ScenarioKeys.levers, "名称自定；不用的行可以删去。", "Delete the lines that you do not need."),
        "levers:",
        f"  {_free('my_lever', parent)}:",
        *_lever_lines(parent),
        "",
        *_heading(ScenarioKeys.events, "可整段删去。", "Delete the section if nothing does."),
        "events:",
        f"  {_free('my_event', parent)}:",
        *_event_lines(parent),
        "",
        *_heading(ScenarioKeys.asks, "去掉 # 即用。", "Take the # away to use it."),
        "# asks:",
        f"#   reached: {{{', '.join(_line(key, {AskKeys.by: str(parent.until)}) for key in AskKeys.ways[0])}}}",
        "",
    ]
    return "\n".join(lines)


def _heading(key: YamlKey[Any], zh: str, en: str) -> Iterator[str]:
    yield f"# {key.name_zh}：{key.zh}{zh}"
    yield f"# {key.name.capitalize()}: {key.en} {en}"


def _lever_lines(parent: Scenario) -> Iterator[str]:
    bands = [band.name for band in parent.bands]
    examples = {
        LeverKeys.for_: f"[{bands[-1]}]" if bands else "…",
        LeverKeys.from_: str(min(parent.start + FIRST_MONTHS, parent.until)),
        LeverKeys.reason: "why this size / 为什么取这个大小",
    }
    for key in LeverKeys.keys:
        line = _line(key, examples)
        yield f"    # {key.zh}"
        yield f"    # {key.en}"
        yield f"    # {line}" if key in UNUSED or line.endswith("…") else f"    {line}"


def _event_lines(parent: Scenario) -> Iterator[str]:
    examples = {
        EventKeys.parameter: "lapse_rate",
        EventKeys.multiply: "{low: +2%, high: +15%}",
        EventKeys.from_: f"{{mean_gap_months: 24, after: {parent.start}}}  # 平均每两年一次 / every two years or so",
        EventKeys.lasts_months: "1",
        EventKeys.evidence: EventKeys.evidence.example,
        EventKeys.reason: "why so often and so much / 为什么这么频繁、这么大",
    }
    for key in examples:
        yield f"    {_line(key, examples)}"


def _line(key: YamlKey[Any], examples: Mapping[YamlKey[Any], str]) -> str:
    return f"{key.name}: {examples[key]}" if key in examples else key.line


def _free(name: str, parent: Scenario) -> str:
    taken = {lever.name for lever in parent.levers}
    return next(each for each in _numbered(name) if each not in taken)


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _written(text: str) -> str:
    return dump(Scalar(text, Place("", 0), quoted=True)).rstrip("\n")
