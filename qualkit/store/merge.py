"""Bringing copies of a study together: the union of their events, folded anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from qualkit.errors import StoreError
from qualkit.store import fold
from qualkit.store.chain import Event, canonical, note_hash, now, references
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
    for event in copy.events():
        held = known.get((event.origin, event.n))
        if held is None:
            new.append(event)
        elif held != event.hash:
            raise StoreError(
                f"{name}: tells event {event.n} of session {event.origin} differently from {file.path.name}. One of "
                "the two was changed outside qualkit: run qualkit study verify on both. Nothing is merged."
            )
    first = len(known) + 1
    buried = {str(one) for (one,) in file.query("SELECT text FROM tombstone")}
    for event in new:
        for id_, _ in references(event.body):
            if id_ in buried:
                continue
            row = copy.query("SELECT id, salt, body FROM text WHERE id = ?", (id_,))
            if row:
                db.execute("INSERT OR IGNORE INTO text VALUES (?, ?, ?)", row[0])
        insert_event(db, event)
    if new:
        db.execute("PRAGMA defer_foreign_keys = ON")
        for table in reversed(fold.STATE):
            db.execute(f"DELETE FROM {table}")
        refold(db, list(read_events(db)))
    db.execute(
        "INSERT OR IGNORE INTO unfinished SELECT id FROM text WHERE id IN (SELECT text FROM tombstone)"
    )
    gone = {str(one) for (one,) in file.query("SELECT text FROM tombstone")}
    still = sum(1 for (id_,) in copy.query("SELECT id FROM text") if id_ in gone)
    kinds = Counter(event.kind for event in new)
    merged = Merged(
        copy=name,
        events=len(new),
        kinds=dict(sorted(kinds.items())),
        codings=_rows(new, "add_codings"),
        memos=_rows(new, "add_memos"),
        documents=kinds["add_document"],
        changed=sum(
            len(changes["id"]) for event in new if isinstance(changes := event.data.get("changes"), dict)
        ),
        conflicts=len(_conflicts(file) - before),
        erased=still,
    )
    if new:
        _note(file, merged, first, first + len(new) - 1)
    return merged


def _rows(events: list[Event], kind: str) -> int:
    return sum(len(cast(list[str], event.data["id"])) for event in events if event.kind == kind)


def _conflicts(file: StudyFile) -> set[tuple[object, ...]]:
    return set(file.query("SELECT origin, n, row FROM conflict WHERE decided = 0"))


def _note(file: StudyFile, merged: Merged, first: int, last: int) -> None:
    numbers = {key: value for key, value in asdict(merged).items() if key != "copy"}
    rows = file.query("SELECT number, hash FROM merge ORDER BY number DESC LIMIT 1")
    number, previous = (int(str(rows[0][0])) + 1, str(rows[0][1])) if rows else (1, "")
    values = (number, now(), first, last, canonical(numbers))
    file.connection.execute(
        "INSERT INTO merge VALUES (?, ?, ?, ?, ?, ?)", (*values, note_hash(values, previous))
    )
