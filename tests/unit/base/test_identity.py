"""Two digests of the code: numbers follow the law, pages follow the report, and neither follows a comment."""

import shutil
from pathlib import Path

import pytest

from mobank.base import identity
from mobank.base.cache import cache_folder
from mobank.base.identity import digests, law_digest, report_digest
from mobank.base.source import law_and_words, parse, text_positions

MODEL_PY = '''"""A bank."""

from dataclasses import dataclass

@dataclass(frozen=True)
class Parameter:
    """A named number."""

    name: str
    plausible: float
    meaning: str
    zh: str = ""


LAPSE = Parameter("lapse_rate", 0.05, "a regular user stops", "活跃流失率")


def lapsing(lapse_rate):
    """A regular user stops."""
    if lapse_rate < 0:
        raise ValueError(f"{lapse_rate} is negative", "write 5 %")
    return 2.0 * lapse_rate  # a month
'''
SCENARIO_PY = """WORDS = {"en": {"start": "start"}, "zh": {"start": "起点"}}
LINES = [Parameter("close_rate", 0.01, meaning="a user deregisters", zh="注销率")]
UNITS = {"万": 1e4, "亿": 1e8}
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a small package with a module in some rooms."""
    files = {
        "model/bank.py": MODEL_PY,
        "scenario/keys.py": SCENARIO_PY,
        "base/messages/words.py": "HELLO = 'hello'\n",
        "report/page.py": "TITLE = 'A run'\n",
        "report/templates/page.html.j2": "<h1>{{ title }}</h1>",
        "report/templates/style.css": "h1 { color: black }",
        "batch/unit.py": "SIZE = 250\n",
        "batch/page.py": "TITLE = 'A job'\n",
        "calibration/fitting.py": "ROWS = 4000\n",
        "calibration/backtest/scoring.py": "FEW = 10\n",
        "calibration/report/page.py": "TITLE = 'A fit'\n",
        "cli/run.py": "SEED = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def changed(package: Path, file: str, old: str, new: str) -> set[str]:
    """Return which digests change with a text of one file."""
    before = digests(package)
    text = (package / file).read_text(encoding="utf-8")
    assert old in text
    (package / file).write_text(text.replace(old, new), encoding="utf-8")
    return {name for name, digest in digests(package).items() if digest != before[name]}


LAWS = {"runs", "jobs", "fits", "refits"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model/bank.py", "# a month", "# per person and month"),
        ("model/bank.py", '"""A bank."""', '"""Another bank."""'),
        ("model/bank.py", '"""A regular user stops."""', '"""Stops."""'),
        ("model/bank.py", "2.0 * lapse_rate", "( 2.0\n            * lapse_rate )"),
        ("model/bank.py", '"""A bank."""\n', ""),
        ("report/page.py", "'A run'", "'A run'  # the title"),
        ("cli/run.py", "SEED = 1", "SEED = 2"),
        ("batch/page.py", "A job", "One job"),
        ("model/bank.py", "is negative", "is below 0"),
        ("model/bank.py", "write 5 %", "write 0.05"),
    ],
)
def test_what_neither_computes_nor_is_read_on_a_page_changes_no_digest(package, file, old, new):
    assert changed(package, file, old, new) == set()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model/bank.py", "活跃流失率", "流失率"),
        ("model/bank.py", ', "a regular user stops"', ', "a regular user lapses"'),
        ("scenario/keys.py", "起点", "开始"),
        ("scenario/keys.py", '"start": "start"', '"start": "begin"'),
        ("scenario/keys.py", "a user deregisters", "deregisters"),
        ("scenario/keys.py", "注销率", "销户率"),
        ("base/messages/words.py", "hello", "good day"),
        ("report/page.py", "A run", "One run"),
        ("report/templates/page.html.j2", "h1", "h2"),
        ("report/templates/style.css", "black", "gray"),
    ],
)
def test_a_word_of_a_page_changes_the_report_alone(package, file, old, new):
    assert changed(package, file, old, new) == {"report"}


@pytest.mark.parametrize(
    ("file", "old", "new", "laws"),
    [
        ("model/bank.py", "2.0 *", "3.0 *", LAWS),
        ("model/bank.py", "2.0 *", "2.0 +", LAWS),
        ("model/bank.py", "lapse_rate < 0", "lapse_rate <= 0", LAWS),
        ("model/bank.py", '"lapse_rate"', '"lapsing_rate"', LAWS),
        ("model/bank.py", "0.05", "0.06", LAWS),
        ("scenario/keys.py", '"万": 1e4', '"萬": 1e4', LAWS),
        ("batch/unit.py", "250", "500", {"jobs"}),
        ("calibration/fitting.py", "4000", "5000", {"fits", "refits"}),
        ("calibration/backtest/scoring.py", "10", "20", {"fits"}),
    ],
)
def test_what_computes_changes_the_law_that_it_belongs_to(package, file, old, new, laws):
    assert changed(package, file, old, new) == laws


