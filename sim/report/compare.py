"""Scenarios beside one another under the same luck: what a change adds, at what price, and how sure that is.

Replicate k of each side meets the same draws, shocks and moves, so differences are taken replicate by replicate; most
of the luck cancels. The first side is the reference. Sides are scenarios, which are run here, or finished runs, whose
paths are read.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.asks import Answer, Paths, answer
from sim.ensemble import ALL, Plan, run
from sim.errors import InputError, Place, Problem
from sim.quantities import Lang, Month
from sim.report.asks import row, write_rows
from sim.report.folder import PATHS, Run, aside, code_digest, file_digest, identity, plan_of, read
from sim.report.wording import differs
from sim.scenario import Ask
from sim.scenario_asks import meaning
from sim.scenario_file import load
from sim.spec import Model

Floats = NDArray[np.float64]

RECORD = "compare.json"
DIFFERENCES = "differences.csv"
ASKS = "asks.csv"
DRAWN = ("registered", "mau")
ACTIVE = "mau"  # what a yuan is to buy
MOST = 8  # sides that can be told apart in one chart
DRAWS, SEED, FIDELITY = 2000, 1, "cohort"


@dataclass(frozen=True)
class Settings:
    """How scenarios are to be run; what is left open is taken from the first finished run, else from the defaults."""

    draws: int | None = None
    seed: int | None = None
    fidelity: str | None = None
    workers: int = 1


@dataclass(frozen=True)
class Side:
    """One of what is compared: its label, its plan, and the finished run if it is one."""

    label: str
    plan: Plan
    finished: Run | None = None


@dataclass(frozen=True)
class Difference:
    """How far a side lies from the reference in one measure and month.

    Parameters
    ----------
    mean, standard_error : of the differences by replicate; the latter is the Monte Carlo error of the mean.
    low, middle, high : the 5, 50 and 95 % quantiles of the differences.
    above : share of replicates in which the side lies above the reference.
    spend : expected extra spend from the start to this month, yuan; NaN unless a lever of either has a cost.
    per_yuan, per_yuan_error : mean extra MAU at the end of this month per yuan of expected extra spend, with its
        Monte Carlo error by the delta method; NaN for other measures, and where no more is spent.
    """

    side: str
    measure: str
    month: Month
    mean: float
    standard_error: float
    low: float
    middle: float
    high: float
    above: float
    spend: float
    per_yuan: float
    per_yuan_error: float


@dataclass(frozen=True)
class Comparison:
    """What was found: by side, what differs in words and by how much; each ask with the answer of every side."""

    sides: tuple[Side, ...]
    differs: Mapping[str, Sequence[str]]
    differences: tuple[Difference, ...]
    answers: tuple[tuple[Ask, tuple[Answer, ...]], ...]


# ------------ what is compared


def sides(given: Sequence[Path], model: Model, settings: Settings) -> tuple[Side, ...]:
    """Return the sides that some paths name: folders are finished runs, files are scenarios.

    Raises
    ------
    InputError
        If one cannot be read, or if their luck is not the same, with every problem.
    """
    if len(given) < 2:
        raise InputError([Problem(f"{len(given)} scenario", "cannot be compared", "name two or more")])
    if len(given) > MOST:
        raise InputError([Problem(f"{len(given)} scenarios", f"are too many to tell apart; at most {MOST}")])
    plans = _plans(given, model, settings)
    names = [plan.scenario.name for plan, _ in plans]
    labels = [name if names.count(name) == 1 else path.as_posix() for name, path in zip(names, given, strict=True)]
    found = tuple(Side(label, plan, run) for label, (plan, run) in zip(labels, plans, strict=True))
    problems = [problem for i, side in enumerate(found) for problem in _mismatches(found[:i], side, given[i])]
    problems += _outdated(found, given)
    if problems:
        raise InputError(problems)
    return found


def _plans(given: Sequence[Path], model: Model, settings: Settings) -> list[tuple[Plan, Run | None]]:
    """Return plan and finished run of each path; problems of all files are told at once."""
    runs, scenarios, problems = {}, {}, []
    for path in given:
        try:
            if path.is_dir():
                runs[path] = read(path)
            else:
                scenarios[path] = load(path, model)
        except InputError as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise InputError(problems)
    known: dict[str, Any] = next((run.record["identity"] for run in runs.values()), {})
    how = (
        settings.draws or known.get("draws", DRAWS),
        known.get("seed", SEED) if settings.seed is None else settings.seed,
        settings.fidelity or known.get("fidelity", FIDELITY),
    )
    return [
        (plan_of(runs[path], model), runs[path]) if path in runs
        else (Plan(model, scenarios[path], *how, workers=settings.workers), None)
        for path in given
    ]  # fmt: skip


def _mismatches(before: Sequence[Side], side: Side, path: Path) -> Iterator[Problem]:
    """Yield why a side cannot stand beside those before it."""
    if not before:
        return
    first, place = before[0], Place(path.as_posix(), 0)
    for name, hint in (("seed", "luck is paired by seed"), ("draws", "replicates are paired one by one"),
                       ("fidelity", "fidelities have luck of their own")):  # fmt: skip
        mine, theirs = getattr(side.plan, name), getattr(first.plan, name)
        if mine != theirs:
            yield Problem(f"{name} {mine}", f"is not that of {first.label} ({theirs})", hint, place=place)
    if side.plan.scenario.start != first.plan.scenario.start:
        allowed = f"is not that of {first.label} ({first.plan.scenario.start})"
        yield Problem(f"start {side.plan.scenario.start}", allowed, "runs are compared month by month", place=place)
    for other in before:
        if other.plan.scenario.resolved == side.plan.scenario.resolved:
            yield Problem("this scenario", f"is the same as {other.label}", "name another", place=place)


def _outdated(found: Sequence[Side], given: Sequence[Path]) -> Iterator[Problem]:
    """Yield the finished runs that other code has made than will make, or has made, the rest."""
    made = [side.finished.record["identity"]["code"] if side.finished else code_digest() for side in found]
    current = code_digest() if any(side.finished is None for side in found) else made[0]
    for path, code in zip(given, made, strict=True):
        if code != current:
            hint = "name its scenario, to run it anew"
            yield Problem("this run", "was made by another version of mobank than the rest", hint,
                          place=Place(path.as_posix(), 0))  # fmt: skip


class Written:
    """The paths of a finished run, read from its folder; one row group is held at a time."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.plan = plan
        self._file = pq.ParquetFile(run.folder / PATHS)
        self._ranges = [_range(self._file.metadata.row_group(g)) for g in range(self._file.metadata.num_row_groups)]
        self._held: tuple[int, Mapping[int, Floats]] = (-1, {})

    def month(self, measure: str, t: int, segment: str = ALL) -> Floats:
        """Return a measure t months after the start in every replicate, (R,); NaN where it was undefined."""
        wanted = {"measure": measure, "month": str(self.plan.months[t]), "segment": segment}
        for group, held in enumerate(self._ranges):
            if all(low <= wanted[name] <= high for name, (low, high) in held.items()):
                found = self._group(group, segment)
                if t in found:
                    return found[t]
        return np.full(self.plan.draws, np.nan)

    def _group(self, group: int, segment: str) -> Mapping[int, Floats]:
        if self._held[0] != group:
            self._held = (group, self._months(self._file.read_row_group(group), segment))
        return self._held[1]

    def _months(self, table: Any, segment: str) -> dict[int, Floats]:
        data = {name: table[name].combine_chunks() for name in table.column_names}
        replicate, value = data["replicate"].to_numpy(), data["value"].to_numpy()
        codes = data["month"].indices.to_numpy()
        mine = np.ones(codes.size, bool)
        if "segment" in data:
            mine = np.array(data["segment"].dictionary.to_pylist())[data["segment"].indices.to_numpy()] == segment
        at = {str(month): t for t, month in enumerate(self.plan.months)}
        found = {}
        for code, month in enumerate(data["month"].dictionary.to_pylist()):
            rows = mine & (codes == code)
            if rows.any():
                values = np.full(self.plan.draws, np.nan)
                values[replicate[rows]] = value[rows]
                found[at[month]] = values
        return found


