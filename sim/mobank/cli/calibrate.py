"""`mobank calibrate`: from reported figures to draws that scenarios start from."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.machine import cores
from mobank.cli.terminal import progress


def calibrate(
    target: Annotated[Path, typer.Argument(help="File of figures and priors (YAML).")] = Path(
        "calibration/banks/icbc_mobile.yaml"
    ),
    evidence: Annotated[
        str, typer.Option(help="Kinds of evidence to take, joined by commas: article,secondary,unverified.")
    ] = "article,secondary,unverified",
    update: Annotated[
        str, typer.Option(help="Name of a posterior: weigh its draws anew by the figures that TARGET has more.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of all luck.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes; 0 for all cores.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the posterior's folder goes.")] = Path("calibration/posteriors"),
) -> None:
    """Fit the unknowns to what has been reported; interrupted, it goes on from where it was."""
    from mobank.calibration.commands import calibrate, target_of
    from mobank.calibration.commands import update as weigh_anew
    from mobank.calibration.sampler.ensembles import Effort
    from mobank.model.mobile_banking import MODEL

    wanted = target_of(target, MODEL, tuple(kind.strip() for kind in evidence.split(",")))
    if update:
        found, folder = weigh_anew(wanted, update, MODEL, out, seed, progress)
        print(f"the draws of {update}, weighed anew, are worth {found.effective:,.0f} independent ones")
        for entry in found.scores:
            print(f"{entry.measure} {entry.month}, {entry.figure}: log score {entry.log_score:.2f}, "
                  f"{entry.pit:.0%} of the old draws below it")  # fmt: skip
        print(f"{folder.as_posix()}/")
        return
    posterior, folder = calibrate(
        wanted, MODEL, out, Path("outputs/.calibration"), seed, Effort(), workers or cores(), progress
    )
    worst = max(posterior.diagnoses, key=lambda d: d.r_hat)
    least = min(posterior.diagnoses, key=lambda d: d.effective)
    last = max(posterior.diagnoses, key=lambda d: abs(d.trend))
    print(f"{posterior.rows:,} draws that pass through {len(posterior.history.figures)} figures")
    print(f"largest R-hat {worst.r_hat:.4f} ({worst.name}); least effective draws of an ensemble "
          f"{least.effective:,.0f} ({least.name}); means moved by at most {abs(last.trend):.2f} sd at the end "
          f"({last.name})")  # fmt: skip
    print(f"{folder.as_posix()}/")
