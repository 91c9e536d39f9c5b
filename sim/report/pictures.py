"""Which pictures a run shows, and from which numbers."""

from collections.abc import Sequence
from pathlib import Path

from sim.ensemble import ALL, Plan, Summary
from sim.report.charts import fan, growth_bars, save
from sim.report.fonts import chart_language

GAINED = ("gross_adds", "resurrected")
LOST = ("lost",)


def draw_all(plan: Plan, summaries: Sequence[Summary], folder: Path, lang: str) -> None:
    """Write the fans of registered users and MAU and the growth accounting of MAU, each as SVG and PNG."""
    lang = chart_language(lang)
    by_name = {s.measure: s for s in summaries if s.segment == ALL}
    for name in ("registered", "mau"):
        measure = plan.model.measure[name]
        reported = [figure for figure in plan.scenario.reported if figure.measure == name]
        title = measure.zh if lang == "zh" else measure.meaning.capitalize()
        save(fan(by_name[name], plan.months, reported, title=title, lang=lang, draws=plan.draws), folder, name)
    bars = growth_bars(
        {name: by_name[name].mean for name in GAINED},
        {name: by_name[name].mean for name in LOST},
        plan.months,
        lang=lang,
    )
    save(bars, folder, "growth")
