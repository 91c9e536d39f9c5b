"""What a round consists of: figures known, forecasts frozen, a rival's, and how each fared when its figure came."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mobank.base.quantities import Month
from mobank.calibration.backtest.scores import EnsembleForecast, NormalForecast

POINTS = 100  # equally likely values that a forecast is kept as, each the middle of its share
LEAST_PERSONS = 0.5  # below which a count has no logarithm that means anything
Key = tuple[str, str, Month]  # measure, band and month of a forecast


@dataclass(frozen=True)
class KnownFigure:
    """A figure that was known when a round was opened; low and high: the values that its text allows, persons."""

    measure: str
    band: str
    month: Month
    figure: str
    low: float
    high: float
    definition: str
    evidence: str

    @property
    def log(self) -> float:
        """Log of the middle of its range."""
        return float(np.log((self.low + self.high) / 2.0))


@dataclass(frozen=True)
class FrozenForecast:
    """What was forecast of one measure in one month.

    Parameters
    ----------
    band : a region; "" for the whole bank.
    today, printed : (POINTS,) equally likely values, persons, by the definition of the last figure and as it will be
        printed: with redefinitions and clean-ups, without rounding.
    trend : mean and standard deviation of the log figure by the damped trend; None where it says nothing.
    """

    measure: str
    band: str
    month: Month
    today: tuple[float, ...]
    printed: tuple[float, ...]
    trend: tuple[float, float] | None = None

    @property
    def key(self) -> Key:
        """What it is of."""
        return self.measure, self.band, self.month

    def fan(self, printed: bool) -> EnsembleForecast:
        """Return the forecast of the log figure."""
        values = np.array(self.printed if printed else self.today)
        return EnsembleForecast(np.log(np.maximum(values, LEAST_PERSONS)))

    @property
    def baseline(self) -> NormalForecast | None:
        """The damped trend's forecast of the log figure."""
        return NormalForecast(*self.trend) if self.trend else None


@dataclass(frozen=True)
class RivalForecast:
    """Another forecast of one measure in one month, as quantiles: values in persons at levels from 0 to 1."""

    measure: str
    band: str
    month: Month
    levels: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def key(self) -> Key:
        """What it is of."""
        return self.measure, self.band, self.month


@dataclass(frozen=True)
class Round:
    """A forecast that was frozen before its figures came.

    Parameters
    ----------
    name : the month that it starts from, with a number from the second one of that month on.
    subject : what the figures are about, in English and in Chinese. opened : when, with the time zone.
    digests : of the resolved scenario, the posterior's draws, the figures known, the model and the code.
    posterior : whose draws it starts from; "" for priors alone. rival_file : its name and digest; "" for none.
    """

    bank: str
    name: str
    subject: tuple[str, str]
    scenario: str
    opened: str
    author: str
    why: str
    start: Month
    until: Month
    seed: int
    draws: int
    posterior: str
    digests: Mapping[str, str]
    known: tuple[KnownFigure, ...]
    forecasts: tuple[FrozenForecast, ...]
    rival_file: tuple[str, str] = ("", "")
    rival: tuple[RivalForecast, ...] = ()

    def last_known(self, measure: str, band: str) -> KnownFigure | None:
        """Return the last figure that was known of a measure."""
        own = [each for each in self.known if (each.measure, each.band) == (measure, band)]
        return max(own, key=lambda each: each.month, default=None)

    def rival_of(self, key: Key) -> RivalForecast | None:
        """Return what the rival forecasts."""
        return next((each for each in self.rival if each.key == key), None)


@dataclass(frozen=True)
class FanScore:
    """How one forecast of the log figure fared; median, low and high (central 90 %) in persons."""

    median: float
    low: float
    high: float
    crps: float
    log_score: float
    pit: float


@dataclass(frozen=True)
class RivalScore:
    """Mean pinball loss of a rival's quantiles of the log figure, and of the printed fan's at the same levels."""

    levels: tuple[float, ...]
    values: tuple[float, ...]
    pinball: float
    own: float


@dataclass(frozen=True)
class Restated:
    """A figure as it has been said later, and on which day that was seen."""

    figure: str
    low: float
    high: float
    seen: str


@dataclass(frozen=True)
class RoundScore:
    """How the forecast of one figure fared; the figure is the first one that was seen.

    Parameters
    ----------
    ahead : months from the round's start. scored : day.
    redefined : the figure counts something else than the last one known, or dormant registrations were written off
        between: then the forecast by today's definition is not scored.
    """

    measure: str
    band: str
    month: Month
    ahead: int
    figure: str
    low: float
    high: float
    definition: str
    evidence: str
    source: str
    scored: str
    redefined: bool
    printed: FanScore
    today: FanScore | None = None
    trend: FanScore | None = None
    rival: RivalScore | None = None
    restated: tuple[Restated, ...] = ()

    @property
    def key(self) -> Key:
        """What was forecast."""
        return self.measure, self.band, self.month

    @property
    def middle(self) -> float:
        """The middle of the figure's range, persons."""
        return (self.low + self.high) / 2.0
