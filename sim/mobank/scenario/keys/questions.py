"""Keys of what is asked: the question of a file in words, and questions of chance about measures."""

from typing import ClassVar

from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys import model_names
from mobank.scenario.kinds import MONTH, NUMBER, TEXT, Either, KeyKind, ListOf, ModelName
from mobank.scenario.nouns import Nested, Noun, Ways, YamlKey

MEASURE = ModelName(model_names.measures, "a measure")


class QuestionKeys(Noun):
    """A text in both languages. / 中英文文本。"""

    zh = YamlKey(TEXT, "中文", "明年会怎样？", "", required=True).says("The text in Chinese.", "中文文本。")
    en = YamlKey(TEXT, "英文", "What will next year bring?", "", required=True).says(
        "The text in English.", "英文文本。"
    )


class Bilingual(KeyKind[tuple[str, str]]):
    """A text in English and in Chinese: one for both, or {en: …, zh: …}."""

    @property
    def shape(self) -> Either:
        """A text, or a mapping of two."""
        return Either.of(TEXT, Nested(QuestionKeys))

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> tuple[str, str]:
        """Return the text in English and in Chinese; "" for what cannot be read."""
        if not here.is_mapping:
            text = here.text() or ""
            return text, text
        at = QuestionKeys.at(here)
        return at.read(QuestionKeys.en) or "", at.read(QuestionKeys.zh) or ""


BILINGUAL = Bilingual()


class ConditionKeys(Noun):
    """What a measure may do. / 指标须满足的条件。"""

    measure = YamlKey(MEASURE, "指标", "mau").says("Which measure.", "指标。")
    at_least = YamlKey(NUMBER, "不低于", "2亿").says("This or more.", "不低于。")
    at_most = YamlKey(NUMBER, "不高于", "1.5亿").says("This or less.", "不高于。")

    ways = ((measure, at_least),)


class RaceKeys(Noun):
    """A question of which condition is met first. / 先后竞赛的问题。"""

    reaches_first = YamlKey(Nested(ConditionKeys), "先达到").says(
        "A race: this condition is met before that of `before`.", "竞赛：此条件先于 before 达到。"
    )
    before = YamlKey(Nested(ConditionKeys), "对手", "{measure: registered, at_least: 6亿}").says(
        "The condition that it races against.", "竞赛的对手条件。"
    )
    by = YamlKey(MONTH, "最迟", "2025-12").says("Met once, in this month or earlier.", "最迟到此月达到过一次。")

    ways: ClassVar[Ways] = ((reaches_first, before, by),)


RUNNERS = (RaceKeys.reaches_first, RaceKeys.before)


class AskKeys(RaceKeys):
    """A question of chance. / 要回答概率的问题。"""

    measure = YamlKey(MEASURE, "指标", "mau").says("Which measure is asked about.", "所问的指标。")
    at_least = YamlKey(NUMBER, "不低于", "2亿").says(
        "This or more. One of at_least, at_most and between.", "不低于。at_least、at_most、between 三选一。"
    )
    at_most = YamlKey(NUMBER, "不高于", "1.5亿").says("This or less.", "不高于。")
    between = YamlKey(ListOf(NUMBER, 2), "区间", "[1.8亿, 2.2亿]").says(
        "From the first to the second, with `in`.", "在两者之间，与 in 同用。"
    )
    in_ = YamlKey(MONTH, "当月", "2025-12").says("Met in this very month.", "恰在此月满足。")

    ways = ((measure, at_least, RaceKeys.by),)
