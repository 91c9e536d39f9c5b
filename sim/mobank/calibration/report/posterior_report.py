"""What `mobank posterior` does: reads stored posteriors, gathers what they say, and writes the report."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mobank.base.errors import InputError
from mobank.base.files import folder_aside
from mobank.base.quantities import Lang
from mobank.base.streams import Streams
from mobank.base.workspace import SCENARIO, at_hand
from mobank.calibration.checks.figure_information import informs
from mobank.calibration.checks.fit_summary import FitSummary, find
from mobank.calibration.posterior.stored import Stored, read, verified
from mobank.calibration.report.page import build
from mobank.calibration.report.wording import verdict
from mobank.model.grammar import Model
from mobank.scenario.posterior import find as find_posterior
from mobank.scenario.reader import load
from mobank.scenario.scenario import Lever

SEED = 1  # of the luck in the checks
REPORT = "report.html"


def tell(given: Path, model: Model, out: Path, lang: Lang) -> tuple[list[str], Path]:
    """Write the report of a posterior, beside that of the verified figures alone; return the verdict and the file.

    Parameters
    ----------
    given : folder of the posterior; that of the verified figures lies beside it.

    Raises
    ------
    InputError
        If there is no such posterior, or its target has changed since it was fitted.
    """
    stored = [read(given, model)]
    beside = given.with_name(verified(stored[0]))
    if find_posterior(beside) is not None:
        stored.append(read(beside, model))
    fits = [findings(each, model) for each in stored]
    fits[0] = replace(fits[0], informs=tuple(informs(fits[0].history, stored[0].z)))
    levers = list(_levers(model))
    final = out / f"posterior_{stored[0].found.name}_{lang}"
    with folder_aside(final) as folder:
        (folder / REPORT).write_text(build(fits, lang, levers, _identity(stored[0])), encoding="utf-8", newline="\n")
    return verdict(fits[0], lang, levers), final / REPORT


def findings(stored: Stored, model: Model) -> FitSummary:
    """Return what a stored posterior says."""
    return find(stored.target, model, stored.z, Streams(SEED), stored.diagnoses)


def _levers(model: Model) -> Iterator[Lever]:
    """Yield the levers of the scenarios at hand; a file with a problem has none here: `mobank check` tells of it."""
    for path in at_hand(SCENARIO)[1]:
        with suppress(InputError):
            yield from load(path, model).levers


def _identity(stored: Stored) -> list[tuple[str, str]]:
    found = stored.found
    pairs = [(key, _flat(value)) for key, value in found.record["identity"].items()]
    return [("posterior", found.name), *pairs, ("draws", found.record["draws"])]


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)
