"""From events to state: one function for each kind of event, used by writing and by replay alike.

The fold is total: a row whose precondition does not hold becomes a conflict row, never an exception. It
sees ids, numbers and references only, so that state can be made again after words were erased.

An event may hold a block ``changes``: columns *table, id, field, from, to*. Each is done by compare-and-set;
undo is the same block turned round.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from typing import Any

from qualkit.store.carry import carry_codings
from qualkit.store.chain import Event, text_id

Body = dict[str, Any]
Apply = Callable[[sqlite3.Connection, Event, Body], None]

SCHEMA = files("qualkit.store").joinpath("schema.sql").read_text(encoding="utf-8")
# tables that replay must give again, in an order that satisfies their foreign keys
STATE = (
    "head",
    "study",
    "coder",
    "attribute",
    "participant",
    "value",
    "document",
    "revision",
    "segment",
    "release",
    "code",
    "facet",
    "coding",
    "parent",
    "memo",
    "meeting",
    "topic",
    "coverage",
    "tombstone",
    "conflict",
)
# what a change may touch; everything else never changes once it is there
CHANGEABLE = {
    "study": {"title", "language", "release"},
    "participant": {"removed"},
    "value": {"removed"},
    "document": {"revision", "removed"},
    "coding": {
        *("made_revision", "made_start", "made_end", "words"),
        *("code", "release", "soort", "oordeel", "asked", "removed"),
    },
    "memo": {"body", "removed"},
    "meeting": {"removed"},
    "topic": {"body", "position", "removed"},
    "coverage": {"value", "removed"},
    "conflict": {"decided"},
}
# fields that hold a reference to text in the event and a text id in the state
TEXTS = {("study", "title"), ("study", "language"), ("memo", "body"), ("topic", "body")}
_CODING_FIELDS = ("id", "revision", "start", "end", "words", "code", "soort", "oordeel", "asked", "coder")


def apply(db: sqlite3.Connection, event: Event) -> None:
    """Fold one event into the state tables of `db`.

    Parameters
    ----------
    db : sqlite3.Connection
        A connection within a transaction.
    event : Event
        The next event in the order lamport, origin, n.
    """
    body = json.loads(event.body)
    handler = _KINDS.get(event.kind)
    if handler is None:
        _conflict(db, event, 0, "unknown kind")
    else:
        handler(db, event, body)
        if "changes" in body:
            _change(db, event, body["changes"])
    db.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (event.origin, event.n, event.hash))


def _open(db: sqlite3.Connection, event: Event, body: Body) -> None:
    held = db.execute("SELECT id FROM study").fetchone()
    if held is None:
        db.execute("INSERT INTO study (id) VALUES (?)", (body["study"],))
    elif held[0] != body["study"]:
        _conflict(db, event, 0, "other study")


def _add_coder(db: sqlite3.Connection, event: Event, body: Body) -> None:
    _insert(db, event, "coder", [(body["id"], text_id(body["name"]), body["kind"])])


def _add_attributes(db: sqlite3.Connection, event: Event, body: Body) -> None:
    rows = [(i, text_id(t)) for i, t in zip(body["id"], body["name"], strict=True)]
    _insert(db, event, "attribute", rows)


def _add_participants(db: sqlite3.Connection, event: Event, body: Body) -> None:
    rows = [(i, text_id(t), 0) for i, t in zip(body["id"], body["key"], strict=True)]
    _insert(db, event, "participant", rows)


def _set_values(db: sqlite3.Connection, event: Event, body: Body) -> None:
    known = _ids(db, "participant"), _ids(db, "attribute")
    columns = zip(
        *(body[name] for name in ("id", "participant", "attribute", "position", "value")), strict=True
    )
    rows = []
    for row, (id_, participant, attribute, position, value) in enumerate(columns):
        if participant not in known[0] or attribute not in known[1]:
            _conflict(db, event, row, "unknown participant or attribute")
        else:
            rows.append((id_, participant, attribute, position, text_id(value), 0))
    _insert(db, event, "value", rows)


def _add_document(db: sqlite3.Connection, event: Event, body: Body) -> None:
    if body["participant"] is not None and body["participant"] not in _ids(db, "participant"):
        return _conflict(db, event, 0, "unknown participant")
    if _taken(db, "document", [body["id"]]):
        return None  # the same document added on both sides, once
    original = text_id(body["original"]) if body["original"] else None
    db.execute(
        "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, 0)",
        (body["id"], text_id(body["name"]), body["participant"], body["format"], original, body["revision"]),
    )
    _revision(db, body["id"], 1, body)
    return None


def _revise(db: sqlite3.Connection, event: Event, body: Body) -> None:
    previous = db.execute(
        "SELECT document, number FROM revision WHERE id = ?", (body["previous"],)
    ).fetchone()
    if previous is None or previous[0] != body["document"]:
        return _conflict(db, event, 0, "unknown revision")
    if _taken(db, "revision", [body["revision"]]):
        return None
    _revision(db, body["document"], previous[1] + 1, body)
    return None


def _revision(db: sqlite3.Connection, document: str, number: int, body: Body) -> None:
    edits = json.dumps(body.get("edits", []), separators=(",", ":"))
    values = (
        body["revision"],
        document,
        body.get("previous"),
        number,
        text_id(body["text"]),
        body["length"],
        edits,
    )
    db.execute("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    speakers = [text_id(one) for one in body["speakers"]]
    db.executemany(
        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (body["revision"], paragraph, start, end, role, speakers[speaker], time_ms)
            for paragraph, start, end, role, speaker, time_ms in body["segments"]
        ),
    )


def _adopt(db: sqlite3.Connection, event: Event, body: Body) -> None:
    release = body["id"]
    if _taken(db, "release", [release]):
        return  # adopted before; the block of changes makes it the one in use again
    values = (release, text_id(body["name"]), text_id(body["version"]), text_id(body["body"]))
    db.execute("INSERT INTO release VALUES (?, ?, ?, ?)", values)
    db.executemany(
        "INSERT INTO code VALUES (?, ?, ?, ?, ?, ?)",
        (
            (release, guid, text_id(key), parent, position, status)
            for position, (guid, key, parent, status) in enumerate(body["codes"])
        ),
    )
    db.executemany(
        "INSERT INTO facet VALUES (?, ?, ?, ?, ?)",
        (
            (release, guid, kind, text_id(key), position)
            for position, (guid, kind, key) in enumerate(body["facets"])
        ),
    )
    return


def _add_codings(db: sqlite3.Connection, event: Event, body: Body) -> None:
    release = body["release"]
    if release not in _ids(db, "release"):
        return _conflict(db, event, 0, "unknown release")
    lengths = dict(db.execute("SELECT id, length FROM revision"))
    coders = _ids(db, "coder")
    codes = {one for (one,) in db.execute("SELECT id FROM code WHERE release = ?", (release,))}
    facets = {one for (one,) in db.execute("SELECT id FROM facet WHERE release = ?", (release,))} | {None}
    in_use = {one for (one,) in db.execute("SELECT revision FROM document")}
    retired = {
        one
        for (one,) in db.execute(
            "SELECT code.id FROM code JOIN study ON study.release = code.release WHERE status = 'retired'"
        )
    }
    taken = _taken(db, "coding", body["id"])
    rows, elsewhere = [], set()
    # documents, codes, facets and coders repeat, so the act names each once and rows hold their number
    pool: list[str | None] = [*body["pool"], None]
    for row, cells in enumerate(zip(*(body[name] for name in _CODING_FIELDS), strict=True)):
        id_, revision_, start, end, words, code_, soort_, oordeel_, asked, coder_ = cells
        revision, code, coder = pool[revision_], pool[code_], pool[coder_]
        soort = pool[-1 if soort_ is None else soort_]
        oordeel = pool[-1 if oordeel_ is None else oordeel_]
        if id_ in taken:
            _same_coding(db, event, row, (id_, oordeel, asked))
        elif revision not in lengths or code not in codes or coder not in coders:
            _conflict(db, event, row, "unknown revision, code or coder")
        elif soort not in facets or oordeel not in facets:
            _conflict(db, event, row, "unknown soort or oordeel")
        elif not 0 <= start < end <= lengths[revision]:
            _conflict(db, event, row, "span outside the text")
        else:
            taken.add(id_)
            made = (revision, start, end)
            values = (code, release, soort, oordeel, asked, coder, event.at, 0)
            rows.append((id_, *made, words, *made, "kept", *values))
            if revision not in in_use:
                elsewhere.add(revision)
            if code in retired:  # retired on one side while the other one used it: kept, and told
                _conflict(db, event, row, "code was retired", id_)
    db.executemany(f"INSERT INTO coding VALUES ({', '.join('?' * 17)})", rows)
    for revision in sorted(elsewhere):
        carry_codings(db, "c.made_revision = ?", (revision,))
    if "parents" in body:
        db.executemany("INSERT OR IGNORE INTO parent VALUES (?, ?)", body["parents"])
    return None


def _same_coding(db: sqlite3.Connection, event: Event, row: int, told: tuple[Any, Any, Any]) -> None:
    # the id follows from place, code, soort and coder; the rest may differ between two sides
    held = db.execute("SELECT oordeel, asked FROM coding WHERE id = ?", (told[0],)).fetchone()
    if held is not None and held != told[1:]:
        _conflict(db, event, row, "changed on both sides", told[0])


def _add_memos(db: sqlite3.Connection, event: Event, body: Body) -> None:
    columns = zip(*(body[name] for name in ("id", "kind", "target_kind", "target", "body")), strict=True)
    rows = [
        (id_, kind, target_kind, target, text_id(words), event.coder, event.at, 0)
        for id_, kind, target_kind, target, words in columns
    ]
    _insert(db, event, "memo", rows)


def _add_meeting(db: sqlite3.Connection, event: Event, body: Body) -> None:
    _insert(db, event, "meeting", [(body["id"], text_id(body["body"]), 0)])


def _set_guide(db: sqlite3.Connection, event: Event, body: Body) -> None:
    rows = zip(body["id"], body["body"], body["position"], strict=True)
    _insert(db, event, "topic", [(id_, text_id(words), position, 0) for id_, words, position in rows], told=2)


def _set_coverage(db: sqlite3.Connection, event: Event, body: Body) -> None:
    documents, topics = _ids(db, "document"), _ids(db, "topic")
    columns = zip(*(body[name] for name in ("id", "document", "topic", "value")), strict=True)
    rows = []
    for row, (id_, document, topic, value) in enumerate(columns):
        if document in documents and topic in topics:
            rows.append((id_, document, topic, value, 0))
        else:
            _conflict(db, event, row, "unknown document or topic")
    _insert(db, event, "coverage", rows, told=3)


def _erase(db: sqlite3.Connection, event: Event, body: Body) -> None:
    rows = [(one, event.origin, event.n) for one in body["texts"]]
    db.executemany("INSERT OR IGNORE INTO tombstone VALUES (?, ?, ?)", rows)


def _only_changes(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Do nothing: all that these events do stands in their block of changes."""


