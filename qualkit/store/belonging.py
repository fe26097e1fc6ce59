"""Which texts belong to a participant or to a document: those that go when somebody withdraws."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from qualkit.store.chain import Event, text_id
from qualkit.store.file import read_events


def texts_of(events: Iterable[Event], participants: Collection[str], documents: Collection[str]) -> set[str]:
    """Return the ids of all texts about these participants and documents.

    Parameters
    ----------
    events : iterable of Event
        All of a study, in the order in which they are folded.
    participants, documents : collection of str
        Their ids.

    Notes
    -----
    Events are read, not state: the state holds one side of what two people did differently, and the words of
    the other side are in the file as well. To a participant belong the key, every value that an attribute ever
    had, the memos, and the documents; to a document its name, the file as it was read, every text and speaker's
    label, why it was corrected, and the memos on it and on its codings, in every text that these had. A reason
    that was typed for an act on codings belongs to it when that act touched nothing else.
    """
    found = _Belonging(set(participants), set(documents))
    takes = {
        "add_participants": found.add_participants,
        "set_values": found.set_values,
        "add_document": found.add_document,
        "revise": found.revise,
        "add_codings": found.add_codings,
        "add_memos": found.add_memos,
    }
    for event in events:
        body = event.data
        if event.kind in takes:
            takes[event.kind](body)
        if isinstance(body.get("changes"), dict):
            found.change(body)
    return found.texts


def withdrawn_texts(db: sqlite3.Connection) -> set[str]:
    """Return the ids of all texts about what was erased as a whole.

    More than what stands in the tombstones: a copy that did not know of the erasure may have gone on with the
    same interview, and what was written there goes as well when the two come together.
    """
    events = list(read_events(db))
    participants: set[str] = set()
    documents: set[str] = set()
    for event in events:
        if event.kind == "erase":
            body: Any = event.data
            participants.update(body.get("participants", ()))
            documents.update(body.get("documents", ()))
    return texts_of(events, participants, documents) if participants or documents else set()


class _Belonging:
    """What was found so far; each kind of event has a method that looks at one body."""

    def __init__(self, participants: set[str], documents: set[str]) -> None:
        self.texts: set[str] = set()
        self._people = participants
        self._documents = documents
        self._revisions: set[str] = set()
        self._codings: set[str] = set()
        self._values: set[str] = set()
        self._memos: set[str] = set()

    def add_participants(self, body: Any) -> None:
        for id_, key in zip(body["id"], body["key"], strict=True):
            if id_ in self._people:
                self.texts.add(text_id(key))

    def set_values(self, body: Any) -> None:
        for id_, participant, value in zip(body["id"], body["participant"], body["value"], strict=True):
            if participant in self._people:
                self._values.add(id_)
                self.texts.add(text_id(value))

    def add_document(self, body: Any) -> None:
        if body["id"] in self._documents or body["participant"] in self._people:
            self._documents.add(body["id"])
            self._revisions.add(body["revision"])
            self.texts.update(_all(body))

    def revise(self, body: Any) -> None:
        if body["document"] in self._documents:
            self._revisions.add(body["revision"])
            self.texts.update(_all(body))

    def add_codings(self, body: Any) -> None:
        pool = body["pool"]
        ours = [
            id_
            for id_, revision in zip(body["id"], body["revision"], strict=True)
            if pool[revision] in self._revisions
        ]
        self._codings.update(ours)
        if ours and len(ours) == len(body["id"]):
            self._reason(body)

    def add_memos(self, body: Any) -> None:
        owners = self._people | self._documents | self._codings
        for id_, target, words in zip(body["id"], body["target"], body["body"], strict=True):
            if target in owners:
                self._memos.add(id_)
                self.texts.add(text_id(words))

    def change(self, body: Any) -> None:
        changes = body["changes"]
        owned = self._people | self._documents | self._codings | self._values | self._memos
        others = 0
        ours = 0
        for table, id_, field, before, to in zip(
            *(changes[name] for name in ("table", "id", "field", "from", "to")), strict=True
        ):
            if table == "conflict":
                continue  # that it was decided is told; what about is told by the other changes
            if id_ not in owned:
                others += 1
                continue
            ours += 1
            if (table, field) == ("memo", "body"):
                self.texts.update(text_id(one) for one in (before, to) if one is not None)
        if ours and not others:
            self._reason(body)

    def _reason(self, body: Any) -> None:
        if isinstance(body.get("reason"), str):
            self.texts.add(text_id(body["reason"]))


def _all(body: Any) -> Iterator[str]:
    """Yield the ids of the texts that an act on one document points at."""
    for name in ("name", "original", "text", "reason"):
        if isinstance(body.get(name), str):
            yield text_id(body[name])
    for speaker in body["speakers"]:
        yield text_id(speaker)
