"""One record per person: the network's known limits and directions, seeds, newcomers, threads, and what is refused.

That well-mixed agents have the law of the cohort is tested in tests/agreement. Statistical tests allow 4 standard
errors (false alarms 6 in 100,000 a comparison).
"""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.base.streams import Streams
from mobank.dynamics.contacts import Contacts
from mobank.dynamics.schedule import Schedule
from mobank.fidelity import agents
from mobank.fidelity.people import exposure_counts
from mobank.fidelity.people.network_kernels import RANGE_BITS
from mobank.fidelity.people.population import workers
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource
from mobank.scenario.scenario import Network, Seeds
from tests.agreement.test_laws import SMALLEST_P, homogeneous
from tests.conftest import SEED, START, run_model

TOLERANCE = 4.0


def rate(name):
    return Parameter(name, "rate", (0.0, 5.0), "")


VILLAGE = Model(
    "village",
    ("prospect", "user", "tired"),
    (rate("innovation_rate"), rate("imitation_rate"), rate("tire_rate"), rate("move_rate"), rate("ask_rate"),
     rate("join_rate"), Parameter("places", "persons a month", (0.0, 1e9), "", bank_wide=True, unlimited=True)),
    (Flow("adopt", "prospect", "user", lambda innovation_rate, imitation_rate, exposure:
          innovation_rate + imitation_rate * exposure),
     Flow("ask", "prospect", "user", lambda ask_rate: ask_rate, served_by="desk"),
     Flow("tire", "user", "tired", lambda tire_rate: tire_rate),
     Flow("move", "tired", "prospect", lambda move_rate: move_rate),
     Flow("join", None, "prospect", lambda join_rate, customers: join_rate * customers)),
    (Measure("users", "", stock=("user",)), Measure("people", "", stock=("prospect", "user", "tired"))),
    (Resource("desk", "places"),),
    exposed_to=("user",),
)  # fmt: skip
QUIET = {
    "innovation_rate": 0.02,
    "imitation_rate": 0.5,
    "tire_rate": 0.1,
    "move_rate": 0.2,
    "ask_rate": 0.0,
    "join_rate": 0.0,
    "places": np.inf,
}


def on(network, values, start, months, replicates, witness=None):
    """Return a run of VILLAGE on a network; `start` (K, S)."""
    people = np.repeat(np.array(start, np.int64)[:, :, None], replicates, axis=2)
    base = {n: np.full((1, replicates), float(v)) for n, v in values.items()}
    names = [f"s{i}" for i in range(people.shape[1])]
    streams = Streams(SEED)
    schedule = Schedule(VILLAGE, START, months, base, np.arange(replicates), names, streams=streams)
    mixing = np.full((len(names), len(names)), 1 / len(names))
    return agents.run(VILLAGE, schedule, people, Contacts(mixing, network, witness), streams)


