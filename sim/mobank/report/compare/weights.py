"""Weights of scenarios: with them a probability over several can be given, and without them it cannot.

That a measure is taken, or that a competitor comes, has no probability of its own in a run; who wants one number over
several scenarios must say how likely each is held to be.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.quantities import QuantityError, read_share
from mobank.ensemble.questions import Answer
from mobank.report.compare.comparison import Side, asked, standard_error

Weights = Mapping[str, float]

OPTION = "--weights"
WEIGHTED = "(weighted)"  # stands for the scenario where all are weighed together
CLOSE = 1e-6


def read_weights(text: str, sides: Sequence[Side]) -> dict[str, float]:
    """Return the weight of each scenario from "baseline=0.6,pessimistic=40%".

    Raises
    ------
    InputError
        With every problem: unknown, missing or repeated scenarios, weights that are none or do not sum to 1, and
        nothing asked of which there could be a probability.
    """
    problems: list[Problem] = []
    found: dict[str, float] = {}
    labels = [side.label for side in sides]
    if not asked(sides):
        problems.append(_problem("weights", "have nothing to weigh", "write asks in one of the scenarios"))
    for part in map(str.strip, _parts(text, labels)):
        label, equals, number = (piece.strip() for piece in _halves(part))
        if not equals or not label:
            example = ",".join(f"{name}={1 / len(labels):.2g}" for name in labels[:2])
            problems.append(_problem(shown(part), "is not a scenario with its weight", f"write {example}"))
        elif label not in labels:
            problems.append(_problem(shown(label), "is not compared here", did_you_mean(label, labels)))
        elif label in found:
            problems.append(_problem(shown(label), "has two weights"))
        else:
            found[label] = _weight(number, problems)
    left_out = [label for label in labels if label not in found and not problems]
    problems.extend(
        _problem(shown(label), "has no weight", f"write {label}=0 if it cannot come about") for label in left_out
    )
    if not problems and abs(sum(found.values()) - 1.0) > CLOSE:
        problems.append(_problem(f"weights that sum to {100 * sum(found.values()):g}%", "must sum to 100%"))
    if problems:
        raise InputError(problems)
    return {label: found[label] for label in labels}


def _parts(text: str, labels: Sequence[str]) -> list[str]:
    """Return the parts between commas; a comma within the label of a scenario is one of its letters."""
    known = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
    return re.findall(rf"\s*((?:{known})\s*[=＝][^,，]*|[^,，]*)[,，]", f"{text},")


def _halves(part: str) -> tuple[str, str, str]:
    """Return what stands before the last equals sign, that sign, and what stands after; full width too."""
    return part.rpartition(max("=", "＝", key=part.rfind))


def _problem(found: str, allowed: str, hint: str = "") -> Problem:
    return Problem(found, allowed, hint, OPTION)


def _weight(text: str, problems: list[Problem]) -> float:
    try:
        return read_share(text)
    except QuantityError as error:
        problems.append(_problem(error.found, error.allowed, error.hint))
        return 0.0


def together(answers: Sequence[Answer], weights: Sequence[float]) -> dict[str, float]:
    """Return chance, its Monte Carlo error and the other shares of one ask over all scenarios.

    Replicate k of every scenario meets the same luck, so the error is that of the weighted mean within replicates.
    """
    held = np.asarray(weights, float) @ np.stack([answer.held for answer in answers])
    others = {
        name: float(np.dot(weights, [getattr(answer, name) for answer in answers]))
        for name in ("never", "rival_first", "together")
    }
    more = held - answers[0].held
    return {
        "chance": float(np.mean(held)),
        "mc_error": standard_error(held),
        **others,
        "difference": float(np.mean(more)),
        "difference_mc_error": standard_error(more),
    }
