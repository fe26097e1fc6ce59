import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualkit.errors import TableError, UnknownNameError
from qualkit.sources import read_table


def made(tmp_path: Path, content: str | bytes, name: str = "respondenten.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def excel(tmp_path: Path, *rows, title: str = "Blad1") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    path = tmp_path / "respondenten.xlsx"
    book.save(path)
    return path


def cells(table):
    return [(row.number, [row[column] for column in table.columns]) for row in table.rows]


def refusal(path, **options):
    with pytest.raises(TableError) as caught:
        read_table(path, **options)
    return str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_newlines(tmp_path, separator, encoding, newline):
    lines = [
        separator.join(row) for row in (("code", "naam, groep"), ("CI-1 ", "Zoë"), ("", ""), ("CI-2", ""))
    ]
    lines[0] = lines[0].replace("naam, groep", '"naam, groep"')
    table = read_table(made(tmp_path, newline.join(lines).encode(encoding)))
    assert table.columns == ("code", "naam, groep")
    assert cells(table) == [(2, ["CI-1", "Zoë"]), (4, ["CI-2", ""])]


def test_the_separator_that_excel_writes_above_the_header(tmp_path):
    table = read_table(made(tmp_path, "sep=;\r\na,b;c\r\n1,5;2\r\n"))
    assert table.columns == ("a,b", "c")
    assert cells(table) == [(3, ["1,5", "2"])]


def test_quoted_cells_of_more_lines_are_numbered_by_their_first(tmp_path):
    table = read_table(made(tmp_path, 'a,"b\nc"\n1,"x\n\ny"\n2,"zegt ""ja"""\n'))
    assert table.columns == ("a", "b\nc")
    assert cells(table) == [(3, ["1", "x\n\ny"]), (6, ["2", 'zegt "ja"'])]


@given(
    st.lists(st.lists(st.text('ab,;\t\n"é😀 ', max_size=6), min_size=2, max_size=2), min_size=1, max_size=6)
)
def test_what_is_written_as_csv_is_read(tmp_path_factory, rows):
    import csv
    import io

    sheet = io.StringIO()
    csv.writer(sheet, delimiter=";").writerows([["een", "twee"], *rows, ["slot", "slot"]])
    table = read_table(made(tmp_path_factory.mktemp("csv"), sheet.getvalue()))
    wanted = [[cell.strip() for cell in row] for row in rows]
    assert [row for _, row in cells(table)] == [row for row in wanted if any(row)] + [["slot", "slot"]]


def test_all_faults_are_told_at_once(tmp_path):
    path = made(tmp_path, 'code;;groep;code\n1;2;3;4;5\n1;2;3;4;\n1;2;"open\n')
    assert refusal(path) == (
        "respondenten.csv cannot be used: 4 faults.\n"
        "- respondenten.csv, line 1: column 2 has no name. Name it, or take the column out.\n"
        '- respondenten.csv, line 1: columns 1 and 4 are both named "code". Rename one of them.\n'
        "- respondenten.csv, line 2: 5 cells, and the header names 4 columns. "
        "Name the column, or put a cell that holds the separator between quotation marks.\n"
        "- respondenten.csv, line 4: the quotation marks in the row that begins here do not pair. "
        'Close the quote, and write a quotation mark within a cell twice ("").'
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the file is empty (0 bytes). Copy it again from where it came from."),
        (b"\n;;\n", "the table has no rows."),
        (b"a;b\n;\n", "there are no rows below the header. Fill in at least one."),
        (b"a;b\n1;\x9d", "byte 0x9D at offset 6 is neither UTF-8 nor Windows-1252. "
         "Save it again as plain text, encoding UTF-8."),
        (b"PK\x03\x04rest", 'this is an Excel file with the name ".csv". '
         "Open it in Excel and save it as .xlsx or CSV."),
    ],
)  # fmt: skip
def test_a_table_that_is_none(tmp_path, content, fault):
    path = made(tmp_path, content)
    assert refusal(path) == f"respondenten.csv cannot be used: 1 fault.\n- respondenten.csv: {fault}"


