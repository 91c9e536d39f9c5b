"""What a desk study says: the plan and what its service level takes, by formula and played day by day; as a folder."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, nan
from pathlib import Path
from typing import Any

import numpy as np

from mobank.base.cells import ENCODING, digits, write_csv
from mobank.base.files import file_digest, folder_aside
from mobank.base.identity import COMPUTING, DRAWING, law_digest, report_digest, versions
from mobank.base.quantities import Lang
from mobank.base.records import RecordKind, write_record
from mobank.base.shapes import ANYTHING, DIGEST, NUMBER, TEXT, ByName, RecordFields, RecordList, whole
from mobank.base.streams import Streams
from mobank.desk.day import Days, play
from mobank.desk.erlang import Steady, needed_by, set_ups_a_month, steady_of
from mobank.report.render.text_table import TextColumn, TextTable
from mobank.scenario.desk_study import told_of
from mobank.scenario.scenario import DeskStudy

RECORD, RESOLVED, TABLE, CHART = "desk.json", "desk.resolved.yaml", "staffing.csv", "staffing"
SIX = 6  # digits of a number in the table
LEVELS = 41  # numbers of staff in the table and the chart, at most
AROUND = 0.1  # of the staff planned or needed: how far they go beyond
DESK = RecordKind(
    2,
    RecordFields(
        {
            "identity": ByName(ANYTHING), "files": ByName(DIGEST), "study_files": RecordList(TEXT), "needed": whole(1),
            "set_ups_a_month": NUMBER, "command": TEXT, "finished": TEXT,
        }
    ),
)  # fmt: skip

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "plan": "planned", "needed": "needed", "formula": "long run", "played": "{} days", "staff": "staff",
        "within": "answered\nin {:.0f} s", "waits": "none\nfree", "gives_up": "not\nanswered",
        "mean_wait": "mean\nwait", "set_ups": "set-ups\na month", "seconds": "{:,.1f} s",
        "needs": "{share:.4g} % answered in {seconds:.0f} s takes {needed:,} staff; planned are {plan:,}.",
        "capacity": "desk_capacity of a scenario that names this study: {capacity:,} a month.",
    },
    "zh": {
        "plan": "计划", "needed": "需要", "formula": "长期平均", "played": "模拟 {} 天", "staff": "坐席",
        "within": "{:.0f} 秒内\n接通", "waits": "需\n等待", "gives_up": "未接通", "mean_wait": "平均\n等待",
        "set_ups": "每月\n开通数", "seconds": "{:,.1f} 秒",
        "needs": "{seconds:.0f} 秒内接通 {share:.4g} % 需要 {needed:,} 名坐席；计划 {plan:,} 名。",
        "capacity": "引用本研究的情景，其 desk_capacity 为每月 {capacity:,} 户。",
    },
}  # fmt: skip


@dataclass(frozen=True)
class DeskAnswer:
    """A desk study answered.

    Parameters
    ----------
    needed : the staff that the service level takes.
    levels : the long run for numbers of staff around plan and need, rising.
    played : days of the plan and of the need.
    """

    study: DeskStudy
    needed: int
    levels: tuple[Steady, ...]
    played: tuple[Days, ...]

    @property
    def plan(self) -> int:
        """The staff planned."""
        return int(self.study.number("staff"))

    def level(self, staff: int) -> Steady:
        """Return the long run of one of the numbers of staff."""
        return next(level for level in self.levels if level.staff == staff)


def answer(study: DeskStudy, days: int, seed: int) -> DeskAnswer:
    """Return what a study says, its plan and its need played for so many days with the same contacts."""
    plan, needed = int(study.number("staff")), needed_by(study)
    low, high = max(1, int(min(plan, needed) * (1 - AROUND))), ceil(max(plan, needed) * (1 + AROUND))
    staff = sorted({plan, needed, *np.linspace(low, high, min(LEVELS, high - low + 1)).round().astype(int).tolist()})
    played = [play(study, number, days, Streams(seed)) for number in sorted({plan, needed})]
    return DeskAnswer(study, needed, tuple(steady_of(study, number) for number in staff), tuple(played))


def identity(study: DeskStudy, days: int, seed: int, lang: str) -> dict[str, Any]:
    """Return everything that the files of a study depend on."""
    return {
        "study": study.name,
        "resolved": sha256(study.resolved.encode()).hexdigest(),
        "days": days,
        "seed": seed,
        "lang": lang,
        "law": law_digest(),
        "report": report_digest(),
        "versions": versions((*COMPUTING, *DRAWING)),
    }


def name_of(made_of: Mapping[str, Any]) -> str:
    """Return the folder's name: `desk-`, the study, and the first ten digits of the identity's digest."""
    digest = sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return f"desk-{made_of['study']}-{digest[:10]}"


def write(found: DeskAnswer, final: Path, made_of: Mapping[str, Any], lang: Lang, command: str) -> None:
    """Write the folder: the table by number of staff, the chart, the study as it was read, and the record."""
    from mobank.report.desk.charts import trade_off
    from mobank.report.render.charts import save

    with folder_aside(final) as folder:
        (folder / RESOLVED).write_text(found.study.resolved, encoding="utf-8", newline="\n")
        write_table(found, folder / TABLE)
        save(trade_off(found.study, found.levels, found.played, found.needed, title(found.study), lang), folder, CHART)
        record = {
            "identity": dict(made_of),
            "files": {p.name: file_digest(p) for p in sorted(folder.iterdir())},
            "study_files": list(found.study.files),
            "needed": found.needed,
            "set_ups_a_month": set_ups_a_month(found.study, found.level(found.plan).answered),
            "command": command,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
        write_record(folder / RECORD, record, DESK)


def title(study: DeskStudy) -> str:
    """Return the study's name as a heading."""
    return study.name.replace("_", " ").capitalize()


