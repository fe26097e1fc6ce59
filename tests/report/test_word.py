import re
import struct
import zipfile
import zlib
from pathlib import Path

import docx
import pytest
from docx.shared import Cm, RGBColor
from lxml import etree

from qualkit.errors import OutputError
from qualkit.locale import written_date
from qualkit.report.ooxml_parts import W, control_number, control_tag, escaped
from qualkit.report.values import (
    Figure,
    Generated,
    Heading,
    Landscape,
    ListItem,
    Paragraph,
    Quote,
    Report,
    Run,
    Table,
)
from qualkit.report.word import to_docx
from qualkit.report.word_house import _AFTER_UPDATE_FIELDS, _contrast
from qualkit.report.word_styles import ACCENT, GREY, PARAGRAPHS, TINT

NS = {
    "w": W,
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
}
Q = f"{{{W}}}"


def png(width=40, height=20):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def para(text):
    return Paragraph((Run(text),))


TABLE = Table(
    "groepen",
    "Respondenten per groep",
    ("Groep", "n", "Casussen"),
    [("Professionals", "", ""), ("RET-leden", "3", "–"), ("Casus-inbrengers", "8", "9")],
    (0.5, 0.25, 0.25),
    groups=frozenset({0}),
    numeric=frozenset({1, 2}),
    note="Basis: alle interviews.",
    description="Aantal respondenten per groep",
)
FIGURE = Figure("staaf", "Opvolging per groep", png(), "Staven: 3, 7 en 4", 12.0)
SHORT = Quote("Het advies was goed.", "casus-inbrenger", "Hoe ging het?")
LONG = Quote(" ".join(["woord"] * 40), "jeugdige")
BLOCKS = (
    Heading(1, "Samenvatting", numbered=False),
    Heading(2, "Kern"),
    para("Tekst."),
    Heading(1, "Inleiding"),
    Heading(2, "Aanleiding"),
    Heading(3, "Voorgeschiedenis"),
    Heading(2, "Leeswijzer"),
    ListItem((Run("een"),), ordered=True),
    ListItem((Run("twee"),), ordered=True),
    para("Daartussen."),
    ListItem((Run("opnieuw "), Run("een", bold=True)), ordered=True),
    ListItem((Run("punt"),)),
    Heading(1, "Resultaten"),
    SHORT,
    LONG,
    TABLE,
    FIGURE,
    Landscape((Table("matrix", "Matrix", ("a", "b"), [("1", "2")], (0.7, 0.3)),)),
    Generated("kern", (para("Er zijn 18 respondenten."),)),
)


def report(blocks=BLOCKS, **more):
    known = {"language": "nl", "date": "2021-11-30", "notice": "De gegevens zijn verzonnen.", **more}
    return Report(
        "RET Jeugd", "Evaluatie", ("A. de Vries", "B. Jansen"), "Bureau", blocks=tuple(blocks), **known
    )


def written(tmp_path, blocks=BLOCKS, *, template=None, **more):
    path = tmp_path / "rapport.docx"
    to_docx(report(blocks, **more), path, template=template)
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return written(tmp_path_factory.mktemp("word"))


@pytest.fixture(scope="module")
def body(parts):
    return etree.fromstring(parts["word/document.xml"])


@pytest.fixture(scope="module")
def styles(parts):
    return etree.fromstring(parts["word/styles.xml"])


def xp(element, path):
    return element.xpath(path, namespaces=NS)


def text(element):
    return "".join(xp(element, ".//w:t/text()"))


def styled(body, style):
    return xp(body, f"//w:p[w:pPr/w:pStyle/@w:val='{style}']")


def style(styles, style_id):
    return xp(styles, f"w:style[@w:styleId='{style_id}']")[0]


# Headings, numbering, contents


