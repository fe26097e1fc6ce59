"""Everything a recipe names, read and held against each other; all faults come at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from qualkit.anchor import Span, find_quote
from qualkit.codebook import Codebook, codebook_from_rows
from qualkit.errors import Fault, FaultsError, QualkitError, nearest
from qualkit.model import Document, MemoKind, NewCoding, Participant, Topic
from qualkit.recipe.read import Recipe
from qualkit.sources import read_table
from qualkit.sources.codings import CodingRow, read_codings, read_coverage, read_names
from qualkit.sources.guide import read_guide
from qualkit.sources.participants import read_participants, read_transcripts

_T = TypeVar("_T")


@dataclass(slots=True)
class Gathered:
    """What a recipe's files hold.

    Parameters
    ----------
    documents, participants, codebook, topics : as read
    coverage : list of (document, topic, value)
    codings : list of NewCoding
        Those that can be placed.
    memos : list of (kind, name, text)
        By the name of their interview.
    names : dict
        Names that may not leave the team, and what stands in their place.
    faults : list of Fault
        What stops the build.
    left_out : list of Fault
        Codings that cannot be placed, when the recipe says ``on_fault: report``.
    """

    documents: list[Document] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)
    codebook: Codebook | None = None
    topics: list[Topic] = field(default_factory=list)
    coverage: list[tuple[str, str, str]] = field(default_factory=list)
    codings: list[NewCoding] = field(default_factory=list)
    memos: list[tuple[MemoKind, str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    left_out: list[Fault] = field(default_factory=list)

    def read(self, what: Callable[[], _T], empty: _T) -> _T:
        """Return what a reader gives; its faults are kept, and `empty` stands for what it could not read."""
        try:
            return what()
        except FaultsError as error:
            self.faults += error.faults
        except QualkitError as error:
            self.faults.append(Fault("recipe", str(error)))
        return empty


def gather(recipe: Recipe) -> Gathered:
    """Return everything that `recipe` names.

    Nothing is raised for faults in the files: they are in ``faults``, so that all can be told at once.
    """
    found = Gathered()
    assert recipe.documents is not None and recipe.participants is not None
    people_path, transcripts_path = recipe.participants, recipe.documents
    found.participants = found.read(lambda: read_participants(people_path), [])
    found.documents = found.read(lambda: read_transcripts(transcripts_path, found.participants), [])
    found.codebook = found.read(lambda: _codebook(recipe), None)
    if recipe.names:
        names_path = recipe.names
        found.names = found.read(lambda: read_names(names_path), {})
    _match_people(recipe, found)
    if found.codebook is not None:
        _guide(recipe, found, found.codebook)
        _codings(recipe, found, found.codebook)
    _memos(recipe, found)
    return found


def _codebook(recipe: Recipe) -> Codebook | None:
    path = recipe.codebook
    assert path is not None
    if path.suffix.lower() in (".csv", ".xlsx"):
        table = read_table(path)
        rows = [(row.number, {column: row[column] for column in table.columns}) for row in table.rows]
        name = recipe.codebook_name or path.stem
        return codebook_from_rows(
            rows, name=name, version=recipe.codebook_version, where=path.name, language=recipe.settings.language
        )
    return Codebook.read(path, version=recipe.codebook_version)


def _match_people(recipe: Recipe, found: Gathered) -> None:
    assert recipe.participants is not None
    table = recipe.participants.name
    keys = {one.key for one in found.participants}
    names = {one.name for one in found.documents}
    if not keys or not names:
        return
    for name in sorted(names - keys):
        found.faults.append(Fault(name, f"this transcript has no row in {table}.", nearest(name, sorted(keys - names))))
    for key in sorted(keys - names):
        found.faults.append(Fault(table, f'"{key}" has no transcript.', nearest(key, sorted(names - keys))))
    groups = [group.key for group in recipe.settings.groups]
    attribute = recipe.settings.by
    for person in found.participants:
        value = (person.values.get(attribute) or ("",))[0]
        if value not in groups:
            said = f'{attribute} is "{value}"' if value else f"has no {attribute}"
            found.faults.append(Fault(f"{table}, {person.key}", f"{said}.", nearest(value, groups)))


def _guide(recipe: Recipe, found: Gathered, codebook: Codebook) -> None:
    if recipe.guide is None:
        return
    guide_path = recipe.guide
    found.topics = found.read(lambda: read_guide(guide_path), [])
    codes = [code.key for code in codebook.codes]
    for topic in found.topics:
        for code in topic.codes:
            if code not in codes:
                where = f"{guide_path.name}, topic {topic.key}"
                found.faults.append(Fault(where, f'"{code}" is not a code.', nearest(code, codes)))
    if recipe.coverage is None:
        return
    coverage_path = recipe.coverage
    topics = [topic.key for topic in found.topics]
    documents = [document.name for document in found.documents]
    for where, document, topic_key, value in found.read(lambda: read_coverage(coverage_path), []):
        if documents and document not in documents:
            found.faults.append(Fault(where, f'"{document}" is not a transcript.', nearest(document, documents)))
        elif topics and topic_key not in topics:
            found.faults.append(Fault(where, f'"{topic_key}" is not a topic.', nearest(topic_key, topics)))
        else:
            found.coverage.append((document, topic_key, value))
    covered = {document for document, _, _ in found.coverage}
    for document in sorted(set(documents) - covered) if found.coverage else ():
        found.faults.append(Fault(coverage_path.name, f'"{document}" has no row.', "Say which topics were asked."))


def _codings(recipe: Recipe, found: Gathered, codebook: Codebook) -> None:
    documents = {document.name: document for document in found.documents}
    misplaced = found.left_out if recipe.on_fault == "report" else found.faults
    seen: set[tuple[object, ...]] = set()
    for table in recipe.codings:
        path, columns, coder = table.path, dict(table.columns), table.coder
        rows = found.read(lambda p=path, c=columns, w=coder: read_codings(p, columns=c, coder=w), [])  # type: ignore[misc]
        for row in rows:
            new = _coding(row, documents, codebook, misplaced, strict=bool(documents))
            if new is None:
                continue
            same = (new.document, new.start, new.end, new.code, new.soort, new.coder)
            if same in seen:
                misplaced.append(Fault(row.where, "the same coding stands in the tables before.", "Keep one of both."))
                continue
            seen.add(same)
            found.codings.append(new)


def _coding(
    row: CodingRow, documents: dict[str, Document], codebook: Codebook, faults: list[Fault], *, strict: bool
) -> NewCoding | None:
    before = len(faults)
    document = documents.get(row.document)
    if document is None and strict:
        faults.append(Fault(row.where, f'"{row.document}" is not a transcript.', nearest(row.document, sorted(documents))))
    codes = [code.key for code in codebook.codable()]
    if row.code not in codes:
        known = row.code in {code.key for code in codebook.codes}
        found = f'"{row.code}" cannot be given to a quotation.' if known else f'"{row.code}" is not a code.'
        faults.append(Fault(row.where, found, nearest(row.code, codes)))
    for kind, value, values in (("soort", row.soort, codebook.soort), ("oordeel", row.oordeel, codebook.oordeel)):
        keys = [one.key for one in values]
        if value and value not in keys:
            faults.append(Fault(row.where, f'{kind} "{value}" is not known.', nearest(value, keys)))
    if codebook.soort and not row.soort:
        faults.append(Fault(row.where, "has no soort.", f"Write one of: {', '.join(one.key for one in codebook.soort)}."))
    if row.codebook_version and row.codebook_version != codebook.version:
        found = f"was made under version {row.codebook_version}; the recipe names {codebook.version}."
        faults.append(Fault(row.where, found, "Carry the codings to that version first."))
    if not row.coder:
        faults.append(Fault(row.where, "has no coder.", "Add a column coder, or name the coder in the recipe."))
    span = None if document is None else _place(row, document, faults)
    if len(faults) > before or span is None:
        return None
    return NewCoding(
        document=row.document,
        start=span.start,
        end=span.end,
        code=row.code,
        soort=row.soort or None,
        oordeel=row.oordeel or None,
        asked=row.asked,
        coder=row.coder,
    )


def _place(row: CodingRow, document: Document, faults: list[Fault]) -> Span | None:
    span = None
    if row.start is not None and row.end is not None:
        if not 0 <= row.start < row.end <= len(document.text):
            found = f"{row.start}–{row.end} is no stretch of {row.document}, which has {len(document.text)} characters."
            faults.append(Fault(row.where, found, "Give start and end in characters, or leave both empty."))
            return None
        span = Span(row.start, row.end)
        if row.text and " ".join(span.of(document.text).split()) != " ".join(row.text.split()):
            found = f"the words at {row.start}–{row.end} of {row.document} are not those in the column text."
            faults.append(Fault(row.where, found, "Leave start and end empty to look for the words."))
            return None
    elif row.text:
        places = find_quote(document.text, row.text)
        if len(places) != 1:
            times = "do not occur" if not places else f"occur {len(places)} times"
            mend = "Copy them from the transcript." if not places else "Quote more words, or give start and end."
            found = f"the quoted words ({len(row.text)} characters) {times} in {row.document}."
            faults.append(Fault(row.where, found, mend))
            return None
        span = places[0]
    else:
        faults.append(Fault(row.where, "has neither a place nor words.", "Give start and end, or text."))
        return None
    for turn in document.segments:
        if turn.role == "interviewer" and turn.start < span.end and span.start < turn.end:
            found = f"{span.start}–{span.end} of {row.document} holds words of the interviewer."
            faults.append(Fault(row.where, found, "Code the answer only."))
            return None
    return span


def _memos(recipe: Recipe, found: Gathered) -> None:
    names = {document.name for document in found.documents}
    for kind, folder in recipe.memos:
        for path in _texts(folder):
            if names and path.stem not in names:
                found.faults.append(Fault(path.name, f"this {kind} memo has no transcript.", nearest(path.stem, sorted(names))))
                continue
            try:
                found.memos.append((kind, path.stem, path.read_text(encoding="utf-8-sig").strip()))
            except UnicodeDecodeError:
                found.faults.append(Fault(path.name, "is not UTF-8.", "Save it as UTF-8."))


def _texts(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".md", ".txt") and path.name != "README.md")
