"""State made again from events: whole, for a check; or up to a moment, for a look at the past."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from qualkit.errors import StoreError
from qualkit.store import fold, guard
from qualkit.store.chain import Event
from qualkit.store.file import StudyFile, read_events


def replay(db: sqlite3.Connection) -> sqlite3.Connection:
    """Return a database in memory whose state was folded afresh from the events in `db`."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    for statement in guard.statements(fold.SCHEMA):
        fresh.execute(statement)
    refold(fresh, read_events(db))
    return fresh


def refold(db: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Fold `events` into the empty state tables of `db`."""
    db.execute("SAVEPOINT refold")
    for event in events:
        fold.apply(db, event)
    db.execute("RELEASE refold")


def as_of(path: Path, time: str) -> StudyFile:
    """Return the study as this file showed it at a moment, read-only and in memory.

    Parameters
    ----------
    path : Path
        The file.
    time : str
        UTC, ISO 8601. What came in by a merge counts from the moment of the merge.

    Raises
    ------
    StoreError
        When the study did not exist yet.
    """
    StudyFile.open(path, read_only=True).close()
    db = sqlite3.connect(":memory:", isolation_level=None, uri=True)
    db.execute("ATTACH ? AS whole", (f"{path.resolve().as_uri()}?mode=ro",))
    last = _last_arrived(db, time)
    if not last:
        db.close()
        raise StoreError(f"{path.name}: held nothing yet at {time}. Choose a later moment.")
    for statement in guard.statements(fold.SCHEMA):
        if not statement.split("CREATE", 1)[1].startswith((" TABLE event ", " TABLE text ", " INDEX event_")):
            db.execute(statement)
    # views, so that neither words nor events are copied
    db.execute("CREATE TEMP VIEW text AS SELECT * FROM whole.text")
    db.execute(f"CREATE TEMP VIEW event AS SELECT * FROM whole.event WHERE seq <= {last}")
    refold(db, list(read_events(db)))
    return StudyFile(path, db, read_only=True)


def _last_arrived(db: sqlite3.Connection, time: str) -> int:
    """Return the number of the last event that this file had at `time`."""
    merges = db.execute("SELECT at, first_seq, last_seq FROM whole.merge").fetchall()
    last = 0
    for seq, at in db.execute("SELECT seq, at FROM whole.event ORDER BY seq"):
        arrived = next((when for when, first, end in merges if first <= seq <= end), at)
        if arrived > time:
            break
        last = seq
    return int(last)