def _range(group: Any) -> dict[str, tuple[str, str]]:
    """Return the first and the last word of each column of words in a row group."""
    columns = [group.column(i) for i in range(group.num_columns)]
    words = [c for c in columns if c.path_in_schema in ("measure", "month", "segment")]
    return {c.path_in_schema: (c.statistics.min, c.statistics.max) for c in words}


# ------------ differences and answers


def year_ends(plans: Sequence[Plan]) -> list[Month]:
    """Return the last month of each year that all plans run to, and the last month of all."""
    months = min((plan.months for plan in plans), key=len)[1:]
    return [month for month in months if month.month == 12 or month == months[-1]]


def compare(paths: Sequence[Paths], found: Sequence[Side], lang: Lang) -> Comparison:
    """Return what distinguishes each side from the first."""
    scenarios = [side.plan.scenario for side in found]
    ends = year_ends([side.plan for side in found])
    apart = [
        each
        for side, path in zip(found[1:], paths[1:], strict=True)
        for each in differences(paths[0], path, side.label, ends)
    ]
    asked = list({meaning(ask): ask for scenario in scenarios for ask in scenario.asks}.values())
    asked = [ask for ask in asked if ask.month <= ends[-1]]
    answers = [answer(path, asked) for path in paths]
    return Comparison(
        tuple(found),
        {side.label: differs(scenarios[0], side.plan.scenario, lang) for side in found[1:]},
        tuple(apart),
        tuple((ask, tuple(own[i] for own in answers)) for i, ask in enumerate(asked)),
    )


