"""What `mobank calibrate` does: reads a target, fits it, writes the posterior's folder and says how it went."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import Path

from mobank.base.errors import InputError, Problem, shown
from mobank.base.files import cannot_write, folder_aside
from mobank.base.identity import law_digest
from mobank.base.workspace import in_package
from mobank.calibration.fitting import ROWS, fit, settings_of
from mobank.calibration.posterior.posterior import FittedPosterior, write
from mobank.calibration.posterior.stored import read
from mobank.calibration.posterior.update import NewFigure, Update, examine, weigh_anew
from mobank.calibration.rounds import scoreboard
from mobank.calibration.rounds.decisions import Decision, TakenAs, keep
from mobank.calibration.sampler.ensembles import Effort
from mobank.calibration.targets import Target, load, require_enough
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model
from mobank.scenario.fitted_with import facts
from mobank.scenario.keys.values import FIGURE_EVIDENCE

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


def target_of(path: Path, model: Model, evidence: Sequence[str] = FIGURE_EVIDENCE) -> Target:
    """Return the target of a file if it can be fitted, with figures of some kinds of evidence alone."""
    return fit_for(load(path, model), model, evidence)


def fit_for(target: Target, model: Model, evidence: Sequence[str] = FIGURE_EVIDENCE) -> Target:
    """Return a target with figures of some kinds of evidence alone.

    Raises
    ------
    InputError
        If they are not enough for a fit.
    """
    if tuple(evidence) != FIGURE_EVIDENCE:
        target = target.only(evidence)
    require_enough(target, model)
    return target


def name_of(target: Target) -> str:
    """Return the name of a target's posterior: the target's, and the evidence taken if figures are left out."""
    return "_".join([target.name, *target.evidence]) if target.left_out else target.name


def writable(out: Path, key: str) -> Path:
    """Return a folder that posteriors may be written in; `key` names it in the message.

    Raises
    ------
    InputError
        If it lies inside the installed package.
    """
    if in_package(out):
        allowed = "lies inside the installed package, where nothing is written"
        raise InputError([Problem(shown(str(out)), allowed, "stand in a folder of your own", key)])
    return out


def calibrate(
    target: Target,
    model: Model,
    out: Path,
    work: Path,
    seed: int,
    effort: Effort,
    workers: int,
    progress: Progress,
) -> tuple[FittedPosterior, Path]:
    """Fit a target and write the folder of its posterior; return both.

    Parameters
    ----------
    out : where the folder goes, under the posterior's name. work : where the checkpoints are until it is there.
    """
    settings = settings_of(effort, ROWS)
    identity = dumps([facts(target.whole), settings, seed, fingerprint(model), law_digest("fits")], sort_keys=True)
    checkpoints = work / f"{name_of(target)}-{sha256(identity.encode()).hexdigest()[:10]}"
    with progress(f"fitting {name_of(target)}") as told:
        try:
            posterior = fit(target, model, checkpoints, seed, effort, workers, ROWS, told)
        except OSError as error:
            raise cannot_write(checkpoints, error) from None
    final = out / name_of(target)
    with folder_aside(final) as folder:
        write(replace(posterior, name=name_of(target)), folder, settings)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return posterior, final


@dataclass(frozen=True)
class Judgement:
    """What a person takes new figures as, and where that is kept.

    Parameters
    ----------
    rounds : the folder of all rounds, with decisions and the scoreboard. taken_as : None where nothing has been said.
    force : True to overwrite a decision.
    """

    rounds: Path
    taken_as: TakenAs | None = None
    force: bool = False


def update(
    target: Target, name: str, model: Model, out: Path, seed: int, progress: Progress, judged: Judgement
) -> tuple[Update, Path]:
    """Weigh the draws of a stored posterior anew by a target's new figures, write the folder, and keep the scores.

    Raises
    ------
    InputError
        If a figure lies so far out that a person must say what it is, or has said that it is of a new definition; if
        the scoreboard or the old posterior is not as it was written.
    """
    board = judged.rounds / scoreboard.NAME
    known = scoreboard.read(board)
    with progress(f"updating {name}") as told:
        old = read(name, model)
        figures = examine(old, target, model, seed)
        _decide(figures, target, seed, judged)
        posterior, effective = weigh_anew(old, target, model, seed, ROWS)
        told(1, 1)
    scoreboard.add(board, [each.score for each in figures], known)
    final = out / name_of(target)
    with folder_aside(final) as folder:
        write(replace(posterior, name=name_of(target)), folder, {"rows": ROWS, "updated": name})
    return Update(posterior, effective, figures), final


def _decide(figures: Sequence[NewFigure], target: Target, seed: int, judged: Judgement) -> None:
    """Keep what figures in doubt were taken as, and refuse to go on where that is open or a new definition."""
    doubtful = [each for each in figures if each.odds and each.odds.in_doubt]
    if judged.taken_as is None:
        if doubtful:
            raise InputError([_question(each) for each in doubtful])
        return
    if judged.taken_as is TakenAs.new_definition and not doubtful:
        allowed = "was said, but no new figure is in doubt"
        hint = "leave it out, or give the figure another definition in the target"
        raise InputError([Problem(f"--as {judged.taken_as}", allowed, hint)])
    decisions = [_decision(each, target, seed, judged.taken_as) for each in doubtful]
    files = keep(decisions, judged.rounds, judged.force)
    if judged.taken_as is TakenAs.new_definition:
        raise InputError([_advice(each, file) for each, file in zip(doubtful, files, strict=True)])


def _question(each: NewFigure) -> Problem:
    assert each.odds is not None
    allowed = (
        f"may count something else than the figures before it: chance {each.odds.after:.0%}, "
        f"{each.odds.before:.1%} before it was known"
    )
    hint = (
        f"repeat with --as {TakenAs.new_definition}, or with --as {TakenAs.true_change} if the bank itself has changed"
    )
    return Problem(shown(each.figure.text), allowed, hint, each.figure.name, each.figure.provenance.place)


def _advice(each: NewFigure, file: Path) -> Problem:
    old = each.figure.definition
    before = f"definitions.{old}" if old else "a definition for the figures before it"
    hint = f"give it a definition of its own, write against: that name in {before}, and fit again without --update"
    allowed = f"is taken as a new definition ({file.as_posix()}), by which old draws cannot be weighed"
    return Problem(shown(each.figure.text), allowed, hint, each.figure.name, each.figure.provenance.place)


def _decision(each: NewFigure, target: Target, seed: int, taken_as: TakenAs) -> Decision:
    assert each.odds is not None
    score, odds = each.score, each.odds
    return Decision(
        name_of(target), score.posterior, score.digest, seed, score.measure, score.month, score.figure, score.evidence,
        score.source, taken_as, odds.before, odds.after, score.log_score, odds.log_score,
        (score.low, score.median, score.high), (odds.low, odds.median, odds.high),
    )  # fmt: skip
