"""
The agents job in mesa-frames: one Polars data frame of people, every month an expression on all of them.

0.1.0a0 is the only release on PyPI. `self.agents = self.agents.with_columns(...)` is used instead of
`self["state"] = ...`, which filters, concatenates and joins the whole frame at each assignment. Polars uses
all cores.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF

from . import jobs

NEVER, ACTIVE, LAPSED, DORMANT = range(4)


class Customers(AgentSetPolars):
    """All persons, a row each."""

    def __init__(self, people: int, model: ModelDF) -> None:
        super().__init__(model)
        self += pl.DataFrame(
            {
                "unique_id": pl.arange(people, eager=True),
                "state": pl.repeat(NEVER, people, dtype=pl.Int8, eager=True),
            }
        )

    def step(self) -> None:
        """A month: one draw for everybody, all read the month's start."""
        luck = pl.lit(pl.Series("luck", self.model.random.random(len(self.agents))))
        self.agents = self.agents.with_columns(moved(self.model.adopt_chance(), luck).alias("state"))

    def counted(self) -> list[int]:
        """Persons in each state."""
        return np.bincount(self.agents["state"].to_numpy(), minlength=4).tolist()


def moved(adopt_chance: float, luck: pl.Expr) -> pl.Expr:
    """The state after a month."""
    c, state = jobs.CHANCES, pl.col("state")
    leave = c["resume_chance"] + (1 - c["resume_chance"]) * c["fade_chance"]
    number = [pl.lit(value, dtype=pl.Int8) for value in range(4)]
    return (
        pl.when((state == NEVER) & (luck < adopt_chance))
        .then(number[ACTIVE])
        .when((state == ACTIVE) & (luck < c["lapse_chance"]))
        .then(number[LAPSED])
        .when((state == LAPSED) & (luck < c["resume_chance"]))
        .then(number[ACTIVE])
        .when((state == LAPSED) & (luck < leave))
        .then(number[DORMANT])
        .when((state == DORMANT) & (luck < c["revive_chance"]))
        .then(number[ACTIVE])
        .otherwise(state)
    )


class Bank(ModelDF):
    """The people and what is counted of them."""

    def __init__(self, people: int) -> None:
        super().__init__(seed=1)
        self.people = people
        self.customers = Customers(people, self)
        self.agents += self.customers
        self.customers = self.get_agents_of_type(Customers)
        self.path = [self.customers.counted()]

    def adopt_chance(self) -> float:
        """The chance of a month, from the month's start."""
        ever = 1 - self.path[-1][NEVER] / self.people
        return jobs.CHANCES["innovation"] + jobs.CHANCES["imitation"] * ever

    def step(self) -> None:
        """A month."""
        self.agents.do("step")
        self.path.append(self.customers.counted())


def prepare(people: int) -> Callable[[], np.ndarray]:
    """A bank with its people, ready for its months."""
    bank = Bank(people)

    def run() -> np.ndarray:
        for _ in range(jobs.MONTHS):
            bank.step()
        return np.array(bank.path)

    return run


def main() -> None:
    """Time the months; making the people is told as ``prepare_s``."""
    asked = jobs.options(("polars",), "agents", 1_000_000, repeats=3)
    timing = jobs.timed(lambda: prepare(asked.units), asked.repeats, warm=lambda: prepare(1_000))
    jobs.report_agents("mesa-frames", asked, timing)


if __name__ == "__main__":
    main()
