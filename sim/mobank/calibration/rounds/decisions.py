"""What a person said of a new figure that lies far out: a new definition, or a true change. A file a figure.

The choice is made after seeing the figure, so the record keeps what was thought before: the chance of a jump, and how
the figure scores by today's definition and in print. A record is never overwritten unless that is asked for.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Problem
from mobank.base.files import cannot_write, write
from mobank.base.records import RecordKind, parsed, read_record, record_bytes, rounded
from mobank.base.shapes import MONTH, NUMBER, TEXT, RecordFields, RecordRow, one_of, whole

FORCE = "--force overwrites it"
DECISIONS = "decisions"  # the folder of a bank's, beside its rounds


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
        return folder / self.target / DECISIONS / f"{self.measure}-{self.month}.json"

    @property
    def file(self) -> bytes:
        """The record as it is written, numbers with six digits."""
        return record_bytes(rounded(asdict(self)), DECISION)


SPAN = RecordRow((NUMBER, NUMBER, NUMBER))
DECISION = RecordKind(
    2,
    RecordFields(
        {
            **dict.fromkeys(("target", "posterior", "draws", "measure", "figure", "evidence", "source"), TEXT),
            "seed": whole(), "month": MONTH, "taken_as": one_of(*TakenAs),
            **dict.fromkeys(("before", "after", "log_score", "log_score_printed"), NUMBER),
            "today": SPAN, "printed": SPAN,
        }
    ),
)  # fmt: skip


def keep(decisions: list[Decision], folder: Path, force: bool) -> list[Path]:
    """Write some decisions and return their files; all or none are refused.

    Raises
    ------
    InputError
        If another decision of a figure is there already or a damaged record, unless `force`; if it is no place for one.
    RunError
        If the disk is full or fails.
    """
    files = [each.path(folder) for each in decisions]
    if not force and (problems := [p for each, path in zip(decisions, files, strict=True) for p in _other(each, path)]):
        raise InputError(problems)
    for each, path in zip(decisions, files, strict=True):
        try:
            write(path, each.file)
        except OSError as error:
            raise cannot_write(path, error, "--as") from None
    return files


def read_all(folder: Path, target: str) -> list[dict[str, Any]]:
    """Return the decisions on figures of a target, by month.

    Raises
    ------
    InputError
        If one is damaged.
    """
    found = [read_record(path, DECISION, FORCE) for path in (folder / target / DECISIONS).glob("*.json")]
    return sorted(found, key=lambda each: (each["month"], each["measure"]))


def _other(decision: Decision, path: Path) -> Iterator[Problem]:
    """Yield what stands where a decision is to be kept, if it is another or cannot be read."""
    if not path.is_file():
        return
    try:
        if read_record(path, DECISION, FORCE) != parsed(decision.file):
            yield Problem(f"'{path.as_posix()}'", "holds another decision on this figure", FORCE, "--as")
    except InputError as error:
        yield from error.problems
