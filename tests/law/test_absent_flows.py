"""A flow that is switched off is not there: the same bits, old posteriors stay valid, one line switches it on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.errors import InputError, ModelError
from mobank.ensemble.plan import Plan, run_block
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Flow, Measure, Parameter
from mobank.model.mobile_banking import MODEL
from mobank.scenario.fitted_with import as_fitted
from mobank.scenario.reader import load
from mobank.scenario.schema import schema
from tests.conftest import bare

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "scenarios/baseline.yaml"
PLAIN = bare(MODEL)


def relaunching(relaunch_rate):
    return relaunch_rate


RELAUNCH = Parameter(
    "relaunch_rate", "rate", (0.0, 0.3), "a lapsed user comes back with a new release", "升级回流率", absent=0.0
)
MORE = replace(
    PLAIN,
    parameters=(*PLAIN.parameters, RELAUNCH),
    flows=(*PLAIN.flows, Flow("relaunch", "lapsed", "active", relaunching)),
    measures=(*PLAIN.measures, Measure("relaunched", "back with a new release", "升级回流", flows=("relaunch",))),
)
CROWD = "until: 2023-06\nnetwork: off\nasks: off\n"


def written(folder: Path, text: str, parent: Path = BASELINE) -> Path:
    path = folder / "own.yaml"
    path.write_text(f"extends: {parent.as_posix()}\nquestion: And now?\n{text}", encoding="utf-8")
    return path


def paths(model, path, draws=12, fidelity="cohort", measure="mau"):
    plan = Plan(model, load(path, model), draws, fidelity=fidelity)
    trajectory, _ = run_block(plan, np.arange(draws))
    return trajectory.observe(measure)


@pytest.mark.parametrize("fidelity", ["cohort", "mean_field", "agents"])
def test_while_it_is_off_every_path_is_that_of_the_model_without_it(fidelity, tmp_path):
    """The baseline starts from a posterior that was fitted before the flow existed."""
    small = ROOT / "scenarios/networks/influencers.yaml"
    path, draws = (written(tmp_path, CROWD, small), 2) if fidelity == "agents" else (BASELINE, 12)
    for measure in ("mau", "registered", "resurrected"):
        one, other = (paths(model, path, draws, fidelity, measure) for model in (PLAIN, MORE))
        np.testing.assert_array_equal(one, other)


LEVER = """levers:
  release:
    parameter: relaunch_rate
    set: 2%
    from: 2024-01
    evidence: assumption
    reason: a guess to be tested
"""


def test_one_lever_switches_it_on(tmp_path):
    path = written(tmp_path, LEVER)
    with pytest.raises(InputError, match="'relaunch_rate' is not a parameter"):
        load(path, PLAIN)
    one, other = paths(PLAIN, BASELINE), paths(MORE, path)
    np.testing.assert_array_equal(one[:13], other[:13])
    assert (other[-1] > 1.01 * one[-1]).all()
    assert (paths(MORE, path, measure="relaunched")[14:] > 0).all()


def test_a_value_for_everybody_or_for_one_band_switches_it_on_too(tmp_path):
    text = "posterior: off\n{}  relaunch_rate: {{value: 1%, reason: a guess}}\n"
    one = paths(PLAIN, written(tmp_path, "posterior: off\n"))
    assert (paths(MORE, written(tmp_path, text.format("parameters:\n")))[-1] != one[-1]).all()
    band = "posterior: off\nsegments: {age: {over_60: {values: {relaunch_rate: 1%}}}}\n"
    assert (paths(MORE, written(tmp_path, band))[-1] != one[-1]).all()


def test_a_question_about_what_only_it_makes_keeps_it(tmp_path):
    asked = written(tmp_path, "asks: {any: {measure: relaunched, at_least: 10万, in: 2025-12}}\n")
    assert "relaunched" in Plan(MORE, load(asked, MORE)).model.measure
    assert "relaunched" not in Plan(MORE, load(BASELINE, MORE)).model.measure
    assert (paths(MORE, asked, measure="relaunched")[1:] == 0).all()


def test_a_plan_of_a_scenario_that_switches_it_on_has_it_again(tmp_path):
    plan = Plan(MORE, load(BASELINE, MORE))
    assert [f.name for f in plan.model.flows] == [f.name for f in PLAIN.flows]
    again = replace(plan, scenario=load(written(tmp_path, LEVER), MORE))
    assert again.model.flows[-1].name == "relaunch"


def test_the_schema_knows_it():
    properties = schema(MORE)["properties"]["parameters"]
    assert "relaunch_rate" in str(properties)


def test_a_value_that_does_not_switch_off_is_refused():
    with pytest.raises(ModelError, match=r"relaunch: 'relaunch_rate' at 0\.1 does not switch the flow off"):
        replace(PLAIN, parameters=(*PLAIN.parameters, replace(RELAUNCH, absent=0.1)), flows=MORE.flows)


def test_the_law_of_a_run_and_of_a_posterior_is_that_without_what_is_off(tmp_path):
    plan, on = (Plan(MORE, load(path, MORE)) for path in (BASELINE, written(tmp_path, LEVER)))
    assert fingerprint(plan.model) == fingerprint(PLAIN)
    assert fingerprint(on.model) == fingerprint(MORE)
    assert on.scenario.fitted


@pytest.mark.parametrize(
    ("known", "off"),
    [
        ({"values": {}, "bands": []}, True),
        ({"values": {"parameters.relaunch_rate": ["fixed", 0.0, 0.0, "0%"]}, "bands": []}, True),
        ({"values": {"parameters.relaunch_rate": ["fixed", 0.01, 0.0, "1%"]}, "bands": []}, False),
        ({"values": {"parameters.relaunch_rate": ["lognormal", 0.01, 0.5, "…"]}, "bands": []}, False),
        ({"values": {}, "bands": [{"values": {"relaunch_rate": ["fixed", 0.01, 0.0, "1%"]}}]}, False),
    ],
)
def test_what_was_off_when_a_posterior_was_fitted_is_no_part_of_its_law(known, off):
    assert (as_fitted(MORE, known) == PLAIN) == off
