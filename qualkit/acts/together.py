"""Working together: merging copies, deciding conflicts and carried places, agreeing on codings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qualkit.acts import desk
from qualkit.acts.codings import CodingWriter
from qualkit.anchor import Span
from qualkit.errors import StoreError, UnknownNameError
from qualkit.model import NewCoding
from qualkit.store.merge import Merged
from qualkit.store.merge import merge as merge_files
from qualkit.store.undo import Change

if TYPE_CHECKING:
    import pandas as pd

    from qualkit.study import Study

CONSENSUS = "consensus"
# characters of the surroundings shown on either side of a place
AROUND = 60


def merge(study: Study, *copies: str | Path) -> list[Merged]:
    """Take in what other copies of this study hold and this one lacks.

    Parameters
    ----------
    copies : str or Path
        Study files that were copied from this one, or from the same one.

    Returns
    -------
    list of Merged
        For each copy what came in, and what waits for a decision (see `conflicts`).

    Raises
    ------
    StoreError
        When a copy is another study, is damaged, or contradicts this one; nothing is merged then.
    """
    return merge_files(study._file, [Path(copy) for copy in copies])


def conflicts(study: Study) -> pd.DataFrame:
    """Return what two sides did differently and nobody decided yet.

    Returns
    -------
    DataFrame
        ``conflict`` (id for `decide`, str; empty for equal names, which are mended by renaming one), ``reason``,
        ``thing`` (table or name, str), ``subject`` (id, str), ``field``, ``in_use``, ``wanted`` (str: the value
        that stands, and what the other side wanted), ``coder`` (of the other side), ``at``.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    names = {id_: name for name, id_ in desk.named(study, "coder", "name").items()}
    by_place = {(event.origin, event.n): event for event in study._file.events()}
    for origin, n, row, reason, subject in study._file.query(
        "SELECT origin, n, row, reason, subject FROM conflict WHERE decided = 0 ORDER BY origin, n, row"
    ):
        event = by_place[str(origin), int(str(n))]
        change = _wanted(event.data, int(str(row)))
        thing, field, in_use, wanted = "", "", "", ""
        if change is not None and reason == "changed on both sides":
            thing, id_, field, _, to = change
            held = study._file.query(f"SELECT {field} FROM {thing} WHERE id = ?", (id_,))
            in_use, wanted = _shown(study, held[0][0] if held else None), _shown(study, to)
        place = f"{origin}:{n}:{row}"
        who = names.get(event.coder or "", "")
        rows.append((place, reason, thing, subject, field, in_use, wanted, who, event.at))
    for table, column in (("participant", "key"), ("document", "name")):
        for name, first in study._file.query(
            f"SELECT t.body, min(x.id) FROM {table} AS x JOIN text AS t ON t.id = x.{column} WHERE x.removed = 0"
            " GROUP BY t.body HAVING count(*) > 1 ORDER BY t.body"
        ):
            rows.append(("", f"one name for two {table}s", table, first, column, name, name, "", ""))
    columns = ["conflict", "reason", "thing", "subject", "field", "in_use", "wanted", "coder", "at"]
    return pd.DataFrame(rows, columns=columns)


def decide(study: Study, conflict: str, choice: Literal["keep", "take"], *, reason: str) -> None:
    """Decide a conflict: keep what stands, or take what the other side wanted.

    Parameters
    ----------
    conflict : str
        From `conflicts`.
    choice : {"keep", "take"}
        What to do.
    reason : str
        Why.

    Raises
    ------
    UnknownNameError
        When there is no such conflict waiting.
    StoreError
        When there is nothing to take.
    """
    waiting = {
        f"{origin}:{n}:{row}": (origin, n, row)
        for origin, n, row in study._file.query("SELECT origin, n, row FROM conflict WHERE decided = 0")
    }
    if conflict not in waiting:
        raise UnknownNameError("conflict", conflict, sorted(waiting))
    origin, n, row = waiting[conflict]
    changes: list[Change] = [("conflict", [origin, n, row], "decided", 0, 1)]
    if choice == "take":
        event = next(one for one in study._file.events() if (one.origin, one.n) == (origin, n))
        change = _wanted(event.data, int(str(row)))
        if change is None:
            raise StoreError(
                f"{conflict}: the other side changed nothing here that could be taken. Keep what stands."
            )
        table, id_, field, _, to = change
        held = study._file.query(f"SELECT {field} FROM {table} WHERE id = ?", (id_,))[0][0]
        if isinstance(to, str) and "~" in to:
            held = study._file.reference(str(held))
        changes.append((table, id_, field, held, to))
    with study.atomic():
        desk.append(study, "decide_conflict", {"reason": study._file.add_text(reason)}, changes)


def review(study: Study) -> pd.DataFrame:
    """Return the codings whose words were changed or lost by a corrected text, until somebody decides.

    Returns
    -------
    DataFrame
        ``coding_id, document_id, coder, code_id, anchor`` (changed or lost), ``before`` and ``after`` (str: the
        words that were coded and those that stand there now, each with what stands around them; ``after`` is
        empty for a lost one).
    """
    import pandas as pd

    rows = study._file.query(
        "SELECT c.id, n.body, w.body, k.body, c.anchor, old.body, c.made_start, c.made_end, new.body, c.start, c.end"
        " FROM coding AS c JOIN revision AS made ON made.id = c.made_revision"
        " JOIN document AS d ON d.id = made.document JOIN text AS n ON n.id = d.name"
        " JOIN coder ON coder.id = c.coder JOIN text AS w ON w.id = coder.name"
        " JOIN code ON code.release = c.release AND code.id = c.code JOIN text AS k ON k.id = code.key"
        " LEFT JOIN text AS old ON old.id = made.text"
        " JOIN revision AS used ON used.id = c.revision LEFT JOIN text AS new ON new.id = used.text"
        " WHERE c.removed = 0 AND d.removed = 0 AND c.anchor IN ('changed', 'lost') ORDER BY n.body, c.made_start"
    )
    found = [
        (
            id_,
            name,
            who,
            key,
            anchor,
            _around(old, start, end),
            "" if anchor == "lost" else _around(new, at, to),
        )
        for id_, name, who, key, anchor, old, start, end, new, at, to in rows
    ]
    return pd.DataFrame(
        found, columns=["coding_id", "document_id", "coder", "code_id", "anchor", "before", "after"]
    )


