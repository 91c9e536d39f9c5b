"""Whatever befalls a record, it is refused by name or reads as it was written: cut, flipped, robbed of a key, retyped.

The members are made by a generator with a fixed seed; `-s` prints how many of each kind were tried.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.base.identity import DIGESTS, LAWS
from mobank.base.quantities import Month
from mobank.base.records import (
    RecordKind,
    find_record,
    read_record,
    record_bytes,
    seal,
    sealed_bytes,
    unsealed_bytes,
    write_record,
)
from mobank.batch.job_records import (
    JOB,
    JOB_RECORD,
    MANIFEST,
    MANIFEST_RECORD,
    journal_line,
    read_job,
    read_line,
    read_manifest,
)
from mobank.calibration.backtest.folder import BACKTEST
from mobank.calibration.backtest.full import jobs
from mobank.calibration.rounds import decisions, scoreboard
from mobank.calibration.sampler import ensembles
from mobank.dynamics.posterior_draws import table
from mobank.model.mobile_banking import MODEL
from mobank.report.compare import folder as comparisons
from mobank.report.desk.answer import DESK
from mobank.report.run import record as runs
from mobank.scenario.posterior import find, why_unusable
from tests.conftest import ROOT, SEED, rewrite
from tests.faults.counts import TIMES

POSTERIOR = ROOT / "calibration/posteriors/icbc_mobile"
EACH = 40 * TIMES  # members of a way to be damaged
DIGEST, LAW = "ab" * 32, "cd" * 16
OTHERS = ("ten", 7, -1.5, None, True, ["x"], {"y": 1})  # of every type that JSON has

Damage = tuple[str, bytes]


# ------------ what may befall a file


def cuts(data: bytes, luck: random.Random) -> Iterator[Damage]:
    for at in sorted({0, len(data) - 1, *(luck.randrange(len(data)) for _ in range(EACH))}):
        yield "cut", data[:at]


def flips(data: bytes, luck: random.Random) -> Iterator[Damage]:
    for _ in range(2 * EACH):
        at = luck.randrange(len(data))
        yield "flipped", data[:at] + bytes([data[at] ^ luck.randrange(1, 256)]) + data[at + 1 :]


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a tree of JSON: its parent, and its key or its number."""
    for key, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield node, key
        yield from places(below)


def edits(data: bytes, luck: random.Random) -> Iterator[Damage]:
    """Yield records without a key, and with a value of another type, in places all over."""
    count = len(list(places(json.loads(data))))
    for way in ("key gone", "retyped"):
        for number in luck.choices(range(count), k=EACH):
            content = json.loads(data)
            parent, key = list(places(content))[number]
            if way == "key gone":
                del parent[key]
            else:
                parent[key] = luck.choice([other for other in OTHERS if type(other) is not type(parent[key])])
            yield way, json.dumps(content).encode()


def alike(one: bytes, other: bytes) -> bool:
    """Return True if two files are the same JSON, however it is laid out."""
    try:
        one_text, other_text = (json.dumps(json.loads(each), sort_keys=True) for each in (one, other))
    except ValueError:
        return False
    return one_text == other_text  # 1, 1.0 and true are equal, but not alike


def refusal(read: Callable[[], object]) -> InputError | None:
    """Return with what something is refused; None if it is read."""
    try:
        read()
    except InputError as refused:
        return refused
    return None


def try_all(path: Path, read: Callable[[], object], damages: Iterator[Damage], least: int = 100) -> None:
    """Damage a file in each way: it is refused with exit code 2 by its name, unless it still says the same."""
    good, counts = path.read_bytes(), {"refused": 0, "the same": 0}
    read()
    for way, bad in damages:
        if bad == good:
            continue
        path.write_bytes(bad)
        if alike(bad, good):
            read()
            counts["the same"] += 1
            continue
        refused = refusal(read)
        assert refused is not None, f"{way} and not noticed: {bad!r}"
        assert refused.exit_code == 2
        assert path.name in str(refused), str(refused)
        counts["refused"] += 1
    path.write_bytes(good)
    read()
    print(f"{path.name}: {counts}")
    assert counts["refused"] >= least
    assert counts["the same"] <= sum(counts.values()) / 20


