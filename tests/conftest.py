"""What the tests share: the one seed, the fixture that runs a test over every fidelity, and how to drive a model.

Statistical tests take their luck from `SEED`, so they pass or fail for good; the false-alarm rate that each states is
the chance that a right program would have failed when the seed was chosen.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mobank.base.quantities import Month
from mobank.base.records import RecordKind, write_record
from mobank.base.streams import Streams
from mobank.dynamics.changes import Change
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.fidelity import FIDELITIES
from mobank.model.grammar import Flow, Measure, Model, Parameter
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Scenario

SEED = 20221231
START = Month.of(2022, 12)
ROOT = Path(__file__).parents[1]

Drive = Callable[..., Trajectory]
AT_BANK_SIZE = sorted(set(FIDELITIES) - {"agents", "processes"})  # tests/agreement sees to those of single persons


def rate(name: str) -> Parameter:
    """Return a parameter of a model for tests."""
    return Parameter(name, "rate", (0.0, 5.0), "")


# adoption by imitation alone: the smallest model in which people meet
VILLAGE = Model(
    "village",
    ("prospect", "user"),
    (rate("innovation_rate"), rate("imitation_rate")),
    (
        Flow(
            "adopt",
            "prospect",
            "user",
            lambda innovation_rate, imitation_rate, exposure: innovation_rate + imitation_rate * exposure,
        ),
    ),
    (Measure("users", "", stock=("user",)),),
    exposed_to=("user",),
)


def rewrite(path: Path, kind: RecordKind, changes: Mapping[str, Any]) -> None:
    """Write a record anew with some of its keys changed, sealed as a record of that content is."""
    content = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: value for key, value in content.items() if key not in ("format", "digest")}
    write_record(path, {**kept, **changes}, kind)


SLOW = ("law", "agreement", "faults")  # folders in which statistics or whole jobs are run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of these folders as slow; others that are say so themselves."""
    for item in items:
        if item.path.relative_to(ROOT).parts[1] in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def seed() -> int:
    """Return the seed of every test."""
    return SEED


@pytest.fixture
def keys() -> Callable[[int, str], NDArray[np.uint64]]:
    """Return a maker of as many keys as asked for, by the name of what they are for."""
    return lambda count, name="keys": Streams(SEED).keys("moves", name, np.arange(count))


@pytest.fixture(params=AT_BANK_SIZE)
def fidelity(request: pytest.FixtureRequest) -> str:
    """Return the name of each fidelity that can take a bank at its real size, in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def baseline() -> Scenario:
    """Return the baseline as it starts from priors and reported figures alone, so that tests may vary both.

    How it starts from its posterior is the matter of `tests/law/test_fitted_start.py`.
    """
    return replace(fitted_baseline(), fitted=None)


@pytest.fixture(scope="session")
def fitted() -> Scenario:
    """Return the baseline as it is shipped, with its posterior."""
    return fitted_baseline()


def fitted_baseline() -> Scenario:
    from mobank.scenario.reader import load

    return load(ROOT / "scenarios" / "baseline.yaml", MODEL)


@pytest.fixture
def mobank(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Return a runner of the command in an empty folder; it returns exit code, output and errors."""
    from mobank.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mobank", *words])
        with pytest.raises(SystemExit) as done:
            main()
        return (int(done.value.code or 0), *capsys.readouterr())

    return run


def switched_off(model: Model) -> dict[str, float]:
    """Return the values that switch flows off, of parameters that may be left out."""
    return {p.name: p.absent for p in model.parameters if p.absent is not None}


def bare(model: Model) -> Model:
    """Return the model as if what may be absent had never been declared."""
    return replace(model.without(frozenset(switched_off(model))), whole=None)


@pytest.fixture
def drive() -> Drive:
    """Return `run_model`, which runs a model without any YAML."""
    return run_model


def run_model(
    model: Model,
    values: Mapping[str, Any],
    start: Any,
    fidelity: str,
    months: int = 12,
    replicates: int | Sequence[int] = 1,
    changes: Sequence[Change] = (),
    mixing: Any = None,
    segments: Sequence[str] | None = None,
    streams: Streams | None = None,
    **calendar: Any,
) -> Trajectory:
    """Return the trajectory of a model whose parameters and start are given as numbers.

    Parameters
    ----------
    values : by parameter, a number, (S,) numbers or a whole (S or 1, R) array; what may be absent may be left out.
    start : (K,) or (K, S) persons. replicates : how many, or their numbers in the run.
    calendar : `season` and `shocks` of the schedule.
    """
    people = np.asarray(start, float)
    people = people[:, None] if people.ndim == 1 else people
    numbers = np.arange(replicates) if isinstance(replicates, int) else np.asarray(replicates)
    names = [f"s{i}" for i in range(people.shape[1])] if segments is None else list(segments)
    streams = streams or Streams(SEED)
    schedule = Schedule(
        model,
        START,
        months,
        {name: _table(v, numbers.size) for name, v in (switched_off(model) | dict(values)).items()},
        numbers,
        names,
        changes,
        streams=streams,
        **calendar,
    )
    block = np.repeat(people[:, :, None], numbers.size, axis=2)
    block = block if fidelity == "mean_field" else block.astype(np.int64)
    met = np.full((len(names), len(names)), 1.0 / len(names)) if mixing is None else np.asarray(mixing, float)
    return FIDELITIES[fidelity](model, schedule, block, met, streams)


def _table(value: Any, replicates: int) -> NDArray[np.float64]:
    array = np.asarray(value, float)
    array = array if array.ndim == 2 else array.reshape(-1, 1)
    return np.array(np.broadcast_to(array, (array.shape[0], replicates)))
