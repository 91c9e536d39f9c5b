"""The records of a job on disk: what it is of, which files it has when it is finished, and what is noted on the way."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mobank.base.records import (
    SEAL,
    RecordKind,
    UnreadableError,
    find_record,
    parsed,
    read_record,
    seal,
)
from mobank.base.shapes import DIGEST, LAW, TEXT, ByName, RecordFields, whole

JOB, MANIFEST = "job.json", "manifest.json"
JOB_RECORD = RecordKind(
    2,
    RecordFields(
        {
            "job": TEXT, "name": TEXT, "question": RecordFields({"en": TEXT, "zh": TEXT}), "scenarios": ByName(DIGEST),
            "posteriors": ByName(DIGEST), "model": TEXT, "law": LAW, "versions": ByName(TEXT),
        }
    ),
)  # fmt: skip
MANIFEST_RECORD = RecordKind(2, RecordFields({"files": ByName(DIGEST)}))
JOURNAL_LINE = RecordFields({"case": TEXT, "unit": whole(), "files": ByName(DIGEST)})
RUN_ANEW = "run the job again, in another folder (--out)"
MENDED = "give its mobank batch command again, which mends that"

UnitKey = tuple[str, int]  # case and number


def read_job(folder: Path) -> dict[str, Any] | None:
    """Return what a data set is of, or None if it is of no batch job.

    Raises
    ------
    InputError
        If its record is not as it was written, or of another version: nothing says then what its parts are of.
    """
    return read_record(folder / JOB, JOB_RECORD, RUN_ANEW) if (folder / JOB).is_file() else None


def read_manifest(folder: Path) -> dict[str, str] | None:
    """Return the digests by file of a finished data set, or None if it is not finished.

    Raises
    ------
    InputError
        If the manifest is not as it was written.
    """
    if not (folder / MANIFEST).is_file():
        return None
    files: dict[str, str] = read_record(folder / MANIFEST, MANIFEST_RECORD, MENDED)["files"]
    return files


def find_manifest(folder: Path) -> dict[str, str] | None:
    """Return the digests by file of a finished data set; None if there is no manifest that can be read."""
    found = find_record(folder / MANIFEST, MANIFEST_RECORD)
    return found["files"] if found else None


def journal_line(case: str, number: int, files: Mapping[str, str]) -> str:
    """Return the line that notes a unit as done."""
    entry = {"case": case, "unit": number, "files": dict(files)}
    return json.dumps({**entry, SEAL: seal(entry)}) + "\n"


def read_line(line: bytes) -> tuple[UnitKey, dict[str, str]] | None:
    """Return the unit that a line of the journal notes, with the digests of its files; None if it is damaged."""
    try:
        entry = parsed(line)
    except UnreadableError:
        return None
    if any(JOURNAL_LINE.wrong(entry)) or entry.get(SEAL) != seal(entry):
        return None
    return (entry["case"], entry["unit"]), entry["files"]
