"""The workbook holds what the frame holds, as Excel reads it; the quotation table is flat and in order."""

import zipfile

import openpyxl
import pandas as pd
import pytest

from qualkit.errors import OutputError, UnknownNameError
from qualkit.report import workbook
from qualkit.report.workbook import Sheet, quotation_table, write_workbook


def cells(path, name="Citaten"):
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def write(path, *sheets, date="2022-03-20"):
    write_workbook(path, sheets, date=date)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=HYPERLINK(\"http://x\")",
        "{=SOM(A1)}",
        "+31 6",
        "-ja",
        "@iemand",
        "http://voorbeeld.nl",
        "https://voorbeeld.nl/a b",
        "mailto:a@b.nl",
        "internal:Blad1!A1",
        "007",
        "1e5",
        "TRUE",
        " spatie voor en na ",
        "twee\nregels",
        "<b>&amp;</b> ]]>",
        "é e\u0301 😀 \u05d0",
    ],
)
def test_text_is_text(tmp_path, text):
    path = write(tmp_path / "a.xlsx", Sheet("Citaten", pd.DataFrame({"text": [text]})))
    cell = openpyxl.load_workbook(path)["Citaten"]["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s" if text[0] != "=" else cell.data_type, None)
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert sheet.count('t="inlineStr"') == 2