def differences(reference: Paths, other: Paths, label: str, months: Sequence[Month]) -> Iterator[Difference]:
    """Yield the differences of every measure of the whole bank in some months, paired by replicate."""
    start, model = reference.plan.scenario.start, reference.plan.model
    spent = _extra_spend(reference, other, [month - start for month in months])
    for measure in (m.name for m in model.measures):
        for month in months:
            t = month - start
            more = other.month(measure, t) - reference.month(measure, t)
            known = ~np.isnan(more)
            if known.sum() > 1:
                spend = spent[t] if t in spent else np.full(more.size, np.nan)
                yield _difference(label, measure, month, more[known], spend[known])


def _difference(label: str, measure: str, month: Month, more: Floats, spend: Floats) -> Difference:
    low, middle, high = np.quantile(more, (0.05, 0.5, 0.95))
    price = _per_yuan(more, spend) if measure == ACTIVE else (float("nan"), float("nan"))
    return Difference(label, measure, month, float(more.mean()), standard_error(more), float(low), float(middle),
                      float(high), float(np.mean(more > 0)), float(spend.mean()), *price)  # fmt: skip


def standard_error(values: Floats) -> float:
    """Return the Monte Carlo standard error of the mean of independent values, (R,)."""
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _per_yuan(more: Floats, spend: Floats) -> tuple[float, float]:
    """Return the ratio of the means, and its error by the delta method; NaN where no more is spent."""
    mean = float(spend.mean())
    if not mean > 0:
        return float("nan"), float("nan")
    ratio = float(more.mean()) / mean
    return ratio, standard_error(more - ratio * spend) / mean


def _extra_spend(reference: Paths, other: Paths, at: Sequence[int]) -> dict[int, Floats]:
    """Return the extra spend from the start to some months, (R,) yuan each; nothing if neither side has a cost."""
    sides = [(path, sign) for path, sign in ((other, 1.0), (reference, -1.0)) if path.plan.costs]
    total, found = np.zeros(reference.plan.draws), {}
    for t in range(1, max(at) + 1) if sides else ():
        for path, sign in sides:
            total = total + sign * path.month("spend", t)
        if t in at:
            found[t] = total
    return found


# ------------ the folder


def name_of(found: Sequence[Side], lang: str) -> str:
    """Return the folder's name: `compare-` and the first ten digits of the digest of what is compared."""
    parts = [[side.label, {**identity(side.plan, lang), "by_segment": False}] for side in found]
    return f"compare-{sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:10]}"


def make(
    found: Sequence[Side],
    final: Path,
    lang: Lang,
    command: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """Run what is not run yet, compare, and write the folder: differences, asks, charts and the record."""
    from sim.report.compare_charts import draw_all

    began = time.monotonic()
    with aside(final) as folder, ExitStack() as stack:
        paths = list(_opened(found, folder, stack, progress))
        comparison = compare(paths, found, lang)
        write_rows([difference_row(each, found[0]) for each in comparison.differences], folder / DIFFERENCES)
        if comparison.answers:
            write_rows(answer_rows(comparison), folder / ASKS)
        draw_all(paths, [side.label for side in found], DRAWN, folder, lang)
        record = {
            "compared": [{"label": s.label, "identity": identity(s.plan, lang)} for s in found],
            "differs": comparison.differs,
            "files": {p.name: file_digest(p) for p in sorted(folder.iterdir())},
            "command": command,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "wall_seconds": round(time.monotonic() - began, 2),
        }
        (folder / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return comparison


def _opened(
    found: Sequence[Side], folder: Path, stack: ExitStack, progress: Callable[[int, int], None]
) -> Iterator[Paths]:
    """Yield the paths of each side; progress is told in thousandths of all sides."""
    for i, side in enumerate(found):
        if side.finished:
            yield Written(side.finished, side.plan)
        else:

            def told(done: int, total: int, i: int = i) -> None:
                progress(1000 * i + 1000 * done // total, 1000 * len(found))

            yield stack.enter_context(run(replace(side.plan, by_segment=False), told, folder))


def difference_row(each: Difference, reference: Side) -> dict[str, str]:
    """Return a difference as a row of a table, columns by name."""
    numbers = {
        "mean": each.mean, "mean_mc_error": each.standard_error, "p5": each.low, "p50": each.middle, "p95": each.high,
        "share_above": each.above, "extra_spend_yuan": each.spend, "extra_mau_per_yuan": each.per_yuan,
        "extra_mau_per_yuan_mc_error": each.per_yuan_error,
    }  # fmt: skip
    head = {
        "scenario": each.side, "reference": reference.label, "measure": each.measure,
        "名称": reference.plan.model.measure[each.measure].zh, "month": str(each.month),
    }  # fmt: skip
    return head | {name: "" if np.isnan(value) else f"{value:.10g}" for name, value in numbers.items()}


def answer_rows(comparison: Comparison) -> list[dict[str, str]]:
    """Return the answers as rows, each side's with the difference of its chance to the reference's."""
    rows = []
    for _, answers in comparison.answers:
        for side, own in zip(comparison.sides, answers, strict=True):
            more = own.held.astype(float) - answers[0].held
            extra = {"difference": f"{more.mean():.10g}", "difference_mc_error": f"{standard_error(more):.10g}"}
            rows.append({"scenario": side.label, **row(own, side.plan.model), **extra})
    return rows
