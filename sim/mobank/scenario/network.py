"""How the network of a scenario is read: who knows whom, person by person, and whom the bank reaches first."""

from collections.abc import Mapping
from typing import Any

from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.network import ORDERS, NetworkKeys, SeedKeys
from mobank.scenario.levers import Setting
from mobank.scenario.nouns import Fields, YamlKey
from mobank.scenario.scenario import MOST_CONTACTS, Network, NetworkKind, Provenance, Seeds
from mobank.scenario.values import read_whence

MOST_OF_A_POWER_LAW = MOST_CONTACTS / 2  # on average: it falls, so its mean lies below that of 1, 2, …, the most, alike
OWN: Mapping[NetworkKind, tuple[YamlKey[Any], ...]] = {  # the keys of its shape, the needed one first
    "communities": (NetworkKeys.community, NetworkKeys.household, NetworkKeys.far, NetworkKeys.homophily),
    "small_world": (NetworkKeys.far, NetworkKeys.homophily),
    "scale_free": (NetworkKeys.exponent,),
}
NEEDED: Mapping[NetworkKind, YamlKey[Any]] = {
    "communities": NetworkKeys.community,
    "scale_free": NetworkKeys.exponent,
}


def read_network(section: Cursor | None, setting: Setting) -> Network | None:
    """Return the network of a section, None if there is none or it cannot be read."""
    if section is None:
        return None
    known = len(section.problems)
    at = NetworkKeys.at(section, setting.model)
    whence = read_whence(at, section, NetworkKeys.evidence, required=True)
    kind = at.read(NetworkKeys.kind)
    if kind:
        _note_shape(section, at, kind)
    seeds = _seeds(at["seeds"], setting) if "seeds" in at else None
    network = _network(at, kind, seeds, whence)
    return _checked(section, at, network) if network and len(section.problems) == known else None


def _network(at: Fields, kind: NetworkKind | None, seeds: Seeds | None, whence: Provenance) -> Network | None:
    contacts, community = at.read(NetworkKeys.contacts), at.read(NetworkKeys.community)
    household = at.read(NetworkKeys.household)
    ties = [at.read(key) for key in (NetworkKeys.far, NetworkKeys.homophily, NetworkKeys.exponent)]
    known = [number for number in ties if number is not None]
    if kind is None or contacts is None or community is None or household is None or len(known) < len(ties):
        return None
    far, homophily, exponent = known
    return Network(kind, contacts, int(community), household, far, homophily, exponent, seeds, whence)


def _note_shape(section: Cursor, at: Fields, kind: NetworkKind) -> None:
    """Note keys that mean nothing in this kind of network, and the one that it lacks."""
    own = [key.name for key in OWN[kind]]
    for name in dict.fromkeys(key.name for keys in OWN.values() for key in keys):
        if name in at and name not in own:
            allowed = f"means nothing in a network of kind {kind}"
            at[name].problem(f"'{name}'", allowed, f"its own keys: {', '.join(own)}")
    if kind in NEEDED and at.lacks(NEEDED[kind].name):
        section.problem(f"'{NEEDED[kind].name}'", f"is missing in a network of kind {kind}")


def _checked(section: Cursor, at: Fields, network: Network) -> Network | None:
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
        allowed = f"are more than a network of kind scale_free can have on average, {MOST_OF_A_POWER_LAW:g}"
        hint = f"nobody has more than {MOST_CONTACTS}, and most have few"
        at["contacts"].problem(f"{network.contacts:g} contacts", allowed, hint)
    elif network.seeds and network.seeds.first == "communities" and network.kind != "communities":
        others = " or ".join(order for order in ORDERS if order != "communities")
        allowed = f"are not there in a network of kind {network.kind}"
        hint = f"write first: {others}, or kind: communities"
        SeedKeys.checked(at["seeds"])["first"].problem("communities", allowed, hint)
    else:
        return network
    return None


def _seeds(here: Cursor, setting: Setting) -> Seeds | None:
    known = len(here.problems)
    at = SeedKeys.at(here, setting.model)
    people, flow = at.read(SeedKeys.people), at.read(SeedKeys.flow)
    month, first = at.read(SeedKeys.month), at.read(SeedKeys.first)
    if people is not None and people > (setting.persons or people):
        customers = f"{setting.persons or 0:,.0f}"
        at["people"].problem(at["people"].written, f"is not 1 to {customers} people, the bank's customers")
    if month and setting.start and setting.until and not setting.start < month <= setting.until:
        at["month"].problem(str(month), f"is outside the run ({setting.start + 1} to {setting.until})")
    if len(here.problems) > known or not (people and flow and month and first):
        return None
    return Seeds(int(people), flow, month, first)
