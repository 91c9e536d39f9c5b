"""A scenario to start from: the question, one lever with every field explained, one event; made from the grammar."""

import re
from collections.abc import Iterable, Iterator

from mobank.base.errors import Place
from mobank.scenario.scenario import Scenario
from mobank.scenario.schema import FILE_NAME, GRAMMAR
from mobank.scenario.tree import Scalar, dump

HEADER = "# yaml-language-server: $schema="  # read by VS Code's YAML extension, among others
LONGEST_NAME = 40
FIRST_MONTHS = 13  # after the start: January, where a scenario starts in December
UNUSED = ("set", "add", "until", "lasts_months", "when", "half_life_months", "source", "note")


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
    return "\n".join([
        f"# 问题：{question}",
        f"# Question: {question}",
        f"{HEADER}{FILE_NAME}",
        "",
        f"extends: {_written(extends)}  # 只写不同之处；`名称: off` 去掉 / write what differs; `name: off` removes",
        "question:  # 请译成另一种语言 / put it into the other language too",
        f"  zh: {asked}",
        f"  en: {asked}",
        "",
        "# 举措（银行主动采取）。名称自定；不用的行可以删去。",
        "# Levers: what the bank chooses to do. Name them as you like; delete the lines that you do not need.",
        "levers:",
        f"  {_free('my_lever', parent)}:",
        *_lever_lines(parent),
        "",
        "# 事件（不由银行决定）。可整段删去。",
        "# Events: what befalls the bank. Delete the section if nothing does.",
        "events:",
        f"  {_free('my_event', parent)}:",
        "    parameter: lapse_rate",
        "    multiply: {low: +2%, high: +15%}",
        f"    from: {{mean_gap_months: 24, after: {parent.start}}}  # 平均每两年一次 / every two years or so",
        "    lasts_months: 1",
        "    evidence: assumption",
        "    reason: why so often and so much / 为什么这么频繁、这么大",
        "",
        "# 要回答概率的问题；去掉 # 即用。",
        "# Asks: what the run should tell the chance of. Take the # away to use it.",
        "# asks:",
        f"#   reached: {{measure: mau, at_least: 2亿, by: {parent.until}}}",
        "",
    ])  # fmt: skip


def _lever_lines(parent: Scenario) -> Iterator[str]:
    bands = [band.name for band in parent.bands]
    examples = {"for": f"[{bands[-1]}]" if bands else "", "from": str(min(parent.start + FIRST_MONTHS, parent.until))}
    for field in GRAMMAR["lever"]:
        example = examples.get(field.name, field.example)
        line = f"{field.name}: {example or '…'}"
        yield f"    # {field.zh}"
        yield f"    # {field.en}"
        yield f"    # {line}" if field.name in UNUSED or not example else f"    {line}"


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