def test_headings_are_real_and_numbered_by_linked_styles(parts, body, styles):
    assert [text(p) for p in styled(body, "Heading1")] == ["Samenvatting", "Inleiding", "Resultaten"]
    numbering = etree.fromstring(parts["word/numbering.xml"])
    linked = {}
    for level, style_id in enumerate(("Heading1", "Heading2", "Heading3")):
        num = xp(style(styles, style_id), "w:pPr/w:numPr/w:numId/@w:val")[0]
        abstract = xp(numbering, f"w:num[@w:numId='{num}']/w:abstractNumId/@w:val")[0]
        lvl = xp(numbering, f"w:abstractNum[@w:abstractNumId='{abstract}']/w:lvl[@w:ilvl='{level}']")[0]
        linked[xp(lvl, "w:pStyle/@w:val")[0]] = xp(lvl, "w:lvlText/@w:val")[0]
    assert linked == {"Heading1": "%1", "Heading2": "%1.%2", "Heading3": "%1.%2.%3"}
    assert xp(style(styles, "Heading1"), "w:pPr/w:pageBreakBefore")


def test_unnumbered_heading_and_what_is_below_it_has_no_number(body):
    off = [
        text(p)
        for p in xp(body, "//w:p[w:pPr/w:numPr/w:numId/@w:val='0']")
        if xp(p, "w:pPr/w:pStyle")[0].get(Q + "val").startswith("Heading")
    ]
    assert off == ["Samenvatting", "Kern"]


def test_contents_hold_numbers_headings_and_links(body):
    lines = [(xp(p, "w:pPr/w:pStyle/@w:val")[0], text(p)) for p in xp(body, "//w:p[w:hyperlink]")]
    assert lines == [
        ("TOC1", "Samenvatting…"),
        ("TOC2", "Kern…"),
        ("TOC1", "1Inleiding…"),
        ("TOC2", "1.1Aanleiding…"),
        ("TOC3", "1.1.1Voorgeschiedenis…"),
        ("TOC2", "1.2Leeswijzer…"),
        ("TOC1", "2Resultaten…"),
    ]
    assert [i for i in xp(body, "//w:instrText/text()") if " TOC " in i] == [' TOC \\o "1-3" \\h \\z \\u ']


def test_every_reference_has_its_bookmark_and_every_bookmark_ends(body):
    names = xp(body, "//w:bookmarkStart/@w:name")
    asked = [i.split()[1] for i in xp(body, "//w:instrText/text()") if i.split()[0] in ("PAGEREF", "REF")]
    assert len(asked) == 7
    assert set(asked) | set(xp(body, "//w:hyperlink/@w:anchor")) == set(names)
    starts, ends = xp(body, "//w:bookmarkStart/@w:id"), xp(body, "//w:bookmarkEnd/@w:id")
    assert starts == ends
    assert len(set(starts)) == len(starts) == 7


def test_fields_open_and_close_in_turn(parts):
    for name in ("word/document.xml", "word/footer1.xml"):
        depth = 0
        for kind in xp(etree.fromstring(parts[name]), "//w:fldChar/@w:fldCharType"):
            depth += {"begin": 1, "separate": 0, "end": -1}[kind]
            assert depth >= 0
        assert depth == 0


def test_update_fields_stands_where_word_wants_it(parts):
    names = [etree.QName(child).localname for child in etree.fromstring(parts["word/settings.xml"])]
    at = names.index("updateFields")
    assert not set(names[:at]) & _AFTER_UPDATE_FIELDS
    assert set(names[at + 1 :]) <= _AFTER_UPDATE_FIELDS


# Title page, footer, language, properties


def test_title_page_says_who_and_when(body):
    before = [text(p) for p in xp(body, "w:body/w:p")][:6]
    assert before == [
        "RET Jeugd",
        "Evaluatie",
        "Bureau",
        "A. de Vries, B. Jansen",
        "30 november 2021",
        "De gegevens zijn verzonnen.",
    ]


def test_dates_in_words():
    assert written_date("2021-03-01", "nl") == "1 maart 2021"
    assert written_date("2021-03-01", "en") == "1 March 2021"
    with pytest.raises(OutputError) as caught:
        written_date("maart", "nl")
    assert str(caught.value) == 'report date "maart" is not a date. Write it as 2021-11-30.'


