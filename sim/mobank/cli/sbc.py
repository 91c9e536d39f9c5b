"""`mobank sbc`: are fits to be trusted? They are tried on synthetic banks, whose truths are known."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.machine import cores
from mobank.base.quantities import MOST_SEED
from mobank.base.workspace import TARGET, locate, own_or
from mobank.cli.calibrate import TargetArgument
from mobank.cli.terminal import ShippedOption, progress, say

if TYPE_CHECKING:
    from mobank.calibration.checks.sbc import Calibration
    from mobank.calibration.checks.score import Scores


class BankCheck(StrEnum):
    """What is done with synthetic banks: fits and forecasts of each, or the slope of the density at the truth."""

    fits = "fits"
    score = "score"


def sbc(
    target: TargetArgument = None,
    check: Annotated[
        BankCheck, typer.Option(help="Fit each synthetic bank, or take the density's slope at three truths.")
    ] = BankCheck.fits,
    banks: Annotated[
        int, typer.Option(min=20, max=100_000, help="Synthetic banks: in all for fits, of each truth for score.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of all chance.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes; 0 for all cores.")] = 0,
    shipped: ShippedOption = False,
) -> None:
    """Try fits on synthetic banks that report in the months of TARGET: ranks of truths, forecasts, turnover."""
    from mobank.calibration.checks.sbc import calibrated
    from mobank.calibration.checks.score import scores
    from mobank.calibration.targets import load, require_enough
    from mobank.model.mobile_banking import MODEL

    wanted = load(locate(target or own_or("icbc_mobile", TARGET), TARGET, shipped), MODEL)
    require_enough(wanted, MODEL)
    with progress(f"{banks} synthetic banks") as told:
        if check is BankCheck.score:
            lines, sound = _scored(scores(wanted, MODEL, banks=banks, seed=seed, workers=workers or cores(), told=told))
        else:
            lines, sound = _fitted(calibrated(wanted, MODEL, banks, seed, workers or cores(), told=told))
    say("\n".join(lines))
    raise typer.Exit(0 if sound else 1)


def _fitted(found: "Calibration") -> tuple[list[str], bool]:
    from mobank.calibration.backtest.scores import BANDS, binomial_sd

    fits = len(found.fits)
    lines = [f"{'unknown':<40}  mean rank  outer tenth       p"]
    lines += [f"{name:<40}  {mean:9.3f}  {outer:11.2f}  {p:6.4f}" for name, mean, outer, p in found.rows()]
    result = "uniform" if found.sound else "NOT uniform: the likelihood or the priors are read wrongly"
    lines += ["", f"{fits} fits: {found.quality}"]
    lines += [f"smallest p {found.p_values.min():.4f}, limit {found.threshold:.5f}: the ranks are {result}", ""]
    lines += [f"{'forecast':<12} months  {'  '.join(f'in {b} %' for b in BANDS)}  below median  best width"]
    for each in found.covered():
        bands = "  ".join(f"{100 * c:7.0f}" for c in each.coverage)
        lines.append(f"{each.measure:<12} {each.months:6}  {bands}  {each.low:12.2f}  {each.width:10.2f}")
    errors = ", ".join(f"{100 * binomial_sd(b / 100, fits):.1f}" for b in BANDS)
    lines += [f"standard errors of right bands: {errors} points; common width factor {found.common_width:.2f}", ""]
    held = f"central 80 % hold the truth in {100 * found.turnover_held:.0f} ± {100 * binomial_sd(0.8, fits):.0f} %"
    lines += [f"turnover time of active users: sd of its log {found.turnover_sd:.3f} in the median fit; {held}"]
    return lines, found.sound


def _scored(found: "Scores") -> tuple[list[str], bool]:
    lines = [f"mean slope of the log density at the truth, in standard errors, over {found.banks} banks"]
    lines += [f"{'coordinate':<40}  {'  '.join(f'truth {i + 1}' for i in range(len(found.mean)))}"]
    for name, column in zip(found.names, found.apart.T, strict=True):
        lines.append(f"{name:<40}  {'  '.join(f'{each:+7.2f}' for each in column)}")
    passed = f"{found.passed_over} truths passed over: a bank of theirs cannot report, or the density ends beside one"
    lines += ["", passed]
    result = "no coordinate is off" if found.sound else "the density is NOT that of the banks"
    lines += [f"largest {abs(found.apart).max():.2f} standard errors, limit {found.limit:g}: {result}"]
    return lines, found.sound
