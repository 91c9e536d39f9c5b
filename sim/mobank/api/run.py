"""A run for programs: made in memory, the same numbers as the command's; asked, drawn, handed on, saved."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mobank.api import exports, notebook
from mobank.api.inputs import LANGUAGES, choice, fraction, whole_number
from mobank.api.scenario import LoadedScenario, Source, load
from mobank.api.table import Table, as_pandas
from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Problem, shown
from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED, Lang, Month
from mobank.ensemble.paths import Ensemble
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.questions import Answer
from mobank.ensemble.run import run as computed
from mobank.ensemble.summary import QUANTILES
from mobank.fidelity import BYTES_A_LIFE, FIDELITIES
from mobank.model.mobile_banking import MODEL
from mobank.report.run import cost, folder
from mobank.report.run.record import SCENARIO, FinishedRun, plan_of, read
from mobank.report.run.result import RunResult
from mobank.report.run.stored_paths import Written

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr
    from matplotlib.axes import Axes

Progress = Callable[[int, int], None]
SAVED = "Run.save"  # stands in the record for the command
MOST_DRAWS, MOST_WORKERS = 10_000_000, 256


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A run of a scenario: every replicate's path, and what follows from them, worked out when it is asked for.

    `mobank.run` makes one, `mobank.open` reads one from its folder.

    Examples
    --------
    >>> import mobank as mb
    >>> run = mb.run("baseline", draws=200)
    >>> run
    <Run of 'baseline': 200 draws, seed 1, cohort, 2022-12 to 2027-12>
    >>> run.paths("mau").shape
    (61, 200)
    >>> run.quantiles("mau").where(month="2025-12", quantile=0.5).rows[0][:5]
    ('baseline', 'mau', 'all', Month(ordinal=24311), 0.5)
    >>> list(run.questions)
    ['two_hundred_million', 'active_2027', 'registered_2027']
    """

    _result: RunResult
    _finished: FinishedRun | None = None

    @property
    def scenario(self) -> LoadedScenario:
        """What was run."""
        scenario = self._plan.scenario
        assert isinstance(scenario, LoadedScenario)
        return scenario

    @property
    def draws(self) -> int:
        """How many replicates there are, each with a draw of its own."""
        return self._plan.draws

    @property
    def seed(self) -> int:
        """The seed of all random streams."""
        return self._plan.seed

    @property
    def fidelity(self) -> str:
        """How the population is represented."""
        return self._plan.fidelity

    @property
    def months(self) -> tuple[Month, ...]:
        """The start month and those that follow."""
        return tuple(self._plan.months)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures that are kept."""
        return tuple(exports.units_of(self._plan))

    @property
    def segments(self) -> tuple[str, ...]:
        """What paths are kept of: "all", the whole bank; regions that were fitted; with `by_segment`, all segments."""
        return tuple(exports.segments_of(self._plan))

    @cached_property
    def digest(self) -> str:
        """The first ten digits of the digest of all that the numbers depend on, as in the name of the run's folder."""
        known = self._finished.record["identity"] if self._finished else folder.identity(self._plan, "en", self._spread)
        return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:10]

    @property
    def _spread(self) -> bool:
        """Whether the command would decompose the variance by default."""
        return self.fidelity not in BYTES_A_LIFE

    @property
    def _plan(self) -> Plan:
        """Everything that the numbers depend on but the code."""
        return self._result.plan

    @property
    def _attrs(self) -> dict[str, str]:
        units = "; ".join(f"{name}: {unit}" for name, unit in exports.units_of(self._plan).items())
        return {
            "scenario": self.scenario.name,
            "question": self.scenario.question,
            "units": units,
            "digest": self.digest,
        }

    # ------------ numbers

    def paths(self, measure: str = "mau", segment: str = ALL) -> Floats:
        """Return a measure in every month and replicate, (T + 1, R), read-only; NaN where it is not defined."""
        self._refuse_unknown(measure, segment)
        values = np.stack([self._result.paths.month(measure, t, segment) for t in range(len(self.months))])
        values.flags.writeable = False
        return values

    def quantiles(
        self, measure: str | None = None, quantiles: float | Sequence[float] = QUANTILES, segment: str = ALL
    ) -> Table:
        """Return quantiles by month: scenario, measure, segment, month, quantile, value.

        Parameters
        ----------
        measure : default: all. quantiles : one or several, between 0 and 1. Months in which a measure is not defined
            have no rows.

        Raises
        ------
        InputError
            If there is no such measure or segment, or a quantile is no number from 0 to 1.
        """
        asked = quantiles if isinstance(quantiles, Sequence) and not isinstance(quantiles, str) else [quantiles]
        shares = [fraction(q, "quantiles") for q in asked]
        measures = [m for m, s in self._plan.columns if s == segment] if measure is None else [measure]
        rows = [
            (self.scenario.name, name, segment, month, q, float(value))
            for name in measures
            for month, values in zip(self.months, self._quantiles(name, shares, segment).T, strict=True)
            for q, value in zip(shares, values, strict=True)
            if not np.isnan(value)
        ]
        return Table(("scenario", "measure", "segment", "month", "quantile", "value"), tuple(rows), self._attrs)

    def _quantiles(self, measure: str, quantiles: Sequence[float], segment: str) -> Floats:
        """Return quantiles by month, (Q, T + 1)."""
        self._refuse_unknown(measure, segment)
        if tuple(quantiles) == QUANTILES:
            return self._result.summary(measure, segment).quantiles
        known = [values[~np.isnan(values)] for values in self.paths(measure, segment)]
        blank = np.full(len(quantiles), np.nan)
        return np.stack([np.quantile(each, quantiles) if each.size else blank for each in known], axis=1)

    def _refuse_unknown(self, measure: str, segment: str) -> None:
        choice(measure, "measure", self.measures)
        choice(segment, "segment", self.segments)

    @cached_property
    def questions(self) -> Mapping[str, Answer]:
        """The answers to what the scenario asks, by name: each with `chance`, `standard_error` and `interval`."""
        return MappingProxyType({answer.ask.name: answer for answer in self._result.answers})

    # ------------ for other libraries

    def to_pandas(self) -> "pd.DataFrame":
        """Return the paths as a pandas data frame: a row a draw and month, a column a measure.

        With segments kept, a row a segment, draw and month; "all" is the whole bank. `month` is the date of its first
        day.
        """
        return as_pandas(self.to_arrow(), self._attrs)

    def to_arrow(self) -> "pa.Table":
        """Return the paths as an Arrow table, with the columns of `to_pandas`."""
        return exports.arrow_of(self._result.paths, self._attrs)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the paths by the Arrow PyCapsule interface, which polars, duckdb and pandas read."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_xarray(self) -> "xr.Dataset":
        """Return the paths as an xarray Dataset(draw, month); units, definitions and digest are attributes.

        Segments, where they are kept, are in variables of their own: `mau_by_segment` (segment, draw, month).
        """
        return exports.dataset_of(self._result.paths, self._attrs)

    # ------------ pictures and files

    def plot(self, measure: str = "mau", against: "Run | None" = None, lang: Lang = "en") -> "Axes":
        """Return the chart of a measure as matplotlib axes: its fan, or its median beside another run's.

        A fan of registered or active users has the outline of what will be printed (`mau_printed`).

        Parameters
        ----------
        against : a run with the same start, drawn in grey. The figure is ``axes.figure``.

        Raises
        ------
        InputError
            If there is no such measure or language, or what it is to be drawn against is no run.
        """
        from mobank.api import plots

        choice(lang, "language", LANGUAGES)
        if against is not None and not isinstance(against, Run):
            raise InputError([Problem(shown(str(against)), "is not a run", "run it first: mb.run(…)", "against")])
        self._refuse_unknown(measure, ALL)
        if against is None:
            return plots.fan(self._plan, self._result.summary(measure), lang, self._result.in_print(measure))
        against._refuse_unknown(measure, ALL)
        runs = ((against._plan, against._result.summary(measure)), (self._plan, self._result.summary(measure)))
        return plots.beside(runs, lang)

    def save(self, out: str | Path = "outputs", lang: Lang = "en", shares: bool | None = None) -> Path:
        """Write the folder that `mobank run` writes and return its path; a run that was opened stays where it is.

        Parameters
        ----------
        out : where the folder goes. lang : "en" or "zh". shares : as the option of `mobank run`.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        choice(lang, "language", LANGUAGES)
        if self._finished:
            return self._finished.folder
        spread = self._spread if shares is None else shares
        final = Path(out) / folder.name_of(self._plan, lang, spread)
        return folder.save(self._result, final, lang, SAVED, spread).folder

    def with_draws(self, draws: int, progress: Progress | None = None) -> "Run":
        """Return the run with more draws; those that it has are kept, to the last bit.

        A run that was opened may have been made by an earlier version, so all its draws are computed again.
        """
        plan = replace(self._plan, draws=whole_number(draws, "draws", self.draws, MOST_DRAWS))
        known = self._result.paths
        return compute(plan, progress, known if isinstance(known, Ensemble) else None)

    def __repr__(self) -> str:
        span = f"{self.months[0]} to {self.months[-1]}"
        return f"<Run of {self.scenario.name!r}: {self.draws:,} draws, seed {self.seed}, {self.fidelity}, {span}>"

    def _repr_html_(self) -> str:
        return notebook.page(self._result, self.digest)


def run(
    scenario: Source,
    *,
    draws: int = 2000,
    seed: int = 1,
    fidelity: str = "cohort",
    by_segment: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a scenario in memory; the numbers are those of `mobank run`, to the last bit.

    Parameters
    ----------
    scenario : what `load` takes: a name, a path, YAML text or a scenario.
    draws : replicates, each with a draw of its own. seed : of all random streams.
    fidelity : "cohort", "mean_field", "agents" or "processes".
    by_segment : True to keep the paths of each segment too.
    workers : threads; default: all cores. No result depends on it.
    progress : called with (blocks done, blocks in all); an exception that it raises ends the run.

    Raises
    ------
    InputError
        If the scenario or a setting is wrong, with every problem.

    Examples
    --------
    >>> import mobank as mb
    >>> run = mb.run("baseline", draws=200)
    >>> answer = run.questions["two_hundred_million"]
    >>> 0 <= answer.interval[0] <= answer.chance <= answer.interval[1] <= 1
    True
    """
    return compute(planned(load(scenario), draws, seed, fidelity, by_segment, workers), progress)


