"""Terminals and locales: any encoding, any width, a full or closed output; never a traceback, never a cut cell."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mobank.base.cells import write_table
from mobank.base.digits import places, spanned, written
from mobank.base.errors import RunError
from mobank.base.quantities import Month
from mobank.cli import terminal
from mobank.cli.output import PLAIN, STEERING, AnyOutput, any_output, readable, spelled, visible
from mobank.ensemble.plan import ALL
from mobank.report.render.text_table import TextColumn, TextTable, laid_out
from mobank.report.tables import year_end_table
from tests.faults.odd_texts import bare, odd_texts

ROOT = Path(__file__).resolve().parents[2]
TEXTS = odd_texts()
ENCODINGS = ("ascii", "latin-1", "cp1252", "gbk", "utf-8")
TINY = "extends: baseline.yaml\nquestion: Tiny “x” 万户?\nuntil: 2023-03\nasks: off\n"
RUN = ("run", "scenarios/tiny.yaml", "--draws", "20", "--no-shares", "--lang", "en")
STOPPED = re.compile(r"standard output could not be written: \S.*\n")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Return a workspace in which the small run is made already, so that a command shows it at once."""
    folder = tmp_path_factory.mktemp("workspace")
    for name in ("scenarios", "calibration"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "scenarios/tiny.yaml").write_text(TINY, encoding="utf-8")
    done = command(folder, *RUN)
    assert done.returncode == 0, done.stderr
    return folder


def command(folder: Path, *words: str, shell: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own; `shell` is what a shell is to do with its streams."""
    line = [sys.executable, "-m", "mobank", *words]
    if shell:
        line = ["sh", "-c", f'"$@" {shell}', "sh", *line]
    keep = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LC_ALL", "PYTHONIOENCODING")}
    return subprocess.run(line, cwd=folder, env=keep | environment, capture_output=True, timeout=300, check=False)


# ------------ encodings


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_is_written_in_any_encoding_with_what_it_has(encoding):
    for text in TEXTS:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)
        AnyOutput(stream, "").write(text)
        stream.flush()
        shown = raw.getvalue().decode(encoding)
        left = iter(shown)
        assert all(each in left for each in text if has(each, encoding)), text  # in this order
        assert encoding != "utf-8" or shown == text
    print(f"{encoding}: {len(TEXTS)} texts")


def has(character: str, encoding: str) -> bool:
    return character.encode(encoding, "ignore") != b""


def test_signs_that_carry_meaning_are_spelled_in_ascii():
    assert (
        spelled("69.5 % ± 1.0, ≤ 0.1 %, 515 – 516 … → × “万”", "ascii")
        == '69.5 % +/- 1.0, <= 0.1 %, 515 - 516 ... -> x "?"'
    )
    assert all(text.isascii() for text in PLAIN.values())


def test_a_name_that_is_no_text_is_replaced_and_nothing_steers_the_terminal():
    assert readable("a\udcff\ud800b") == "a??b"
    assert readable("\udcff") == "\ufffd"
    assert visible("a\x1b[31m\r\u202eb\n") == "a\ufffd[31m\ufffd\ufffdb\n"
    assert not STEERING.search("".join(TEXTS))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_f19_no_terminal_ends_a_command(workspace, encoding):
    for words, part in ((RUN, "registered"), (("describe", "--lang", "zh"), "客户状态")):
        done = command(workspace, *words, PYTHONIOENCODING=encoding)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
        assert spelled(part, encoding) in done.stdout.decode(encoding)


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_f19_the_c_locale(workspace, utf8):
    c = {"LC_ALL": "C", "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0"}
    assert command(workspace, *RUN, **c).returncode == 0
    (workspace / "scenarios" / "万户.yaml").write_text(TINY, encoding="utf-8")
    done = command(workspace, "check", "scenarios/万户.yaml", **c)
    if utf8 == "1":
        assert (done.returncode, done.stdout) == (0, b"1 file checked: no problems.\n")
    else:  # the remedy that is named is the other member of this test
        said = "'scenarios/??.yaml' is no name in the encoding of this system, ascii; set PYTHONUTF8=1\n"
        assert (done.returncode, done.stderr.decode()) == (2, f"{said}1 problem; nothing was run.\n")


# ------------ full and closed


@pytest.mark.parametrize(
    "words", [("describe",), ("check", "scenarios/tiny.yaml"), RUN, ("--help",), ("run", "--help")]
)
@pytest.mark.parametrize("shell", [">/dev/full", ">&-"])
def test_f20_a_full_or_closed_output_is_one_sentence(workspace, words, shell):
    if "full" in shell and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = command(workspace, *words, shell=shell)
    assert done.returncode == 1
    assert STOPPED.fullmatch(done.stderr.decode())


@pytest.mark.parametrize("shell", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&-"])
def test_f20_closed_errors_are_passed_over(workspace, shell):
    done = command(workspace, "check", "scenarios/tiny.yaml", shell=shell)
    assert done.returncode == (1 if ">&- 2" in shell else 0)
    assert done.stderr == b""
    wrong = command(workspace, "check", "scenarios/nothing.yaml", shell=shell)
    assert wrong.returncode == 2


def test_f20_a_reader_that_has_gone_is_nothing_to_speak_of(workspace):
    """`mobank schema | head`: it ends as other tools do, which SIGPIPE ends, and in silence."""
    reader, writer = os.pipe()
    os.close(reader)
    line = [sys.executable, "-m", "mobank", "schema"]
    done = subprocess.run(line, cwd=workspace, stdout=writer, stderr=subprocess.PIPE, timeout=300, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_output_that_failed_is_said_once_and_then_left(monkeypatch):
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    output = AnyOutput(Full(), "standard output")
    with pytest.raises(RunError) as caught:
        output.write("a")
    assert str(caught.value) == "standard output could not be written: No space left on device"
    assert output.write("b") == 1
    output.flush()
    quiet = AnyOutput(Full(), "")
    assert quiet.write("a") == 1


# ------------ widths and looks


def numbers(text: str) -> list[str]:
    return re.findall(r"\d[\d,]*\.?\d*", text)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_g2_no_cell_of_a_run_is_cut_at_any_width(workspace, lang, monkeypatch, capsys):
    """All that is shown at 300 columns is shown at 20, letter by letter but for the rule; paths are never broken."""
    monkeypatch.chdir(workspace)
    shown = {}
    for width in (300, 132, 100, 84, 80, 72, 60, 50, 40, 33, 25, 20):
        monkeypatch.setenv("COLUMNS", str(width))
        text = in_process(monkeypatch, capsys, *RUN[:-1], lang)
        lines = [line for line in text.splitlines() if not line.startswith("outputs/")]
        assert all(columns(line) <= width for line in lines), width
        shown[width] = text
    assert "…" not in "".join(shown.values())
    for text in shown.values():
        assert sorted(set(numbers(text))) == sorted(set(numbers(shown[300])))
    print(f"{lang}: {len(shown)} widths")


def in_process(monkeypatch, capsys, *words: str) -> str:
    from mobank.cli import main

    monkeypatch.setattr("sys.argv", ["mobank", *words])
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    return capsys.readouterr().out


def columns(line: str) -> int:
    from rich.cells import cell_len

    return cell_len(line)


@pytest.mark.parametrize("words", [("describe",), ("describe", "--lang", "zh"), ("run", "--help"), ("--help",)])
def test_no_text_of_a_command_is_cut_at_twenty_columns(workspace, words, monkeypatch, capsys):
    """Every word that is shown at 300 columns is shown at 20, where a long one stands on two lines."""
    monkeypatch.chdir(workspace)
    said = {}
    for width in (300, 20):
        monkeypatch.setenv("COLUMNS", str(width))
        said[width] = in_process(monkeypatch, capsys, *words)
    assert len(said[300].split()) > 40
    assert not [part for part in said[300].replace("─", "").split() if part not in bare(said[20])]


class Terminal(io.StringIO):
    """What takes looks."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [("NO_COLOR", "1", True), ("NO_COLOR", "", True), ("TERM", "dumb", True), ("TERM", "xterm", False)],
)
def test_looks_are_for_terminals_that_want_them(monkeypatch, name, value, plain):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(name, value)
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    with any_output():
        terminal.heading("[b]a[/b]")
        terminal.table(TextTable([TextColumn("x", dim=True)], [("1",)], "title"))
    shown = screen.getvalue()
    assert ("\x1b" not in shown) is plain
    assert re.sub("\x1b\\[[0-9]*m", "", shown).split() == ["[b]a[/b]", "title", "x", "─", "1"]