def test_footer_counts_pages_in_words_but_not_on_the_title_page(parts, body):
    footer = etree.fromstring(parts["word/footer1.xml"])
    assert text(footer) == "RET Jeugd — pagina 1 van 1"
    assert [i.strip() for i in xp(footer, "//w:instrText/text()")] == ["PAGE", "NUMPAGES"]
    sections = xp(body, "//w:sectPr")
    assert [len(xp(s, "w:titlePg")) for s in sections] == [1, 0, 0]
    assert all(xp(s, "w:footerReference/@w:type") == ["default"] for s in sections)


def test_english_report(tmp_path):
    parts = written(tmp_path, language="en")
    assert "page 1 of 1" in text(etree.fromstring(parts["word/footer1.xml"]))
    body = etree.fromstring(parts["word/document.xml"])
    assert text(styled(body, "Caption")[0]) == "Table 1. Respondenten per groep"
    assert b'w:lang w:val="en-GB"' in parts["word/styles.xml"]
    assert b'<w:decimalSymbol w:val="."/>' in parts["word/settings.xml"]


def test_language_is_told_everywhere(parts, styles):
    assert xp(styles, "w:docDefaults//w:lang/@w:val") == ["nl-NL"]
    assert set(xp(styles, "//w:lang/@w:val")) == {"nl-NL"}
    assert b'w:themeFontLang w:val="nl-NL"' in parts["word/settings.xml"]


def test_properties_carry_the_report_date(tmp_path):
    written(tmp_path)
    found = docx.Document(tmp_path / "rapport.docx").core_properties
    assert (found.title, found.subject) == ("RET Jeugd", "Evaluatie")
    assert (found.author, found.language) == ("A. de Vries; B. Jansen", "nl-NL")
    assert found.created == found.modified
    assert found.created.isoformat().startswith("2021-11-30T00:00:00")


# Tables, figures, quotes, lists


def test_table_header_repeats_and_rows_stay_whole(body):
    for table in xp(body, "//w:tbl"):
        rows = xp(table, "w:tr")
        assert [len(xp(r, "w:trPr/w:tblHeader")) for r in rows] == [1] + [0] * (len(rows) - 1)
        assert all(xp(r, "w:trPr/w:cantSplit") for r in rows)
        assert xp(table, "w:tblPr/w:tblLayout/@w:type") == ["fixed"]


def test_table_alt_text_widths_groups_and_centred_columns(body):
    table = xp(body, "//w:tbl")[0]
    assert xp(table, "w:tblPr/w:tblCaption/@w:val") == ["Respondenten per groep"]
    assert xp(table, "w:tblPr/w:tblDescription/@w:val") == ["Aantal respondenten per groep"]
    assert [int(v) for v in xp(table, "w:tblGrid/w:gridCol/@w:w")] == [4536, 2268, 2268]
    group = xp(table, "w:tr")[1]
    assert (text(group), xp(group, "w:tc/w:tcPr/w:gridSpan/@w:val")) == ("Professionals", ["3"])
    assert xp(group, "w:tc/w:tcPr/w:shd")
    for line in (xp(table, "w:tr")[0], xp(table, "w:tr")[2]):
        assert [len(xp(c, "w:p/w:pPr/w:jc[@w:val='center']")) for c in xp(line, "w:tc")] == [0, 1, 1]
    assert text(styled(body, "TableNote")[0]) == "Basis: alle interviews."


def test_captions_count_and_stay_with_what_they_name(body):
    captions = styled(body, "Caption")
    assert [text(p) for p in captions] == [
        "Tabel 1. Respondenten per groep",
        "Figuur 1. Opvolging per groep",
        "Tabel 2. Matrix",
    ]
    assert [xp(p, ".//w:instrText/text()")[0].split()[:2] for p in captions] == [
        ["SEQ", "Tabel"],
        ["SEQ", "Figuur"],
        ["SEQ", "Tabel"],
    ]
    assert [len(xp(p, "w:pPr/w:keepNext")) for p in captions] == [1, 0, 1]
    assert captions[0].getnext().tag == Q + "tbl"
    assert xp(captions[1].getprevious(), "w:pPr/w:keepNext")


