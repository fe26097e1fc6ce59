"""Memos, and meetings of the team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.acts.documents import place_of
from qualkit.errors import StoreError, UnknownNameError
from qualkit.model import MEMO_KINDS, MemoKind
from qualkit.store.chain import canonical, new_id
from qualkit.store.undo import Change, with_witnesses

if TYPE_CHECKING:
    from qualkit.study import Study


def add_memo(
    study: Study,
    text: str,
    *,
    kind: MemoKind,
    document: str | None = None,
    participant: str | None = None,
    coding: str | None = None,
) -> str:
    """Add a memo to a document, a participant, a coding, or the whole study, and return its id.

    Parameters
    ----------
    text : str
        The memo.
    kind : {"field", "reflexive", "method", "theory", "code", "summary"}
        What kind of memo it is.
    document, participant, coding : str or None
        Name of the document, key of the participant or id of the coding; at most one of them. None of them
        for the study as a whole.

    Raises
    ------
    UnknownNameError
        When the document, participant, coding or kind is not known.
    StoreError
        When more than one of them is named.
    """
    if kind not in MEMO_KINDS:
        raise UnknownNameError("memo kind", kind, MEMO_KINDS)
    if sum(one is not None for one in (document, participant, coding)) > 1:
        raise StoreError("a memo is attached to one thing: a document, a participant or a coding.")
    if document is not None:
        target_kind, target = "document", place_of(study, document)[0]
    elif participant is not None:
        target_kind, target = "participant", desk.one_of(study, "participant", "key", participant)
    elif coding is not None:
        if not study._file.query(
            "SELECT 1 FROM coding AS c JOIN revision AS r ON r.id = c.made_revision"
            " JOIN document AS d ON d.id = r.document JOIN text AS n ON n.id = d.name WHERE c.id = ?",
            (coding,),
        ):
            raise UnknownNameError("coding", coding, [])
        target_kind, target = "coding", coding
    else:
        target_kind, target = "study", study._file.study
    with study.atomic():
        id_ = desk.made_id(study, "memo", kind, target, text)
        row = (id_, kind, target_kind, target, study._file.add_text(text))
        desk.append(study, "add_memos", desk.columns(("id", "kind", "target_kind", "target", "body"), [row]))
    return id_


def change_memo(study: Study, id_: str, text: str) -> None:
    """Give a memo another text; the old one stays in the history.

    Parameters
    ----------
    id_ : str
        From `add_memo`, or ``memos().memo_id``.
    text : str
        The new text.

    Raises
    ------
    UnknownNameError
        When there is no such memo.
    """
    with study.atomic():
        before = _memo(study, id_)
        change: Change = ("memo", id_, "body", study._file.reference(before), study._file.add_text(text))
        desk.append(study, "change_memo", {}, [change])


def remove_memo(study: Study, id_: str) -> None:
    """Take a memo back; it stays in the history.

    Parameters
    ----------
    id_ : str
        From `add_memo`, or ``memos().memo_id``.

    Raises
    ------
    UnknownNameError
        When there is no such memo.
    """
    with study.atomic():
        _memo(study, id_)
        taken: list[Change] = [("memo", id_, "removed", 0, 1)]
        desk.append(study, "change_memo", {}, with_witnesses(study._file.connection, taken))


def add_meeting(study: Study, *, date: str, present: Sequence[str], report: str) -> str:
    """Record a meeting of the team (overlegverslag) that decisions can cite, and return its id.

    Parameters
    ----------
    date : str
        ISO date.
    present : sequence of str
        Who were there.
    report : str
        What was said and decided.
    """
    with study.atomic():
        id_ = new_id()
        body = canonical({"date": date, "present": list(present), "report": report})
        desk.append(study, "add_meeting", {"id": id_, "body": study._file.add_text(body)})
    return id_


def _memo(study: Study, id_: str) -> str:
    # erased words cannot be changed any more
    rows = study._file.query(
        "SELECT memo.body FROM memo JOIN text ON text.id = memo.body WHERE memo.id = ? AND removed = 0",
        (id_,),
    )
    if not rows:
        raise UnknownNameError("memo", id_, [])
    return str(rows[0][0])
