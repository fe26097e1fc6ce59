"""The workbook holds what the frame holds, as Excel reads it; the quotation table is flat and in order."""

import zipfile

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl.utils.escape import unescape

from qualkit.errors import OutputError, UnknownNameError
from qualkit.report import workbook
from qualkit.report.workbook import Sheet, quotation_table, write_workbook

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def write(path, *sheets):
    write_workbook(path, sheets, date="2022-03-20")
    return path


def cells(path, name="Citaten"):
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[name].iter_rows()]


def part(path, name="xl/worksheets/sheet1.xml"):
    with zipfile.ZipFile(path) as package:
        return etree.fromstring(package.read(name))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
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
    sheet = part(write(tmp_path / "a.xlsx", Sheet("Citaten", pd.DataFrame({"text": [text]}))))
    cell = sheet.find(f".//{S}c[@r='A2']")
    assert (cell.get("t"), "".join(cell.itertext())) == ("inlineStr", text)
    assert [one.tag for one in cell] == [f"{S}is"]  # no f, no v
    assert sheet.find(f"{S}hyperlinks") is None


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)))
def test_any_text_comes_back(tmp_path_factory, texts):
    path = write(
        tmp_path_factory.mktemp("law") / "a.xlsx",
        Sheet("Citaten", pd.DataFrame({"text": texts}, dtype=object)),
    )
    # openpyxl leaves the _x001F_ by which Excel writes what XML does not have
    assert [unescape(value) for (value,) in cells(path)[1:]] == texts


def test_half_of_a_pair_does_not_stop_the_workbook(tmp_path):
    frame = pd.DataFrame({"text": ["a\ud83db"]}, dtype=object)
    assert cells(write(tmp_path / "a.xlsx", Sheet("Citaten", frame)))[1] == ["a?b"]


def test_values_keep_their_kind(tmp_path):
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None], dtype="Int64"),
            "part": [0.5, float("nan")],
            "endless": [float("inf"), -float("inf")],
            "big": [2**60, 1],
            "yes": pd.array([True, None], dtype="boolean"),
            "kind": pd.Categorical(["a", None]),
            "text": ["b", None],
            "mixed": pd.Series([frame_number(), None], dtype=object),
        }
    )
    assert cells(write(tmp_path / "a.xlsx", Sheet("Citaten", frame)))[1:] == [
        [1, 0.5, "inf", str(2**60), True, "a", "b", 7],
        [None, None, "-inf", 1, None, None, None, None],
    ]


def frame_number():
    return pd.Series([7]).to_numpy()[0]  # a numpy integer, as object columns may hold


def test_title_note_header_filter_and_panes(tmp_path):
    frame = pd.DataFrame({"code": ["A1", "D1"], "n": [1, 2]})
    sheet = Sheet(
        "Citaten", frame, "Titel", "Eerste regel.\nTweede regel.", {"code": 30}, frozenset({"code"})
    )
    path = write(tmp_path / "a.xlsx", sheet)
    assert cells(path) == [
        ["Titel", None],
        ["Eerste regel.", None],
        ["Tweede regel.", None],
        ["code", "n"],
        ["A1", 1],
        ["D1", 2],
    ]
    page = openpyxl.load_workbook(path)["Citaten"]
    assert (page.freeze_panes, page.auto_filter.ref) == ("A5", "A4:B6")
    assert page["A4"].font.bold
    assert not page["A5"].font.bold
    assert page["A5"].alignment.wrap_text
    assert not page["B5"].alignment.wrap_text
    assert round(page.column_dimensions["A"].width) == 31  # Excel counts the padding


def test_a_long_note_is_broken_where_a_screen_ends(tmp_path):
    note = " ".join(["woord"] * 30)
    path = write(tmp_path / "a.xlsx", Sheet("Citaten", pd.DataFrame({"a": [1]}), note=note))
    assert cells(path) == [[" ".join(["woord"] * 23)], [" ".join(["woord"] * 7)], ["a"], [1]]


