"""Erasing words: the primitive under withdrawal and under the destruction of raw text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.errors import StoreError, UnknownNameError

if TYPE_CHECKING:
    from qualkit.study import Study


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
        Everything of this person: attributes, transcripts in every revision, memos on them.
    document : str or None
        This transcript in every revision, the file it was read from, and memos on it.
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
    one names it.
    """
    if sum(one is not None for one in (participant, document, revision)) != 1:
        raise StoreError("erase takes exactly one of participant, document and revision.")
    if participant is not None:
        texts = _of_participant(study, desk.one_of(study, "participant", "key", participant))
    elif document is not None:
        texts = _of_document(study, desk.one_of(study, "document", "name", document))
    else:
        assert revision is not None
        texts = _of_revision(study, *revision)
    with study.atomic():
        body: dict[str, object] = {"texts": sorted(texts), "reason": study._file.add_text(reason)}
        desk.append(study, "erase", body)
        study._file.connection.executemany(
            "INSERT OR IGNORE INTO unfinished VALUES (?)", [(one,) for one in sorted(texts)]
        )
    study._kept.clear()
    study._file.erase_texts()
    return len(texts)


def _of_participant(study: Study, id_: str) -> set[str]:
    found = _ids(study, "SELECT key FROM participant WHERE id = ?", id_)
    found |= _ids(study, "SELECT value FROM value WHERE participant = ?", id_)
    found |= _ids(study, "SELECT body FROM memo WHERE target = ?", id_)
    for (document,) in study._file.query("SELECT id FROM document WHERE participant = ?", (id_,)):
        found |= _of_document(study, str(document))
    return found | _memos_before(study, found)


def _of_document(study: Study, id_: str) -> set[str]:
    found = _ids(study, "SELECT name FROM document WHERE id = ?", id_)
    found |= _ids(study, "SELECT original FROM document WHERE id = ? AND original IS NOT NULL", id_)
    found |= _ids(study, "SELECT text FROM revision WHERE document = ?", id_)
    found |= _ids(
        study, "SELECT speaker FROM segment JOIN revision AS r ON r.id = revision WHERE r.document = ?", id_
    )
    found |= _ids(study, "SELECT body FROM memo WHERE target = ?", id_)
    on_codings = (
        "SELECT memo.body FROM memo JOIN coding AS c ON c.id = memo.target"
        " JOIN revision AS r ON r.id = c.made_revision WHERE r.document = ?"
    )
    found |= _ids(study, on_codings, id_)
    return found | _memos_before(study, found)


def _of_revision(study: Study, document: str, number: int) -> set[str]:
    id_ = desk.one_of(study, "document", "name", document)
    rows = study._file.query(
        "SELECT r.text, r.id = d.revision, r.id FROM revision AS r JOIN document AS d ON d.id = r.document"
        " WHERE d.id = ? AND r.number = ?",
        (id_, number),
    )
    if not rows:
        numbers = study._file.query("SELECT number FROM revision WHERE document = ? ORDER BY number", (id_,))
        raise UnknownNameError("revision", str(number), [str(one) for (one,) in numbers])
    text, in_use, revision = rows[0]
    if in_use:
        raise StoreError(
            f"{document}: revision {number} is the text in use. Revise it first, or erase the document."
        )
    found = {str(text)} | _ids(study, "SELECT speaker FROM segment WHERE revision = ?", str(revision))
    return found | _ids(study, "SELECT original FROM document WHERE id = ? AND original IS NOT NULL", id_)


def _memos_before(study: Study, found: set[str]) -> set[str]:
    """Return the earlier texts of memos whose text in use goes: they stand in the events that changed them."""
    earlier: set[str] = set()
    for event in study._file.events():
        changes = event.data.get("changes")
        if event.kind != "change_memo" or not isinstance(changes, dict):
            continue
        for id_, field, before, to in zip(
            *(changes[name] for name in ("id", "field", "from", "to")), strict=True
        ):
            held = study._file.query("SELECT body FROM memo WHERE id = ?", (id_,))
            if field == "body" and held and held[0][0] in found:
                earlier |= {before[:32], to[:32]}
    return earlier


def _ids(study: Study, sql: str, id_: str) -> set[str]:
    return {str(one) for (one,) in study._file.query(sql, (id_,))}