# ------------ digits


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_g2_a_headline_number_has_three_digits_and_fits_into_eighty_columns(tmp_path, lang):
    """32,693,900 users with a half-width of two million: 3,270 万户, not 3,269.39."""
    month = Month.of(2024, 12)
    numbers = {
        "registered": (30_694_000, 32_693_900, 34_692_000),
        "mau": (2.1e7, 2.24e7, 2.36e7),
        "stickiness": (0.6, 0.683, 0.75),
    }
    rows = [
        {"measure": name, "segment": ALL, "month": str(month), "p5": low, "p50": middle, "p95": high}
        for name, (low, middle, high) in numbers.items()
    ]
    write_table(rows, tmp_path / "summary.csv")
    shown = year_end_table(tmp_path / "summary.csv", SimpleNamespace(months=[month]), lang)
    millions = ["32.7", "30.7 – 34.7", "22.4", "21.0 – 23.6", "68.3 %"]
    wan = ["3,270", "3,070 – 3,470", "2,240", "2,100 – 2,360", "68.3 %"]
    assert list(shown.rows[0]) == ["2024-12", *(wan if lang == "zh" else millions)]
    lines = ["".join(text for text, _ in line) for line in laid_out(shown, 80)]
    assert any(line.strip("─ ") == "" and "─" in line for line in lines), "it is a table still"
    assert max(map(columns, lines)) <= 80


@pytest.mark.parametrize(
    ("low", "middle", "high", "said"),
    [
        (3069.4, 3269.39, 3469.2, ("3,270", "3,070 – 3,470")),  # G2: three digits, not six
        (515.5, 515.83, 516.3, ("515.8", "515.5 – 516.3")),  # narrow: more, or the ends would meet
        (170.3, 178.5, 186.9, ("178", "170 – 187")),
        (1.703, 1.785, 1.869, ("1.78", "1.70 – 1.87")),
        (0.0, 0.0, 0.0, ("0", "0 – 0")),
        (5.0, 5.0, 5.0, ("5.00", "5.00 – 5.00")),
        (-0.4, 0.02, 0.3, ("0.020", "-0.400 – 0.300")),
        (99.0, 100.0, 250.0, ("100", "99 – 250")),
    ],
)
def test_a_number_has_as_many_digits_as_its_interval_bears(low, middle, high, said):
    assert spanned(low, middle, high) == said


def test_no_number_says_more_than_six_digits_or_less_than_three():
    for power in range(-3, 9):
        for width in (0.0, 1e-9, 1e-3, 0.1, 1.0, 10.0):
            value = 3.26939 * 10.0**power
            after = places(value, value, value * (1 + width))
            shown = float(written(value, after).replace(",", ""))
            assert abs(shown / value - 1) < 0.5 / 326
            assert 2 <= after + power <= 5