def test_wrapped_text_gets_a_row_as_high_as_it_needs(tmp_path):
    frame = pd.DataFrame({"text": ["kort", "x" * 25, "a\nb\nc\nd", "y" * 9000]})
    page = part(
        write(tmp_path / "a.xlsx", Sheet("Citaten", frame, widths={"text": 10}, wrap=frozenset({"text"})))
    )
    assert [row.get("ht") for row in page.iter(f"{S}row")] == [None, None, "45", "60", "408.75"]


def test_an_empty_frame_gives_header_and_note(tmp_path):
    path = write(tmp_path / "a.xlsx", Sheet("Citaten", pd.DataFrame({"a": [], "b": []}), note="Niets."))
    assert cells(path) == [["Niets.", None], ["a", "b"]]
    assert cells(write(tmp_path / "b.xlsx", Sheet("Citaten", pd.DataFrame(), note="Niets."))) == [["Niets."]]


@pytest.mark.parametrize("char", ["x", "😀"])
def test_a_cell_beyond_the_limit_is_cut_and_told(tmp_path, char):
    units = len(char.encode("utf-16-le")) // 2
    fits, long = char * (32_767 // units), char * (32_767 // units + 1)
    frame = pd.DataFrame({"text": [fits, long, "kort"]})
    (note,), _, (first,), (second,), (third,) = cells(write(tmp_path / "a.xlsx", Sheet("Citaten", frame)))
    assert note == "1 cel is ingekort: Excel laat per cel 32767 tekens toe."
    assert (first, third) == (fits, "kort")
    assert second == char * ((32_767 - len("… [ingekort]")) // units) + "… [ingekort]"

    two = Sheet("Citaten", pd.DataFrame({"a": [long], "b": [long]}), note="Eigen.")
    assert cells(write(tmp_path / "b.xlsx", two))[:2] == [
        ["Eigen.", None],
        ["2 cellen zijn ingekort: Excel laat per cel 32767 tekens toe.", None],
    ]


def test_all_that_excel_cannot_hold_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "_MAX_ROWS", 3)
    frame = pd.DataFrame({"a": [1, 2]})
    sheets = [
        Sheet("x" * 32, frame),
        Sheet("Codes/groepen?", frame),
        Sheet("'Codes", frame),
        Sheet("codes", frame),
        Sheet("Codes", frame),
        Sheet("History", frame),
        Sheet("", frame),
        Sheet("lang", frame, "Titel"),
        Sheet("breed", frame, widths={"b": 3}),
    ]
    with pytest.raises(OutputError) as caught:
        write_workbook(tmp_path / "a.xlsx", sheets, date="2022-03-20")
    assert str(caught.value) == (
        f"{tmp_path / 'a.xlsx'} cannot be written as Excel: "
        f'sheet "{"x" * 32}": the name has 32 characters; Excel takes 1 to 31. '
        'sheet "Codes/groepen?": the name has / ?; Excel takes none of [ ] : * ? / \\. '
        "sheet \"'Codes\": the name begins or ends with '; leave it out. "
        'sheet "Codes": the name is used twice, and Excel takes capitals and small letters as equal. '
        'sheet "History": Excel keeps this name for itself; choose another. '
        'sheet "": the name has 0 characters; Excel takes 1 to 31. '
        'sheet "lang": 4 rows; Excel takes 3. Leave rows out, or write CSV. '
        'sheet "breed": a width or wrap is given for "b", which is no column of its table.'
    )
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_without_sheets_is_refused(tmp_path):
    with pytest.raises(OutputError, match="a workbook has at least one sheet; none was given"):
        write_workbook(tmp_path / "a.xlsx", [], date="2022-03-20")


def test_an_error_half_way_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    class Broken:
        def __str__(self):
            raise RuntimeError("half way")

    target = tmp_path / "a.xlsx"
    target.write_bytes(b"old")
    frame = pd.DataFrame({"a": ["one", "two", Broken()]}, dtype=object)
    with pytest.raises(RuntimeError, match="half way"):
        write(target, Sheet("Een", frame), Sheet("Twee", frame))
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a.xlsx", b"old")]


def test_equal_input_gives_equal_bytes_with_the_date_asked_for(tmp_path):
    sheet = Sheet("Citaten", pd.DataFrame({"a": ["x"], "n": [1]}), "Titel")
    first, second = write(tmp_path / "a.xlsx", sheet), write(tmp_path / "b.xlsx", sheet)
    assert first.read_bytes() == second.read_bytes()
    core = {etree.QName(one).localname: one.text for one in part(first, "docProps/core.xml")}
    assert core["created"] == core["modified"] == "2022-03-20T00:00:00Z"


def codings():
    rows = [
        ("CI-10", 5, 9, "A1", "een", None, None, True, 1),
        ("CI-2", 50, 60, "A1", "twee", "gewenst", "+", False, 7),
        ("CI-2", 50, 60, "A10", "twee", None, None, None, 7),
        ("CI-2", 50, 60, "A2", "twee", None, None, None, 7),
        ("CI-2", 9, 12, "D1", "=drie", None, "−", None, None),
        (None, 1, 2, "A1", "los", None, None, None, 1),
    ]
    names = ["participant", "start", "end", "code_id", "text", "soort", "oordeel", "asked", "paragraph"]
    frame = pd.DataFrame(rows, columns=names)
    frame["document_id"] = frame["participant"].fillna("los")
    frame = frame.assign(
        code="Naam", coder="AB", codebook_version="1.0.0", coding_id="x", created_at="t", role="p"
    )
    categories = [
        "participant",
        "document_id",
        "code_id",
        "code",
        "soort",
        "oordeel",
        "coder",
        "codebook_version",
    ]
    return frame.astype({**dict.fromkeys(categories, "category"), "asked": "boolean", "paragraph": "Int64"})


def test_quotation_table_is_flat_complete_and_in_natural_order():
    people = pd.DataFrame({"participant": ["CI-2", "CI-10", "CI-11"], "rol": ["inbrenger", "", "ouder"]})
    table = quotation_table(codings(), people, "rol")
    head = "participant group document_id paragraph code_id code soort oordeel asked text coder"
    assert " ".join(table.columns) == f"{head} codebook_version start end"
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        ["", "", "los", 1, "A1", "Naam", "", "", "", "los", "AB", "1.0.0", 1, 2],
        ["CI-2", "inbrenger", "CI-2", None, "D1", "Naam", "", "−", "", "=drie", "AB", "1.0.0", 9, 12],
        ["CI-2", "inbrenger", "CI-2", 7, "A1", "Naam", "gewenst", "+", "nee", "twee", "AB", "1.0.0", 50, 60],
        ["CI-2", "inbrenger", "CI-2", 7, "A2", "Naam", "", "", "", "twee", "AB", "1.0.0", 50, 60],
        ["CI-2", "inbrenger", "CI-2", 7, "A10", "Naam", "", "", "", "twee", "AB", "1.0.0", 50, 60],
        ["CI-10", "", "CI-10", 1, "A1", "Naam", "", "", "ja", "een", "AB", "1.0.0", 5, 9],
    ]
    kinds = [str(table[name].dtype) for name in ("group", "paragraph", "asked", "start")]
    assert kinds == [
        "str",
        "Int64",
        "str",
        "int64",
    ]
    assert list(table.index) == list(range(6))


def test_an_index_with_doubles_does_not_double_rows():
    people = pd.DataFrame({"participant": ["CI-2"], "rol": ["inbrenger"]})
    doubled = codings().set_axis([0] * 6)
    pd.testing.assert_frame_equal(
        quotation_table(doubled, people, "rol"), quotation_table(codings(), people, "rol")
    )


def test_quotation_table_of_nothing_has_its_columns():
    people = pd.DataFrame({"participant": ["CI-2"], "rol": ["inbrenger"]})
    table = quotation_table(codings().iloc[:0], people, "rol")
    assert (len(table), len(table.columns)) == (0, 14)


def test_an_attribute_that_is_not_there_is_told():
    people = pd.DataFrame({"participant": ["CI-2"], "rol": ["inbrenger"]})
    with pytest.raises(UnknownNameError, match=r'attribute "role" is not known\. Closest: "rol"\.'):
        quotation_table(codings(), people, "role")
