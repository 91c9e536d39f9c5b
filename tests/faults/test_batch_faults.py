"""What can befall a batch job, made to happen: whatever it was, the finished data set is the one of a quiet run.

Processes are really killed, a disk is really filled, files are really cut. After each fault the same command is given
again, and every byte is compared with a run by one worker that nothing befell.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mobank.base.errors import InputError, RunError
from mobank.base.files import CRUMB
from mobank.base.identity import law_digest
from mobank.batch.driver import JobState
from mobank.batch.execute import execute
from mobank.batch.executors import Dask, Processes
from mobank.batch.job import Job
from mobank.batch.job_file import load_job
from mobank.batch.job_records import JOB_RECORD
from mobank.batch.store import BusyError, Journal
from mobank.batch.unit import SUMMARIES
from mobank.model.mobile_banking import MODEL
from tests.conftest import rewrite

ROOT = Path(__file__).resolve().parents[2]
UNITS = 24
JOB = """
scenarios: [short.yaml]
draws: 300
seed: 7
asks:
  more: {measure: mau, at_least: 1.8亿, by: 2023-12}
design:
  method: latin_hypercube
  points: 24
  vary:
    levers.seniors.multiply: {low: -10%, high: +60%}
keep: {paths: [mau], months: all}
"""
SHORT = """
extends: BASELINE
question: A short one?
until: 2023-12
asks: off
levers:
  seniors:
    parameter: revive_rate
    multiply: +20%
    for: [over_60]
    from: 2023-02
    evidence: assumption
    reason: a test
"""
PATIENCE = 120  # seconds that a machine under load may take for what takes one


def write(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    baseline = (ROOT / "scenarios" / "baseline.yaml").as_posix()
    (folder / "short.yaml").write_text(SHORT.replace("BASELINE", baseline), encoding="utf-8")
    path = folder / "job.yaml"
    path.write_text(JOB, encoding="utf-8")
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return load_job(write(tmp_path_factory.mktemp("job")), MODEL)


@pytest.fixture(scope="module")
def quiet(job: Job, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return every file of the data set as one worker makes it whom nothing befalls."""
    return content(execute(job, tmp_path_factory.mktemp("quiet"), lambda: Processes(1)).folder)


def command(path: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "mobank", "batch", str(path), "--out", str(out), "--workers", "2", "--quiet", *more]


