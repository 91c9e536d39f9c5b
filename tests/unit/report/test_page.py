"""The page of every report: one file that needs nothing else, whatever words are put into it."""

import re
from html.parser import HTMLParser

import pytest

from mobank.report.render.page import (
    Card,
    Column,
    Section,
    bar,
    cards,
    code,
    facts,
    figure,
    inline,
    page,
    table,
    tag,
    text,
)

NASTY = '<script>alert("a & b")</script>'
SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "x" "y">
<svg xmlns="http://www.w3.org/2000/svg"><metadata>who made it</metadata>
<defs><path id="glyph a" d="M 0 0"/><clipPath id="c1"><rect/></clipPath></defs>
<g id="part" clip-path="url(#c1)"><g id="part"/><use xlink:href="#glyph a"/></g></svg>
"""


class Reader(HTMLParser):
    """Collect ids, references to them, tags and what would be fetched."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.ids, self.references, self.tags, self.fetched = [], [], [], []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href", "src"):
                (self.references if value.startswith("#") else self.fetched).append(value.removeprefix("#"))
            else:
                self.references += re.findall(r"url\(#([^)]*)\)", value or "")


def whole():
    parts = [
        cards([Card(NASTY, NASTY, NASTY)]),
        text(NASTY, note=True),
        facts([(NASTY, code(NASTY))]),
        tag(NASTY),
        table([Column(NASTY, "wide")], [[NASTY], [bar(0.5, NASTY)]], "small", NASTY),
        figure(SVG, "one", NASTY),
        figure(SVG, "two", "the same again"),
    ]
    return page(NASTY, [Section(NASTY, parts, fresh=True)], "zh", above=NASTY, below=NASTY)


def test_words_are_escaped_wherever_they_stand():
    document = whole()
    assert "script" not in Reader(document).tags
    assert document.count("&lt;script&gt;") >= 12


def test_no_two_elements_share_an_id_and_every_reference_finds_its_own():
    read = Reader(whole())
    assert sorted(read.ids) == ["one-c1", "one-glyph-a", "two-c1", "two-glyph-a"]
    assert sorted(read.references) == sorted(read.ids)


def test_a_page_fetches_nothing():
    document = whole()
    assert Reader(document).fetched == []
    assert not re.search(r"@import|url\((?!#)|<link|<script|<img", document)


def test_the_language_is_told_and_equal_input_gives_equal_bytes():
    assert '<html lang="zh-Hans">' in whole()
    assert whole() == whole()


def test_a_picture_loses_its_header_only():
    assert inline(SVG, "p").startswith("<svg ")
    assert "who made it" not in inline(SVG, "p")


@pytest.mark.parametrize(("share", "width"), [(-0.1, "0.0%"), (0.256, "25.6%"), (1.5, "100.0%")])
def test_a_bar_is_never_longer_than_its_place(share, width):
    assert f"width:{width}" in bar(share, "x")
