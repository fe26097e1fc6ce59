"""Which act of a coder can be undone, and what undoing it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from qualkit.errors import StoreError
from qualkit.store.chain import Event, named_ids
from qualkit.store.file import read_events
from qualkit.store.fold import CHANGEABLE, TEXTS, TOLD, first_change, seen

# acts that stay done: the opening of a session, the title of a study, a coder becoming known, and erasing
LASTING = {"open", "set_study", "add_coder", "add_attributes", "erase", "undo", "redo"}
# which table an adding act fills
ADDS = {
    "add_participants": "participant",
    "set_values": "value",
    "add_document": "document",
    "add_codings": "coding",
    "add_memos": "memo",
    "add_meeting": "meeting",
    "set_guide": "topic",
    "set_coverage": "coverage",
}
Change = tuple[str, Any, str, object, object]


def standing(db: sqlite3.Connection, coder: str) -> tuple[list[Event], list[Event]]:
    """Return a coder's acts that stand, oldest first, and those that were undone and may be redone."""
    by_place: dict[tuple[str, int], Event] = {}
    done: list[Event] = []
    undone: list[Event] = []
    for event in read_events(db):
        if event.coder != coder:
            continue
        if event.kind in ("undo", "redo"):
            act = by_place[event.act]
            source, goal = (done, undone) if event.kind == "undo" else (undone, done)
            if act in source:
                source.remove(act)
                goal.append(act)
        elif event.kind not in LASTING:
            by_place[event.origin, event.n] = event
            done.append(event)
            undone.clear()
    return done, undone


def changes_of(db: sqlite3.Connection, act: Event) -> list[Change]:
    """Return what an act did to the state: table, id, field, from, to; an addition is *removed* from 1 to 0.

    What was held back as a conflict was not done, and neither was an addition that another act had made before.
    """
    body = act.data
    held_back = {
        row
        for row, reason in db.execute(
            "SELECT row, reason FROM conflict WHERE origin = ? AND n = ?", (act.origin, act.n)
        )
        if reason not in TOLD
    }
    found: list[Change] = []
    table = ADDS.get(act.kind)
    if table is not None:
        ids = body["id"] if isinstance(body["id"], list) else [body["id"]]
        before = _added_before(db, act, ids)
        found += [
            (table, id_, "removed", 1, 0)
            for row, id_ in enumerate(ids)
            if row not in held_back and id_ not in before
        ]
    changes = body.get("changes")
    if isinstance(changes, dict):
        first = first_change(body)
        rows = list(zip(*(changes[name] for name in ("table", "id", "field", "from", "to")), strict=True))
        # a thing is changed whole or not at all, and its conflict stands at one of its rows
        whole = {_thing(rows[row - first]) for row in held_back if first <= row < first + len(rows)}
        found += [change for change in rows if _thing(change) not in whole and change[2] != "seen"]
    return found


def _thing(change: Change) -> tuple[str, str]:
    return change[0], str(change[1])


def _added_before(db: sqlite3.Connection, act: Event, ids: Sequence[Any]) -> set[str]:
    """Return which of the ids an act before this one had added: ids that follow from what they stand for."""
    wanted, found = set(ids), set()
    for event in read_events(db):
        if (event.origin, event.n) == (act.origin, act.n):
            break
        if event.kind == act.kind:
            there = event.data["id"]
            found |= wanted.intersection(there if isinstance(there, list) else [there])
    return found


def with_witnesses(db: sqlite3.Connection, changes: Sequence[Change]) -> list[Change]:
    """Return changes with, for each thing taken back, a witness to how it stands.

    A change that the other side made, and that this side has not seen, is not taken back with it unawares.
    """
    found: list[Change] = []
    alone = {
        (table, id_) for table, id_, field, _, _ in changes if isinstance(id_, str) and field != "removed"
    }
    for table, id_, field, before, after in changes:
        if (
            field == "removed"
            and after == 1
            and CHANGEABLE[table] != {"removed"}
            and (table, id_) not in alone
        ):
            witness = seen(db, table, id_)
            found.append((table, id_, "seen", witness, witness))
        found.append((table, id_, field, before, after))
    return found


def turned_round(changes: Sequence[Change]) -> list[Change]:
    """Return the changes that undo others, last one first."""
    return [(table, id_, field, after, before) for table, id_, field, before, after in reversed(changes)]


def block(changes: Sequence[Change]) -> dict[str, object]:
    """Return changes as the columns that an event holds."""
    names = ("table", "id", "field", "from", "to")
    return {name: [change[i] for change in changes] for i, name in enumerate(names)}


def check_free(db: sqlite3.Connection, act: Event, changes: Sequence[Change], *, kind: str = "undo") -> None:
    """Refuse when a later act touched what `changes` would touch.

    Parameters
    ----------
    db : sqlite3.Connection
        The study file.
    act : Event
        What is undone or redone.
    changes : sequence of Change
        What that would change.
    kind : {"undo", "redo"}
        Which of the two, for the message.

    Raises
    ------
    StoreError
        Naming the first such act, its coder and its time.
    """
    cannot = f"cannot be {'undone' if kind == 'undo' else 'redone'}"
    touched = {id_ for _, id_, _, _, _ in changes if isinstance(id_, str)} | set(_made(act))
    for later in _later(db, act):
        if not touched.isdisjoint(_touches(later)):
            who = db.execute(
                "SELECT body FROM text JOIN coder ON coder.name = text.id WHERE coder.id = ?", (later.coder,)
            ).fetchone()
            raise StoreError(
                f"{cannot}: a later act touched the same thing ({later.kind.replace('_', ' ')} by "
                f"{who[0] if who else 'somebody'} at {later.at}). Undo that one first."
            )
    for table, id_, field, before, _ in changes:
        where, values = (
            ("id = ?", (id_,)) if table != "conflict" else ("origin = ? AND n = ? AND row = ?", tuple(id_))
        )
        found = db.execute(f"SELECT {field} FROM {table} WHERE {where}", values).fetchone()
        expected = str(before)[:32] if (table, field) in TEXTS and before is not None else before
        if found is None or found[0] != expected:
            raise StoreError(f"{cannot}: what this act did was changed since. Look at the history.")


def _touches(event: Event) -> set[str]:
    """Return the ids of what an act changed, or hung something on."""
    ids = named_ids(event)
    body: dict[str, Any] = event.data
    if event.kind == "add_memos":
        # a memo on the study as a whole hangs on nothing that can be undone
        ids -= {
            target
            for kind, target in zip(body["target_kind"], body["target"], strict=True)
            if kind == "study"
        }
    return ids


def _made(act: Event) -> Iterator[str]:
    """Yield the ids that an act brought into the study beside those it changed."""
    for name in ("revision", "id"):
        made = act.data.get(name)
        if act.kind in ("add_document", "revise", "adopt") and isinstance(made, str):
            yield made


def _later(db: sqlite3.Connection, act: Event) -> Iterator[Event]:
    """Yield the acts after `act` that stand."""
    gone: set[tuple[str, int]] = set()
    after: list[Event] = []
    for event in read_events(db):
        if event.kind in ("undo", "redo"):
            (gone.add if event.kind == "undo" else gone.discard)(event.act)
        elif event.kind not in ("open", "add_coder") and (event.lamport, event.origin, event.n) > (
            act.lamport,
            act.origin,
            act.n,
        ):
            after.append(event)
    yield from (event for event in after if (event.origin, event.n) not in gone)
