"""The transcript with its codes in the margin: the words stay whole, every coding is told once."""

import re
import zipfile
from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from qualkit.errors import AnchorError, OutputError
from qualkit.model import Document, Segment
from qualkit.report.coded import write_coded
from qualkit.report.package import write_package

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NAMES = {"A1": "Samenstelling", "D1": "Verloop van de hulp", "D10": "Tien", "gewenst": "wens"}
COLOURS = {"A1": "#112299", "D1": "#772255", "X": ""}


def document(*turns, lead="", name="CI-3"):
    """Make a document of turns (role, words), each after a label on its own line."""
    text, segments = lead, []
    for paragraph, (role, words) in enumerate(turns, 1):
        speaker = "Interviewer" if role == "interviewer" else "Sanne"
        text += f"{speaker}: "
        segments.append(Segment(len(text), len(text) + len(words), speaker, role, paragraph))
        text += words + "\n"
    return Document(name, text, tuple(segments), "txt")


def coding(document, start, end, code="D1", *, soort=None, oordeel=None, coder="AB", text=None):
    return {
        "document_id": document.name,
        "start": start,
        "end": end,
        "text": document.text[start:end] if text is None else text,
        "code_id": code,
        "soort": soort,
        "oordeel": oordeel,
        "coder": coder,
        "codebook_version": "1.0.0",
    }


def frame(*rows):
    made = pd.DataFrame(rows, columns=list(coding(Document("x", "", (), "txt"), 0, 0)))
    return made.astype(dict.fromkeys(("document_id", "code_id", "soort", "oordeel", "coder"), "category"))


def write(path, document, codings, *, language="nl", date="2022-03-20", title="Evaluatie"):
    names, colours = NAMES, COLOURS
    write_coded(
        path, document, codings, title=title, language=language, names=names, colours=colours, date=date
    )
    with zipfile.ZipFile(path) as package:
        return etree.fromstring(package.read("word/document.xml"))


def said(node):
    """Return the text of a paragraph or a run, with breaks and tabs as the characters they stand for."""
    marks = {f"{W}br": "\n", f"{W}tab": "\t", f"{W}cr": "\r"}
    return "".join(
        marks.get(one.tag) or one.text or ""
        for one in node.iter(f"{W}t", f"{W}br", f"{W}tab", f"{W}cr")
        if one.getparent().tag == f"{W}r"  # a tab stop of a style is a w:tab as well
    )


def style(node):
    found = node.find(f"./{W}rPr/{W}rStyle")
    return "" if found is None else found.get(f"{W}val")


def rows(body):
    """Return the rows of the first table but its head: number, runs of the words, lines of the margin."""
    table = next(body.iter(f"{W}tbl"))
    made = []
    for line in table.findall(f"{W}tr")[1:]:
        number, words, margin = line.findall(f"{W}tc")
        runs = [(style(run), said(run)) for run in words.iter(f"{W}r")]
        made.append((said(number), runs, [said(one) for one in margin.findall(f"{W}p") if said(one)]))
    return made


def marked(runs):
    """Return the runs of one turn as one line: [n ... n] for the marks, {...} where two or more overlap."""
    shapes = {"QuotationNumber": "<%s>", "Coded": "(%s)", "CodedTwice": "{%s}"}
    return "".join(
        shapes.get(style, "%s") % text for style, text in runs if style not in ("Speaker", "TimeMark")
    )


def words(runs):
    return "".join(text for style, text in runs if style not in ("QuotationNumber", "Speaker", "TimeMark"))


def test_nested_and_overlapping_quotations_are_split_at_every_edge(tmp_path):
    one = document(("participant", "abcdefgh"))
    at = one.segments[0].start
    spans = [(at + 0, at + 5), (at + 1, at + 3), (at + 4, at + 7)]
    body = write(tmp_path / "a.docx", one, frame(*(coding(one, *span) for span in spans)))
    (row,) = rows(body)
    assert marked(row[1]) == "<[1>(a)<[2>{bc}<2]>(d)<[3>{e}<1]>(fg)<3]>h"


def test_same_end_closes_the_inner_one_first(tmp_path):
    one = document(("participant", "abcd"))
    at = one.segments[0].start
    body = write(tmp_path / "a.docx", one, frame(coding(one, at, at + 4), coding(one, at + 2, at + 4)))
    assert marked(rows(body)[0][1]) == "<[1>(ab)<[2>{cd}<2]><1]>"


