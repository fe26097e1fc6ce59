"""Memos, and meetings of the team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.acts.documents import place_of
from qualkit.errors import UnknownNameError
from qualkit.model import MemoKind
from qualkit.store.chain import canonical, new_id
from qualkit.store.undo import Change

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

    Raises
    ------
    UnknownNameError
        When the document, participant or coding is not known.
    """
    if document is not None:
        target_kind, target = "document", place_of(study, document)[0]
    elif participant is not None:
        target_kind, target = "participant", desk.one_of(study, "participant", "key", participant)
    elif coding is not None:
        if not study._file.query("SELECT 1 FROM coding WHERE id = ?", (coding,)):
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

    Raises
    ------
    UnknownNameError
        When there is no such memo.
    """
    before = _memo(study, id_)
    with study.atomic():
        change: Change = ("memo", id_, "body", study._file.reference(before), study._file.add_text(text))
        desk.append(study, "change_memo", {}, [change])


def remove_memo(study: Study, id_: str) -> None:
    """Take a memo back; it stays in the history.

    Raises
    ------
    UnknownNameError
        When there is no such memo.
    """
    _memo(study, id_)
    with study.atomic():
        desk.append(study, "change_memo", {}, [("memo", id_, "removed", 0, 1)])


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
    rows = study._file.query("SELECT body FROM memo WHERE id = ? AND removed = 0", (id_,))
    if not rows:
        raise UnknownNameError("memo", id_, [])
    return str(rows[0][0])
