"""
The mean-field job in BPTK-Py: a model in its SD DSL, evaluated by its compiled Rust engine.

The Rust engine ships inside the wheel since 2.3.0 and is asked for with ``backend="rust"``. 3.2.0 is the
newest release for Python 3.11; 3.4.2, on 3.12, was measured too and is not faster. BPTK has no call for a
batch. Tried, per parameter set, on a quiet core:

session
    0.05 ms: the engine's own interface. The model is loaded once; a set is `set_constant`, `init`, a `step` a
    month, and the whole grid read at once by `export_state`. The fastest found, therefore the default.
engine
    0.15 ms: the same with one call of `simulate`, the call that BPTK's server makes; most of the time goes
    into a dictionary keyed by times written as text.
scenarios
    2.4 ms: what the documentation tells users to write, `run_scenarios(backend="rust")` over a scenario a
    set. The model is turned into JSON, parsed and made a DataFrame for every scenario.
python
    8 ms: the same on the default engine.

An arrayed model with an element a set was no faster (0.047 ms at 64 sets, 0.09 at 256), and the time to
build it is quadratic. Two threads did not help either.
"""

import warnings
from collections.abc import Callable

import BPTK_Py
import numpy as np
from BPTK_Py._rust_engine import RustSdEngine

from . import jobs

Rows = list[dict[str, float]]
Found = list[dict[str, object]]  # of every set, a series of persons a state
TEXT = [str(float(month)) for month in range(jobs.MONTHS + 1)]


def model() -> BPTK_Py.Model:
    """The job as stocks and flows, one step a month."""
    m = BPTK_Py.Model(starttime=0, stoptime=jobs.MONTHS, dt=1, name="mobank")
    never, active, lapsed, dormant = (m.stock(state) for state in jobs.STATES)
    c = {name: m.constant(name) for name in jobs.CHANCES}
    adopt, lapse, resume, fade, revive = (m.flow(f) for f in ("adopt", "lapse", "resume", "fade", "revive"))

    adopt.equation = never * (c["innovation"] + c["imitation"] * (1.0 - never / float(jobs.PEOPLE)))
    lapse.equation = active * c["lapse_chance"]
    resume.equation = lapsed * c["resume_chance"]
    fade.equation = lapsed * (1.0 - c["resume_chance"]) * c["fade_chance"]
    revive.equation = dormant * c["revive_chance"]

    never.equation = -adopt
    active.equation = adopt + resume + revive - lapse
    lapsed.equation = lapse - resume - fade
    dormant.equation = fade - revive

    for stock, persons in ((never, jobs.PEOPLE), (active, 0), (lapsed, 0), (dormant, 0)):
        stock.initial_value = float(persons)
    for name, value in jobs.CHANCES.items():
        c[name].equation = value
    return m


def by_session(rows: Rows) -> Callable[[], Found]:
    """A run of every set, month by month on one loaded model."""
    engine = RustSdEngine().load_model(model().to_json())

    def one(row: dict[str, float]) -> dict[str, list[float]]:
        for name, value in row.items():
            engine.set_constant(name, value)
        engine.init([])
        for _ in range(jobs.MONTHS):
            engine.step()
        grid = engine.export_state()[1]
        return {state: grid[state] for state in jobs.STATES}

    return lambda: [one(row) for row in rows]


def by_engine(rows: Rows) -> Callable[[], Found]:
    """A run of every set, each with one call of `simulate` on one loaded model."""
    engine, states = RustSdEngine().load_model(model().to_json()), list(jobs.STATES)

    def one(row: dict[str, float]) -> dict[str, dict[str, float]]:
        for name, value in row.items():
            engine.set_constant(name, value)
        return engine.simulate(states)

    return lambda: [one(row) for row in rows]


def by_scenarios(rows: Rows, backend: str = "rust") -> Callable[[], Found]:
    """A run of every set as a scenario of a scenario manager."""
    warnings.filterwarnings("ignore", message="DataFrame is highly fragmented")
    bptk = BPTK_Py.bptk()
    scenarios = {f"set{number}": {"constants": row} for number, row in enumerate(rows)}
    bptk.register_scenario_manager({"mobank": {"model": model()}})
    bptk.register_scenarios(scenarios=scenarios, scenario_manager="mobank")
    asked = {"scenarios": list(scenarios), "scenario_managers": ["mobank"], "equations": list(jobs.STATES)}

    def run() -> Found:
        found = bptk.run_scenarios(**asked, backend=backend, return_format="dict")["mobank"]
        return [found[name]["equations"] for name in scenarios]

    return run


def by_python(rows: Rows) -> Callable[[], Found]:
    """A run of every set as a scenario, on the default engine."""
    return by_scenarios(rows, backend="python")


def paths(found: Found) -> np.ndarray:
    """Persons, shape (set, month, state), from what a run returned; not a part of what is timed."""
    rows = [[months(series[state]) for state in jobs.STATES] for series in found]
    return np.array(rows).transpose(0, 2, 1)


def months(series: object) -> list[float]:
    """A series in the order of months; `simulate` returns it as a dictionary without order."""
    return [series[month] for month in TEXT] if isinstance(series, dict) else list(series)


def main() -> None:
    """Time the job the way that was asked for."""
    ways = {"session": by_session, "engine": by_engine, "scenarios": by_scenarios, "python": by_python}
    asked = jobs.options(tuple(ways), "sets", 64)
    run = ways[asked.way](jobs.one_by_one(jobs.parameter_sets(asked.units)))
    timing = jobs.timed(lambda: run, asked.repeats)
    jobs.report_mean_field("BPTK-Py", asked, timing, paths(timing.result))


if __name__ == "__main__":
    main()
