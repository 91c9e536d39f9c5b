"""The page on which every report stands: one HTML file that opens offline, reads on a screen and prints on A4.

Reports compose sections from a few pieces (`table`, `cards`, `figure`, `text`, `facts`) and hand them to `page`. Text
is escaped wherever it comes from; only what these functions return is taken for HTML. Equal input gives equal bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from mobank.base.files import begins_with
from mobank.base.quantities import Lang

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

is_page = begins_with(b'<meta name="generator" content="mobank">')  # whether a file is a page of ours

Kind = Literal["text", "short", "wide", "number", "dim"]
TableKind = Literal["", "small", "narrow"]


@dataclass(frozen=True)
class Column:
    """The head of a column: its title, and how its cells stand.

    "number" and "dim" stand to the right ("dim" in grey), "short" is never broken, "wide" takes the room that is left.
    """

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Card:
    """One number to be seen first: what it is, its value, and the band or the note under it."""

    what: str
    value: "str | Markup"
    band: "str | Markup"


@dataclass(frozen=True)
class Section:
    """A heading ("" for none) and what stands below it; `fresh` sections begin a new sheet in print."""

    heading: str
    parts: Sequence["Markup"]
    fresh: bool = False

    @property
    def body(self) -> "Markup":
        """All parts, one below the other."""
        from markupsafe import Markup

        return Markup("\n").join(self.parts)


def page(title: str, sections: Sequence[Section], lang: Lang, *, above: str = "", below: str = "") -> str:
    """Return a whole HTML document.

    Parameters
    ----------
    title : the heading of the page, and its title in the browser.
    above, below : a line over and a line under the heading; "" for none.
    """
    style = _environment().get_template("style.css").render()
    return (
        _template("page.html.j2").render(
            title=title, sections=sections, lang=lang, above=above, below=below, style=raw(style)
        )
        + "\n"
    )


def table(
    head: Sequence[Column], rows: Sequence[Sequence["str | Markup"]], kind: TableKind = "", caption: str = ""
) -> "Markup":
    """Return a table; each row has a cell a column."""
    if any(len(row) != len(head) for row in rows):
        raise ValueError(f"rows of {sorted({len(row) for row in rows})} cells for {len(head)} columns")
    return _piece("table", head, rows, kind, caption)


def cards(items: Sequence[Card]) -> "Markup":
    """Return numbers to be seen first, side by side."""
    return _piece("cards", items)


def figure(svg: str, prefix: str, alt: str) -> "Markup":
    """Return a picture in the page itself; `alt` says it to whoever cannot see it. See `inline` for the prefix."""
    return _piece("figure", raw(inline(svg, prefix)), alt)


def text(*paragraphs: "str | Markup", note: bool = False) -> "Markup":
    """Return paragraphs; notes are set smaller and grey."""
    return _piece("text", paragraphs, "note" if note else "")


def facts(pairs: Sequence[tuple[str, "str | Markup"]]) -> "Markup":
    """Return names with their values, one a line."""
    return _piece("facts", pairs)


def bar(share: float, words: "str | Markup") -> "Markup":
    """Return a bar filled by a share, 0 to 1, with words to its right."""
    return _piece("bar", min(max(share, 0.0), 1.0), words)


def beside(left: "Markup", right: "Markup") -> "Markup":
    """Return two pieces side by side, below one another where there is no room."""
    return raw('<div class="beside"><div>') + left + raw("</div><div>") + right + raw("</div></div>")


def together(*pieces: "Markup") -> "Markup":
    """Return pieces that one sheet of paper must hold."""
    from markupsafe import Markup

    return raw('<div class="together">') + Markup("\n").join(pieces) + raw("</div>")


def subheading(words: str) -> "Markup":
    """Return a heading within a section."""
    return _wrapped("h3", words)


def code(words: str) -> "Markup":
    """Return words as one types them."""
    return _wrapped("code", words)


def tag(words: str, *, unverified: bool = False) -> "Markup":
    """Return a label; that of an unverified number stands out, on paper too."""
    return _wrapped("span", words, "tag unverified" if unverified else "tag")


def mark(words: str) -> "Markup":
    """Return a sign that refers to a note."""
    return _wrapped("span", words, "mark")


def below(words: str, more: str) -> "Markup":
    """Return words with more of them in small print on a line below."""
    return raw("") + words + raw("<br>") + _wrapped("small", more)


def raw(html: str) -> "Markup":
    """Return HTML that is trusted, because this package made it; never give it words of a scenario."""
    from markupsafe import Markup

    return Markup(html)


def inline(svg: str, prefix: str) -> str:
    """Return an SVG file as an element, without its header, every id that is referred to begun with a prefix.

    Two pictures of one page use the same names for their glyphs and clip paths; without the prefix the second would be
    drawn with the first one's. Other ids, which name parts for a program, may occur twice and are left out.
    """
    element = svg[svg.index("<svg") :].strip()
    element = re.sub(r"<metadata>.*?</metadata>\s*", "", element, flags=re.DOTALL)
    wanted = set(re.findall(r'href="#([^"]*)"', element)) | set(re.findall(r"url\(#([^)]*)\)", element))

    def named(found: re.Match[str]) -> str:
        return f' id="{prefix}-{_word(found[1])}"' if found[1] in wanted else ""

    element = re.sub(r'\s+id="([^"]*)"', named, element)
    element = re.sub(r"url\(#([^)]*)\)", lambda found: f"url(#{prefix}-{_word(found[1])})", element)
    return re.sub(r'href="#([^"]*)"', lambda found: f'href="#{prefix}-{_word(found[1])}"', element)


def _word(name: str) -> str:
    return re.sub(r"\s+", "-", name)


def _wrapped(element: str, words: str, kind: str = "") -> "Markup":
    from markupsafe import Markup

    opening = Markup('<{} class="{}">').format(element, kind) if kind else Markup("<{}>").format(element)
    return opening + words + Markup("</{}>").format(element)


def _piece(macro: str, *arguments: Any) -> "Markup":
    return raw(str(getattr(_template("parts.html.j2").module, macro)(*arguments)))


@cache
def _template(name: str) -> "Template":
    return _environment().get_template(name)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("mobank.report.render", "templates"),
        autoescape=lambda name: name != "style.css",
        undefined=StrictUndefined,
        keep_trailing_newline=False,
    )
