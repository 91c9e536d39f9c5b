"""`mobank batch`: a Monte Carlo job from a YAML to a data set, resumable; `mobank results`: what it says."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobank.base.machine import cores
from mobank.base.signals import resumes
from mobank.base.workspace import JOB, locate
from mobank.cli.output import visible
from mobank.cli.terminal import (
    ForceOption,
    LangOption,
    PlanOption,
    ShippedOption,
    YesOption,
    foretell,
    heading,
    language,
    paragraph,
    progress_bar,
    say,
    table,
    warn,
)

if TYPE_CHECKING:
    from mobank.base.quantities import Lang
    from mobank.batch.driver import JobState
    from mobank.batch.job import JobOutline
    from mobank.batch.results import Results


def batch(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="Job: a file (YAML) or a name, such as smoke.")],
    out: Annotated[Path, typer.Option(help="Where the job's folder goes; on a cluster, a shared disk.")] = Path(
        "outputs"
    ),
    workers: Annotated[int, typer.Option(min=0, max=1024, help="Worker processes; 0 for one a core.")] = 0,
    dask: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="Use this Dask cluster; 'local' makes one here.")
    ] = None,
    memory: Annotated[int, typer.Option(min=0, metavar="MB", help="What a worker process may take; 0: no limit.")] = 0,
    plan: PlanOption = False,
    yes: YesOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors: for schedulers.")] = False,
    lang: LangOption = None,
    shipped: ShippedOption = False,
) -> None:
    """Run a Monte Carlo job, or finish one that was interrupted; the data set is the same either way.

    Exit codes: 0 finished; 1 failed, run again to go on; 2 wrong input; 3 another driver is at work on it;
    130 and 143 stopped by Ctrl-C or a signal, run again to go on.
    """
    from mobank.batch.executors import Dask, Processes, warmed_up

    resumes()
    file, count, words = locate(job, JOB, shipped), workers or cores(), language(lang)
    if not (plan or dask):
        warmed_up()  # workers load what they need while we read the job
    from mobank.batch.estimate import foresee, in_words, refuse
    from mobank.batch.job_file import load_job, load_outline
    from mobank.model.mobile_banking import MODEL

    if plan:
        say(in_words(foresee(load_outline(file, MODEL), out, count), out, words))
        return

    def look(outline: "JobOutline") -> None:
        if not dask:  # else others compute, of whom we know nothing
            forecast = foresee(outline, out, count)
            refuse(outline, forecast, out, yes)
            if not quiet:
                foretell(forecast.cost)

    loaded = load_job(file, MODEL, look)
    from mobank.batch.execute import execute

    with _bar(loaded.name, quiet) as watch:
        outcome = execute(loaded, out, lambda: Dask(dask, count) if dask else Processes(count, memory), watch)
    if not quiet:
        if outcome.corrupt:
            warn(f"damaged and computed again: {', '.join(outcome.corrupt)}")
        if outcome.strangers:
            warn(f"no parts of the job, taken away: {', '.join(outcome.strangers)}")
        say(f"{outcome.folder.as_posix()}/  {outcome.units} units, {outcome.computed} computed now")
        say(f"next: mobank results {outcome.folder.as_posix()}")


def results(
    job: Annotated[
        Path | None, typer.Argument(metavar="JOB", help="Folder of a finished job; left out: the jobs in outputs/.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Only rows where this holds; =, !=, <, <=, >, >=.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the tables there as CSV.")] = None,
    xlsx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the tables as an Excel workbook.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page (.html) to read and print.")] = None,
    force: ForceOption = False,
    lang: LangOption = None,
) -> None:
    """Show what a Monte Carlo job found: chances, quantiles, which levers matter; filter it, export it."""
    from mobank.batch.results import jobs, open_results
    from mobank.model.mobile_banking import MODEL

    if job is None:
        found = [*jobs(Path("outputs"))]
        for folder, finished in found:
            say(f"{folder.as_posix()}/{'' if finished else '  (not finished)'}")
        if not found:
            say("no jobs in outputs/ yet; mobank batch smoke makes one")
        return
    words = language(lang)
    tables = open_results(job).where(where or [])
    if not (csv or xlsx or report):
        _show(tables, words)
    if csv:
        from mobank.batch.export import write_csvs

        say(*(path.as_posix() for path in write_csvs(tables, csv, force)))
    if xlsx:
        from mobank.batch.export import write_workbook

        write_workbook(tables, xlsx, MODEL, words, force)
        say(xlsx.as_posix())
    if report:
        _write_page(report, tables, words, force)


def _show(found: "Results", lang: "Lang") -> None:
    from mobank.batch.terminal import terminal
    from mobank.model.mobile_banking import MODEL

    if found.question(lang):
        heading(found.question(lang))
    for part in terminal(found, MODEL, lang):
        paragraph(part) if isinstance(part, str) else table(part)


def _write_page(path: Path, found: "Results", lang: "Lang", force: bool) -> None:
    from mobank.base.errors import InputError, Problem, shown
    from mobank.base.files import write_for_user
    from mobank.batch.page import write_page
    from mobank.model.mobile_banking import MODEL
    from mobank.report.render.page import is_page

    if path.suffix != ".html":
        raise InputError([Problem(shown(str(path)), "must end with .html", key="--report")])
    write_for_user(path, write_page(found, MODEL, lang), is_page, force, "--report")
    say(path.as_posix())


@contextmanager
def _bar(name: str, quiet: bool) -> Iterator[Callable[["JobState"], None]]:
    """Give a function that shows how far the job is: a live bar, or in a log a line at each tenth."""
    if quiet:
        yield lambda state: None
        return
    if not sys.stderr.isatty():
        tenths: list[int] = []

        def tell(state: "JobState") -> None:
            tenth = 10 * state.units_done // max(state.units, 1)
            if not tenths or tenth > tenths[-1]:
                tenths.append(tenth)
                warn(f"{name}: {state.units_done} of {state.units} units, {state.cases_done} of {state.cases} cases")

        yield tell
        return
    with progress_bar("{task.fields[said]}") as bar:
        task = bar.add_task(visible(name), total=None, said="")

        def move(state: "JobState") -> None:
            elapsed = bar.tasks[0].elapsed or 0
            rate = f"{state.replicates / elapsed:,.0f} replicates/s" if state.replicates and elapsed else ""
            workers = f"{state.workers} worker{'s' if state.workers > 1 else ''}"
            lost = f", {state.deaths} lost" if state.deaths else ""
            said = (
                f"{state.units_done}/{state.units} units, {state.cases_done}/{state.cases} cases, {rate}, "
                f"{workers}{lost}"
            )
            bar.update(task, completed=state.units_done, total=state.units, said=said)

        yield move