def test_figure_has_alt_text_and_size(body):
    drawing = xp(body, "//wp:inline")[0]
    assert xp(drawing, "wp:docPr/@descr") == ["Staven: 3, 7 en 4"]
    assert xp(drawing, "wp:extent/@cx") == [str(12 * 360000)]
    assert xp(drawing, "wp:extent/@cy") == [str(6 * 360000)]


def test_figure_never_leaves_the_page_and_ids_differ(tmp_path):
    blocks = [Figure("a", "hoog", png(10, 100), "x", 16.0), Figure("b", "breed", png(), "y", 30.0)]
    body = etree.fromstring(written(tmp_path, blocks)["word/document.xml"])
    sizes = [(int(e.get("cx")) / 360000, int(e.get("cy")) / 360000) for e in xp(body, "//wp:extent")]
    assert sizes[0][1] < 24.7
    assert sizes[0][1] == pytest.approx(10 * sizes[0][0], rel=0.001)
    assert sizes[1][0] == pytest.approx(16, abs=0.01)
    ids = xp(body, "//wp:docPr/@id")
    assert len(set(ids)) == 2


def test_quote_marks_below_forty_words_only(body):
    assert [text(p) for p in styled(body, "QuoteQuestion")] == ["Hoe ging het?"]
    (short,) = styled(body, "Quote")
    assert text(short) == "“Het advies was goed.” (casus-inbrenger)"
    assert xp(short, "w:r[w:rPr/w:rStyle/@w:val='QuoteSource']/w:t/text()") == [" (casus-inbrenger)"]
    (long,) = styled(body, "BlockQuote")
    assert text(long) == " ".join(["woord"] * 40) + " (jeugdige)"


def test_thirty_nine_words_keep_their_marks(tmp_path):
    words = " ".join(["woord"] * 39)
    body = etree.fromstring(written(tmp_path, [Quote(words, "")])["word/document.xml"])
    assert text(styled(body, "Quote")[0]) == f"“{words}”"


def test_ordered_lists_restart_and_bullets_have_a_list_style(parts, body, styles):
    nums = [xp(p, "w:pPr/w:numPr/w:numId/@w:val")[0] for p in styled(body, "ListNumber")]
    assert nums[0] == nums[1] != nums[2]
    numbering = etree.fromstring(parts["word/numbering.xml"])
    for num in nums:
        assert xp(numbering, f"w:num[@w:numId='{num}']/w:lvlOverride/w:startOverride/@w:val") == ["1"]
    assert len(styled(body, "ListBullet")) == 1
    bullet = xp(style(styles, "ListBullet"), "w:pPr/w:numPr/w:numId/@w:val")[0]
    assert xp(numbering, f"w:num[@w:numId='{bullet}']")
    assert xp(styled(body, "ListNumber")[2], "w:r[w:rPr/w:b]/w:t/text()") == ["een"]


def test_landscape_turns_and_turns_back(body):
    sections = xp(body, "//w:sectPr")
    pages = [(s.find(Q + "pgSz").get(Q + "w"), s.find(Q + "pgSz").get(Q + "h")) for s in sections]
    assert pages == [("11906", "16838"), ("16838", "11906"), ("11906", "16838")]
    assert [xp(s, "w:pgSz/@w:orient") for s in sections] == [[], ["landscape"], []]
    wide = xp(body, "//w:tbl")[1]
    assert sum(int(v) for v in xp(wide, "w:tblGrid/w:gridCol/@w:w")) == 16838 - 2 * 1417


def test_landscape_at_the_end_leaves_no_empty_page(tmp_path):
    body = etree.fromstring(written(tmp_path, [para("x"), Landscape((para("y"),))])["word/document.xml"])
    assert [xp(s, "w:pgSz/@w:orient") for s in xp(body, "//w:sectPr")] == [[], ["landscape"]]


