import os
import struct
import zipfile
from pathlib import Path

import pytest
from sources_making import SPACE, body, paragraph, run, table, write_docx

from qualkit import ooxml
from qualkit.errors import SourceError
from qualkit.ooxml import Paragraph, Table, read_blocks

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "refi-qda" / "samples" / "docx"


def texts(path: Path) -> list[str]:
    return [block.text if isinstance(block, Paragraph) else repr(block) for block in read(path)]


def read(path: Path):
    return read_blocks(path, path.read_bytes())


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read(path)
    return str(caught.value)


def test_characters_that_are_elements(tmp_path):
    xml = (
        "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:noBreakHyphen/><w:softHyphen/>"
        '<w:sym w:font="Wingdings" w:char="F04A"/><w:t xml:space="preserve"> d </w:t></w:r></w:p>'
    )
    assert texts(write_docx(tmp_path / "a.docx", xml)) == ["a\tb\nc\n\u2011\u00ad d "]


def test_tracked_changes_fields_and_wrappers(tmp_path):
    xml = (
        f"<w:p><w:ins>{run('in ')}</w:ins><w:del><w:r><w:delText>uit</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run('weg')}</w:moveFrom><w:moveTo>{run('heen ')}</w:moveTo>"
        f"<w:hyperlink>{run('link ')}</w:hyperlink><w:smartTag>{run('tag ')}</w:smartTag>"
        f"<w:sdt><w:sdtContent>{run('veld ')}</w:sdtContent></w:sdt><w:fldSimple>{run('7')}</w:fldSimple>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        f"<w:sdt><w:sdtContent>{paragraph('blok')}</w:sdtContent></w:sdt>"
    )
    assert texts(write_docx(tmp_path / "a.docx", xml)) == ["in heen link tag veld 7", "blok"]


def test_a_deleted_paragraph_mark_joins_and_a_deleted_row_goes(tmp_path):
    gone = "<w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>weg</w:t></w:r></w:p></w:tc></w:tr>"
    xml = f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{run('een ')}</w:p>{paragraph('twee')}" + table(
        ("a", "b")
    ).replace("</w:tbl>", gone + "</w:tbl>")
    first, second = read(write_docx(tmp_path / "a.docx", xml))
    assert first.text == "een twee"
    assert [[cell.text for cell in row] for row in second.rows] == [["a", "b"]]


def test_bold_runs_are_told_apart_and_neighbours_joined(tmp_path):
    off = '<w:r><w:rPr><w:b w:val="0"/></w:rPr><w:t>c</w:t></w:r>'
    strong = '<w:r><w:rPr><w:rStyle w:val="Zwaar"/></w:rPr><w:t>d</w:t></w:r>'
    made = paragraph(run("a", bold=True), run("b", bold=True), off, strong)
    (block,) = read(write_docx(tmp_path / "a.docx", made))
    assert [(one.text, one.bold) for one in block.runs] == [("ab", True), ("c", False), ("d", True)]


def test_a_text_box_is_read_once_and_an_emoji_from_the_fallback(tmp_path):
    box = f"<w:txbxContent>{paragraph('in de doos')}</w:txbxContent>"
    xml = (
        "<w:p><w:r><w:t>voor</w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice><w:drawing><wps:wsp>{box}</wps:wsp></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        "<w:r><mc:AlternateContent><mc:Choice><wps:sym/></mc:Choice><mc:Fallback><w:t>😊</w:t></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )
    assert texts(write_docx(tmp_path / "a.docx", xml)) == ["voor😊", "in de doos"]


def test_a_table_within_a_cell_becomes_lines_of_that_cell(tmp_path):
    inner = table(("x", "y"), ("z", "q"))
    first = f"<w:tc>{paragraph('voor')}{inner}<w:p/></w:tc>"
    xml = f"<w:tbl><w:tr>{first}<w:tc>{paragraph('na')}</w:tc></w:tr></w:tbl>"
    (outer,) = read(write_docx(tmp_path / "a.docx", xml))
    assert isinstance(outer, Table)
    assert [cell.text for cell in outer.rows[0]] == ["voor\nx\ty\nz\tq", "na"]


