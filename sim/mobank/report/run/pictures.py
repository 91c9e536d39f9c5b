"""Which pictures a run shows, and from which numbers."""

from collections.abc import Sequence
from pathlib import Path

from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.shapley import ShapleyShares
from mobank.ensemble.summary import Summary
from mobank.report.render.charts import fan, growth_bars, save
from mobank.report.render.fan import measure_title
from mobank.report.render.fonts import chart_language
from mobank.report.run import communities, spread_charts
from mobank.report.run.bands import Use
from mobank.report.tables import FANS
from mobank.scenario.regions import counts_of

GAINED = ("gross_adds", "resurrected")
LOST = ("lost",)


def draw_all(
    plan: Plan,
    summaries: Sequence[Summary],
    shares: Sequence[ShapleyShares],
    uses: Sequence[Use],
    folder: Path,
    lang: str,
) -> None:
    """Write the pictures of a run, each as SVG and PNG.

    Fans of registered users and MAU; growth accounting of MAU; where the spread comes from; who is active; how it
    spreads over the communities of a network.
    """
    lang = chart_language(lang)
    scenario = plan.scenario
    asked = f"{scenario.name}：{scenario.question_zh}" if lang == "zh" else f"{scenario.name}: {scenario.question}"
    by_name = {s.measure: s for s in summaries if s.segment == ALL}
    for name in FANS:
        reported = counts_of(scenario.reported, scenario.bands, name)
        title = measure_title(plan.model, name, lang)
        twin = plan.model.printed.get(name)
        printed = by_name[twin.name] if twin else None
        picture = fan(
            by_name[name], plan.months, reported, title=title, lang=lang, draws=plan.draws, asked=asked, printed=printed
        )
        save(picture, folder, name)
    bars = growth_bars(
        {name: by_name[name].mean for name in GAINED},
        {name: by_name[name].mean for name in LOST},
        plan.months,
        lang=lang,
        asked=asked,
    )
    save(bars, folder, "growth")
    if shares:
        titles = {name: measure_title(plan.model, name, lang) for name in FANS}
        save(spread_charts.layers(shares, titles, lang, asked), folder, "layers")
    if uses:
        save(spread_charts.bands(uses, (plan.months[0], plan.months[-1]), lang, asked), folder, "bands")
    if scenario.network and scenario.network.kind == "communities":
        save(communities.spread(communities.observe(plan), plan.months, lang), folder, "communities")
