"""From events to state: one function for each kind of event, used by writing and by replay alike.

The fold is total: a row whose precondition does not hold becomes a conflict row, never an exception. It
sees ids, numbers and references only, so that state can be made again after words were erased.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from typing import Any

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
    "memo",
    "topic",
    "coverage",
    "conflict",
)


def apply(db: sqlite3.Connection, event: Event) -> None:
    """Fold one event into the state tables of `db`.

    Parameters
    ----------
    db : sqlite3.Connection
        A connection within a transaction.
    event : Event
        The next event in the order lamport, origin, n.
    """
    handler = _KINDS.get(event.kind)
    if handler is None:
        _conflict(db, event, 0, "unknown kind")
    else:
        handler(db, event, json.loads(event.body))
    db.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (event.origin, event.n, event.hash))


def _open(db: sqlite3.Connection, event: Event, body: Body) -> None:
    held = db.execute("SELECT id FROM study").fetchone()
    if held is None:
        db.execute("INSERT INTO study (id) VALUES (?)", (body["study"],))
    elif held[0] != body["study"]:
        _conflict(db, event, 0, "other study")


def _set_study(db: sqlite3.Connection, event: Event, body: Body) -> None:
    db.execute(
        "UPDATE study SET title = ?, language = ?", (text_id(body["title"]), text_id(body["language"]))
    )


def _add_coder(db: sqlite3.Connection, event: Event, body: Body) -> None:
    _insert(db, event, "coder", [(body["id"], text_id(body["name"]), body["kind"])])


def _add_attributes(db: sqlite3.Connection, event: Event, body: Body) -> None:
    _insert(db, event, "attribute", [(i, text_id(t)) for i, t in zip(body["id"], body["name"], strict=True)])


def _add_participants(db: sqlite3.Connection, event: Event, body: Body) -> None:
    _insert(db, event, "participant", [(i, text_id(t)) for i, t in zip(body["id"], body["key"], strict=True)])


def _set_values(db: sqlite3.Connection, event: Event, body: Body) -> None:
    participants, attributes = _ids(db, "participant"), _ids(db, "attribute")
    # an act gives all values of an attribute; those it had before make place
    pairs = dict.fromkeys(zip(body["participant"], body["attribute"], strict=True))
    db.executemany("DELETE FROM value WHERE participant = ? AND attribute = ?", pairs)
    columns = zip(body["participant"], body["attribute"], body["position"], body["value"], strict=True)
    for row, (participant, attribute, position, value) in enumerate(columns):
        if participant not in participants or attribute not in attributes:
            _conflict(db, event, row, "unknown participant or attribute")
        else:
            db.execute(
                "INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?)",
                (participant, attribute, position, text_id(value)),
            )


def _add_document(db: sqlite3.Connection, event: Event, body: Body) -> None:
    if body["participant"] is not None and body["participant"] not in _ids(db, "participant"):
        return _conflict(db, event, 0, "unknown participant")
    if _taken(db, "document", [body["id"]]) or _taken(db, "revision", [body["revision"]]):
        return _conflict(db, event, 0, "id is taken")
    original = text_id(body["original"]) if body["original"] else None
    db.execute(
        "INSERT INTO document VALUES (?, ?, ?, ?, ?)",
        (body["id"], text_id(body["name"]), body["participant"], body["format"], original),
    )
    db.execute(
        "INSERT INTO revision VALUES (?, ?, 1, ?, ?)",
        (body["revision"], body["id"], text_id(body["text"]), body["length"]),
    )
    speakers = [text_id(one) for one in body["speakers"]]
    db.executemany(
        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (body["revision"], number, start, end, role, speakers[speaker], time_ms)
            for number, start, end, role, speaker, time_ms in body["segments"]
        ),
    )
    return None


def _adopt(db: sqlite3.Connection, event: Event, body: Body) -> None:
    release = body["id"]
    db.execute("UPDATE release SET current = 0")
    if _taken(db, "release", [release]):  # adopted before: the study goes back to it
        db.execute("UPDATE release SET current = 1 WHERE id = ?", (release,))
        return
    db.execute(
        "INSERT INTO release VALUES (?, ?, ?, ?, 1)",
        (release, text_id(body["name"]), text_id(body["version"]), text_id(body["body"])),
    )
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


def _add_codings(db: sqlite3.Connection, event: Event, body: Body) -> None:
    release = body["release"]
    if release not in _ids(db, "release"):
        return _conflict(db, event, 0, "unknown release")
    lengths = dict(db.execute("SELECT id, length FROM revision"))
    coders = _ids(db, "coder")
    codes = {one for (one,) in db.execute("SELECT id FROM code WHERE release = ?", (release,))}
    facets = {one for (one,) in db.execute("SELECT id FROM facet WHERE release = ?", (release,))} | {None}
    taken = _taken(db, "coding", body["id"])
    rows = []
    # documents, codes, facets and coders repeat, so the act names each once and rows hold their number
    pool: list[str] = body["pool"]
    columns = zip(
        *(
            body[name]
            for name in ("id", "revision", "start", "end", "words", "code", "soort", "oordeel", "asked")
        ),
        body["coder"],
        strict=True,
    )
    for row, (id_, revision_, start, end, words, code_, soort_, oordeel_, asked, coder_) in enumerate(
        columns
    ):
        revision, code, coder = pool[revision_], pool[code_], pool[coder_]
        soort = None if soort_ is None else pool[soort_]
        oordeel = None if oordeel_ is None else pool[oordeel_]
        if id_ in taken:
            _conflict(db, event, row, "id is taken")
        elif revision not in lengths or code not in codes or coder not in coders:
            _conflict(db, event, row, "unknown revision, code or coder")
        elif soort not in facets or oordeel not in facets:
            _conflict(db, event, row, "unknown soort or oordeel")
        elif not 0 <= start < end <= lengths[revision]:
            _conflict(db, event, row, "span outside the text")
        else:
            taken.add(id_)
            rows.append(
                (id_, revision, start, end, words, code, release, soort, oordeel, asked, coder, event.at, 0)
            )
    db.executemany(f"INSERT INTO coding VALUES ({', '.join('?' * 13)})", rows)
    return None


def _remove_codings(db: sqlite3.Connection, event: Event, body: Body) -> None:
    present = _taken(db, "coding", body["id"])
    for row, id_ in enumerate(body["id"]):
        if id_ in present:
            db.execute("UPDATE coding SET removed = 1 WHERE id = ?", (id_,))
        else:
            _conflict(db, event, row, "unknown coding")


def _add_memos(db: sqlite3.Connection, event: Event, body: Body) -> None:
    columns = zip(*(body[name] for name in ("id", "kind", "target_kind", "target", "body")), strict=True)
    rows = [
        (id_, kind, target_kind, target, text_id(words), event.coder, event.at)
        for id_, kind, target_kind, target, words in columns
    ]
    _insert(db, event, "memo", rows)


def _set_guide(db: sqlite3.Connection, event: Event, body: Body) -> None:
    kept = set(body["id"])
    db.executemany(
        "INSERT OR REPLACE INTO topic VALUES (?, ?, ?)",
        [
            (i, text_id(t), position)
            for position, (i, t) in enumerate(zip(body["id"], body["body"], strict=True))
        ],
    )
    # a topic that an interview was checked against is never dropped: its coverage would lose its meaning
    used = {one for (one,) in db.execute("SELECT DISTINCT topic FROM coverage")}
    db.executemany("DELETE FROM topic WHERE id = ?", [(one,) for one in _ids(db, "topic") - kept - used])


def _set_coverage(db: sqlite3.Connection, event: Event, body: Body) -> None:
    documents, topics = _ids(db, "document"), _ids(db, "topic")
    columns = zip(body["document"], body["topic"], body["value"], strict=True)
    for row, (document, topic, value) in enumerate(columns):
        if document in documents and topic in topics:
            db.execute("INSERT OR REPLACE INTO coverage VALUES (?, ?, ?)", (document, topic, value))
        else:
            _conflict(db, event, row, "unknown document or topic")


_KINDS: dict[str, Apply] = {
    "open": _open,
    "set_study": _set_study,
    "add_coder": _add_coder,
    "add_attributes": _add_attributes,
    "add_participants": _add_participants,
    "set_values": _set_values,
    "add_document": _add_document,
    "adopt": _adopt,
    "add_codings": _add_codings,
    "remove_codings": _remove_codings,
    "add_memos": _add_memos,
    "set_guide": _set_guide,
    "set_coverage": _set_coverage,
}


def _insert(db: sqlite3.Connection, event: Event, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    taken = _taken(db, table, [row[0] for row in rows])
    for number, row in enumerate(rows):
        if row[0] in taken:
            _conflict(db, event, number, "id is taken")
        else:
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            taken.add(row[0])


def _ids(db: sqlite3.Connection, table: str) -> set[str]:
    return {one for (one,) in db.execute(f"SELECT id FROM {table}")}


def _taken(db: sqlite3.Connection, table: str, ids: Collection[object]) -> set[object]:
    found = db.execute(
        f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {one for (one,) in found}


def _conflict(db: sqlite3.Connection, event: Event, row: int, reason: str) -> None:
    db.execute("INSERT OR REPLACE INTO conflict VALUES (?, ?, ?, ?)", (event.origin, event.n, row, reason))
