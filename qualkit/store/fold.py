"""From events to state: one function for each kind of event, used by writing and by replay alike.

The fold is total: a row whose precondition does not hold becomes a conflict row, never an exception. It
sees ids, numbers and references only, so that state can be made again after words were erased.

An event may hold a block ``changes``: columns *table, id, field, from, to*. Each is done by compare-and-set;
undo is the same block turned round. What an event changes in one thing is done whole or not at all, so that a
place never gets its start from one side and its end from the other. A change from a value to itself is a
witness: it changes nothing, and holds the others back when something else stands there. The field ``seen``
is a witness to all fields of a thing at once.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from typing import Any

from qualkit.store.carry import carry_codings
from qualkit.store.chain import Event, canonical, text_id

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
# what a field may be set to must be there: otherwise what hangs on it would be gone from sight
_POINTS = {
    ("study", "release"): "release",
    ("document", "revision"): "revision",
    ("coding", "made_revision"): "revision",
    ("coding", "release"): "release",
}
# conflicts of these reasons tell something about a row that was done all the same
TOLD = ("code was retired", "document was taken back", "participant was taken back")
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
            _change(db, event, body["changes"], first_change(body))
    db.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (event.origin, event.n, event.hash))


def first_change(body: Body) -> int:
    """Return the row of an event's first change: rows that an event adds are numbered before it."""
    rows = body.get("id")
    return len(rows) if isinstance(rows, list) else 0


def seen(db: sqlite3.Connection, table: str, id_: str) -> str:
    """Return a witness to how a thing stands, its removal left out: who takes it back must have seen it so."""
    fields = sorted(CHANGEABLE[table] - {"removed"})
    row = db.execute(f"SELECT {', '.join([*fields, 'id'])} FROM {table} WHERE id = ?", (id_,)).fetchone()
    return hashlib.sha256(canonical(None if row is None else list(row)).encode("utf-8")).hexdigest()[:16]


