"""What a batch job is: frozen nouns, each a function of the job file and of the scenarios that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mobank.base.errors import Place
from mobank.base.quantities import Month
from mobank.ensemble.plan import Plan, block_size
from mobank.model.grammar import Model
from mobank.scenario.scenario import Scenario
from mobank.scenario.tree import Mapping as Members

Method = Literal["grid", "latin_hypercube", "sobol", "list"]
METHODS: tuple[Method, ...] = ("grid", "latin_hypercube", "sobol", "list")
ON, OFF = "on", "off"


@dataclass(frozen=True)
class Axis:
    """One thing that a design varies.

    Parameters
    ----------
    name : its dotted key in a scenario, such as "levers.win_back.multiply".
    unit : how its values are counted: a unit of `mobank.scenario.values.SCALES`, "months", "month" or "on or off".
    place : where the job file says so.
    """

    name: str
    unit: str
    place: Place


@dataclass(frozen=True)
class Design:
    """What is varied, and the points: a text of the scenario's grammar for each axis, (points, axes)."""

    axes: tuple[Axis, ...] = ()
    points: Sequence[tuple[str, ...]] = ((),)


@dataclass(frozen=True)
class Keep:
    """What is kept of a replicate.

    Parameters
    ----------
    measures : those whose distribution is summarised in `months`, at `quantiles`.
    months : "year_ends" (start, each December, end), "all", or a list.
    paths : measures of which every replicate's value in every month is kept.
    by_segment : True if all this is kept of each segment too.
    """

    measures: tuple[str, ...]
    months: Literal["year_ends", "all"] | tuple[Month, ...]
    quantiles: tuple[float, ...]
    paths: tuple[str, ...]
    by_segment: bool


@dataclass(frozen=True)
class Stop:
    """Until when a case is drawn: the Monte Carlo error of a probability or of a quantile is at most `error`.

    Parameters
    ----------
    ask : name of the ask whose probability is meant; "" where a quantile is.
    error : standard error, in probability; of a quantile relative to it.
    """

    error: float
    ask: str = ""
    measure: str = ""
    month: Month | None = None
    quantile: float = 0.5


@dataclass(frozen=True)
class Case:
    """One scenario at one point of the design.

    Parameters
    ----------
    name : unique in the job; the name of its partition.
    point : number of the design point, from 1; 0 where nothing is varied.
    settings : by axis, the value as a number, or as text where it is a month, on or off.
    """

    name: str
    scenario: Scenario
    point: int
    settings: Mapping[str, float | str]


@dataclass(frozen=True)
class JobOutline:
    """What a job is before its cases are built: how many there are, of which scenarios, and what is done of each.

    Parameters
    ----------
    points : of the design; 1 where nothing is varied. scenarios : as they stand, by name.
    """

    name: str
    model: Model
    question: str
    question_zh: str
    draws: int
    per_draw: int
    seed: int
    fidelity: str
    keep: Keep
    stop: Stop | None
    points: int
    scenarios: Mapping[str, Scenario] = field(repr=False)

    @property
    def replicates(self) -> int:
        """Replicates of a case, at most where a stopping rule may end it earlier."""
        return self.draws * self.per_draw

    def plan_of(self, scenario: Scenario) -> Plan:
        """Return what is run of a scenario or a variant of it."""
        return Plan(
            self.model,
            scenario,
            self.replicates,
            self.seed,
            self.fidelity,
            self.keep.by_segment,
            per_draw=self.per_draw,
        )

    def size_of(self, plan: Plan) -> int:
        """Return how many replicates a unit has; a draw's replicates stay together.

        The size is a function of the job alone, so the files do not depend on how many workers there are.
        """
        return min(max(block_size(plan) // self.per_draw, 1) * self.per_draw, plan.draws)


@dataclass(frozen=True)
class Job(JobOutline):
    """A checked job with its cases; `trees` are the located scenarios by name, after `extends`."""

    axes: tuple[Axis, ...]
    cases: tuple[Case, ...]
    tree: Members = field(repr=False)
    trees: Mapping[str, Members] = field(repr=False)

    def plan(self, case: Case) -> Plan:
        """Return what is run of a case."""
        return self.plan_of(case.scenario)

    def units(self, case: Case) -> list[tuple[int, int]]:
        """Return the units of a case: first replicate and the one after the last."""
        plan = self.plan(case)
        size = self.size_of(plan)
        return [(first, min(first + size, plan.draws)) for first in range(0, plan.draws, size)]


@dataclass(frozen=True)
class Task:
    """One unit of work: everything that its files depend on but the code, so that any worker may compute it."""

    case: Case
    number: int
    plan: Plan
    keep: Keep
    first: int
    last: int

    @property
    def name(self) -> str:
        """Its name in messages and in the log."""
        return f"{self.case.name}/{file_name(self.number)}"


def file_name(number: int) -> str:
    """Return the name of a unit's files."""
    return f"unit-{number:06d}.parquet"


def months_kept(keep: Keep, scenario: Scenario) -> tuple[Month, ...]:
    """Return the months whose distribution is summarised."""
    every = [scenario.start + t for t in range(scenario.months + 1)]
    if keep.months == "all":
        return tuple(every)
    if keep.months == "year_ends":
        return tuple(m for m in every if m.month == 12 or m in (every[0], every[-1]))
    return tuple(m for m in keep.months if m in every)


def segments_kept(keep: Keep, scenario: Scenario) -> Sequence[str]:
    """Return the names of the segments kept, the whole bank apart."""
    return [s.name for s in scenario.segments if s.bands] if keep.by_segment else []