def test_the_line_has_the_colour_of_the_innermost_code_and_the_margin_of_each(tmp_path):
    one = document(("participant", "abcdef"))
    at = one.segments[0].start
    codings = frame(
        coding(one, at, at + 5, "A1"), coding(one, at + 1, at + 2, "D1"), coding(one, at + 3, at + 4, "X")
    )
    body = write(tmp_path / "a.docx", one, codings)
    assert [line.get(f"{W}color") for line in body.iter(f"{W}u")] == [
        "112299",
        "772255",
        "112299",
        "595959",
        "112299",
    ]
    assert [square.get(f"{W}val") for square in body.iter(f"{W}color")] == ["112299", "772255", "595959"]


def test_what_xml_does_not_have_is_seen_as_one_character_each(tmp_path):
    one = document(("participant", "a\0b\x0bc\ud83dd\ufffee\nf\tg\rh"))
    ((_, runs, _),) = rows(write(tmp_path / "a.docx", one, frame()))
    assert words(runs) == "a\ufffdb\ufffdc\ufffdd\ufffde\nf\tg\rh"


def test_margin_line_has_number_key_name_soort_sign_and_coder(tmp_path):
    one = document(("participant", "Het bleef stil."))
    at = one.segments[0].start
    codings = frame(
        coding(one, at, at + 3, "D10", coder="CD"),
        coding(one, at, at + 3, "D1", soort="belemmerend", oordeel="−", coder="CD"),
        coding(one, at, at + 3, "D1", soort="belemmerend", oordeel="−", coder="AB"),
        coding(one, at, at + 3, "A1", soort="gewenst"),
        coding(one, at, at + 3, "X9", oordeel="±"),
    )
    assert rows(write(tmp_path / "a.docx", one, codings))[0][2] == [
        "1\t■ A1 Samenstelling · wens · AB",
        "\t■ D1 Verloop van de hulp · belemmerend (−) · AB, CD",
        "\t■ D10 Tien · CD",
        "\t■ X9 (±) · AB",
    ]


def test_a_quotation_over_turns_is_marked_in_each_and_told_where_it_starts(tmp_path):
    one = document(("participant", "een twee"), ("interviewer", "Ja?"), ("participant", "drie vier"))
    start, end = one.text.index("twee"), one.text.index(" vier")
    first, between, last = rows(write(tmp_path / "a.docx", one, frame(coding(one, start, end))))
    assert [marked(runs) for _, runs, _ in (first, between, last)] == [
        "een <[1>(twee)",
        "(Ja?)",
        "(drie)<1]> vier",
    ]
    assert first[2] == ["1\t■ D1 Verloop van de hulp · AB · loopt door"]
    assert between[2] == last[2] == ["1\tD1 · vervolg"]


def test_text_before_the_first_turn_stands_above_without_the_label(tmp_path):
    one = document(("interviewer", "Hoe ging het?"), lead="Interview CI-3\nDatum: maart\n\n")
    body = write(tmp_path / "a.docx", one, frame(coding(one, 10, 14, "A1")))
    lead, turn = rows(body)
    assert lead[0] == ""
    assert words(lead[1]) == "Interview CI-3\nDatum: maart"
    assert lead[2] == ["1\t■ A1 Samenstelling · AB"]
    assert turn[:2] == ("1", [("Speaker", "Interviewer: "), ("", "Hoe ging het?")])


def test_a_coding_outside_the_turns_is_not_hidden(tmp_path):
    one = document(("participant", "een"), ("participant", "twee"))
    start = one.text.rindex("Sanne")
    first, second = rows(write(tmp_path / "a.docx", one, frame(coding(one, start, start + 5))))
    assert (first[2], second[2]) == ([], ["1\t■ D1 Verloop van de hulp · AB · buiten de beurten"])


def test_a_document_without_turns_is_shown_with_its_codes(tmp_path):
    one = Document("los", "Een aantekening.", (), "txt")
    ((_, runs, margin),) = rows(write(tmp_path / "a.docx", one, frame(coding(one, 0, 3))))
    assert (marked(runs), len(margin)) == ("<[1>(Een)<1]> aantekening.", 1)


def test_other_documents_are_left_out(tmp_path):
    one, other = document(("participant", "een")), document(("participant", "een"), name="JH-1")
    body = write(tmp_path / "a.docx", one, frame(coding(other, *span_of(other))))
    assert rows(body)[0][2] == []
    assert "Er zijn geen coderingen." in [said(one) for one in body.iter(f"{W}p")]


def span_of(document):
    return document.segments[0].start, document.segments[0].end