@pytest.mark.parametrize("places", [np.inf, 1.3, 0.0], ids=["no limit", "a short desk", "a closed desk"])
def test_where_everybody_knows_everybody_it_is_the_law_of_the_cohort(places):
    """Of 30 people each knows 29, of whom k are users: k/30 in the cohort, so imitation is 30/29 as strong there."""
    people, replicates = 30, 600
    values = QUIET | {"ask_rate": 0.15, "places": places}
    start = [[people // 3 * 2, 6], [3, 1], [0, 0]]
    start[0][0] = people - 10
    network = on(Network("everybody", people - 1), values, start, 4, replicates)
    same = values | {"imitation_rate": values["imitation_rate"] * people / (people - 1)}
    cohort = run_model(VILLAGE, same, start, "cohort", 4, 20_000, mixing=[[23 / 30, 7 / 30]] * 2)
    assert np.sum(start) == people
    for one, two in ((network.moves, cohort.moves), (network.occupancy[1:], cohort.occupancy[1:])):
        error = np.sqrt(one.var(axis=-1, ddof=1) / replicates + two.var(axis=-1, ddof=1) / 20_000)
        assert (np.abs(one.mean(axis=-1) - two.mean(axis=-1)) <= TOLERANCE * error + 1e-12).all()
        centred = [(x - two.mean(axis=-1, keepdims=True)) ** 2 for x in (one, two)]
        error = np.sqrt(sum(c.var(axis=-1, ddof=1) / c.shape[-1] for c in centred))
        assert (np.abs(centred[0].mean(axis=-1) - centred[1].mean(axis=-1)) <= TOLERANCE * error + 1e-12).all()


@pytest.mark.parametrize(("people", "replicates"), [(2, 600), (20, 400), (65, 200)])
def test_where_everybody_knows_everybody_the_distribution_is_the_cohorts_at_every_size(people, replicates):
    values, start = QUIET | {"tire_rate": 0.0, "innovation_rate": 0.08, "imitation_rate": 0.9}, [[people], [0], [0]]
    same = values | {"imitation_rate": 0.9 * people / (people - 1)}
    network = on(Network("everybody", people - 1), values, start, 3, replicates).observe("users")
    cohort = run_model(VILLAGE, same, np.array(start)[:, 0], "cohort", 3, 20_000).observe("users")
    for month in (1, 3):
        assert homogeneous(network[month], cohort[month]) > SMALLEST_P


def test_what_spreads_from_hand_to_hand_spreads_more_slowly_in_a_ring_and_faster_with_far_ties():
    """In a ring those whom one could win are soon won already; the more ties lead away, the nearer the cohort."""
    values, start = QUIET | {"tire_rate": 0.0, "innovation_rate": 0.001}, [[20_000], [20], [0]]
    users = {far: on(Network("small_world", 4, far=far), values, start, 14, 3).observe("users")[14] for far in (0, 0.3)}
    cohort = run_model(VILLAGE, values, np.array(start)[:, 0], "cohort", 14, 20).observe("users")[14]
    spread = [users[0].mean(), users[0.3].mean(), cohort.mean()]
    assert spread[0] * 1.5 < spread[1] < spread[2] / 1.02


@pytest.mark.parametrize("kind", ["random", "most_connected", "communities"])
def test_seeds_are_as_many_as_asked_and_no_more_than_there_are(kind):
    shape = Network("communities", 6, community=100, household=2)
    network = replace(shape, seeds=Seeds(300, "ask", START + 2, kind))
    run = on(network, QUIET | {"innovation_rate": 0.0}, [[1_000, 500], [0, 0], [0, 0]], 3, 2)
    assert run.moves[:, 1].sum(axis=1).tolist() == [[0, 0], [300, 300], [0, 0]]
    few = replace(network, seeds=Seeds(9_999, "ask", START + 1, kind))
    assert on(few, QUIET | {"innovation_rate": 0.0}, [[40, 7], [0, 0], [0, 0]], 1, 1).moves[0, 1].sum() == 47


def test_who_knows_many_wins_more_than_anybody_and_a_few_communities_win_least_but_densely():
    """The same 400 seeds, contagion alone. Communities after another waste contacts on each other."""
    values = QUIET | {"innovation_rate": 0.0, "tire_rate": 0.0, "imitation_rate": 0.2}
    hubs, homes = Network("scale_free", 6, exponent=2.5), Network("communities", 6, community=200, far=0.05)

    def won(network, first):
        seeded = replace(network, seeds=Seeds(400, "ask", START + 1, first))
        return on(seeded, values, [[20_000], [0], [0]], 8, 3).observe("users")[8]

    assert won(hubs, "most_connected").min() > 1.2 * won(hubs, "random").max()
    assert won(homes, "random").min() > 1.2 * won(homes, "communities").max()


def test_newcomers_have_the_exposure_of_their_segment():
    """All prospects are newcomers and nobody adopts unprompted: the run is the cohort's in law.

    Means over 150 replicates of who adopts in each month, within 4 standard errors.
    """
    values = QUIET | {"join_rate": 0.05, "innovation_rate": 0.0, "imitation_rate": 2.0, "move_rate": 0.0}
    start, replicates = [[0, 0], [600, 0], [0, 0]], 150
    crowd = on(Network("small_world", 4), values, start, 6, replicates)
    cohort = run_model(VILLAGE, values, start, "cohort", 6, replicates)
    assert (crowd.observe("people")[6] > 700).all()
    assert (crowd.observe("people", by_segment=True)[6, 1] == 0).all()
    one, two = (run.moves[1:, 0, 0] for run in (crowd, cohort))
    assert one.mean(axis=1).min() > 5
    error = np.hypot(one.std(axis=1), two.std(axis=1)) / replicates**0.5
    assert (np.abs(one.mean(axis=1) - two.mean(axis=1)) < TOLERANCE * error).all()


def test_active_contacts_are_counted_right_after_any_months():
    """What is added and taken by those who moved is what a count from the start gives."""
    seen = []

    def witness(t, people):
        for crowd in people:
            graph, users = crowd.ties.graph, np.zeros(crowd.ties.graph.people, np.int64)
            segments, positions = crowd.holders(2)
            users[graph.starts[segments] + positions] = 1
            count = [users[graph.contacts[o : o + d]].sum() for o, d in zip(graph.offsets, graph.degree, strict=False)]
            np.testing.assert_array_equal(crowd.ties.active, count)
            seen.append(sum(count))

    on(
        Network("scale_free", 6, exponent=2.5),
        QUIET | {"join_rate": 0.01},
        [[500, 63], [100, 1], [30, 0]],
        5,
        2,
        witness,
    )
    assert len(seen) == 12
    assert min(seen) > 0


def test_news_for_more_people_than_one_range_of_ids_arrives():
    """Counts after two months, from those who are active then, over both ranges."""
    seen = []

    def witness(t, people):
        graph = people[0].ties.graph
        users = np.zeros(graph.people, np.uint8)
        users[people[0].holders(2)[1]] = 1
        assert graph.people >> RANGE_BITS == 1
        assert (graph.degree == 2).all()
        np.testing.assert_array_equal(people[0].ties.active, users[graph.contacts].reshape(-1, 2).sum(axis=1))
        seen.append(people[0].ties.active[1 << RANGE_BITS :].sum())

    on(Network("small_world", 2), QUIET, [[1_100_000], [50_000], [0]], 2, 1, witness)
    assert len(seen) == 3
    assert min(seen) > 5_000


def test_news_of_those_who_moved_is_the_same_for_any_number_of_threads_and_in_any_rounds(monkeypatch):
    """Three segments, whose people tell their contacts at once; with room for little news, block after block."""
    runs = []
    for count, room in ((1, 1 << 20), (2, 1 << 20), (3, 100)):
        monkeypatch.setattr(exposure_counts, "LEAST_NEWS", room)
        monkeypatch.setattr(exposure_counts, "NEWS_A_PERSON", 0.0)
        with workers(count):
            network = Network("small_world", 8, far=0.3)
            runs.append(on(network, QUIET, [[5_000, 3_000, 65], [20, 5, 1], [0, 0, 0]], 8, 1).moves)
    assert runs[0][:, 0].sum() > 2_000
    np.testing.assert_array_equal(runs[1], runs[0])
    np.testing.assert_array_equal(runs[2], runs[0])


@pytest.mark.parametrize("network", [None, Network("small_world", 4)], ids=["well mixed", "small world"])
@pytest.mark.parametrize("people", [0, 1, 63, 65])
def test_odd_sizes_and_an_empty_segment_run(network, people):
    run = on(network, QUIET | {"ask_rate": 0.2, "places": 3}, [[people, 0], [people // 2, 0], [0, 0]], 6, 3)
    assert (run.observe("people") == people + people // 2).all()


def test_too_many_people_are_refused_before_memory_is_taken(monkeypatch):
    monkeypatch.setattr("mobank.fidelity.agents.block.free", lambda: 3 * 2**30)
    start = [[9_000_000_000], [0], [0]]
    with pytest.raises(InputError) as plain:
        on(None, QUIET, start, 1, 1)
    with pytest.raises(InputError) as tied:
        on(Network("small_world", 8), QUIET, [[90_000_000], [0], [0]], 1, 1)
    told = "9,000,000,000 people, one record each, need 3.1 GiB of memory, and 3.0 GiB are free; run the fidelity"
    assert told in str(plain.value)
    assert "90,000,000 people, one record each, who know one another, need 3.7 GiB of memory" in str(tied.value)


def test_blocks_tell_their_news_in_rounds_of_at_most_so_much_but_always_one_block():
    news = np.array([3, 4, 5, 20, 1, 7])
    assert list(exposure_counts._rounds(news, 8)) == [range(2), range(2, 3), range(3, 4), range(4, 6)]
    assert list(exposure_counts._rounds(np.zeros(3, np.int64), 8)) == []
