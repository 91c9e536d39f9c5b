"""What to run, and one block of it: a pure function of the plan and of replicate numbers."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.errors import InputError, Problem
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics import season
from mobank.dynamics.contacts import Contacts, Witness
from mobank.dynamics.draws import draw
from mobank.dynamics.printed import Printing
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.shocks import paths
from mobank.dynamics.trajectory import Trajectory
from mobank.fidelity import BYTES_A_LIFE, FIDELITIES, FOLLOWS_NETWORKS, MOST_LIVED, people
from mobank.model.grammar import Model
from mobank.scenario.effective import effective
from mobank.scenario.regions import Regions
from mobank.scenario.scenario import Scenario

SMALLEST, LARGEST = 250, 2000  # replicates of a block: tuning constants that cannot change a result
MEMORY = 96 << 20  # bytes of one block
ALL = "all"  # the name of the whole bank where segments are told apart


@dataclass(frozen=True)
class Plan:
    """What to run: everything that a result depends on but the code, and how many workers may share it.

    Parameters
    ----------
    draws : replicates in all. per_draw : how many of them share one draw of what is not known; more than 1 only in
        batch jobs.
    """

    model: Model
    scenario: Scenario
    draws: int = 2000
    seed: int = 1
    fidelity: str = "cohort"
    by_segment: bool = False
    workers: int = 1
    per_draw: int = 1

    def __post_init__(self) -> None:
        """Leave out the flows that the scenario leaves switched off."""
        object.__setattr__(self, "model", effective(self.model, self.scenario))

    @property
    def months(self) -> list[Month]:
        """The start month and those that follow."""
        return [self.scenario.start + t for t in range(self.scenario.months + 1)]

    @property
    def costs(self) -> bool:
        """True if a lever of the scenario has a cost."""
        return any(lever.cost.once or lever.cost.a_month for lever in self.scenario.levers)

    @property
    def printed(self) -> dict[str, str]:
        """The measures that are kept as they will be printed too: what each is a print of, by its name."""
        return {twin.name: measure for measure, twin in self.model.printed.items()}

    @property
    def regions(self) -> dict[str, list[int]]:
        """The numbers of the segments of each region that was fitted by itself, by its name."""
        names = tuple(self.scenario.fitted.regions) if self.scenario.fitted else ()
        of = Regions(names).of(self.scenario.segments) if names else []
        return {name: [s for s, region in enumerate(of) if names[region] == name] for name in names}

    @property
    def parts(self) -> dict[str, list[int]]:
        """What is kept beside the whole bank: the numbers of the segments of each part, by its name."""
        segments = enumerate(self.scenario.segments) if self.by_segment else ()
        return self.regions | {segment.name: [s] for s, segment in segments if segment.bands}

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The (measure, segment or region) pairs that are kept, in order."""
        measures = [m.name for m in self.model.measures]
        whole = [(m, ALL) for m in (*measures, *self.printed)] + ([("spend", ALL)] if self.costs else [])
        return whole + [(m, name) for m in measures for name in self.parts]


def run_block(
    plan: Plan, replicates: Ints, streams: Streams | None = None, witness: Witness | None = None
) -> tuple[Trajectory, int]:
    """Return the trajectory of some replicates, (R,) their numbers, and how many draws were tried for it.

    `witness` is shown the people month by month where the fidelity keeps a record of each.
    """
    refuse_a_crowd(plan, replicates.size)
    scenario = plan.scenario
    streams = streams or Streams(plan.seed)
    drawn, row = np.unique(draws_of(plan, replicates), return_inverse=True)
    draws = draw(plan.model, scenario, streams, drawn).rows(row)
    schedule = Schedule(
        model=plan.model,
        start=scenario.start,
        length=scenario.months,
        base=draws.base,
        replicates=replicates,
        segments=[segment.name for segment in scenario.segments],
        changes=draws.changes,
        shocks=_by_segment(
            scenario,
            _with_tilt(
                paths(draws.sizes, scenario.start, scenario.months, streams, replicates, draws.origin), draws.tilt
            ),
        ),
        season={name: np.array(factors) for name, factors in scenario.season.items()},
        streams=streams,
    )
    with closing(schedule):
        run = FIDELITIES[plan.fidelity]
        trajectory = run(plan.model, schedule, draws.start, met(plan, witness), streams, bool(plan.parts))
    counted = {measure: np.exp(season.at(factors, plan.months)) for measure, factors in draws.counted.items()}
    return replace(trajectory, counted=counted), draws.tried


def draws_of(plan: Plan, replicates: Ints) -> Ints:
    """Return the number of the draw of what is not known that each replicate takes, (R,)."""
    return replicates // plan.per_draw