# Content controls


def test_everything_filled_in_stands_in_a_control_of_its_own(body):
    tags = xp(body, "//w:sdt/w:sdtPr/w:tag/@w:val")
    assert tags == ["qualkit:groepen", "qualkit:staaf", "qualkit:matrix", "qualkit:kern"]
    ids = [int(v) for v in xp(body, "//w:sdt/w:sdtPr/w:id/@w:val")]
    assert len(set(ids)) == len(ids) == 5  # the contents have one too
    assert all(0 < number < 2**31 for number in ids)
    assert all(len(sdt) == 2 for sdt in xp(body, "//w:sdt"))
    kern = xp(body, "//w:sdt[w:sdtPr/w:tag/@w:val='qualkit:kern']/w:sdtContent")[0]
    assert text(kern) == "Er zijn 18 respondenten."
    assert "Daartussen." not in "".join(text(s) for s in xp(body, "//w:sdt[w:sdtPr/w:tag]"))


def test_control_ids_do_not_depend_on_what_else_is_there(tmp_path):
    one = etree.fromstring(written(tmp_path, [TABLE])["word/document.xml"])
    two = etree.fromstring(written(tmp_path, [FIGURE, TABLE])["word/document.xml"])
    path = "//w:sdtPr[w:tag/@w:val='qualkit:groepen']/w:id/@w:val"
    assert xp(one, path) == xp(two, path)


def test_long_ids_fit_and_stay_apart_and_clashes_are_solved():
    one, two = control_tag("x" * 100), control_tag("x" * 99 + "y")
    assert len(one) == len(two) == 64
    assert one != two
    used = set()
    assert control_number("qualkit:a", used) != control_number("qualkit:a", used)


# The package


def test_same_report_same_bytes(tmp_path):
    (tmp_path / "a").mkdir()
    to_docx(report(), tmp_path / "a" / "een.docx")
    to_docx(report(), tmp_path / "twee.docx")
    assert (tmp_path / "a" / "een.docx").read_bytes() == (tmp_path / "twee.docx").read_bytes()
    to_docx(report(date="2021-12-01"), tmp_path / "drie.docx")
    assert (tmp_path / "drie.docx").read_bytes() != (tmp_path / "twee.docx").read_bytes()


def test_stale_parts_are_gone_and_content_types_come_first(parts):
    assert next(iter(parts)) == "[Content_Types].xml"
    assert not [name for name in parts if re.search("stylesWithEffects|thumbnail|customXml|app.xml", name)]


def test_every_style_and_list_named_is_there(parts, styles):
    known = set(xp(styles, "w:style/@w:styleId"))
    assert len(known) == len(xp(styles, "w:style"))
    for name in ("word/document.xml", "word/footer1.xml"):
        element = etree.fromstring(parts[name])
        assert set(xp(element, "//w:pStyle/@w:val|//w:rStyle/@w:val|//w:tblStyle/@w:val")) <= known
    assert set(xp(styles, "//w:basedOn/@w:val|//w:next/@w:val")) <= known
    numbering = etree.fromstring(parts["word/numbering.xml"])
    tags = [child.tag for child in numbering]
    assert tags == sorted(tags, key=lambda tag: tag == Q + "num")
    body = etree.fromstring(parts["word/document.xml"])
    assert set(xp(body, "//w:numId/@w:val")) - {"0"} <= set(xp(numbering, "w:num/@w:numId"))


def test_colours_can_be_read():
    assert _contrast("000000", "FFFFFF") == pytest.approx(21)
    for colour in (ACCENT, GREY):
        assert _contrast(colour, "FFFFFF") >= 4.5
        assert _contrast(colour, TINT) >= 4.5


