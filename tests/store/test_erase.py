"""Erased words are nowhere: not in the file's bytes, not beside it, and in nothing that a study says."""

from __future__ import annotations

import io
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small import transcript

import qualkit as qk
from qualkit.errors import QualkitError, StoreError, UnknownNameError
from qualkit.model import Document, NewCoding, Participant, Topic
from qualkit.store.verify import verify_here

NAME = "P-7"
# one word for each place where a person's words can be
WORDS = {
    "transcript": "Zonnebloempit",
    "corrected transcript": "Zonnebloemolie",
    "original": "Kastanjeboom",
    "attribute": "Wilgenroosje",
    "earlier attribute": "Vlierbesthee",
    "speaker": "Mevrouw-Dotterbloem",
    "memo on the document": "Beukennootje",
    "earlier text of a memo": "Hazelnootje",
    "memo on the participant": "Sneeuwklokje",
    "memo on a coding": "Lelietje-van-dalen",
    "memo taken back": "Vergeet-mij-nietje",
    "reason for taking a coding back": "Paardenbloem",
    "reason for a correction": "Madeliefje",
    "reason of the meeting": "Klaproosje",
}


def docx(words: str) -> bytes:
    """Return a Word file whose text stands uncompressed in its bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as parts:
        parts.writestr("word/document.xml", f"<w:t>{words}</w:t>")
    return made.getvalue()


@pytest.fixture
def full(study: qk.Study) -> qk.Study:
    """The small study with a person about whom there are words in every place that there is."""
    study.add_participants(
        [Participant(NAME, {"beroep": (WORDS["earlier attribute"],), "groep": ("leden",)})]
    )
    study.add_participants([Participant(NAME, {"beroep": (WORDS["attribute"],)})])
    text = f"{WORDS['transcript']} " * 400
    made = transcript(
        NAME, ("I", "Wat doet u?"), (WORDS["speaker"], text + "einde."), ("R", "Ja, dat was het.")
    )
    study.add_documents([Document(NAME, made.text, made.segments, "docx", docx(WORDS["original"] * 50))])
    study.set_guide([Topic("T1", "Advies", ("A1",))])
    study.set_coverage([(NAME, "T1", "asked"), ("P-1", "T1", "asked")])
    start = made.text.index(WORDS["transcript"])
    one = study.add_coding(NAME, start=start, end=start + 30, code="A1")
    two = study.add_coding(NAME, start=start + 40, end=start + 60, code="B1", asked=True)
    three = study.add_coding(NAME, quote="einde.", code="B1")
    study.add_memo(WORDS["memo on a coding"], kind="code", coding=one)
    memo = study.add_memo(WORDS["earlier text of a memo"], kind="field", document=NAME)
    study.change_memo(memo, WORDS["memo on the document"])
    study.remove_memo(study.add_memo(WORDS["memo taken back"], kind="field", document=NAME))
    study.add_memo(WORDS["memo on the participant"], kind="field", participant=NAME)
    study.remove_codings([two], reason=WORDS["reason for taking a coding back"])
    at = made.text.index("einde.")
    study.revise(
        NAME,
        made.text.replace("einde.", WORDS["corrected transcript"]),
        reason=WORDS["reason for a correction"],
        edits=[(at, at + len("einde."), len(WORDS["corrected transcript"]))],
    )
    assert set(study.review()["coding_id"]) == {three}
    meeting = study.add_meeting(date="2021-11-30", present=["AB"], report="besproken")
    study.adjudicate([one], code="A2", reason=WORDS["reason of the meeting"], meeting=meeting)
    return study


def everywhere(path: Path) -> bytes:
    return b"\n".join(one.read_bytes() for one in sorted(path.parent.iterdir()) if one.is_file())


def salts(path: Path) -> list[bytes]:
    db = sqlite3.connect(path)
    found = [row[0] for row in db.execute("SELECT salt FROM text")]
    db.close()
    return found


def test_words_of_a_participant_are_nowhere(full):
    full.close()
    path = full.path
    before = everywhere(path)
    for place, word in WORDS.items():
        assert word.encode() in before, place
    held = salts(path)
    shutil.copyfile(path, path.with_name(f"{path.name}.bak"))
    with qk.Study.open(path, coder="AB") as study:
        assert study.erase(participant=NAME, reason="trok zich terug") > len(WORDS)
        while_open = everywhere(path)
    after = everywhere(path)
    for content in (while_open, after):
        assert [place for place, word in WORDS.items() if word.encode() in content] == []
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    gone = set(held) - set(salts(path))
    assert len(gone) > len(WORDS)
    assert [one for one in gone if one in after] == []
    # what was promised of the words stays, and so does everything of the others
    assert b"add_document" in after
    for word in ("Wij wachtten lang", "trok zich terug"):
        assert word.encode() in after


def test_verify_counts_what_was_erased(full):
    count = full.erase(participant=NAME, reason="trok zich terug")
    found = full.verify()
    assert (found.fault, found.erased) == (None, count)


def test_words_of_others_stay(full):
    shared = [
        full.codings()["coding_id"][0],
        full.codings().query("document_id == 'P-7'")["coding_id"].iloc[0],
    ]
    full.remove_codings(shared, reason="dubbel in twee gesprekken")
    full.erase(participant=NAME, reason="trok zich terug")
    assert len(full.codings()) == 3
    assert list(full.documents()["document_id"]) == ["P-1", "P-2", "P-3"]
    assert "dubbel in twee gesprekken" in set(full.history()["why"])


def test_frames_and_group_counts_no_longer_show_the_person(full):
    leden = (full.participants()["groep"] == "leden").sum()
    full.erase(participant=NAME, reason="trok zich terug")
    assert (full.participants()["groep"] == "leden").sum() == leden - 1
    assert NAME not in set(full.participants()["participant"])
    for name in ("codings", "documents", "segments", "coverage"):
        assert set(full.frame(name)["document_id"]) <= {"P-1", "P-2", "P-3"}, name
    assert len(full.codings()) == 4
    assert len(full.memos()) == 0
    assert "4 codings" in repr(full)


def said(study: qk.Study) -> str:
    """Return everything that the methods of a study say, as one string."""
    frames = [
        "codings",
        "participants",
        "documents",
        "segments",
        "cases",
        "coverage",
        "memos",
        "codes",
        "topics",
    ]
    found = [study.frame(name).to_csv() for name in frames]
    found += [one.to_csv() for one in (study.review(), study.conflicts(), study.history())]
    found += [study.history(coder="AB").to_csv(), study.history(document="P-1").to_csv()]
    found += [study.title, study.language, study.content_hash, repr(study), study._repr_html_()]
    found += [
        repr(study.heads),
        repr(study.provenance),
        repr(study.topics()),
        repr(study.document("P-1").text),
    ]
    return "\n".join(found)


def test_every_method_works_afterwards_and_says_no_erased_word(full, codebook):
    coding = full.codings().query("document_id == 'P-7'")["coding_id"].iloc[0]
    memo = full.memos().query("target_name == 'P-7'")["memo_id"].iloc[0]
    before = said(full)
    for place in ("transcript", "attribute", "speaker", "memo on a coding", "reason for a correction"):
        assert WORDS[place] in before, place
    full.erase(participant=NAME, reason="trok zich terug")
    after = said(full)
    assert [place for place, word in WORDS.items() if word in after] == []
    assert NAME not in after
    unknown: list[Callable[[], object]] = [
        lambda: full.document(NAME),
        lambda: full.revise(NAME, "nieuw", reason="x"),
        lambda: full.find_quote(NAME, "nieuw"),
        lambda: full.add_coding(NAME, start=0, end=3, code="A1"),
        lambda: full.change_coding(coding, code="A2"),
        lambda: full.place_coding(coding, reason="x"),
        lambda: full.adjudicate([coding], code="A2", reason="x"),
        lambda: full.add_memo("x", kind="code", coding=coding),
        lambda: full.add_memo("x", kind="field", document=NAME),
        lambda: full.add_memo("x", kind="field", participant=NAME),
        lambda: full.change_memo(memo, "x"),
        lambda: full.remove_memo(memo),
        lambda: full.set_coverage([(NAME, "T1", "asked")]),
        lambda: full.history(document=NAME),
        lambda: full.erase(participant=NAME, reason="x"),
        lambda: full.erase(document=NAME, reason="x"),
        lambda: full.erase(revision=(NAME, 1), reason="x"),
        lambda: full.would_erase(participant=NAME),
    ]
    for number, act in enumerate(unknown):
        with pytest.raises(UnknownNameError):
            act()
            pytest.fail(f"act {number} was done")
    full.adopt(codebook)
    full.set_guide([Topic("T2", "Daarna", ("B1",))])
    with qk.Study.open(full.path, coder="CD") as second:
        second.add_coding("P-1", quote="Ja.", code="A1")
    assert list(full.disagreements(coders=("AB", "CD"))["document_id"].unique()) == ["P-1"]
    assert full.verify().fault is None


def test_undo_never_brings_words_back(full):
    full.erase(participant=NAME, reason="trok zich terug")
    for _ in range(40):
        try:
            full.undo()
        except StoreError:
            break
    else:
        pytest.fail("there was always something more to undo")
    full.close()
    assert verify_here(full.path).fault is None
    assert [place for place, word in WORDS.items() if word.encode() in everywhere(full.path)] == []


def test_undoing_a_correction_whose_raw_text_was_destroyed_is_refused(study):
    text = study.document("P-3").text
    study.revise("P-3", text.replace("Niets te klagen", "Geen klachten"), reason="proef")
    study.erase(revision=("P-3", 1), reason="ruwe tekst vernietigd")
    with pytest.raises(StoreError):
        study.undo()
    assert "Geen klachten" in study.document("P-3").text
    assert "Niets te klagen" not in study.history().to_csv()


def test_destroying_raw_text_keeps_the_text_in_use(study):
    text = study.document("P-1").text
    study.revise("P-1", text.replace("Het advies paste", "[naam] paste"), reason="naam weg")
    codings = len(study.codings())
    study.erase(revision=("P-1", 1), reason="ruwe tekst vernietigd")
    study.close()
    assert b"Het advies paste" not in everywhere(study.path)
    with qk.Study.open(study.path, coder="AB") as again:
        assert "[naam] paste" in again.document("P-1").text
        assert again.document("P-1").original == b""
        assert len(again.codings()) == codings
        again.review()
        assert again.verify().fault is None
        with pytest.raises(
            StoreError, match="P-1: revision 2 is the text in use. Revise it first, or erase the"
        ):
            again.erase(revision=("P-1", 2), reason="x")
        with pytest.raises(UnknownNameError):
            again.erase(revision=("P-1", 9), reason="x")


def test_erasing_a_document_leaves_the_person(full):
    full.erase(document=NAME, reason="opname mislukt")
    full.close()
    content = everywhere(full.path)
    assert WORDS["transcript"].encode() not in content
    assert WORDS["original"].encode() not in content
    assert WORDS["attribute"].encode() in content
    with qk.Study.open(full.path, coder="AB") as again:
        assert NAME in set(again.participants()["participant"])
        again.erase(participant=NAME, reason="trok zich terug")
        assert again.verify().fault is None
    assert WORDS["attribute"].encode() not in everywhere(full.path)


def test_a_transcript_that_came_before_the_participant_goes_too(study):
    study.add_documents([transcript("P-6", ("I", "Ja?"), ("R", "Zonnebloempit."))])
    study.add_participants([Participant("P-6", {"groep": ("leden",)})])
    study.erase(participant="P-6", reason="trok zich terug")
    study.close()
    assert b"Zonnebloempit" not in everywhere(study.path)


def test_what_was_taken_back_can_be_erased(study):
    study.add_documents([transcript("P-6", ("I", "Ja?"), ("R", "Zonnebloempit."))])
    study.undo()
    assert "P-6" not in set(study.documents()["document_id"])
    study.erase(document="P-6", reason="verkeerd bestand")
    study.close()
    assert b"Zonnebloempit" not in everywhere(study.path)
    assert verify_here(study.path).fault is None


def test_erase_takes_exactly_one(study):
    for wrong in ({}, {"participant": "P-1", "document": "P-1"}):
        with pytest.raises(
            StoreError, match="erase takes exactly one of participant, document and revision."
        ):
            study.erase(**wrong, reason="x")


def test_a_group_of_changes_may_hold_an_erasure(full):
    with full.atomic():
        full.erase(participant=NAME, reason="trok zich terug")
        full.add_memo("in dezelfde groep", kind="field")
    assert WORDS["transcript"].encode() not in everywhere(full.path)
    assert list(full.memos()["text"]) == ["in dezelfde groep"]
    assert full.verify().fault is None


def test_a_failed_group_erases_nothing(full):
    with pytest.raises(ZeroDivisionError), full.atomic():
        full.erase(participant=NAME, reason="trok zich terug")
        raise ZeroDivisionError
    assert WORDS["transcript"] in full.document(NAME).text
    full.add_memo("verder", kind="field")
    assert WORDS["transcript"] in full.document(NAME).text
    assert full.verify().fault is None


def test_file_names_with_brackets_find_their_own_backup(tmp_path, codebook):
    path = tmp_path / "studie [1].qualkit"
    with qk.Study.create(path, title="x", language="nl", coder="AB") as study:
        study.add_documents([transcript("P-6", ("I", "Ja?"), ("R", "Zonnebloempit."))])
    backup = path.with_name(f"{path.name}.bak")
    own = path.with_name(f"{path.name}.bak-van-mij")
    shutil.copyfile(path, backup)
    own.write_bytes(b"van een mens")
    with qk.Study.open(path, coder="AB") as study:
        study.erase(document="P-6", reason="trok zich terug")
    assert not backup.exists()
    assert own.exists()


READING = (
    "klein.qualkit: words are being erased, and another program has the file open. Close it there and open the "
    "study once more; the erasure is finished then."
)


def test_while_another_reads_it_is_finished_when_that_one_closes(full):
    reader = qk.Study.open(full.path, read_only=True)
    assert NAME in set(reader.participants()["participant"])
    with pytest.raises(StoreError) as refused:
        full.erase(participant=NAME, reason="trok zich terug")
    assert str(refused.value) == READING
    # the words are out of what anybody sees, and the work goes on
    assert NAME not in set(full.participants()["participant"])
    assert NAME not in set(reader.participants()["participant"])
    full.add_memo("verder", kind="field")
    full.close()
    reader.close()
    assert WORDS["transcript"].encode() not in everywhere(full.path)
    assert [one.name for one in full.path.parent.iterdir()] == [full.path.name]
    assert verify_here(full.path).fault is None


@pytest.mark.parametrize("read_only", [True, False])
def test_while_another_reads_it_is_finished_at_the_next_open(full, monkeypatch, read_only):
    reader = sqlite3.connect(full.path)
    reader.execute("SELECT count(*) FROM text").fetchone()
    with pytest.raises(StoreError, match="words are being erased"):
        full.erase(participant=NAME, reason="trok zich terug")
    full.close()
    with pytest.raises(StoreError) as refused:
        qk.Study.open(full.path, read_only=read_only)
    assert str(refused.value) == READING
    reader.close()
    qk.Study.open(full.path, read_only=read_only).close()
    assert [place for place, word in WORDS.items() if word.encode() in everywhere(full.path)] == []


def test_as_of_before_the_erasure_shows_no_erased_word(full):
    time.sleep(0.01)
    moment = qk.acts.history.moment("2999-01-01")
    before = full.history()["at"].iloc[-1]
    time.sleep(0.01)
    full.erase(participant=NAME, reason="trok zich terug")
    for when in (before, moment):
        with full.as_of(when) as past:
            assert [place for place, word in WORDS.items() if word in said(past)] == []
            assert len(past.codings()) == 4
            with pytest.raises(QualkitError):
                past.add_memo("x", kind="field")


def copied(study: qk.Study, name: str) -> Path:
    study.close()
    path = study.path.with_name("elders") / name
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(study.path, path)
    return path


def test_merge_never_brings_words_back(full):
    copy = copied(full, "kopie.qualkit")
    with qk.Study.open(copy, coder="CD") as other:
        other.add_memo("van de kopie", kind="field", document="P-1")
    with qk.Study.open(full.path, coder="AB") as study:
        study.erase(participant=NAME, reason="trok zich terug")
        (merged,) = study.merge(copy)
        assert merged.erased > len(WORDS)
        assert merged.memos == 1
        assert study.verify().fault is None
    assert [place for place, word in WORDS.items() if word.encode() in everywhere(full.path)] == []


def test_merge_takes_the_words_from_a_copy_that_did_not_know(full):
    copy = copied(full, "kopie.qualkit")
    with qk.Study.open(full.path, coder="AB") as study:
        study.erase(participant=NAME, reason="trok zich terug")
    with qk.Study.open(copy, coder="CD") as other:
        other.merge(full.path)
        assert NAME not in set(other.documents()["document_id"])
        assert other.verify().fault is None
    assert [place for place, word in WORDS.items() if word.encode() in everywhere(copy)] == []


@pytest.mark.parametrize("first", ["erased", "copy"])
def test_what_a_copy_wrote_about_the_person_afterwards_goes_as_well(full, first):
    copy = copied(full, "kopie.qualkit")
    late = {"memo": "Goudsbloempje", "text": "Ooievaarsbek", "value": "Speenkruid", "why": "Maagdenpalm"}
    with qk.Study.open(full.path, coder="AB") as study:
        study.erase(participant=NAME, reason="trok zich terug")
    with qk.Study.open(copy, coder="CD") as other:
        text = other.document(NAME).text
        other.revise(NAME, f"{text} {late['text']}", reason=late["why"], edits=[(len(text), len(text), 13)])
        other.add_participants([Participant(NAME, {"beroep": (late["value"],)})])
        id_ = other.add_coding(NAME, quote=late["text"], code="A1")
        other.add_memo(late["memo"], kind="code", coding=id_)
    into, from_ = (full.path, copy) if first == "erased" else (copy, full.path)
    for _ in range(2):
        with qk.Study.open(into, coder="AB") as study:
            study.merge(from_)
            assert study.verify().fault is None
            said(study)
            hash_ = study.content_hash
        content = everywhere(into)
        assert [one for one in (late | WORDS).values() if one.encode() in content] == []
    # and the other way round gives the same study
    with qk.Study.open(from_, coder="AB") as study:
        study.merge(into)
        assert study.content_hash == hash_
        assert study.verify().fault is None


def test_two_people_of_one_name_both_go(study):
    copy = copied(study, "kopie.qualkit")
    for path, word in ((study.path, "Zonnebloempit"), (copy, "Kastanjeboom")):
        with qk.Study.open(path, coder="AB") as one:
            one.add_participants([Participant("P-6", {"groep": ("leden",)})])
            one.add_documents([transcript("P-6", ("I", "Ja?"), ("R", f"{word}."))])
    with qk.Study.open(study.path, coder="AB") as one:
        one.merge(copy)
        one.erase(participant="P-6", reason="trok zich terug")
        one.conflicts()
        assert one.verify().fault is None
    assert b"Zonnebloempit" not in everywhere(study.path)
    assert b"Kastanjeboom" not in everywhere(study.path)


def test_words_of_the_side_that_lost_a_conflict_go_too(full):
    memo = full.memos().query("text == @WORDS['memo on the document']")["memo_id"].iloc[0]
    copy = copied(full, "kopie.qualkit")
    for path, word in ((full.path, "Zilverspar"), (copy, "Grove-den")):
        with qk.Study.open(path, coder="AB") as one:
            one.change_memo(memo, word)
    with qk.Study.open(full.path, coder="AB") as one:
        one.merge(copy)
        (conflict,) = one.conflicts()["conflict"]
        for word in (b"Zilverspar", b"Grove-den"):
            assert word in one.conflicts().to_csv().encode()
        one.erase(participant=NAME, reason="trok zich terug")
        shown = one.conflicts().to_csv()
        assert "Zilverspar" not in shown
        assert "Grove-den" not in shown
        for choice in ("take", "keep"):
            try:
                one.decide(conflict, choice, reason="gewist")
            except QualkitError:
                continue
        one.conflicts()
        assert one.verify().fault is None
    content = everywhere(full.path)
    assert b"Zilverspar" not in content
    assert b"Grove-den" not in content


def test_many_codings_of_an_erased_person_stay_out_of_every_count(study):
    long = transcript("P-6", ("I", "Ja?"), ("R", "woord " * 500))
    study.add_participants([Participant("P-6", {"groep": ("leden",)})])
    study.add_documents([long])
    study.add_codings([NewCoding("P-6", n, n + 5, "A1") for n in range(20, 400)])
    study.erase(participant="P-6", reason="trok zich terug")
    assert len(study.codings()) == 4
    assert study.verify().codings == 4
    assert "3 documents, 3 participants, 4 codings" in repr(study)
