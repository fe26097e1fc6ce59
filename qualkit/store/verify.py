"""Shows that a study file is whole: chains, texts, anchors, and a replay that gives the same state."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from qualkit.anchor import commitment
from qualkit.errors import StoreError, VerifyError
from qualkit.store import fold
from qualkit.store.belonging import withdrawn_texts
from qualkit.store.chain import note_hash, references
from qualkit.store.file import StudyFile, read_events
from qualkit.store.past import replay


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification looked at and found.

    Parameters
    ----------
    path : str
        The file.
    events, texts, codings : int
        How many of each were checked.
    conflicts : int
        Rows that wait for a decision; they are kept, and are no damage.
    erased : int
        Texts that were erased on purpose; no damage either.
    fault : str or None
        The first thing wrong with its place; None when the file is whole.
    """

    path: str
    events: int
    texts: int
    codings: int
    conflicts: int
    erased: int
    fault: str | None

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def verify(path: Path) -> Verified:
    """Return what checking the study file at `path` found, checked in a process of its own.

    A fresh process shares nothing with the one that wrote: no cache, no open transaction, no state.

    Raises
    ------
    VerifyError
        When the check itself could not be run.
    """
    command = [sys.executable, "-m", "qualkit.store.verify", str(path)]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise VerifyError(f"{path.name}: the check could not be run ({said[-1]}).")
    return Verified(**json.loads(done.stdout))


_COUNTED = {
    "events": "event",
    "texts": "text",
    "codings": (
        "coding AS c JOIN revision AS r ON r.id = c.revision JOIN document AS d ON d.id = r.document"
        " JOIN text AS name ON name.id = d.name WHERE c.removed = 0 AND d.removed = 0"
    ),
    "conflicts": "conflict WHERE decided = 0",
    "erased": "tombstone",
}


def verify_here(path: Path) -> Verified:
    """Return what checking the study file at `path` found, in this process."""
    counts = dict.fromkeys(_COUNTED, 0)
    try:
        file = StudyFile.open(path, read_only=True)
    except StoreError as error:
        return Verified(path.name, **counts, fault=str(error))
    try:
        db = file.connection
        db.execute("BEGIN")  # one view of the file, whatever others write meanwhile
        for name, rows in _COUNTED.items():
            (counts[name],) = db.execute(f"SELECT count(*) FROM {rows}").fetchone()
        fault = next(_faults(db), None)
    except sqlite3.DatabaseError as error:
        fault = f"SQLite cannot read the file: {error}"
    finally:
        file.close()
    return Verified(path.name, **counts, fault=fault)


def _faults(db: sqlite3.Connection) -> Iterator[str]:
    yield from _sqlite_faults(db)
    yield from chain_faults(db)
    yield from _merge_faults(db)
    yield from _text_faults(db)
    yield from _state_faults(db)
    yield from _anchor_faults(db)


def _sqlite_faults(db: sqlite3.Connection) -> Iterator[str]:
    for (line,) in db.execute("PRAGMA integrity_check(1)"):
        if line != "ok":
            yield f"SQLite integrity check: {line}"
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"table {table}, row {row}: points at a row of {parent} that is not there"


