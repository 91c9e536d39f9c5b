"""The schema of scenario files says what the readers take: the same keys and choices, and it refuses nothing more."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mobank.model.mobile_banking import MODEL
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.scenario import ScenarioKeys
from mobank.scenario.keys.values import SourceKeys
from mobank.scenario.levers import ONLY_OF_A_LEVER
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.reader import load as load_scenario
from mobank.scenario.schema import schema
from mobank.scenario.tree import Mapping, Scalar, dump
from mobank.scenario.yaml_files import load, load_extended

ROOT = Path(__file__).parents[3]
BROKEN = ROOT / "tests/data/broken"
BANK = BROKEN / "parents/bank.yaml"
SCHEMA = schema(MODEL)
SHARES = {p.name for p in MODEL.parameters if p.unit == "share"}

# A scenario in which every reader has something to read.
COMPLETE = f"""
extends: {BANK}
question: {{zh: 有多少？, en: How many?}}
subject: {{zh: 小银行, en: A small bank}}
definitions:
  mobile_side: {{counts: all apps, window_days: 30}}
  one_app: {{counts: one app, against: mobile_side, factor: {{low: 0.7, high: 1, reason: r}}}}
reported:
  mau:
    2022-12: {{definition: mobile_side, wording: over 1.74 m, stale_share: 4%}}
    2020-12: {{figure: 90万户, definition: one_app, source: s, evidence: article}}
segments:
  age:
    old: {{factors: {{lapse_rate: {{low: 0.9, high: 1.2}}}}, values: {{drop_rate: {{value: 16%}}}}}}
  person:
    spread: {{sigma: 0.8, classes: 2, parameters: [innovation_rate], reason: r}}
mixing: {{evidence: test}}
season:
  drop_rate: {{by_month: [1, 1.1, 1, 1, 1, 1, 1, 1, 1, 1, -5%, 0.9], reason: r}}
levers:
  desk: {{parameter: desk_capacity, set: 20万, from: 2024-01, cost: {{once: 3亿元}}, reason: r, evidence: test}}
  back:
    parameter: revive_rate
    multiply: +30%
    for: [old, county]
    when: {{measure: mau, below: 170万, for_months: 2, at_most: 2, budget_a_year: 1亿元}}
    lasts_months: 6
    cost: {{a_month: 100万元}}
    reason: r
    evidence: analogue
events:
  outage: {{parameter: resume_rate, add: -1%, from: {{mean_gap_months: 9, after: 2023-01}}, lasts_months: 1, source: s}}
  scandal: {{parameter: drop_rate, multiply: 1.2, from: {{between: [2024-01, 2024-06]}}, lasts_months: 3, source: s}}
drift:
  engagement: {{mean: 5%, sd: 4%, half_life_months: 36, reason: r}}
asks:
  far: {{measure: mau, at_least: 200万, by: 2025-12}}
  race:
    reaches_first: {{measure: mau, at_least: 200万}}
    before: {{measure: registered, at_least: 600万}}
    by: 2025-12
network:
  kind: communities
  contacts: 8
  community: 2000
  seeds: {{people: 2万, flow: assist, month: 2023-06, first: most_connected}}
  reason: r
reporting:
  redefinitions: {{a_year: 5%, small: {{mean: 5%, sd: 2%}}, reason: r}}
  clean_ups: {{a_year: 3%, size: {{mean: 5%, sd: 2%}}, reason: r}}
"""


# What a run takes only from a posterior; a target may say it.
BESIDE_NAMES = {*SourceKeys.names(), "evidence", "spread", "wording", "definition"}  # that the file itself gives
OF_A_TARGET = f"""
extends: {BANK}
reported:
  customers: off
  lost: {{2022: {{figure: 90万户, definition: model, source: s, evidence: article}}}}
pool: {{headroom: {{median: 400%, sigma: 1.4, reason: r}}, tails: 4}}
noise: {{mau: {{low: 0.1%, high: 0.4%, reason: r}}}}
season: {{adoption: {{value: 5%, reason: r}}, mau: {{median: 5%, sigma: 0.5, reason: r}}}}
drift:
  adoption: {{growth: {{mean: 4%, sd: 2%}}, start: 4%, change: 2.5%, reason: r}}
