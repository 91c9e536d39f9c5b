"""What a notebook shows of a run: its question, a fan, the year-ends, what is not verified, its digest; no scripts."""

from mobank.api.table import as_written, element, html_table
from mobank.base.digits import spanned
from mobank.base.quantities import person_unit
from mobank.ensemble.summary import Summary
from mobank.report.render.fan import Projection, fan_of
from mobank.report.render.fan_layout import SMALL
from mobank.report.render.look import TEXT
from mobank.report.render.svg import draw
from mobank.report.run.result import RunResult
from mobank.report.tables import FANS, unverified

SHARE = "stickiness"


def page(result: RunResult, digest: str) -> str:
    """Return the HTML of a run, under 30 kB."""
    plan, weak = result.plan, unverified(result.plan)
    foot = [f"{plan.draws:,} draws, seed {plan.seed}, {plan.fidelity}; medians and central 90 %.", f"Digest {digest}."]
    if weak:
        foot.append(f"† rests on numbers that are not verified: {'; '.join(weak)}.")
    return as_written(
        element("h4", plan.scenario.question),
        *_picture(result),
        _year_ends(result, "†" if weak else ""),
        *(f"<p>{element('small', line)}</p>" for line in foot),
    )


def _picture(result: RunResult) -> list[str]:
    """Return the fan of the active users, in a box as wide as it is legible; nothing of a model without such users."""
    origin = result.plan.model.origin
    if origin is None:
        return []
    plan, printed = result.plan, result.in_print(origin.engaged)
    label = TEXT["en"]["in_print"]
    outline = Projection(tuple(plan.months), printed.quantiles, label) if printed else None
    fan = draw(fan_of(plan, [result.summary(origin.engaged)], origin.engaged, "en", outline=outline), SMALL)
    return [f'<div style="max-width: {SMALL.width:g}px">{fan}</div>']


def _year_ends(result: RunResult, sign: str) -> str:
    plan, known = result.plan, {name: result.summary(name) for name in (*FANS, SHARE)}
    unit, label = person_unit(max(float(known[name].quantiles[-1].max()) for name in FANS), "en")
    head = ["month", *(text for name in FANS for text in (f"{name}, {label}", "90 %")), "active share"]
    rows = []
    for t, month in enumerate(plan.months):
        if t == 0 or month.month == 12 or t == len(plan.months) - 1:
            mark = sign if t else ""
            persons = [text for name in FANS for text in _spanned(known[name], t, unit, mark)]
            rows.append([str(month), *persons, f"{_spanned(known[SHARE], t, 0.01, '')[0]} %{mark}"])
    return html_table(head, rows)


def _spanned(summary: Summary, t: int, unit: float, mark: str) -> tuple[str, str]:
    middle, band = spanned(*(summary.quantiles[[0, 3, 6], t] / unit))
    return f"{middle}{mark}", band
