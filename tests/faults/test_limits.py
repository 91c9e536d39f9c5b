"""Work that the machine cannot hold, or that takes long, is refused with the figure before it begins."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

import mobank as mb
from mobank.base import limits
from mobank.base.errors import InputError, RunError
from mobank.base.limits import WorkCost, duration, size
from mobank.base.machine import free_on_disk
from mobank.batch.estimate import foresee
from mobank.batch.job_file import load_job, load_outline
from mobank.desk import cost as desk_cost
from mobank.ensemble.plan import Plan
from mobank.model.mobile_banking import MODEL
from mobank.report.run import cost as run_cost
from mobank.scenario.desk_study import load_study_text
from tests.conftest import ROOT

GIGABYTE = 10**9
BATCHES = ROOT / "scenarios" / "batches"
BEGUN = "it begins\n"
ASKED = "\n1 problem; nothing was run.\n"
DESK = """
extends: remote_service.yaml
offered_a_day: {value: 1000万, reason: a test}
staff: {value: 45, reason: a test}
"""


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Return how to say what this machine has: its speed is the one where costs were measured."""

    def has(memory: float = 8 * GIGABYTE, disk: float = 10_000 * GIGABYTE) -> None:
        monkeypatch.setattr(limits, "free", lambda: int(memory))
        monkeypatch.setattr(limits, "free_on_disk", lambda folder: int(disk))

    monkeypatch.setattr(limits, "slowness", lambda: 1.0)
    for module in (run_cost, __import__("mobank.batch.estimate", fromlist=["cores"])):
        monkeypatch.setattr(module, "cores", lambda: 2)
    has()
    return has


@pytest.fixture
def beginning(monkeypatch):
    """Let every run end where it begins, so that it is seen that it does."""

    def begin(*given, **named):
        raise RunError("it", "begins")

    monkeypatch.setattr("mobank.report.run.folder.make", begin)
    monkeypatch.setattr("mobank.report.compare.folder.make", begin)
    monkeypatch.setattr("mobank.report.desk.answer.answer", begin)
    monkeypatch.setattr("mobank.batch.execute.execute", begin)
    monkeypatch.setattr("mobank.batch.executors.warmed_up", lambda: None)


def test_f46_ten_million_draws_do_not_begin_where_the_disk_is_too_small(mobank, machine, beginning):
    machine(disk=70 * GIGABYTE)
    words = ("run", "baseline", "--draws", "10000000", "--workers", "2")
    code, _, said = mobank(*words)
    assert (code, said) == (
        2,
        "--draws: 10,000,000 draws of 60 months would take 118.7 GB of disk, and 70.0 GB are free in 'outputs'; "
        f"take fewer draws{ASKED}",
    )
    assert not Path("outputs").exists()
    assert mobank("run", "baseline", "--draws", "1000000")[2] == f"this takes about 5.5 min\nbaseline …\n{BEGUN}"


def test_what_takes_more_than_an_hour_is_begun_where_a_person_says_so(mobank, beginning):
    words = ("run", "baseline", "--draws", "10000000", "--workers", "1")
    code, _, said = mobank(*words)
    assert (code, said) == (
        2,
        f"--draws: 10,000,000 draws of 60 months would take about 76.2 min; give --yes to begin it{ASKED}",
    )
    assert mobank(*words, "--yes")[2].endswith(BEGUN)


def test_f47_a_desk_of_which_everybody_waits_is_not_begun_without_a_word(mobank, beginning):
    Path("scenarios/desks").mkdir(parents=True)
    Path("scenarios/desks/crowd.yaml").write_text(DESK, encoding="utf-8")
    words = ("desk", "scenarios/desks/crowd.yaml", "--days", "1")
    assert mobank(*words)[2] == f"this takes about 35.9 min\ncrowd …\n{BEGUN}"
    Path("scenarios/desks/crowd.yaml").write_text(DESK.replace("1000万", "1500万"), encoding="utf-8")
    code, _, said = mobank(*words)
    assert (code, said) == (
        2,
        f"--days: 1 day of 15,000,000 calls would take about 69.4 min; give --yes to begin it{ASKED}",
    )
    assert mobank(*words, "--yes")[2].endswith(BEGUN)


def test_memory_that_is_not_there_is_named_with_what_is(mobank, machine, beginning):
    machine(memory=GIGABYTE / 10)
    commands = ("run baseline", "compare baseline win_back", "desk remote_service", "batch smoke")
    for words in map(str.split, commands):
        code, _, said = mobank(*words)
        assert code == 2
        assert " MB of memory, and 100.0 MB are free; " in said
        machine()
        assert mobank(*words)[2].endswith(BEGUN)
        machine(memory=GIGABYTE / 10)


