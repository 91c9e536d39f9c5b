"""
The agents job in Starsim: a module with a boolean state a status and a Bernoulli distribution a move.

The default way keeps Starsim's common random numbers, the counterpart of our keyed luck; ``no_crn`` is its
faster option without them.
"""

from collections.abc import Callable

import numpy as np
import starsim as ss

from . import jobs


class Customers(ss.Module):
    """The four statuses of a person and the moves between them."""

    def __init__(self) -> None:
        super().__init__()
        c = jobs.CHANCES
        self.define_pars(
            adopt=ss.bernoulli(p=0.0),
            lapse=ss.bernoulli(p=c["lapse_chance"]),
            resume=ss.bernoulli(p=c["resume_chance"]),
            fade=ss.bernoulli(p=c["fade_chance"]),
            revive=ss.bernoulli(p=c["revive_chance"]),
        )
        self.define_states(
            ss.BoolState("never", default=True),
            ss.BoolState("active"),
            ss.BoolState("lapsed"),
            ss.BoolState("dormant"),
        )

    def step(self) -> None:
        """A month: all moves are drawn from its start, then applied."""
        p, never = self.pars, self.never.uids
        ever = 1 - len(never) / len(self.sim.people)
        p.adopt.set(p=jobs.CHANCES["innovation"] + jobs.CHANCES["imitation"] * ever)
        adopt, lapse, revive = (
            p.adopt.filter(never),
            p.lapse.filter(self.active.uids),
            p.revive.filter(self.dormant.uids),
        )
        resume, stay = p.resume.split(self.lapsed.uids)
        fade = p.fade.filter(stay)
        for uids, origin, target in (
            (adopt, self.never, self.active),
            (lapse, self.active, self.lapsed),
            (resume, self.lapsed, self.active),
            (fade, self.lapsed, self.dormant),
            (revive, self.dormant, self.active),
        ):
            origin[uids] = False
            target[uids] = True


def prepare(people: int) -> Callable[[], np.ndarray]:
    """A simulation with its people, ready for its months."""
    sim = ss.Sim(n_agents=people, modules=Customers(), start=0, stop=jobs.MONTHS - 1, dt=1, rand_seed=1, verbose=0)
    sim.init()

    def run() -> np.ndarray:
        sim.run()
        path = np.column_stack([sim.results.customers[f"n_{state}"] for state in jobs.STATES])
        return np.vstack([[people, 0, 0, 0], path])

    return run


def main() -> None:
    """Time the months; making the people is told as ``prepare_s``."""
    asked = jobs.options(("crn", "no_crn"), "agents", 1_000_000, repeats=3)
    ss.options.crn = asked.way == "crn"
    timing = jobs.timed(lambda: prepare(asked.units), asked.repeats, warm=lambda: prepare(1_000))
    jobs.report_agents("starsim", asked, timing)


if __name__ == "__main__":
    main()
