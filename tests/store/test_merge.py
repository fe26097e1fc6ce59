"""Copies come together: nothing is lost, nothing is doubled, and the order does not matter."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from pathlib import Path

import pytest
from small import transcript

import qualkit as qk
from qualkit.codebook import Codebook, codebook_from_rows
from qualkit.errors import QualkitError, StoreError
from qualkit.model import Participant
from qualkit.store import fold
from qualkit.store.verify import verify_here


def release(version: str, *keys: str, retired: str = "") -> Codebook:
    """Make a release of the small codebook; guids follow from the codebook's name and the key."""
    rows = [{"id": "A", "parent": "", "name": "Advies", "definition": "Alles over het advies."}]
    rows += [
        {"id": key, "parent": "A", "name": key, "definition": f"Over {key}.", "status": status}
        for key in keys
        for status in ["retired" if key == retired else "active"]
    ]
    return codebook_from_rows(enumerate(rows, start=2), name="klein", version=version, where="klein.csv")


def copy_of(study: qk.Study, name: str) -> Path:
    study.close()
    path = study.path.with_name(f"{name}.qualkit")
    shutil.copy(study.path, path)
    return path


@pytest.fixture
def pair(study: qk.Study) -> tuple[Path, Path]:
    """Two copies that are still equal."""
    return copy_of(study, "links"), copy_of(study, "rechts")


def act(path: Path, coder: str, *steps) -> list:
    with qk.Study.open(path, coder=coder) as one:
        return [step(one) for step in steps]


def ids(path: Path) -> dict[str, str]:
    """Return words to coding id."""
    with qk.Study.open(path, read_only=True) as one:
        frame = one.codings()
        return dict(zip(frame["text"], frame["coding_id"], strict=True))


def state(path: Path) -> dict[str, list]:
    db = sqlite3.connect(path)
    try:
        return {table: sorted(db.execute(f"SELECT * FROM {table}"), key=repr) for table in fold.STATE}
    finally:
        db.close()


def merged(path: Path, *copies: Path, coder: str = "XX") -> list:
    with qk.Study.open(path, coder=coder) as one:
        return one.merge(*copies)


def both(left: Path, right: Path) -> None:
    """Merge both ways; the two must then be equal, and whole."""
    merged(left, right)
    merged(right, left)
    assert state(left) == state(right)
    with qk.Study.open(left, read_only=True) as a, qk.Study.open(right, read_only=True) as b:
        assert a.content_hash == b.content_hash
    for path in (left, right):
        assert verify_here(path).fault is None


def waiting(path: Path) -> list[dict]:
    with qk.Study.open(path, read_only=True) as one:
        return one.conflicts().to_dict("records")


def decided(path: Path, choice: str, at: int = 0) -> None:
    with qk.Study.open(path, coder="EF") as one:
        one.decide(one.conflicts()["conflict"][at], choice, reason="besproken")
        assert one.verify().fault is None


# the laws


def three(study: qk.Study, codebook: Codebook) -> list[Path]:
    """Three copies in which everything was done that can be done, also to the same things."""
    memo = study.add_memo("Eerste gedachte.", kind="field", document="P-1")
    study.set_guide([qk.Topic("T1", "Advies", ("A1",)), qk.Topic("T2", "Daarna", ("B1",))])
    paths = [copy_of(study, name) for name in ("een", "twee", "drie")]
    shared = ids(paths[0])
    place = shared["Het advies paste goed."]
    for number, path in enumerate(paths):
        text = study_text(path, "P-1")
        act(
            path,
            f"C{number}",
            lambda s, n=number: s.add_coding("P-2", start=16, end=20 + n, code="B1"),
            lambda s, n=number: s.change_memo(memo, f"Gedachte van {n}."),
            lambda s, n=number: s.set_coverage([("P-1", "T1", ("asked", "came_up", "asked")[n])]),
            lambda s, n=number: s.change_coding(place, code=("A2", "B1", "A2")[n]),
            lambda s, n=number: s.add_participants([Participant(f"Q-{n}", {"groep": (f"g{n}",)})]),
            lambda s, n=number: s.add_participants([Participant("P-1", {"groep": (f"g{n}",)})]),
            lambda s, n=number, t=text: s.revise("P-1", t.replace("Stil?", f"Stil{n}?"), reason="gehoord"),
            lambda s: s.add_memo("weg ermee", kind="field"),
            lambda s: s.undo(),
            lambda s, n=number: s.adopt(release(f"1.{n + 1}.0", "A1", "A2", "B1")),
        )
    act(paths[1], "C1", lambda s: s.remove_codings([shared["é́cht"]], reason="dubbel"))
    act(paths[2], "C2", lambda s: s.erase(document="P-3", reason="teruggetrokken"))
    return paths


