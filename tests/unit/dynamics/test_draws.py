"""What bands do to a parameter: a value of one dimension is multiplied by the factors of another."""

from pathlib import Path

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.dynamics.draws import draw
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load

BANK = Path(__file__).parents[2] / "data/broken/parents/bank.yaml"
VALUE, FACTOR = "values: {lapse_rate: {value: 4%, reason: r}}", "factors: {lapse_rate: 1.5}"


@pytest.mark.parametrize(
    ("young", "county"), [(VALUE, FACTOR), (FACTOR, VALUE)], ids=["value, then factor", "factor, then value"]
)
def test_a_value_of_one_dimension_is_multiplied_by_a_factor_of_another_in_either_order(tmp_path, young, county):
    text = f"extends: {BANK}\nsegments:\n  age: {{young: {{{young}}}}}\n  place: {{county: {{{county}}}}}\n"
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    scenario = load(tmp_path / "own.yaml", MODEL)
    found = draw(MODEL, scenario, Streams(1), np.arange(3)).base["lapse_rate"]
    of = {segment.name: values for segment, values in zip(scenario.segments, found, strict=True)}
    valued, multiplied = ("young", "county") if young == VALUE else ("county", "young")
    for name, values in of.items():
        written = 0.04 if valued in name else 0.05
        np.testing.assert_allclose(values, written * (1.5 if multiplied in name else 1.0), rtol=1e-12)
