"""One replicate again: computed alone, and compared with the row that was written."""

import numpy as np

from mobank.base.errors import RunError
from mobank.base.identity import COMPUTING, law_digest, versions
from mobank.ensemble.plan import Plan, kept, run_block
from mobank.report.run.record import PATHS, FinishedRun

SHOWN = ("registered", "mau", "gross_adds", "resurrected", "lost")


def compare(run: FinishedRun, plan: Plan, replicate: int) -> str:
    """Return the replicate's year-ends as text, if every value equals what the run wrote.

    Raises
    ------
    RunError
        If one differs; the code that computes or its libraries have changed since.
    """
    numbers = np.array([replicate])
    trajectory, _ = run_block(plan, numbers)
    again = {
        (c, str(m)): float(v)
        for c, path in zip(plan.columns, kept(plan, trajectory, numbers)[..., 0], strict=True)
        for m, v in zip(plan.months, path, strict=True)
        if not np.isnan(v)
    }
    written = _written(run, plan, replicate)
    if again != written:
        cause = _cause(run)
        wrong = sum(again.get(key) != value for key, value in written.items()) + len(again.keys() - written.keys())
        raise RunError(f"{wrong} of {len(written)} values", f"of replicate {replicate} differ from {PATHS}", cause)
    return f"{_table(plan, again)}\nreplicate {replicate}: all {len(again):,} values equal those in {PATHS}"


def _cause(run: FinishedRun) -> str:
    """Return why a replicate may differ from what was written."""
    known = run.record["identity"]
    if known["law"] != law_digest():
        return "the code that computes has changed since"
    now = versions(COMPUTING)
    other = [
        f"{name} {known['versions'].get(name)} (now {now[name]})"
        for name in now
        if known["versions"].get(name) != now[name]
    ]
    return f"the run was made with {', '.join(other)}" if other else "the files differ"


def _written(run: FinishedRun, plan: Plan, replicate: int) -> dict[tuple[tuple[str, str], str], float]:
    import pyarrow.parquet as pq

    table = pq.read_table(run.folder / PATHS, filters=[("replicate", "=", replicate)])
    whole = ["all"] * table.num_rows
    segments = table["segment"].to_pylist() if plan.parts else whole
    keys = zip(table["measure"].to_pylist(), segments, table["month"].to_pylist(), strict=True)
    return {((m, s), month): v for (m, s, month), v in zip(keys, table["value"].to_pylist(), strict=True)}


def _table(plan: Plan, values: dict[tuple[tuple[str, str], str], float]) -> str:
    lines = ["month    " + "".join(f"{name:>16}" for name in SHOWN)]
    for t, month in enumerate(plan.months):
        if t == 0 or month.month == 12:
            cells = [values.get(((name, "all"), str(month))) for name in SHOWN]
            lines.append(f"{month}  " + "".join(f"{'' if v is None else f'{v:,.0f}':>16}" for v in cells))
    return "\n".join(lines)