def study_text(path: Path, name: str) -> str:
    with qk.Study.open(path, read_only=True) as one:
        return one.document(name).text


def test_merging_is_commutative_associative_and_idempotent(study, codebook, tmp_path):
    paths = three(study, codebook)
    found = []
    for number, order in enumerate(itertools.permutations(paths)):
        folder = tmp_path / str(number)
        folder.mkdir()
        first, second, third = (Path(shutil.copy(path, folder)) for path in order)
        if number % 2:  # (1 + 2) + 3
            merged(first, second)
            merged(first, third)
        else:  # 1 + (2 + 3)
            merged(second, third)
            merged(first, second)
        found.append((state(first), hash_of(first)))
        (again,) = merged(first, third)
        assert (again.events, again.conflicts) == (0, 0)
        assert (state(first), hash_of(first)) == found[-1]
        assert verify_here(first).fault is None
    assert all(one == found[0] for one in found)
    assert len(found[0][0]["conflict"]) > 5


def hash_of(path: Path) -> str:
    with qk.Study.open(path, read_only=True) as one:
        return one.content_hash


def test_merging_several_at_once_is_merging_one_by_one(study, codebook, tmp_path):
    one, two, three_ = three(study, codebook)
    other = Path(shutil.copy(one, tmp_path / "ander.qualkit"))
    merged(one, two, three_)
    merged(other, two)
    merged(other, three_)
    assert state(one) == state(other)


def test_merging_with_itself_is_nothing(study):
    (found,) = study.merge(study.path)
    assert (found.events, found.codings, found.conflicts) == (0, 0, 0)


def test_nothing_of_either_side_is_dropped(pair):
    left, right = pair
    a, b = (
        act(path, coder, lambda s: s.add_coding("P-2", start=16, end=20, code="B1"))[0]
        for path, coder in ((left, "CD"), (right, "EF"))
    )
    before = set(ids(left).values()) | set(ids(right).values())
    both(left, right)
    with qk.Study.open(left, read_only=True) as one:
        assert set(one.codings()["coding_id"]) >= before | {a, b}
        assert one.conflicts().empty


# the same thing on both sides


def test_same_change_on_both_sides_is_done_once_and_no_conflict(pair):
    left, right = pair
    id_ = ids(left)["Wij wachtten lang."]
    for path, coder in ((left, "CD"), (right, "EF")):
        act(path, coder, lambda s: s.change_coding(id_, code="A2"))
        act(path, coder, lambda s: s.add_participants([Participant("P-1", {"groep": ("nieuw",)})]))
        act(path, coder, lambda s: s.set_guide([qk.Topic("T1", "Advies", ("A1",))]))
        act(path, coder, lambda s: s.set_coverage([("P-1", "T1", "asked")]))
    both(left, right)
    assert waiting(left) == []
    with qk.Study.open(left, read_only=True) as one:
        assert one.codings().set_index("coding_id")["code_id"][id_] == "A2"
        assert one.participants().set_index("participant")["groep"]["P-1"] == "nieuw"
        assert len(one.coverage()) == 1


@pytest.mark.parametrize("choice", ["keep", "take"])
def test_two_edits_of_one_memo(study, choice):
    memo = study.add_memo("Eerst.", kind="field", document="P-1")
    left, right = copy_of(study, "links"), copy_of(study, "rechts")
    act(left, "CD", lambda s: s.change_memo(memo, "Van links."))
    act(right, "EF", lambda s: s.change_memo(memo, "Van rechts."))
    both(left, right)
    (found,) = waiting(left)
    assert {found["in_use"], found["wanted"]} == {"Van links.", "Van rechts."}
    assert (found["reason"], found["thing"], found["field"]) == ("changed on both sides", "memo", "body")
    decided(left, choice)
    both(left, right)
    assert waiting(right) == []
    with qk.Study.open(right, read_only=True) as one:
        assert list(one.memos()["text"]) == [found["in_use" if choice == "keep" else "wanted"]]


def test_decision_can_be_undone_and_the_conflict_waits_again(study):
    memo = study.add_memo("Eerst.", kind="field", document="P-1")
    left, right = copy_of(study, "links"), copy_of(study, "rechts")
    act(left, "CD", lambda s: s.change_memo(memo, "Van links."))
    act(right, "EF", lambda s: s.change_memo(memo, "Van rechts."))
    both(left, right)
    before = waiting(left)
    decided(left, "take")
    assert act(left, "EF", lambda s: s.undo()) == ["conflict beslist"]
    assert waiting(left) == before