def test_control_characters_go_and_the_rest_stays(tmp_path):
    words = "a\x00b\x0bc 😀 é e\u0301 שלום <&> \ud800 \ufffe"
    assert escaped(words) == "abc 😀 é e\u0301 שלום &lt;&amp;&gt; \ufffd \ufffd"
    table = Table("t", 'c "x"', ("k",), [("één\ntwee\tdrie",)], (1.0,))
    body = etree.fromstring(written(tmp_path, [para(words), table])["word/document.xml"])
    assert "abc 😀 é e\u0301 שלום <&> \ufffd \ufffd" in text(body)
    assert xp(body, "//w:tblCaption/@w:val") == ['c "x"']
    (found,) = xp(body, "//w:tbl/w:tr[2]/w:tc/w:p/w:r")
    assert [etree.QName(child).localname for child in found] == ["t", "br", "t", "tab", "t"]


def test_report_without_headings_has_no_contents_but_a_title_page(tmp_path):
    body = etree.fromstring(written(tmp_path, [para("Alleen dit.")])["word/document.xml"])
    assert not xp(body, "//w:hyperlink")
    assert xp(body, "//w:br[@w:type='page']")


# Faults


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            Table("t", "c", ("a", "b"), [("1", "2"), ("1",)], (0.5, 0.5)),
            'table "t", row 2: 1 cells, the header has 2.',
        ),
        (
            Table("t", "c", ("a", "b"), [], (1.0,)),
            'table "t": wants one width above 0 for each of its 2 columns.',
        ),
        (Figure("f", "c", b"not a picture", "x"), 'figure "f": its bytes are no picture that Word can show.'),
    ],
)
def test_a_block_that_cannot_be_shown_leaves_no_file(tmp_path, block, message):
    with pytest.raises(OutputError) as caught:
        to_docx(report([block]), tmp_path / "x.docx")
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_survives_an_error(tmp_path):
    path = tmp_path / "x.docx"
    path.write_bytes(b"old")
    with pytest.raises(OutputError):
        to_docx(report(date="gisteren"), path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        to_docx(report(), tmp_path / "nergens" / "x.docx")


# House style


def house(folder: Path, *, dotx=False) -> Path:
    """Make a house style as a Dutch Word would: its own style ids, a header, text and a picture to drop."""
    document = docx.Document()
    styles = document.styles
    styles["Heading 1"].font.color.rgb = RGBColor(0x8A, 0x1C, 0x4A)
    styles["Heading 1"].element.set(Q + "styleId", "Kop1")
    for name in ("Quote", "List Bullet"):
        styles[name].element.getparent().remove(styles[name].element)
    section = document.sections[0]
    section.left_margin, section.page_width, section.page_height = Cm(4), Cm(21), Cm(29.7)
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].text = "BUREAU"
    section.footer.paragraphs[0].text = "Postbus 1"
    document.add_paragraph("Weg hiermee")
    (folder / "a.png").write_bytes(png())
    document.add_picture(str(folder / "a.png"))
    (folder / "a.png").unlink()
    made = folder / ("huis.dotx" if dotx else "huis.docx")
    document.save(made)
    if dotx:
        with zipfile.ZipFile(made) as old:
            kept = {name: old.read(name) for name in old.namelist()}
        types = kept["[Content_Types].xml"]
        kept["[Content_Types].xml"] = types.replace(b"document.main+xml", b"template.main+xml")
        with zipfile.ZipFile(made, "w") as new:
            for name, data in kept.items():
                new.writestr(name, data)
    return made


