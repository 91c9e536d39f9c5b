"""`mobank calibrate`: from reported figures to draws that scenarios start from."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mobank.base.errors import InputError, Problem
from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED
from mobank.base.signals import resumes
from mobank.base.workspace import POSTERIOR, ROUNDS, TARGET, here, locate, own_or, scope
from mobank.calibration.rounds.decisions import TakenAs
from mobank.cli.terminal import ShippedOption, progress, say
from mobank.scenario.keys.values import FIGURE_EVIDENCE

ALL_EVIDENCE = ",".join(FIGURE_EVIDENCE)


class FitEffort(StrEnum):
    """How long a fit samples."""

    FULL = "full"
    SHORT = "short"


TargetArgument = Annotated[
    Path | None,
    typer.Argument(help="Figures and priors: a file (YAML) or a name; default: your bank, else icbc_mobile."),
]


def calibrate(
    target: TargetArgument = None,
    evidence: Annotated[
        str, typer.Option(help=f"Kinds of evidence to take, joined by commas: {ALL_EVIDENCE}.")
    ] = ALL_EVIDENCE,
    update: Annotated[
        str, typer.Option(help="Name of a posterior: weigh its draws anew by the figures that TARGET has more.")
    ] = "",
    effort: Annotated[
        FitEffort, typer.Option(help="How long it samples: full, or two fifths of that for a first look.")
    ] = FitEffort.FULL,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of all luck.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes; 0 for all cores.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Where the posterior's folder goes; default: calibration/posteriors/ of the workspace."),
    ] = None,
    taken_as: Annotated[
        TakenAs | None,
        typer.Option("--as", help="With --update: what a new figure that lies far out is, a new definition or true."),
    ] = None,
    force: Annotated[bool, typer.Option(help="With --as: overwrite what was said before of the figure.")] = False,
    shipped: ShippedOption = False,
) -> None:
    """Fit the unknowns to what has been reported; interrupted, it goes on from where it was."""
    from mobank.calibration.commands import Judgement, calibrate, target_of, writable
    from mobank.calibration.commands import update as weigh_anew
    from mobank.calibration.sampler.ensembles import EFFORTS
    from mobank.model.mobile_banking import MODEL

    if taken_as and not update:
        raise InputError([Problem(f"--as {taken_as}", "says what a new figure is", "it stands beside --update")])
    if not update:
        resumes()
    where = writable(out or here() / POSTERIOR.folders[0], "--out")
    wanted = target_of(
        locate(target or own_or("icbc_mobile", TARGET), TARGET, shipped),
        MODEL,
        tuple(kind.strip() for kind in evidence.split(",")),
    )
    if update:
        judged = Judgement(here() / ROUNDS, taken_as, force)
        found, folder = weigh_anew(wanted, update, MODEL, where, seed, progress, judged)
        say(f"the draws of {update}, weighed anew, are worth {found.effective:,.0f} independent ones")
        for each in found.figures:
            entry, odds = each.score, each.odds
            say(
                f"{entry.measure} {entry.month}, {entry.figure}: log score {entry.log_score:.2f}, "
                f"{entry.pit:.0%} of the old draws below it"
                + (f"; a break in what is counted: {odds.after:.0%} (before: {odds.before:.1%})" if odds else "")
            )
        show(folder)
        return
    posterior, folder = calibrate(
        wanted, MODEL, where, Path("outputs/.calibration"), seed, EFFORTS[effort], workers or cores(), progress
    )
    worst = max(posterior.diagnoses, key=lambda d: d.r_hat)
    least = min(posterior.diagnoses, key=lambda d: d.effective)
    last = max(posterior.diagnoses, key=lambda d: abs(d.trend))
    say(f"{posterior.rows:,} draws that pass through {len(posterior.history.figures)} figures")
    say(
        f"largest R-hat {worst.r_hat:.4f} ({worst.name}); least effective draws of an ensemble "
        f"{least.effective:,.0f} ({least.name}); means moved by at most {abs(last.trend):.2f} sd at the end "
        f"({last.name})"
    )
    show(folder)


def show(folder: Path) -> None:
    """Print where a posterior's folder is, and how a scenario names it."""
    say(f"{folder.as_posix()}/")
    spelled = scope().spelled(folder, POSTERIOR)
    if spelled:
        say(f"in a scenario: posterior: {spelled}")
    else:
        say(f"it lies outside the workspace, so scenarios cannot read it: copy it to {POSTERIOR.folders[0]}/ there")
