"""What was done, by whom, when and why; and taking the last of it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.errors import StoreError
from qualkit.locale import words
from qualkit.store.chain import Event, named_ids, text_id
from qualkit.store.undo import (
    block,
    changes_of,
    check_free,
    standing,
    turned_round,
    with_witnesses,
)

if TYPE_CHECKING:
    import pandas as pd

    from qualkit.study import Study


def history(study: Study, *, document: str | None = None, coder: str | None = None) -> pd.DataFrame:
    """Return what was done, one row for each act, oldest first.

    Parameters
    ----------
    document : str or None
        Only acts on this document and its codings.
    coder : str or None
        Only acts of this coder.

    Returns
    -------
    DataFrame
        ``act`` (session:number, str), ``at`` (UTC, str), ``coder``, ``kind``, ``what`` (in plain words, in the
        language of the study), ``why`` (str, empty when no reason was given), ``rows`` (int64), ``undone``
        (bool).
    """
    import pandas as pd

    from qualkit.acts.documents import place_of

    about = _about(study, place_of(study, document)[0]) if document is not None else None
    rows = [row for event, row in _rows(study) if about is None or _concerns(event, about)]
    frame = pd.DataFrame(rows, columns=["act", "at", "coder", "kind", "what", "why", "rows", "undone"])
    return frame[frame["coder"] == coder].reset_index(drop=True) if coder is not None else frame


def undo(study: Study) -> str:
    """Take back the last act of this session's coder, and return it in plain words.

    Raises
    ------
    StoreError
        When there is nothing to undo, or a later act touched the same thing; it is named.
    """
    return _turn(study, "undo")


def redo(study: Study) -> str:
    """Do again what this session's coder undid last, and return it in plain words.

    Raises
    ------
    StoreError
        When nothing was undone since the coder's last act, or a later act touched the same thing.
    """
    return _turn(study, "redo")


def _turn(study: Study, kind: str) -> str:
    name = study._coder_name
    if name is None:
        raise StoreError(
            "nobody is named as coder. Open the study with coder=, so that the undoing has an author."
        )
    db = study._file.connection
    with study.atomic():
        done, undone = standing(db, desk.coder_id(study, name))
        if kind == "undo" and _erased_last(study, name):
            raise StoreError(f"{name}: the last act was an erasure, which cannot be undone.")
        acts = done if kind == "undo" else undone
        if not acts:
            raise StoreError(f"{name}: there is nothing to {kind}.")
        act = acts[-1]
        changes = changes_of(db, act)
        if kind == "undo":
            changes = turned_round(changes)
        check_free(db, act, changes, kind=kind)
        block_ = block(with_witnesses(db, changes))
        body: dict[str, object] = {"act": [act.origin, act.n], "changes": block_}
        study._file.append(kind, body, coder=desk.coder_id(study, name))
    return _words(study, act)[0]


def _erased_last(study: Study, name: str) -> bool:
    coder = desk.coder_id(study, name)
    kinds = [
        event.kind for event in study._file.events() if event.coder == coder and event.kind != "add_coder"
    ]
    return kinds[-1:] == ["erase"]


def _rows(study: Study) -> Iterator[tuple[Event, tuple[object, ...]]]:
    events = list(study._file.events())
    gone: set[tuple[str, int]] = set()
    for event in events:
        if event.kind in ("undo", "redo"):
            (gone.add if event.kind == "undo" else gone.discard)(event.act)
    names = {id_: name for name, id_ in desk.named(study, "coder", "name").items()}
    by_place = {(event.origin, event.n): event for event in events}
    for event in events:
        if event.kind in ("open", "add_coder", "add_attributes"):
            continue
        told = event
        if event.kind in ("undo", "redo"):
            told = by_place[event.act]
        what, size = _words(study, told)
        if event is not told:
            what = words(study.language)[f"history_{event.kind}"].format(what=what)
        who = names.get(event.coder or "", "")
        act = f"{event.origin}:{event.n}"
        undone = (event.origin, event.n) in gone
        yield event, (act, event.at, who, event.kind, what, _why(study, event), size, undone)


def _words(study: Study, event: Event) -> tuple[str, int]:
    data = event.data
    rows = data.get("id")
    changes = data.get("changes")
    number = 1
    if isinstance(rows, list) and rows:
        number = len(rows)
    elif isinstance(changes, dict):
        number = len({str(id_) for id_ in changes["id"]})
    names = {"n": number, "name": ""}
    for key in ("name", "document"):
        if isinstance(data.get(key), str):
            names["name"] = _named(study, str(data[key]))
            break
    phrases = words(study.language)
    single = phrases.get(f"history_{event.kind}_one", "") if number == 1 else ""
    return (single or phrases[f"history_{event.kind}"]).format(**names), number


def _named(study: Study, reference: str) -> str:
    """Return the words behind a reference, or the name of the document with that id."""
    rows = study._file.query(
        "SELECT body FROM text WHERE id = ?", (text_id(reference),)
    ) or study._file.query(
        "SELECT t.body FROM document AS d JOIN text AS t ON t.id = d.name WHERE d.id = ?", (reference,)
    )
    return str(rows[0][0]) if rows else words(study.language)["erased"]


def _why(study: Study, event: Event) -> str:
    reason = event.data.get("reason")
    return _named(study, str(reason)) if isinstance(reason, str) else ""


def _about(study: Study, document: str) -> set[str]:
    """Return the ids of a document and of all that hangs on it."""
    queries = (
        "SELECT id FROM revision WHERE document = :id",
        "SELECT id FROM coverage WHERE document = :id",
        "SELECT c.id FROM coding AS c JOIN revision AS r ON r.id = c.made_revision WHERE r.document = :id",
        "SELECT id FROM memo WHERE target = :id OR target IN (SELECT c.id FROM coding AS c"
        " JOIN revision AS r ON r.id = c.made_revision WHERE r.document = :id)",
    )
    db = study._file.connection
    return {document} | {str(one) for sql in queries for (one,) in db.execute(sql, {"id": document})}


def _concerns(event: Event, about: set[str]) -> bool:
    return not about.isdisjoint(named_ids(event))


def moment(time: str | datetime) -> str:
    """Return a moment as events note it: UTC, ISO 8601, milliseconds.

    Raises
    ------
    StoreError
        When `time` is no moment.
    """
    try:
        at = datetime.fromisoformat(time) if isinstance(time, str) else time
    except ValueError as error:
        raise StoreError(f'"{time}" is no moment. Write it as 2021-11-30T14:05 or 2021-11-30.') from error
    # without a zone a person means the clock on the wall
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