def planned(
    scenario: LoadedScenario,
    draws: int,
    seed: int,
    fidelity: str,
    by_segment: bool = False,
    workers: int | None = None,
) -> Plan:
    """Return the plan of a run; raises as `run` where a setting is wrong."""
    return Plan(
        MODEL,
        scenario,
        whole_number(draws, "draws", 1, MOST_DRAWS),
        whole_number(seed, "seed", 0, MOST_SEED),
        choice(fidelity, "fidelity", FIDELITIES),
        bool(by_segment),
        cores() if workers is None else whole_number(workers, "workers", 1, MOST_WORKERS),
    )


def compute(plan: Plan, progress: Progress | None, known: Ensemble | None = None) -> Run:
    """Return the run of a plan; draws that are known are not drawn again.

    Raises
    ------
    InputError
        If it takes more memory or space for temporary files than there is.
    """
    cost.refuse(plan, cost.of_several([plan]), Path(gettempdir()), "draws", yes=True)
    paths = computed(plan, progress or (lambda done, total: None), known=known)
    return Run(RunResult(paths, paths.tried))


def open_run(where: str | Path) -> Run:
    """Return a finished run, its paths read from its folder when they are asked for.

    Raises
    ------
    InputError
        If there is none, or files have changed since it was written.
    """
    found = read(Path(where))
    scenario = load(found.folder / SCENARIO, name=found.record["identity"]["scenario"])
    plan = replace(plan_of(found, MODEL), scenario=scenario)
    return Run(RunResult(Written(found, plan), found.record["draws_tried"]), found)
