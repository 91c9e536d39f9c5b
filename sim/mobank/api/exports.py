"""The paths of a run for other libraries: Arrow, pandas, xarray; each is imported only when it is asked for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mobank.api.table import first_day
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import ALL, Plan

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

SPEND = "spend"


def unit_of(plan: Plan, measure: str) -> str:
    """Return the unit of a measure: persons, persons a month, share, ratio, yuan a month."""
    if measure == SPEND:
        return "yuan a month"
    counted = plan.model.counted_in(measure)
    return "persons a month" if plan.model.described[measure].flows else counted


def units_of(plan: Plan) -> dict[str, str]:
    """Return the unit of each measure that is kept."""
    return {measure: unit_of(plan, measure) for measure, segment in plan.columns if segment == ALL}


def segments_of(plan: Plan) -> list[str]:
    """Return the segments whose paths are kept, the whole bank first."""
    return list(dict.fromkeys(segment for _, segment in plan.columns))


def arrow_of(paths: Paths, attrs: Mapping[str, str]) -> "pa.Table":
    """Return a row a segment, draw and month, a column a measure; what is not defined is missing."""
    import pyarrow as pa

    plan = paths.plan
    parts = [_arrow_of_segment(paths, segment) for segment in segments_of(plan)]
    return pa.concat_tables(parts, promote_options="default").replace_schema_metadata(dict(attrs))


def _arrow_of_segment(paths: Paths, segment: str) -> "pa.Table":
    import pyarrow as pa

    plan = paths.plan
    days = pa.array([first_day(month) for month in plan.months], pa.date32())
    columns = {
        "draw": pa.array(np.repeat(np.arange(plan.draws, dtype=np.int32), len(plan.months))),
        "month": days.take(pa.array(np.tile(np.arange(len(plan.months)), plan.draws))),
    }
    if plan.parts:
        words = np.zeros(plan.draws * len(plan.months), np.int32)
        columns["segment"] = pa.DictionaryArray.from_arrays(pa.array(words), pa.array([segment])).cast(pa.string())
    for measure in (m for m, s in plan.columns if s == segment):
        values = _cube(paths, measure, segment).ravel()
        columns[measure] = pa.array(values, mask=np.isnan(values))
    return pa.table(columns)


def _cube(paths: Paths, measure: str, segment: str) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return a measure by draw and month, (R, T + 1)."""
    return np.stack([paths.month(measure, t, segment) for t in range(len(paths.plan.months))], axis=1)


def dataset_of(paths: Paths, attrs: Mapping[str, str]) -> "xr.Dataset":
    """Return the paths as a Dataset(draw, month), with a dimension `segment` where segments are kept."""
    import xarray as xr

    plan = paths.plan
    parts = [segment for segment in segments_of(plan) if segment != ALL]
    months = np.array([str(month) for month in plan.months], "datetime64[M]").astype("datetime64[ns]")
    found: dict[str, Any] = {
        name: (("draw", "month"), _cube(paths, name, ALL), _about(plan, name)) for name in units_of(plan)
    }
    if parts:
        found |= {
            f"{name}_by_segment": (
                ("segment", "draw", "month"),
                np.stack([_cube(paths, name, part) for part in parts]),
                _about(plan, name),
            )
            for name in plan.model.measure
        }
    coordinates = {"draw": np.arange(plan.draws), "month": months} | ({"segment": parts} if parts else {})
    return xr.Dataset(found, coordinates, dict(attrs))


def _about(plan: Plan, measure: str) -> dict[str, str]:
    """Return the attributes of a measure: units, what it is, and what its reported figures count."""
    known = plan.model.described.get(measure)
    counted = {f.definition for f in plan.scenario.reported if f.measure == measure and f.definition}
    definitions = [f"{name}: {each.counts}" for name, each in plan.scenario.definitions.items() if name in counted]
    about = {"units": unit_of(plan, measure), "long_name": known.meaning if known else "expected spend"}
    return about | ({"definitions": "; ".join(definitions)} if definitions else {})
