"""Carrying codings from the text on which they were placed to the text in use."""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache

from qualkit.anchor import Anchor, Edits, Span


def carry_codings(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> None:
    """Set revision, start, end and anchor of codings anew, from where each was placed.

    Parameters
    ----------
    db : sqlite3.Connection
        Within a transaction.
    where : str
        Which codings: a condition on the table coding, called c.
    values : tuple
        Its values.

    Notes
    -----
    The place on the text in use follows from the place where a person put the coding and from the edits of
    the revisions between; nothing else is looked at. So it does not matter in which order things arrived. A
    lost coding keeps the place where it was made.
    """
    rows = db.execute(
        "SELECT c.id, c.made_revision, c.made_start, c.made_end, document.revision FROM coding AS c"
        " JOIN revision ON revision.id = c.made_revision JOIN document ON document.id = revision.document"
        f" WHERE {where}",
        values,
    ).fetchall()
    ways: dict[tuple[str, str], list[Edits]] = {}
    placed = []
    for id_, made, start, end, in_use in rows:
        if (made, in_use) not in ways:
            ways[made, in_use] = _way(db, made, in_use)
        span, anchor = _carry(Span(start, end), ways[made, in_use])
        if span is None:
            placed.append((made, start, end, anchor, id_))
        else:
            placed.append((in_use, span.start, span.end, anchor, id_))
    db.executemany("UPDATE coding SET revision = ?, start = ?, end = ?, anchor = ? WHERE id = ?", placed)


def _carry(span: Span, way: list[Edits]) -> tuple[Span | None, Anchor]:
    worst: Anchor = "kept"
    where: Span | None = span
    for edits in way:
        if where is None:
            break
        where, anchor = edits.carry(where)
        worst = max(worst, anchor, key=("kept", "moved", "changed", "lost").index)
    if where is not None and worst == "moved" and where == span:
        worst = "kept"  # moved there and back again
    return where, worst


def _way(db: sqlite3.Connection, start: str, goal: str) -> list[Edits]:
    """Return the edits along the tree of revisions from `start` up to a common one and down to `goal`."""
    up, down = _line(db, start), _line(db, goal)
    shared = set(up) & set(down)
    back = [_edits(db, one).inverse() for one in up[: next(i for i, one in enumerate(up) if one in shared)]]
    forth = [_edits(db, one) for one in down[: next(i for i, one in enumerate(down) if one in shared)]]
    return [*back, *reversed(forth)]


def _line(db: sqlite3.Connection, revision: str) -> list[str]:
    """Return a revision and those that it was made from, newest first."""
    found = []
    at: str | None = revision
    while at is not None:
        found.append(at)
        (at,) = db.execute("SELECT previous FROM revision WHERE id = ?", (at,)).fetchone()
    return found


def _edits(db: sqlite3.Connection, revision: str) -> Edits:
    (text,) = db.execute("SELECT edits FROM revision WHERE id = ?", (revision,)).fetchone()
    return _parsed(text)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Edits:
    return Edits(tuple((start, end, length) for start, end, length in json.loads(text)))
