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
    r"onedrive|dropbox|icloud|mobile documents|google ?drive|nextcloud|owncloud|sharepoint", re.I
)


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
        raise not_a_study(path) from error
    if application != APPLICATION_ID:
        raise not_a_study(path)
    if version > VERSION:
        raise StoreError(
            f"{path.name}: was made by a newer qualkit (file version {version}; this one reads up to {VERSION}). "
            "Install the newest qualkit and open it again."
        )
    if version == VERSION and schema != sorted(_folded(one) for one in statements(SCHEMA)):
        raise StoreError(
            f"{path.name}: its tables are not those of a qualkit study, so it is not opened. "
            "Ask for a fresh copy from where it came."
        )
    return int(version)


def _check_untrusted(path: Path, db: sqlite3.Connection) -> None:
    if path.stat().st_size > LARGEST_FILE:
        raise StoreError(f"{path.name}: is larger than {LARGEST_FILE:,} bytes, so it is not opened.")
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
    for (line,) in db.execute("PRAGMA quick_check(1)"):
        if line != "ok":
            raise StoreError(f"{path.name}: is damaged ({line}). Ask for a fresh copy from where it came.")


def migrate(path: Path, db: sqlite3.Connection, version: int) -> None:
    """Bring an older file to the version of today, after a copy was put beside it as ``.bak``.

    Each step is one transaction that ends with its version, so that a stop between two steps leaves a file
    that opens and goes on from there.

    Raises
    ------
    StoreError
        When a step fails; the file is then as it was before that step.
    """
    with closing(sqlite3.connect(path.with_name(f"{path.name}.bak"))) as backup:
        db.backup(backup)
    while version < VERSION:
        name, step = MIGRATIONS[version]
        try:
            db.execute("BEGIN IMMEDIATE")
            step(db)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise StoreError(
                f"{path.name}: could not be brought to version {version + 1} ({name}). It is as it was; "
                f"a copy stands beside it as {path.name}.bak."
            ) from error
        version += 1


def is_synced(path: Path) -> bool:
    """Return whether a path looks like one on a network share or in a folder that is kept in step."""
    whole = str(path.resolve())
    return whole.startswith(("\\\\", "//")) or _SYNCED.search(whole) is not None


def schema_of(db: sqlite3.Connection) -> list[str]:
    """Return the CREATE statements in `db`, sorted, comments left out and white space folded."""
    rows = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    return sorted(_folded(sql) for (sql,) in rows)


def not_a_study(path: Path) -> StoreError:
    """Return the error for a file that is something else."""
    return StoreError(f"{path.name}: is not a qualkit study file. Choose a file that ends in .qualkit.")


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
    return " ".join(bare.split()).rstrip(" ;")
