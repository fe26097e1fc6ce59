"""Opening, writing and closing a study file."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import qualkit
from qualkit.anchor import SALT_BYTES, commitment
from qualkit.errors import StoreError
from qualkit.store import fold
from qualkit.store.chain import Event, canonical, new_id, now

APPLICATION_ID = 0x514B4954  # "QKIT"
VERSION = 1
BULK = 5_000
WAIT_SECONDS = 10.0

Tool = Literal["study", "build"]


class StudyFile:
    """A study file that is open: reads state, appends events. Made by `create` and `open`.

    Every writing session has its own hash chain; it begins with the session's first event, so that opening
    and closing without a change leaves the file as it was.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, *, read_only: bool, tool: Tool) -> None:
        self.path = path
        self.read_only = read_only
        self._db = db
        self.tool: Tool = tool
        self._origin = ""
        self._last: Event | None = None
        self._depth = 0
        self._closed = False
        self._wal = False

    @classmethod
    def create(cls, path: Path, *, study: str, tool: Tool = "study") -> StudyFile:
        """Make a study file that holds no event yet.

        Raises
        ------
        StoreError
            When something is there already, or the folder cannot be written.
        """
        if path.exists():
            raise StoreError(f"{path.name}: is there already. Open it, or choose another name.")
        if not path.parent.is_dir():
            raise StoreError(f"{path.parent}: is no folder. Make it first, or choose another place.")
        db = _connect(path, read_only=False)
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {VERSION}")
            for statement in _statements(fold.SCHEMA):
                db.execute(statement)
        file = cls(path, db, read_only=False, tool=tool)
        with file.atomic():
            file._begin(study)
        return file

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, tool: Tool = "study") -> StudyFile:
        """Open a study file after checking that it is one, and one that this version can read.

        Raises
        ------
        StoreError
            When there is no file, when it is not a study file, was made by a newer qualkit, or has another
            schema than its version should have.
        """
        if not path.is_file():
            raise StoreError(
                f"{path.name}: there is no such file. Check the path, or make one with Study.create."
            )
        db = _connect(path, read_only=read_only)
        try:
            _check(path, db)
        except BaseException:
            db.close()
            raise
        return cls(path, db, read_only=read_only, tool=tool)

    @property
    def study(self) -> str:
        """Id of the study, the same in every copy."""
        return str(self.query("SELECT id FROM study")[0][0])

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return the rows of a SELECT over state, events or texts."""
        return self._db.execute(sql, values).fetchall()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for reading frames."""
        return self._db

    def text(self, id_: str) -> str:
        """Return the words of a text row.

        Raises
        ------
        StoreError
            When the row is not there.
        """
        row = self._db.execute("SELECT body FROM text WHERE id = ?", (id_,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path.name}: text {id_} is not there. Run: qualkit study verify.")
        return str(row[0])

    def salt(self, id_: str) -> bytes:
        """Return the salt of a text row."""
        return bytes(self._db.execute("SELECT salt FROM text WHERE id = ?", (id_,)).fetchone()[0])

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
        """Group writes: all of them are kept, or none. May be nested."""
        if self.read_only:
            raise StoreError(f"{self.path.name}: was opened for reading only. Open it with read_only=False.")
        self._depth += 1
        before = self._origin, self._last
        name = f"level{self._depth}"
        try:
            if self._depth == 1:
                self._begin_immediate()
            else:
                self._db.execute(f"SAVEPOINT {name}")
            yield
            self._db.execute("COMMIT" if self._depth == 1 else f"RELEASE {name}")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK" if self._depth == 1 else f"ROLLBACK TO {name}")
            self._origin, self._last = before
            raise
        finally:
            self._depth -= 1

    def add_text(self, body: str | bytes) -> str:
        """Store `body` under a random id and return the reference that an event may hold."""
        id_, salt = secrets.token_hex(16), secrets.token_bytes(SALT_BYTES)
        self._db.execute("INSERT INTO text VALUES (?, ?, ?)", (id_, salt, body))
        return f"{id_}~{commitment(body, salt)}"

    def add_texts(self, bodies: Sequence[str]) -> list[str]:
        """Store several bodies; see `add_text`."""
        return [self.add_text(body) for body in bodies]

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

    def close(self) -> None:
        """Close; the last one to close leaves one single file behind, without ``-wal``. May be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._wal:
            # when another process has the file open this fails, and that one tidies up when it closes
            with suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.close()

    def _begin_immediate(self) -> None:
        if not self._wal:  # not before the first change: a file that is only looked at stays as it is
            _use_wal(self._db, self.path)
            self._wal = True
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{self.path.name}: another program is writing to this study and did not finish "
                f"within {WAIT_SECONDS:.0f} seconds. Close it, or try again."
            ) from error

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
    db.execute(
        "INSERT INTO event (origin, n, lamport, at, coder, kind, body, previous, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.origin,
            event.n,
            event.lamport,
            event.at,
            event.coder,
            event.kind,
            event.body,
            event.previous,
            event.hash,
        ),
    )


def schema_of(db: sqlite3.Connection) -> list[str]:
    """Return the CREATE statements in `db`, sorted, white space folded."""
    rows = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    return sorted(_folded(sql) for (sql,) in rows)


def memory_copy() -> sqlite3.Connection:
    """Return an empty study database in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in _statements(fold.SCHEMA):
        db.execute(statement)
    return db


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.DatabaseError as error:
        db.close()
        raise _not_a_study(path) from error
    return db


def _use_wal(db: sqlite3.Connection, path: Path) -> None:
    # several programs may open at one moment; switching the journal does not wait by itself
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if time.monotonic() > deadline or "locked" not in str(error):
                raise StoreError(f"{path.name}: cannot be opened for writing ({error}).") from error
            time.sleep(0.02)
    db.execute("PRAGMA synchronous = FULL")


def _check(path: Path, db: sqlite3.Connection) -> None:
    try:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        schema = schema_of(db)
    except sqlite3.DatabaseError as error:
        raise _not_a_study(path) from error
    if application != APPLICATION_ID:
        raise _not_a_study(path)
    if version > VERSION:
        raise StoreError(
            f"{path.name}: was made by a newer qualkit (file version {version}; this one reads up to {VERSION}). "
            "Install the newest qualkit and open it again."
        )
    expected = sorted(_folded(one) for one in _statements(fold.SCHEMA))
    if schema != expected:
        raise StoreError(
            f"{path.name}: its tables are not those of a qualkit study, so it is not opened. "
            "Ask for a fresh copy from where it came."
        )


def _not_a_study(path: Path) -> StoreError:
    return StoreError(f"{path.name}: is not a qualkit study file. Choose a file that ends in .qualkit.")


def _statements(sql: str) -> Iterator[str]:
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""


def _folded(sql: str) -> str:
    # comments are no part of what must be equal, and SQLite drops those before CREATE
    bare = " ".join(line.split("--")[0] for line in sql.splitlines())
    return " ".join(bare.split()).rstrip(" ;")
