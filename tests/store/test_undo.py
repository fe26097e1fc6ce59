"""What was done can be taken back and done again; what was shown at any moment can be shown again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from small import transcript

import qualkit as qk
from qualkit.codebook import codebook_from_rows
from qualkit.errors import StoreError
from qualkit.model import Participant
from qualkit.store import fold
from qualkit.store.undo import LASTING

FRAMES = ("codings", "participants", "documents", "segments", "cases", "coverage", "memos", "topics")


def shown(study: qk.Study) -> dict[str, pd.DataFrame]:
    found = {name: study.frame(name) for name in FRAMES}
    found["codings"] = found["codings"].astype({"code": str})
    return found


def equal(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> bool:
    return all(one[name].astype(str).equals(other[name].astype(str)) for name in FRAMES)


def first(study: qk.Study) -> str:
    return str(study.codings()["coding_id"].iloc[0])


def newer(study: qk.Study) -> qk.Codebook:
    rows = [
        {"id": "A", "parent": "", "name": "Advies", "definition": "x"},
        {"id": "A1", "parent": "A", "name": "Anders", "definition": "y"},
    ]
    return codebook_from_rows(enumerate(rows, start=2), name="klein", version="2.0.0", where="klein.csv")


def _memo(study: qk.Study) -> str:
    return str(study.memos()["memo_id"].iloc[0])


def _review(study: qk.Study) -> None:
    study.place_coding(study.review()["coding_id"].iloc[0], reason="gelezen")


ACTS = {
    "add_participants": lambda s: s.add_participants([Participant("P-9")]),
    "set_values": lambda s: s.add_participants([Participant("P-1", {"groep": ("anders",)})]),
    "add_document": lambda s: s.add_documents([transcript("N", ("R", "Nieuw."))]),
    "revise": lambda s: s.revise("P-2", "Vooraf. " + s.document("P-2").text, reason="gehoord"),
    "adopt": lambda s: s.adopt(newer(s)),
    "add_codings": lambda s: s.add_coding("P-1", quote="Ja. Maanden zelfs.", code="A1"),
    "change_codings": lambda s: s.change_coding(first(s), code="A2", asked=True, quote="advies"),
    "remove_codings": lambda s: s.remove_codings([first(s)], reason="dubbel"),
    "decide_anchors": _review,
    "add_memos": lambda s: s.add_memo("Nog een.", kind="theory"),
    "change_memo": lambda s: s.change_memo(_memo(s), "Anders."),
    "add_meeting": lambda s: s.add_meeting(date="2021-11-30", present=["AB"], report="Besproken."),
    "set_guide": lambda s: s.set_guide([qk.Topic("T1", "Anders", ("A1",)), qk.Topic("T3", "Nieuw", ())]),
    "set_coverage": lambda s: s.set_coverage([("P-1", "T1", "came_up"), ("P-2", "T1", "asked")]),
}
# only a merge calls for it
ELSEWHERE = {"decide_conflict"}


@pytest.fixture
def full(study: qk.Study) -> qk.Study:
    """The small study with something of everything, last done by somebody else."""
    study.close()
    with qk.Study.open(study.path, coder="ZZ") as one:
        one.add_memo("Eerst.", kind="field", document="P-1")
        one.set_guide([qk.Topic("T1", "Advies", ("A1",)), qk.Topic("T2", "Daarna", ("B1",))])
        one.set_coverage([("P-1", "T1", "asked")])
        one.revise(
            "P-1", one.document("P-1").text.replace("stil 😀 weken", "stil 😀 maanden"), reason="gehoord"
        )
    return study


def test_every_kind_of_act_is_tried():
    assert set(ACTS) | ELSEWHERE == set(fold._KINDS) - LASTING


@pytest.mark.parametrize("kind", ACTS)
def test_act_is_undone_and_redone_across_sessions(full, kind):
    with qk.Study.open(full.path, coder="AB") as one:
        before, whole = shown(one), one.content_hash
        ACTS[kind](one)
        assert list(one._file.events())[-1].kind == kind
        after, changed = shown(one), one.content_hash
        if kind != "add_meeting":
            assert not equal(before, after)
    for _ in range(2):
        with qk.Study.open(full.path, coder="AB") as one:
            said = one.undo()
            assert equal(shown(one), before)
            assert one.content_hash == whole
            last = one.history().iloc[-1]
            assert (last["kind"], last["what"]) == ("undo", f"ongedaan gemaakt: {said}")
        with qk.Study.open(full.path, coder="AB") as one:
            assert one.redo() == said
            assert equal(shown(one), after)
            assert one.content_hash == changed
            with pytest.raises(StoreError, match="^AB: there is nothing to redo.$"):
                one.redo()
    assert full.verify().fault is None


def test_each_coder_undoes_own_acts_only(study):
    study.close()
    with (
        qk.Study.open(study.path, coder="CD") as one,
        pytest.raises(StoreError, match="^CD: there is nothing to undo.$"),
    ):
        one.undo()
    with qk.Study.open(study.path, coder="CD") as one:
        id_ = one.add_coding("P-3", quote="Niets te klagen", code="A1")
    with qk.Study.open(study.path, coder="AB") as one:
        one.undo()
        assert "é́cht" not in set(one.codings()["text"])
        assert id_ in set(one.codings()["coding_id"])


def test_later_act_of_another_coder_is_named(study):
    id_ = first(study)
    study.change_coding(id_, code="A2")
    study.close()
    with qk.Study.open(study.path, coder="CD") as one:
        one.change_coding(id_, asked=True)
        at = list(one._file.events())[-1].at
    with qk.Study.open(study.path, coder="AB") as one:
        with pytest.raises(StoreError) as refused:
            one.undo()
        assert str(refused.value) == (
            f"cannot be undone: a later act touched the same thing (change codings by CD at {at}). Undo that one first."
        )
    with qk.Study.open(study.path, coder="CD") as one:
        one.undo()
    with qk.Study.open(study.path, coder="AB") as one:
        assert one.undo() == "codering gewijzigd"


def test_redo_names_a_later_act(study):
    id_ = first(study)
    study.change_coding(id_, code="A2")
    study.undo()
    study.close()
    with qk.Study.open(study.path, coder="CD") as one:
        one.change_coding(id_, code="B1")
    with (
        qk.Study.open(study.path, coder="AB") as one,
        pytest.raises(
            StoreError, match=r"^cannot be redone: a later act touched the same thing \(change codings by CD"
        ),
    ):
        one.redo()


def test_later_act_that_came_by_merge_is_named(study, tmp_path):
    id_ = study.add_coding("P-1", quote="Ja. Maanden zelfs.", code="A1")
    study.close()
    other = Path(shutil.copy(study.path, tmp_path / "ander.qualkit"))
    with qk.Study.open(other, coder="CD") as one:
        one.add_memo("Waarom hier?", kind="code", coding=id_)
    with qk.Study.open(study.path, coder="AB") as one:
        one.merge(other)
        with pytest.raises(StoreError, match=r"a later act touched the same thing \(add memos by CD at"):
            one.undo()
        assert one.verify().fault is None


def test_memo_on_the_study_does_not_stand_in_the_way_of_a_codebook(study):
    study.adopt(newer(study))
    study.close()
    with qk.Study.open(study.path, coder="CD") as one:
        one.add_memo("Los van alles.", kind="method")
    with qk.Study.open(study.path, coder="AB") as one:
        assert one.undo() == "codeboek klein in gebruik genomen"
        assert one.codebook.version == "1.0.0"


def test_new_act_clears_what_could_be_redone(study):
    study.add_memo("een", kind="field")
    study.undo()
    study.add_memo("twee", kind="field")
    with pytest.raises(StoreError, match="^AB: there is nothing to redo.$"):
        study.redo()


def test_several_are_undone_and_redone_in_turn(study):
    hashes = [study.content_hash]
    for n in range(4):
        study.add_memo(str(n), kind="field")
        hashes.append(study.content_hash)
    for expected in reversed(hashes[:-1]):
        study.undo()
        assert study.content_hash == expected
    for expected in hashes[1:]:
        study.redo()
        assert study.content_hash == expected


def test_erasing_is_not_undone(study):
    study.erase(document="P-3", reason="teruggetrokken")
    with pytest.raises(StoreError, match="^AB: the last act was an erasure, which cannot be undone.$"):
        study.undo()
    assert "P-3" not in set(study.documents()["document_id"])
    assert study.verify().fault is None


def test_act_whose_change_was_held_back_undoes_nothing_of_the_other_side(study, tmp_path):
    memo = study.add_memo("Eerst.", kind="field")
    study.close()
    other = Path(shutil.copy(study.path, tmp_path / "ander.qualkit"))
    for path, coder in ((study.path, "AB"), (other, "CD")):
        with qk.Study.open(path, coder=coder) as one:
            one.change_memo(memo, f"Van {coder}.")
    with qk.Study.open(study.path, coder="AB") as one:
        one.merge(other)
        (found,) = one.conflicts().to_dict("records")
        loser = found["coder"]
    with qk.Study.open(study.path, coder=loser) as one:
        one.undo()
        assert list(one.memos()["text"]) == [found["in_use"]]
        assert one.verify().fault is None


def test_coverage_set_by_two_is_not_taken_back_by_one(study, tmp_path):
    study.set_guide([qk.Topic("T1", "Advies", ("A1",))])
    study.close()
    other = Path(shutil.copy(study.path, tmp_path / "ander.qualkit"))
    for path, coder in ((study.path, "CD"), (other, "EF")):
        with qk.Study.open(path, coder=coder) as one:
            one.set_coverage([("P-1", "T1", "asked")])
    with qk.Study.open(study.path, coder="CD") as one:
        one.merge(other)
    for coder in ("CD", "EF"):
        with qk.Study.open(study.path, coder=coder) as one:
            try:
                one.undo()
            except StoreError as error:
                assert "a later act touched the same thing" in str(error)
            assert list(one.coverage()["value"]) == ["asked"]


def test_change_that_changes_nothing_is_no_act(study):
    events = len(list(study._file.events()))
    study.change_coding(first(study), code="A1")
    study.remove_codings([], reason="x")
    study.set_coverage([])
    assert len(list(study._file.events())) == events


def test_meaning_is_changed_in_terms_of_the_codebook_in_use(study):
    id_ = first(study)
    study.adopt(newer(study))
    study.change_coding(id_, code="A1")
    row = study.codings().set_index("coding_id").loc[id_]
    assert (row["code_id"], row["codebook_version"]) == ("A1", "2.0.0")


# history


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", ["memo toegevoegd", "ongedaan gemaakt: memo toegevoegd", "opnieuw gedaan: memo toegevoegd"]),
        ("en", ["memo added", "undone: memo added", "done again: memo added"]),
    ],
)
def test_history_in_plain_words(tmp_path, language, expected):
    with qk.Study.create(tmp_path / "x.qualkit", title="x", language=language, coder="AB") as one:
        one.add_memo("een", kind="field")
        one.undo()
        one.redo()
        assert list(one.history()["what"])[-3:] == expected


def test_history_tells_who_when_what_and_why(study):
    study.remove_codings([first(study)], reason="dubbel")
    study.close()
    with qk.Study.open(study.path, coder="CD") as one:
        memo = one.add_memo("x", kind="field", document="P-1")
        one.change_memo(memo, "y")
        frame = one.history()
        last = frame.iloc[-3]
        assert (last["coder"], last["what"], last["why"], last["rows"]) == (
            *("AB", "codering teruggenomen", "dubbel"),
            1,
        )
        assert list(frame["at"]) == sorted(frame["at"])
        about = one.history(document="P-1")
        assert list(about["kind"]) == [
            *("add_document", "add_codings", "add_codings", "remove_codings", "add_memos", "change_memo"),
        ]
        assert set(one.history(coder="CD")["kind"]) == {"add_memos", "change_memo"}


@pytest.mark.parametrize("kind", ACTS)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_kind_has_words(kind, language):
    from qualkit.locale import words

    assert words(language)[f"history_{kind}"]


# the past


def test_every_moment_can_be_shown_again(full, tmp_path):
    other = Path(shutil.copy(full.path, tmp_path / "ander.qualkit"))
    with qk.Study.open(other, coder="CD") as one:
        one.add_coding("P-3", quote="Niets te klagen", code="A1")
        one.remove_codings([first(one)], reason="dubbel")
    saved: dict[str, tuple[dict[str, pd.DataFrame], str]] = {}

    def save(study: qk.Study) -> None:
        (at,) = study._file.query("SELECT max(at) FROM (SELECT at FROM event UNION SELECT at FROM merge)")[0]
        saved[str(at)] = shown(study), study.content_hash

    with qk.Study.open(full.path, coder="AB") as one:
        save(one)
        # the place is decided while there is one to decide
        for number, step in enumerate([_review, *(one for one in ACTS.values() if one is not _review)]):
            if number == 5:
                one.merge(other)
                save(one)
            if step is ACTS["adopt"]:
                continue
            step(one)
            save(one)
        one.undo()
        save(one)
        assert len(saved) > 10
        for at, (frames_, whole) in saved.items():
            with one.as_of(at) as then:
                assert equal(shown(then), frames_), at
                assert then.content_hash == whole
                with pytest.raises(StoreError, match="reading only"):
                    then.add_memo("x", kind="field")
        with pytest.raises(StoreError, match="held nothing yet at"):
            one.as_of("2001-01-01")
        with pytest.raises(StoreError, match='"gisteren" is no moment'):
            one.as_of("gisteren")


def test_title_and_language_of_a_new_study_stay(tmp_path):
    with qk.Study.create(tmp_path / "x.qualkit", title="x", language="en", coder="AB") as one:
        with pytest.raises(StoreError, match="^AB: there is nothing to undo.$"):
            one.undo()
        assert (one.title, one.language) == ("x", "en")
