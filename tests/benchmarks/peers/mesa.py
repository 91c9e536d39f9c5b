"""
The agents job in Mesa: an object a person, stepped by `AgentSet.do`; one bank, or many by `batch_run`.

3.3.1 is the newest release for Python 3.11. Every person reads the month's start, so the order does not
matter and `do` serves, which is faster than `shuffle_do`. Totals are counted as people move, not by looking
at everybody.
"""

from collections.abc import Callable

import mesa
import numpy as np

from . import jobs

NEVER, ACTIVE, LAPSED, DORMANT = range(4)
A_BANK = 10_000  # persons of one of many banks
PROCESSES = 2


class Customer(mesa.Agent):
    """A person; draws once a month."""

    def __init__(self, model: "Bank") -> None:
        super().__init__(model)
        self.state = NEVER

    def step(self) -> None:
        """Move, perhaps."""
        model, state = self.model, self.state
        luck = model.draw()
        if state == NEVER:
            if luck < model.adopt_chance:
                self.move(ACTIVE)
        elif state == ACTIVE:
            if luck < model.lapse_chance:
                self.move(LAPSED)
        elif state == LAPSED:
            if luck < model.resume_chance:
                self.move(ACTIVE)
            elif luck < model.leave_chance:
                self.move(DORMANT)
        elif luck < model.revive_chance:
            self.move(ACTIVE)

    def move(self, target: int) -> None:
        """Go to another state, and be counted there."""
        self.model.persons[self.state] -= 1
        self.model.persons[target] += 1
        self.state = target


class Bank(mesa.Model):
    """All persons, and the chances of the month; what is collected begins with the start or with the first month."""

    def __init__(self, people: int, luck: int = 1, from_start: bool = True) -> None:
        super().__init__(seed=luck)
        c = jobs.CHANCES
        self.people, self.persons = people, [people, 0, 0, 0]
        self.draw = self.random.random  # a person's own `random` is looked up through two properties at each draw
        self.lapse_chance, self.revive_chance = c["lapse_chance"], c["revive_chance"]
        self.resume_chance = c["resume_chance"]
        self.leave_chance = c["resume_chance"] + (1 - c["resume_chance"]) * c["fade_chance"]
        reporters = {name: lambda model, state=state: model.persons[state] for state, name in enumerate(jobs.STATES)}
        self.datacollector = mesa.DataCollector(model_reporters=reporters)
        Customer.create_agents(self, people)
        if from_start:
            self.datacollector.collect(self)

    def step(self) -> None:
        """A month."""
        ever = 1 - self.persons[NEVER] / self.people
        self.adopt_chance = jobs.CHANCES["innovation"] + jobs.CHANCES["imitation"] * ever
        self.agents.do("step")
        self.datacollector.collect(self)


def prepare(people: int) -> Callable[[], np.ndarray]:
    """A bank with its people, ready for its months."""
    bank = Bank(people)

    def run() -> np.ndarray:
        for _ in range(jobs.MONTHS):
            bank.step()
        return bank.datacollector.get_model_vars_dataframe().to_numpy()

    return run


def prepare_many(people: int) -> Callable[[], np.ndarray]:
    """As many banks of `A_BANK` as hold these people, made and stepped by `batch_run`; persons of all together."""

    def run() -> np.ndarray:
        banks = {"people": A_BANK, "luck": range(1, people // A_BANK + 1), "from_start": False}
        # batch_run takes one step more than max_steps, and reads all but what was collected after the last
        rows = mesa.batch_run(
            Bank, banks, PROCESSES, data_collection_period=1, max_steps=jobs.MONTHS - 1, display_progress=False
        )
        path = np.zeros((jobs.MONTHS + 1, len(jobs.STATES)))
        path[0, NEVER] = people
        for row in rows:
            path[row["Step"] + 1] += [row[state] for state in jobs.STATES]
        return path

    return run


def main() -> None:
    """Time the months; making the people is told as ``prepare_s``, unless `batch_run` makes them."""
    asked = jobs.options(("do", "batch_run"), "agents", 100_000, repeats=3)
    make = prepare if asked.way == "do" else prepare_many
    timing = jobs.timed(lambda: make(asked.units), asked.repeats, warm=lambda: prepare(1_000))
    jobs.report_agents("mesa", asked, timing)


if __name__ == "__main__":
    main()
