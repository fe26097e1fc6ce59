"""Opening, writing and closing a study file."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import qualkit
from qualkit.anchor import SALT_BYTES, commitment
from qualkit.errors import StoreError
from qualkit.store import fold, guard
from qualkit.store.chain import Event, canonical, new_id, now

BULK = 5_000
WAIT_SECONDS = 10.0

Tool = Literal["study", "build"]


class StudyFile:
    """A study file that is open: reads state, appends events. Made by `create` and `open`.

    Every writing session has its own hash chain; it begins with the session's first event, so that opening
    and closing without a change leaves the file as it was.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, *, read_only: bool, tool: Tool = "study") -> None:
        self.path = path
        self.read_only = read_only
        self.tool: Tool = tool
        self.who = ""
        self._db = db
        self._origin = ""
        self._last: Event | None = None
        self._depth = 0
        self._closed = False
        self._ready = False

    @classmethod
    def create(cls, path: Path, *, study: str, tool: Tool = "study") -> StudyFile:
        """Make a study file that holds nothing but the opening of its first session.

        Raises
        ------
        StoreError
            When something is there already, or the folder cannot be written.
        """
        if path.exists():
            raise StoreError(f"{path.name}: is there already. Open it, or choose another name.")
        if not path.parent.is_dir():
            raise StoreError(f"{path.parent}: is no folder. Make it first, or choose another place.")
        db = connect(path, read_only=False)
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(f"PRAGMA application_id = {guard.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {guard.VERSION}")
            for statement in guard.statements(fold.SCHEMA):
                db.execute(statement)
        file = cls(path, db, read_only=False, tool=tool)
        with file.atomic():
            file._begin(study)
        return file

    @classmethod
    def open(
        cls, path: Path, *, read_only: bool = False, untrusted: bool = False, tool: Tool = "study"
    ) -> StudyFile:
        """Open a study file after checking that it is one, and one that this version can read.

        Parameters
        ----------
        path : Path
            The file.
        read_only : bool
            When true the file is not touched.
        untrusted : bool
            When true the file came from elsewhere: its size, its pages and its schema are checked first.
        tool : {"study", "build"}
            What writes.

        Raises
        ------
        StoreError
            When there is no file, when it is not a study file, is damaged, was made by a newer qualkit, or
            has other tables than ours.
        """
        if not path.is_file():
            raise StoreError(
                f"{path.name}: there is no such file. Check the path, or make one with Study.create."
            )
        db = connect(path, read_only=read_only)
        try:
            version = guard.check(path, db, untrusted=untrusted)
            if version < guard.VERSION:
                if read_only:
                    raise StoreError(
                        f"{path.name}: was made by an older qualkit. Open it once for writing to bring it up to "
                        "date; a copy is kept beside it."
                    )
                guard.migrate(path, db, version)
                guard.check(path, db)
            if db.execute("SELECT 1 FROM unfinished").fetchone():
                db = _finish_erasure(path, db, read_only=read_only)
        except BaseException:
            db.close()
            raise
        return cls(path, db, read_only=read_only, tool=tool)

    @property
    def study(self) -> str:
        """Id of the study, the same in every copy."""
        return str(self.query("SELECT id FROM study")[0][0])

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for reading frames and for merging."""
        return self._db

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return the rows of a SELECT over state, events or texts."""
        return self._db.execute(sql, values).fetchall()

    def heads(self) -> list[tuple[str, int, str]]:
        """Return origin, number and hash of the last event of every chain, sorted by origin."""
        return [
            (str(o), int(n), str(h)) for o, n, h in self._db.execute("SELECT * FROM head ORDER BY origin")
        ]

    def events(self) -> Iterator[Event]:
        """Yield the events in the order in which they are folded."""
        yield from read_events(self._db)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Group writes: all of them are kept, or none. May be nested.

        Raises
        ------
        StoreError
            When the file was opened for reading, or another program keeps writing to it.
        """
        if self.read_only:
            raise StoreError(f"{self.path.name}: was opened for reading only. Open it with read_only=False.")
        self._depth += 1
        before = self._origin, self._last
        level = f"level{self._depth}"
        try:
            if self._depth == 1:
                self._begin_immediate()
            else:
                self._db.execute(f"SAVEPOINT {level}")
            yield
            self._db.execute("COMMIT" if self._depth == 1 else f"RELEASE {level}")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK" if self._depth == 1 else f"ROLLBACK TO {level}")
            self._origin, self._last = before
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                _sidecar(self.path).unlink(missing_ok=True)

    def add_text(self, body: str | bytes) -> str:
        """Store `body` under a random id and return the reference that an event may hold."""
        id_, salt = secrets.token_hex(16), secrets.token_bytes(SALT_BYTES)
        self._db.execute("INSERT INTO text VALUES (?, ?, ?)", (id_, salt, body))
        return f"{id_}~{commitment(body, salt)}"

    def reference(self, id_: str) -> str:
        """Return the reference to a text that is there already."""
        salt, body = self._db.execute("SELECT salt, body FROM text WHERE id = ?", (id_,)).fetchone()
        return f"{id_}~{commitment(body, salt)}"

    def append(self, kind: str, body: dict[str, object], *, coder: str | None) -> Event:
        """Write one event and fold it into the state, within `atomic`.

        Parameters
        ----------
        kind : str
            What is done.
        body : dict
            Ids, numbers and references.
        coder : str or None
            Id of who acts.
        """
        if not self._origin:
            self._begin(self.study)
        return self._write(kind, body, coder)

    def erase_texts(self) -> None:
        """Take the words of tombstoned texts out of the file's bytes, and with them copies made before.

        Raises
        ------
        StoreError
            When another program has the file open; the erasure is finished when it is opened next.
        """
        self._db = _finish_erasure(self.path, self._db, read_only=False)

    def close(self) -> None:
        """Close; the last one to close leaves one single file behind, without ``-wal``. May be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._ready:
            # when another process has the file open this fails, and that one tidies up when it closes
            with suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.close()

    def _begin_immediate(self) -> None:
        if not self._ready:  # not before the first change: a file that is only looked at stays as it is
            _prepare_writing(self._db, self.path)
            self._ready = True
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{self.path.name}: {_writer(self.path)} is writing to this study and did not finish within "
                f"{WAIT_SECONDS:.0f} seconds. Wait for it or close it, then try again."
            ) from error
        now_writing = {"pid": os.getpid(), "host": socket.gethostname(), "coder": self.who}
        with suppress(OSError):  # it only informs; a folder that refuses it must not stop the work
            _sidecar(self.path).write_text(json.dumps(now_writing), encoding="utf-8")

    def _begin(self, study: str) -> None:
        self._origin = new_id()
        self._last = None
        # the heads seen bind this chain to the others: an event dropped from one of them shows
        heads = [list(head) for head in self.heads()]
        body: dict[str, object] = {
            "study": study,
            "heads": heads,
            "tool": self.tool,
            "qualkit": qualkit.__version__,
        }
        self._write("open", body, None)

    def _write(self, kind: str, body: dict[str, object], coder: str | None) -> Event:
        (highest,) = self._db.execute("SELECT coalesce(max(lamport), 0) FROM event").fetchone()
        last = self._last
        event = Event(
            origin=self._origin,
            n=0 if last is None else last.n + 1,
            lamport=highest + 1,
            at=now(),
            coder=coder,
            kind=kind,
            body=canonical(body),
            previous="" if last is None else last.hash,
        )
        insert_event(self._db, event)
        fold.apply(self._db, event)
        self._last = event
        return event