def all_of(data: bytes, json_too: bool = True) -> Iterator[Damage]:
    luck = random.Random(SEED)
    yield from cuts(data, luck)
    yield from flips(data, luck)
    if json_too:
        yield from edits(data, luck)


# ------------ a record of each kind


IDENTITY = {
    "scenario": "tiny", "resolved": DIGEST, "posterior": DIGEST, "model": LAW, "seed": 1, "draws": 10,
    "fidelity": "cohort", "by_segment": False, "law": LAW, "versions": {"python": "3.11.7", "numpy": "2.4"},
}  # fmt: skip
RUN = {
    "question": "多少？", "identity": IDENTITY | {"shares": False, "lang": "zh", "report": LAW},
    "posterior": {"name": "icbc_mobile", "draws": DIGEST, "figures": ["mau.2022-12"]}, "draws_tried": 12,
    "scenario_files": ["scenarios/tiny.yaml"], "command": "mobank run tiny", "git_commit": "", "machine": "Linux",
    "workers": 2, "finished": "2024-01-01T00:00:00+0000", "wall_seconds": 0.25,
}  # fmt: skip
SIDE = {"label": "tiny", "until": "2023-03", "asks": 0, "identity": IDENTITY}
COMPARISON = {
    "compared": [SIDE, SIDE | {"label": "other"}], "lang": "en", "weights": {"tiny": 0.5, "other": 0.5}, "report": LAW,
    "versions": {"python": "3.11.7"}, "differs": {"other": ["a lever"]},
    "paired": True, "subjects": ["A bank", "A bank"], "command": "mobank compare", "git_commit": "",
    "finished": "2024-01-01T00:00:00+0000", "wall_seconds": 1.5,
}  # fmt: skip
JOB_SAYS = {
    "job": "draws: 10\n", "name": "job", "question": {"en": "Which?", "zh": "哪个？"}, "scenarios": {"tiny": DIGEST},
    "posteriors": {"tiny": DIGEST}, "model": LAW, "law": LAW, "versions": {"python": "3.11.7"},
}  # fmt: skip
DECIDED = decisions.Decision(
    "icbc_mobile", "icbc_mobile", "ab12", 1, "mau", "2023-12", "2.6亿户", "article", "a report, 2024",
    decisions.TakenAs.new_definition, 0.067, 0.91, -10.6, -8.2, (1.7e8, 1.89e8, 2.1e8), (1.7e8, 1.89e8, 2.16e8),
)  # fmt: skip
SCORED = scoreboard.ScoreEntry(
    "icbc_mobile", "ab12", "mau", "2023-12", "1.9亿户", "unverified", "a report, 2024", -2.5, 0.71, 1.6e8, 1.82e8, 2.1e8
)


def with_files(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    for name in names:
        (folder / name).write_text(f"this is {name}\n" * 30, encoding="utf-8")
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in names}


def a_run(folder: Path) -> Path:
    files = with_files(folder, (runs.SCENARIO, runs.PATHS, runs.SUMMARY))
    write_record(folder / runs.RECORD, RUN | {"files": files}, runs.RUN)
    return folder / runs.RECORD


def a_comparison(folder: Path) -> Path:
    files = with_files(folder, (comparisons.DIFFERENCES, comparisons.SUMMARY))
    write_record(folder / runs.COMPARED, COMPARISON | {"files": files}, comparisons.COMPARISON)
    return folder / runs.COMPARED


def test_a_run_is_refused_whatever_befalls_its_record(tmp_path):
    path = a_run(tmp_path)
    try_all(path, lambda: runs.read(tmp_path), all_of(path.read_bytes()))