_KINDS: dict[str, Apply] = {
    "open": _open,
    "set_study": _only_changes,
    "add_coder": _add_coder,
    "add_attributes": _add_attributes,
    "add_participants": _add_participants,
    "set_values": _set_values,
    "add_document": _add_document,
    "revise": _revise,
    "adopt": _adopt,
    "add_codings": _add_codings,
    "change_codings": _only_changes,
    "remove_codings": _only_changes,
    "decide_anchors": _only_changes,
    "decide_conflict": _only_changes,
    "add_memos": _add_memos,
    "change_memo": _only_changes,
    "add_meeting": _add_meeting,
    "set_guide": _set_guide,
    "set_coverage": _set_coverage,
    "erase": _erase,
    "undo": _only_changes,
    "redo": _only_changes,
}


def _change(db: sqlite3.Connection, event: Event, changes: Body) -> None:
    columns = zip(*(changes[name] for name in ("table", "id", "field", "from", "to")), strict=True)
    revised: dict[str, None] = {}
    placed: dict[str, None] = {}
    for row, (table, id_, field, before, after) in enumerate(columns):
        if field not in CHANGEABLE.get(table, ()):
            _conflict(db, event, row, "unknown field")
            continue
        if (table, field) in TEXTS:
            before, after = (None if one is None else text_id(one) for one in (before, after))  # noqa: PLW2901
        where, values = ("id = ?", (id_,))
        if table == "conflict":
            where, values = "origin = ? AND n = ? AND row = ?", tuple(id_)
        found = db.execute(f"SELECT {field} FROM {table} WHERE {where}", values).fetchone()
        if found is None:
            _conflict(db, event, row, "unknown thing", "" if table == "conflict" else id_)
        elif found[0] != before and found[0] != after:
            # both sides changed it, differently: what this one wanted stays in its event until somebody decides
            _conflict(db, event, row, "changed on both sides", "" if table == "conflict" else id_)
        else:
            db.execute(f"UPDATE {table} SET {field} = ? WHERE {where}", (after, *values))
            if table == "document" and field == "revision":
                revised[id_] = None
            elif table == "coding" and field.startswith("made_"):
                placed[id_] = None
    for document in revised:
        carry_codings(db, "c.made_revision IN (SELECT id FROM revision WHERE document = ?)", (document,))
    for coding in placed:
        carry_codings(db, "c.id = ?", (coding,))