def start(path: Path, out: Path, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(command(path, out, *more), cwd=ROOT, stderr=subprocess.PIPE, text=True)


def wait_for(happened: Callable[[], object], driver: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "too slow"
        assert driver.poll() is None, driver.stderr.read() if driver.stderr else ""
        time.sleep(0.005)


def noted(out: Path) -> int:
    journal = out / ".job.journal"
    return journal.read_text(encoding="utf-8").count("\n") if journal.exists() else 0


def written(out: Path) -> int:
    return len(list(out.glob("job/summaries/case=*/unit-*.parquet")))


def workers_of(out: Path) -> set[int]:
    lines = (out / "job.log").read_text(encoding="utf-8").splitlines()
    return {int(line.rpartition(":")[2]) for line in lines if " replicates " in line}


def alive(process: int) -> bool:
    """Return True if a process runs; one that has ended and waits for its parent to look does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def test_nothing_befalls_two_and_four_workers(job, quiet, tmp_path):
    for workers in (2, 4):
        outcome = execute(job, tmp_path / str(workers), lambda w=workers: Processes(w))
        assert content(outcome.folder) == quiet


def test_the_driver_is_killed(job, quiet, tmp_path):
    path = write(tmp_path)
    driver = start(path, tmp_path / "out")
    wait_for(lambda: noted(tmp_path / "out") >= 4, driver)
    driver.kill()
    driver.wait()
    workers = workers_of(tmp_path / "out")
    until = time.monotonic() + PATIENCE
    while any(map(alive, workers)):  # its workers end with it
        assert time.monotonic() < until
        time.sleep(0.02)
    assert not (tmp_path / "out" / "job" / "manifest.json").exists()
    done = written(tmp_path / "out")
    assert 4 <= done < UNITS
    outcome = execute(load_job(path, MODEL), tmp_path / "out", lambda: Processes(2))
    assert content(outcome.folder) == quiet
    assert outcome.computed == UNITS - done  # nothing that was finished is computed again


def test_the_driver_is_asked_to_end(job, quiet, tmp_path):
    """A scheduler's SIGTERM: running units are noted, the exit code says how it ended, the same command goes on."""
    path = write(tmp_path)
    driver = start(path, tmp_path / "out")
    wait_for(lambda: noted(tmp_path / "out") >= 2, driver)
    driver.terminate()
    told = "stopped; nothing was left half-written; the same command again goes on\n"
    assert driver.communicate(timeout=PATIENCE)[1] == told
    assert driver.returncode == 143
    assert noted(tmp_path / "out") == written(tmp_path / "out") < UNITS
    assert content(execute(load_job(path, MODEL), tmp_path / "out", lambda: Processes(1)).folder) == quiet


@pytest.mark.parametrize("request_", [signal.SIGTERM, signal.SIGINT])
def test_who_asks_the_driver_to_end_just_when_it_records_a_unit_waits_until_it_is_recorded(
    job, tmp_path, monkeypatch, request_
):
    def end(number, frame):
        raise SystemExit(number)

    record = Journal.note

    def disturbed(self, task, receipt):
        signal.raise_signal(request_)
        record(self, task, receipt)

    monkeypatch.setattr(Journal, "note", disturbed)
    before = signal.signal(request_, end)
    try:
        with pytest.raises(SystemExit):
            execute(job, tmp_path, lambda: Processes(1))
    finally:
        signal.signal(request_, before)
    assert noted(tmp_path) == written(tmp_path) > 0


def test_a_worker_is_killed(job, quiet, tmp_path):
    """It may have been writing: half a file of its own is not part of what is finished."""
    killed: list[int] = []

    def kill_one(state: JobState) -> None:
        if state.units_done >= 3 and not killed:
            killed.append(min(workers_of(tmp_path)))
            os.kill(killed[0], signal.SIGKILL)
            written = next((tmp_path / "job" / SUMMARIES).glob("case=*/unit-*.parquet"))
            written.with_name(f".{written.name}.gone.1{CRUMB}").write_bytes(written.read_bytes()[:4])

    outcome = execute(job, tmp_path, lambda: Processes(2), kill_one)
    assert content(outcome.folder) == quiet
    log = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "a worker died; given out again" in log
    assert log.count(" replicates ") == UNITS  # none was noted twice


def test_a_worker_of_a_dask_cluster_is_killed(job, quiet, tmp_path):
    """A cluster that runs at an address, as on Slurm or Kubernetes; its scheduler gives the unit to another worker."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    killed: list[int] = []

    def kill_one(state: JobState) -> None:
        if state.units_done >= 2 and not killed:
            killed.append(min(workers_of(tmp_path)))
            os.kill(killed[0], signal.SIGKILL)

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        outcome = execute(job, tmp_path, lambda: Dask(cluster.scheduler_address, 2), kill_one)
    assert killed
    assert content(outcome.folder) == quiet


def test_a_cluster_of_this_machine_makes_the_same_files(quiet, tmp_path):
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    path = write(tmp_path)
    done = subprocess.run(
        command(path, tmp_path / "out", "--dask", "local"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out" / "job") == quiet


@contextmanager
def small_disk(where: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk of so many kilobytes."""
    where.mkdir()
    mount = shutil.which("mount")
    words = [mount or "", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(where)]
    if os.geteuid() != 0 or not mount or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(where)], check=False)


