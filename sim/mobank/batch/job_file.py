"""Job YAML -> Job: as strict as a scenario, every problem at once, each with file and line.

A job says which scenarios, how many draws, what is varied, what is kept and when to stop. The values of a design go
through the scenarios' own grammar, so a point that no scenario could say is refused here, before anything is run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from mobank.base.errors import InputError, did_you_mean, shown
from mobank.base.quantities import Month, read_month
from mobank.base.workspace import SCENARIO, scope, shortest
from mobank.batch.cases import build_cases, with_asks
from mobank.batch.design import read_design
from mobank.batch.job import Design, Job, JobOutline, Keep, Stop, months_kept
from mobank.batch.keys import KEPT, PERIODS, JobKeys, KeepKeys, StopKeys
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.kinds import OneOf
from mobank.scenario.nouns import Fields, YamlKey
from mobank.scenario.reader import read
from mobank.scenario.scenario import Scenario
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.yaml_files import load, load_extended, parse


def load_job(path: Path, model: Model, look: Callable[[JobOutline], None] = lambda outline: None) -> Job:
    """Return the job of a file, its scenarios read and every case built.

    Parameters
    ----------
    look : is shown what the job will be before its cases are built; what it raises ends that.

    Raises
    ------
    InputError
        With every problem found in the job file or in a scenario that it names.
    """
    return _job(load(path), path, model, look)


def load_job_text(text: str, model: Model, beside: Path = Path(), name: str = "text") -> Job:
    """Return the job of a text, as if it stood in the folder `beside`; messages give places as `<name>:line`.

    Raises
    ------
    InputError
        As `load_job`.
    """
    path = beside / f"<{name}>"
    return replace(_job(parse(text, path), path, model), name=name)


def load_outline(path: Path, model: Model) -> JobOutline:
    """Return what the job of a file will be, without its cases: of a large design they take long to read.

    Raises
    ------
    InputError
        With every problem found in the job file or in a scenario that it names. What a scenario says of the values
        of a point, only `load_job` finds.
    """
    return _outlined(_JobReader(load(path), path, model))


def _job(tree: Members, path: Path, model: Model, look: Callable[[JobOutline], None] = lambda outline: None) -> Job:
    reader = _JobReader(tree, path, model)
    outline = _outlined(reader)
    look(outline)
    return Job(
        **vars(outline),
        axes=reader.design.axes,
        cases=tuple(build_cases(reader.design, reader.trees, path, model)),
        tree=tree,
        trees={name: tree for name, (tree, _) in reader.trees.items()},
    )


def _outlined(reader: "_JobReader") -> JobOutline:
    outline = reader.outline()
    if outline is None or reader.problems:
        raise InputError(reader.problems)
    return outline


class _JobReader:
    """Reads the sections in order; problems are noted by the cursors."""

    def __init__(self, tree: Members, path: Path, model: Model) -> None:
        self.top = Cursor(tree, "", [])
        self.path, self.model, self.problems = path, model, self.top.problems
        self.scope = scope(path)
        self.trees: dict[str, tuple[Members, tuple[Path, ...]]] = {}
        self.design = Design()

    def outline(self) -> JobOutline | None:
        at = JobKeys.at(self.top, self.model)
        question, chinese = at.read(JobKeys.question) or ("", "")
        files = self.files(at["scenarios"]) if "scenarios" in at else []
        draws, per_draw = at.read(JobKeys.draws), at.read(JobKeys.replicates_per_draw)
        seed, fidelity = at.read(JobKeys.seed), at.read(JobKeys.fidelity)
        self.trees, scenarios = self.scenarios(files, at.get("asks"))
        keep = self.keep(at.get("keep"), scenarios)
        stop = self.stop(at["stop"], keep, scenarios) if "stop" in at else None
        self.design = read_design(at.get("design"), self.trees, self.model, seed or 0)
        if self.problems or fidelity is None or draws is None or per_draw is None or seed is None or keep is None:
            return None
        return JobOutline(
            name=self.path.stem,
            model=self.model,
            question=question,
            question_zh=chinese,
            draws=draws,
            per_draw=per_draw,
            seed=seed,
            fidelity=fidelity,
            keep=keep,
            stop=stop,
            points=len(self.design.points),
            scenarios=scenarios,
        )

    # ------------ scenarios

    def files(self, here: Cursor) -> list[tuple[Path, Cursor]]:
        """Return the scenario files, each with where it is named; a pattern stands for all that it matches."""
        members = [here] if here.is_scalar else here.items(hint=JobKeys.scenarios.how) or []
        found: dict[Path, Cursor] = {}
        for member in members:
            for path in self.matching(member):
                if path in found:
                    member.problem(shown(member.written), f"names {path} a second time")
                found.setdefault(path, member)
        if not found and not self.problems:
            here.problem("no scenario", "is named", JobKeys.scenarios.how)
        names = [path.stem for path in found]
        for path, member in found.items():
            if names.count(path.stem) > 1:
                member.problem(shown(member.written), f"is one of two scenarios called '{path.stem}'", "rename one")
        return list(found.items())

    def matching(self, here: Cursor) -> list[Path]:
        text = here.text()
        if text is None:
            return []
        beside = self.path.parent
        if "*" not in text:
            return [self.scope.find(text, beside, SCENARIO) or shortest(beside / text)]
        found = self.scope.matching(text, beside, SCENARIO)
        if not found:
            here.problem(shown(text), "matches no file", "patterns are relative to the job file")
        return found

    def scenarios(
        self, files: Sequence[tuple[Path, Cursor]], asks: Cursor | None
    ) -> tuple[dict[str, tuple[Members, tuple[Path, ...]]], dict[str, Scenario]]:
        """Return the located tree and the files of each scenario by name, and the scenarios as they stand."""
        trees, found = {}, {}
        for path, here in files:
            if not self.scope.allows(path):
                self.problems.append(self.scope.refusal(here.written, here.key, here.place))
                continue
            if not path.exists():
                near = self.scope.nearest(here.written, self.path.parent, SCENARIO)
                here.problem(shown(here.written), "is not there", near)
                continue
            try:
                tree, chain = load_extended(path)
                tree = with_asks(tree, asks.node) if asks and isinstance(asks.node, Members) else tree
                found[path.stem] = read(tree, path.stem, chain, self.model)
                trees[path.stem] = (tree, chain)
            except InputError as error:
                self.problems += [p for p in error.problems if p not in self.problems]
        if asks and not isinstance(asks.node, Members):
            asks.misshapen("a mapping", "write asks as in a scenario")
        return trees, found

    # ------------ what is kept, and for how long

    def keep(self, section: Cursor | None, scenarios: Mapping[str, Scenario]) -> Keep | None:
        at = KeepKeys.at(section, self.model)
        measures, paths = self.measures(at, KeepKeys.measures), self.measures(at, KeepKeys.paths)
        quantiles, segments = at.read(KeepKeys.quantiles), at.read(KeepKeys.segments)
        months = self.months(at["months"], scenarios) if "months" in at else PERIODS[0]
        if measures is None or paths is None or quantiles is None or months is None or segments is None:
            return None
        return Keep(measures, months, tuple(sorted(set(quantiles))), paths, segments == "yes")

    def measures(self, at: Fields, key: YamlKey[tuple[str, ...]]) -> tuple[str, ...] | None:
        found = at.read(key)
        for name in sorted({name for name in found or () if (found or ()).count(name) > 1}):
            at[key.name].problem(shown(name), "is named twice")
        return found

    def months(
        self, here: Cursor, scenarios: Mapping[str, Scenario]
    ) -> Literal["year_ends", "all"] | tuple[Month, ...] | None:
        if here.is_scalar:
            return OneOf(PERIODS, "year_ends, all or a list of months").read(here)
        found = [(m, month) for m in here.items(hint="write [2025-12]") or () if (month := m.read(read_month))]
        for member, month in found:
            outside = [name for name, s in scenarios.items() if not s.start <= month <= s.until]
            if outside:
                first = scenarios[outside[0]]
                allowed = f"is not a month of {outside[0]} ({first.start} to {first.until})"
                member.problem(str(month), allowed)
        return tuple(sorted({month for _, month in found}))

    def stop(self, here: Cursor, keep: Keep | None, scenarios: Mapping[str, Scenario]) -> Stop | None:
        at = StopKeys.at(here)
        error, given = at.read(StopKeys.error), set(at) - {"error"}
        if given == {"ask"}:
            return self.stop_at_ask(at["ask"], error, scenarios)
        if given == {"measure", "in", "quantile"}:
            return self.stop_at_quantile(at, error, keep, scenarios)
        if here.is_mapping and not at.strange:
            here.problem(f"{{{', '.join(at)}}}", "does not say whose error is meant", StopKeys.how())
        return None

    def stop_at_ask(self, here: Cursor, error: float | None, scenarios: Mapping[str, Scenario]) -> Stop | None:
        name = here.name([ask.name for scenario in scenarios.values() for ask in scenario.asks])
        for scenario in scenarios.values():
            asks = [ask.name for ask in scenario.asks]
            if name and name not in asks:
                hint = did_you_mean(name, asks) or "name it in asks of the job or of the scenario"
                here.problem(shown(name), f"is not an ask of {scenario.name}", hint)
        return Stop(error, ask=name) if name and error else None

    def stop_at_quantile(
        self, at: Fields, error: float | None, keep: Keep | None, scenarios: Mapping[str, Scenario]
    ) -> Stop | None:
        measure = at["measure"].choice(keep.measures if keep else KEPT, "a measure that is kept")
        quantile, month = at.read(StopKeys.quantile), at.read(StopKeys.in_)
        if keep is None or measure is None or quantile is None or month is None or error is None:
            return None
        for scenario in scenarios.values():
            if month not in months_kept(keep, scenario):
                hint = "name it in keep.months" if scenario.start <= month <= scenario.until else ""
                at["in"].problem(str(month), f"is not a month that is kept of {scenario.name}", hint)
        return Stop(error, "", measure, month, quantile)