def test_a_comparison_is_refused_whatever_befalls_its_record(tmp_path):
    path = a_comparison(tmp_path)
    try_all(path, lambda: comparisons.read(tmp_path), all_of(path.read_bytes()))


@pytest.mark.parametrize("make", [a_run, a_comparison])
def test_a_run_or_comparison_is_refused_whatever_befalls_a_file_of_it(tmp_path, make):
    make(tmp_path)
    read = runs.read if make is a_run else comparisons.read
    path = tmp_path / runs.SUMMARY
    try_all(path, lambda: read(tmp_path), all_of(path.read_bytes(), json_too=False))


def test_a_job_is_refused_whatever_befalls_its_record(tmp_path):
    write_record(tmp_path / JOB, JOB_SAYS, JOB_RECORD)
    try_all(tmp_path / JOB, lambda: read_job(tmp_path), all_of((tmp_path / JOB).read_bytes()))


def test_a_finished_job_is_refused_whatever_befalls_its_manifest(tmp_path):
    files = {f"summaries/case=tiny/unit-{n:06d}.parquet": DIGEST for n in range(4)}
    write_record(tmp_path / MANIFEST, {"files": files}, MANIFEST_RECORD)
    try_all(tmp_path / MANIFEST, lambda: read_manifest(tmp_path), all_of((tmp_path / MANIFEST).read_bytes()))


def usable(folder: Path) -> None:
    """Read a posterior as whoever starts from it does."""
    found = find(folder)
    assert found
    if problems := list(why_unusable(found, MODEL)):
        raise InputError(problems)


@pytest.fixture
def posterior(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(POSTERIOR, tmp_path / "calibration/posteriors/icbc_mobile"))


def test_a_posterior_is_refused_whatever_befalls_its_record(posterior):
    path = posterior / "posterior.json"
    try_all(path, lambda: usable(posterior), all_of(path.read_bytes()))


def test_a_posterior_is_refused_whatever_befalls_its_draws_where_it_is_checked_and_where_it_is_read(posterior):
    path, digest = posterior / "draws.parquet", sha256((posterior / "draws.parquet").read_bytes()).hexdigest()

    def read() -> None:
        checked, loaded = (
            refusal(way) for way in (lambda: usable(posterior), lambda: table(str(posterior), digest, 4000))
        )
        assert (checked is None) == (loaded is None), "what is checked can be read"
        if checked:
            raise checked

    try_all(path, read, all_of(path.read_bytes(), json_too=False))


def test_draws_that_are_no_table_of_numbers_of_so_many_rows_are_refused_though_their_digest_is_right(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "draws.parquet"
    for content, said in (
        (b"no table", "is no table that can be read"),
        (pa.table({"a": [1.0, 2.0]}), "holds 2 draws, but the posterior's record says 3"),
        (pa.table({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]}), "holds columns that are no numbers: b"),
    ):
        path.write_bytes(content) if isinstance(content, bytes) else pq.write_table(content, path)
        with pytest.raises(InputError, match=said):
            table(str(tmp_path), sha256(path.read_bytes()).hexdigest(), 3)


def test_a_decision_is_refused_whatever_befalls_its_record_and_force_overwrites_it(tmp_path):
    def keep() -> None:
        decisions.keep([DECIDED], tmp_path, force=False)

    keep()
    path = DECIDED.path(tmp_path)
    try_all(path, keep, all_of(path.read_bytes()))
    path.write_bytes(b"{")
    with pytest.raises(InputError, match="--force overwrites it"):
        keep()
    decisions.keep([DECIDED], tmp_path, force=True)
    keep()


def entries(count: int) -> list[scoreboard.ScoreEntry]:
    return [replace(SCORED, month=f"20{n + 10}-12", log_score=-0.5 * n) for n in range(count)]


