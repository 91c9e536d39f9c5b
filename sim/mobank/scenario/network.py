"""How the network of a scenario is read: who knows whom, person by person, and whom the bank reaches first."""

from collections.abc import Callable, Mapping
from typing import cast, get_args

from mobank.base.quantities import read_count, read_month, read_number, read_persons, read_share
from mobank.scenario.cursor import Cursor, Named
from mobank.scenario.levers import Setting
from mobank.scenario.scenario import MOST_CONTACTS, Network, NetworkKind, Provenance, SeedOrder, Seeds
from mobank.scenario.values import LEVER_EVIDENCE, WHENCE, read_whence

KINDS = tuple(kind for kind in get_args(NetworkKind) if kind != "everybody")  # that needs no network
ORDERS = get_args(SeedOrder)
SHAPE = ("community", "household", "far", "homophily", "exponent")
FIELDS = ("kind", "contacts", *SHAPE, "seeds", *WHENCE)
MOST_OF_A_POWER_LAW = MOST_CONTACTS / 2  # on average: it falls, so its mean lies below that of 1, 2, …, the most, alike
SEED_FIELDS = ("people", "flow", "month", "first")
BELONG = {"communities": ("community", "household", "far", "homophily"), "small_world": ("far", "homophily"),
          "scale_free": ("exponent",)}  # fmt: skip
NEEDED = {"communities": ("community",), "small_world": (), "scale_free": ("exponent",)}
RANGES: Mapping[str, tuple[Callable[[str], float], float, float, str]] = {
    "contacts": (read_number, 1, MOST_CONTACTS, "contacts"),
    "community": (read_persons, 2, 10_000_000, "people of a community"),
    "household": (read_count, 1, 12, "people of a household"),
    "far": (read_share, 0, 1, ""),
    "homophily": (read_share, 0, 1, ""),
    "exponent": (read_number, 2.01, 5, ""),
}

A_NETWORK = "write kind: communities, contacts: 8, community: 2000 and reason: … below it"
SEEDS = "write {people: 2万, flow: assist, month: 2023-01, first: most_connected}"


def read_network(section: Cursor | None, setting: Setting) -> Network | None:
    """Return the network of a section, None if there is none or it cannot be read."""
    if section is None:
        return None
    known = len(section.problems)
    at = section.fields(FIELDS, ("kind", "contacts"), A_NETWORK)
    whence = read_whence(at, section, LEVER_EVIDENCE, required=True)
    kind = at["kind"].choice(KINDS, "a kind of network") if "kind" in at else None
    numbers = {name: _number(at[name], name) for name in ("contacts", *SHAPE) if name in at}
    if kind:
        _note_shape(section, at, kind)
    seeds = _seeds(at["seeds"], setting) if "seeds" in at else None
    if kind is None or len(section.problems) > known:
        return None
    return _checked(section, at, _network(cast(NetworkKind, kind), numbers, seeds, whence))


def _network(
    kind: NetworkKind, numbers: Mapping[str, float | None], seeds: Seeds | None, whence: Provenance
) -> Network:
    of = {name: number for name, number in numbers.items() if number is not None}
    return Network(
        kind, of["contacts"], int(of.get("community", 0)), int(of.get("household", 1)), of.get("far", 0.0),
        of.get("homophily", 0.0), of.get("exponent", 0.0), seeds, whence,
    )  # fmt: skip


def _number(here: Cursor, name: str) -> float | None:
    reader, low, high, unit = RANGES[name]
    number = here.read(reader)
    if number is not None and not low <= number <= high:
        here.problem(here.written, f"is not {low:,g} to {high:,g} {unit}".rstrip())
        return None
    return number


def _note_shape(section: Cursor, at: Named, kind: str) -> None:
    """Note keys that mean nothing in this kind of network, and those that it lacks."""
    for name in SHAPE:
        if name in at and name not in BELONG[kind]:
            own = ", ".join(BELONG[kind])
            at[name].problem(f"'{name}'", f"means nothing in a network of kind {kind}", f"its own keys: {own}")
    for name in NEEDED[kind]:
        if at.lacks(name):
            section.problem(f"'{name}'", f"is missing in a network of kind {kind}")


def _checked(section: Cursor, at: Named, network: Network) -> Network | None:
    free = network.contacts - (network.household - 1)
    if free < 0:
        found = f"a household of {network.household} people"
        at["household"].problem(found, f"is more than {network.contacts:g} contacts", "take more contacts")
    elif network.far + network.homophily > 1.0 + 1e-9:
        found = f"far and homophily that sum to {100 * (network.far + network.homophily):g}%"
        section.problem(found, "are more than all ties", "what is left of 100% are ties nearby")
    elif 0 < network.community < max(network.household, network.contacts):
        at["community"].problem(f"a community of {network.community}", "is smaller than the circle of one person")
    elif network.kind == "scale_free" and network.contacts > MOST_OF_A_POWER_LAW:
        at["contacts"].problem(
            f"{network.contacts:g} contacts", f"are more than a network of kind scale_free can have on average, "
            f"{MOST_OF_A_POWER_LAW:g}", f"nobody has more than {MOST_CONTACTS}, and most have few",
        )  # fmt: skip
    elif network.seeds and network.seeds.first == "communities" and network.kind != "communities":
        others = " or ".join(order for order in ORDERS if order != "communities")
        at["seeds"].named()["first"].problem("communities", f"are not there in a network of kind {network.kind}",
                                     f"write first: {others}, or kind: communities")  # fmt: skip
    else:
        return network
    return None


def _seeds(here: Cursor, setting: Setting) -> Seeds | None:
    known = len(here.problems)
    at = here.fields(SEED_FIELDS, SEED_FIELDS, SEEDS)
    flows = [flow.name for flow in setting.model.flows if flow.source is not None]
    people = at["people"].read(read_persons) if "people" in at else None
    flow = at["flow"].choice(flows, "a flow between states of the model") if "flow" in at else None
    month = at["month"].read(read_month) if "month" in at else None
    first = at["first"].choice(ORDERS, "an order") if "first" in at else None
    if people is not None and not 1 <= people <= (setting.persons or people):
        at["people"].problem(
            at["people"].written, f"is not 1 to {setting.persons or 0:,.0f} people, the bank's customers"
        )
    if month and setting.start and setting.until and not setting.start < month <= setting.until:
        at["month"].problem(str(month), f"is outside the run ({setting.start + 1} to {setting.until})")
    if len(here.problems) > known or not (people and flow and month and first):
        return None
    return Seeds(int(people), flow, month, cast(SeedOrder, first))
