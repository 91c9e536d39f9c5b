"""Every YAML key is explained in both languages, its example can be read, and schema and reference page hold it."""

import json
import re
from pathlib import Path

import pytest

from mobank.batch.keys import JobKeys
from mobank.model.mobile_banking import MODEL
from mobank.scenario import yaml_files
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.desk import StudyKeys
from mobank.scenario.keys.scenario import ScenarioKeys
from mobank.scenario.nouns import Nested, nouns_of
from mobank.scenario.reference import reference
from mobank.scenario.schema import schema

ROOT = Path(__file__).parents[2]
TOPS = {"scenario": ScenarioKeys, "desk": StudyKeys, "job": JobKeys}
OPTIONS = {"scenario": (), "desk": ("--desk",), "job": ("--job",)}
NOUNS = {noun.called(): noun for top in TOPS.values() for noun in nouns_of(top)}
KEYS = [pytest.param(key, id=f"{name}.{key.name}") for name, noun in NOUNS.items() for key in noun.keys]


def test_every_noun_is_found_from_the_top_of_its_file_and_no_two_are_called_the_same():
    assert set(NOUNS) >= {
        "lever",
        "event",
        "date",
        "trigger",
        "cost",
        "ask",
        "spread",
        "shock",
        "seed",
        "range",
        "stop",
    }
    assert len(set(NOUNS.values())) == len({noun for top in TOPS.values() for noun in nouns_of(top)})


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained_in_both_languages(key):
    assert re.fullmatch(r"[A-Z].*\.", key.en)
    assert re.fullmatch(r".*[一-鿿].*。", key.zh)
    assert re.search("[一-鿿]", key.name_zh)


@pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS)
def test_every_noun_is_explained_in_both_languages_and_no_two_keys_share_a_chinese_name(noun):
    assert re.fullmatch(r"[A-Z].*\.", noun.meaning().en)
    assert re.fullmatch(r".*[一-鿿].*。", noun.meaning().zh)
    names = [key.name_zh for key in noun.keys]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("key", [key for key in KEYS if key.values[0].sample])
def test_every_example_is_read_without_a_problem(key, tmp_path):
    for sample in re.split(r" or (?=\{)", key.sample):
        (tmp_path / "a.yaml").write_text(f"{key.name}: {sample}\n", encoding="utf-8")
        here = Cursor(yaml_files.load(tmp_path / "a.yaml"), "", []).named()[key.name]
        assert key.kind.read(here, key.how, MODEL) is not None
        if isinstance(key.kind.shape, Nested):
            key.kind.shape.noun.at(here, MODEL)
        assert here.problems == []


@pytest.mark.parametrize("name", TOPS)
def test_the_page_in_the_documentation_is_the_one_that_the_command_writes(name, mobank):
    page = (ROOT / f"docs/reference/{name}.md").read_text(encoding="utf-8")
    assert page == reference(TOPS[name]), f"mobank schema --reference {OPTIONS[name]} --out docs/reference/{name}.md"
    assert mobank("schema", "--reference", *OPTIONS[name]) == (0, page, "")


@pytest.mark.parametrize("name", TOPS)
def test_the_page_names_every_key_and_its_links_lead_to_its_headings(name):
    page = reference(TOPS[name])
    for noun in nouns_of(TOPS[name]):
        for key in noun.keys:
            assert re.search(rf"^\| \**{key.name}\** \| {key.name_zh} \|", page, flags=re.M), (noun, key.name)
    headings = {heading.replace(" ", "-") for heading in re.findall(r"^## (.*)$", page, flags=re.M)}
    assert set(re.findall(r"\]\(#(.*?)\)", page)) <= headings


def test_the_schema_of_a_job_is_printed_and_holds_every_key_of_one(mobank):
    printed = json.loads(mobank("schema", "--job")[1])
    assert printed == schema(MODEL, JobKeys)
    assert list(printed["properties"]) == JobKeys.names()
    assert printed["required"] == ["scenarios", "draws"]


def test_the_page_of_two_kinds_of_file_at_once_is_refused(mobank):
    refusal = "--job: --desk cannot stand beside --job; ask for one of them\n1 problem; nothing was run.\n"
    assert mobank("schema", "--desk", "--job") == (2, "", refusal)
    refusal = "--out: 'a.json' must end with .md\n1 problem; nothing was run.\n"
    assert mobank("schema", "--reference", "--out", "a.json") == (2, "", refusal)
