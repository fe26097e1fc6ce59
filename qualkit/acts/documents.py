"""Transcripts: adding them, correcting their text, and finding words in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.acts.people import add_participants
from qualkit.anchor import Edit, Edits, Span, find_quote, proposed_edits
from qualkit.errors import CodingError, StoreError, UnknownNameError
from qualkit.model import Document, Segment

if TYPE_CHECKING:
    from qualkit.study import Study

SUFFIXES = (".docx", ".md", ".txt")


# SQLite and other readers of the file take a NUL for the end; newlines are \n alone
_UNFIT = {"\0": "a NUL character", "\r": "a carriage return"}
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Revised:
    """What a corrected text did to the codings of a document.

    Parameters
    ----------
    document : str
        Its name.
    revision : int
        Number of the revision now in use.
    kept, moved, changed, lost : int
        Codings of each kind; changed and lost ones are in `Study.review` until a person decides.
    """

    document: str
    revision: int
    kept: int
    moved: int
    changed: int
    lost: int


def add_documents(
    study: Study, source: str | Path | Iterable[Document], *, participants: str | Path | None = None
) -> list[str]:
    """Add transcripts; each belongs to the participant of its name, when there is one.

    Parameters
    ----------
    source : str, Path or iterable of Document
        A folder, one file, or documents that were read already.
    participants : str, Path or None
        A table (CSV or Excel) with the attributes of the participants; added first.

    Returns
    -------
    list of str
        The names of the documents added.

    Raises
    ------
    SourceError, TableError
        When a file cannot be read; nothing is added then.
    StoreError
        When a document of that name is there already.
    """
    from qualkit.sources.participants import read_participants, read_transcripts

    people = read_participants(Path(participants)) if participants is not None else []
    if isinstance(source, str | Path):
        source = read_transcripts(Path(source), people)
    added = []
    with study.atomic():
        add_participants(study, people)
        known = desk.named(study, "participant", "key")
        taken = desk.named(study, "document", "name")
        for document in source:
            if document.name in taken:
                raise StoreError(f"{document.name}: a document of this name is in the study already.")
            taken[document.name] = ""
            _add_document(study, document, known.get(document.name))
            added.append(document.name)
    return added


def revise(
    study: Study,
    document: str,
    new_text: str | Path,
    *,
    reason: str,
    edits: Sequence[Edit] | None = None,
) -> Revised:
    """Give a document a corrected text; codings, memos and turns come along by arithmetic.

    Parameters
    ----------
    document : str
        Name of the document.
    new_text : str or Path
        The whole corrected text, or the corrected file (a path, or a string that ends in .docx, .md or .txt);
        a file's turns are read anew.
    reason : str
        Why, in a few words.
    edits : sequence of (old start, old end, new length) or None
        What was replaced, exactly, for a program that knows it; None compares the texts word by word.

    Returns
    -------
    Revised
        How many codings were kept, moved, changed and lost.

    Raises
    ------
    StoreError
        When the text is the same, `edits` do not lead to it, or it holds what no text may hold.
    AnchorError
        When `edits` are out of order or overlap.
    UnknownNameError
        When there is no such document.
    """
    id_, revision, text = place_of(study, document)
    turns = study.document(document).segments
    if isinstance(new_text, str) and "\n" not in new_text and Path(new_text).suffix.lower() in SUFFIXES:
        new_text = Path(new_text)  # no transcript is one line that ends as a file name does
    if isinstance(new_text, Path):
        from qualkit.sources import read_document

        interviewers = study._file.query(
            "SELECT w.body FROM value JOIN attribute AS a ON a.id = value.attribute JOIN text AS n ON n.id = a.name"
            " JOIN text AS w ON w.id = value.value JOIN document AS d ON d.participant = value.participant"
            " WHERE d.id = ? AND n.body = 'interviewer' AND value.removed = 0",
            (id_,),
        )
        read = read_document(new_text, interviewers=[str(name) for (name,) in interviewers])
        words, segments = read.text, list(read.segments)
    else:
        # with exact edits the text is taken as it is: they count its characters
        words, segments = new_text if edits is not None else _clean(new_text), []
    made = Edits(tuple(edits)) if edits is not None else proposed_edits(text, words)
    _check_edits(document, text, words, made)
    segments = segments or _carried(turns, made)
    with study.atomic():
        if place_of(study, document)[:2] != (id_, revision):
            raise StoreError(
                f"{document}: another program revised it meanwhile. Nothing was changed; try again."
            )
        goal = desk.made_id(study, "revision", revision, words)
        body = {
            "document": id_,
            "previous": revision,
            "revision": goal,
            "edits": [list(edit) for edit in made.edits],
            "reason": study._file.add_text(reason),
            **_content(study, document, words, segments),
        }
        desk.append(study, "revise", body, [("document", id_, "revision", revision, goal)])
    counted = study._file.query(
        "SELECT anchor, count(*) FROM coding JOIN revision AS r ON r.id = made_revision"
        " WHERE r.document = ? AND removed = 0 GROUP BY anchor",
        (id_,),
    )
    counts = {str(anchor): int(str(n)) for anchor, n in counted}
    number = study._file.query("SELECT number FROM revision WHERE id = ?", (goal,))[0][0]
    kinds = {kind: counts.get(kind, 0) for kind in ("kept", "moved", "changed", "lost")}
    return Revised(document, int(str(number)), **kinds)


def find_words(study: Study, document: str, quote: str) -> Span:
    """Return the one place where `quote` stands in a document.

    Raises
    ------
    CodingError
        When the words do not occur, or occur more than once; the message does not repeat them.
    """
    places = find_quote(place_of(study, document)[2], quote)
    length = len(quote)
    if not places:
        raise CodingError(
            f"{document}: the quoted words ({length} characters) do not occur. "
            "Copy them from the transcript, capitals included."
        )
    if len(places) > 1:
        found = ", ".join(str(place.start) for place in places[:5])
        raise CodingError(
            f"{document}: the quoted words ({length} characters) occur {len(places)} times (at {found}). "
            "Quote more words, or give start and end."
        )
    return places[0]


def place_of(study: Study, name: str) -> tuple[str, str, str]:
    """Return the id of a document, the id of its revision in use, and the text of that.

    Raises
    ------
    UnknownNameError
        When there is no document of that name.
    """
    rows = study._file.query(
        "SELECT d.id, d.revision, words.body FROM document AS d JOIN text AS n ON n.id = d.name"
        " JOIN revision AS r ON r.id = d.revision JOIN text AS words ON words.id = r.text"
        " WHERE n.body = ? AND d.removed = 0 ORDER BY d.id",
        (name,),
    )
    if not rows:
        raise UnknownNameError("document", name, sorted(desk.named(study, "document", "name")))
    document, revision, text = rows[0]
    return str(document), str(revision), str(text)


def segments_of(study: Study, revision: str) -> tuple[Segment, ...]:
    """Return the turns of a revision."""
    rows = study._file.query(
        "SELECT start, end, t.body, role, paragraph, time_ms FROM segment JOIN text AS t ON t.id = speaker"
        " WHERE revision = ? ORDER BY paragraph",
        (revision,),
    )
    return tuple(Segment(*row) for row in rows)  # type: ignore[arg-type]


def _add_document(study: Study, document: Document, participant: str | None) -> None:
    id_ = desk.made_id(study, "document", document.name)
    body = {
        "id": id_,
        "name": study._file.add_text(document.name),
        "participant": participant,
        "format": document.format,
        "original": study._file.add_text(document.original) if document.original else None,
        "revision": desk.made_id(study, "revision", id_, "1"),
        **_content(study, document.name, document.text, document.segments),
    }
    desk.append(study, "add_document", body)


def _clean(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _content(study: Study, name: str, text: str, segments: Sequence[Segment]) -> dict[str, object]:
    for char, what in _UNFIT.items():
        if char in text:
            raise StoreError(
                f"{name}: its text holds {what} at {text.index(char)}. Take it out, and try again."
            )
    if (half := _HALF.search(text)) is not None:
        raise StoreError(
            f"{name}: its text holds half a character at {half.start()}. Read it as UTF-8 again."
        )
    speakers = list(dict.fromkeys(segment.speaker for segment in segments))
    return {
        "text": study._file.add_text(text),
        "length": len(text),
        "speakers": [study._file.add_text(name) for name in speakers],
        "segments": [
            [one.paragraph, one.start, one.end, one.role, speakers.index(one.speaker), one.time_ms]
            for one in segments
        ],
    }


def _check_edits(document: str, old: str, new: str, edits: Edits) -> None:
    if old == new:
        raise StoreError(f"{document}: the new text is the same as the old one. Nothing was changed.")
    at_old = at_new = 0
    exact = True
    for start, end, length in edits.edits:
        kept = start - at_old
        exact = exact and end <= len(old) and old[at_old:start] == new[at_new : at_new + kept]
        at_old, at_new = end, at_new + kept + length
    if not exact or at_new > len(new) or old[at_old:] != new[at_new:]:
        raise StoreError(
            f"{document}: the edits do not lead from the old text to the new one. Nothing was changed."
        )


def _carried(segments: Sequence[Segment], edits: Edits) -> list[Segment]:
    """Carry turns along; a turn whose words are all gone is no turn any more, and numbers close up."""
    found: list[Segment] = []
    for segment in segments:
        span, _ = edits.carry(Span(segment.start, segment.end))
        if span is not None:
            found.append(replace(segment, start=span.start, end=span.end, paragraph=len(found) + 1))
    return found
