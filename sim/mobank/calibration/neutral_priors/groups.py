"""Which entities count the same people, and of which class an entity is: read from one table.

Who scores a forecast of an entity must not let the figures of its own group into the priors; and pooled scores count
a group once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, TypeVar

from mobank.base.errors import InputError, Problem, shown
from mobank.base.workspace import PRIOR_TABLE, locate
from mobank.scenario.cursor import Cursor
from mobank.scenario.yaml_files import load

Class = Literal["bank", "open"]
Name = TypeVar("Name", bound=str)
Lists = Mapping[str, Sequence[str]]
CLASSES: tuple[Class, ...] = ("bank", "open")


@dataclass(frozen=True)
class Groups:
    """The groups and classes of entities.

    Parameters
    ----------
    members, holds : by group, names and patterns of its entities, and the groups whose people it adds up.
    classes : by class, names and patterns of its entities. others : the class of all else.
    """

    members: Mapping[str, tuple[str, ...]]
    holds: Mapping[str, tuple[str, ...]]
    classes: Mapping[Class, tuple[str, ...]]
    others: Class

    def group_of(self, entity: str) -> str:
        """Return the group of an entity; the entity itself where it stands alone."""
        return _first(entity, self.members) or entity

    def class_of(self, entity: str) -> Class:
        """Return the class of an entity."""
        return _first(entity, self.classes) or self.others

    def kin(self, entity: str) -> frozenset[str]:
        """Return the groups with people of an entity or group: its own, those that hold it, those that it holds."""
        own = self.group_of(entity)
        holders = (name for name, held in self.holds.items() if own in held)
        return frozenset({own, *holders, *self.holds.get(own, ())})


def group_of(entity: str) -> str:
    """Return the group of an entity, by the table at hand; raises as `read`."""
    return read().group_of(entity)


def class_of(entity: str) -> Class:
    """Return the class of an entity, by the table at hand; raises as `read`."""
    return read().class_of(entity)


def read(path: Path | None = None) -> Groups:
    """Return the groups and classes of a table.

    Parameters
    ----------
    path : the table; None for that of the workspace, else the one shipped.

    Raises
    ------
    InputError
        Every problem of the table at once.
    """
    problems: list[Problem] = []
    keys = ("groups", "classes", "others")
    top = Cursor(load(path or locate("groups", PRIOR_TABLE)), "", problems).fields(keys, keys)
    groups = top["groups"].named() if "groups" in top else {}
    sections = top["classes"].fields(CLASSES, CLASSES) if "classes" in top else {}
    found = {name: here.fields(("members", "holds", "reason"), ("members", "reason")) for name, here in groups.items()}
    members = {name: _texts(at.get("members")) for name, at in found.items()}
    holds = {name: _texts(at["holds"]) for name, at in found.items() if "holds" in at}
    classes: dict[Class, tuple[str, ...]] = {}
    for name, here in sections.items():
        at = here.fields(("members", "reason"), ("members", "reason"))
        classes["bank" if name == "bank" else "open"] = _texts(at.get("members"))
    others = top["others"].choice(CLASSES, "a class") if "others" in top else None
    for name, here in groups.items():
        _check(name, here, members, holds)
    if problems:
        raise InputError(problems)
    return Groups(members, holds, classes, "bank" if others == "bank" else "open")


def _texts(here: Cursor | None) -> tuple[str, ...]:
    items = here.items() if here else None
    return tuple(text for item in items or () if (text := item.text()))


def _check(name: str, here: Cursor, members: Lists, holds: Lists) -> None:
    """Note names of a group that stand in another group too, and what it holds that is no group."""
    for entity in members[name]:
        other = next(group for group, names in members.items() if entity in names)
        if other != name:
            here.problem(shown(entity), f"is a member of '{other}' too", "an entity has one group")
    for held in holds.get(name, ()):
        group = None if held in members else _first(held, members)
        if group:
            here.problem(shown(held), f"is a member of '{group}', not a group", f"write {group} where it is held")


def _first(entity: str, lists: Mapping[Name, Sequence[str]]) -> Name | None:
    """Return the first list with the name itself, else the first with a pattern of it."""
    exact = (name for name, names in lists.items() if entity in names)
    alike = (name for name, names in lists.items() if any("*" in each and fnmatchcase(entity, each) for each in names))
    return next(exact, None) or next(alike, None)
