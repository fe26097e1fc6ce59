"""Erasing words: the primitive under withdrawal and under the destruction of raw text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.errors import StoreError, UnknownNameError
from qualkit.store.belonging import texts_of

if TYPE_CHECKING:
    from qualkit.study import Study


@dataclass(frozen=True, slots=True)
class Erasable:
    """What an erasure would take, in counts.

    Parameters
    ----------
    texts : int
        Rows of the table text, of every kind.
    transcripts : int
        Of these, texts of documents; each revision is one.
    originals : int
        Files as they were read.
    attributes : int
        Values of attributes.
    memos : int
        Memos, by the text in use.
    codings : int
        Codings that stay, and lose their words.
    """

    texts: int
    transcripts: int
    originals: int
    attributes: int
    memos: int
    codings: int


def erase(
    study: Study,
    *,
    participant: str | None = None,
    document: str | None = None,
    revision: tuple[str, int] | None = None,
    reason: str,
) -> int:
    """Remove words from the file for good and return how many texts went; what was done stays known.

    Parameters
    ----------
    participant : str or None
        Everything of this person: the key, attributes, transcripts in every revision, memos on them.
    document : str or None
        This transcript in every revision, the file it was read from, its name, the labels of its speakers, memos
        on it and on its codings, and the reasons typed for acts on these alone.
    revision : (document, number) or None
        One older text of a document and the file it was read from, as when raw text is destroyed after
        pseudonymising; not the text in use.
    reason : str
        Why. It stays, so it names nobody.

    Raises
    ------
    UnknownNameError
        When there is no such participant, document or revision.
    StoreError
        When not exactly one of the three is named, when the revision is in use, or when another program has
        the file open (the words go when it is opened next).

    Notes
    -----
    The rows of the table text go, with the salts without which the commitments in the events say nothing. The
    freed pages are overwritten and the file is written anew (secure_delete, VACUUM); copies that a migration
    left beside it go too. Erasing cannot be undone. Other copies of the study still hold the words: merging
    one names it, and what was written there about the same person or document afterwards goes as well. Words
    that others typed elsewhere, in a memo on the study, in a codebook or in a report of a meeting, stay: search
    for them. A reason for an act that touched codings of others too stays with those.
    """
    with study.atomic():
        found = _found(study, participant, document, revision)
        body: dict[str, object] = {
            "texts": found.texts,
            "participants": found.participants,
            "documents": found.documents,
            # so that undoing what led from the erased text is refused
            "revised": found.revised,
            "reason": study._file.add_text(reason),
        }
        desk.append(study, "erase", body)
        study._file.connection.executemany(
            "INSERT OR IGNORE INTO unfinished VALUES (?)", [(one,) for one in found.texts]
        )
    study._kept.clear()
    study._file.erase_texts()
    return len(found.texts)


def would_erase(
    study: Study,
    *,
    participant: str | None = None,
    document: str | None = None,
    revision: tuple[str, int] | None = None,
) -> Erasable:
    """Return what `erase` would take, in counts; nothing is changed.

    Parameters
    ----------
    participant, document, revision
        As for `erase`: exactly one of them.

    Raises
    ------
    UnknownNameError, StoreError
        When `erase` would refuse.
    """
    texts = _found(study, participant, document, revision).texts

    def count(rows: str) -> int:
        sql = f"SELECT count(*) FROM {rows} IN (SELECT value FROM json_each(?))"
        return int(str(study._file.query(sql, (json.dumps(texts),))[0][0]))

    return Erasable(
        texts=len(texts),
        transcripts=count("revision WHERE text"),
        originals=count("document WHERE original"),
        attributes=count("value WHERE value"),
        memos=count("memo WHERE body"),
        codings=count("coding AS c JOIN revision AS r ON r.id = c.revision WHERE c.removed = 0 AND r.text"),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Texts that go, and what is gone as a whole, so that a merge knows later texts about it."""

    texts: list[str]
    participants: list[str]
    documents: list[str]
    revised: list[str]


def _found(
    study: Study, participant: str | None, document: str | None, revision: tuple[str, int] | None
) -> _Found:
    if sum(one is not None for one in (participant, document, revision)) != 1:
        raise StoreError("erase takes exactly one of participant, document and revision.")
    if revision is not None:
        older = _present(study, _of_revision(study, *revision))
        return _Found(older, [], [], sorted(_every(study, "document", "name", revision[0])))
    people: set[str] = set()
    documents: set[str] = set()
    if participant is not None:
        people = _every(study, "participant", "key", participant)
        for id_ in people:
            documents |= _ids(study, "SELECT id FROM document WHERE participant = ?", id_)
        # a transcript that came before the participant did is known by its name alone
        documents |= _ids(
            study,
            "SELECT d.id FROM document AS d JOIN text AS t ON t.id = d.name"
            " WHERE d.participant IS NULL AND t.body = ?",
            participant,
        )
    elif document is not None:
        documents = _every(study, "document", "name", document)
    texts = texts_of(study._file.events(), people, documents)
    return _Found(_present(study, texts), sorted(people), sorted(documents), [])


def _every(study: Study, table: str, column: str, name: str) -> set[str]:
    """Return the ids of everything of this name: what was taken back too, and both of two equal names."""
    found = _ids(
        study, f"SELECT x.id FROM {table} AS x JOIN text AS t ON t.id = x.{column} WHERE t.body = ?", name
    )
    if not found:
        raise UnknownNameError(table, name, sorted(desk.named(study, table, column)))
    return found


def _present(study: Study, texts: set[str]) -> list[str]:
    """Return those that were not erased before, sorted."""
    return sorted(
        str(one)
        for (one,) in study._file.query(
            "SELECT id FROM text WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(texts)),)
        )
    )


def _of_revision(study: Study, document: str, number: int) -> set[str]:
    found: set[str] = set()
    numbers: set[int] = set()
    for id_ in _every(study, "document", "name", document):
        rows = study._file.query(
            "SELECT r.number, r.id, r.text, r.id = d.revision FROM revision AS r"
            " JOIN document AS d ON d.id = r.document WHERE d.id = ?",
            (id_,),
        )
        numbers |= {int(str(row[0])) for row in rows}
        # two people may have made a revision of the same number: those that are not in use go
        for made, revision, text, in_use in rows:
            if made == number and not in_use:
                found |= {str(text)} | _ids(
                    study, "SELECT speaker FROM segment WHERE revision = ?", str(revision)
                )
                found |= _ids(
                    study, "SELECT original FROM document WHERE id = ? AND original IS NOT NULL", id_
                )
    if number not in numbers:
        raise UnknownNameError("revision", str(number), [str(one) for one in sorted(numbers)])
    if not found:
        raise StoreError(
            f"{document}: revision {number} is the text in use. Revise it first, or erase the document."
        )
    return found


def _ids(study: Study, sql: str, id_: str) -> set[str]:
    return {str(one) for (one,) in study._file.query(sql, (id_,))}