def _insert(
    db: sqlite3.Connection, event: Event, table: str, rows: Sequence[tuple[object, ...]], *, told: int = 0
) -> None:
    """Insert rows whose id is free.

    A row whose id is there is the same change made on both sides, done once; it is a conflict when the column
    numbered `told` says something else. Texts are not compared: their ids differ even for equal words.
    """
    taken = _taken(db, table, [row[0] for row in rows])
    columns = [name for (_, name, *_) in db.execute(f"PRAGMA table_info({table})")] if taken else []
    for number, row in enumerate(rows):
        if row[0] not in taken:
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            taken.add(row[0])
            continue
        if told:
            (held,) = db.execute(f"SELECT {columns[told]} FROM {table} WHERE id = ?", (row[0],)).fetchone()
            if held != row[told]:
                _conflict(db, event, number, "changed on both sides", str(row[0]))


def _ids(db: sqlite3.Connection, table: str) -> set[str]:
    return {one for (one,) in db.execute(f"SELECT id FROM {table}")}


def _taken(db: sqlite3.Connection, table: str, ids: Collection[object]) -> set[object]:
    found = db.execute(
        f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {one for (one,) in found}


def _conflict(db: sqlite3.Connection, event: Event, row: int, reason: str, subject: str = "") -> None:
    values = (event.origin, event.n, row, reason, subject)
    db.execute("INSERT OR IGNORE INTO conflict VALUES (?, ?, ?, ?, ?, 0)", values)
