"""Scenarios for programs: read by name, from a file or from text; changed, compared in words, written out again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeAlias

from mobank.api.inputs import is_text, named
from mobank.base.errors import InputError, Place, Problem
from mobank.base.quantities import Lang
from mobank.base.workspace import SCENARIO
from mobank.model.mobile_banking import MODEL
from mobank.report.wording import differences
from mobank.scenario.editing import edited
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.scenario import Scenario

TEXT = "text"  # the name of a text that is given none
CHANGED = "<with_>"  # stands for the file of what a program has changed


@dataclass(frozen=True, eq=False, repr=False)
class LoadedScenario(Scenario):
    """A checked scenario that can be changed; a changed one is another object, read and checked again.

    Two are equal if they have the same name and the same effective YAML.

    Examples
    --------
    >>> import mobank as mb
    >>> scenario = mb.load("better_release")
    >>> scenario
    <Scenario 'better_release', 2022-12 to 2027-12: If release 9.0 keeps more of its users, ...
    >>> stronger = scenario.with_({"levers.release_keeps_regulars.multiply": "-12%"})
    >>> stronger.diff(scenario)
    ['lever release_keeps_regulars: lapse_rate × 0.88, ... instead of lapse_rate × 0.85 to 0.97, ...']
    """

    _chain: Chain = field(kw_only=True)

    def with_(self, changes: Mapping[str, object]) -> "LoadedScenario":
        """Return the scenario with other values at some keys.

        Parameters
        ----------
        changes : by dotted key, such as ``{"levers.win_back.multiply": "-12%"}``. A value is a text as in YAML, a
            number, a month, a list or a mapping. Mappings merge, all else replaces, and "off" removes.

        Raises
        ------
        InputError
            If a key leads nowhere, or the scenario would no longer be sound, with every problem.
        """
        place = Place(str(self._chain.files[0].parent / CHANGED), 0)
        tree = edited(self._chain.tree, changes, place)
        try:
            return _read(Chain(tree, self._chain.files, tree), self.name)
        except InputError as error:
            raise InputError([*error.problems, *_blamed(error, ", ".join(changes), place)]) from None

    def diff(self, other: "Source", lang: Lang = "en") -> list[str]:
        """Return what this scenario has differently from another, a sentence each; nothing if a run would be the same.

        The sentences are those of `mobank compare`.

        Parameters
        ----------
        other : a scenario, or what `load` takes.

        Raises
        ------
        InputError
            If there is no such scenario, or it is wrong.
        """
        return differences(load(other), self, lang)

    def to_yaml(self) -> str:
        """Return the effective scenario: YAML that extends nothing and reads as the same scenario."""
        return self.resolved

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LoadedScenario):
            return NotImplemented
        return (self.name, self.resolved) == (other.name, other.resolved)

    def __hash__(self) -> int:
        return hash((self.name, self.resolved))

    def __repr__(self) -> str:
        return f"<Scenario {self.name!r}, {self.start} to {self.until}: {self.question}>"


Source: TypeAlias = LoadedScenario | str | Path


def load(source: Source, *, beside: str | Path = ".", name: str = "") -> LoadedScenario:
    r"""Return a scenario, read and checked.

    Parameters
    ----------
    source : the name of a scenario of the workspace or of one that is shipped; the path of a file; YAML text, which
        has more than one line; or a scenario, which is returned as it is.
    beside : for a text, the folder in which what it refers to is looked up.
    name : the scenario's name; default: that of its file, "text" of a text.

    Raises
    ------
    InputError
        With every problem of the files, each with file, line and key.

    Examples
    --------
    >>> import mobank as mb
    >>> mb.load("extends: baseline.yaml\nquestion: What if?\n", beside="scenarios", name="draft").question
    'What if?'
    """
    if isinstance(source, LoadedScenario):
        return source
    if is_text(source):
        return _read(Chain.of_text(str(source), Path(beside) / f"<{name or TEXT}>"), name or TEXT)
    path = named(source, SCENARIO)
    return _read(Chain.of_file(path), name or path.stem)


def check(source: Source, *, beside: str | Path = ".", name: str = "") -> list[Problem]:
    r"""Return every problem of a scenario; nothing if it can be run. It takes what `load` takes.

    Examples
    --------
    >>> import mobank as mb
    >>> mb.check("baseline")
    []
    >>> [problem] = mb.check("extends: baseline.yaml\nuntil: soon\n", beside="scenarios")
    >>> problem.key, problem.place.line, problem.allowed
    ('until', 2, 'must be a month, such as 2022-12, or a duration, such as 36 months')
    """
    try:
        load(source, beside=beside, name=name)
    except InputError as error:
        return list(error.problems)
    return []


def _read(chain: Chain, name: str) -> LoadedScenario:
    found = read_chain(chain, name, MODEL)
    return LoadedScenario(**{each.name: getattr(found, each.name) for each in fields(Scenario)}, _chain=chain)


def _blamed(error: InputError, keys: str, place: Place) -> list[Problem]:
    """Return whose doing it is where a file is at fault that was sound before."""
    elsewhere = sorted({str(p.place) for p in error.problems if p.place and p.place.file != place.file})
    allowed = f"does not fit {elsewhere[0]}" if elsewhere else ""
    return [Problem("what is changed here", allowed, "", keys, place)] if elsewhere else []