@pytest.mark.parametrize("swap", [False, True])
def test_place_is_changed_whole_or_not_at_all(pair, swap):
    # one side moves the start, the other the end: half of each would be words that nobody coded
    left, right = reversed(pair) if swap else pair
    id_ = ids(left)["Wij wachtten lang."]
    act(left, "CD", lambda s: s.change_coding(id_, quote="wachtten lang."))
    act(right, "EF", lambda s: s.change_coding(id_, quote="Wij wachtten"))
    both(left, right)
    (found,) = waiting(left)
    assert found["subject"] == id_
    words = {"wachtten lang.", "Wij wachtten"}
    standing = next(text for text, one in ids(left).items() if one == id_)
    assert standing in words
    decided(left, "take")
    assert next(text for text, one in ids(left).items() if one == id_) in words - {standing}


def test_code_and_its_release_are_changed_whole_or_not_at_all(pair):
    left, right = pair
    id_ = ids(left)["Wij wachtten lang."]
    act(
        left, "CD", lambda s: s.adopt(release("2.0.0", "A1", "N1")), lambda s: s.change_coding(id_, code="N1")
    )
    act(right, "EF", lambda s: s.change_coding(id_, code="A2"))
    both(left, right)
    assert [one["subject"] for one in waiting(left)] == [id_]
    assert id_ in ids(left).values()


@pytest.mark.parametrize("choice", ["keep", "take"])
@pytest.mark.parametrize("late", ["links", "rechts"])
def test_removed_on_one_side_and_changed_on_the_other(pair, choice, late):
    left, right = pair
    id_ = ids(left)["Wij wachtten lang."]
    # more acts before it, so that this side's act is folded last
    busy = left if late == "links" else right
    act(busy, "ZZ", *[lambda s: s.add_memo("druk", kind="field")] * 3)
    act(left, "CD", lambda s: s.remove_codings([id_], reason="dubbel"))
    act(right, "EF", lambda s: s.change_coding(id_, code="A2"))
    both(left, right)
    (found,) = waiting(left)
    assert found["subject"] == id_
    decided(left, choice)
    # who was first stands when kept: taken back when the removal came first, changed when the change did
    stands = (late == "links") == (choice == "keep")
    assert (id_ in ids(left).values()) == stands
    if stands:
        with qk.Study.open(left, read_only=True) as one:
            assert one.codings().set_index("coding_id")["code_id"][id_] == "A2"


@pytest.mark.parametrize("early", ["links", "rechts"])
def test_code_retired_here_and_used_there(pair, early):
    left, right = pair
    busy = right if early == "links" else left
    act(busy, "ZZ", *[lambda s: s.add_memo("druk", kind="field")] * 3)
    act(left, "CD", lambda s: s.adopt(release("2.0.0", "A1", "A2", "B1", retired="B1")))
    (id_,) = act(right, "EF", lambda s: s.add_coding("P-2", start=16, end=20, code="B1"))
    both(left, right)
    (found,) = waiting(left)
    assert (found["reason"], found["subject"]) == ("code was retired", id_)
    assert id_ in ids(left).values()
    with qk.Study.open(left, coder="EF") as one:
        with pytest.raises(StoreError, match="nothing here that could be taken. Keep what stands."):
            one.decide(found["conflict"], "take", reason="x")
        one.undo()  # the conflict told of it; the coding is there, and can be taken back
        assert id_ not in set(one.codings()["coding_id"])


def test_codes_known_to_be_in_use_are_retired_without_conflict(pair):
    left, right = pair
    act(left, "CD", lambda s: s.adopt(release("2.0.0", "A1", "A2", "B1", retired="B1")))
    both(left, right)
    assert waiting(left) == []


def test_one_name_added_on_both_sides_is_shown(pair):
    left, right = pair
    for path, coder in ((left, "CD"), (right, "EF")):
        act(
            path,
            coder,
            lambda s: s.add_participants([Participant("P-9")]),
            lambda s, c=coder: s.add_documents([transcript("P-9", ("I", "Dag."), ("R", f"Dag {c}."))]),
            lambda s: s.add_coding("P-9", start=11, end=14, code="A1"),
        )
    both(left, right)
    found = [(one["conflict"], one["reason"], one["in_use"]) for one in waiting(left)]
    assert found == [
        ("", "one name for two participants", "P-9"),
        ("", "one name for two documents", "P-9"),
    ]
    with qk.Study.open(left, read_only=True) as one:
        assert len(one.codings().query("document_id == 'P-9'")) == 2
        # one of the two is meant everywhere, and it is the same one
        text = one.document("P-9").text
        assert one.find_quote("P-9", text.rsplit(" ", 1)[-1])


