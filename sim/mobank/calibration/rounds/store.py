"""The store of all rounds: what was forecast, frozen before the figures came, and how it fared.

rounds/<bank>/<month>/forecast.json            written once: quantiles by month, digests, author, a rival
rounds/<bank>/<month>/scenario.resolved.yaml   the scenario that it is a forecast of
rounds/<bank>/<month>/scores.json              a row a figure that has come; rows are added, first prints stay
rounds/<bank>/decisions/                       what figures far out were taken as (`decisions.py`)
rounds/scoreboard.csv                          what draws said of the figures of an update (`scoreboard.py`)
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Place, Problem
from mobank.base.files import cannot_write, failed, folder_aside, is_crumb, is_whole, write
from mobank.base.quantities import Month, read_month
from mobank.base.records import RecordKind, read_record, record_bytes, rounded, write_record
from mobank.base.shapes import DIGEST, FLAG, MONTH, NUMBER, TEXT, OrNothing, RecordFields, RecordList, RecordRow, whole
from mobank.calibration.rounds.nouns import (
    POINTS,
    FanScore,
    FrozenForecast,
    KnownFigure,
    Restated,
    RivalForecast,
    RivalScore,
    Round,
    RoundScore,
)

FORECAST, SCENARIO, SCORES = "forecast.json", "scenario.resolved.yaml", "scores.json"
SAME = ("resolved", "figures", "posterior", "model")  # of two rounds that are one forecast, whatever their seeds
ASIDE = "put this round's folder aside: what was forecast cannot be made again afterwards"


# ------------ what the records hold

OF = {"measure": TEXT, "band": TEXT, "month": MONTH}
SPAN = {"figure": TEXT, "low": NUMBER, "high": NUMBER}
POINTS_ROW = RecordRow((NUMBER,) * POINTS)
FAN = RecordFields(dict.fromkeys((field.name for field in fields(FanScore)), NUMBER))
ROUND = RecordKind(
    1,
    RecordFields(
        {
            **dict.fromkeys(("bank", "name", "scenario", "opened", "author", "why", "posterior"), TEXT),
            "subject": RecordRow((TEXT, TEXT)),
            "start": MONTH,
            "until": MONTH,
            "seed": whole(),
            "draws": whole(1),
            "digests": RecordFields(
                {"resolved": DIGEST, "figures": DIGEST, "posterior": TEXT, "model": TEXT, "law": TEXT}
            ),
            "known": RecordList(RecordFields({**OF, **SPAN, "definition": TEXT, "evidence": TEXT})),
            "forecasts": RecordList(
                RecordFields(
                    {**OF, "today": POINTS_ROW, "printed": POINTS_ROW, "trend": OrNothing(RecordRow((NUMBER, NUMBER)))}
                )
            ),
            "rival_file": RecordRow((TEXT, TEXT)),
            "rival": RecordList(RecordFields({**OF, "levels": RecordList(NUMBER), "values": RecordList(NUMBER)})),
        }
    ),
)
ROUND_SCORES = RecordKind(
    1,
    RecordFields(
        {
            "bank": TEXT, "name": TEXT, "forecast": DIGEST,
            "scores": RecordList(
                RecordFields(
                    {
                        **OF, **SPAN, **dict.fromkeys(("definition", "evidence", "source", "scored"), TEXT),
                        "ahead": whole(), "redefined": FLAG, "printed": FAN, "today": OrNothing(FAN),
                        "trend": OrNothing(FAN),
                        "rival": OrNothing(
                            RecordFields({"levels": RecordList(NUMBER), "values": RecordList(NUMBER),
                                          "pinball": NUMBER, "own": NUMBER})
                        ),
                        "restated": RecordList(RecordFields({**SPAN, "seen": TEXT})),
                    }
                )
            ),
        }
    ),
)  # fmt: skip


# ------------ files


def save(opened: Round, resolved: str, rounds: Path) -> Path:
    """Write a new round under the next free name of its month and return its folder; nothing there is replaced.

    Raises
    ------
    InputError
        If it is no place for one, or an equal forecast is frozen already: a copy would count twice.
    RunError
        If the disk is full or fails.
    """
    of_bank = rounds / opened.bank
    for other in read_all(rounds, opened.bank):
        if all(other.digests[name] == opened.digests[name] for name in SAME):
            found = f"a forecast of {opened.scenario} from {opened.start}"
            hint = "a new figure, a new fit or another scenario makes a new one"
            raise InputError([Problem(found, f"is frozen already as round {other.name}", hint)])
    names = [str(opened.start), *(f"{opened.start}-{number}" for number in range(2, 1000))]
    name = next(each for each in names if not (of_bank / each).exists())
    with folder_aside(of_bank / name) as folder:
        (folder / SCENARIO).write_text(resolved, encoding="utf-8", newline="\n")
        write_record(folder / FORECAST, rounded(_plain(replace(opened, name=name))), ROUND)
    return of_bank / name


def read(folder: Path) -> Round:
    """Return the round in a folder, as it was written.

    Raises
    ------
    InputError
        If it is damaged, edited, or a copy.
    """
    record = read_record(folder / FORECAST, ROUND, ASIDE)
    if (record["bank"], record["name"]) != (folder.parent.name, folder.name):
        found, allowed = (
            f"round {record['name']} of {record['bank']}",
            "is in a folder of another name: a copy counts twice",
        )
        raise InputError([Problem(found, allowed, ASIDE, place=Place((folder / FORECAST).as_posix(), 0))])
    if not is_whole(folder / SCENARIO, record["digests"]["resolved"]):
        found = f"'{(folder / SCENARIO).as_posix()}'"
        raise InputError([Problem(found, "has been changed or is gone since the round was opened", ASIDE)])
    content = {field.name: record[field.name] for field in fields(Round)}
    return Round(
        **{
            **content,
            "subject": tuple(record["subject"]),
            "rival_file": tuple(record["rival_file"]),
            "start": read_month(record["start"]),
            "until": read_month(record["until"]),
            "known": tuple(KnownFigure(**_dated(each)) for each in record["known"]),
            "forecasts": tuple(FrozenForecast(**_dated(each)) for each in record["forecasts"]),
            "rival": tuple(RivalForecast(**_dated(each)) for each in record["rival"]),
        }
    )


def read_all(rounds: Path, bank: str) -> list[Round]:
    """Return all rounds of a bank, the oldest first; none if there are none.

    Raises
    ------
    InputError
        With every one that is damaged: a record of what was said is not read in part.
    """
    found: list[Round] = []
    problems: list[Problem] = []
    for folder in sorted(_folders(rounds / bank)):
        try:
            found.append(read(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return sorted(found, key=lambda each: (each.start, each.opened))


def banks(rounds: Path) -> list[str]:
    """Return the banks that have rounds, by name."""
    return sorted(folder.name for folder in rounds.glob("*") if _folders(folder))


def _folders(of_bank: Path) -> list[Path]:
    """Return the folders of a bank's rounds; what a process that was killed had begun to write is none."""
    return [path.parent for path in of_bank.glob(f"*/{FORECAST}") if not is_crumb(path.parent.name)]