def met(plan: Plan, witness: Witness | None = None) -> Floats | Contacts:
    """Return who meets whom, as the plan's fidelity takes it.

    Raises
    ------
    InputError
        If the scenario has a network and the fidelity does not tell people apart by whom they know.
    """
    scenario = plan.scenario
    if plan.fidelity == FOLLOWS_NETWORKS:
        return Contacts(scenario.mixing, scenario.network, witness)
    if scenario.network:
        allowed = f"has no place in the fidelity {plan.fidelity}, which knows no single contacts"
        place = scenario.network.provenance.place
        raise InputError(
            [Problem("a network", allowed, f"run it with --fidelity {FOLLOWS_NETWORKS}", "network", place)]
        )
    return scenario.mixing


def _with_tilt(shocks: dict[str, Floats], tilt: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the shock paths displaced by what the start asks for, so that levers meet the values as written."""
    return {name: path + tilt.get(name, 0.0) for name, path in shocks.items()}


def _by_segment(scenario: Scenario, shocks: dict[str, Floats]) -> dict[str, Floats]:
    """Return the shock paths of each segment, (T, S, R), where its region has one of its own; else as they are."""
    if not scenario.fitted or not scenario.fitted.regions:
        return shocks
    region = Regions(tuple(scenario.fitted.regions)).of(scenario.segments)
    return {name: path[:, region] for name, path in shocks.items()}


def kept(plan: Plan, trajectory: Trajectory, replicates: Ints) -> Floats:
    """Return the plan's columns of a block, (columns, T + 1, R); `replicates` (R,) are their numbers in the run."""
    blank = np.full((1, trajectory.spent.shape[1]), np.nan)
    out = np.empty((len(plan.columns), *trajectory.observe(plan.model.measures[0].name).shape))
    parts = {name: trajectory.of(rows) for name, rows in plan.parts.items()}
    for i, (measure, segment) in enumerate(plan.columns):
        if measure == "spend":
            out[i] = np.concatenate([blank, trajectory.spent])
        elif measure in plan.printed:
            out[i] = _in_print(plan, plan.printed[measure], trajectory, replicates)
        elif segment == ALL:
            out[i] = trajectory.observe(measure)
        else:
            out[i] = parts[segment].observe(measure)
    return out


def _in_print(plan: Plan, measure: str, trajectory: Trajectory, replicates: Ints) -> Floats:
    """Return a measure as it will be printed, (T + 1, R)."""
    printing = Printing.of(plan.model, plan.scenario, measure)
    draws = draws_of(plan, replicates)
    return printing.paths(trajectory.observe(measure), Streams(plan.seed), replicates, draws)


def block_size(plan: Plan) -> int:
    """Return how many replicates go into a block: at least one block a worker, none too small, none over `MEMORY`."""
    shared = min(max(-(-plan.draws // plan.workers), SMALLEST), LARGEST)
    return max(1, min(shared, MEMORY // replicate_bytes(plan)))


def replicate_bytes(plan: Plan) -> int:
    """Return the memory that a replicate takes while its block is computed, about."""
    model, segments = plan.model, len(plan.scenario.segments)
    months = len(plan.months)
    kept_months = months * (len(model.states) + len(model.flows)) * (segments if plan.parts else 1)
    working = segments * (len(model.states) + 2 * len(model.flows))
    lives = BYTES_A_LIFE.get(plan.fidelity, 0) * customers(plan)
    lives += people.bytes_needed(plan.scenario.network, customers(plan)) if plan.scenario.network else 0
    return 8 * (kept_months + months * len(plan.columns) + working) + lives


def customers(plan: Plan) -> int:
    """Return how many people a replicate starts with, about: the last reported figure, else the middle of a pool.

    0 where a model has no start of its own.
    """
    origin, scenario = plan.model.origin, plan.scenario
    if origin is None:
        return 0
    last = {figure.measure: figure.interval.middle for figure in scenario.reported}  # by month, so the latest stays
    if scenario.pool is None or origin.total in last:
        return round(last.get(origin.total, 0.0))
    first = min((f for f in scenario.reported if f.measure == origin.stock), key=lambda figure: figure.month)
    return round(first.interval.middle * (1.0 + scenario.pool.headroom.prior.centre))


def refuse_a_crowd(plan: Plan, replicates: int) -> None:
    """Refuse to begin a run that would take days because every customer lives a life of his own.

    Raises
    ------
    InputError
        With how many there are and how many may be.
    """
    lived = customers(plan) * replicates * plan.scenario.months
    most = MOST_LIVED.get(plan.fidelity, lived)
    if lived > most:
        found = f"{customers(plan):,} customers × {replicates:,} draws × {plan.scenario.months} months"
        allowed = f"are {lived:,} months of single lives; at most {most:,} are lived one by one"
        hint = "--fidelity cohort has the same law at any size"
        raise InputError([Problem(found, allowed, hint, f"--fidelity {plan.fidelity}")])


def blocks(draws: int, size: int) -> list[Ints]:
    """Return the replicate numbers of each block."""
    return [np.arange(first, min(first + size, draws)) for first in range(0, draws, size)]