campaigns:
  spring: {{path: adoption, between: [2022-01, 2022-02], announced: 2021-11, effect: {{mean: 0%, sd: 9%}}, reason: r}}
clean_ups:
  2022-06: {{registered: {{low: 3万, high: 8万}}, reason: r}}
retention:
  mau: {{2022-02: {{1: 62%, 6: 41%, definition: model, source: s, evidence: article}}}}
"""


@pytest.fixture
def of_a_target(tmp_path):
    path = tmp_path / "target.yaml"
    path.write_text(OF_A_TARGET, encoding="utf-8")
    return path


@pytest.fixture
def complete(tmp_path):
    path = tmp_path / "complete.yaml"
    path.write_text(COMPLETE, encoding="utf-8")
    return path


# ------------ walking the schema


def resolved(node, seen):
    """Return the mapping that a node may be, by way of references and alternatives; note the nouns passed."""
    while "properties" not in node and "additionalProperties" not in node and "enum" not in node:
        if "$ref" in node:
            noun = node["$ref"].rpartition("/")[2]
            seen.add(noun)
            node = SCHEMA["$defs"][noun]
        else:
            (node,) = [n for n in node["anyOf"] if "$ref" in n or "enum" in n or n.get("type") == "object"]
    return node


def below(key, seen):
    """Return the node of the schema to which a dotted key of a file leads."""
    node = resolved(SCHEMA, seen)
    for name in key.split(".") if key else ():
        node = resolved(
            node["properties"].get(name) if name in node.get("properties", {}) else node["additionalProperties"], seen
        )
    return node


def recorded(monkeypatch, method, argument):
    """Return a list that fills with (key, what is allowed there) whenever a reader asks."""
    found, plain = [], getattr(Cursor, method)

    def noting(self, *given, **named):
        allowed = dict(zip(("kind" if method == "named" else "options", "allowed"), given, strict=False)) | named
        if allowed.get(argument) is not None:
            found.append((self.key, list(allowed[argument])))
        return plain(self, *given, **named)

    monkeypatch.setattr(Cursor, method, noting)
    return found


def test_the_keys_of_the_schema_are_those_that_the_readers_take(complete, of_a_target, monkeypatch):
    asked = recorded(monkeypatch, "named", "allowed")
    load_scenario(complete, MODEL)
    read_chain(Chain.of_file(of_a_target), "target", MODEL, whole=False)
    seen = set()
    for key, allowed in asked:
        node = below(key, seen)
        taken = set(allowed)
        if node["additionalProperties"] is not False:  # names that the file itself gives, such as dimensions
            assert set(node.get("properties", ())) == taken & BESIDE_NAMES, key
            continue
        taken |= {"extends"} if not key else set()
        taken -= set(ONLY_OF_A_LEVER) if key.startswith("events.") else set()  # an event's reader refuses them in words
        taken -= SHARES if key == "season" else set()  # and a season's these
        assert set(node["properties"]) == taken, key
    assert set(SCHEMA["$defs"]) == seen
    assert {key.partition(".")[0] for key, _ in asked} == {"", *ScenarioKeys.names()} - {
        "extends",
        "start",
        "until",
        "posterior",
    }


def test_the_choices_of_the_schema_are_those_of_the_readers(complete, monkeypatch):
    asked = recorded(monkeypatch, "choice", "options")
    load_scenario(complete, MODEL)
    asked = [(key, options) for key, options in asked if not key[-1].isdigit()]  # members of a list
    keys = {key.rpartition(".")[2] for key, _ in asked}
    assert keys == {"parameter", "measure", "evidence", "definition", "kind", "flow", "first"}
    for key, options in asked:
        if key.endswith(".definition"):  # names that the file itself gives
            continue
        assert below(key, set())["enum"] == options, key


def test_every_parameter_and_measure_is_explained_in_both_languages():
    parameters = next(n for n in SCHEMA["properties"]["parameters"]["anyOf"] if "properties" in n)["properties"]
    for parameter in MODEL.parameters:
        told = parameters[parameter.name]["description"]
        assert parameter.zh in told
        assert parameter.meaning in told
    assert "plausible: 0.01 to 100% a month" in parameters["lapse_rate"]["description"]


# ------------ validating


def as_an_editor_reads(node):
    """Return a tree as YAML 1.2 types it, which is what editors go by."""
    if isinstance(node, Mapping):
        return {name: as_an_editor_reads(entry.node) for name, entry in node.entries.items()}
    if not isinstance(node, Scalar):
        return [as_an_editor_reads(item) for item in node.items]
    if node.quoted:
        return node.text
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", node.text):
        return float(node.text)
    return {"": None, "~": None, "null": None, "true": True, "false": False}.get(node.text, node.text)


def faults(path):
    return list(Draft202012Validator(SCHEMA).iter_errors(as_an_editor_reads(load(path))))


def test_off_is_valid_but_never_offered_because_editors_would_put_it_in_quotes():
    assert '"off"' not in json.dumps(SCHEMA)


def test_it_is_a_schema_of_draft_2020_12():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", [*sorted((ROOT / "scenarios").glob("*.yaml")), BANK], ids=lambda path: path.stem)
def test_every_scenario_of_the_project_is_valid_and_so_is_what_it_resolves_to(path, tmp_path):
    assert faults(path) == []
    (tmp_path / "whole.yaml").write_text(dump(load_extended(path)[0]), encoding="utf-8")
    assert faults(tmp_path / "whole.yaml") == []


def test_a_scenario_and_a_target_that_use_everything_are_valid(complete, of_a_target):
    assert faults(complete) == []
    assert faults(of_a_target) == []


def test_a_child_may_take_away_and_change_parts_of_what_the_parent_has(tmp_path):
    path = tmp_path / "child.yaml"
    path.write_text(
        "extends: parent.yaml\ndrift: off\nlevers: {a: off, b: {multiply: {low: 2%}, for: off}}\nstart: off\n"
        "segments: {use: off, age: {old: off, young: {factors: off}}}\nparameters: {lapse_rate: {low: off}}\n"
        "reported: {mau: {2021-12: off}}\nseason: {lapse_rate: off}\nshocks: {adoption: {tails: off}, wiggle: off}\n",
        encoding="utf-8",
    )
    assert faults(path) == []


TOO_SUBTLE = {  # of these kinds: what only a reader of quantities sees
    "wrong_type__percent_for_a_factor",
    "wrong_type__plus_without_percent",
    "wrong_type__text_for_a_number",
}
BROKEN_FILES = [
    path
    for kind in ("unknown_key", "unknown_parameter", "wrong_type")
    for path in sorted(BROKEN.glob(f"{kind}__*.yaml"))
]


@pytest.mark.parametrize("path", BROKEN_FILES, ids=lambda path: path.stem)
def test_unknown_keys_and_wrong_types_are_found_while_typing(path):
    assert bool(faults(path)) == (path.stem not in TOO_SUBTLE)


def test_a_scenario_that_extends_none_must_have_the_sections_that_a_run_needs(tmp_path):
    path = tmp_path / "bare.yaml"
    path.write_text("question: What?\nstart: 2022-12\n", encoding="utf-8")
    assert sorted(fault.message for fault in faults(path)) == [
        "'parameters' is a required property",
        "'until' is a required property",
    ]
    path.write_text("extends: bank.yaml\n", encoding="utf-8")
    assert faults(path) == []


# ------------ the command


def test_it_is_printed_or_written_and_written_again(mobank):
    code, out, err = mobank("schema")
    assert (code, err) == (0, "")
    assert json.loads(out) == SCHEMA
    for _ in range(2):
        assert mobank("schema", "--out", "here.json") == (0, "", "")
    assert Path("here.json").read_text(encoding="utf-8") == out
    assert "举措" in out


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("here.yaml", "--out: 'here.yaml' must end with .json"),
        ("no/here.json", "--out: 'no/here.json' cannot be written (No such file or directory)"),
    ],
)
def test_a_place_where_it_cannot_go_is_refused(mobank, out, told):
    assert mobank("schema", "--out", out) == (2, "", f"{told}\n1 problem; nothing was run.\n")
    assert list(Path().iterdir()) == []
