"""Posteriors for programs: what a calibration found, read by name, or fitted here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobank.api.inputs import is_text, named, whole_number
from mobank.api.run import Progress
from mobank.api.table import Table, as_pandas
from mobank.base.arrays import Floats
from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED, Month
from mobank.base.workspace import POSTERIOR, TARGET, here
from mobank.calibration import commands
from mobank.calibration.posterior.posterior import QUANTILES
from mobank.calibration.sampler.ensembles import Effort
from mobank.calibration.targets import Target, load, load_text
from mobank.dynamics import posterior_draws
from mobank.model.mobile_banking import MODEL
from mobank.scenario.keys.values import FIGURE_EVIDENCE
from mobank.scenario.posterior import FIT_AGAIN, RECORD, Found, find, why_unusable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

QUANTILE_NAMES = tuple(f"p{100 * q:g}" for q in QUANTILES)
DIAGNOSES = ("contraction", "shift", "r_hat", "effective")
MOST_WORKERS = 64
WORK = Path("outputs/.calibration")  # checkpoints, as those of the command


@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """Draws of what the reported figures leave possible, as scenarios start from them.

    `mobank.posterior` reads one, `mobank.calibrate` makes one.

    Examples
    --------
    >>> import mobank as mb
    >>> found = mb.posterior("icbc_mobile")
    >>> found
    <Posterior 'icbc_mobile': 4,000 draws, figures to 2022-12>
    >>> found.draws["lapse_rate"].shape
    (4000,)
    >>> found.summary.where(name="lapse_rate").column("prior")
    ('low 3%, high 10%',)
    """

    _found: Found

    @property
    def name(self) -> str:
        """The name that a scenario gives as `posterior`."""
        return self._found.name

    @property
    def folder(self) -> Path:
        """Where it is stored."""
        return self._found.folder

    @property
    def last(self) -> Month:
        """The month of the last figure, from which runs start."""
        return self._found.last

    @property
    def digest(self) -> str:
        """The SHA-256 of the draws."""
        return str(self._found.record["draws"])

    @cached_property
    def draws(self) -> Mapping[str, Floats]:
        """The draws by name, (N,) each, read-only: parameters, shocks of past years, people by state and segment."""
        return posterior_draws.columns(str(self.folder), self.digest, self._found.record["rows"])

    @cached_property
    def summary(self) -> Table:
        """What is unknown, a row each: its prior, quantiles of prior and posterior, how far the figures moved it."""
        columns = ("name", "prior", *(f"prior_{name}" for name in QUANTILE_NAMES), *QUANTILE_NAMES, *DIAGNOSES)
        rows = tuple(_summary_row(row) for row in self._found.record["coordinates"])
        return Table(columns, rows, {"posterior": self.name, "digest": self.digest})

    def to_pandas(self) -> "pd.DataFrame":
        """Return the draws as a pandas data frame, a column a name."""
        return as_pandas(self.to_arrow(), {"posterior": self.name, "digest": self.digest})

    def to_arrow(self) -> "pa.Table":
        """Return the draws as an Arrow table, a column a name."""
        return posterior_draws.table(str(self.folder), self.digest, self._found.record["rows"])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the draws by the Arrow PyCapsule interface, which polars, duckdb and pandas read."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<Posterior {self.name!r}: {self._found.record['rows']:,} draws, figures to {self.last}>"

    def _repr_html_(self) -> str:
        return self.summary.select("name", "prior", *QUANTILE_NAMES, *DIAGNOSES)._repr_html_()


def _summary_row(row: Mapping[str, Any]) -> tuple[str | float, ...]:
    numbers = [*row["prior_quantiles"], *row["quantiles"], *(row.get(name, float("nan")) for name in DIAGNOSES)]
    return (row["name"], row["prior"], *map(float, numbers))


def posterior(source: str | Path) -> Posterior:
    """Return a stored posterior by its name or the path of its folder.

    Raises
    ------
    InputError
        If there is none of this name, or it is of another model or name.
    """
    found = find(named(source, POSTERIOR))
    if found is None:
        raise InputError([Problem(shown(str(source)), "is not a posterior", FIT_AGAIN)])
    if unusable := list(why_unusable(found, MODEL, Place(str(found.folder / RECORD), 0))):
        raise InputError(unusable)
    return Posterior(found)


def calibrate(
    target: str | Path,
    *,
    evidence: Sequence[str] = FIGURE_EVIDENCE,
    seed: int = 1,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Posterior:
    """Fit what is unknown to what has been reported, as `mobank calibrate` does; interrupted, it goes on where it was.

    Parameters
    ----------
    target : the name or the path of a target (figures and priors), or YAML text of more than one line, in which files
        are named as from the working folder and whose posterior is called "text".
    evidence : kinds of evidence to take: "internal", "article", "secondary", "unverified".
    out : where the folder of the posterior goes; default: `calibration/posteriors` of the workspace.
    workers : processes; default: all cores.
    progress : called with (steps done, steps in all); an exception that it raises ends the fit.

    Raises
    ------
    InputError
        If the target is wrong or has too few figures, with every problem; if nothing may be written in `out`.
    """
    wanted = commands.fit_for(_target(target), MODEL, tuple(evidence))
    count = cores() if workers is None else whole_number(workers, "workers", 1, MOST_WORKERS)
    seed = whole_number(seed, "seed", 0, MOST_SEED)
    where = commands.writable(Path(out or here() / POSTERIOR.folders[0]), "out")
    _, folder = commands.calibrate(wanted, MODEL, where, WORK, seed, Effort(), count, _shown_to(progress))
    return posterior(folder)


def _target(source: str | Path) -> Target:
    return load_text(str(source), MODEL) if is_text(source) else load(named(source, TARGET), MODEL)


def _shown_to(progress: Progress | None) -> commands.Progress:
    @contextmanager
    def watched(what: str) -> Iterator[Callable[[int, int], None]]:
        yield progress or (lambda done, total: None)

    return watched