def test_a_program_is_refused_too(machine):
    machine(disk=GIGABYTE)
    with pytest.raises(InputError, match=r"would take 68.3 GB of disk, and 1.0 GB are free in '.*'; take fewer draws"):
        mb.run("baseline", draws=10_000_000)


@pytest.mark.parametrize("name", ["smoke", "overnight", "levers"])
def test_a_plan_of_a_shipped_job_answers_at_once(name):
    """In processor seconds, without Python's own start: 2 are wanted in all."""
    began = time.process_time()
    found = foresee(load_outline(BATCHES / f"{name}.yaml", MODEL), Path("nowhere"), 2)
    assert time.process_time() - began < 2.0
    assert found.cases == {"smoke": 6, "overnight": 14, "levers": 512}[name]


def test_a_plan_of_the_largest_design_answers_at_once(tmp_path, mobank, machine):
    machine(memory=64 * GIGABYTE)
    text = (BATCHES / "levers.yaml").read_text(encoding="utf-8").replace("points: 512", "points: 131,072")
    path = tmp_path / "large.yaml"
    path.write_text(text.replace("four_levers.yaml", str(BATCHES / "four_levers.yaml")), encoding="utf-8")
    began = time.process_time()
    code, said, _ = mobank("batch", str(path), "--plan", "--lang", "en")
    assert time.process_time() - began < 2.0
    assert (code, "131,072" in said) == (0, True)
    assert mobank("batch", str(path))[2] == (
        "large: 131,072 cases of 1,000 replicates would take about 5.6 h; give --yes to begin it" + ASKED
    )


def test_the_outline_of_a_job_has_the_units_of_the_job():
    path = BATCHES / "smoke.yaml"
    job, found = load_job(path, MODEL), foresee(load_outline(path, MODEL), Path("nowhere"), 2)
    assert found.units == sum(len(job.units(case)) for case in job.cases)
    assert found.cases == len(job.cases)
    assert found.replicates == len(job.cases) * job.replicates


def test_disk_is_foreseen_within_a_third(mobank, tmp_path, baseline):
    for words, foreseen in (
        (("run", "baseline", "--no-shares"), run_cost.of(Plan(MODEL, baseline, 2000), False)),
        (("batch", "smoke", "--quiet"), foresee(load_outline(BATCHES / "smoke.yaml", MODEL), Path("nowhere"), 2).cost),
    ):
        assert mobank(*words, "--out", str(tmp_path / words[0]))[0] == 0
        made = sum(path.stat().st_size for path in (tmp_path / words[0]).rglob("*") if path.is_file())
        assert made / 1.3 < foreseen.disk < made * 1.3


def test_every_size_makes_it_more(baseline):
    def run(draws=2000, fidelity="cohort", until=0, **more):
        scenario = replace(baseline, until=baseline.until + until)
        return run_cost.of(Plan(MODEL, scenario, draws, fidelity=fidelity, **more), False)

    least = run()
    for more in (run(20_000), run(until=120), run(by_segment=True)):
        assert more.seconds > least.seconds
        assert more.disk > least.disk
        assert more.memory > least.memory
    assert run(200_000).meanwhile > 0 == least.meanwhile
    study = load_study_text("extends: remote_service.yaml", ROOT / "scenarios" / "desks")
    crowd = load_study_text(DESK, ROOT / "scenarios" / "desks")
    assert desk_cost.of(study, 10).seconds > desk_cost.of(study, 5).seconds
    assert desk_cost.of(crowd, 5).memory > desk_cost.of(study, 5).memory


def test_free_space_is_that_of_the_nearest_folder_that_is_there(tmp_path):
    assert free_on_disk(tmp_path / "not" / "there") == pytest.approx(free_on_disk(tmp_path), rel=0.05)


def test_sizes_and_times_are_said_as_a_person_says_them():
    assert [duration(s) for s in (0.2, 119, 120, 7199, 7200, 200_000)] == [
        "1 s", "119 s", "2.0 min", "120.0 min", "2.0 h", "2.3 days",
    ]  # fmt: skip
    assert [size(b) for b in (999, 1e6, 58.4e9, 2.5e12)] == ["1 kB", "1.0 MB", "58.4 GB", "2.5 TB"]
    assert WorkCost(1, 2, 3).meanwhile == 0
