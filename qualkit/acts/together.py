"""Working together: merging copies, deciding conflicts and carried places, agreeing on codings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qualkit.acts import desk
from qualkit.acts.codings import CodingWriter
from qualkit.anchor import Span
from qualkit.errors import StoreError, UnknownNameError
from qualkit.locale import words
from qualkit.model import NewCoding
from qualkit.store.chain import Event
from qualkit.store.fold import TEXTS, first_change
from qualkit.store.merge import Merged, open_conflicts
from qualkit.store.merge import merge as merge_files
from qualkit.store.undo import ADDS, Change

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
        ``conflict`` (id for `decide`, str; empty for what both sides added and what is mended by taking one
        back or setting it again: equal names, one coding twice, one attribute set twice), ``reason``,
        ``thing`` (table or name, str), ``subject`` (id, str), ``field``, ``in_use``, ``wanted`` (str: the value
        that stands, and what the other side wanted), ``coder`` (of the other side), ``at``.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    names = {id_: name for name, id_ in desk.named(study, "coder", "name").items()}
    for place, event, reason, subject in _waiting(study):
        thing = field = in_use = wanted = ""
        changes = [one for one in _wanted(study, event, place[2], reason) if one[2] != "seen"]
        real = [one for one in changes if one[3] != one[4]] or changes
        if real:
            thing, id_, field, _, to = real[0]
            if thing != "conflict":
                held = study._file.query(f"SELECT {field} FROM {thing} WHERE id = ?", (id_,))
                in_use = _shown(study, thing, field, held[0][0] if held else None)
            wanted = _shown(study, thing, field, to)
        who = names.get(event.coder or "", "")
        rows.append((":".join(map(str, place)), reason, thing, subject, field, in_use, wanted, who, event.at))
    for sql, reason, thing, field in _TWICE:
        rows += [
            ("", reason, thing, subject, field, one, other, "", "")
            for subject, one, other in study._file.query(sql)
        ]
    columns = ["conflict", "reason", "thing", "subject", "field", "in_use", "wanted", "coder", "at"]
    return pd.DataFrame(rows, columns=columns)


# what two copies may each have made, and what is no conflict of changes: it is seen in what stands
_TWICE = (
    (
        "SELECT max(x.id), t.body, t.body FROM participant AS x JOIN text AS t ON t.id = x.key WHERE x.removed = 0"
        " GROUP BY t.body HAVING count(*) > 1 ORDER BY t.body",
        *("one name for two participants", "participant", "key"),
    ),
    (
        "SELECT max(x.id), t.body, t.body FROM document AS x JOIN text AS t ON t.id = x.name WHERE x.removed = 0"
        " GROUP BY t.body HAVING count(*) > 1 ORDER BY t.body",
        *("one name for two documents", "document", "name"),
    ),
    (
        "SELECT max(v.id), min(t.body), max(t.body) FROM value AS v JOIN text AS t ON t.id = v.value"
        " JOIN attribute AS a ON a.id = v.attribute JOIN text AS n ON n.id = a.name"
        " WHERE v.removed = 0 GROUP BY v.participant, n.body, v.position HAVING count(DISTINCT t.body) > 1"
        " ORDER BY max(v.id)",
        *("an attribute was set on both sides", "value", "value"),
    ),
    (
        "SELECT max(c.id), w.body, w.body FROM coding AS c JOIN code AS k ON k.release = c.release AND k.id = c.code"
        " JOIN text AS w ON w.id = k.key WHERE c.removed = 0"
        " GROUP BY c.revision, c.start, c.end, c.code, c.soort, c.coder HAVING count(*) > 1 ORDER BY max(c.id)",
        *("one coding was made on both sides", "coding", "code"),
    ),
)


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
    if choice not in ("keep", "take"):
        raise UnknownNameError("choice", choice, ("keep", "take"))
    with study.atomic():
        waiting = {":".join(map(str, one[0])): one for one in _waiting(study)}
        if conflict not in waiting:
            raise UnknownNameError("conflict", conflict, sorted(waiting))
        place, event, wherefore, _ = waiting[conflict]
        changes: list[Change] = [("conflict", list(place), "decided", 0, 1)]
        if choice == "take":
            changes += _taken(study, conflict, _wanted(study, event, place[2], wherefore))
        desk.append(study, "decide_conflict", {"reason": study._file.add_text(reason)}, changes)


def _taken(study: Study, conflict: str, wanted: Sequence[Change]) -> list[Change]:
    """Return the changes that lead from what stands to what the other side wanted."""
    found: list[Change] = []
    for table, id_, field, _, to in wanted:
        if field == "seen" or table == "conflict":
            continue
        held = study._file.query(f"SELECT {field} FROM {table} WHERE id = ?", (id_,))
        if not held:
            raise StoreError(f"{conflict}: the thing is not in the study. Keep what stands.")
        now = held[0][0]
        if (table, field) in TEXTS:
            if not all(
                study._file.query("SELECT 1 FROM text WHERE id = ?", (str(t)[:32],)) for t in (now, to)
            ):
                raise StoreError(f"{conflict}: the words were erased. Keep what stands.")
            now = study._file.reference(str(now))
        found.append((table, id_, field, now, to))
    if not found:
        raise StoreError(
            f"{conflict}: the other side changed nothing here that could be taken. Keep what stands."
        )
    return found


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
    columns = ["coding_id", "document_id", "coder", "code_id", "anchor", "before", "after"]
    return study._own(pd.DataFrame(found, columns=columns))


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

    with study.atomic():
        rows = study._file.query(
            "SELECT n.body, c.start, c.end, c.anchor FROM coding AS c JOIN revision AS r ON r.id = c.made_revision"
            " JOIN document AS d ON d.id = r.document JOIN text AS n ON n.id = d.name"
            " WHERE c.id = ? AND c.removed = 0 AND d.removed = 0",
            (id_,),
        )
        if not rows:
            raise UnknownNameError("coding", id_, [])
        document, at, to, anchor = rows[0]
        if quote is not None:
            span = find_words(study, str(document), quote)
        elif start is not None and end is not None:
            span = Span(start, end)
        elif start is not None or end is not None:
            raise StoreError(f"{document}: a place needs a start and an end.")
        elif anchor == "lost":
            raise StoreError(
                f"{document}: the words of this coding are gone. Name its new words, or take it back."
            )
        else:
            span = Span(int(str(at)), int(str(to)))
        changes = CodingWriter(study, interviewer_turns=True).placed(id_, str(document), span)
        if any(before != after for _, _, _, before, after in changes):
            body: dict[str, object] = {"reason": study._file.add_text(reason)}
            desk.append(study, "decide_anchors", body, changes)


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

    Raises
    ------
    UnknownNameError
        When one of the two coded nothing.
    StoreError
        When the study was opened blind.
    """
    from qualkit.analysis.disagreement import disagreement_frame

    if study._blind:
        raise StoreError("disagreements are not shown to who codes blind. Open the study without blind=True.")
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
    StoreError
        When there is no parent, when parents are of different documents, or when the place is gone.
    """
    held = {str(i): (n, s, e, a) for i, n, s, e, a in study._file.query(
        "SELECT c.id, n.body, c.start, c.end, c.anchor FROM coding AS c JOIN revision AS r ON r.id = c.made_revision"
        " JOIN document AS d ON d.id = r.document JOIN text AS n ON n.id = d.name WHERE c.removed = 0"
    )}  # fmt: skip
    if not parents:
        raise StoreError("a consensus coding comes from at least one coding. Name its parents.")
    for one in parents:
        if one not in held:
            raise UnknownNameError("coding", one, [])
        if held[one][0] != held[parents[0]][0]:
            raise StoreError(
                f"{held[one][0]} and {held[parents[0]][0]}: a consensus coding comes from codings of one document."
            )
    if meeting is not None and not study._file.query(
        "SELECT 1 FROM meeting WHERE id = ? AND removed = 0", (meeting,)
    ):
        raise UnknownNameError("meeting", meeting, [])
    document, at, to, anchor = held[parents[0]]
    if anchor == "lost" and (start is None or end is None):
        raise StoreError(f"{document}: the words of the first parent are gone. Name start and end.")
    with study.atomic():
        desk.coder_id(study, CONSENSUS, "consensus")
        writer = CodingWriter(study, interviewer_turns=True)
        place = (int(str(at)) if start is None else start, int(str(to)) if end is None else end)
        row = writer.row(NewCoding(str(document), *place, code, soort, oordeel, None, CONSENSUS))
        body = writer.body([row])
        body["parents"] = [[row[0], one] for one in dict.fromkeys(parents)]
        body["reason"] = study._file.add_text(reason)
        if meeting is not None:
            body["meeting"] = meeting
        desk.append(study, "add_codings", body)
    return str(row[0])


def _waiting(study: Study) -> list[tuple[tuple[str, int, int], Event, str, str]]:
    """Return the conflicts that wait: place, event, reason and subject."""
    open_ = open_conflicts(study._file.connection)
    if not open_:
        return []
    by_place = {(event.origin, event.n): event for event in study._file.events()}
    told = {
        (origin, n, row): (str(reason), str(subject))
        for origin, n, row, reason, subject in study._file.query(
            "SELECT origin, n, row, reason, subject FROM conflict WHERE decided = 0"
        )
    }
    return [(place, by_place[place[0], place[1]], *told[place]) for place in open_]


def _wanted(study: Study, event: Event, row: int, reason: str) -> list[Change]:
    """Return what the other side wanted of the thing in conflict; nothing when it was done all the same."""
    if reason == "code was retired":
        return []
    data: dict[str, Any] = event.data
    if reason in ("document was taken back", "participant was taken back"):
        ((subject,),) = study._file.query(
            "SELECT subject FROM conflict WHERE origin = ? AND n = ? AND row = ?",
            (event.origin, event.n, row),
        )
        return [(reason.split(maxsplit=1)[0], str(subject), "removed", 1, 0)]
    first = first_change(data)
    if row < first:
        names = {
            "set_coverage": ("value",),
            "set_guide": ("body", "position"),
            "add_codings": ("oordeel", "asked"),
        }
        if reason != "changed on both sides" or event.kind not in names:
            return []
        pool = [*data.get("pool", []), None]
        found: list[Change] = []
        for name in names[event.kind]:
            value = data[name][row]
            if name == "oordeel":
                value = pool[-1 if value is None else value]
            found.append((ADDS[event.kind], data["id"][row], name, None, value))
        return [*found, (ADDS[event.kind], data["id"][row], "removed", 1, 0)]
    changes = data.get("changes")
    if not isinstance(changes, dict) or row - first >= len(changes["id"]):
        return []
    rows: list[Change] = list(
        zip(*(changes[name] for name in ("table", "id", "field", "from", "to")), strict=True)
    )
    thing = rows[row - first][:2]
    found = [one for one in rows if one[:2] == thing]
    if reason == "taken back on the other side":
        found.append((*thing, "removed", 1, 0))
    return found


def _shown(study: Study, table: str, field: str, value: object) -> str:
    """Return a value that stands in a conflict, in words where it has any."""
    if value is None or value == "":
        return ""
    if (table, field) in TEXTS:
        rows = study._file.query("SELECT body FROM text WHERE id = ?", (str(value)[:32],))
        return str(rows[0][0]) if rows else words(study.language)["erased"]
    sql = {
        "code": "SELECT t.body FROM code JOIN text AS t ON t.id = key WHERE code.id = ?",
        "soort": "SELECT t.body FROM facet JOIN text AS t ON t.id = key WHERE facet.id = ?",
        "oordeel": "SELECT t.body FROM facet JOIN text AS t ON t.id = key WHERE facet.id = ?",
        "release": "SELECT n.body || ' ' || v.body FROM release AS r JOIN text AS n ON n.id = r.name"
        " JOIN text AS v ON v.id = r.version WHERE r.id = ?",
        "revision": "SELECT number FROM revision WHERE id = ?",
        "made_revision": "SELECT number FROM revision WHERE id = ?",
    }.get(field)
    rows = study._file.query(f"{sql} LIMIT 1", (value,)) if sql else []
    return str(rows[0][0] if rows else value)


def _around(text: object, start: object, end: object) -> str:
    if not (isinstance(text, str) and isinstance(start, int) and isinstance(end, int)):
        return ""  # the words were erased
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return " ".join(f"{before}[{text[start:end]}]{after}".split())
