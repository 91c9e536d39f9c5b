"""What the formulas and the played desk need to know of a desk study."""

from typing import Protocol


class Study(Protocol):
    """A staffed desk, described; `mobank.scenario.desk_study` reads one from YAML."""

    def number(self, name: str) -> float:
        """Return one of its numbers, by name as in `mobank.scenario.desk_study.NUMBERS`."""
