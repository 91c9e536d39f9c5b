"""Pages whose commands are run and whose shown output is what came out: read, run, compared, written anew.

A page has steps: a ```sh block with one command, and perhaps after it a ```text block with what it prints. A line … in
such a block stands for lines left out. A ```yaml block whose first line is a comment with a path is that file.

`python -m tests.house.refresh_docs` runs the pages and puts the output of today into them.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "docs" / "tutorial.md",)
MOBANK = ".venv/bin/mobank"
SHOWN_DIGEST = "1a2b3c4d5e"  # stands for that of today
BLOCK = re.compile(r"^```(sh|text|yaml)\n(.*?)^```$", flags=re.S | re.M)
NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?")
LEFT_OUT = "…"


@dataclass
class Step:
    """A command, what the page shows of its output, and what it printed when it was run."""

    command: str
    shown: str
    printed: str = ""


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return kind and text of each block."""
    return [(found[1], found[2]) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def files(page: Path) -> dict[str, str]:
    """Return the files that a page tells to write, by path."""
    return {
        text.splitlines()[0].removeprefix("# "): text
        for kind, text in blocks(page)
        if kind == "yaml" and text.startswith("# scenarios/")
    }


def steps(page: Path) -> list[Step]:
    """Return the steps of a page in its order."""
    found: list[Step] = []
    for kind, text in blocks(page):
        if kind == "sh":
            lines = text.replace("\\\n", " ").strip().splitlines()
            found += [Step(" ".join(line.split()), "") for line in lines]
        elif kind == "text":
            found[-1].shown = text
    return found


def run(page: Path, place: Path) -> list[Step]:
    """Return the steps of a page as run one after the other in an empty folder; `make install` has been done."""
    for name in ("scenarios", "calibration"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in files(page).items():
        (place / path).write_text(text, encoding="utf-8")
    digest = SHOWN_DIGEST
    done = steps(page)
    for step in done:
        words = shlex.split(step.command.replace(SHOWN_DIGEST, digest), comments=True)
        if words[0] == MOBANK:
            step.printed = _printed(words[1:], place)
            digest = (re.findall(r"-([0-9a-f]{10})\b", step.printed) or [digest])[-1]
            step.printed = step.printed.replace(digest, SHOWN_DIGEST)
    return done


def _printed(words: Sequence[str], place: Path) -> str:
    fixed = {
        "PYTHONPATH": str(ROOT / "sim"),
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "LC_ALL": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "mobank", *words],
        capture_output=True,
        encoding="utf-8",
        cwd=place,
        check=False,
        env={**os.environ, **fixed},
    )
    if done.returncode:
        raise RuntimeError(f"mobank {' '.join(words)}\n{done.stderr}")
    return done.stdout


# ------------ what is shown against what was printed


def parts(shown: str) -> list[list[str]]:
    """Return the runs of lines between those left out."""
    found: list[list[str]] = [[]]
    for line in shown.splitlines():
        if line.strip() == LEFT_OUT:
            found.append([])
        else:
            found[-1].append(line)
    return [part for part in found if part]


def alike(line: str, other: str) -> bool:
    """Return whether two lines say the same: equal words, numbers within one of their last digit."""
    if words(line) != words(other):
        return False
    pairs = zip(NUMBER.findall(line), NUMBER.findall(other), strict=True)
    return all(abs(_value(a) - _value(b)) <= 1.001 * 10.0 ** -len(a.partition(".")[2]) for a, b in pairs)


def words(line: str) -> str:
    """Return a line without its numbers and without how wide its spaces and rules are."""
    return re.sub(r"─+", "─", " ".join(NUMBER.sub("#", line).split()))


def _value(number: str) -> float:
    return float(number.replace(",", "").replace("−", "-"))


def missing(step: Step) -> list[str] | None:
    """Return the first lines shown that were not printed, in order; None if all were."""
    printed, at = step.printed.splitlines(), 0
    for part in parts(step.shown):
        fits = (i for i in range(at, len(printed) - len(part) + 1) if all(map(alike, part, printed[i : i + len(part)])))
        found = next(fits, None)
        if found is None:
            return part
        at = found + len(part)
    return None


# ------------ writing anew


def refreshed(step: Step) -> str:
    """Return what a page should show: the same lines as before, as they are printed today.

    Raises
    ------
    RuntimeError
        If a line that opens a part is printed no more; the page then needs a person.
    """
    lines, at = step.printed.splitlines(), 0
    new = []
    for line in _openings(step.shown):
        if isinstance(line, str):
            new.append(line)
            continue
        part = line
        found = next((i for i in range(at, len(lines)) if words(lines[i]) == words(part[0])), None)
        if found is None:
            raise RuntimeError(f"nothing like this is printed any more: {part[0]}")
        new += lines[found : found + len(part)]
        at = found + len(part)
    return "\n".join(line.rstrip() for line in new) + "\n"


def _openings(shown: str) -> Iterator[str | list[str]]:
    """Yield the parts of a block and the lines … between them."""
    part: list[str] = []
    for line in shown.splitlines():
        if line.strip() == LEFT_OUT:
            if part:
                yield part
            part = []
            yield line
        else:
            part.append(line)
    if part:
        yield part


def refresh(page: Path) -> None:
    """Write a page anew."""
    with tempfile.TemporaryDirectory() as place:
        done = run(page, Path(place))
    text = page.read_text(encoding="utf-8")
    for step in done:
        if step.shown:
            text = text.replace(f"```text\n{step.shown}```", f"```text\n{refreshed(step)}```", 1)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in PAGES:
        refresh(each)
        print(each.relative_to(ROOT))
