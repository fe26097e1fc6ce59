"""Events as values: canonical form, hash chain, and references to text."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

# the namespace of every id that qualkit derives from content
NAMESPACE = uuid5(NAMESPACE_URL, "urn:qualkit")

REFERENCE = re.compile(r'"([0-9a-f]{32})~([0-9a-f]{64})"')

_ID = re.compile(r'"([0-9a-f]{32})"')

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Event:
    """One act in a study: its place in a chain, who did it, and what was done.

    Parameters
    ----------
    origin : str
        Id of the writing session whose chain this is.
    n : int
        Place in that chain, from 0.
    lamport : int
        Lamport count: one more than any event its writer had seen.
    at : str
        Wall time, UTC; never used for order.
    coder : str or None
        Id of who acted.
    kind : str
        What was done; a function of `qualkit.store.fold`.
    body : str
        Canonical JSON.
    previous : str
        Hash of the event before in this chain; empty for the first.
    """

    origin: str
    n: int
    lamport: int
    at: str
    coder: str | None
    kind: str
    body: str
    previous: str

    @property
    def hash(self) -> str:
        """SHA-256 over every field, hex."""
        fields = (
            self.previous,
            self.origin,
            str(self.n),
            str(self.lamport),
            self.at,
            self.coder or "",
            self.kind,
            self.body,
        )
        # canonical JSON and ids hold no newline, so a newline parts the fields without doubt
        return hashlib.sha256("\n".join(fields).encode("utf-8")).hexdigest()

    @property
    def act(self) -> tuple[str, int]:
        """Session and number of the act that this event, an undo or redo, is about."""
        origin, n = json.loads(self.body)["act"]
        return str(origin), int(n)

    @property
    def data(self) -> Json:
        """The body as a dictionary."""
        loaded: Json = json.loads(self.body)
        return loaded


def canonical(value: object) -> str:
    """Return `value` as JSON with sorted keys and no space: equal values give equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def references(body: str) -> Iterator[tuple[str, str]]:
    """Yield each reference to text in an event's body: id of the text row, and the commitment to it."""
    for hit in REFERENCE.finditer(body):
        yield hit[1], hit[2]


def named_ids(event: Event) -> set[str]:
    """Return the ids of the things that an event names; references to text are no such ids."""
    return set(_ID.findall(event.body))


def text_id(reference: str) -> str:
    """Return the id of the text row that `reference` points at."""
    return reference[:32]


def new_id() -> str:
    """Return a random id that sorts by the time it was made: 48 bits of milliseconds, 80 random bits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def derived_id(study: str, *parts: str) -> str:
    """Return the id that the same content always gets within one study (UUIDv5)."""
    return uuid5(UUID(study), "\x1f".join(parts)).hex


def now() -> str:
    """Return the wall time, UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def note_hash(values: tuple[object, ...], previous: str) -> str:
    """Return the hash of a row of the table merge: over its other columns and the hash of the row before."""
    return hashlib.sha256(canonical([*values, previous]).encode("utf-8")).hexdigest()