def test_a_scoreboard_is_refused_whatever_befalls_it_and_stays_as_it_is(tmp_path):
    path = tmp_path / scoreboard.NAME
    scoreboard.add(path, entries(4), [])
    data, luck = path.read_bytes(), random.Random(SEED)
    mark = len("\ufeff".encode())
    lines = data.splitlines(keepends=True)
    whole_lines = [("a line gone", b"".join(lines[:n] + lines[n + 1 :])) for n in range(len(lines))]
    swapped = [("lines changed about", b"".join([lines[0], lines[2], lines[1], *lines[3:]]))]
    at_lines = [("cut at a line", b"".join(lines[:n])) for n in range(len(lines))]
    columns = [
        ("a column gone", b"\n".join(b",".join(c for i, c in enumerate(line.split(b",")) if i != n) for line in lines))
        for n in range(13)
    ]
    some = [
        (way, bad)
        for way, bad in (*cuts(data, luck), *flips(data, luck), *whole_lines, *swapped, *at_lines, *columns)
        # a file without its mark or its last line break holds the same lines
        if bad[mark:].rstrip(b"\r\n") != data[mark:].rstrip(b"\r\n") or not bad.startswith(data[:mark])
    ]
    counts = 0
    for way, bad in some:
        path.write_bytes(bad)
        refused = refusal(lambda: scoreboard.read(path))
        assert refused is not None, f"{way} and not noticed: {bad!r}"
        assert scoreboard.NAME in str(refused)
        assert path.read_bytes() == bad
        counts += 1
    print(f"{path.name}: {counts} refused of {len(some)}")
    assert counts >= 100


def test_a_scoreboard_of_an_earlier_version_is_refused(tmp_path):
    path = tmp_path / scoreboard.NAME
    scoreboard.add(path, entries(2), [])
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join(line.rpartition(",")[0] for line in lines), encoding="utf-8")
    with pytest.raises(InputError, match=r"scoreboard\.csv:1  the first line must be .*,check; put the file aside"):
        scoreboard.read(path)


def test_a_line_of_a_journal_counts_only_as_it_was_written():
    line = journal_line("tiny", 3, {"summaries/case=tiny/unit-000003.parquet": DIGEST}).encode()
    assert read_line(line) == (("tiny", 3), {"summaries/case=tiny/unit-000003.parquet": DIGEST})
    tried = [bad for _, bad in all_of(line) if not alike(bad, line)]
    assert [bad for bad in tried if read_line(bad) is not None] == []
    print(f"journal: {len(tried)} passed over")
    assert len(tried) >= 100


def test_what_a_fit_or_a_refit_has_kept_is_computed_again_where_it_is_damaged(tmp_path):
    effort = ensembles.Effort(1, 4, 0, 2)
    at, log, kept = np.zeros((4, 2)), np.zeros(4), np.ones((2, 4, 2))
    checkpoint, forecast = tmp_path / "checkpoint.npz", tmp_path / "refit.npz"
    ensembles.Stage(2, at, log, kept, np.ones((1, 2, 2))).write(checkpoint)
    shorter, longer = ensembles.Effort(1, 4, 0, 1), ensembles.Effort(1, 4, 1, 2)
    for other, count, size in ((effort, 2, 2), (effort, 1, 3), (shorter, 1, 2), (longer, 1, 2)):
        assert ensembles.Stage.read(checkpoint, other, count, size) is None, "it is of another fit"
    jobs._write(forecast, jobs.Forecasts({"active": np.zeros((1, 3))}, {}, 1.01, 400.0))
    for path, read in (
        (checkpoint, lambda: ensembles.Stage.read(checkpoint, effort, 1, 2)),
        (forecast, lambda: jobs._read(forecast)),
    ):
        assert read() is not None
        good = path.read_bytes()
        tried = [bad for _, bad in all_of(good, json_too=False) if bad != good]
        for bad in tried:
            path.write_bytes(bad)
            assert read() is None
        assert len(tried) >= 100
    path = tmp_path / "gone"
    assert unsealed_bytes(path) is None
    path.write_bytes(sealed_bytes(b""))
    assert unsealed_bytes(path) == b""


