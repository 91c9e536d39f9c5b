"""Keys of retention: of those who registered in one month, which share is still counted months later."""

from dataclasses import replace

from mobank.base.quantities import read_share_interval
from mobank.scenario.keys import model_names
from mobank.scenario.keys.customers import FigureKeys
from mobank.scenario.keys.values import FigureSourceKeys
from mobank.scenario.kinds import Each, EachOf, Reading, Words
from mobank.scenario.nouns import Nested

OLDEST = 120  # months after registering
SHARE = Reading(read_share_interval, Words("a share above 0% and below 100%, as printed", "公布的比例原文"))


class CohortKeys(FigureSourceKeys):
    """Who registered in one month, by age in months: 1, 3, 12. / 某月注册的客户，按注册后月数（1、3、12 等）。"""

    wording = FigureKeys.wording
    definition = replace(FigureKeys.definition).says(
        "Which of the definitions it follows; model: counted exactly as the model counts.",
        "所用口径的名称；可写 model：与模型的统计完全一致。",
    )
    source = FigureKeys.source

    ways = ((FigureKeys.source, FigureSourceKeys.evidence),)

    @classmethod
    def written(cls) -> str:
        """Return how a cohort is written, with examples."""
        return f"{{1: 62%, 12: 36%, {source_and_evidence()}}}"


def source_and_evidence() -> str:
    """Return how it is written where a cohort was published."""
    return f"{FigureKeys.source.line}, {FigureSourceKeys.evidence.line}"


COHORT = Nested(CohortKeys, Each(SHARE, "age in months", OLDEST))
RETENTION = EachOf.one("measure of those who registered", model_names.of_registered, Each(COHORT, "month"))
