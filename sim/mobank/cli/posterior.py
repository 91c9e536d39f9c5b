"""`mobank posterior` and `sbc`: what the figures determine, in words and as a page; whether fits are to be trusted."""

from pathlib import Path
from typing import Annotated

import typer

from mobank.base.machine import cores
from mobank.base.workspace import POSTERIOR, TARGET, locate
from mobank.cli.calibrate import TargetArgument
from mobank.cli.terminal import LangOption, ShippedOption, language, progress


def posterior(
    name: Annotated[str, typer.Argument(help="Stored posterior: its folder or its name.")] = "icbc_mobile",
    out: Annotated[Path, typer.Option(help="Where the report's folder goes.")] = Path("outputs"),
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Say what a calibration found: the verdict here, and all that it rests on in report.html."""
    from mobank.calibration.report.posterior_report import tell
    from mobank.model.mobile_banking import MODEL

    folder, words = locate(name, POSTERIOR, shipped), language(lang)
    with progress(f"looking at {name}"):
        said, page = tell(folder, MODEL, out, words)
    print("\n".join(said))
    print(f"\n{page.as_posix()}")


def sbc(
    target: TargetArgument = Path("icbc_mobile"),
    fits: Annotated[int, typer.Option(min=20, max=100_000, help="Truths to draw and to fit.")] = 200,
    draws: Annotated[int, typer.Option(min=1000, help="Weighted draws from the priors in each fit.")] = 30_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all luck.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes; 0 for all cores.")] = 0,
    shipped: ShippedOption = False,
) -> None:
    """Fit figures of truths that are known: their ranks must be uniform (simulation-based calibration)."""
    from mobank.calibration.checks.sbc import ranks, rows
    from mobank.calibration.targets import load, require_enough
    from mobank.model.mobile_banking import MODEL

    wanted = load(locate(target, TARGET, shipped), MODEL)
    require_enough(wanted, MODEL)
    with progress(f"{fits} fits") as told:
        found = ranks(wanted, MODEL, fits, draws, seed, workers or cores(), told)
    print(f"{'unknown':<40}  mean rank  outer tenth       p")
    for name, mean, outer, p in rows(found):
        print(f"{name:<40}  {mean:9.3f}  {outer:11.2f}  {p:6.4f}")
    least = sorted(found.effective)[len(found.effective) // 2]
    print(f"\n{fits} fits of {draws:,} weighted draws, worth {least:,.0f} independent ones in the median fit")
    verdict = "uniform" if found.sound else "NOT uniform: the likelihood or the priors are read wrongly"
    print(f"smallest p {found.p_values.min():.4f}, limit {found.threshold:.5f}: the ranks are {verdict}")
    raise typer.Exit(0 if found.sound else 1)