def test_list_of_codes_counts_quotations_and_codings_in_codebook_order(tmp_path):
    one = document(("participant", "abcdef"))
    at = one.segments[0].start
    codings = frame(
        coding(one, at, at + 2, "D1", coder="AB"),
        coding(one, at, at + 2, "D1", coder="CD"),
        coding(one, at, at + 2, "A1"),
        coding(one, at + 3, at + 5, "D1", soort="gewenst"),
        coding(one, at + 3, at + 5, "D1", soort="beschrijvend"),
    )
    body = write(tmp_path / "a.docx", one, codings)
    used = list(body.iter(f"{W}tbl"))[1]
    assert [[said(cell) for cell in line.findall(f"{W}tc")] for line in used.findall(f"{W}tr")] == [
        ["Code", "Naam", "Fragmenten", "Coderingen"],
        ["A1", "Samenstelling", "1", "1"],
        ["D1", "Verloop van de hulp", "2", "4"],
        ["Samen", "", "2", "5"],
    ]


def test_markup_of_turn_row_header_and_page(tmp_path):
    one = document(("interviewer", "Hoe?"), ("participant", "Zo & <zo>."))
    at = one.segments[1].start
    body = write(
        tmp_path / "a.docx", one, frame(coding(one, at, at + 2, "D1"), coding(one, at, at + 2, "A1"))
    )
    table = next(body.iter(f"{W}tbl"))
    head, question, answer = table.findall(f"{W}tr")
    assert head.find(f"{W}trPr/{W}tblHeader") is not None
    assert question.find(f"{W}trPr") is None  # no cantSplit: long turns break across pages
    assert [one.get(f"{W}val") for one in question.iter(f"{W}pStyle")] == ["TurnNumber", "Question", "Margin"]
    assert [one.get(f"{W}val") for one in answer.iter(f"{W}pStyle")][1] == "Turn"
    coded = next(run for run in answer.iter(f"{W}r") if style(run) == "Coded")
    assert etree.tostring(coded, encoding="unicode").split(">", 1)[1] == (
        '<w:rPr><w:rStyle w:val="Coded"/><w:u w:val="single" w:color="112299"/></w:rPr>'
        '<w:t xml:space="preserve">Zo</w:t></w:r>'
    )
    size = body.find(f"{W}body/{W}sectPr/{W}pgSz")
    assert (size.get(f"{W}w"), size.get(f"{W}h")) == ("11906", "16838")


def test_parts_language_title_and_page_numbers(tmp_path):
    one = document(("participant", "één"))
    write(tmp_path / "a.docx", one, frame(), title='Hulp & "zorg" <2022>', language="en")
    with zipfile.ZipFile(tmp_path / "a.docx") as package:
        assert package.namelist()[0] == "[Content_Types].xml"
        assert package.namelist()[1:] == sorted(package.namelist()[1:])
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        parts = {name: etree.fromstring(package.read(name)) for name in package.namelist()}
    core = {etree.QName(one).localname: one.text for one in parts["docProps/core.xml"]}
    assert core["title"] == 'Hulp & "zorg" <2022>'
    assert core["created"] == core["modified"] == "2022-03-20T00:00:00Z"
    assert next(parts["word/styles.xml"].iter(f"{W}lang")).get(f"{W}val") == "en-GB"
    footer = parts["word/footer1.xml"]
    assert [one.get(f"{W}instr") for one in footer.iter(f"{W}fldSimple")] == [" PAGE ", " NUMPAGES "]
    assert said(footer).startswith("Internal: holds participants’ words\tCI-3\tPage ")
    used = {
        one.get(f"{W}val")
        for part in parts.values()
        for one in part.iter(f"{W}pStyle", f"{W}rStyle", f"{W}tblStyle")
    }
    assert used <= {one.get(f"{W}styleId") for one in parts["word/styles.xml"].iter(f"{W}style")}


def test_grey_letters_have_enough_contrast_on_white_and_on_the_shade(tmp_path):
    write(tmp_path / "a.docx", document(("participant", "een")), frame())
    with zipfile.ZipFile(tmp_path / "a.docx") as package:
        styles = etree.fromstring(package.read("word/styles.xml"))
    colours = {one.get(f"{W}val") for one in styles.iter(f"{W}color")}
    shades = {one.get(f"{W}fill") for one in styles.iter(f"{W}shd")}
    assert colours and shades
    for paper in {"FFFFFF"} | shades:
        assert min(contrast(colour, paper) for colour in colours) >= 4.5


def contrast(one, other):
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_words_that_do_not_stand_there_are_refused_without_telling_them(tmp_path):
    one = document(("participant", "Mijn zoon heet Bram."))
    with pytest.raises(AnchorError) as caught:
        write(tmp_path / "a.docx", one, frame(coding(one, 7, 11, text="geheim")))
    assert str(caught.value) == (
        "CI-3, 7–11: the coding D1 of AB does not hold the words that stand there (6 and 4 characters). "
        "Take both from the same study."
    )
    assert list(tmp_path.iterdir()) == []


