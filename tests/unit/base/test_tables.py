"""Tables that others wrote: code pages, quotes, line breaks and columns, each fault at the line that a person sees."""

import random

import pytest

from mobank.base.cells import ENCODING, write_csv
from mobank.base.errors import InputError
from mobank.base.tables import AS_UTF_8, CsvText, named_rows, read_text
from tests.conftest import SEED

BREAKS = "\u2028\u2029\x0b\x0c\x1c\x1d\x1e\x85\r"  # str.splitlines() takes each of them for the end of a line
NAMES = ("entity", "value", "source")
BANK = "工商银行手机银行，月活跃用户（万户）"


def text_of(data: bytes, tmp_path, name: str = "t.csv") -> CsvText:
    path = tmp_path / name
    path.write_bytes(data)
    return read_text(path, name)


def cells(data: bytes | str, tmp_path, name: str = "t.csv") -> list[tuple[str, ...]]:
    written = data.encode() if isinstance(data, str) else data
    return [row.cells for row in text_of(written, tmp_path, name).rows()]


def refusal(data: bytes | str, tmp_path) -> str:
    with pytest.raises(InputError) as caught:
        cells(data, tmp_path)
    return str(caught.value.problems[0])


def by_name(table: str, tmp_path) -> tuple[list[dict[str, str]], list[str], list[str]]:
    """Return the rows by column, the problems and the remarks."""
    problems, remarks = [], []
    rows = [dict(row.texts) for row in named_rows(text_of(table.encode(), tmp_path), NAMES, problems, remarks)]
    return rows, [str(each) for each in problems], [str(each) for each in remarks]


# ------------ lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_where_an_editor_ends_them(tmp_path, end):
    rows = list(text_of(f"a,b{end}{end}1,2{end}".encode(), tmp_path).rows())
    assert [(row.line, row.cells) for row in rows] == [(1, ("a", "b")), (2, ("",)), (3, ("1", "2"))]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("sign", BREAKS, ids=lambda sign: f"U+{ord(sign):04X}")
def test_other_line_breaks_are_text_of_their_cell(tmp_path, end, sign):
    table = f'a,one{sign}two,c{end}"x{sign}y",2,3{end}'
    assert cells(table, tmp_path) == [("a", f"one{sign}two", "c"), (f"x{sign}y", "2", "3")]


def test_a_row_stands_on_the_line_where_it_begins(tmp_path):
    rows = list(text_of(b'a,b\n"one\n\ntwo",2\n3,4\n', tmp_path).rows())
    assert [(row.line, row.cells) for row in rows] == [(1, ("a", "b")), (2, ("one\n\ntwo", "2")), (5, ("3", "4"))]


def test_what_is_written_is_read_whatever_it_holds(tmp_path):
    """Tables of random cells from all signs that the syntax knows, written by our writer and read again."""
    chance = random.Random(SEED)
    for number in range(300):
        end = chance.choice(["\n", "\r\n"])
        signs = "\",;\t|ab 万=-+@'" + BREAKS + "\n"
        rows = [
            tuple("".join(chance.choices(signs, k=chance.randrange(6))) for _ in range(3))
            for _ in range(chance.randrange(1, 5))
        ]
        head = ("x1", "x2", "x3")
        path = tmp_path / f"{number}.csv"
        with path.open("w", encoding=ENCODING, newline="") as file:
            write_csv(file, [head, *rows], end)
        table = read_text(path, path.name)
        read = CsvText(table.file, table.text, ",").rows()  # so many odd signs may be told apart by another one
        assert [row.cells for row in read] == [head, *rows], (number, path.read_bytes())


# ------------ quotes