def chain_faults(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong with the hash chains of the events in `db`."""
    last: dict[str, tuple[int, int, str]] = {}
    stored = db.execute("SELECT hash, seq FROM event ORDER BY lamport, origin, n")
    for event, (hash_, seq) in zip(read_events(db), stored, strict=True):
        place = f"event {event.n} of session {event.origin} (row {seq})"
        n, lamport, previous = last.get(event.origin, (-1, 0, ""))
        if event.n != n + 1:
            yield f"{place}: event {n + 1} of this session should come first"
        if event.lamport <= lamport:
            yield f"{place}: its count does not follow the event before"
        if event.previous != previous:
            yield f"{place}: the chain is broken: it does not follow the event before"
        if event.hash != hash_:
            yield f"{place}: its content does not match its hash"
        for origin, seen, seen_hash in event.data.get("heads", []) if event.kind == "open" else []:  # type: ignore[attr-defined]
            row = db.execute("SELECT hash FROM event WHERE origin = ? AND n = ?", (origin, seen)).fetchone()
            if row is None or row[0] != seen_hash:
                yield f"{place}: it saw event {seen} of session {origin}, which is missing or was changed"
        last[event.origin] = (event.n, event.lamport, event.hash)
    for expected, (seq,) in enumerate(db.execute("SELECT seq FROM event ORDER BY seq"), start=1):
        if seq != expected:
            yield f"event row {seq}: row {expected} should come first; an event was taken out"
            break


def _merge_faults(db: sqlite3.Connection) -> Iterator[str]:
    previous = ""
    rows = db.execute("SELECT number, at, first_seq, last_seq, note, hash FROM merge ORDER BY number")
    for place, (*values, hash_) in enumerate(rows, start=1):
        if values[0] != place or note_hash(tuple(values), previous) != hash_:
            yield f"merge note {place}: is not what was written"
        previous = hash_


def _text_faults(db: sqlite3.Connection) -> Iterator[str]:
    buried = {one for (one,) in db.execute("SELECT text FROM tombstone")}
    # a copy that did not know of an erasure went on: those words went when the two came together
    gone = buried | withdrawn_texts(db)
    referred: set[str] = set()
    for event in read_events(db):
        for id_, promised in references(event.body):
            referred.add(id_)
            row = db.execute("SELECT salt, body FROM text WHERE id = ?", (id_,)).fetchone()
            place = f"text {id_}, of event {event.n} ({event.kind}) of session {event.origin}"
            if row is None and id_ not in gone:
                yield f"{place}: is not there"
            elif row is not None and id_ in buried:
                yield f"{place}: was erased, and is there"
            elif row is not None and commitment(row[1], row[0]) != promised:
                yield f"{place}: is not what was stored; it was changed outside qualkit"
    for (id_,) in db.execute("SELECT id FROM text ORDER BY id"):
        if id_ not in referred:
            yield f"text {id_}: no event knows it; it was added outside qualkit"


def _state_faults(db: sqlite3.Connection) -> Iterator[str]:
    fresh = replay(db)
    for table in fold.STATE:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        order = ", ".join(columns)
        now, then = (one.execute(f"SELECT * FROM {table} ORDER BY {order}") for one in (db, fresh))
        while True:
            found, expected = now.fetchone(), then.fetchone()
            if found == expected:
                if found is None:
                    break
                continue
            if found is None:
                yield f"table {table}: row {expected[0]} is missing; the events say it should be there"
            elif expected is None or found[0] < expected[0]:
                yield f"table {table}: row {found[0]} is not what the events give"
            else:
                wrong = [c for c, a, b in zip(columns, found, expected, strict=True) if a != b]
                yield f"table {table}: row {expected[0]} differs from what the events give ({', '.join(wrong)})"
            break
    fresh.close()


def _anchor_faults(db: sqlite3.Connection) -> Iterator[str]:
    texts: dict[str, tuple[str, bytes] | None] = {}

    def text(revision: str) -> tuple[str, bytes] | None:
        if revision not in texts:
            if len(texts) > 8:  # codings come by revision, so few are needed at a time
                texts.clear()
            row = db.execute(
                "SELECT text.body, salt, length FROM revision LEFT JOIN text ON text.id = revision.text"
                " WHERE revision.id = ?",
                (revision,),
            ).fetchone()
            texts[revision] = None if row[0] is None else (row[0], row[1])
        return texts[revision]

    for revision, length, found in db.execute(
        "SELECT revision.id, length, length(text.body) FROM revision JOIN text ON text.id = revision.text"
    ):
        if length != found:
            yield f"revision {revision}: its text has {found} characters; {length} were stored"
    rows = db.execute(
        "SELECT id, made_revision, made_start, made_end, words, revision, start, end, anchor FROM coding"
        " ORDER BY made_revision, made_start, id"
    )
    for id_, made, made_start, made_end, words, revision, start, end, anchor in rows:
        origin, here = text(made), text(revision)
        if origin is not None and commitment(origin[0][made_start:made_end], origin[1]) != words:
            yield f"coding {id_}: the words at {made_start}–{made_end} are not those that were coded"
        elif (
            anchor in ("kept", "moved")
            and origin is not None
            and here is not None
            and origin[0][made_start:made_end] != here[0][start:end]
        ):
            yield f"coding {id_}: it was carried to {start}–{end}, where other words stand"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(json.dumps(asdict(verify_here(Path(sys.argv[1])))))  # noqa: T201