def test_strict_open_xml_is_read(tmp_path):
    strict = body(paragraph("streng")).replace(SPACE, "http://purl.oclc.org/ooxml/wordprocessingml/main")
    assert texts(write_docx(tmp_path / "a.docx", xml=strict)) == ["streng"]


def test_an_entity_is_never_resolved(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("geheim")
    xml = f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{secret}">]>' + body(paragraph("a")).replace(
        ">a<", ">a &e; b<"
    )
    assert "geheim" not in "".join(texts(write_docx(tmp_path / "a.docx", xml=xml)))


def test_what_is_no_word_file_is_refused_with_the_mend(tmp_path):
    path = tmp_path / "CI-1.docx"
    path.write_bytes(b"")
    assert refusal(path) == "CI-1.docx: the file is empty (0 bytes). Copy it again from where it came from."
    damaged = (
        "CI-1.docx: the file is damaged or no Word file at all. Open it in Word and save it again as .docx."
    )
    path.write_bytes(b"this is no zip")
    assert refusal(path) == damaged
    whole = write_docx(path, paragraph("tekst " * 300)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path) == damaged
    broken = bytearray(whole)
    broken[60:90] = bytes(30)
    path.write_bytes(bytes(broken))
    assert refusal(path) == damaged
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("content.xml", "<a/>")
    assert refusal(path) == (
        "CI-1.docx: this is no Word file: it has no word/document.xml inside. "
        "Open it in Word and save it again as .docx."
    )
    write_docx(path, xml=body(paragraph("geheime woorden"))[:-20])
    message = refusal(path)
    assert message.startswith("CI-1.docx: the text inside is damaged (line 1, column ")
    assert "geheime" not in message
    write_docx(path, paragraph(" "), "<w:p/>")
    assert (
        refusal(path)
        == "CI-1.docx: the Word file holds no text. A picture of a text is not read; type it out."
    )


def test_a_locked_file_and_an_old_doc_are_told_apart(tmp_path):
    path = tmp_path / "CI-1.docx"
    ole = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504)
    path.write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(64))
    assert (
        refusal(path)
        == "CI-1.docx: the file is locked with a password. Take the password off in Word, and save it."
    )
    path.write_bytes(ole + "WordDocument".encode("utf-16-le"))
    assert (
        refusal(path) == "CI-1.docx: this is an old Word file (.doc). Open it in Word and save it as .docx."
    )


def test_a_zip_bomb_is_refused_by_its_directory_and_by_reading(tmp_path, monkeypatch):
    path = write_docx(tmp_path / "bomb.docx", paragraph("a" * 50_000))
    monkeypatch.setattr(ooxml, "MAX_PART_BYTES", 1024 * 1024)
    assert texts(path) == ["a" * 50_000]
    monkeypatch.setattr(ooxml, "MAX_PART_BYTES", 10_000)
    assert "unpacks to more than" in refusal(path)
    opened, asked = [], []
    real = zipfile.ZipExtFile.read
    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "open", lambda *given, **more: opened.append(given))
        refusal(path)
    assert opened == []
    with monkeypatch.context() as patch:
        patch.setattr(ooxml, "MAX_PART_BYTES", 60_000)
        patch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: asked.append(n) or real(self, n))
        texts(path)
    assert asked == [60_001]
    # a directory that lies about the size must not let the rest through
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 5_000)
    path.write_bytes(bytes(data))
    assert "damaged" in refusal(path)


def test_a_word_file_of_50_mb_never_unpacks_its_pictures(tmp_path, monkeypatch):
    path = write_docx(tmp_path / "big.docx", paragraph("klein"), media=os.urandom(1024) * 1024 * 50)
    assert path.stat().st_size > 50 * 1024**2
    opened = []
    real = zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile,
        "open",
        lambda self, name, *rest, **more: opened.append(name) or real(self, name, *rest, **more),
    )
    assert texts(path) == ["klein"]
    assert opened == ["word/document.xml"]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real Word files of shared/refi-qda are not here")
def test_real_word_files_are_walked():
    files = sorted(SAMPLES.glob("*.docx"))
    assert files
    for path in files:
        assert any(block.text.strip() for block in read(path) if isinstance(block, Paragraph)), path.name
