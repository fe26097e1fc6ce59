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
from contextlib import closing, contextmanager, suppress
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
        self._erasing = False

    @classmethod
    @contextmanager
    def create(cls, path: Path, *, study: str, tool: Tool = "study") -> Iterator[StudyFile]:
        """Make a study file; what is done within the ``with`` block belongs to its making, all of it or nothing.

        The file stays open after the block. A making that was stopped leaves an empty file, which holds nothing
        and may be made anew.

        Raises
        ------
        StoreError
            When something is there already, or the folder cannot be written.
        """
        stopped = path.is_file() and (path.stat().st_size == 0 or beside(path, "-journal").exists())
        if not stopped:
            _check_free(path)
        db = connect(path, mode="rwc")
        file = cls(path, db, read_only=False, tool=tool)
        try:
            db.execute("PRAGMA synchronous = FULL")
            file._ready = True  # not WAL yet: that is written before any table is there
            with file.atomic():
                if guard.schema_of(db):  # another program was first
                    raise _there_already(path)
                db.execute(f"PRAGMA application_id = {guard.APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {guard.VERSION}")
                for statement in guard.statements(fold.SCHEMA):
                    db.execute(statement)
                file._begin(study)
                yield file
            file._ready = False
        except BaseException as error:
            db.close()
            if isinstance(error, sqlite3.DatabaseError) and guard.reason(error) == sqlite3.SQLITE_NOTADB:
                raise _there_already(path) from error
            raise

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
        if path.is_dir():
            raise StoreError(f"{path.name}: is a folder. Name the study file in it, which ends in .qualkit.")
        if not path.is_file():
            raise StoreError(
                f"{path.name}: there is no such file. Check the path, or make one with Study.create."
            )
        if read_only and beside(path, "-journal").exists():
            _roll_back(path)
        db = connect(path, mode="ro" if read_only else "rw")
        try:
            version = guard.check(path, db, untrusted=untrusted)
            if version < guard.VERSION:
                if read_only:
                    raise StoreError(
                        f"{path.name}: was made by an older qualkit. Open it once for writing to bring it up to "
                        "date; a copy is kept beside it."
                    )
                guard.migrate(path, db)
                guard.check(path, db)
            if db.execute("SELECT 1 FROM unfinished").fetchone():
                if read_only:
                    db.close()  # only who has the file alone can finish
                    with closing(connect(path, mode="rw")) as writing:
                        _finish_erasure(path, writing)
                    db = connect(path, mode="ro")
                else:
                    _finish_erasure(path, db)
        except BaseException:
            db.close()
            raise
        return cls(path, db, read_only=read_only, tool=tool)

    @property
    def study(self) -> str:
        """Id of the study, the same in every copy."""
        return str(self.query("SELECT id FROM study")[0][0])

    @property
    def is_grouped(self) -> bool:
        """Whether a group of changes is open."""
        return self._depth > 0

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
        outer = self._depth == 0
        before = self._origin, self._last
        self._depth += 1
        level = f"level{self._depth}"
        try:
            if outer:
                self._begin_immediate()
            else:
                self._db.execute(f"SAVEPOINT {level}")
            yield
            if outer:
                # while the lock is held, so that the note of the next writer is never the one taken away
                _forget_writer(self.path)
            self._db.execute("COMMIT" if outer else f"RELEASE {level}")
        except BaseException as error:
            if self._db.in_transaction and outer:
                _forget_writer(self.path)
                self._db.execute("ROLLBACK")
            elif self._db.in_transaction:
                self._db.execute(f"ROLLBACK TO {level}")
                self._db.execute(f"RELEASE {level}")
            self._origin, self._last = before
            if outer:
                self._erasing = False
            if isinstance(error, sqlite3.DatabaseError) and (told := guard.not_written(self.path, error)):
                raise told from error
            raise
        finally:
            self._depth -= 1
        if outer and self._erasing:
            self.erase_texts()

    def add_text(self, body: str | bytes) -> str:
        """Store `body` under a random id and return the reference that an event may hold."""
        id_, salt = secrets.token_hex(16), secrets.token_bytes(SALT_BYTES)
        self._db.execute("INSERT INTO text VALUES (?, ?, ?)", (id_, salt, body))
        return f"{id_}~{commitment(body, salt)}"

    def reference(self, id_: str) -> str:
        """Return the reference to a text that is there already.

        Raises
        ------
        StoreError
            When its words were erased.
        """
        row = self._db.execute("SELECT salt, body FROM text WHERE id = ?", (id_,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path.name}: these words were erased, so nothing can be done with them.")
        salt, body = row
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

        Within `atomic` it waits for the end of the outermost group.

        Raises
        ------
        StoreError
            When another program has the file open; the erasure is finished when the last one closes it, or
            when it is opened next.
        """
        self._erasing = self._depth > 0
        if not self._erasing:
            self._ready = False  # the journal is that of a closed file afterwards
            _finish_erasure(self.path, self._db)

    def copy(self, target: Path) -> None:
        """Write the study as it stands to a new file: one consistent whole, even while others write.

        Raises
        ------
        StoreError
            When something is at `target` already, when it cannot be written there, or when this is a study
            within `atomic` or a look at the past.
        """
        if self._depth or not self._db.execute("PRAGMA database_list").fetchone()[2]:
            raise StoreError(
                f"{self.path.name}: only a study file as it stands can be copied, not a change that is under way "
                "nor a look at the past. Open the file and copy that."
            )
        _check_free(target)
        part = target.with_name(f".{target.name}.{new_id()}.part")
        try:
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                copy.execute("PRAGMA synchronous = FULL")
                self._db.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            _check_free(target)
            part.replace(target)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{target.name}: could not be written ({error}). Choose another place, or make room."
            ) from error
        finally:
            for name in (part.name, f"{part.name}-journal", f"{part.name}-wal", f"{part.name}-shm"):
                part.with_name(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close; the last one to close leaves one single file behind, without ``-wal``. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with suppress(sqlite3.Error, StoreError):
            if not self.read_only:
                _tidy(self.path, self._db)
        self._db.close()
        # a program that only read may be the last one: then it tidies up after those that wrote
        with suppress(sqlite3.Error, StoreError):
            if self.read_only and beside(self.path, "-wal").exists():
                with closing(connect(self.path, mode="rw")) as db:
                    _tidy(self.path, db)

    def _begin_immediate(self) -> None:
        if not self._ready:  # not before the first change: a file that is only looked at stays as it is
            _prepare_writing(self._db, self.path)
            self._ready = True
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if guard.reason(error) in guard.IN_USE:
                raise _in_use(self.path) from error
            raise
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


def connect(path: Path, *, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    """Open a connection with the settings of a study file, to read it, to write it, or to make it.

    Raises
    ------
    StoreError
        When SQLite cannot open it as a database.
    """
    try:
        db = sqlite3.connect(address(path, mode), uri=True, isolation_level=None, timeout=WAIT_SECONDS)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.DatabaseError as error:
        raise guard.not_read(path, error) from error
    return db


def address(path: Path, mode: str) -> str:
    """Return the URI by which SQLite opens a file."""
    uri = path.resolve().as_uri()
    if not uri.startswith("file:///"):  # a Windows share: SQLite takes no host, only a path
        uri = uri.replace("file://", "file:////", 1)
    return f"{uri}?mode={mode}"


def beside(path: Path, end: str) -> Path:
    """Return the file that SQLite keeps beside a database: ``-wal``, ``-shm`` or ``-journal``."""
    whole = path.resolve()
    return whole.with_name(whole.name + end)


def _check_free(path: Path) -> None:
    if path.exists():
        raise _there_already(path)
    if not path.parent.is_dir():
        raise StoreError(f"{path.parent}: is no folder. Make it first, or choose another place.")


def _there_already(path: Path) -> StoreError:
    return StoreError(f"{path.name}: is there already. Open it, or choose another name.")


def _prepare_writing(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -65536")  # KiB; a bulk of codings touches pages all over their indexes
    synced = guard.is_synced(path)
    if synced:
        warnings.warn(
            f"{path.name} lies on a network share or in a folder that is kept in step with a server. "
            "Work on a copy on this computer and bring the two together with qualkit study merge.",
            stacklevel=2,
        )
    # several programs may open at one moment; switching the journal does not wait by itself
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            db.execute(f"PRAGMA journal_mode = {'DELETE' if synced else 'WAL'}")
        except sqlite3.OperationalError as error:
            if guard.reason(error) not in guard.IN_USE:
                raise
            if time.monotonic() > deadline:
                raise _in_use(path) from error
            time.sleep(0.02)
        else:
            return


def _roll_back(path: Path) -> None:
    """Let SQLite take back a change that was stopped in its middle; who only reads may not do that."""
    with suppress(sqlite3.Error, StoreError), closing(connect(path, mode="rw")) as db:
        guard.schema_of(db)


def _tidy(path: Path, db: sqlite3.Connection) -> None:
    """Do what the last one to close does: finish an erasure, and bring the study back to one file."""
    db.execute("PRAGMA busy_timeout = 0")
    if db.execute("SELECT 1 FROM unfinished").fetchone():
        _finish_erasure(path, db)
    # when another program has the file open this fails, and that one tidies up when it closes
    db.execute("PRAGMA journal_mode = DELETE")


def _finish_erasure(path: Path, db: sqlite3.Connection) -> None:
    """Delete what an erasure marked, and overwrite where it stood.

    The marks go last: a stop before that does all of it again at the next open.
    """
    try:
        for end in ("", "-journal", "-wal", "-shm", ".part", ".part-journal"):
            path.with_name(f"{path.name}.bak{end}").unlink(missing_ok=True)
        if not guard.is_synced(path):
            # in this journal the rows can go while others still read
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM text WHERE id IN (SELECT text FROM unfinished)")
        db.execute("COMMIT")
        # pages that were freed long ago may still hold words; VACUUM writes the file anew without them
        db.execute("VACUUM")
        # only who has the file alone can do this: then no page with words is left in -wal, nor read from there
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("DELETE FROM unfinished")
    except (sqlite3.OperationalError, OSError) as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError) and guard.reason(error) in guard.IN_USE:
            raise StoreError(
                f"{path.name}: words are being erased, and another program has the file open. Close it there and "
                "open the study once more; the erasure is finished then."
            ) from error
        raise StoreError(
            f"{path.name}: words are being erased, and the file or the copy beside it cannot be written ({error}). "
            "See to that and open the study for writing; the erasure is finished then."
        ) from error


def _sidecar(path: Path) -> Path:
    return path.with_name(f".{path.name}.writer")


def _forget_writer(path: Path) -> None:
    with suppress(OSError):
        _sidecar(path).unlink()


def _in_use(path: Path) -> StoreError:
    return StoreError(
        f"{path.name}: {_writer(path)} is writing to this study and did not finish within "
        f"{WAIT_SECONDS:.0f} seconds. Wait for it or close it, then try again."
    )


def _writer(path: Path) -> str:
    """Return who is writing, in words, from the note beside the file."""
    try:
        note = json.loads(_sidecar(path).read_text(encoding="utf-8"))
        if note["host"] == socket.gethostname() and not _is_running(int(note["pid"])):
            return "another program"  # the note is of one that was stopped; who holds the lock left none
        who = f"{note['coder']}, " if note["coder"] else ""
        return f"another program ({who}process {note['pid']} on {note['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # there is no harmless way to ask
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