@pytest.mark.parametrize("dotx", [False, True])
def test_house_style_is_used_and_filled_up(tmp_path, dotx):
    template = house(tmp_path, dotx=dotx)
    before = template.read_bytes()
    parts = written(tmp_path, template=template)
    assert template.read_bytes() == before
    body, styles = etree.fromstring(parts["word/document.xml"]), etree.fromstring(parts["word/styles.xml"])
    assert b"wordprocessingml.document.main+xml" in parts["[Content_Types].xml"]
    # their style under its own id, as it was, and the number on the paragraph
    assert xp(style(styles, "Kop1"), "w:rPr/w:color/@w:val") == ["8A1C4A"]
    assert not xp(style(styles, "Kop1"), "w:pPr/w:numPr|w:pPr/w:pageBreakBefore")
    chapter = styled(body, "Kop1")[1]
    assert text(chapter) == "Inleiding"
    assert xp(chapter, "w:pPr/w:numPr/w:numId/@w:val") not in ([], ["0"])
    assert xp(chapter, "w:pPr/w:pageBreakBefore")
    assert not styled(body, "Heading1")
    # ours added, in their colour
    assert styled(body, "Quote")
    assert xp(style(styles, "TableHeading"), "w:rPr/w:color/@w:val") == ["8A1C4A"]
    known = set(xp(styles, "w:style/@w:styleId"))
    assert set(xp(body, "//w:pStyle/@w:val|//w:rStyle/@w:val|//w:tblStyle/@w:val")) <= known
    # their page, header and footer; not their text, nor the picture in it
    assert xp(body, "//w:sectPr/w:pgMar/@w:left") == [str(4 * 567)] * 3
    assert [len(xp(one, "w:titlePg")) for one in xp(body, "//w:sectPr")] == [1, 0, 0]
    words = "".join(
        text(etree.fromstring(d)) for n, d in parts.items() if re.match("word/(header|footer)", n)
    )
    assert words == "Postbus 1BUREAU"
    assert "Weg hiermee" not in text(body)
    assert [name for name in parts if name.startswith("word/media/")] == ["word/media/image1.png"]
    assert xp(styles, "w:docDefaults//w:lang/@w:val") == ["nl-NL"]


def test_house_style_leaves_existing_styles_alone(tmp_path):
    template = house(tmp_path)
    with zipfile.ZipFile(template) as package:
        old = etree.fromstring(package.read("word/styles.xml"))
    new = etree.fromstring(written(tmp_path, template=template)["word/styles.xml"])
    after = {s.get(Q + "styleId"): etree.tostring(s, method="c14n") for s in xp(new, "w:style")}
    before = {s.get(Q + "styleId"): etree.tostring(s, method="c14n") for s in xp(old, "w:style")}
    assert len(before) > 20
    assert {key: after.get(key) for key in before} == before


def test_house_style_with_numbered_headings_keeps_its_numbers(tmp_path):
    to_docx(report([Heading(1, "x")]), tmp_path / "own.docx")
    body = etree.fromstring(written(tmp_path, template=tmp_path / "own.docx")["word/document.xml"])
    assert xp(styled(body, "Heading1")[1], "w:pPr/w:numPr") == []


@pytest.mark.parametrize("kind", ["no zip", "cut off", "no document", "broken xml"])
def test_corrupt_house_style_is_told_in_one_line(tmp_path, kind):
    template = house(tmp_path)
    data = template.read_bytes()
    if kind == "no zip":
        template.write_bytes(b"hello")
    elif kind == "cut off":
        template.write_bytes(data[: len(data) // 2])
    else:
        with zipfile.ZipFile(template) as old:
            kept = {name: old.read(name) for name in old.namelist()}
        if kind == "no document":
            kept = {"[Content_Types].xml": kept["[Content_Types].xml"]}
        else:
            kept["word/styles.xml"] = b"<w:styles"
        with zipfile.ZipFile(template, "w") as new:
            for name, part in kept.items():
                new.writestr(name, part)
    with pytest.raises(OutputError) as caught:
        to_docx(report(), tmp_path / "x.docx", template=template)
    assert str(caught.value) == (
        "house style huis.docx: cannot be read as a Word document. "
        "Open it in Word, save it as .docx or .dotx, and name that file."
    )
    assert not (tmp_path / "x.docx").exists()


def test_missing_house_style_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"nergens\.dotx: there is no such file"):
        to_docx(report(), tmp_path / "x.docx", template=tmp_path / "nergens.dotx")


def test_own_styles_have_one_name_each():
    names = [one.name.lower() for one in PARAGRAPHS]
    assert len(set(names)) == len(names) == len({one.id for one in PARAGRAPHS})
