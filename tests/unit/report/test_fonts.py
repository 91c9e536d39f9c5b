"""Fonts: the first chart of a process is set as all others are, whatever matplotlib has remembered."""

import pytest

from mobank.report.render import fonts


def test_fonts_that_are_found_on_the_way_are_used_from_the_first_chart_on(monkeypatch: pytest.MonkeyPatch):
    known = {"DejaVu Sans"}

    def learn() -> str | None:
        known.update(("Liberation Sans", "Noto Sans CJK SC"))
        return "Noto Sans CJK SC"

    monkeypatch.setattr(fonts, "_installed", lambda: known)
    monkeypatch.setattr(fonts, "chinese_font", learn)
    first = fonts.families("en")
    assert first == fonts.families("en") == ["Liberation Sans", "DejaVu Sans", "Noto Sans CJK SC"]
