"""Bringing copies of a study together: the union of their events, folded anew."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from qualkit.anchor import commitment
from qualkit.errors import StoreError
from qualkit.store import fold
from qualkit.store.belonging import withdrawn_texts
from qualkit.store.chain import Event, canonical, note_hash, now, references, text_id
from qualkit.store.file import StudyFile, insert_event, read_events
from qualkit.store.past import refold
from qualkit.store.verify import chain_faults


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging one copy brought.

    Parameters
    ----------
    copy : str
        Name of the copy.
    events : int
        Events that came in.
    kept : int
        Events of the copy that were here already.
    kinds : dict of str to int
        Of which kinds.
    codings, memos, documents : int
        Of these, how many came in.
    changed : int
        Fields of things that the copy changed.
    conflicts : int
        Conflicts that were not there before; a person decides.
    erased : int
        Texts that were erased on one of the sides and that the copy still holds; they were not taken.
    """

    copy: str
    events: int
    kept: int
    kinds: dict[str, int]
    codings: int
    memos: int
    documents: int
    changed: int
    conflicts: int
    erased: int


def merge(file: StudyFile, copies: list[Path]) -> list[Merged]:
    """Take in the events that `file` lacks from each copy, and fold the state anew.

    Nothing is added and nothing dropped, so the order of copies does not matter, and merging twice is merging
    once. Words that were erased on one side do not come back.

    Raises
    ------
    StoreError
        When a copy is of another study, is damaged, or tells the same event differently; nothing is merged.
    """
    if file.is_grouped:
        raise StoreError("merging cannot be part of a group of changes. Merge first, or after it.")
    with file.atomic():
        done = [_merge_one(file, path) for path in copies]
    if file.query("SELECT 1 FROM unfinished"):
        file.erase_texts()
    return done


def _merge_one(file: StudyFile, path: Path) -> Merged:
    copy = StudyFile.open(path, read_only=True, untrusted=True)
    try:
        if copy.study != file.study:
            raise StoreError(
                f"{path.name}: is another study, not a copy of {file.path.name}. Nothing is merged."
            )
        copy.connection.execute("BEGIN")  # somebody may be writing to it: look at one moment of it
        fault = next(chain_faults(copy.connection), None)
        if fault is not None:
            raise StoreError(f"{path.name}: is damaged ({fault}). Ask for a fresh copy. Nothing is merged.")
        return _take(file, copy, path.name)
    finally:
        copy.close()


def _take(file: StudyFile, copy: StudyFile, name: str) -> Merged:
    db = file.connection
    known = {(o, n): h for o, n, h in db.execute("SELECT origin, n, hash FROM event")}
    before = _conflicts(file)
    new: list[Event] = []
    kept = 0
    for event in copy.events():
        held = known.get((event.origin, event.n))
        if held is None:
            new.append(event)
        elif held != event.hash:
            raise StoreError(
                f"{name}: tells event {event.n} of session {event.origin} differently from {file.path.name}. One of "
                "the two was changed outside qualkit: run qualkit study verify on both. Nothing is merged."
            )
        else:
            kept += 1
    first = len(known) + 1
    buried = _buried(db) | _buried(copy.connection)
    for event in new:
        for id_, promised in references(event.body):
            if id_ not in buried:
                _take_text(file, copy, name, id_, promised)
        insert_event(db, event)
    if new:
        db.execute("PRAGMA defer_foreign_keys = ON")
        for table in reversed(fold.STATE):
            db.execute(f"DELETE FROM {table}")
        refold(db, list(read_events(db)))
    db.execute(
        "INSERT OR IGNORE INTO unfinished SELECT id FROM text WHERE id IN (SELECT text FROM tombstone)"
    )
    # what one side wrote about somebody whom the other had erased meanwhile goes as well
    late = [(one,) for one in sorted(withdrawn_texts(db))]
    db.executemany("INSERT OR IGNORE INTO unfinished SELECT id FROM text WHERE id = ?", late)
    gone = {str(one) for (one,) in file.query("SELECT text FROM tombstone")} | {one for (one,) in late}
    still = sum(1 for (id_,) in copy.query("SELECT id FROM text") if id_ in gone)
    kinds = Counter(event.kind for event in new)
    merged = Merged(
        copy=name,
        events=len(new),
        kept=kept,
        kinds=dict(sorted(kinds.items())),
        codings=_rows(new, "add_codings"),
        memos=_rows(new, "add_memos"),
        documents=kinds["add_document"],
        changed=sum(_changed(event) for event in new),
        conflicts=len(_conflicts(file) - before),
        erased=still,
    )
    if new:
        _note(file, merged, first, first + len(new) - 1)
    return merged


def _buried(db: sqlite3.Connection) -> set[str]:
    return {one for (one,) in db.execute("SELECT text FROM tombstone")} | withdrawn_texts(db)


def _take_text(file: StudyFile, copy: StudyFile, name: str, id_: str, promised: str) -> None:
    """Take one text in, after making sure that it is the one its event speaks of."""
    sql = "SELECT salt, body FROM text WHERE id = ?"
    held = file.query(sql, (id_,))
    for salt, body in held or copy.query(sql, (id_,)):
        if not (isinstance(salt, bytes) and isinstance(body, str | bytes)):
            break
        if commitment(body, salt) != promised:
            break
        if not held:
            file.connection.execute("INSERT INTO text VALUES (?, ?, ?)", (id_, salt, body))
        return
    raise StoreError(
        f"{name}: is damaged (text {id_} is not what was stored). Ask for a fresh copy. Nothing is merged."
    )


def open_conflicts(db: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """Return event and row of the conflicts that wait for a decision.

    The fold cannot compare words; a topic that both sides gave the same words is no conflict.
    """
    rows = db.execute("SELECT origin, n, row FROM conflict WHERE decided = 0 ORDER BY origin, n, row")
    return [place for place in rows if not _same_topic(db, *place)]


def _same_topic(db: sqlite3.Connection, origin: str, n: int, row: int) -> bool:
    kind, body = db.execute("SELECT kind, body FROM event WHERE origin = ? AND n = ?", (origin, n)).fetchone()
    data = json.loads(body)
    if kind != "set_guide" or row >= len(data["id"]):
        return False
    found = db.execute(
        "SELECT t.body = u.body AND position = ? AND removed = 0 FROM topic JOIN text AS t ON t.id = topic.body"
        " JOIN text AS u ON u.id = ? WHERE topic.id = ?",
        (data["position"][row], text_id(data["body"][row]), data["id"][row]),
    ).fetchone()
    return found is not None and bool(found[0])


def _changed(event: Event) -> int:
    changes = event.data.get("changes")
    if not isinstance(changes, dict):
        return 0
    # a change from a value to itself is a witness
    return sum(before != after for before, after in zip(changes["from"], changes["to"], strict=True))


def _rows(events: list[Event], kind: str) -> int:
    return sum(len(cast(list[str], event.data["id"])) for event in events if event.kind == kind)


def _conflicts(file: StudyFile) -> set[tuple[object, ...]]:
    return set(open_conflicts(file.connection))


def _note(file: StudyFile, merged: Merged, first: int, last: int) -> None:
    numbers = {key: value for key, value in asdict(merged).items() if key != "copy"}
    rows = file.query("SELECT number, hash FROM merge ORDER BY number DESC LIMIT 1")
    number, previous = (int(str(rows[0][0])) + 1, str(rows[0][1])) if rows else (1, "")
    values = (number, now(), first, last, canonical(numbers))
    file.connection.execute(
        "INSERT INTO merge VALUES (?, ?, ?, ?, ?, ?)", (*values, note_hash(values, previous))
    )
