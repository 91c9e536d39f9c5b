"""Comparisons for programs: scenarios or runs beside one another under the same random streams."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from mobank.api.inputs import LANGUAGES, choice, is_text
from mobank.api.run import Progress, Run, compute, open_run, planned
from mobank.api.scenario import LoadedScenario, Source, load
from mobank.api.table import Table, as_written, element, table_of
from mobank.base.cells import read_table
from mobank.base.errors import InputError, Problem
from mobank.base.quantities import Lang
from mobank.ensemble.plan import Plan
from mobank.report.compare import comparison as report
from mobank.report.compare import folder
from mobank.report.compare.comparison import ComparisonResult
from mobank.report.run.record import RECORD, FinishedRun
from mobank.report.tables import FANS

ROWS: Mapping[str, Callable[[ComparisonResult], list[dict[str, str]]]] = {
    folder.DIFFERENCES: folder.difference_rows,
    folder.ASKS: lambda found: folder.answer_rows(found, {}),
    folder.SUMMARY: folder.quantile_rows,
}
SHOWN = ("scenario", "measure", "mean", "mean_mc_error", "p5", "p95")  # columns in a notebook
LANG: Lang = "en"  # of what differs in words, until a folder is written in another


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """How scenarios or runs differ from the first of them, the reference, and by how much.

    `mobank.compare` makes one, `mobank.open` reads one from its folder. The tables are those of the folder.

    Examples
    --------
    >>> import mobank as mb
    >>> found = mb.compare("baseline", "better_release", draws=200)
    >>> found.labels
    ('baseline', 'better_release')
    >>> found.differences.where(measure="mau", month="2027-12").column("mean")[0] > 0
    True
    """

    _source: ComparisonResult | FinishedRun
    runs: Mapping[str, Run]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the sides, the reference first."""
        if isinstance(self._source, FinishedRun):
            return tuple(side["label"] for side in self._source.record["compared"])
        return tuple(side.label for side in self._source.sides)

    @property
    def differs(self) -> Mapping[str, Sequence[str]]:
        """What each side but the reference has otherwise, a sentence each."""
        return self._source.record["differs"] if isinstance(self._source, FinishedRun) else self._source.differs

    @cached_property
    def differences(self) -> Table:
        """The differences to the reference at year-ends: a row a side, measure and month.

        Mean with its Monte Carlo error, 5, 50 and 95 % quantiles, the share of replicates above the reference, extra
        spend, and what a yuan of it brings.
        """
        return self._table(folder.DIFFERENCES)

    @cached_property
    def questions(self) -> Table:
        """The answers of all sides to what any of them asks, with the difference of each chance to the reference's."""
        return self._table(folder.ASKS)

    @cached_property
    def quantiles(self) -> Table:
        """Means and quantiles by month: a row a side, measure and month."""
        return self._table(folder.SUMMARY)

    def _table(self, name: str) -> Table:
        if isinstance(self._source, FinishedRun):
            path = self._source.folder / name
            return table_of(read_table(path) if path.exists() else [], self._attrs)
        return table_of(ROWS[name](self._source), self._attrs)

    @property
    def _attrs(self) -> dict[str, str]:
        return {"compared": ", ".join(self.labels), "digest": self.digest}

    @cached_property
    def digest(self) -> str:
        """The first ten digits of the digest of all that is compared, as in the name of its folder."""
        source = self._source
        name = source.folder.name if isinstance(source, FinishedRun) else folder.name_of(source.sides, LANG, {})
        return name.rpartition("-")[2]

    def save(self, out: str | Path = "outputs", lang: Lang = LANG) -> Path:
        """Write the folder that `mobank compare` writes and return its path; one that was opened stays where it is.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        choice(lang, "language", LANGUAGES)
        if isinstance(self._source, FinishedRun):
            return self._source.folder
        found = self._source if lang == LANG else report.compare(self._source.paths, self._source.sides, lang)
        final = Path(out) / folder.name_of(found.sides, lang, {})
        folder.save(found, final, lang, "Comparison.save")
        return final

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.labels)}>"

    def _repr_html_(self) -> str:
        last = max(self.differences.column("month"), key=str)
        differences = self.differences.where(month=last)
        rows = tuple(row for name in FANS for row in differences.where(measure=name))
        table = Table(differences.columns, rows, self._attrs).select(*SHOWN)._repr_html_()
        words = (element("li", f"{label}: {text}") for label in self.labels[1:] for text in self.differs[label])
        title = element("h4", f"Difference to {self.labels[0]} in {last}")
        return as_written(title, table, "<ul>", *words, "</ul>", f"<p>{element('small', f'Digest {self.digest}.')}</p>")


def compare(
    reference: Source | Run,
    *others: Source | Run,
    draws: int | None = None,
    seed: int | None = None,
    fidelity: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    different_subjects: bool = False,
) -> Comparison:
    """Compare scenarios or runs with the first of them, under the same random streams.

    Parameters
    ----------
    reference, others : what `load` takes, a run, or the folder of one. Scenarios are run here.
    draws, seed, fidelity : default: those of the first run named, else 2,000, 1 and "cohort".
    workers, progress : as in `run`.
    different_subjects : True to compare different banks or products all the same.

    Raises
    ------
    InputError
        If a scenario is wrong or runs cannot be compared, with every problem.
    """
    given = (reference, *others)
    report.refuse_count(len(given))
    loaded = _loaded(given)
    first = next((each for each in loaded if isinstance(each, Run)), None)
    settings = (
        draws or (first.draws if first else report.DRAWS),
        seed if seed is not None else (first.seed if first else report.SEED),
        fidelity or (first.fidelity if first else report.FIDELITY),
    )
    plans = [each._plan if isinstance(each, Run) else planned(each, *settings, workers=workers) for each in loaded]
    origins = [_origin(source, plan, i) for i, (source, plan) in enumerate(zip(given, plans, strict=True), start=1)]
    finished = [each._finished if isinstance(each, Run) else None for each in loaded]
    sides = report.side_by_side(list(zip(origins, plans, finished, strict=True)), different_subjects)
    runs = [
        each if isinstance(each, Run) else compute(plan, _part(progress, i, len(plans)))
        for i, (each, plan) in enumerate(zip(loaded, plans, strict=True))
    ]
    found = report.compare([each._result.paths for each in runs], sides, LANG)
    return Comparison(found, MappingProxyType({side.label: each for side, each in zip(sides, runs, strict=True)}))


def _loaded(given: Sequence[Source | Run]) -> list[LoadedScenario | Run]:
    """Return the scenario or the run of each; problems of all are raised at once."""
    found: list[LoadedScenario | Run] = []
    problems: list[Problem] = []
    for each in given:
        try:
            found.append(_one(each))
        except InputError as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise InputError(problems)
    return found


def _one(source: Source | Run) -> LoadedScenario | Run:
    if isinstance(source, Run):
        return source
    if isinstance(source, (str, Path)) and not is_text(source) and (Path(source) / RECORD).is_file():
        return open_run(source)
    return load(source)


def _origin(source: Source | Run, plan: Plan, number: int) -> str:
    """Return what names a side where two scenarios have one name."""
    named = isinstance(source, (str, Path)) and not is_text(source)
    return Path(str(source)).as_posix() if named else f"{plan.scenario.name} ({number})"


def _part(progress: Progress | None, number: int, sides: int) -> Progress | None:
    """Return the progress of one side as that of all, in thousandths of a side."""
    return progress and (lambda done, total: progress(1000 * number + 1000 * done // total, 1000 * sides))