def test_attribute_set_differently_is_shown_and_mended_by_setting_it(pair):
    left, right = pair
    act(left, "CD", lambda s: s.add_participants([Participant("P-1", {"groep": ("links",), "jaar": ("1",)})]))
    act(
        right,
        "EF",
        lambda s: s.add_participants([Participant("P-1", {"groep": ("rechts",), "jaar": ("2",)})]),
    )
    both(left, right)
    found = waiting(left)
    assert [one["reason"] for one in found] == ["an attribute was set on both sides"] * 2
    assert {tuple(sorted((one["in_use"], one["wanted"]))) for one in found} == {
        ("links", "rechts"),
        ("1", "2"),
    }
    act(
        left, "EF", lambda s: s.add_participants([Participant("P-1", {"groep": ("midden",), "jaar": ("3",)})])
    )
    both(left, right)
    assert waiting(right) == []
    with qk.Study.open(right, read_only=True) as one:
        row = one.participants().set_index("participant").loc["P-1"]
        assert (row["groep"], row["jaar"]) == ("midden", "3")


def test_one_coding_made_on_both_sides_is_shown(pair):
    left, right = pair
    made = [act(path, "CD", lambda s: s.add_coding("P-2", start=16, end=20, code="B1"))[0] for path in pair]
    both(left, right)
    (found,) = waiting(left)
    assert (found["reason"], found["subject"]) == ("one coding was made on both sides", max(made))
    act(left, "CD", lambda s: s.remove_codings([max(made)], reason="dubbel"))
    assert waiting(left) == []


@pytest.mark.parametrize("choice", ["keep", "take"])
def test_coverage_set_differently(study, choice):
    study.set_guide([qk.Topic("T1", "Advies", ("A1",))])
    left, right = copy_of(study, "links"), copy_of(study, "rechts")
    act(left, "CD", lambda s: s.set_coverage([("P-1", "T1", "asked")]))
    act(right, "EF", lambda s: s.set_coverage([("P-1", "T1", "came_up")]))
    both(left, right)
    (found,) = waiting(left)
    assert {found["in_use"], found["wanted"]} == {"asked", "came_up"}
    decided(left, choice)
    both(left, right)
    with qk.Study.open(right, read_only=True) as one:
        assert list(one.coverage()["value"]) == [found["in_use" if choice == "keep" else "wanted"]]


def test_topic_worded_differently_is_a_conflict(pair):
    left, right = pair
    act(left, "CD", lambda s: s.set_guide([qk.Topic("T1", "Advies", ("A1",), ("Hoe?",))]))
    act(right, "EF", lambda s: s.set_guide([qk.Topic("T1", "Advies", ("A1",), ("Waarom?",))]))
    both(left, right)
    assert len(waiting(left)) == 1
    with qk.Study.open(left, read_only=True) as one:
        before = one.topics()[0].questions
    decided(left, "take")
    with qk.Study.open(left, read_only=True) as one:
        assert {before, one.topics()[0].questions} == {("Hoe?",), ("Waarom?",)}


@pytest.mark.parametrize("late", ["links", "rechts"])
def test_document_taken_back_here_and_coded_there(study, late):
    study.close()
    act(study.path, "CD", lambda s: s.add_documents([transcript("N", ("R", "Nieuwe woorden."))]))
    left, right = copy_of(study, "links"), copy_of(study, "rechts")
    busy = left if late == "links" else right
    act(busy, "ZZ", *[lambda s: s.add_memo("druk", kind="field")] * 3)
    act(left, "CD", lambda s: s.undo())
    (id_,) = act(right, "EF", lambda s: s.add_coding("N", quote="Nieuwe", code="A1"))
    both(left, right)
    (found,) = waiting(left)
    if late == "rechts":
        assert found["reason"] == "document was taken back"
        decided(left, "take")
    else:
        assert found["reason"] == "used on the other side"
        decided(left, "keep")
    assert ids(left)["Nieuwe"] == id_


# erased words


