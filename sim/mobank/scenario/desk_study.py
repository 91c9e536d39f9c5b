"""A desk study: the YAML of a staffed desk, and the capacity that a scenario takes from one.

A scenario may write ``{desk: desks/remote.yaml}`` in place of a capacity, among its parameters or as what a lever sets.
Then the number is worked out from the study when the scenario is read, and stands in the effective scenario with the
study as its reason: what was run can be run again without the study's file.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.quantities import Lang
from mobank.base.workspace import DESK, Scope, scope
from mobank.desk.erlang import set_ups_a_month, steady_of
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.changes import CapacityKeys
from mobank.scenario.keys.desk import NUMBERS, StudyKeys
from mobank.scenario.scenario import DeskStudy
from mobank.scenario.tree import Entry, Node, Scalar, dump
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.values import FORMS
from mobank.scenario.yaml_files import load_extended, parse_extended

KEY = CapacityKeys.desk.name  # under a capacity: the file of its study


def load_study(path: Path) -> DeskStudy:
    """Return the study of a file and of those that it extends.

    Raises
    ------
    InputError
        With every problem found, each with file, line and key.
    """
    return _read_study(*load_extended(path, DESK), path.stem)


def load_study_text(text: str, beside: Path = Path(), name: str = "text") -> DeskStudy:
    """Return the study of a text, as if it stood in the folder `beside`; messages give places as `<name>:line`.

    Raises
    ------
    InputError
        As `load_study`.
    """
    return _read_study(*parse_extended(text, beside / f"<{name}>", DESK), name)


def _read_study(tree: Members, files: Sequence[Path], name: str) -> DeskStudy:
    problems: list[Problem] = []
    top = Cursor(tree, "", problems)
    at = StudyKeys.at(top)
    english, chinese = at.read(StudyKeys.question) or ("", "")
    channel = at.read(StudyKeys.channel)
    numbers = {key.name: value for key in NUMBERS if (value := at.read(key))}
    if problems:
        raise InputError(problems)
    return DeskStudy(name, english, chinese, channel or "", numbers, dump(tree), tuple(str(file) for file in files))


# ------------ in a scenario


def with_desks(
    tree: Members, files: Sequence[Path], model: Model, problems: list[Problem]
) -> tuple[Members, tuple[str, ...]]:
    """Return a scenario's tree with the number in place of each desk study that is named, and the studies' files.

    A study may be named by a capacity among the parameters, and by the `set` of a lever or an event that changes one.

    Parameters
    ----------
    files : the chain of `extends`, from child to root: what a capacity has from a file further up gives way.
    problems : what is wrong with a study is appended.
    """
    studies: dict[str, None] = {}
    for keys in _capacities(tree, {resource.capacity for resource in model.resources}):
        entry = _entry(tree, keys)
        if entry and isinstance(entry.node, Members) and KEY in entry.node.entries:
            here = Cursor(entry.node, ".".join(keys), problems, entry.key_place)
            within = scope(files[0] if files else None)
            node, told = _worked_out(here, [str(file) for file in files], within)
            tree = _with(tree, keys, node)
            studies |= dict.fromkeys(told)
    return tree, tuple(studies)


def _capacities(tree: Members, names: Collection[str]) -> list[tuple[str, ...]]:
    """Return the keys that lead to where a capacity is given."""
    found: list[tuple[str, ...]] = [("parameters", name) for name in names]
    for section in ("levers", "events"):
        entry = tree.entries.get(section)
        for lever in entry.node.entries if entry and isinstance(entry.node, Members) else ():
            parameter = _entry(tree, (section, lever, "parameter"))
            if parameter and isinstance(parameter.node, Scalar) and parameter.node.text.strip() in names:
                found.append((section, lever, "set"))
    return found


def _entry(tree: Members, keys: Sequence[str]) -> Entry | None:
    entry = tree.entries.get(keys[0])
    if len(keys) == 1 or entry is None:
        return entry
    return _entry(entry.node, keys[1:]) if isinstance(entry.node, Members) else None


def _with(tree: Members, keys: Sequence[str], node: Node) -> Members:
    """Return the tree with another node under some keys, which lead to one."""
    entry = tree.entries[keys[0]]
    if len(keys) > 1:
        assert isinstance(entry.node, Members)
        node = _with(entry.node, keys[1:], node)
    return Members(tree.entries | {keys[0]: Entry(entry.key_place, node)}, tree.place)


def _worked_out(here: Cursor, files: Sequence[str], within: Scope) -> tuple[Node, tuple[str, ...]]:
    """Return what stands in place of a capacity that names a study, and the study's files."""
    assert isinstance(here.node, Members)
    asked, rank = here.named()[KEY], {file: i for i, file in enumerate(files)}  # what no file says counts as nearest
    nearest = rank.get(asked.place.file, -1)
    own = {n: entry for n, entry in here.node.entries.items() if rank.get(entry.node.place.file, -1) <= nearest}
    for name in [name for form in FORMS for name in form if name in own]:
        at = here.named()[name]
        away = f"write {KEY}: off here" if at.node.place.file != asked.place.file else "write one of them"
        at.problem(f"'{name}'", f"stands beside '{KEY}' ({asked.place})", away)
    study = _study(asked, within)
    if study is None:
        dummy = {"value": "unlimited", "reason": "its study cannot be read"}  # the problem is told; read on
        return Members(
            {k: Entry(asked.place, Scalar(v, asked.place, False)) for k, v in dummy.items()}, asked.place
        ), ()
    rest = {name: entry for name, entry in own.items() if name not in (KEY, "reason")}
    said = own["reason"].node if "reason" in own else None
    reason = told_of(study, "en") + (f"; {said.text}" if isinstance(said, Scalar) else "")
    value = Scalar(f"{capacity_of(study):,}", Place(study.files[0], 0), False)
    found = {"value": Entry(asked.place, value), "reason": Entry(asked.place, Scalar(reason, asked.place, False))}
    return Members(found | rest, here.node.place), study.files


