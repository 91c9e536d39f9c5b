"""What is asked of a workbook before it is opened: small enough when unpacked, and no entities in its XML.

A workbook is a ZIP file of XML. A few kilobytes can unpack to gigabytes, and an XML entity can name a file or multiply
itself; a workbook that an office program wrote holds neither a document type nor an entity.
"""

import zipfile
import zlib
from pathlib import Path

from mobank.base.tables import MOST_BYTES
from mobank.spreadsheets.grid import refusal

MOST_RATIO = 200  # of unpacked to packed, for parts that are not small
SMALL_BYTES = 1 << 20
MOST_PARTS = 4_000
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_MIB = 1 << 20


def check_zip(path: Path) -> dict[str, bytes]:
    """Return the XML of the sheets of a workbook by part, once all its parts have been found harmless.

    Raises
    ------
    InputError
        If it is no ZIP file, is damaged or locked, unpacks to too much, or declares a document type in its XML.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _refuse_bomb(path, parts)
            return {part.filename: data for part in parts if (data := _checked(path, archive, part))}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        hint = "open it in a spreadsheet program and save it again"
        if path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0":
            raise refusal(path, "this file", "is locked by a password, or of an older format", hint) from None
        raise refusal(path, "this file", f"is no workbook, or damaged ({error})", hint) from None


def _refuse_bomb(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS:
        raise refusal(path, f"{len(parts):,} parts", f"are too many; a workbook of at most {MOST_PARTS:,} is read")
    total = sum(part.file_size for part in parts)
    if total > MOST_BYTES:
        allowed = f"unpacks to {total / _MIB:,.0f} MiB; at most {MOST_BYTES // _MIB} MiB are read"
        raise refusal(path, "this file", allowed, "copy the figures into a workbook of their own")
    for part in parts:
        if part.file_size > SMALL_BYTES and part.file_size > MOST_RATIO * max(part.compress_size, 1):
            allowed = (
                f"unpacks to {part.file_size / max(part.compress_size, 1):,.0f} times its size; at most {MOST_RATIO}"
            )
            raise refusal(path, f"'{part.filename}' in it", allowed, "save it again in a spreadsheet program")


def _checked(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """Return a part if it is the XML of a sheet, "" if it is another; refuse one that says what no workbook says."""
    name = part.filename.lower()
    if not name.endswith((".xml", ".rels", ".vml")):
        return b""
    with archive.open(part) as stream:
        data = stream.read(part.file_size + 1)
    if any(word in data or word in data.replace(b"\0", b"") for word in _FORBIDDEN):
        raise refusal(path, f"'{part.filename}' in it", "declares a document type, as no spreadsheet program writes it")
    return data if "worksheets/" in name else b""