def place_coding(
    study: Study,
    id_: str,
    *,
    reason: str,
    quote: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> None:
    """Decide where a changed or lost coding stands: at new words, or, without any named, where it is now.

    Parameters
    ----------
    id_ : str
        From `review`.
    reason : str
        Why.
    quote, start, end
        The words or the place; none of them for what `review` shows as *after*.

    Raises
    ------
    UnknownNameError
        When there is no such coding.
    StoreError
        When it is lost and no place is named.
    CodingError
        When the words do not stand there.
    """
    from qualkit.acts.documents import find_words

    rows = study._file.query(
        "SELECT n.body, c.start, c.end, c.anchor FROM coding AS c JOIN revision AS r ON r.id = c.made_revision"
        " JOIN document AS d ON d.id = r.document JOIN text AS n ON n.id = d.name"
        " WHERE c.id = ? AND c.removed = 0",
        (id_,),
    )
    if not rows:
        raise UnknownNameError("coding", id_, [])
    document, at, to, anchor = rows[0]
    if quote is not None:
        span = find_words(study, str(document), quote)
    elif start is not None and end is not None:
        span = Span(start, end)
    elif anchor == "lost":
        raise StoreError(
            f"{document}: the words of this coding are gone. Name its new words, or take it back."
        )
    else:
        span = Span(int(str(at)), int(str(to)))
    with study.atomic():
        changes = CodingWriter(study, interviewer_turns=True).placed(id_, str(document), span)
        body: dict[str, object] = {"reason": study._file.add_text(reason)}
        desk.append(study, "decide_anchors", body, [one for one in changes if one[3] != one[4]])


def disagreements(study: Study, *, coders: tuple[str, str]) -> pd.DataFrame:
    """Return span by span where two coders differ, on the documents that both coded.

    Parameters
    ----------
    coders : (str, str)
        The two.

    Returns
    -------
    DataFrame
        ``document_id, start, end, kind`` (code, soort, boundary or omission), ``left`` and ``right`` (str: what
        each gave, empty for an omission), ``left_ids`` and ``right_ids`` (coding ids, joined by a space),
        ``text``.
    """
    from qualkit.analysis.disagreement import disagreement_frame

    return disagreement_frame(study.codings(), coders)


def adjudicate(
    study: Study,
    parents: Sequence[str],
    *,
    code: str,
    soort: str | None = None,
    oordeel: str | None = None,
    start: int | None = None,
    end: int | None = None,
    reason: str,
    meeting: str | None = None,
) -> str:
    """Make a consensus coding from codings that were discussed, and return its id; the parents stay.

    Parameters
    ----------
    parents : sequence of str
        Ids of the codings, at least one; the first gives the place when none is named.
    code, soort, oordeel
        What was agreed.
    start, end : int or None
        The place agreed on.
    reason : str
        Why.
    meeting : str or None
        The meeting that decided, from `add_meeting`.

    Raises
    ------
    UnknownNameError
        When a parent or the meeting is not known.
    """
    held = {str(i): (n, s, e) for i, n, s, e in study._file.query(
        "SELECT c.id, n.body, c.start, c.end FROM coding AS c JOIN revision AS r ON r.id = c.made_revision"
        " JOIN document AS d ON d.id = r.document JOIN text AS n ON n.id = d.name WHERE c.removed = 0"
    )}  # fmt: skip
    for one in parents:
        if one not in held:
            raise UnknownNameError("coding", one, [])
    if meeting is not None and not study._file.query(
        "SELECT 1 FROM meeting WHERE id = ? AND removed = 0", (meeting,)
    ):
        raise UnknownNameError("meeting", meeting, [])
    document, at, to = held[parents[0]]
    with study.atomic():
        desk.coder_id(study, CONSENSUS, "consensus")
        writer = CodingWriter(study, interviewer_turns=True)
        place = (int(str(at)) if start is None else start, int(str(to)) if end is None else end)
        row = writer.row(NewCoding(str(document), *place, code, soort, oordeel, None, CONSENSUS))
        body = writer.body([row])
        body["parents"] = [[row[0], one] for one in parents]
        body["reason"] = study._file.add_text(reason)
        if meeting is not None:
            body["meeting"] = meeting
        desk.append(study, "add_codings", body)
    return str(row[0])


def _wanted(data: dict[str, object], row: int) -> Change | None:
    changes = data.get("changes")
    if not isinstance(changes, dict) or row >= len(changes["id"]):
        return None
    table, id_, field, before, to = (changes[name][row] for name in ("table", "id", "field", "from", "to"))
    return table, id_, field, before, to


def _shown(study: Study, value: object) -> str:
    if isinstance(value, str) and len(value) >= 32:
        rows = study._file.query("SELECT body FROM text WHERE id = ?", (value[:32],))
        if rows:
            return str(rows[0][0])
    return "" if value is None else str(value)


def _around(text: object, start: object, end: object) -> str:
    if not (isinstance(text, str) and isinstance(start, int) and isinstance(end, int)):
        return ""  # the words were erased
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return " ".join(f"{before}[{text[start:end]}]{after}".split())