def read_with_scores(rounds: Path, bank: str) -> list[tuple[Round, tuple[RoundScore, ...]]]:
    """Return all rounds of a bank, the oldest first, each with its scores so far; raises as `read_all`."""
    found: list[tuple[Round, tuple[RoundScore, ...]]] = []
    problems: list[Problem] = []
    for opened in read_all(rounds, bank):
        try:
            found.append((opened, read_scores(opened, rounds)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def read_scores(opened: Round, rounds: Path) -> tuple[RoundScore, ...]:
    """Return the scores of a round so far; none if no figure has come.

    Raises
    ------
    InputError
        If they are damaged, edited, or of another forecast.
    """
    folder = rounds / opened.bank / opened.name
    path = folder / SCORES
    if not path.exists():
        return ()
    record = read_record(path, ROUND_SCORES, ASIDE)
    if record["forecast"] != _digest(folder):
        allowed = "are of another forecast than the one beside them"
        raise InputError([Problem(f"the scores '{path.as_posix()}'", allowed, ASIDE)])
    return tuple(_score(each) for each in record["scores"])


def write_scores(opened: Round, scores: Sequence[RoundScore], rounds: Path) -> None:
    """Write the scores of a round.

    Raises
    ------
    InputError, RunError
        If they cannot be written; what was there is as it was.
    """
    folder = rounds / opened.bank / opened.name
    record = {"bank": opened.bank, "name": opened.name, "forecast": _digest(folder)}
    content = record_bytes(rounded({**record, "scores": [_plain(each) for each in scores]}), ROUND_SCORES)
    try:
        write(folder / SCORES, content)
    except PermissionError as error:
        raise cannot_write(folder / SCORES, error) from None
    except OSError as error:
        raise failed(folder / SCORES, error) from None


def _digest(folder: Path) -> str:
    return str(read_record(folder / FORECAST, ROUND, ASIDE)["digest"])


def _plain(noun: Any) -> dict[str, Any]:
    """Return a noun as JSON holds it."""
    return {name: _json(value) for name, value in asdict(noun).items()}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return str(Month(**value)) if value.keys() == {"ordinal"} else {name: _json(v) for name, v in value.items()}
    return [_json(each) for each in value] if isinstance(value, list | tuple) else value


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a record with its month read, and lists as tuples."""
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return {**plain, "month": read_month(row["month"])}


def _score(row: Mapping[str, Any]) -> RoundScore:
    rival = row["rival"]
    parts = {name: FanScore(**row[name]) if row[name] else None for name in ("printed", "today", "trend")}
    return RoundScore(
        **{
            **_dated(row),
            **parts,
            "rival": RivalScore(**{**rival, "levels": tuple(rival["levels"]), "values": tuple(rival["values"])})
            if rival
            else None,
            "restated": tuple(Restated(**each) for each in row["restated"]),
        }
    )
