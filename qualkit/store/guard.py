"""What must hold before a study file is used: that it is one, of a known version, with our schema."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from qualkit.errors import StoreError
from qualkit.store.fold import SCHEMA

APPLICATION_ID = 0x514B4954  # "QKIT"
VERSION = 1
# name and function of the step that leads from each version to the next
MIGRATIONS: dict[int, tuple[str, Callable[[sqlite3.Connection], None]]] = {}
# a file that came by mail may not make us allocate without end
LARGEST_FILE = 4_000_000_000
LARGEST_VALUE = 200_000_000
# folders that a program keeps in step with a server: it copies the file at moments of its own choosing
_SYNCED = re.compile(
    r"onedrive|dropbox|icloud|mobile documents|google ?drive|nextcloud|owncloud|sharepoint|surfdrive|"
    r"research ?drive|proton ?drive|pcloud|seafile|syncthing",
    re.I,
)
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "fuse.rclone", "davfs"}
_MOUNTS = Path("/proc/mounts")
# SQLite's result codes that say another connection has the file
IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def check(path: Path, db: sqlite3.Connection, *, untrusted: bool = False) -> int:
    """Return the version of a study file, after making sure that it may be used.

    Raises
    ------
    StoreError
        When it is not a study file, was made by a newer qualkit, or has other tables than ours.
    """
    try:
        if untrusted:
            _check_untrusted(path, db)
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        schema = schema_of(db)
    except sqlite3.DatabaseError as error:
        raise not_read(path, error) from error
    if application != APPLICATION_ID:
        raise not_a_study(path)
    if version > VERSION:
        raise StoreError(
            f"{path.name}: was made by a newer qualkit (file version {version}; this one reads up to {VERSION}). "
            "Install the newest qualkit and open it again."
        )
    if (version == VERSION and schema != _ours()) or (version < VERSION and version not in MIGRATIONS):
        raise _other_tables(path)
    return int(version)


def _ours() -> list[str]:
    return sorted(_folded(one) for one in statements(SCHEMA))


def _other_tables(path: Path) -> StoreError:
    return StoreError(
        f"{path.name}: its tables are not those of a qualkit study, so it is not opened. "
        "Ask for a fresh copy from where it came."
    )


def _check_untrusted(path: Path, db: sqlite3.Connection) -> None:
    if path.stat().st_size > LARGEST_FILE:
        raise StoreError(f"{path.name}: is larger than {LARGEST_FILE:,} bytes, so it is not opened.")
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
    for (line,) in db.execute("PRAGMA quick_check(1)"):
        if line != "ok":
            raise _damaged(path, line)


def migrate(path: Path, db: sqlite3.Connection) -> None:
    """Bring an older file to the version of today, after a copy was put beside it as ``.bak``.

    Each step is one transaction that ends with its version, so that a stop between two steps leaves a file
    that opens and goes on from there.

    Raises
    ------
    StoreError
        When a step fails, or leads to other tables than ours; the file is then as it was before that step.
    """
    part = path.with_name(f"{path.name}.bak.part")
    try:
        for end in ("", "-journal"):  # of a copy that was stopped
            part.with_name(part.name + end).unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as copy:
            db.backup(copy)
        part.replace(path.with_name(f"{path.name}.bak"))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path.name}: must be brought to version {VERSION}, and a copy cannot be put beside it ({error}). "
            "Make room there, or put the study where you may write."
        ) from error
    version = _version(db)
    while version < VERSION:
        name, step = MIGRATIONS[version]
        try:
            db.execute("BEGIN IMMEDIATE")
            if _version(db) == version:  # else another program did this step meanwhile
                step(db)
                db.execute(f"PRAGMA user_version = {version + 1}")
                if version + 1 == VERSION and schema_of(db) != _ours():
                    raise _other_tables(path)
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if not isinstance(error, Exception):
                raise
            raise StoreError(
                f"{path.name}: could not be brought to version {version + 1} ({name}). It is as it was; "
                f"a copy stands beside it as {path.name}.bak."
            ) from error
        version = _version(db)


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def is_synced(path: Path) -> bool:
    """Return whether a path looks like one on a network share or in a folder that is kept in step."""
    whole = path.resolve()
    return (
        str(whole).startswith(("\\\\", "//"))
        or _SYNCED.search(str(whole)) is not None
        or _is_mounted_share(whole)
    )


def _is_mounted_share(whole: Path) -> bool:
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False  # not Linux
    kinds = {
        Path(point.replace("\\040", " ")): kind for _, point, kind, *_ in (one.split(" ") for one in lines)
    }
    return next((kinds[one] for one in whole.parents if one in kinds), "") in _NETWORK


def schema_of(db: sqlite3.Connection) -> list[str]:
    """Return the CREATE statements in `db`, sorted, comments left out and white space folded."""
    # what ANALYZE leaves is no harm; anything else that calls itself sqlite_… is not left out
    rows = db.execute(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
        " AND NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))"
    )
    return sorted(_folded(sql) for (sql,) in rows)


def not_a_study(path: Path) -> StoreError:
    """Return the error for a file that is something else."""
    return StoreError(f"{path.name}: is not a qualkit study file. Choose a file that ends in .qualkit.")


def reason(error: sqlite3.Error) -> int:
    """Return SQLite's result code behind an error; 0 when it is one of Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def not_read(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the error for a file that SQLite will not read."""
    code = reason(error)
    if code == sqlite3.SQLITE_NOTADB:
        return not_a_study(path)
    if code == sqlite3.SQLITE_CORRUPT:
        return _damaged(path, str(error))
    if code in IN_USE:
        return StoreError(f"{path.name}: another program keeps it locked. Close it there, then try again.")
    return StoreError(
        f"{path.name}: cannot be read ({error}). Check that you may read it, and where it lies."
    )


def not_written(path: Path, error: sqlite3.DatabaseError) -> StoreError | None:
    """Return the error for a change that SQLite could not write; None when it was no fault of the file."""
    code = reason(error)
    if code in IN_USE:
        return StoreError(
            f"{path.name}: another program reads this study and did not let go in time, so nothing of this change "
            "was kept. Close it there, then try again."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return StoreError(
            f"{path.name}: may not be written ({error}). Put it where you may write, or open it with read_only=True."
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return StoreError(
            f"{path.name}: could not be written ({error}), so nothing of this change was kept. Make room, then do "
            "it again."
        )
    return _damaged(path, str(error)) if code == sqlite3.SQLITE_CORRUPT else None


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(f"{path.name}: is damaged ({what}). Ask for a fresh copy from where it came.")


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a script, each with its comments."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""


def _folded(sql: str) -> str:
    # comments are no part of what must be equal, and SQLite drops those before CREATE
    bare = " ".join(line.split("--")[0] for line in sql.splitlines())
    # no other space than SQLite's own: a name may hold those
    return " ".join(one for one in re.split(r"[ \t\n\r\f]+", bare) if one).rstrip(" ;")