def test_the_report_of_a_fit_is_no_law(package):
    assert changed(package, "calibration/report/page.py", "A fit", "One fit") == set()


def test_a_module_more_or_under_another_name_changes_the_law(package):
    before = digests(package)
    (package / "model/bank.py").rename(package / "model/banks.py")
    assert {name for name, digest in digests(package).items() if digest != before[name]} == {*LAWS, "report"}


def test_an_installed_copy_has_the_digests_of_the_checkout(tmp_path):
    """A wheel lies elsewhere, carries what is shipped, with Python files among it, and has caches of bytecode."""
    copy = tmp_path / "site-packages" / "mobank"
    shutil.copytree(identity.PACKAGE, copy)
    (copy / "shipped" / "calibration").mkdir(parents=True)
    (copy / "shipped" / "calibration" / "fit.py").write_text("print(1)\n", encoding="utf-8")
    (copy / "model" / "__pycache__").mkdir(exist_ok=True)
    (copy / "model" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"\xff")
    assert digests(copy) == {law: law_digest(law) for law in identity.LAWS} | {"report": report_digest()}


def test_every_part_of_a_law_is_there():
    parts = {part for law in identity.LAWS.values() for part in law}
    assert [part for part in parts if not (identity.PACKAGE / part).exists()] == []


# ------------ kept between processes


def kept(package: Path) -> dict[str, str]:
    """Return the digests as a new process finds them."""
    return dict(identity._digests.__wrapped__(package))


def test_digests_are_kept_and_a_torn_file_is_mended(package, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.with_name("cache")))
    wanted = digests(package)
    assert kept(package) == wanted
    for torn in ("{", "[]", '{"runs": ""}'):
        (file,) = cache_folder(identity.CACHE).glob("*")
        file.write_text(torn, encoding="utf-8")
        assert kept(package) == wanted
    monkeypatch.setattr(identity, "digests", lambda package: pytest.fail("computed again"))
    assert kept(package) == wanted
    (package / "cli" / "run.py").write_text("SEED = 3\n", encoding="utf-8")
    with pytest.raises(pytest.fail.Exception):
        kept(package)


def test_only_the_latest_states_of_the_code_are_kept(package, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.with_name("states")))
    monkeypatch.setattr(identity, "MOST_KEPT", 2)
    for seed in range(4):
        (package / "cli" / "run.py").write_text(f"SEED = {seed}\n", encoding="utf-8")
        kept(package)
    assert len(list(cache_folder(identity.CACHE).iterdir())) == 2
    monkeypatch.setattr(identity, "digests", lambda package: pytest.fail("computed again"))
    assert kept(package)


def test_a_cache_that_cannot_be_written_costs_time_alone(package, monkeypatch):
    monkeypatch.setattr("mobank.base.cache.places", lambda name: iter([Path("/proc/self/mobank"), Path("/dev/null/x")]))
    assert cache_folder("x") is None
    assert kept(package) == digests(package)


def test_the_cache_is_in_the_users_folder_else_in_a_temporary_one(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder("x") == tmp_path / "caches/mobank/x"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("x") == tmp_path / ".cache/mobank/x"
    monkeypatch.setenv("HOME", "/proc/nonexistent")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder("x").parent == tmp_path
    cache_folder("x").chmod(0o777)
    assert cache_folder("x") is None, "what others can write is not believed"


# ------------ words by position


def test_words_are_found_by_position_in_methods_of_all_classes():
    classes = text_positions([parse("class Key:\n    def says(self, en, zh): ...\n")])
    law, words = law_and_words(parse("from keys import Key\nsize = Key('size').says('how much', '多少')\n"), classes)
    assert words.split("\0") == ["how much", "多少"]
    assert "'size'" in law


def test_words_are_found_by_position_in_functions_of_the_module_and_in_classes_of_all():
    classes = text_positions([parse("class Flow:\n    name: str\n    meaning_zh: str\n")])
    source = "def number(low, en, zh): ...\nA = number(1, 'one', '一')\nB = Flow('adopt', '注册')\n"
    law, words = law_and_words(parse(source), classes)
    assert words.split("\0") == ["one", "一", "注册"]
    assert "adopt" in law
    assert "one" not in law