def test_copy_that_holds_erased_words_is_named_and_they_do_not_come_back(pair):
    left, right = pair
    act(left, "CD", lambda s: s.erase(participant="P-1", reason="teruggetrokken"))
    act(
        right,
        "EF",
        lambda s: s.add_memo("Over Jansen uit P-1.", kind="field", document="P-1"),
        lambda s: s.revise("P-1", s.document("P-1").text.replace("Maanden", "Jaren"), reason="gehoord"),
        lambda s: s.add_participants([Participant("P-1", {"groep": ("Jansens",)})]),
    )
    (found,) = merged(left, right)
    assert (found.copy, found.events > 0) == ("rechts.qualkit", True)
    assert found.erased > 5
    whole = left.read_bytes()
    for word in ("Jansen", "Jaren zelfs", "Maanden zelfs", "paste goed"):
        assert word.encode() not in whole
    assert verify_here(left).fault is None
    (again,) = merged(left, right)  # it still holds them
    assert again.events == 0
    assert again.erased > 0
    merged(right, left)
    assert b"Jansen" not in right.read_bytes()
    assert verify_here(right).fault is None
    assert state(left) == state(right)
    # a third copy takes from the second, which knows words without having them
    (after,) = merged(right, left)
    assert (after.events, after.erased) == (0, 0)


# refused, and nothing changed


@pytest.fixture
def untouched(pair):
    left, right = pair
    act(right, "EF", lambda s: s.add_coding("P-2", start=16, end=20, code="B1"))
    before = state(left), hash_of(left)
    yield left, right
    assert (state(left), hash_of(left)) == before
    assert verify_here(left).fault is None


def damaged(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        assert db.execute(statement).rowcount
    db.commit()
    db.close()


def test_another_study_is_refused(untouched, tmp_path):
    left, right = untouched
    other = tmp_path / "vreemd.qualkit"
    qk.Study.create(other, title="x", language="nl", coder="AB").close()
    with pytest.raises(
        StoreError, match="^vreemd.qualkit: is another study, not a copy of links.qualkit. Nothing"
    ):
        merged(left, right, other)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = replace(body, '16', '15') WHERE kind = 'add_codings' AND seq = (SELECT max(seq) FROM event)",
        "UPDATE event SET coder = NULL WHERE seq = (SELECT max(seq) FROM event)",
        "DELETE FROM event WHERE seq = 4",
        "UPDATE event SET hash = 'x' WHERE seq = 2",
    ],
)
def test_edited_events_are_refused(untouched, statement):
    left, right = untouched
    damaged(right, statement)
    with pytest.raises(
        StoreError, match="^rechts.qualkit: is damaged .* Ask for a fresh copy. Nothing is merged.$"
    ):
        merged(left, right)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE text SET body = 'anders' WHERE body = 'Nieuw.'", "DELETE FROM text WHERE body = 'Nieuw.'"],
)
def test_edited_or_missing_words_are_refused(untouched, statement):
    left, right = untouched
    act(right, "EF", lambda s: s.add_memo("Nieuw.", kind="field"))
    damaged(right, statement)
    with pytest.raises(
        StoreError, match=r"^rechts.qualkit: is damaged \(text [0-9a-f]{32} is not what was stored\)"
    ):
        merged(left, right)


def test_event_told_differently_is_refused(untouched):
    left, right = untouched
    # the whole chain written anew, so that it is whole in itself
    db = sqlite3.connect(right)
    from qualkit.store.file import read_events

    previous: dict[str, str] = {}
    changed: dict[str, str] = {}
    for event in list(read_events(db)):
        old = event.hash
        body = event.body
        for before, after in changed.items():
            body = body.replace(before, after)
        new = type(event)(
            *(
                event.origin,
                event.n,
                event.lamport,
                "2001-01-01T00:00:00.000Z",
                event.coder,
                event.kind,
                body,
            ),
            previous.get(event.origin, ""),
        )
        previous[event.origin] = changed[old] = new.hash
        db.execute(
            "UPDATE event SET at = ?, body = ?, previous = ?, hash = ? WHERE origin = ? AND n = ?",
            (new.at, body, new.previous, new.hash, event.origin, event.n),
        )
    db.commit()
    db.close()
    with pytest.raises(
        StoreError, match="^rechts.qualkit: tells event 0 of session .* differently from links.qualkit"
    ):
        merged(left, right)


def test_missing_copy_and_grouped_merge_are_refused(untouched, tmp_path):
    left, right = untouched
    with pytest.raises(StoreError, match="there is no such file"):
        merged(left, tmp_path / "weg.qualkit")
    with (
        qk.Study.open(left, coder="AB") as one,
        pytest.raises(QualkitError, match="cannot be part of a group"),
        one.atomic(),
    ):
        one.merge(right)


def test_copy_is_not_touched_by_being_merged(untouched, tmp_path):
    left, right = untouched
    before = right.read_bytes()
    merged(Path(shutil.copy(left, tmp_path / "derde.qualkit")), right)
    assert right.read_bytes() == before