@pytest.mark.parametrize("suffix", [".xls", ".ods"])
def test_other_spreadsheets_are_refused_with_the_mend(tmp_path, suffix):
    assert refusal(made(tmp_path, b"x", f"r{suffix}")) == (
        f'r{suffix} cannot be used: 1 fault.\n- r{suffix}: files of the kind "{suffix}" are not read. '
        "Open it in Excel and save it as .xlsx or CSV."
    )


def test_excel_cells_become_text(tmp_path):
    path = excel(
        tmp_path,
        ["code", "datum", "uur", "tijd", "n", "x", "ja", None],
        ["CI-1 ", date(2021, 7, 13), datetime(2021, 7, 13, 9, 30), time(9, 30), 3.0, 2.5, True, None],
        [None] * 8,
        ["CI-2", datetime(2021, 7, 13), None, None, 4, "ja", False, " "],
        [None, None, "  "],
    )
    table = read_table(path)
    assert table.columns == ("code", "datum", "uur", "tijd", "n", "x", "ja")
    assert cells(table) == [
        (2, ["CI-1", "2021-07-13", "2021-07-13T09:30:00", "09:30:00", "3", "2.5", "true"]),
        (4, ["CI-2", "2021-07-13", "", "", "4", "ja", "false"]),
    ]


def test_excel_faults_and_sheets(tmp_path):
    path = excel(tmp_path, ["a", None, "a"], [1, 2, 3, 4])
    assert refusal(path) == (
        "respondenten.xlsx cannot be used: 3 faults.\n"
        "- respondenten.xlsx, row 1: column 2 has no name. Name it, or take the column out.\n"
        '- respondenten.xlsx, row 1: columns 1 and 3 are both named "a". Rename one of them.\n'
        "- respondenten.xlsx, row 2: 4 cells, and the header names 3 columns. "
        "Name the column, or empty the cell."
    )
    assert 'there is no sheet "Blad2". Closest: "Blad1".' in refusal(path, sheet="Blad2")
    assert read_table(excel(tmp_path, ["a"], [1]), sheet="Blad1").rows[0]["a"] == "1"


def test_a_wrong_size_in_the_sheet_hides_no_cells(tmp_path):
    path = excel(tmp_path, ["a", "b"], [1, 2], [3, 4])
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b'ref="A1:B3"' in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'ref="A1:B3"', b'ref="A1"')
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    assert cells(read_table(path)) == [(2, ["1", "2"]), (3, ["3", "4"])]


def test_damaged_and_locked_excel_files(tmp_path):
    mend = "Open it in Excel and save it as .xlsx or CSV."
    path = made(tmp_path, b"PK nothing", "r.xlsx")
    assert (
        refusal(path)
        == f"r.xlsx cannot be used: 1 fault.\n- r.xlsx: the file is damaged or no Excel file at all. {mend}"
    )
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(500))
    assert f"the file is locked with a password, or an old .xls. {mend}" in refusal(path)


def test_require_names_what_is_missing_and_what_is_near(tmp_path):
    table = read_table(made(tmp_path, "code,groep,regio\n1,2,3"))
    table.require("code", "groep")
    with pytest.raises(TableError) as caught:
        table.require("groepen", "code", "interviewer")
    assert str(caught.value) == (
        "respondenten.csv cannot be used: 2 faults.\n"
        '- respondenten.csv: column "groepen" is missing. Closest: "groep".\n'
        '- respondenten.csv: column "interviewer" is missing. There are: "code", "groep", "regio".'
    )


def test_an_unknown_column_is_an_error_and_no_cell_is_in_a_repr(tmp_path):
    row = read_table(made(tmp_path, "code,groep\ngeheim,2")).rows[0]
    with pytest.raises(UnknownNameError):
        row["grop"]
    assert "geheim" not in repr(row)