@pytest.mark.parametrize("more", [0, 131_072, 400_000])
def test_f36_a_quote_that_is_never_closed_is_named_at_its_line(tmp_path, more):
    table = 'a,b\n1,"x\ny"\n3,"open\n' + "5,six\n" * (more // 6 + 1)
    assert refusal(table, tmp_path) == (
        "t.csv:4  the cell '\"open' has a quote that is never closed; "
        "close it where the cell ends, and write a quote within a text twice"
    )
    mended = table.replace('"open', '"open"')
    assert cells(mended, tmp_path)[2] == ("3", "open")


def test_a_quote_that_meets_another_is_named_at_its_line(tmp_path):
    table = 'a,b\n1,"open\n3,"shut, and more"\n'
    assert refusal(table, tmp_path).startswith("t.csv:2  the cell '\"open' has a quote that does not end the cell; ")
    inner = 'a,b\n1,"he said "yes" twice"\n'
    assert refusal(inner, tmp_path).startswith('t.csv:2  the cell \'"he said "yes" twice"\' has a quote that does not')
    assert cells('a,b\n1,"he said ""yes"" twice"\n', tmp_path)[1] == ("1", 'he said "yes" twice')


def test_a_quote_within_a_cell_is_text(tmp_path):
    assert cells('a,b\n5" wide,it is 5"\n', tmp_path)[1] == ('5" wide', 'it is 5"')


# ------------ code pages


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_file_says_of_its_code_page_needs_no_guess(tmp_path, codec):
    table = text_of(f"a,{BANK}\n1,2\n".encode(codec), tmp_path)
    assert next(table.rows()).cells == ("a", BANK)
    assert table.guessed is None


@pytest.mark.parametrize("codec", ["gbk", "gb18030", "gb2312"])
def test_f39_chinese_of_the_mainland_is_read_and_its_code_page_said_with_the_line(tmp_path, codec):
    table = text_of(f"a,b\n1,2\n3,{BANK}\n".encode(codec), tmp_path)
    assert [row.cells for row in table.rows()][2] == ("3", BANK)
    assert (table.guessed.name, str(table.guessed.place)) == ("GB18030 (GBK)", "t.csv:3")


@pytest.mark.parametrize(
    ("text", "codec", "said"),
    [
        ("Société générale, élan, Crédit", "cp1252", "Windows-1252"),
        ("Müller, Köln, Düsseldorf", "cp1252", "Windows-1252"),
        ("工商銀行手機銀行月活躍用戶數據統計", "big5", "Big5"),
    ],
)
def test_a_code_page_that_cannot_be_known_is_refused_with_what_it_may_be(tmp_path, text, codec, said):
    message = refusal(b"a,b\n1,2\n3," + text.encode(codec) + b"\n", tmp_path)
    assert message.startswith("t.csv:3  byte 0x")
    assert said in message
    assert message.endswith(AS_UTF_8)


def test_damaged_text_is_refused_with_its_line(tmp_path):
    damaged = f"a,b\n1,{BANK}\n".encode() + b"2,\xff\xff\n"
    assert refusal(damaged, tmp_path).startswith("t.csv:3  byte 0xff is not UTF-8; ")
    assert refusal(f"a,{BANK}\n1,2".encode("utf-16")[:-1], tmp_path) == (
        "t.csv:2  byte 0x32 is not UTF-16, which the file's mark says; save it as CSV UTF-8"
    )
    assert refusal("a,b\n1,2\n".encode("utf-16-le"), tmp_path) == (
        "t.csv:1  a zero byte stands in no text; it may be UTF-16 without its mark: save it as CSV UTF-8"
    )
    assert refusal(b"a,b\n1,\0\0\0\n", tmp_path) == "t.csv:2  a zero byte stands in no text; save it as CSV UTF-8"


# ------------ columns


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_columns_stand_in_any_order_and_case(tmp_path, separator):
    table = "\n".join(separator.join(row) for row in [(" Source", "ENTITY", "Ｖalue "), ("s", "e", " 5 ")])
    assert by_name(table, tmp_path) == ([{"entity": "e", "value": "5", "source": "s"}], [], [])


def test_columns_of_other_names_are_passed_over_with_a_word(tmp_path):
    table = "note,entity,value,source,,checked by\nn,e,5,s,,me\n,,,,,\n"
    assert by_name(table, tmp_path) == (
        [{"entity": "e", "value": "5", "source": "s"}],
        [],
        ["t.csv:1  'note', 'checked by' are not read; columns of other names are passed over"],
    )


def test_a_missing_column_is_named_with_the_one_that_is_near_and_the_advice_helps(tmp_path):
    table = "entity,valeu,note\ne,5,n\n"
    assert by_name(table, tmp_path) == (
        [],
        [
            "t.csv:1  the header lacks 'value'; write 'value' for 'valeu'",
            "t.csv:1  the header lacks 'source'; it must have entity,value,source, in any order",
        ],
        [],
    )
    mended = table.replace("valeu", "value").replace("note", "source")
    assert by_name(mended, tmp_path) == ([{"entity": "e", "value": "5", "source": "n"}], [], [])


def test_a_name_that_stands_over_two_columns_is_refused(tmp_path):
    assert by_name("entity,value,Value,source\ne,5,6,s\n", tmp_path)[:2] == (
        [],
        ["t.csv:1  'value' names two columns; keep the one that is meant"],
    )


def test_rows_of_other_lengths_are_refused_at_their_lines_but_for_empty_cells(tmp_path):
    rows, problems, _ = by_name("entity,value,source\ne,5\ne,6,s,,\ne,7,s,,x\n,,\n", tmp_path)
    assert [row["value"] for row in rows] == ["6"]
    assert problems == ["t.csv:2  2 columns must be 3", "t.csv:4  5 columns must be 3"]


def test_a_fault_of_a_quote_comes_with_those_before_it(tmp_path):
    _, problems, _ = by_name('entity,value,source\ne,5\ne,6,"s\n', tmp_path)
    assert [problem[:7] for problem in problems] == ["t.csv:2", "t.csv:3"]


def test_a_file_without_a_header_lacks_all(tmp_path):
    assert by_name("\n,,\n", tmp_path)[1] == [
        "t.csv:1  the header lacks 'entity', 'value', 'source'; it must have entity,value,source, in any order"
    ]
