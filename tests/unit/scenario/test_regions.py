"""Figures for bands of one dimension: read with their band, the whole held against its parts, or a rest."""

from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import Chain, load, read_chain
from mobank.scenario.regions import Regions, regions_of, resolved

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
FIGURE = "{{figure: '{}', source: s, evidence: article}}"


@pytest.fixture
def target(tmp_path):
    """Return a reader of figures of a small bank, {measure: {band: {month: figure}}}, as a target."""

    def read(figures, beside=""):
        lines = [f"extends: {BANK}", beside, "reported:"]
        for measure, by_band in figures.items():
            lines.append(f"  {measure}:")
            whole = by_band.get("", {})
            lines += [f"    {month}: {each if each == 'off' else FIGURE.format(each)}" for month, each in whole.items()]
            lines += ["    for:"] * (len(by_band) > 1 or "" not in by_band)
            for band, own in by_band.items():
                if band:
                    lines.append(f"      {band}:")
                    lines += [f"        {month}: {FIGURE.format(each)}" for month, each in own.items()]
        text = "\n".join(lines)
        return read_chain(Chain.of_text(text, tmp_path / "child.yaml"), "child", MODEL, whole=False)

    return read


def said(target, figures, beside=""):
    with pytest.raises(InputError) as refused:
        target(figures, beside)
    return [str(problem).partition("  ")[2] for problem in refused.value.problems]


REGISTERED = {"": {"2021-12": "off", "2022-12": "off"}, "city": {"2021-12": "300万"}, "county": {"2021-12": "169万"}}
MAU = {"": {"2022-12": "off"}, "city": {"2021-12": "102万"}, "county": {"2021-12": "50万"}}


def test_figures_have_the_name_of_their_band_and_a_place_in_the_file(target):
    found = target({"registered": REGISTERED, "mau": MAU}).reported
    assert [f.name for f in found] == [
        "reported.registered.city.2021-12",
        "reported.registered.county.2021-12",
        "reported.mau.city.2021-12",
        "reported.mau.county.2021-12",
        "reported.customers.2022-12",
    ]
    assert found[0].key == "reported.registered.for.city.2021-12"


def test_regions_are_all_bands_of_the_dimension_and_segments_lie_in_one_each(target):
    scenario = target({"registered": REGISTERED, "mau": MAU})
    regions = regions_of(scenario.reported, scenario.bands)
    assert regions == Regions(("city", "county"), "place")
    assert regions.of(scenario.segments) == [0, 1, 0, 1]


def test_a_band_without_figures_is_the_rest_of_the_whole_and_the_whole_is_said_once(target):
    whole = {
        "": {"2021-12": "4,690,000", "2022-12": "5,160,000"},
        "city": {"2021-12": "3,000,000", "2022-12": "3,260,000"},
    }
    active = {"": {"2022-12": "1,740,000"}, "city": {"2022-12": "1,200,000"}}
    scenario = target({"registered": whole, "mau": active})
    found = {f.name: f for f in resolved(scenario.reported, scenario.bands)}
    rest = found["reported.registered.county.2021-12"]
    assert (rest.interval.low, rest.interval.high) == (1_690_000 - 1, 1_690_000 + 1)
    assert rest.text == "4,690,000 − 3,000,000"
    assert "reported.registered.2021-12" not in found
    assert "reported.mau.county.2022-12" in found
    assert "reported.customers.2022-12" in found


def test_where_all_parts_are_reported_the_whole_is_not_said_again(target):
    scenario = target({"registered": {**REGISTERED, "": {"2021-12": "469万", "2022-12": "off"}}, "mau": MAU})
    found = [f.name for f in resolved(scenario.reported, scenario.bands)]
    assert "reported.registered.2021-12" not in found
    assert "reported.registered.county.2021-12" in found


def test_figures_of_the_whole_bank_alone_stay_as_they_are():
    scenario = load(BANK, MODEL)
    assert regions_of(scenario.reported, scenario.bands) is None
    assert resolved(scenario.reported, scenario.bands) == scenario.reported


# ------------ messages


