"""A scenario: everything that a run needs to be told, frozen, each number with where it comes from.

The nouns stand here; `mobank.scenario.reader` makes them from YAML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from mobank.base.arrays import Flags, Floats
from mobank.base.errors import Place
from mobank.base.priors import Prior
from mobank.base.quantities import Interval, Month

Operation = Literal["multiply", "set", "add"]
Determined = Literal["data", "partly", "prior"]
FOREVER = 2**40  # months
YEAR = 12  # months
ENOUGH_LEVELS = 3  # figures of the level that say how fast it grows, and whether that slows down; fewer: a start
AS_MODEL = "model"  # definition of a flow or a retention that is counted exactly as the model counts it


@dataclass(frozen=True)
class Provenance:
    """Where a number comes from: a source or a reason, an evidence tag, and the line that says so."""

    source: str = ""
    reason: str = ""
    evidence: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Value:
    """A number or a prior, with where it comes from and how it was written."""

    prior: Prior
    text: str
    provenance: Provenance


@dataclass(frozen=True)
class Figure:
    """A figure as reported: the values that its text allows, in persons.

    Parameters
    ----------
    text : the figure as it is read. wording : as it was printed, where that differs.
    definition : name of what exactly is counted; "" where nothing is said of it; `AS_MODEL` of a flow that is counted
        as the model counts it.
    months : of a flow, over how many months up to `month` people are added up (1 or 12); 0 for a count of people.
    band : whom it is of, such as a region; "" for the whole bank.
    """

    measure: str
    month: Month
    text: str
    interval: Interval
    provenance: Provenance
    wording: str = ""
    definition: str = ""
    months: int = 0
    band: str = ""

    @cached_property
    def name(self) -> str:
        """What a draw of where the figure lies is keyed by."""
        return f"reported.{self.of}.{self.dated}"

    @property
    def of(self) -> str:
        """What is counted of whom, as it is named: the measure, and the band if it is of one."""
        return f"{self.measure}.{self.band}" if self.band else self.measure

    @property
    def key(self) -> str:
        """Where it stands in a file."""
        return f"reported.{self.measure}.{f'for.{self.band}.' if self.band else ''}{self.dated}"

    @property
    def dated(self) -> str:
        """The month or the calendar year that it is of, as it is written."""
        return str(self.month.year) if self.months == YEAR else str(self.month)


@dataclass(frozen=True)
class RetainedShare:
    """Which share of a cohort is still counted, `age` months after it registered; `text` as it is read."""

    age: int
    text: str
    interval: Interval
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Cohort:
    """Of those who registered in a month, which share a measure still counts later.

    Parameters
    ----------
    shares : by age. definition : as of a figure; `AS_MODEL` where the measure counts them as the model does.
    """

    measure: str
    month: Month
    shares: tuple[RetainedShare, ...]
    provenance: Provenance
    wording: str = ""
    definition: str = ""

    @property
    def name(self) -> str:
        """Where it stands in a file."""
        return f"retention.{self.measure}.{self.month}"


@dataclass(frozen=True)
class Definition:
    """What exactly a measure counts: which apps, which window.

    Parameters
    ----------
    window_days : days within which somebody must have been active to be counted; None where that is not the point.
    against : the definition that this one is a break from; its figures are `factor` times those. None: the factor that
        is thought of where nothing is written, about 5 % a year to either side.
    """

    name: str
    counts: str
    window_days: int | None
    against: str
    factor: Value | None
    provenance: Provenance


@dataclass(frozen=True)
class Band:
    """A part of the customers along one dimension, such as `over_60` along `age`."""

    name: str
    dimension: str
    share: float
    factors: Mapping[str, Value]
    values: Mapping[str, Value]
    provenance: Provenance


@dataclass(frozen=True)
class Segment:
    """One band of each dimension; shares are products, so dimensions are taken as independent."""

    bands: tuple[str, ...]
    share: float

    @property
    def name(self) -> str:
        """Band names joined by dots; "all" where customers are not divided."""
        return ".".join(self.bands) or "all"


@dataclass(frozen=True)
class When:
    """The month in which a change begins: dated, anywhere in a span, or again and again with a mean gap.

    Parameters
    ----------
    first, last : the months between which it begins, both included; equal if the date is known.
    mean_gap_months : if above 0, it recurs after `first`: gaps are geometric with this mean, counted from the end of
        one occurrence to the beginning of the next.
    """

    first: Month
    last: Month
    mean_gap_months: float = 0.0


@dataclass(frozen=True)
class Trigger:
    """The state that sets a policy off: a measure below (or above) a level for some months."""

    measure: str
    level: float
    below: bool = True
    for_months: int = 1
    at_most: int = FOREVER
    budget_a_year: float = float("inf")


@dataclass(frozen=True)
class Cost:
    """Yuan spent once when a change begins, and in each month that it lasts."""

    once: float = 0.0
    a_month: float = 0.0


NO_COST = Cost()


@dataclass(frozen=True)
class Lever:
    """A lever (chosen) or an event (it befalls), as written; see `mobank.dynamics.changes.Change` for its meaning."""

    name: str
    chosen: bool
    parameter: str
    operation: Operation
    amount: Value
    touches: tuple[str, ...]
    begins: When
    lasts_months: int
    ramp_months: float
    half_life_months: float
    trigger: Trigger | None
    cost: Cost
    provenance: Provenance


@dataclass(frozen=True)
class Trend:
    """What a path adds year by year: a growth that comes back to its mean and is never a straight line.

    Growth g of a month (log, a year): g − mean halves its distance in `half_life_months` and is moved by luck. At the
    first figure of the path's measure it is mean + start.

    Parameters
    ----------
    mean : growth in the long run, log a year. start : by how much it is above that at first, log a year.
    change : standard deviation of what luck adds to it in a year.
    """

    mean: Value
    start: Value
    change: Value
    half_life_months: float = 36.0


@dataclass(frozen=True)
class Pool:
    """How many people could ever register, where no count of customers is reported.

    Parameters
    ----------
    headroom : people beyond the first figure of the level, as a multiple of it; the pool then grows by its intakes.
    tails : degrees of freedom of the logarithm of the headroom, 0 for normal.
    """

    headroom: Value
    tails: float = 0.0


@dataclass(frozen=True)
class Campaign:
    """Months in which something that had been announced moved a path: how far, no figure says beforehand.

    Parameters
    ----------
    path : of the shocks. first, last : months in which it ran, both included. announced : when it was made known.
    effect : on the path in each of these months, log scale; it ends with them.
    """

    name: str
    path: str
    first: Month
    last: Month
    announced: Month
    effect: Value

    @property
    def text(self) -> str:
        """What it says, in one line."""
        return f"{self.path} from {self.first} to {self.last}, {self.effect.text}"


@dataclass(frozen=True)
class Breaks:
    """How often a printed series jumps though nobody has come or gone, and how far.

    Parameters
    ----------
    a_year : jumps a year, on average. known_from_years : how many years of one bank that rests on, which makes the rate
        gamma with shape `a_year` × these years; infinite: it is known exactly.
    sizes : for each kind of jump its share of all, and mean and standard deviation of a normal, log scale; a jump is
        the absolute value of a draw. upward : share of the jumps that are upward.
    """

    a_year: float
    known_from_years: float
    sizes: tuple[tuple[float, float, float], ...]
    upward: float
    provenance: Provenance


@dataclass(frozen=True)
class Reporting:
    """What happens between what is counted and what is printed.

    Parameters
    ----------
    redefinitions : of active users: another app, another window. clean_ups : of registered users, of the dormant.
    """

    redefinitions: Breaks = Breaks(
        0.07, 50.0, ((0.5, 0.08, 0.06), (0.5, 0.35, 0.20)), 0.8,
        Provenance(reason="ICBC redefined its mobile figures in 2017, 2020 and 2021, twice by about +0.5 and +0.35 on "
                   "the log scale, PayPal in 2017 and 2022 by little; most series are never redefined",
                   evidence="assumption"),
    )  # fmt: skip
    clean_ups: Breaks = Breaks(
        0.02, float("inf"), ((1.0, 0.03, 0.03),), 0.0,
        Provenance(reason="banks write off dormant registrations now and then; how often and how many is not known",
                   evidence="assumption"),
    )  # fmt: skip


@dataclass(frozen=True)
class Shock:
    """A shock path: size and persistence of a year, degrees of freedom of its tails (0: normal), drift or trend.

    Parameters
    ----------
    drift : log change a year at the last figure; it fades from there on. trend : a growth that reverts instead.
    """

    size: Value
    persistence: Value
    tails: float
    drift: Value | None = None
    half_life_months: float = 36.0
    trend: Trend | None = None


@dataclass(frozen=True)
class Condition:
    """What a measure may do: lie between two levels, both included; an open end is infinite.

    Parameters
    ----------
    low, high : persons, persons a month, or a share, as the measure is counted.
    written : the levels as they were written, one or two.
    """

    measure: str
    low: float
    high: float
    written: tuple[str, ...]


@dataclass(frozen=True)
class Ask:
    """A question of chance: is a condition met in a month, or once up to it, or before a rival condition is?

    Parameters
    ----------
    ever : True if it is enough that the condition is met once, from the start up to `month` (`by`); False if it must
        hold in `month` (`in`).
    rival : the condition that runs against it in a race; `ever` is then True.
    """

    name: str
    condition: Condition
    month: Month
    ever: bool
    rival: Condition | None = None
    place: Place | None = None


NetworkKind = Literal["communities", "small_world", "scale_free", "everybody"]
SeedOrder = Literal["random", "most_connected", "communities"]
MOST_CONTACTS = 100  # of one person


@dataclass(frozen=True)
class Seeds:
    """People whom the bank reaches first: so many, by one flow, in one month, in an order.

    Parameters
    ----------
    flow : the flow that they take. first : who comes first: anybody, those with most contacts, or one community after
        another.
    """

    people: int
    flow: str
    month: Month
    first: SeedOrder


@dataclass(frozen=True)
class Network:
    """Who knows whom, person by person; only the fidelity agents can follow it.

    Parameters
    ----------
    contacts : of a person, on average (`communities`, `small_world`: of everybody, but for odd ends).
    community : people of a community. household : people of a household within a community, all of whom know another.
    far : share of the contacts outside the household who may be anywhere.
    homophily : share of them who are of the person's own segment, wherever they live.
    exponent : of the scale-free tail: twice the contacts are 2^exponent times as rare.
    """

    kind: NetworkKind
    contacts: float
    community: int = 0
    household: int = 1
    far: float = 0.0
    homophily: float = 0.0
    exponent: float = 0.0
    seeds: Seeds | None = None
    provenance: Provenance = Provenance()


@dataclass(frozen=True)
class Fitted:
    """A posterior as a scenario starts from it.

    Parameters
    ----------
    folder : where its draws are. digest : SHA-256 of them. rows : how many there are.
    parents : for each segment of the scenario, the fitted segment that it is a part of; weights : which part.
    aliases : names of draws that the posterior has under another name, because a band has been divided.
    determined : for each draw, whether the figures determined it: "data", "partly" or "prior".
    figures : names of the figures that it was fitted to, `<measure>.<month>`.
    monthly : True if shocks go on by months, as the figures that it was fitted to do; False if by years.
    regions : by band, the share at the first figure of each region that was fitted by itself; empty where none was.
    """

    name: str
    folder: str
    digest: str
    rows: int
    parents: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    determined: Mapping[str, Determined] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    monthly: bool = False
    regions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A checked scenario; `resolved` is its canonical YAML after `extends`, `files` the chain it was read from.

    Parameters
    ----------
    subject : what the figures are about, in English and in Chinese. definitions : what they count, by name.
    fitted : the posterior that a run starts from; None to start from priors and the reported figures alone.
    off : parameters of which nothing is written: they have the value that switches their flows off.
    pool : how many could ever register, where no count of all customers is reported.
    noise : by measure, standard deviation of what its figures say beside what is counted, log scale.
    seasons : by shock path or measure, standard deviation of its unknown factors by calendar month, log scale.
    reporting : what happens between what is counted and what is printed.
    campaigns : announced ones, in months that have been reported.
    clean_ups : dormant registrations written off, by month, persons: they leave the count for good.
    retention : of those who registered in a month, the shares that are still counted later.
    """

    name: str
    question: str
    question_zh: str
    start: Month
    until: Month
    reported: tuple[Figure, ...]
    bands: tuple[Band, ...]
    segments: tuple[Segment, ...]
    parameters: Mapping[str, Value]
    mixing: Floats
    season: Mapping[str, tuple[float, ...]]
    shocks: Mapping[str, Shock]
    correlation: Value
    wiggle: Value
    levers: tuple[Lever, ...]
    asks: tuple[Ask, ...]
    resolved: str = field(repr=False)
    files: tuple[str, ...]
    whence: Mapping[str, Provenance] = field(default_factory=dict)  # of what has no `Value`: mixing, season.<parameter>
    subject: tuple[str, str] = ("", "")
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    network: Network | None = None
    fitted: Fitted | None = None
    off: frozenset[str] = frozenset()
    pool: Pool | None = None
    noise: Mapping[str, Value] = field(default_factory=dict)
    seasons: Mapping[str, Value] = field(default_factory=dict)
    reporting: Reporting = Reporting()
    campaigns: tuple[Campaign, ...] = ()
    clean_ups: Mapping[Month, Value] = field(default_factory=dict)
    retention: tuple[Cohort, ...] = ()

    @property
    def months(self) -> int:
        """Months from the start to the end, the start not counted."""
        return self.until - self.start

    @property
    def written(self) -> dict[str, Value]:
        """The parameters of which something is written."""
        return {name: value for name, value in self.parameters.items() if name not in self.off}

    def touched(self, lever: Lever) -> Flags:
        """Return which segments a lever touches, (S,): bands of one dimension are joined, of several crossed."""
        return touched(self.bands, self.segments, lever.touches)

    def figure(self, measure: str, month: Month) -> Figure | None:
        """Return the figure of a measure and month of the whole bank, if there is one; a year's is of no month."""
        own = (f for f in self.reported if not f.band and f.months <= 1)
        return next((f for f in own if (f.measure, f.month) == (measure, month)), None)


@dataclass(frozen=True)
class DeskStudy:
    """A staffed desk, checked: what is offered to it, who serves there, and how well it should be served.

    Parameters
    ----------
    channel : "calls" or "visits".
    numbers : by name as in `mobank.scenario.desk_study.NUMBERS`, each with where it comes from.
    resolved : its canonical YAML after `extends`. files : the chain it was read from.
    """

    name: str
    question: str
    question_zh: str
    channel: str
    numbers: Mapping[str, Value]
    resolved: str = field(repr=False)
    files: tuple[str, ...]

    def number(self, name: str) -> float:
        """Return one of the numbers."""
        return self.numbers[name].prior.centre


def touched(bands: Sequence[Band], segments: Sequence[Segment], names: Sequence[str]) -> Flags:
    """Return which segments some bands select, (S,); no band selects all."""
    dimensions = {band.dimension for band in bands if band.name in names}
    of_dimension = {d: {b.name for b in bands if b.dimension == d and b.name in names} for d in dimensions}
    return np.array([all(chosen & set(s.bands) for chosen in of_dimension.values()) for s in segments])
