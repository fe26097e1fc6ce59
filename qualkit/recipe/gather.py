"""Everything a recipe names, read and held against each other; all faults come at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from unicodedata import normalize

from qualkit.anchor import Span, find_quote
from qualkit.codebook import Codebook, codebook_from_rows
from qualkit.errors import Fault, FaultsError, QualkitError, nearest
from qualkit.model import CoverageValue, Document, MemoKind, NewCoding, Participant, Topic
from qualkit.recipe.read import CodingsFile, Recipe
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
    unread : dict of str to Fault
        Transcripts that cannot be read, by name; what refers to them is no fault of its own.
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
    unread: dict[str, Fault] = field(default_factory=dict)

    @property
    def document_names(self) -> list[str]:
        """Names of all transcripts, those that cannot be read included."""
        return sorted([*(one.name for one in self.documents), *self.unread])

    def read(self, path: Path, what: Callable[[], _T], empty: _T) -> _T:
        """Return what a reader gives; its faults are kept, and `empty` stands for what it could not read."""
        try:
            return what()
        except FaultsError as error:
            self.faults += error.faults
        except QualkitError as error:
            self.faults.append(Fault(path.name, str(error)))
        return empty


def gather(recipe: Recipe) -> Gathered:
    """Return everything that `recipe` names.

    Nothing is raised for faults in the files: they are in ``faults``, so that all can be told at once.
    """
    found = Gathered()
    people, transcripts, codebook, names = (
        recipe.participants,
        recipe.documents,
        recipe.codebook,
        recipe.names,
    )
    if people:
        found.participants = found.read(people, lambda: read_participants(people, faults=found.faults), [])
    if transcripts:
        found.documents = found.read(
            transcripts, lambda: read_transcripts(transcripts, found.participants, unread=found.unread), []
        )
        found.faults += found.unread.values()
    if codebook:
        found.codebook = found.read(codebook, lambda: _codebook(recipe, codebook), None)
    if names:
        found.names = found.read(names, lambda: read_names(names), {})
    _match_people(recipe, found)
    _guide(recipe, found)
    _codings(recipe, found)
    _memos(recipe, found)
    return found


def _codebook(recipe: Recipe, path: Path) -> Codebook | None:
    if not recipe.codebook_version:
        return None  # the recipe's own fault has been told; no version is guessed
    if path.suffix.lower() in (".csv", ".xlsx"):
        table = read_table(path)
        rows = [(row.number, {column: row[column] for column in table.columns}) for row in table.rows]
        name = recipe.codebook_name or path.stem
        return codebook_from_rows(
            rows,
            name=name,
            version=recipe.codebook_version,
            where=path.name,
            language=recipe.settings.language,
        )
    return Codebook.read(path, version=recipe.codebook_version)


def _match_people(recipe: Recipe, found: Gathered) -> None:
    if recipe.participants is None or not found.participants:
        return
    table = recipe.participants.name
    keys = {one.key for one in found.participants}
    names = set(found.document_names)
    for name in sorted(names - keys):
        found.faults.append(
            Fault(name, f"this transcript has no row in {table}.", nearest(name, sorted(keys - names)))
        )
    for key in sorted(keys - names) if names else ():
        found.faults.append(Fault(table, f'"{key}" has no transcript.', nearest(key, sorted(names - keys))))
    values = {one.key: one.values for one in found.participants}
    found.faults += group_faults(recipe, table, values)


def group_faults(
    recipe: Recipe, table: str, people: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[Fault]:
    """Return what keeps the recipe's groups from dividing the participants.

    Parameters
    ----------
    recipe : Recipe
        Its groups; a recipe without a readable one has told that already.
    table : str
        Where the participants stand, for messages.
    people : mapping
        Participant to attributes, each with its values.
    """
    groups, attribute = [group.key for group in recipe.settings.groups], recipe.settings.by
    if not groups or not attribute or not people:
        return []
    known = sorted({name for values in people.values() for name in values})
    if attribute not in known:
        mend = nearest(attribute, known)
        return [Fault(recipe.path.name, f'no participant in {table} has the attribute "{attribute}".', mend)]
    faults = []
    for key, values in people.items():
        value = (values.get(attribute) or ("",))[0]
        if value not in groups:
            said = (
                f'{attribute} is "{value}", which is no group of the recipe.'
                if value
                else f"has no {attribute}."
            )
            faults.append(Fault(f"{table}, {key}", said, nearest(value, groups)))
    return faults


def _guide(recipe: Recipe, found: Gathered) -> None:
    if recipe.guide is None:
        return
    guide_path = recipe.guide
    found.topics = found.read(guide_path, lambda: read_guide(guide_path), [])
    codes = [code.key for code in found.codebook.codes] if found.codebook else []
    for topic in found.topics if found.codebook else ():
        for code in topic.codes:
            if code not in codes:
                where = f"{guide_path.name}, topic {topic.key}"
                found.faults.append(Fault(where, f'"{code}" is not a code.', nearest(code, codes)))
    if recipe.coverage is None:
        return
    path = recipe.coverage
    topics = [topic.key for topic in found.topics]
    documents = found.document_names
    nothing: list[tuple[str, str, str, CoverageValue]] = []
    rows = found.read(path, lambda: read_coverage(path, faults=found.faults), nothing)
    seen: set[tuple[str, str]] = set()
    unknown: set[str] = set()
    for where, document, topic_key, value in rows:
        row = where.rpartition(", ")[0]
        if documents and document not in documents:
            if row not in unknown:  # once, and not for each of its cells
                unknown.add(row)
                found.faults.append(
                    Fault(row, f'"{document}" is not a transcript.', nearest(document, documents))
                )
        elif topics and topic_key not in topics:
            if topic_key not in unknown:
                unknown.add(topic_key)
                mend = nearest(topic_key, topics)
                found.faults.append(
                    Fault(path.name, f'column "{topic_key}" is not a topic of the guide.', mend)
                )
        elif (document, topic_key) in seen:
            if row not in unknown:
                unknown.add(row)
                found.faults.append(Fault(row, f'"{document}" has a row already.', "Keep one row."))
        else:
            seen.add((document, topic_key))
            found.coverage.append((document, topic_key, value))
    columns = {topic_key for _, _, topic_key, _ in rows}
    for topic_key in topics if rows else ():
        if topic_key not in columns:
            mend = "Add it, so that it is known who was asked."
            found.faults.append(Fault(path.name, f'has no column for topic "{topic_key}".', mend))
    covered = {document for _, document, _, _ in rows}
    for document in sorted(set(documents) - covered) if rows else ():
        found.faults.append(Fault(path.name, f'"{document}" has no row.', "Say which topics were asked."))


def _codings(recipe: Recipe, found: Gathered) -> None:
    documents = {document.name: document for document in found.documents}
    checker = _Checker(found, documents, interviewer_turns=recipe.interviewer_turns == "allow")
    misplaced = found.left_out if recipe.on_fault == "report" else found.faults
    seen: dict[tuple[object, ...], str] = {}
    coders: set[str] = set()
    for table in recipe.codings:
        none: list[CodingRow] = []
        for row in found.read(table.path, _rows_of(table, found.faults), none):
            coders.add(row.coder)
            new = checker.coding(row, found.faults, misplaced)
            if new is None:
                continue
            same = (new.document, new.start, new.end, new.code, new.soort, new.coder)
            if same in seen:
                mend = "Take one of them out."
                misplaced.append(Fault(row.where, f"the same coding stands in {seen[same]}.", mend))
                continue
            seen[same] = row.where
            found.codings.append(new)
    counted = recipe.settings.coder
    if counted and coders and counted not in coders:
        mend = nearest(counted, sorted(coders))
        found.faults.append(Fault(recipe.path.name, f'coder "{counted}" made none of the codings.', mend))


def _rows_of(table: CodingsFile, faults: list[Fault]) -> Callable[[], list[CodingRow]]:
    def read() -> list[CodingRow]:
        return read_codings(table.path, columns=dict(table.columns), coder=table.coder, faults=faults)

    return read


@dataclass(slots=True)
class _Checker:
    """Holds rows of a table of codings against transcripts and codebook."""

    found: Gathered
    documents: dict[str, Document]
    interviewer_turns: bool
    codable: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.found.codebook:
            self.codable = [code.key for code in self.found.codebook.codable()]

    def coding(self, row: CodingRow, faults: list[Fault], misplaced: list[Fault]) -> NewCoding | None:
        """Return the coding of a row, or None when something is wrong with it.

        A place that is wrong goes to `misplaced`: a study may choose to go on without such codings. A name that
        is not known goes to `faults`: that is a slip in a whole table far more often than in one row.
        """
        before = len(faults)
        self._names(row, faults)
        document = self.documents.get(row.document)
        span = None if document is None else self._place(row, document, misplaced)
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

    def _names(self, row: CodingRow, faults: list[Fault]) -> None:
        names = self.found.document_names
        if names and row.document not in names:
            faults.append(
                Fault(row.where, f'"{row.document}" is not a transcript.', nearest(row.document, names))
            )
        if not row.coder:
            faults.append(
                Fault(row.where, "has no coder.", "Add a column coder, or name the coder in the recipe.")
            )
        codebook = self.found.codebook
        if codebook is None:
            return
        if row.code not in self.codable:
            known = row.code in {code.key for code in codebook.codes}
            said = "cannot be given to a quotation" if known else f"is not a code of {codebook.name}"
            mend = nearest(row.code, codebook.below(row.code) if known else self.codable)
            faults.append(Fault(row.where, f'"{row.code}" {said}.', mend))
        for kind, value, values in (
            ("soort", row.soort, codebook.soort),
            ("oordeel", row.oordeel, codebook.oordeel),
        ):
            keys = [one.key for one in values]
            if value and value not in keys:
                faults.append(Fault(row.where, f'{kind} "{value}" is not known.', nearest(value, keys)))
        if codebook.soort and not row.soort:
            known_kinds = ", ".join(one.key for one in codebook.soort)
            faults.append(Fault(row.where, "has no soort.", f"Write one of: {known_kinds}."))
        if row.codebook_version and row.codebook_version != codebook.version:
            said = f"was made under version {row.codebook_version}; the recipe names {codebook.version}."
            faults.append(Fault(row.where, said, "Carry the codings to that version first."))

    def _place(self, row: CodingRow, document: Document, faults: list[Fault]) -> Span | None:
        span = _span(row, document, faults)
        if span is None or self.interviewer_turns:
            return span
        for turn in document.segments:
            if turn.role == "interviewer" and turn.start < span.end and span.start < turn.end:
                said = f"{span.start}–{span.end} of {row.document} holds words of the interviewer."
                mend = "Code the answer only, or write interviewer_turns: allow in the recipe."
                faults.append(Fault(row.where, said, mend))
                return None
        return span


def _span(row: CodingRow, document: Document, faults: list[Fault]) -> Span | None:
    if row.start is not None and row.end is not None:
        if not 0 <= row.start < row.end <= len(document.text):
            found = f"{row.start}–{row.end} is no stretch of {row.document}, which has {len(document.text)} characters."
            faults.append(
                Fault(row.where, found, "Count characters from 0, or leave both empty and give text.")
            )
            return None
        span = Span(row.start, row.end)
        if row.text and " ".join(span.of(document.text).split()) != " ".join(row.text.split()):
            found = f"the words at {row.start}–{row.end} of {row.document} are not those in the column text."
            faults.append(Fault(row.where, found, "Leave start and end empty to look for the words."))
            return None
        return span
    if row.text:
        places = find_quote(document.text, row.text)
        if len(places) != 1:
            times = "do not occur" if not places else f"occur {len(places)} times"
            mend = (
                "Copy them from the transcript." if not places else "Quote more words, or give start and end."
            )
            found = f"the quoted words ({len(row.text)} characters) {times} in {row.document}."
            faults.append(Fault(row.where, found, mend))
            return None
        return places[0]
    faults.append(Fault(row.where, "has neither a place nor words.", "Give start and end, or text."))
    return None


def _memos(recipe: Recipe, found: Gathered) -> None:
    names = found.document_names
    for kind, folder in recipe.memos:
        for path in _texts(folder):
            name = normalize("NFC", path.stem)
            if names and name not in names:
                fault = f"this {kind} memo belongs to no transcript."
                found.faults.append(Fault(f"{folder.name}/{path.name}", fault, nearest(name, names)))
                continue
            try:
                found.memos.append((kind, name, path.read_text(encoding="utf-8-sig").strip()))
            except UnicodeDecodeError:
                found.faults.append(Fault(f"{folder.name}/{path.name}", "is not UTF-8.", "Save it as UTF-8."))


def _texts(folder: Path) -> Sequence[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in (".md", ".txt")
        and path.stem.lower() != "readme"
        and not path.name.startswith(".")
    )
