"""Each broken file of tests/data/broken is refused with exactly the message that stands beside it.

`<kind>__<slug>.yaml` is the file, `<kind>__<slug>.txt` its complete message, with the path from the root.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sim import located
from sim.errors import InputError

ROOT = Path(__file__).parents[2]
BROKEN = Path("tests/data/broken")
LOCATED_KINDS = {"duplicate_key", "wrong_indent", "full_width", "encoding", "yaml_tricks", "extends"}


def kind(path: Path) -> str:
    return path.name.partition("__")[0]


FILES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / BROKEN).glob("*.yaml")
    if path.with_suffix(".txt").exists() and kind(path) in LOCATED_KINDS
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_the_message_beside_it(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError) as refusal:
        located.load_extended(path)
    assert f"{refusal.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_kind_has_at_least_three_broken_files():
    counts = Counter(map(kind, FILES))
    assert {each for each in LOCATED_KINDS if counts[each] < 3} == set()
