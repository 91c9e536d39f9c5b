"""One full backtest from files to folder: join, pair, refit, forecast, score, write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mobank.base.errors import InputError, Problem
from mobank.base.files import cannot_write, file_digest
from mobank.base.workspace import SERIES, locate
from mobank.calibration.backtest import priors as reduced
from mobank.calibration.backtest.folder import name_of
from mobank.calibration.backtest.full.cases import Refit, refits
from mobank.calibration.backtest.full.figures import joined, rows_of
from mobank.calibration.backtest.full.folder import FullResult, identity, write
from mobank.calibration.backtest.full.jobs import (
    ACTIVE,
    LEVEL,
    Fitter,
    Forecasts,
    RefitEffort,
    RefitJob,
    refit,
    run_jobs,
    seed_of,
)
from mobank.calibration.backtest.full.methods import simple_methods
from mobank.calibration.backtest.full.pairs import PairedSeries, pairs
from mobank.calibration.backtest.full.printed_law import Printed, printed_laws
from mobank.calibration.backtest.full.rows import full_rows
from mobank.calibration.backtest.full.scoring import full_scores
from mobank.calibration.backtest.full.text import PriorMaker, PriorText, priors_of, target_text
from mobank.calibration.backtest.priors import OTHERS, ReducedPriors
from mobank.calibration.backtest.series import FigureRow, LeftOut
from mobank.calibration.neutral_priors import class_of, group_of, leaks, made
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model

SHIPPED = ("figures", "pairs")  # files that any others join
WORK = "backtest-full-refits"  # folder of what is done, beside the result


@dataclass(frozen=True)
class FullSettings:
    """How a full backtest is computed: seed, processes, and how much for each refit."""

    seed: int = 1
    workers: int = 1
    effort: RefitEffort = field(default_factory=RefitEffort)


def neutral_maker() -> PriorMaker:
    """Return how bank-neutral priors are made."""
    return PriorMaker(made, leaks, group_of, class_of)


def data_of(data: Sequence[Path], only: bool) -> list[Path]:
    """Return the files whose figures are joined: the shipped ones first, unless only those given are wanted.

    Raises
    ------
    InputError
        If only those given are wanted and none is given.
    """
    if only and not data:
        allowed = "is given, and --only leaves the shipped ones out"
        raise InputError([Problem("no file", allowed, "add --data FILE.csv", "--only")])
    return [*(() if only else (locate(name, SERIES) for name in SHIPPED)), *data]


def run_full(  # noqa: PLR0913 tests put two of them in
    data: Sequence[Path],
    model: Model,
    settings: FullSettings,
    out: Path,
    command: str,
    maker: PriorMaker,
    printed: Callable[[int], Mapping[str, Printed]] = printed_laws,
    fitter: Fitter = refit,
    progress: Callable[[int, int], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda remark: None,
) -> tuple[FullResult, Path]:
    """Return the full backtest of some files and the folder that it was written to.

    Parameters
    ----------
    maker : how neutral priors are made. printed : from a seed, what becomes of a forecast when it is printed, by side.
    fitter : what gives the forecasts of a refit. say : gets what a person should know of how the files were read.

    Raises
    ------
    InputError
        With every problem of the files; also if no entity can be forecast.
    """
    rows = rows_of(data, say)
    found, left_out = pairs(joined(rows), maker.group_of)
    every = [each for pair in found for each in refits(pair)]
    if not every:
        raise InputError([_nothing(data, left_out)])
    texts = _texts(every, rows, maker)
    jobs = _jobs(every, texts, model, settings)
    try:
        forecasts = run_jobs(jobs, model, out / WORK, settings.workers, fitter, progress)
    except OSError as error:
        raise cannot_write(out / WORK, error) from None
    methods, missing = simple_methods()
    scored = full_rows(every, forecasts, methods, printed(settings.seed))
    result = FullResult(
        settings.seed,
        settings.effort,
        {path.name: file_digest(path) for path in data},
        found,
        {pair.entity: maker.class_of(pair.entity) for pair in found},
        every,
        [text.digest for text in texts],
        forecasts,
        scored,
        full_scores(scored, settings.seed),
        [*left_out, *_without_refit(found, every), *_failed(every, forecasts)],
        missing,
    )
    known = identity(result, file_digest(reduced.file()), fingerprint(model))
    final = out / name_of(known, "backtest-full")
    write(result, known, final, command)
    return result, final


def _texts(refits: Sequence[Refit], rows: Sequence[FigureRow], maker: PriorMaker) -> list[PriorText]:
    """Return the priors of each refit; those of one group, origin and kind are made once."""
    known: dict[tuple[object, ...], PriorText] = {}
    texts = []
    for each in refits:
        key = (each.pair.group, each.origin, maker.class_of(each.pair.entity))
        if key not in known:
            known[key] = priors_of(each, rows, maker)
        texts.append(known[key])
    return texts


def _jobs(refits: Sequence[Refit], texts: Sequence[PriorText], model: Model, settings: FullSettings) -> list[RefitJob]:
    configurations, chosen = reduced.read()
    beliefs = {who: configurations[name] for who, name in chosen.items()}
    return [_job(each, text, model, settings, beliefs) for each, text in zip(refits, texts, strict=True)]


def _job(
    refit: Refit, text: PriorText, model: Model, settings: FullSettings, beliefs: Mapping[str, ReducedPriors]
) -> RefitJob:
    pair = refit.pair
    figures = {LEVEL: pair.level.series(refit.level), ACTIVE: pair.active.series(refit.active)}
    return RefitJob(
        refit.name,
        target_text(refit, text, model),
        refit.origin,
        refit.ahead,
        {side: series for side, series in figures.items() if series.figures},
        beliefs.get(pair.entity, beliefs[OTHERS]),
        seed_of(settings.seed, pair.entity, refit.origin, refit.kind),
        settings.effort,
    )


def _without_refit(pairs: Sequence[PairedSeries], refits: Sequence[Refit]) -> list[LeftOut]:
    """Return the pairs that have no origin with a later figure."""
    forecast = {each.pair.entity for each in refits}
    reason = "no later figure to score against, or too few under one definition before one"
    return [LeftOut(pair.entity, pair.active.metric, reason) for pair in pairs if pair.entity not in forecast]


def _failed(refits: Sequence[Refit], forecasts: Sequence[Forecasts]) -> list[LeftOut]:
    """Return the refits that gave no forecast of the model, with their reasons."""
    both = zip(refits, forecasts, strict=True)
    return [
        LeftOut(each.pair.entity, each.pair.active.metric, f"{each.origin}, {each.kind}: {found.reason}")
        for each, found in both
        if found.reason
    ]


def _nothing(data: Sequence[Path], left_out: Sequence[LeftOut]) -> Problem:
    names = ", ".join(path.as_posix() for path in data)
    hint = f"{left_out[0].entity}: {left_out[0].reason}" if left_out else "name both metrics for one entity"
    return Problem(names, "have no entity with registered and active users side by side and later figures", hint)
