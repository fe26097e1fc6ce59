"""A text is corrected: codings, turns and decisions come along by arithmetic, and nothing is guessed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docx import Document as Word
from hypothesis import given
from hypothesis import strategies as st

import qualkit as qk
from qualkit.anchor import Edits, Span, proposed_edits
from qualkit.errors import AnchorError, StoreError, UnknownNameError
from qualkit.model import Document
from qualkit.store.verify import verify_here

texts = st.text(alphabet=st.sampled_from("ab 😀é\u0301\nשa.👩\u200d"), max_size=40)


@st.composite
def edited(draw, old: str | None = None) -> tuple[str, str, Edits]:
    """Return an old text, a new one, and the exact edits between them."""
    text = draw(texts) if old is None else old
    new, edits, at = "", [], 0
    for start, length, words in sorted(
        draw(
            st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6), texts.map(lambda t: t[:4])), max_size=5)
        )
    ):
        end = min(start + length, len(text))
        if start < at or start > len(text) or (start == end and not words):
            continue
        new += text[at:start] + words
        edits.append((start, end, len(words)))
        at = end
    return text, new + text[at:], Edits(tuple(edits))


@st.composite
def with_span(draw) -> tuple[str, str, Edits, Span]:
    old, new, edits = draw(edited().filter(lambda one: one[0] != ""))
    start = draw(st.integers(0, len(old) - 1))
    return old, new, edits, Span(start, draw(st.integers(start + 1, len(old))))


# laws


@given(with_span())
def test_kept_and_moved_keep_the_words(case):
    old, new, edits, span = case
    where, anchor = edits.carry(span)
    if anchor in ("kept", "moved"):
        assert where is not None
        assert where.of(new) == span.of(old)
        assert (where == span) == (anchor == "kept")
    assert (where is None) == (anchor == "lost")
    if where is not None:
        where.of(new)  # within the new text


@given(with_span())
def test_edits_outside_never_change_words(case):
    _, _, edits, span = case
    outside = all(end <= span.start or start >= span.end for start, end, _ in edits.edits)
    assert outside == (edits.carry(span)[1] in ("kept", "moved"))


@given(edited())
def test_inverse_leads_back(case):
    old, new, edits = case
    assert edits.length(len(old)) == len(new)
    assert edits.inverse().length(len(new)) == len(old)
    assert edits.inverse().inverse() == edits


@given(with_span())
def test_what_was_kept_or_moved_comes_back_to_its_place(case):
    _, _, edits, span = case
    where, anchor = edits.carry(span)
    if anchor in ("kept", "moved") and where is not None:
        assert edits.inverse().carry(where)[0] == span


@given(st.data())
def test_two_revisions_one_after_the_other_keep_the_words(data):
    old, middle, first, span = data.draw(with_span())
    _, new, second = data.draw(edited(middle))
    where, anchor = first.carry(span)
    if where is None or anchor == "changed":
        return
    again, after = second.carry(where)
    if again is not None and after in ("kept", "moved"):
        assert again.of(new) == span.of(old)


def applied(old: str, new: str, edits: Edits) -> str:
    """Build the new text from the old one: what no edit touches must be equal."""
    made, at, place = "", 0, 0
    for start, end, length in edits.edits:
        made += old[at:start]
        place += start - at
        made += new[place : place + length]
        place += length
        at = end
    return made + old[at:]


@given(texts, texts)
def test_proposed_edits_lead_from_any_text_to_any_other(old, new):
    assert applied(old, new, proposed_edits(old, new)) == new


@given(edited())
def test_proposed_edits_lead_from_a_text_to_a_corrected_one(case):
    old, new, _ = case
    edits = proposed_edits(old, new)
    assert applied(old, new, edits) == new
    assert (edits.edits == ()) == (old == new)


# a study whose text is corrected


def text(study: qk.Study) -> str:
    return study.document("P-1").text


def anchors(study: qk.Study) -> dict[str, str]:
    frame = study.codings().query("document_id == 'P-1'")
    return dict(zip(frame["text"], frame["anchor"], strict=True))


def test_turns_and_numbers_follow(study):
    new = text(study).replace("I: Stil?\n", "").replace("Het advies", "Nou, het advies")
    found = study.revise("P-1", new, reason="gehoord")
    assert found.revision == 2
    turns = study.document("P-1").segments
    assert [(turn.paragraph, turn.speaker) for turn in turns] == [(1, "I"), (2, "R"), (3, "R")]
    assert [new[turn.start : turn.end] for turn in turns] == [
        "Hoe ging het?",
        "Nou, het advies paste goed. Daarna was het stil 😀 weken.",
        "Ja. Maanden zelfs.",
    ]
    assert study.verify().fault is None


def test_review_shows_before_and_after(study):
    found = study.revise("P-1", text(study).replace("stil 😀 weken", "stil 😀 maanden"), reason="gehoord")
    assert (found.kept, found.moved, found.changed, found.lost) == (1, 0, 1, 0)
    (row,) = study.review().to_dict("records")
    assert (row["anchor"], row["code_id"], row["coder"]) == ("changed", "B1", "AB")
    assert "[stil 😀 weken]" in row["before"]
    assert "[stil 😀 maanden]" in row["after"]
    study.place_coding(row["coding_id"], reason="zo is het bedoeld")
    assert study.review().empty
    assert anchors(study)["stil 😀 maanden"] == "kept"
    study.undo()
    assert list(study.review()["coding_id"]) == [row["coding_id"]]
    assert study.verify().fault is None


def test_lost_coding_waits_and_is_placed(study):
    old, gone = text(study), " Daarna was het stil 😀 weken."
    at = old.index(gone)
    study.revise("P-1", old.replace(gone, ""), edits=[(at, at + len(gone), 0)], reason="verzonnen")
    (row,) = study.review().to_dict("records")
    assert (row["anchor"], row["after"]) == ("lost", "")
    with pytest.raises(
        StoreError, match="^P-1: the words of this coding are gone. Name its new words, or take"
    ):
        study.place_coding(row["coding_id"], reason="x")
    study.place_coding(row["coding_id"], quote="Maanden zelfs", reason="daar staat het nu")
    assert study.review().empty
    assert "Maanden zelfs" in anchors(study)
    with pytest.raises(UnknownNameError):
        study.place_coding("geen", reason="x")


def test_exact_edits_of_a_program_keep_what_they_do_not_touch(study):
    old = text(study)
    at = old.index("goed")
    study.revise("P-1", old.replace("goed", "[PLAATS]"), edits=[(at, at + 4, 8)], reason="namen")
    assert anchors(study) == {"Het advies paste [PLAATS].": "changed", "stil 😀 weken": "moved"}


WRONG = "^P-1: the edits do not lead from the old text to the new one. Nothing was changed.$"


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("abc", "xbc", [(0, 1, 1), (2, 9, 7)]),  # ends beyond the text, and the sums are right
        ("abc", "abd", [(0, 1, 1)]),
        ("abc", "abcd", [(3, 3, 2)]),
        ("abc", "ab", []),
        ("abc", "abcd", [(9, 9, 1)]),
    ],
)
def test_wrong_edits_are_refused(study, old, new, edits):
    before = text(study)
    with pytest.raises(StoreError, match=WRONG):
        study.revise("P-1", before[:-3] + new, edits=[(0, 0, 1), *edits], reason="x")
    base = len(before) - 3
    study.revise("P-1", before[:-3] + old, reason="x")
    shifted = [(start + base, end + base, length) for start, end, length in edits]
    with pytest.raises(StoreError, match=WRONG):
        study.revise("P-1", before[:-3] + new, edits=shifted, reason="x")
    assert text(study) == before[:-3] + old


def test_disordered_edits_and_equal_text_are_refused(study):
    before = text(study)
    with pytest.raises(AnchorError, match="^edit 2–3 of new length 1 is out of order, or changes nothing.$"):
        study.revise("P-1", "x", edits=[(5, 6, 1), (2, 3, 1)], reason="x")
    with pytest.raises(
        StoreError, match="^P-1: the new text is the same as the old one. Nothing was changed.$"
    ):
        study.revise("P-1", before, reason="x")
    with pytest.raises(StoreError, match="the same as the old one"):
        study.revise("P-1", before.replace("\n", "\r\n"), reason="x")


@pytest.mark.parametrize(
    ("char", "what"), [("\0", "a NUL character"), ("\r", "a carriage return"), ("\ud83d", "half a character")]
)
def test_text_that_no_file_can_hold_is_refused(study, char, what):
    with pytest.raises(StoreError, match=f"^N: its text holds {what} at 5"):
        study.add_documents([Document("N", f"R: Da{char}g.", (), "txt")])
    old = text(study)
    with pytest.raises(StoreError, match=f"^P-1: its text holds {what} at 0"):
        study.revise("P-1", char + old, edits=[(0, 0, 1)], reason="x")
    assert study.verify().fault is None


def test_corrected_word_file_replaces_text_and_turns(study, tmp_path):
    word = Word()
    for line in text(study).replace("Maanden", "Jaren").split("\n"):
        word.add_paragraph(line)
    word.save(tmp_path / "P-1.docx")
    study.revise("P-1", tmp_path / "P-1.docx", reason="teruggelezen door de respondent")
    assert "Jaren zelfs." in text(study)
    assert [turn.speaker for turn in study.document("P-1").segments] == ["I", "R", "I", "R"]
    assert anchors(study) == {"Het advies paste goed.": "kept", "stil 😀 weken": "kept"}
    assert study.history(document="P-1")["why"].iloc[-1] == "teruggelezen door de respondent"
    assert study.verify().fault is None


def test_undoing_a_revision_restores_every_place(study):
    place = ["coding_id", "start", "end", "text", "anchor"]
    before, whole = study.codings()[place], study.content_hash
    for new in (text(study).replace("Het advies paste goed. ", ""), "x" + text(study)):
        study.revise("P-1", new, reason="proef")
        assert not study.codings()[place].equals(before)
        study.undo()
        assert study.codings()[place].equals(before)
        assert study.content_hash == whole
    assert study.verify().fault is None


# on an older text, in a copy


@pytest.mark.parametrize("late", ["links", "rechts"])
def test_coding_made_on_an_older_text_is_carried_by_the_same_lists(study, tmp_path, late):
    study.close()
    left, right = (Path(shutil.copy(study.path, tmp_path / f"{n}.qualkit")) for n in ("links", "rechts"))
    with qk.Study.open(left if late == "links" else right, coder="ZZ") as one:
        for _ in range(3):
            one.add_memo("druk", kind="field")
    with qk.Study.open(left, coder="CD") as one:
        one.revise("P-1", one.document("P-1").text.replace("Hoe ging het?", "Hoe is het gegaan?"), reason="x")
        one.revise("P-1", one.document("P-1").text.replace("Maanden", "Jaren"), reason="x")
    with qk.Study.open(right, coder="EF") as one:
        moved = one.add_coding("P-1", quote="Daarna was het", code="B1")
        changed = one.add_coding("P-1", quote="Maanden zelfs.", code="B1")
    for path, other in ((left, right), (right, left)):
        with qk.Study.open(path, coder="XX") as one:
            one.merge(other)
            frame = one.codings().set_index("coding_id")
            assert (frame["text"][moved], frame["anchor"][moved]) == ("Daarna was het", "moved")
            assert (frame["text"][changed], frame["anchor"][changed]) == ("Jaren zelfs.", "changed")
            assert list(one.review()["coding_id"]) == [changed]
        assert verify_here(path).fault is None


@pytest.mark.parametrize("choice", ["keep", "take"])
def test_text_corrected_on_both_sides(study, tmp_path, choice):
    study.close()
    left, right = (Path(shutil.copy(study.path, tmp_path / f"{n}.qualkit")) for n in ("links", "rechts"))
    made = {}
    for path, coder, word in ((left, "CD", "Jaren"), (right, "EF", "Dagen")):
        with qk.Study.open(path, coder=coder) as one:
            one.revise("P-1", one.document("P-1").text.replace("Maanden", word), reason="gehoord")
            made[word] = one.add_coding("P-1", quote=f"{word} zelfs.", code="B1")
    with qk.Study.open(left, coder="XX") as one:
        one.merge(right)
        (conflict,) = one.conflicts().to_dict("records")
        assert (conflict["thing"], conflict["field"]) == ("document", "revision")
        standing = "Jaren" if "Jaren" in one.document("P-1").text else "Dagen"
        other = {"Jaren": "Dagen", "Dagen": "Jaren"}[standing]
        one.decide(conflict["conflict"], choice, reason="band beluisterd")
        used = standing if choice == "keep" else other
        unused = other if choice == "keep" else standing
        assert f"{used} zelfs." in one.document("P-1").text
        frame = one.codings().set_index("coding_id")
        assert (frame["text"][made[used]], frame["anchor"][made[used]]) == (f"{used} zelfs.", "kept")
        assert list(one.review()["coding_id"]) == [made[unused]]
        assert one.verify().fault is None
