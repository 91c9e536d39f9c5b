"""Which configuration to use, chosen for each entity from the others' scores alone: leave one entity out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mobank.calibration.backtest.backtest import Row
from mobank.calibration.backtest.priors import OTHERS
from mobank.calibration.backtest.scoring import skill


@dataclass(frozen=True)
class Choice:
    """The skill of each configuration without one entity (`OTHERS`: with all), and the best of them.

    Skill is the mean over the horizons of the gain over the log damped trend.
    """

    entity: str
    skills: Mapping[str, float]

    @property
    def best(self) -> str:
        """The configuration of greatest skill; the first of equals."""
        return max(self.skills, key=lambda name: self.skills[name])


def choose(rows: Mapping[str, Sequence[Row]]) -> list[Choice]:
    """Return the choice for each entity, made without it, and that of all for whoever is not among them.

    Parameters
    ----------
    rows : by configuration, with the rows of the reference in each.
    """
    entities = sorted({row.entity for some in rows.values() for row in some})
    skills = {
        entity: {name: skill(some, [entity]) for name, some in rows.items()} for entity in (*entities, OTHERS)
    }  # nobody is called as the others are
    return [Choice(entity, found) for entity, found in skills.items()]