def _open(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Open a chain: the first event of every writing session.

    study: id of the study
    heads: list of [origin, n, hash]: the last events of the other chains that this file held then
    tool: what wrote: study, or build (the main job)
    qualkit: its version
    """
    held = db.execute("SELECT id FROM study").fetchone()
    if held is None:
        db.execute("INSERT INTO study (id) VALUES (?)", (body["study"],))
    elif held[0] != body["study"]:
        _conflict(db, event, 0, "other study")


def _add_coder(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Make a coder known.

    id: of the coder
    name: text: such as AB
    kind: person, rule, model or consensus
    """
    _insert(db, event, "coder", [(body["id"], text_id(body["name"]), body["kind"])])


def _add_attributes(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Make attributes of participants known.

    id: column of ids
    name: column of texts
    """
    rows = [(i, text_id(t)) for i, t in zip(body["id"], body["name"], strict=True)]
    _insert(db, event, "attribute", rows)


def _add_participants(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Add participants.

    id: column of ids
    key: column of texts: the participant codes
    """
    rows = [(i, text_id(t), 0) for i, t in zip(body["id"], body["key"], strict=True)]
    _insert(db, event, "participant", rows)


def _set_values(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Set attributes of participants; the values from before are taken back by the block of changes.

    id: column of ids
    participant: column of participants
    attribute: column of attributes
    position: column of numbers: 0, 1, … where there are several values
    value: column of texts
    """
    known = _ids(db, "participant"), _ids(db, "attribute")
    gone = {one for (one,) in db.execute("SELECT id FROM participant WHERE removed = 1")}
    columns = zip(
        *(body[name] for name in ("id", "participant", "attribute", "position", "value")), strict=True
    )
    rows = []
    for row, (id_, participant, attribute, position, value) in enumerate(columns):
        if participant not in known[0] or attribute not in known[1]:
            _conflict(db, event, row, "unknown participant or attribute")
        else:
            rows.append((id_, participant, attribute, position, text_id(value), 0))
            if participant in gone:
                _conflict(db, event, row, "participant was taken back", participant)
    _insert(db, event, "value", rows)


def _add_document(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Add a transcript with its first text.

    id: of the document
    name: text
    participant: id; null when there is none
    format: docx, txt or md
    original: text: the file as it was; null when it was not kept
    revision: id of its first text
    text: text: the words
    length: of the words, in code points
    speakers: list of texts: the labels, each once
    segments: list of turns: [paragraph, start, end, role, place in speakers, time mark in ms or null]
    """
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
    """Give a document a corrected text; the block of changes puts it in use.

    document: id of the document
    previous: id of the text it was made from
    revision: id of the new text
    edits: list of [old start, old end, new length], in order
    reason: text: why
    text: text: the new words
    length: of the words, in code points
    speakers: list of texts, as in add_document
    segments: list of turns, as in add_document
    """
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
    """Adopt a release of a codebook; the block of changes puts it in use.

    id: of the release
    name: text: of the codebook
    version: text
    body: text: the whole release as canonical JSON
    codes: list of [guid, text: key, guid of the code above or null, status]
    facets: list of [id, soort or oordeel, text: key]
    retired: list of guids of codes that this release retires
    seen: list of ids of the codings that had one of these codes
    """
    release = body["id"]
    in_use = db.execute("SELECT release FROM study").fetchone()
    if "retired" in body and in_use is not None and in_use[0] in body["changes"]["from"]:
        # used on the other side, which did not know that the code is retired here
        held = db.execute(
            "SELECT id FROM coding WHERE removed = 0 AND code IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(body["retired"]),),
        )
        seen = set(body["seen"])
        unseen = [id_ for (id_,) in held if id_ not in seen]
        for row, id_ in enumerate(unseen, start=1):
            _conflict(db, event, row, "code was retired", id_)
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
    """Add codings.

    release: under which they are made
    pool: list of the ids that the columns revision, code, soort, oordeel and coder point into, by place from 0
    id: column of ids
    revision: column of texts on which they are placed
    start: column of code points
    end: column of code points
    words: column of commitments to the words there, under the salt of that text
    code: column of guids
    soort: column of facets, null for none
    oordeel: column of facets, null for none
    asked: column of 1, 0 or null
    coder: column of coders
    parents: list of [coding, coding it came from], for a consensus
    meeting: id of the meeting that decided on a consensus
    reason: text: why, for a consensus
    """
    release = body["release"]
    if release not in _ids(db, "release"):
        return _conflict(db, event, 0, "unknown release")
    among, named = "IN (SELECT value FROM json_each(?))", (json.dumps(body["pool"]),)
    lengths = dict(db.execute(f"SELECT id, length FROM revision WHERE id {among}", named).fetchall())
    coders = _ids(db, "coder")
    codes = {one for (one,) in db.execute("SELECT id FROM code WHERE release = ?", (release,))}
    facets = {one for (one,) in db.execute("SELECT id FROM facet WHERE release = ?", (release,))} | {None}
    in_use = {
        one
        for (one,) in db.execute(
            f"SELECT d.revision FROM revision AS r JOIN document AS d ON d.id = r.document WHERE r.id {among}",
            named,
        )
    }
    retired = _retired(db)
    withdrawn: dict[str, str] = dict(
        db.execute(
            "SELECT r.id, d.id FROM revision AS r JOIN document AS d ON d.id = r.document"
            f" WHERE d.removed = 1 AND r.id {among}",
            named,
        ).fetchall()
    )
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
            elif revision in withdrawn:
                _conflict(db, event, row, "document was taken back", withdrawn[revision])
    db.executemany(f"INSERT INTO coding VALUES ({', '.join('?' * 17)})", rows)
    for revision in sorted(elsewhere):
        carry_codings(db, "c.made_revision = ?", (revision,))
    if "parents" in body:
        db.executemany("INSERT OR IGNORE INTO parent VALUES (?, ?)", body["parents"])
    return None


def _retired(db: sqlite3.Connection) -> set[str]:
    """Return the codes that the release in use has retired."""
    sql = "SELECT code.id FROM code JOIN study ON study.release = code.release WHERE status = 'retired'"
    return {one for (one,) in db.execute(sql)}


def _same_coding(db: sqlite3.Connection, event: Event, row: int, told: tuple[Any, Any, Any]) -> None:
    # the id follows from place, code, soort and coder; the rest may differ between two sides
    held = db.execute("SELECT oordeel, asked FROM coding WHERE id = ?", (told[0],)).fetchone()
    if held is not None and held != told[1:]:
        _conflict(db, event, row, "changed on both sides", told[0])


def _add_memos(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Add memos.

    id: column of ids
    kind: column of kinds
    target_kind: column of tables, or study
    target: column of ids
    body: column of texts
    """
    columns = zip(*(body[name] for name in ("id", "kind", "target_kind", "target", "body")), strict=True)
    rows = [
        (id_, kind, target_kind, target, text_id(words), event.coder, event.at, 0)
        for id_, kind, target_kind, target, words in columns
    ]
    _insert(db, event, "memo", rows)


def _add_meeting(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Record a meeting of the team.

    id: of the meeting
    body: text: date, who were there and what was said, as canonical JSON
    """
    _insert(db, event, "meeting", [(body["id"], text_id(body["body"]), 0)])


def _set_guide(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Set the topic guide; what changes in topics that were there stands in the block of changes.

    id: column of ids
    body: column of texts: each topic as canonical JSON
    position: column of numbers
    """
    rows = zip(body["id"], body["body"], body["position"], strict=True)
    listed = [(id_, text_id(words), position, 0) for id_, words, position in rows]
    _insert(db, event, "topic", listed, told=("body", "position", "removed"))


def _set_coverage(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Note whether topics were asked; what changes in earlier notes stands in the block of changes.

    id: column of ids
    document: column of documents
    topic: column of topics
    value: column of asked, came_up or not_asked
    """
    documents, topics = _ids(db, "document"), _ids(db, "topic")
    columns = zip(*(body[name] for name in ("id", "document", "topic", "value")), strict=True)
    rows = []
    for row, (id_, document, topic, value) in enumerate(columns):
        if document in documents and topic in topics:
            rows.append((id_, document, topic, value, 0))
        else:
            _conflict(db, event, row, "unknown document or topic")
    _insert(db, event, "coverage", rows, told=("value", "removed"))


def _erase(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Bury texts.

    texts: list of ids of rows of text
    participants: list of ids of participants that go as a whole; later texts about them go too
    documents: list of ids of documents that go as a whole; later texts about them go too
    revised: list of ids of documents of which an older text goes
    reason: text: why; it stays
    """
    rows = [(one, event.origin, event.n) for one in body["texts"]]
    db.executemany("INSERT OR IGNORE INTO tombstone VALUES (?, ?, ?)", rows)


def _only_changes(db: sqlite3.Connection, event: Event, body: Body) -> None:
    """Do nothing: all that these events do stands in their block of changes.

    set_study: Set title or language of the study.
    change_codings: Give a coding another code, soort, oordeel or place.
    remove_codings: Take codings back. Body: reason (text).
    decide_anchors: Decide where a changed or lost coding stands. Body: reason (text).
    decide_conflict: Decide a conflict. Body: reason (text).
    change_memo: Give a memo another text, or take it back.
    undo: Take back an act. Body: act ([origin, n] of that act).
    redo: Do an act again that was undone. Body: act ([origin, n] of that act).
    """


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


def _change(db: sqlite3.Connection, event: Event, changes: Body, first: int) -> None:
    columns = zip(*(changes[name] for name in ("table", "id", "field", "from", "to")), strict=True)
    things: dict[tuple[str, Any], list[tuple[int, str, Any, Any]]] = {}
    for row, (table, id_, field, before, after) in enumerate(columns, start=first):
        if field not in CHANGEABLE.get(table, ()) and not (field == "seen" and table in CHANGEABLE):
            _conflict(db, event, row, "unknown field")
            continue
        if (table, field) in TEXTS:
            before, after = (None if one is None else text_id(one) for one in (before, after))  # noqa: PLW2901
        thing = table, tuple(id_) if table == "conflict" else id_
        things.setdefault(thing, []).append((row, field, before, after))
    revised: dict[str, None] = {}
    placed: dict[str, None] = {}
    for (table, id_), rows in things.items():
        held_back = _held_back(db, table, id_, rows)
        if held_back is not None:
            # what this event wanted stays in it, until somebody decides
            _conflict(db, event, *held_back, "" if table == "conflict" else id_)
            continue
        where, values = _where(table, id_)
        for row, field, before, after in rows:
            if before == after:
                continue
            db.execute(f"UPDATE {table} SET {field} = ? WHERE {where}", (after, *values))
            if table == "document" and field == "revision":
                revised[id_] = None
            elif table == "coding" and field.startswith("made_"):
                placed[id_] = None
            elif table == "coding" and field == "code" and after in _retired(db):
                _conflict(db, event, row, "code was retired", id_)
    for document in revised:
        carry_codings(db, "c.made_revision IN (SELECT id FROM revision WHERE document = ?)", (document,))
    for coding in placed:
        carry_codings(db, "c.id = ?", (coding,))


def _held_back(
    db: sqlite3.Connection, table: str, id_: Any, rows: Sequence[tuple[int, str, Any, Any]]
) -> tuple[int, str] | None:
    """Return at which row, and why, the changes in one thing cannot be done; None when they can."""
    where, values = _where(table, id_)
    fields = [field for _, field, _, _ in rows]
    removable = "removed" in CHANGEABLE[table]
    stored = [field for field in fields if field != "seen"] + (["removed"] if removable else ["1"])
    found = db.execute(f"SELECT {', '.join(stored)} FROM {table} WHERE {where}", values).fetchone()
    if found is None:
        return rows[0][0], "unknown thing"
    now = dict(zip(stored, found, strict=True))
    if removable and now["removed"] and "removed" not in fields:
        return rows[0][0], "taken back on the other side"
    for row, field, before, after in rows:
        held = seen(db, table, id_) if field == "seen" else now[field]
        if held not in (before, after):
            return rows[0][0], "changed on both sides"
        if field == "removed" and after == 1 and held == 0 and _in_use(db, table, id_):
            return row, "used on the other side"
        if (table, field) in _POINTS and after is not None and not _taken(db, _POINTS[table, field], [after]):
            return row, "unknown thing"
    return None


def _where(table: str, id_: Any) -> tuple[str, tuple[Any, ...]]:
    return ("origin = ? AND n = ? AND row = ?", id_) if table == "conflict" else ("id = ?", (id_,))


_USERS = {
    "document": (
        "SELECT 1 FROM coding JOIN revision AS r ON r.id = made_revision WHERE r.document = ? AND removed = 0",
        "SELECT 1 FROM coverage WHERE document = ? AND removed = 0",
        "SELECT 1 FROM memo WHERE target = ? AND removed = 0",
    ),
    "participant": (
        "SELECT 1 FROM document WHERE participant = ? AND removed = 0",
        "SELECT 1 FROM value WHERE participant = ? AND removed = 0",
        "SELECT 1 FROM memo WHERE target = ? AND removed = 0",
    ),
}


def _in_use(db: sqlite3.Connection, table: str, id_: str) -> bool:
    """Return whether something hangs on a thing; who takes it back did not know of that."""
    return any(db.execute(f"{sql} LIMIT 1", (id_,)).fetchone() for sql in _USERS.get(table, ()))


def _insert(
    db: sqlite3.Connection,
    event: Event,
    table: str,
    rows: Sequence[tuple[object, ...]],
    *,
    told: Sequence[str] = (),
) -> None:
    """Insert rows whose id is free.

    A row whose id is there is the same change made on both sides, done once; it is a conflict when the columns
    `told` say something else. Words cannot be compared here: who shows a conflict leaves out equal ones.
    """
    taken = _taken(db, table, [row[0] for row in rows])
    columns = [name for (_, name, *_) in db.execute(f"PRAGMA table_info({table})")] if told else []
    for number, row in enumerate(rows):
        if row[0] not in taken:
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            taken.add(row[0])
        elif told:
            held = db.execute(f"SELECT {', '.join(told)} FROM {table} WHERE id = ?", (row[0],)).fetchone()
            if held != tuple(row[columns.index(name)] for name in told):
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
