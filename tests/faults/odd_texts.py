"""Texts as people write them and no writer expects them: pieces of every syntax that a text passes through."""

import random
from collections.abc import Iterator

from tests.conftest import SEED
from tests.faults.counts import TIMES

MARKUP = (
    "[b]",
    "[/b]",
    "[/]",
    "[bold red]x",
    "[link=http://a.b]",
    "[mau]",
    ":warning:",
    ":smiley:",
    "\\",
    "\\[",
    "[",
    "]",
)
MATHS = ("$", "$5 m", "$\\frac{1}{2}$", "\\badcommand", "$_$", "x^2_3", "\\$", "$$")
PAGES = (
    "<b>",
    "</title>",
    "<script>alert(1)</script>",
    "&amp;",
    "&",
    '"',
    "'",
    "]]>",
    "<!--",
    "-->",
    "{{ x }}",
    "{% x %}",
)
FORMATS = ("{}", "{0}", "{x!r}", "%s", "%(a)s", "100%", "{", "}")
FORMULAS = ("=1+1", "+1", "-1", "-", "@SUM(A1)", "'=1", "''@", "'tis", "=HYPERLINK(1)", "_x0041_", "1e5", "-0.5")
PATTERNS = ("*", "**", "?", "[a-z]", "[!x]", "~", "#", "|", ";", ",", ":", "`", "!", "(1)", "…", "a=b")
LETTERS = ("万户", "（手机银行）", "é", "e\u0301", "🙂", "العربية", "İß", "한글", "≤±–", "5 %", "x", "reach", "½")
PIECES = MARKUP + MATHS + PAGES + FORMATS + FORMULAS + PATTERNS + LETTERS
COUNT = 240 * TIMES


def odd_texts(count: int = COUNT, seed: int = SEED) -> list[str]:
    """Return so many texts, all printable, none twice: each piece alone, then pieces and random characters mixed."""
    chance = random.Random(seed)
    found = dict.fromkeys(each for each in PIECES if each.isprintable())
    while len(found) < count:
        parts = [
            chance.choice(PIECES) if chance.random() < 0.7 else next(_characters(chance))
            for _ in range(chance.randint(1, 7))
        ]
        found.setdefault(chance.choice(("", " ")).join(parts).strip())
    return [each for each in found if each][:count]


def file_names(count: int, seed: int = SEED) -> list[str]:
    """Return so many texts that may be the name of a file here: short, without a slash, no dots alone."""
    texts = (each.replace("/", "∕")[:40].strip(" .") for each in odd_texts(3 * count, seed))
    return list(dict.fromkeys(each for each in texts if each))[:count]


def _characters(chance: random.Random) -> Iterator[str]:
    while True:
        each = chr(
            chance.choice((chance.randint(33, 0x24F), chance.randint(0x370, 0x30FF), chance.randint(0x4E00, 0x1F9FF)))
        )
        if each.isprintable():
            yield each


def bare(text: str) -> str:
    """Return a text without its blanks, as it can be compared with one that was wrapped."""
    return "".join(text.split())