WRONG = {
    "unknown band": (
        {"registered": {"": {}, "town": {"2021-12": "300万"}}},
        "reported.registered.for.town: 'town' is not a band of segments; allowed: young, old, city, county",
    ),
    "two dimensions": (
        {"registered": REGISTERED, "mau": {"": {"2022-12": "off"}, "young": {"2021-12": "90万"}}},
        "reported.mau.for.young: 'young' is a band of age, but other figures are for bands of place; "
        "keep the figures of one dimension",
    ),
    "parts above the whole": (
        {"registered": {**REGISTERED, "": {"2021-12": "400万", "2022-12": "off"}}, "mau": MAU},
        "reported.registered.2021-12.figure: '400万' is less than its parts add up to: city (300万) and county "
        "(169万); is a digit or the unit mistyped?",
    ),
    "parts below the whole": (
        {"registered": {**REGISTERED, "": {"2021-12": "480万", "2022-12": "off"}}, "mau": MAU},
        "reported.registered.2021-12.figure: '480万' is more than its parts add up to: city (300万) and county "
        "(169万); is a digit or the unit mistyped?",
    ),
    "one part that leaves nobody": (
        {"registered": {"": {"2021-12": "300万", "2022-12": "off"}, "city": {"2021-12": "300万"}}, "mau": MAU},
        "reported.registered.2021-12.figure: '300万' may leave nobody for county: its parts are city (300万); "
        "give county a figure of its own, or the others more digits",
    ),
    "the whole in another month": (
        {"registered": {**REGISTERED, "": {"2021-12": "off", "2022-12": "516万"}}, "mau": MAU},
        "reported.registered.2022-12: '516万' is of the whole bank, in a month without figures for place; "
        "write it for city, county too, or leave it out",
    ),
    "a measure of the whole bank alone": (
        {"registered": REGISTERED, "mau": {"": {"2022-12": "174万"}}},
        "reported.mau.2022-12: '174万' is of the whole bank, in a month without figures for place; "
        "write it for city, county too, or leave it out",
    ),
    "nothing of a band": (
        {"registered": {"": REGISTERED[""], "city": REGISTERED["city"]}, "mau": MAU},
        "reported.registered.for.city.2021-12: '300万' is for city, but nothing is said of county; "
        "write figures of registered for it or, in the same months, of the whole",
    ),
    "customers": (
        {"registered": REGISTERED, "mau": MAU, "customers": {"": {"2022-12": "off"}, "city": {"2021-12": "500万"}}},
        "reported.customers.for.city.2021-12: '500万' cannot be for a band: customers are those of the bank, divided "
        "by the shares of segments; leave it out",
    ),
    "more active than registered in a band": (
        {"registered": REGISTERED, "mau": {**MAU, "county": {"2021-12": "180万"}}},
        "reported.mau.for.county.2021-12.figure: '180万' is more than registered (169万); "
        "is a digit or the unit mistyped?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_where_it_stands_with_what_to_do(target, case):
    figures, message = WRONG[case]
    assert said(target, figures) == [message]


def test_a_rest_can_be_of_one_band_only(target):
    thirds = "segments: {place: {city: {share: 65%}, county: {share: 20%}, abroad: {share: 15%, reason: made up}}}"
    figures = {
        "registered": {"": {"2021-12": "469万", "2022-12": "off"}, "city": {"2021-12": "300万"}},
        "mau": {"": {"2022-12": "off"}},
    }
    assert said(target, figures, thirds) == [
        "reported.registered.2021-12: '469万' does not say how the rest divides among county, abroad; "
        "give all but one of them figures"
    ]


def test_a_list_of_bands_is_refused(tmp_path):
    text = f"extends: {BANK}\nreported: {{registered: {{for: [city, county]}}}}"
    with pytest.raises(InputError, match="a list came where a mapping must stand"):
        read_chain(Chain.of_text(text, tmp_path / "child.yaml"), "child", MODEL, whole=False)


def test_a_run_without_a_posterior_asks_for_one(tmp_path):
    lines = ["registered: {2022-12: off, for: {city: {2022-12: %s}, county: {2022-12: %s}}}"]
    text = f"extends: {BANK}\nreported: {{{lines[0] % (FIGURE.format('330万'), FIGURE.format('186万'))}}}"
    with pytest.raises(InputError) as refused:
        read_chain(Chain.of_text(text, tmp_path / "child.yaml"), "child", MODEL)
    found = [str(problem).partition("  ")[2] for problem in refused.value.problems]
    hint = "figures for bands of place are read by a fit: name its posterior (posterior: …)"
    assert f"reported.registered.2022-12: this figure is missing; {hint}" in found