def write_table(found: DeskAnswer, path: Path) -> None:
    """Write one row a number of staff: the long run, and the means over the days where they were played."""
    played = {days.staff: days for days in found.played}
    shares = ("answered_in_time", "waits", "not_answered")
    by_day = [f"played_{name}" for name in (*shares, "mean_wait_minutes", "set_ups_a_month")]
    rows: list[list[object]] = [["staff", *shares, "mean_wait_minutes", "busy", "set_ups_a_month", *by_day]]
    for level in found.levels:
        figures = [level.within, level.waits, level.gives_up, level.mean_wait, level.busy]
        figures += [set_ups_a_month(found.study, level.answered)]
        figures += _means(found.study, played[level.staff]) if level.staff in played else [nan] * len(by_day)
        rows.append([level.staff, *(digits(figure, SIX) for figure in figures)])
    with path.open("w", encoding=ENCODING, newline="") as file:
        write_csv(file, rows)


def _means(study: DeskStudy, days: Days) -> list[float]:
    """Return shares in time, waiting and not answered, mean wait, and set-ups a month, over all the contacts."""
    shares = [days.within, days.waits, days.gives_up, days.mean_wait]
    over_all = [float(np.average(share, weights=np.maximum(days.offered, 1.0))) for share in shares]
    return [*over_all, float(days.set_ups.mean()) * study.number("days_a_month")]


def table(found: DeskAnswer, lang: Lang) -> TextTable:
    """Return the plan and the need, each by formula and as played."""
    words, study = WORDS[lang], found.study
    heads = [words[name].format(60 * study.number("within_minutes"))
             for name in ("staff", "within", "waits", "gives_up", "mean_wait", "set_ups")]  # fmt: skip
    rows = []
    for name, staff in (("plan", found.plan), ("needed", found.needed)):
        level = found.level(staff)
        steady = [level.within, level.waits, level.gives_up, level.mean_wait, set_ups_a_month(study, level.answered)]
        days = next(days for days in found.played if days.staff == staff)
        rows.append((words[name], words["formula"], f"{staff:,}", *_cells(steady, words)))
        rows.append(("", words["played"].format(days.offered.size), "", *_cells(_means(study, days), words)))
    return TextTable([TextColumn(""), TextColumn(""), *(TextColumn(head, right=True) for head in heads)], rows)


def _cells(figures: Sequence[float], words: Mapping[str, str]) -> list[str]:
    *shares, mean_wait, set_ups = figures
    return [*(f"{100 * share:.1f} %" for share in shares), words["seconds"].format(60 * mean_wait), f"{set_ups:,.0f}"]


def sentences(found: DeskAnswer, lang: Lang) -> list[str]:
    """Return the answer in words: what the service level takes, the capacity, and what all rests on."""
    words, study = WORDS[lang], found.study
    share, seconds = 100 * study.number("answered_share"), 60 * study.number("within_minutes")
    capacity = round(set_ups_a_month(study, found.level(found.plan).answered))
    return [
        words["needs"].format(share=share, seconds=seconds, needed=found.needed, plan=found.plan),
        words["capacity"].format(capacity=capacity),
        told_of(study, lang),
    ]
