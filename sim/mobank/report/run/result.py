"""What a run found: its paths, and all that is worked out from them when it is first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mobank.ensemble.drivers import Drivers, drivers
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.questions import Answer, answer
from mobank.ensemble.shapley import FEWEST, ShapleyShares
from mobank.ensemble.shapley import shares as shares_of
from mobank.ensemble.summary import Summary, summarise
from mobank.fidelity import BYTES_A_LIFE
from mobank.report.run.bands import Use, use_by_band


@dataclass(frozen=True)
class RunResult:
    """A run and what follows from it; nothing is worked out twice.

    Parameters
    ----------
    paths : of all replicates, in memory or on disk; they must stay open.
    tried : how many draws were tried for them.
    """

    paths: Paths
    tried: int
    _summaries: dict[tuple[str, str], Summary] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def plan(self) -> Plan:
        """What was run."""
        return self.paths.plan

    @property
    def summaries(self) -> Sequence[Summary]:
        """Quantiles and means of every column that is kept."""
        return [self.summary(*column) for column in self.plan.columns]

    def summary(self, measure: str, segment: str = ALL) -> Summary:
        """Return quantiles and mean of one column."""
        column = measure, segment
        if column not in self._summaries:
            [self._summaries[column]] = summarise(self.paths, [column])
        return self._summaries[column]

    def in_print(self, measure: str) -> Summary | None:
        """Return quantiles and mean of a measure as it will be printed; None for what is not."""
        twin = self.plan.model.printed.get(measure)
        return self.summary(twin.name) if twin else None

    @cached_property
    def answers(self) -> Sequence[Answer]:
        """The answers to what the scenario asks."""
        return answer(self.paths, self.plan.scenario.asks)

    @cached_property
    def shares(self) -> Sequence[ShapleyShares]:
        """What each layer of chance contributes to the spread; nothing where the run is too small for that.

        It takes several times the run's replicates.
        """
        return shares_of(self.paths) if self.plan.draws >= FEWEST else []

    @cached_property
    def drivers(self) -> Sequence[Drivers]:
        """What drives each answer; nothing where the run is too small for that."""
        return drivers(self.paths, self.shares) if self.plan.draws >= FEWEST else []

    @cached_property
    def uses(self) -> Sequence[Use]:
        """Who is active; nothing where each customer is simulated alone, which is too slow to be done twice."""
        return [] if self.plan.fidelity in BYTES_A_LIFE else use_by_band(self.plan)
