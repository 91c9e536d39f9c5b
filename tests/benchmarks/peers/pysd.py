"""
The mean-field job in PySD: a Vensim model, translated and loaded once; only parameters change between runs.

Tried, per parameter set, on a quiet core:

single
    2.8 ms: `model.run(params=..., return_columns=...)` for one set after the other, as PySD's guide shows it.
    `set_components` before the run, ``cache_output=False`` and Python's names instead of Vensim's made no
    difference; `return_timestamps` doubles the time.
subscripts
    12 ms at 64 sets, 1 ms at 1,024, 0.3 ms at 4,096 and at 10,000: the model subscripted with an element a
    set and run once on xarray arrays, with ``flatten_output=False``, since flattening alone takes 25 ms a
    set. The guide does not propose it, but it is the fastest for many sets; the default takes it from 512
    sets on.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pysd
import xarray as xr
from pysd.py_backend.model import Model

from . import jobs

Sets = dict[str, np.ndarray]
STATES = list(jobs.STATES)

EQUATIONS = """
never[]   = INTEG(-adopt[], people) ~~|
active[]  = INTEG(adopt[] + resume[] + revive[] - lapse[], 0) ~~|
lapsed[]  = INTEG(lapse[] - resume[] - fade[], 0) ~~|
dormant[] = INTEG(fade[] - revive[], 0) ~~|
adopt[]   = never[] * (innovation[] + imitation[] * (1 - never[] / people)) ~~|
lapse[]   = active[] * lapse_chance[] ~~|
resume[]  = lapsed[] * resume_chance[] ~~|
fade[]    = lapsed[] * (1 - resume_chance[]) * fade_chance[] ~~|
revive[]  = dormant[] * revive_chance[] ~~|
"""
FIXED = {"people": jobs.PEOPLE, "INITIAL TIME": 0, "FINAL TIME": jobs.MONTHS, "TIME STEP": 1, "SAVEPER": 1}


def load(elements: int = 0) -> Model:
    """The job as a Vensim model, translated and loaded; subscripted where `elements` says over how many."""
    constants = [f"{name} = {value} ~~|" for name, value in FIXED.items()]
    constants += [f"{name}[] = {value} ~~|" for name, value in jobs.CHANCES.items()]
    subscript = [f"set: (s1-s{elements}) ~~|"] if elements else []
    text = "\n".join(["{UTF-8}", *subscript, EQUATIONS, *constants])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mobank.mdl"
        file.write_text(text.replace("[]", "[set]" if elements else ""))
        return pysd.read_vensim(str(file))


def single(sets: Sets) -> Callable[[], list[pd.DataFrame]]:
    """A run of every set, one after the other."""
    model, rows = load(), jobs.one_by_one(sets)
    return lambda: [model.run(params=row, return_columns=STATES) for row in rows]


def subscripts(sets: Sets) -> Callable[[], pd.DataFrame]:
    """A run of all sets at once, an element of a subscript each."""
    count = len(sets["innovation"])
    model, axis = load(count), {"set": [f"s{number}" for number in range(1, count + 1)]}
    params = {name: xr.DataArray(values, axis, ["set"]) for name, values in sets.items()}
    return lambda: model.run(params=params, return_columns=STATES, flatten_output=False)


def paths(found: list[pd.DataFrame] | pd.DataFrame) -> np.ndarray:
    """Persons, shape (set, month, state), from what a run returned; not a part of what is timed."""
    if isinstance(found, list):
        return np.array([table[STATES].to_numpy() for table in found])
    return np.array([[cell.values for cell in found[state]] for state in STATES]).transpose(2, 1, 0)


def main() -> None:
    """Time the job the way that was asked for."""
    ways = {"single": single, "subscripts": subscripts}
    asked = jobs.options(("fastest", *ways), "sets", 64)
    if asked.way == "fastest":
        asked.way = "subscripts" if asked.units >= 512 else "single"
    run = ways[asked.way](jobs.parameter_sets(asked.units))
    timing = jobs.timed(lambda: run, asked.repeats)
    jobs.report_mean_field("pysd", asked, timing, paths(timing.result))


if __name__ == "__main__":
    main()