def _study(asked: Cursor, within: Scope) -> DeskStudy | None:
    if not asked.is_scalar:
        asked.misshapen("the file of a desk study", "write desk: desks/my_desk.yaml")
        return None
    text, beside = asked.written.strip(), Path(asked.place.file).parent
    path = within.find(text, beside, DESK)
    if path is None and not within.allows(beside / text):
        asked.problems.append(within.refusal(text, asked.key, asked.place))
        return None
    if path is None:
        asked.problem(shown(text), "is not the file of a desk study", within.nearest(text, beside, DESK))
        return None
    try:
        return load_study(path)
    except InputError as error:
        asked.problems.extend(error.problems)
        return None


def capacity_of(study: DeskStudy) -> int:
    """Return the customers whom a study's desk sets up in a month, in the long run."""
    return round(set_ups_a_month(study, steady_of(study).answered))


TOLD: Mapping[Lang, str] = {
    "en": "desk study {file}: {staff:,.0f} staff, {offered_a_day:,.0f} {channel} a day of {hours_a_day:g} hours, "
    "handled in {handling_minutes:g} minutes, patience {patience_minutes:g} minutes, {days_a_month:g} days a month, "
    "{set_up_share:.4g} of the answered set up",
    "zh": "服务台研究 {file}：在岗坐席 {staff:,.0f} 名，每日{channel} {offered_a_day:,.0f} 次，"
    "开放 {hours_a_day:g} 小时，每次处理 {handling_minutes:g} 分钟，耐心 {patience_minutes:g} 分钟，"
    "每月 {days_a_month:g} 天，接通后开通比例 {set_up_share:.4g}",
}
IN_CHINESE = {"calls": "来电", "visits": "来访"}


def told_of(study: DeskStudy, lang: Lang) -> str:
    """Return a study in one sentence, with the numbers that decide its capacity."""
    numbers = {key.name: study.number(key.name) for key in NUMBERS}
    channel = IN_CHINESE[study.channel] if lang == "zh" else study.channel
    return TOLD[lang].format(file=Path(study.files[0]).name, channel=channel, **numbers).replace("inf", "∞")
