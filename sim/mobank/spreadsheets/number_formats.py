"""What a workbook shows of a number: its format applied, so that the digits say how exactly it is given.

A cell holds 176943128 and shows 17694.3 under the format `0!.0,`: that is what its owner reads and signs. A decimal
that the format may leave out (`#.##`) is shown here nevertheless, since it says how far the number was rounded.

References
----------
ECMA-376, Part 1, 18.8.31 (numFmts): sections, conditions, placeholders, scaling by commas, literals.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

GENERAL_DIGITS = 10  # that Excel shows of a fraction in a cell as wide as it likes

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<general>General)|(?P<literal>.)",
    re.DOTALL | re.IGNORECASE,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+)")
_SCIENTIFIC = r"[0#]+\.?([0#]*)[eE][+-][0#]+"
_CURRENCY = re.compile(r"\$([^-]*)-?")
_PLAIN_LITERALS = "+-()/: \xa0￥¥$€£、，"  # stand for themselves without quotes, as do letters beyond ASCII


class _Part(NamedTuple):
    """A piece of a format: a placeholder, the decimal point or a literal."""

    kind: Literal["digit", "point", "general", "text"]
    text: str = ""


class _Section(NamedTuple):
    """One section of a format, for numbers that meet its condition.

    Attributes
    ----------
    shift : by which power of ten the number is multiplied before it is shown.
    """

    condition: tuple[str, Decimal] | None
    parts: tuple[_Part, ...]
    shift: int


def decimal_of(number: float) -> Decimal:
    """Return a number of a workbook as decimal digits: the 15 that it keeps."""
    return Decimal(number) if isinstance(number, int) else Decimal(f"{number:.15g}")


def plain(number: Decimal) -> str:
    """Return all digits of a number, without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(number: Decimal, code: str) -> str | None:
    """Return what a format shows of a number, thousands not set apart; None if the format is not one that is read.

    Examples
    --------
    >>> shown(Decimal(176943128), '0!.0,'), shown(Decimal("17700.04"), "#,##0.0"), shown(Decimal("0.123"), "0.0%")
    ('17694.3', '17700.0', '12.3%')
    >>> shown(Decimal(177000000), '[>=100000000]0.00,,"百万";0')
    '177.00百万'
    """
    if match := re.fullmatch(_SCIENTIFIC, code):
        return f"{number:.{len(match[1])}E}"
    sections = _sections(code)
    if not sections:
        return None
    section, negative = _chosen(sections, number)
    if section is None:
        return None
    value = abs(number).scaleb(section.shift)
    if any(part.kind == "general" for part in section.parts):
        body = "".join(_general(value) if part.kind == "general" else part.text for part in section.parts)
    else:
        body = _filled(section.parts, value)
    return f"-{body}" if negative else body


def _general(value: Decimal) -> str:
    if value == value.to_integral_value():
        return plain(value)
    return plain(Decimal(f"{value:.{GENERAL_DIGITS}g}"))


def _chosen(sections: tuple[_Section, ...], number: Decimal) -> tuple[_Section | None, bool]:
    """Return the section for a number, and whether a minus is shown before it."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _meets(number, *section.condition):
                return section, number < 0
        return None, False
    if number < 0 and len(sections) > 1:
        return sections[1], True  # with brackets or in red, as the section has it; never without a sign here
    if number == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], number < 0


def _meets(number: Decimal, sign: str, limit: Decimal) -> bool:
    return {
        "<": number < limit, ">": number > limit, "=": number == limit,
        "<=": number <= limit, ">=": number >= limit, "<>": number != limit,
    }[sign]  # fmt: skip


def _filled(parts: tuple[_Part, ...], value: Decimal) -> str:
    """Return the digits of a number in the placeholders of a section; literals between them stay where they are."""
    point = next((i for i, part in enumerate(parts) if part.kind == "point"), len(parts))
    before = [i for i, part in enumerate(parts[:point]) if part.kind == "digit"]
    after = [i for i in range(point, len(parts)) if parts[i].kind == "digit"]
    rounded = value.quantize(Decimal(1).scaleb(-len(after)), ROUND_HALF_UP)
    whole, _, fraction = f"{rounded:f}".partition(".")
    written = {i: "" if part.kind == "digit" else part.text for i, part in enumerate(parts)}
    written |= dict(zip(after, fraction, strict=True))
    left = "" if not rounded and not after and all(parts[i].text != "0" for i in before) else whole
    for i in reversed(before):
        taken = left if i == before[0] else left[-1:]
        left = left[: len(left) - len(taken)]
        written[i] = taken or ("0" if parts[i].text == "0" else "")
    text = "".join(written[i] for i in range(len(parts)))
    return text if before else text.replace(".", f"{whole}.", 1)


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[_Section, ...]:
    """Return the sections of a format; none if it is a date's, a fraction's or otherwise not read."""
    reader = _FormatReader()
    return tuple(reader.sections) if reader.read(code) else ()


class _FormatReader:
    """Reads a format piece by piece; the section that it is in grows until a semicolon ends it."""

    def __init__(self) -> None:
        self.sections: list[_Section] = []
        self.begin()

    def begin(self) -> None:
        """Begin a section."""
        self.condition: tuple[str, Decimal] | None = None
        self.parts: list[_Part] = []
        self.scale = 0  # the power of ten to multiply by
        self.commas = 0  # since the last digit: those behind all digits divide by a thousand each

    def end(self) -> None:
        """End the section."""
        self.sections.append(_Section(self.condition, tuple(self.parts), self.scale - 3 * self.commas))
        self.begin()

    def read(self, code: str) -> bool:
        """Read the whole; return whether all of it is understood."""
        understood = all(
            self.piece(match.lastgroup or "", match[match.lastgroup or 0]) for match in _TOKEN.finditer(code)
        )
        self.end()
        return understood

    def piece(self, kind: str, text: str) -> bool:
        """Read one piece; return whether it is understood."""
        if kind == "literal":
            return self.literal(text)
        if kind == "bracket":
            return self.bracket(text)
        if kind == "point":
            self.scale, self.commas = self.scale - 3 * self.commas, 0
            self.parts.append(_Part("point", "."))
            return sum(part.kind == "point" for part in self.parts) == 1
        if kind == "comma":
            self.commas += 1
        elif kind == "digit":
            self.commas = 0  # those before stand between digits: they set thousands apart
            self.parts.append(_Part("digit", text))
        elif kind == "general":
            self.parts.append(_Part("general"))
        elif kind in ("quoted", "escaped", "percent"):
            self.scale += 2 if kind == "percent" else 0
            self.parts.append(_Part("text", text))
        return True

    def bracket(self, text: str) -> bool:
        """Read a condition, a currency or a colour."""
        if meant := _CONDITION.fullmatch(text):
            self.condition = meant[1], Decimal(meant[2])
        elif meant := _CURRENCY.match(text):
            self.parts.append(_Part("text", meant[1]))
        return re.fullmatch("[hms]+", text, re.IGNORECASE) is None

    def literal(self, text: str) -> bool:
        """Read a character that stands for itself, ends a section or shows a text."""
        if text == ";":
            self.end()
        elif text == "@":
            self.parts.append(_Part("general"))
        elif text.isascii() and text not in _PLAIN_LITERALS:
            return False
        elif text == "/" and any(part.kind == "digit" for part in self.parts):
            return False  # a fraction
        else:
            self.parts.append(_Part("text", text))
        return True
