"""
A stochastic job in epydemix: 8 age groups, 120 days, 6 compartments, 6 transitions; real population sizes.

`run_simulations` is the only way to an ensemble that the documentation shows. ``resample_frequency=None``
spares it the inference of a frequency for each replicate; rates as named parameters or as numbers made no
difference. The extra `numba`, which the documentation recommends for speed, is installed; without it
replicates are slower.
"""

import numpy as np
from epydemix import EpiModel
from epydemix.model.simulation_results import SimulationResults
from epydemix.population import Population

from . import jobs

GROUPS = 8
DAYS = 120
PEOPLE = 30_000_000.0  # in each group
COMPARTMENTS = ("never", "new", "active", "lapsed", "dormant", "closed")
START = {"never": 0.95, "active": 0.05}  # shares of each group
MOVES = {
    "adopt": ("never", "new"),  # contact-mediated: the active make others adopt
    "settle": ("new", "active"),
    "lapse": ("active", "lapsed"),
    "resume": ("lapsed", "active"),
    "fade": ("lapsed", "dormant"),
    "revive": ("dormant", "active"),
}
RATES = {  # per day
    "adopt": 0.03,
    "settle": 1 / 30,
    "lapse": 0.005,
    "resume": 0.01,
    "fade": 0.007,
    "revive": 0.001,
}


def model() -> EpiModel:
    """The job as an epidemic, with a uniform contact matrix."""
    people = Population("bank")
    people.add_population(np.full(GROUPS, PEOPLE), [f"age {group}" for group in range(GROUPS)])
    people.add_contact_matrix(np.full((GROUPS, GROUPS), 1 / GROUPS))
    m = EpiModel(compartments=list(COMPARTMENTS), parameters=RATES)
    m.set_population(people)
    for move, (origin, target) in MOVES.items():
        if move == "adopt":
            m.add_transition(origin, target, kind="mediated", params=(move, "active"))
        else:
            m.add_transition(origin, target, kind="spontaneous", params=move)
    return m


def expected() -> np.ndarray:
    """Persons expected in each compartment on the last day, all groups together; without epydemix."""
    persons = {state: GROUPS * PEOPLE * START.get(state, 0.0) for state in COMPARTMENTS}
    for _ in range(DAYS):
        rates = RATES | {"adopt": RATES["adopt"] * persons["active"] / (GROUPS * PEOPLE)}
        leaving = dict.fromkeys(COMPARTMENTS, 0.0)
        for move, (origin, _) in MOVES.items():
            leaving[origin] += rates[move]
        stay = {state: np.exp(-rate) for state, rate in leaving.items()}
        moved = {f: persons[o] * (1 - stay[o]) * rates[f] / leaving[o] for f, (o, _) in MOVES.items()}
        for move, (origin, target) in MOVES.items():
            persons[origin] -= moved[move]
            persons[target] += moved[move]
    return np.array([persons[state] for state in COMPARTMENTS])


def final(results: SimulationResults) -> np.ndarray:
    """Persons in each compartment on the last day, all groups together, the mean of the replicates."""
    stacked = results.get_stacked_compartments()
    return np.array([stacked[f"{state}_total"][:, -1].mean() for state in COMPARTMENTS])


def main() -> None:
    """Time an ensemble of replicates."""
    asked = jobs.options(("run_simulations",), "replicates", 20)
    m = model()
    days = {"start_date": "2024-01-01", "end_date": "2024-04-29"}
    start = {state: np.full(GROUPS, PEOPLE * START.get(state, 0.0)) for state in COMPARTMENTS}

    def run() -> SimulationResults:
        return m.run_simulations(**days, initial_conditions_dict=start, Nsim=asked.units, resample_frequency=None)

    timing = jobs.timed(lambda: run, asked.repeats)
    found = final(timing.result)
    error = float((np.abs(found - expected()) / np.maximum(expected(), 1.0)).max())
    jobs.refuse_above(0.005, error, "of a compartment from its expectation")  # one replicate's noise: 0.0005
    totals = dict(zip(COMPARTMENTS, found.tolist(), strict=True))
    job = f"stochastic: {GROUPS} groups, {DAYS} days, 6 transitions"
    jobs.report("epydemix", asked, timing, job=job, totals=totals, error=error)


if __name__ == "__main__":
    main()
