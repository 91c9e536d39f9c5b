"""What a person said of a new figure that lies far out: a new definition, or a true change. A file a figure.

The choice is made after seeing the figure, so the record keeps what was thought before: the chance of a jump, and how
the figure scores by today's definition and in print. A record is never overwritten unless that is asked for.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from mobank.base.errors import InputError, Problem, RunError


class TakenAs(StrEnum):
    """What a new figure is taken as."""

    new_definition = "break"
    true_change = "true"


@dataclass(frozen=True)
class Decision:
    """What one figure was taken as, and what was thought of it before.

    Parameters
    ----------
    posterior, draws : whose forecast it is, and the digest of its draws. seed : of the forecast.
    before, after : chance of a jump before and after the figure was known.
    log_score, log_score_printed : log of the chance of the figure's range, by today's definition and in print.
    today, printed : 5, 50 and 95 % quantiles of the two forecasts, persons.
    """

    target: str
    posterior: str
    draws: str
    seed: int
    measure: str
    month: str
    figure: str
    evidence: str
    source: str
    taken_as: TakenAs
    before: float
    after: float
    log_score: float
    log_score_printed: float
    today: tuple[float, float, float]
    printed: tuple[float, float, float]

    def path(self, folder: Path) -> Path:
        """Return where it is kept below the folder of all rounds."""
        return folder / self.target / f"{self.measure}-{self.month}.json"

    @property
    def text(self) -> str:
        """The record, numbers with six digits."""
        return json.dumps(_rounded(asdict(self)), indent=2, ensure_ascii=False) + "\n"


def keep(decisions: list[Decision], folder: Path, force: bool) -> list[Path]:
    """Write some decisions, each aside and then renamed, and return their files; all or none are refused.

    Raises
    ------
    InputError
        If another decision of a figure is there already, unless `force`.
    RunError
        If a file cannot be written.
    """
    problems = [
        Problem(f"'{path.as_posix()}'", "holds another decision on this figure", "--force overwrites it", "--as")
        for each in decisions
        if (path := each.path(folder)).exists() and not force and path.read_bytes() != each.text.encode()
    ]
    if problems:
        raise InputError(problems)
    return [_write(each, each.path(folder)) for each in decisions]


def _write(decision: Decision, path: Path) -> Path:
    aside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(decision.text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise RunError(str(path), "cannot be written", error.strerror or "") from None
    return path


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
