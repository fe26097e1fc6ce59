"""What a newcomer ran into once, and nobody shall again."""

from __future__ import annotations

import pytest

import qualkit as qk
from qualkit.sources.participants import read_transcripts


def test_a_string_that_names_a_file_is_the_file(study, tmp_path):
    corrected = tmp_path / "P-2b.txt"
    corrected.write_text("I: En bij u?\nR: Wij wachtten heel lang. Héél lang, é́cht.", encoding="utf-8")
    study.revise("P-2", str(corrected), reason="verhoord")
    assert "heel lang" in study.document("P-2").text
    with pytest.raises(qk.QualkitError, match="weg.docx"):
        study.revise("P-2", "weg.docx", reason="verhoord")
    assert "heel lang" in study.document("P-2").text


def test_undo_after_an_erasure_undoes_nothing_else(study):
    study.add_memo("blijft", kind="field", document="P-1")
    study.erase(document="P-3", reason="ingetrokken")
    with pytest.raises(qk.QualkitError, match="AB: the last act was an erasure, which cannot be undone."):
        study.undo()
    assert list(study.memos()["text"]) == ["blijft"]


def test_a_transcript_of_another_kind_is_not_passed_over(tmp_path):
    (tmp_path / "P-1.txt").write_text("I: Ja?\nR: Ja hoor.", encoding="utf-8")
    (tmp_path / "P-2.doc").write_bytes(b"oud")
    with pytest.raises(qk.QualkitError) as caught:
        read_transcripts(tmp_path, [])
    assert str(caught.value).endswith(
        '- P-2.doc: files of the kind ".doc" are not read. Save it as Word (.docx) or plain text.'
    )