def test_a_digest_of_the_code_that_was_kept_is_not_believed_where_it_is_damaged(tmp_path):
    path = tmp_path / "digests.json"
    found = dict.fromkeys((*LAWS, "report"), LAW)
    write_record(path, found, DIGESTS)
    good = path.read_bytes()
    for _, bad in all_of(good):
        path.write_bytes(bad)
        assert alike(bad, good) == (find_record(path, DIGESTS) is not None)


# ------------ the reader


KINDS: tuple[tuple[RecordKind, dict[str, Any]], ...] = (
    (DESK, {"identity": {}, "files": {}, "study_files": [], "needed": 3, "set_ups_a_month": 2.5, "command": "",
            "finished": ""}),
    (BACKTEST, {"identity": {}, "data": {}, "files": {}, "command": ""}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "content"), KINDS)
def test_records_that_are_only_written_bear_number_and_digest_too(tmp_path, kind, content):
    write_record(tmp_path / "x.json", content, kind)
    assert read_record(tmp_path / "x.json", kind, "")["digest"] == seal({"format": kind.format, **content})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ":1  this record is not JSON (Expecting value): it is cut or damaged; HINT"),
        (b'{\n"a": \xff}', ":2  this record is not UTF-8: it is damaged; HINT"),
        (b"[1]", "  this record is not a record: it holds no mapping; HINT"),
        (b'{"a": 1, "a": 2}', "  this record is not a record (a key stands twice): it is damaged; HINT"),
        (b"[" * 100_000, "  this record is not a record: it is nested too deeply; HINT"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is damaged; HINT"),
        (
            b"{}",
            "  this record has no digest of its content: an earlier version of mobank wrote it, or it is damaged; HINT",
        ),
        (
            b'{"digest": "x", "format": 9}',
            "  this record is of another version of mobank (format 9; this one reads 2); HINT",
        ),
    ],
    ids=["empty", "no_utf8", "list", "twice", "deep", "long_number", "no_digest", "another_version"],
)  # fmt: skip
def test_a_record_that_cannot_be_read_says_why(tmp_path, data, said):
    path = tmp_path / "run.json"
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        read_record(path, runs.RUN, "HINT")
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


def test_what_is_missing_or_of_another_type_is_said_by_its_key_and_the_hint_once(tmp_path):
    path = a_run(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["identity"]["draws"]
    content["identity"]["fidelity"], content["draws_tried"] = "foo", True
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_record(path, runs.RUN, "run it again")
    assert str(refused.value) == (
        f"{path}  identity.draws: this key is missing\n"
        f"{path}  identity.fidelity: 'foo' must be one of {', '.join(runs.FIDELITIES)}\n"
        f"{path}  draws_tried: true must be a whole number, 1 or more; run it again\n"
        "3 problems; nothing was run."
    )


def test_the_digest_is_of_the_content_and_not_of_its_layout(tmp_path):
    path = a_run(tmp_path)
    before = runs.read(tmp_path).record
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(reversed(content.items())), indent=7), encoding="utf-8", newline="\r\n")
    assert runs.read(tmp_path).record == before


def test_a_path_with_a_byte_that_is_no_letter_can_be_recorded(tmp_path):
    path = a_run(tmp_path)
    rewrite(path, runs.RUN, {"command": "mobank run sc\udcff.yaml"})
    assert runs.read(tmp_path).record["command"] == "mobank run sc\udcff.yaml"
    assert b"\\udcff" in record_bytes({"command": "\udcff"}, runs.RUN)


def test_the_shipped_posteriors_are_sealed():
    for folder in (ROOT / "calibration/posteriors").iterdir():
        found = find(folder)
        assert found
        assert found.last == Month.of(2022, 12)
