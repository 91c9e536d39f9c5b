"""Which fonts the charts may use: matplotlib ships none with Chinese glyphs, and a missing glyph prints as a box.

A font counts as Chinese only if its file holds every character of GB 2312, the 6,763 that Chinese systems have
always had, so that any title can be set in it; a Japanese font with a few hundred gaps is refused.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from matplotlib import font_manager

from mobank.base.quantities import Lang

CHINESE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Source Han Sans", "PingFang SC",
    "Microsoft YaHei", "HarmonyOS Sans SC", "Alibaba PuHuiTi", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Hiragino Sans GB", "Heiti SC", "STHeiti", "SimHei", "Arial Unicode MS", "Noto Sans CJK JP",
)  # fmt: skip
LATIN = ("Source Sans 3", "Source Sans Pro", "Inter", "Noto Sans", "Helvetica Neue", "Arial", "Liberation Sans")
PUNCTUATION = "，。、：；（）“”·–—%0123456789"  # the minus sign may come from DejaVu, which is always at hand


def chart_language(lang: str) -> Lang:
    """Return the language that a chart can be set in: Chinese if it is asked for and a font has it, else English."""
    return "zh" if lang == "zh" and chinese_font() else "en"


@cache
def chinese_font() -> str | None:
    """Return the name of the best installed font with all Chinese glyphs, or None if there is no such font.

    matplotlib remembers the fonts of its first run; those installed since are looked for before giving up.
    """
    found = _first(CHINESE)
    if found is None:
        _learn_new_fonts()
        found = _first(CHINESE)
    return found


def families(lang: Lang) -> list[str]:
    """Return the fonts to set a chart in, the best first; each is installed, the last ships with matplotlib."""
    chinese = chinese_font()  # which may find fonts that were not known before
    installed = _installed()
    latin = [name for name in LATIN if name in installed][:1] if lang == "en" else []
    if lang == "zh" and chinese:
        return [chinese, "DejaVu Sans"]
    return [*latin, "DejaVu Sans", *([chinese] if chinese else [])]


def missing(name: str, text: str) -> str:
    """Return the characters of a text that a font has no glyph for, in its normal or its bold face."""
    faces = [font_manager.FontProperties(family=name, weight=weight) for weight in ("normal", "bold")]
    with quiet():
        fonts = [font_manager.get_font(font_manager.findfont(face, fallback_to_default=False)) for face in faces]
    return "".join(c for c in dict.fromkeys(text) if not all(font.get_char_index(ord(c)) for font in fonts))


def gb2312() -> str:
    """Return the Chinese characters of GB 2312, the national standard of 1980."""
    codes = bytes(byte for row in range(0xB0, 0xF8) for column in range(0xA1, 0xFF) for byte in (row, column))
    return codes.decode("gb2312", errors="ignore")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep matplotlib from warning that a font, as WenQuanYi Zen Hei, has one weight only, or lacks an emoji."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+ ")
            yield
    finally:
        log.setLevel(level)


def _installed() -> set[str]:
    return {entry.name for entry in font_manager.fontManager.ttflist}


def _first(names: tuple[str, ...]) -> str | None:
    installed, needed = _installed(), gb2312() + PUNCTUATION
    return next((name for name in names if name in installed and _covers(name, needed)), None)


def _covers(name: str, needed: str) -> bool:
    with suppress(ValueError):  # the file has gone since matplotlib looked
        return not missing(name, needed)
    return False


def _learn_new_fonts() -> None:
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted({str(path) for path in font_manager.findSystemFonts()} - known):
        with suppress(OSError, RuntimeError, ValueError):  # not a font that matplotlib can draw
            font_manager.fontManager.addfont(path)