def test_the_disk_is_full(job, quiet, tmp_path):
    size = sum(map(len, quiet.values())) // 1024
    disk = tmp_path / "disk"
    with small_disk(disk, size // 2):
        with pytest.raises(RunError) as refusal:
            execute(job, disk, lambda: Processes(2))
        assert str(refusal.value) == (
            f"'{disk.as_posix()}/job' could not be written: the disk is full; "
            "what is finished is kept; mend that and give the same command again"
        )
        assert not [p for p in disk.rglob("*") if p.name.endswith(".tmp")]
        done = written(disk)
        assert 0 < done < UNITS
        subprocess.run(["mount", "-o", f"remount,size={4 * size}k", str(disk)], check=True)
        outcome = execute(job, disk, lambda: Processes(2))
        assert outcome.computed == UNITS - done
        assert content(outcome.folder) == quiet


@pytest.fixture
def finished(job, quiet, tmp_path) -> Path:
    """Return a folder that holds the finished data set."""
    for name, data in quiet.items():
        (tmp_path / "job" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "job" / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize("part", ["paths", "summaries"])
def test_a_part_file_is_cut_and_another_is_overwritten(job, quiet, finished, part):
    first, second = sorted((finished / "job" / part).glob("case=*/*.parquet"))[:2]
    first.write_bytes(first.read_bytes()[:-100])
    second.write_bytes(b"nonsense")
    outcome = execute(job, finished, lambda: Processes(1))
    assert outcome.computed == 2
    assert len(outcome.corrupt) == 2
    assert content(outcome.folder) == quiet


def test_a_part_file_is_cut_before_the_job_is_finished(job, quiet, finished):
    """No manifest and no journal tell of it: the checksums in the file do."""
    (finished / "job" / "manifest.json").unlink()
    first, second = sorted((finished / "job" / "paths").glob("case=*/*.parquet"))[:2]
    first.write_bytes(first.read_bytes()[:-100])
    spoilt = bytearray(second.read_bytes())
    spoilt[len(spoilt) // 4] ^= 1
    second.write_bytes(spoilt)
    outcome = execute(job, finished, lambda: Processes(1))
    assert outcome.computed == 2
    assert content(outcome.folder) == quiet


def test_a_table_is_gone(job, quiet, finished):
    (finished / "job" / "answers.parquet").unlink()
    outcome = execute(job, finished, lambda: Processes(1))
    assert outcome.computed == 0
    assert content(outcome.folder) == quiet


def test_two_drivers_are_started_on_one_job(job, quiet, tmp_path):
    path, out = write(tmp_path), tmp_path / "out"
    driver = start(path, out)
    wait_for(lambda: noted(out) >= 1, driver)
    driver.send_signal(signal.SIGSTOP)
    with pytest.raises(BusyError) as refusal:
        execute(job, out, lambda: Processes(1))
    driver.send_signal(signal.SIGCONT)
    assert refusal.value.exit_code == 3
    assert str(refusal.value) == (
        f"'{out.as_posix()}/job' is being worked on by process {driver.pid} on {os.uname().nodename}; "
        "wait for it, or stop it first"
    )
    assert driver.wait(PATIENCE) == 0
    assert content(out / "job") == quiet


def test_a_worker_runs_out_of_memory(job, quiet, tmp_path):
    with pytest.raises(RunError) as refusal:
        execute(job, tmp_path, lambda: Processes(1, memory_mb=100))
    assert refusal.value.found in ("a worker ran out of memory", "a worker died")
    assert refusal.value.allowed.startswith("3 times on unit short-")
    assert content(execute(job, tmp_path, lambda: Processes(2)).folder) == quiet


def test_a_scenario_is_edited_between_start_and_resume(job, tmp_path):
    path, out = write(tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        execute(job, out, lambda: Processes(1), interrupt)
    before = content(out / "job")
    assert 0 < written(out) < UNITS
    scenario = tmp_path / "short.yaml"
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("2023-02", "2023-03"), encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace("draws: 300", "draws: 400"), encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        execute(load_job(path, MODEL), out, lambda: Processes(1))
    since = f"when '{out.as_posix()}/job' was begun; restore it, or give the changed job another folder with --out"
    assert str(refusal.value) == (
        f"{path}:3  draws: '400' was '300' {since}\n"
        f"{scenario}:11  levers.seniors.from: '2023-03' was '2023-02' {since}\n"
        "2 problems; nothing was run."
    )
    assert content(out / "job") == before


def interrupt(state: JobState) -> None:
    """Press Ctrl-C once a unit is done."""
    if state.units_done:
        raise KeyboardInterrupt


def test_the_code_has_changed_since(job, finished):
    rewrite(finished / "job" / "job.json", JOB_RECORD, {"law": "0" * 32})
    with pytest.raises(InputError) as refusal:
        execute(job, finished, lambda: Processes(1))
    assert str(refusal.value) == (
        f"the code that computes has changed since '{finished.as_posix()}/job' was begun; "
        "give another folder with --out; the two would not fit together\n1 problem; nothing was run."
    )


def test_what_a_job_is_of_holds_the_code_that_computes_and_nothing_of_pages(job, finished):
    record = json.loads((finished / "job" / "job.json").read_text(encoding="utf-8"))
    assert record["law"] == law_digest("jobs")
    assert {"report", "mobank", "matplotlib"} & {*record, *record["versions"]} == set()
    assert execute(job, finished, lambda: Processes(1)).computed == 0