def test_equal_input_gives_equal_bytes(tmp_path):
    one = document(("participant", "een twee drie"))
    at = one.segments[0].start
    codings = frame(
        coding(one, at, at + 3, coder="AB"), coding(one, at, at + 3, coder="CD"), coding(one, at, at + 8)
    )
    write(tmp_path / "a.docx", one, codings)
    write(tmp_path / "b.docx", one, codings.iloc[::-1])
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.docx"
    target.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_package(target, {"a.xml": b"<a/>", "b.xml": object()})
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a.docx", b"old")]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(
        OutputError, match=r"none/a\.docx cannot be written: No such file or directory\. Check that"
    ):
        write_package(tmp_path / "none" / "a.docx", {})


WILD = st.text(
    st.one_of(
        st.sampled_from("ab \n\t\r&<>\"']]>😀e\u0301\u200d\u05d0\0\x0b\x1f\x85\u2028\ufeff\ufffe\ud800"),
        st.characters(),
    ),
    max_size=30,
)


@st.composite
def coded_documents(draw):
    turns = draw(
        st.lists(st.tuples(st.sampled_from(["interviewer", "participant", "other"]), WILD), max_size=4)
    )
    one = document(*turns, lead=draw(st.sampled_from(["", "Kop\n\n"])))
    spans = []
    if one.text:
        place = st.integers(0, len(one.text))
        spans = draw(st.lists(st.tuples(place, place).map(sorted).filter(lambda s: s[0] < s[1]), max_size=8))
    codes, coders = st.sampled_from(["A1", "D1", "X"]), st.sampled_from(["AB", "CD"])
    return one, [coding(one, *span, draw(codes), coder=draw(coders)) for span in spans]


def count(one, codings, hits):
    """Count the cases a law should meet."""
    spans = {(c["start"], c["end"]) for c in codings}
    touched = [sum(max(s.start, a) < min(s.end, b) for s in one.segments) for a, b in spans]
    hits["over turns"] += any(n > 1 for n in touched)
    hits["no words"] += 0 in touched
    hits["same stretch"] += len(spans) < len(codings)
    hits["nested"] += any(a < c and d < b for a, b in spans for c, d in spans)
    hits["crossing"] += any(a < c < b < d for a, b in spans for c, d in spans)
    hits["not XML"] += shown(one.text) != one.text
    hits["wide"] += any(char > "\uffff" for char in one.text)
    for never in [name for name, n in hits.items() if not n]:
        del hits[never]


def shown(text):
    return re.sub("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text)


def test_words_stay_whole_and_every_coding_is_told_once(tmp_path_factory):
    hits = Counter()

    @settings(max_examples=200, deadline=None, database=None)
    @given(coded_documents())
    def law(made):
        check(tmp_path_factory.mktemp("law"), *made, hits)

    law()
    assert set(hits) == {"nested", "crossing", "over turns", "no words", "same stretch", "not XML", "wide"}


def check(folder, one, codings, hits):
    found = rows(write(folder / "a.docx", one, frame(*codings)))
    count(one, codings, hits)
    turns = found[-len(one.segments) :] if one.segments else []
    assert [words(runs) for _, runs, _ in turns] == [shown(one.text[s.start : s.end]) for s in one.segments]

    spans = sorted({(c["start"], -c["end"]) for c in codings})
    told = [line for _, _, margin in found for line in margin if "vervolg" not in line]
    assert len(told) == len({(c["start"], c["end"], c["code_id"]) for c in codings})
    assert sorted(int(line.split("\t")[0]) for line in told if line[0] != "\t") == list(
        range(1, len(spans) + 1)
    )

    # in every turn: what is underlined is what is covered, and grey is what is covered twice
    for (_, runs, _), segment in zip(turns, one.segments, strict=True):
        depths = [sum(a <= i < -b for a, b in spans) for i in range(segment.start, segment.end)]
        looks = [look for look, text in runs if look not in ("QuotationNumber", "Speaker") for _ in text]
        assert looks == [("", "Coded", "CodedTwice")[min(depth, 2)] for depth in depths]

    # every quotation that touches words opens and closes once, in this order
    for number, (start, minus_end) in enumerate(spans, 1):
        marks = [text for _, runs, _ in found for look, text in runs if look == "QuotationNumber"]
        pair = [marks.index(f"[{number}"), marks.index(f"{number}]")] if f"[{number}" in marks else []
        touched = any(max(s.start, start) < min(s.end, -minus_end) for s in one.segments)
        assert bool(pair) or not touched
        assert all(a < b for a, b in pairwise(pair))