def read_events(db: sqlite3.Connection) -> Iterator[Event]:
    """Yield the events of `db` in the order in which they are folded: lamport, origin, n."""
    columns = "origin, n, lamport, at, coder, kind, body, previous"
    for row in db.execute(f"SELECT {columns} FROM event ORDER BY lamport, origin, n"):
        yield Event(*row)


def insert_event(db: sqlite3.Connection, event: Event) -> None:
    """Write the row of one event; its state is not touched."""
    values = (
        event.origin,
        event.n,
        event.lamport,
        event.at,
        event.coder,
        event.kind,
        event.body,
        event.previous,
    )
    db.execute(
        "INSERT INTO event (origin, n, lamport, at, coder, kind, body, previous, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, event.hash),
    )


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a connection with the settings of a study file.

    Raises
    ------
    StoreError
        When SQLite cannot open it as a database.
    """
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.DatabaseError as error:
        raise guard.not_a_study(path) from error
    return db


def _prepare_writing(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA synchronous = FULL")
    if guard.is_synced(path):
        warnings.warn(
            f"{path.name} lies on a network share or in a folder that is kept in step with a server. "
            "Work on a copy on this computer and bring the two together with qualkit study merge.",
            stacklevel=2,
        )
        return
    # several programs may open at one moment; switching the journal does not wait by itself
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if time.monotonic() > deadline or "locked" not in str(error):
                raise StoreError(f"{path.name}: cannot be opened for writing ({error}).") from error
            time.sleep(0.02)
        else:
            return


def _finish_erasure(path: Path, db: sqlite3.Connection, *, read_only: bool) -> sqlite3.Connection:
    """Delete what an erasure marked, overwrite where it stood, and give a connection to go on with."""
    if read_only:
        db.close()
        db = connect(path, read_only=False)
    try:
        _prepare_writing(db, path)
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM text WHERE id IN (SELECT text FROM unfinished)")
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # pages that were freed long ago may still hold words; VACUUM writes the file anew without them
        db.execute("VACUUM")
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("DELETE FROM unfinished")
        for backup in path.parent.glob(f"{path.name}.bak*"):
            backup.unlink()
    except sqlite3.OperationalError as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise StoreError(
            f"{path.name}: words are being erased, and another program has the file open. Close it there and "
            "open the study once more; the erasure is finished then."
        ) from error
    if read_only:
        db.close()
        return connect(path, read_only=True)
    return db


def _sidecar(path: Path) -> Path:
    return path.with_name(f".{path.name}.writer")


def _writer(path: Path) -> str:
    """Return who is writing, in words, from the note beside the file."""
    try:
        note = json.loads(_sidecar(path).read_text(encoding="utf-8"))
        who = f"{note['coder']}, " if note["coder"] else ""
        return f"another program ({who}process {note['pid']} on {note['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"
