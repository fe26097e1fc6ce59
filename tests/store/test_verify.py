"""A study file is whole, or the first thing wrong with it is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from small import DOCUMENTS, PARTICIPANTS

import qualkit as qk
from qualkit.store import fold
from qualkit.store.file import StudyFile
from qualkit.store.past import replay
from qualkit.store.verify import verify, verify_here


@pytest.fixture
def path(study: qk.Study) -> Path:
    study.remove_codings([study.codings()["coding_id"][0]], reason="dubbel")
    study.add_memo("Twijfel tussen A1 en A2.", kind="code", document="P-1")
    study.set_guide([qk.Topic("T1", "Advies", ("A1", "A2")), qk.Topic("T2", "Daarna", ("B1",))])
    study.set_coverage([("P-1", "T1", "asked"), ("P-2", "T2", "came_up")])
    study.close()
    with qk.Study.open(study.path, coder="CD") as again:
        again.add_coding("P-3", quote="Niets te klagen", code="A1")
    return study.path


def damage(path: Path, *statements: str) -> str:
    """Change a closed file behind qualkit's back and return what verify says."""
    db = sqlite3.connect(path)
    for statement in statements:
        assert db.execute(statement).rowcount != 0, f"nothing was changed by: {statement}"
    db.commit()
    db.close()
    found = verify_here(path)
    assert found.fault is not None, "the damage was not found"
    return found.fault


def test_whole_file_verifies_in_a_fresh_process(path):
    found = verify(path)
    assert found.fault is None
    assert (found.whole, found.codings, found.conflicts) == (True, 4, 0)
    assert found.events > 10


def test_replay_gives_the_same_state(path):
    file = StudyFile.open(path, read_only=True)
    fresh = replay(file.connection)
    for table in fold.STATE:
        assert fresh.execute(f"SELECT * FROM {table}").fetchall() == file.query(f"SELECT * FROM {table}"), (
            table
        )
    file.close()


EDITS = {
    "study": "UPDATE study SET title = language",
    "coder": "UPDATE coder SET kind = 'rule'",
    "attribute": "UPDATE attribute SET name = (SELECT max(name) FROM attribute)",
    "participant": "UPDATE participant SET key = (SELECT max(key) FROM participant)",
    "value": "UPDATE value SET position = 7 WHERE position = 1",
    "document": "UPDATE document SET format = 'docx'",
    "revision": "UPDATE revision SET length = length + 1",
    "segment": "UPDATE segment SET role = 'participant' WHERE role = 'interviewer'",
    "release": "UPDATE release SET name = version",
    "code": "UPDATE code SET status = 'retired' WHERE position = 1",
    "coding": "UPDATE coding SET start = start + 1 WHERE removed = 0",
    "memo": "UPDATE memo SET kind = 'theory'",
    "topic": "UPDATE topic SET position = position + 5",
    "coverage": "UPDATE coverage SET value = 'not_asked' WHERE value = 'asked'",
    "head": "UPDATE head SET n = n - 1",
}


@pytest.mark.parametrize("table", sorted(EDITS))
def test_edited_state_row_is_found(path, table):
    assert damage(path, EDITS[table]).startswith(f"table {table}: ")


@pytest.mark.parametrize(
    "table",
    sorted(
        set(EDITS)
        - {"study", "document", "revision", "release", "participant", "attribute", "coder", "topic"}
    ),
)
def test_dropped_state_row_is_found(path, table):
    assert f"table {table}: row" in damage(path, f"DELETE FROM {table}")


def test_every_state_table_is_tried():
    # these are empty in this study; the tables that hold rows are all edited above
    assert set(fold.STATE) - set(EDITS) == {"facet", "conflict", "parent", "meeting", "tombstone"}


def test_added_state_row_is_found(path):
    added = "INSERT INTO coverage SELECT substr(id, 2) || 'f', document, topic, value, removed FROM coverage LIMIT 1"
    assert damage(path, added).startswith("table coverage: row")


def test_each_dropped_event_is_found(path, tmp_path):
    seqs = [row[0] for row in sqlite3.connect(path).execute("SELECT seq FROM event")]
    for seq in seqs:
        copy = tmp_path / f"zonder{seq}.qualkit"
        copy.write_bytes(path.read_bytes())
        damage(copy, f"DELETE FROM event WHERE seq = {seq}")


def test_swapped_events_are_found(path):
    fault = damage(
        path,
        "UPDATE event SET n = -1 WHERE n = 3",
        "UPDATE event SET n = 3 WHERE n = 4",
        "UPDATE event SET n = 4 WHERE n = -1",
    )
    assert "should come first" in fault or "chain is broken" in fault


def test_swapped_order_of_arrival_is_no_secret(path):
    fault = damage(path, "UPDATE event SET lamport = lamport + 1 WHERE seq = 3")
    assert "its content does not match its hash" in fault or "does not follow" in fault


@pytest.mark.parametrize("column", ["at", "kind", "body", "coder", "hash", "previous"])
def test_edited_event_is_found(path, column):
    value = "body || ' '" if column == "body" else "'x'"
    damage(path, f"UPDATE event SET {column} = {value} WHERE seq = 4")


def test_edited_text_is_found_and_named(path):
    fault = damage(path, "UPDATE text SET body = replace(body, 'stil', 'luid') WHERE body LIKE 'I: Hoe%'")
    assert "is not what was stored; it was changed outside qualkit" in fault
    assert "stil" not in fault


def test_missing_and_added_texts_are_found(path, tmp_path):
    copy = tmp_path / "meer.qualkit"
    copy.write_bytes(path.read_bytes())
    assert "is not there" in damage(path, "DELETE FROM text WHERE body = 'Twijfel tussen A1 en A2.'")
    assert "no event knows it" in damage(copy, "INSERT INTO text VALUES ('ff', x'00', 'erbij')")


def test_extra_trigger_is_refused(path):
    fault = damage_schema(path, "CREATE TRIGGER t AFTER INSERT ON coding BEGIN DELETE FROM memo; END")
    assert fault == (
        "klein.qualkit: its tables are not those of a qualkit study, so it is not opened. "
        "Ask for a fresh copy from where it came."
    )


def damage_schema(path: Path, statement: str) -> str | None:
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()
    return verify_here(path).fault


def test_damaged_pages_are_found(path):
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    for place in range(page * 3, page * 4):
        content[place] ^= 0x5A
    path.write_bytes(content)
    assert verify_here(path).fault is not None


def test_no_event_holds_free_text(path):
    bodies = " ".join(row[0] for row in sqlite3.connect(path).execute("SELECT body FROM event"))
    said = [word for one in DOCUMENTS for word in one.text.split() if len(word) > 4]
    typed = [
        "Kleine studie",
        "Twijfel",
        "dubbel",
        "leden",
        "inbrengers",
        *[p.key for p in PARTICIPANTS],
        '"AB"',
        "groep",
    ]
    for word in [*said, *typed]:
        assert word not in bodies
