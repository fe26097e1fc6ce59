"""The study: the one stateful object, thin over the study file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from qualkit.anchor import Span, commitment, find_quote
from qualkit.codebook import Codebook
from qualkit.errors import CodingError, QualkitError, StoreError, UnknownNameError
from qualkit.model import Document, Language, MemoKind, NewCoding, Participant, Provenance, Segment, Topic
from qualkit.store import frames
from qualkit.store.chain import canonical, derived_id, new_id
from qualkit.store.file import BULK, StudyFile, Tool
from qualkit.store.verify import Verified, verify

if TYPE_CHECKING:
    import pandas as pd

_T = TypeVar("_T")


class Study:
    """A whole piece of research in one file: documents, participants, codebook, codings, memos.

    Made by `create` and `open`. Use it in a ``with`` block, or call `close`.

    Notes
    -----
    A frame in which somebody counts comes from `codings`, `participants`, `documents`, `segments`,
    `coverage` or `memos`; analyses take the study itself.
    """

    def __init__(self, file: StudyFile, *, coder: str | None) -> None:
        self._file = file
        self._coder_name = coder
        self._kept: dict[str, tuple[int, object]] = {}

    # opening and closing

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        title: str,
        language: Language,
        coder: str,
        identity: str | None = None,
        tool: Tool = "study",
    ) -> Self:
        """Make a new study file and open it.

        Parameters
        ----------
        path : str or Path
            Where; the name ends in ``.qualkit``. Nothing may be there yet.
        title : str
            Of the study.
        language : {"nl", "en"}
            Of its reports and messages.
        coder : str
            Who works in this session, such as ``AB``.
        identity : str or None
            From what the study's id is derived, so that building again gives the same ids; None gives a
            random id.
        tool : {"study", "build"}
            What writes; `qualkit build` replaces only files that it alone has written.

        Raises
        ------
        StoreError
            When the file is there already or cannot be made.
        """
        study = new_id() if identity is None else derived_id("0" * 32, "study", identity)
        file = StudyFile.create(Path(path), study=study, tool=tool)
        made = cls(file, coder=coder)
        with file.atomic():
            made._coder(coder)
            body: dict[str, object] = {"title": file.add_text(title), "language": file.add_text(language)}
            made._append("set_study", body)
        return made

    @classmethod
    def open(cls, path: str | Path, *, coder: str | None = None, read_only: bool = False) -> Self:
        """Open a study file.

        Parameters
        ----------
        path : str or Path
            The file.
        coder : str or None
            Who works in this session; needed as soon as something is changed.
        read_only : bool
            When true nothing can be changed, and the file is not touched.

        Raises
        ------
        StoreError
            When it is no study file, or was made by a newer qualkit.
        """
        return cls(StudyFile.open(Path(path), read_only=read_only), coder=coder)

    def close(self) -> None:
        """Close the file; what was done is kept."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the study."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Group changes: all of them are kept, or, after an error, none."""
        with self._file.atomic():
            yield

    # what it is

    @property
    def path(self) -> Path:
        """The study file."""
        return self._file.path

    @property
    def title(self) -> str:
        """Title of the study."""
        return self._strings("SELECT t.body FROM study JOIN text t ON t.id = study.title")[0]

    @property
    def language(self) -> Language:
        """Language of reports and messages."""
        found = self._strings("SELECT t.body FROM study JOIN text t ON t.id = study.language")[0]
        return "en" if found == "en" else "nl"

    @property
    def codebook(self) -> Codebook | None:
        """The codebook in use; None before one was adopted."""
        rows = self._strings(
            "SELECT t.body FROM release JOIN text t ON t.id = release.body WHERE current = 1"
        )
        return Codebook.from_json(rows[0]) if rows else None

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical content, without ids and times; equal for equal content."""
        return self._keep("content_hash", lambda: frames.content_hash(self._file.connection))

    @property
    def heads(self) -> list[tuple[str, int, str]]:
        """The last event of each writing session: session, number, hash."""
        return self._file.heads()

    @property
    def provenance(self) -> Provenance:
        """Where figures drawn from this study come from."""
        codebook = self.codebook
        name, version = (codebook.name, codebook.version) if codebook else ("", "")
        return Provenance(self.content_hash, name, version)

    def verify(self) -> Verified:
        """Return what a check of the file in a fresh process finds (see `qualkit.store.verify`)."""
        return verify(self.path)

    # frames

    def frame(self, name: str) -> pd.DataFrame:
        """Return one of the frames by name, as analyses ask for it.

        Raises
        ------
        UnknownNameError
            When there is no such frame.
        """
        makers = {
            "codings": self.codings,
            "participants": self.participants,
            "documents": self.documents,
            "segments": self.segments,
            "cases": self.cases,
            "coverage": self.coverage,
            "memos": self.memos,
            "codes": self.codes,
            "topics": self.topic_codes,
        }
        if name not in makers:
            raise UnknownNameError("frame", name, sorted(makers))
        return makers[name]()

    def codings(self) -> pd.DataFrame:
        """Return the codings in use, one row each, sorted by document and place.

        Returns
        -------
        DataFrame
            ``coding_id, document_id, participant, start, end, text, code_id, code, soort, oordeel, asked,
            coder, codebook_version, created_at, paragraph, role``: offsets int64 in code points,
            ``asked`` boolean (missing when not noted), names categorical, ``text`` and ``created_at`` str.
        """
        # a copy, so that what a caller does to the frame stays with the caller
        return self._keep("codings", self._codings).copy()

    def _codings(self) -> pd.DataFrame:
        frame = frames.codings(self._file.connection)
        codebook = self.codebook
        language = self.language
        names = {code.key: code.name.in_(language) for code in codebook.codes} if codebook else {}
        frame.insert(7, "code", frame["code_id"].map(names).astype("category"))
        for facet in ("soort", "oordeel") if codebook else ():
            # a value that nobody used yet is a value all the same: analyses show it with 0
            known = [one.key for one in getattr(codebook, facet)]
            older = [one for one in frame[facet].cat.categories if one not in known]
            frame[facet] = frame[facet].cat.set_categories([*known, *older])
        return frame

    def participants(self) -> pd.DataFrame:
        """Return the participants, one row each: ``participant`` and a column for each attribute (str).

        Several values of one attribute are joined with ``"; "``; `cases` has them apart.
        """
        import pandas as pd

        found = frames.participants(self._file.connection)
        rows = [
            {"participant": key, **{n: "; ".join(v) for n, v in values.items()}}
            for key, values in found.items()
        ]
        return pd.DataFrame(rows, columns=None if rows else ["participant"]).fillna("")

    def cases(self, attribute: str = "casus") -> pd.DataFrame:
        """Return participant by casus, one row for each pair: ``participant``, ``casus`` (str)."""
        import pandas as pd

        found = frames.participants(self._file.connection)
        rows = [(key, value) for key, values in found.items() for value in values.get(attribute, ()) if value]
        return pd.DataFrame(rows, columns=["participant", "casus"])

    def documents(self) -> pd.DataFrame:
        """Return the documents: ``document_id, participant, format, revision_id, revision, length, text``."""
        return frames.documents(self._file.connection)

    def segments(self) -> pd.DataFrame:
        """Return the turns: ``document_id, paragraph, start, end, role, speaker, time_ms``."""
        return frames.segments(self._file.connection)

    def coverage(self) -> pd.DataFrame:
        """Return interview by topic: ``document_id, participant, topic, value`` (asked, came_up, not_asked)."""
        return frames.coverage(self._file.connection)

    def memos(self) -> pd.DataFrame:
        """Return memos: ``memo_id, kind, target_kind, target, target_name, text, coder, created_at``."""
        return frames.memos(self._file.connection)

    def codes(self) -> pd.DataFrame:
        """Return the codes of the codebook in use (see `Codebook.to_frame`).

        Raises
        ------
        QualkitError
            When no codebook was adopted.
        """
        return self._codebook().to_frame()

    def topics(self) -> list[Topic]:
        """Return the topics of the topic guide, in its order."""
        return [
            Topic(str(t["key"]), str(t["name"]), _strings(t["codes"]), _strings(t["questions"]))
            for t in frames.topics(self._file.connection)
        ]

    def topic_codes(self) -> pd.DataFrame:
        """Return topic by code, one row for each pair: ``topic``, ``code_id`` (str)."""
        import pandas as pd

        rows = [(topic.key, code) for topic in self.topics() for code in topic.codes]
        return pd.DataFrame(rows, columns=["topic", "code_id"])

    def document(self, name: str) -> Document:
        """Return one document with its text and turns.

        Raises
        ------
        UnknownNameError
            When there is no document of that name.
        """
        _, revision, text = self._document(name)
        rows = self._file.query(
            "SELECT start, end, t.body, role, paragraph, time_ms FROM segment JOIN text t ON t.id = speaker"
            " WHERE revision = ? ORDER BY paragraph",
            (revision,),
        )
        segments = tuple(Segment(*row) for row in rows)  # type: ignore[arg-type]
        (form, original) = self._file.query(
            "SELECT format, o.body FROM document JOIN text n ON n.id = name"
            " LEFT JOIN text o ON o.id = original WHERE n.body = ?",
            (name,),
        )[0]
        return Document(name, text, segments, str(form), original if isinstance(original, bytes) else b"")

    # changing

    def add_participants(self, participants: Iterable[Participant]) -> None:
        """Add participants with their attributes, or set the attributes of those that are there.

        Parameters
        ----------
        participants : iterable of Participant
            Empty values are left out.
        """
        with self.atomic():
            known = self._named("participant", "key")
            attributes = self._named("attribute", "name")
            new = list(participants)
            self._add_named("add_participants", "participant", "key", known, [one.key for one in new])
            names = list(dict.fromkeys(name for one in new for name in one.values))
            self._add_named("add_attributes", "attribute", "name", attributes, names)
            rows = [
                (known[one.key], attributes[name], position, self._file.add_text(value))
                for one in new
                for name, values in one.values.items()
                for position, value in enumerate(value for value in values if value)
            ]
            for part in _parts(rows):
                columns = ("participant", "attribute", "position", "value")
                self._append("set_values", _columns(columns, part))

    def add_documents(
        self, source: str | Path | Iterable[Document], *, participants: str | Path | None = None
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
        with self.atomic():
            self.add_participants(people)
            known = self._named("participant", "key")
            taken = self._named("document", "name")
            for document in source:
                if document.name in taken:
                    raise StoreError(f"{document.name}: a document of this name is in the study already.")
                taken[document.name] = ""
                self._add_document(document, known.get(document.name))
                added.append(document.name)
        return added

    def adopt(self, codebook: Codebook) -> None:
        """Use `codebook` from now on; codings made from here on are pinned to its version.

        Raises
        ------
        StoreError
            When another content was adopted under the same name and version.
        """
        body = codebook.to_json()
        with self.atomic():
            for held, _ in self._file.query(
                "SELECT b.body, release.id FROM release JOIN text b ON b.id = release.body"
                " JOIN text n ON n.id = release.name JOIN text v ON v.id = release.version WHERE n.body = ? AND v.body = ?",
                (codebook.name, codebook.version),
            ):
                if held != body:
                    raise StoreError(
                        f"codebook {codebook.name} {codebook.version}: the study holds this version with other "
                        "content. A release does not change; give the new content a new version."
                    )
            facets = [("soort", one.key) for one in codebook.soort] + [
                ("oordeel", one.key) for one in codebook.oordeel
            ]
            self._append(
                "adopt",
                {
                    "id": self._derived("release", codebook.name, codebook.version),
                    "name": self._file.add_text(codebook.name),
                    "version": self._file.add_text(codebook.version),
                    "body": self._file.add_text(body),
                    "codes": [
                        [
                            code.guid,
                            self._file.add_text(code.key),
                            codebook.code(code.parent).guid if code.parent else None,
                            code.status,
                        ]
                        for code in codebook.codes
                    ],
                    "facets": [
                        [self._derived("facet", kind, key), kind, self._file.add_text(key)]
                        for kind, key in facets
                    ],
                },
            )

    def add_coding(
        self,
        document: str,
        *,
        code: str,
        quote: str | None = None,
        start: int | None = None,
        end: int | None = None,
        soort: str | None = None,
        oordeel: str | None = None,
        asked: bool | None = None,
        coder: str | None = None,
        interviewer_turns: bool = False,
    ) -> str:
        """Add one coding, by its words or by its place, and return its id.

        Parameters
        ----------
        document : str
            Name of the document.
        code : str
            Key of the code.
        quote : str or None
            The words; they must occur exactly once in the document.
        start, end : int or None
            The place instead of the words; code points, half-open.
        soort, oordeel, asked, coder
            See `NewCoding`.
        interviewer_turns : bool
            When true, words of the interviewer may be coded too.

        Raises
        ------
        CodingError
            When the words do not occur, occur twice, or are the interviewer's.
        UnknownNameError
            When document, code, soort or oordeel is not known.
        """
        if quote is not None:
            span = self.find_quote(document, quote)
        elif start is not None and end is not None:
            span = Span(start, end)
        else:
            raise CodingError(f"{document}: a coding needs a quote, or a start and an end.")
        new = NewCoding(document, span.start, span.end, code, soort, oordeel, asked, coder)
        return self.add_codings([new], interviewer_turns=interviewer_turns)[0]

    def add_codings(self, codings: Iterable[NewCoding], *, interviewer_turns: bool = False) -> list[str]:
        """Add codings, all of them or none, and return their ids.

        Parameters
        ----------
        codings : iterable of NewCoding
            Any number; they are written as acts of at most 5,000.
        interviewer_turns : bool
            When true, words of the interviewer may be coded too.

        Raises
        ------
        CodingError
            When one is refused; the message names document and place.
        UnknownNameError
            When a name is not known.
        """
        writer = _CodingWriter(self, interviewer_turns=interviewer_turns)
        rows = [writer.row(one) for one in codings]
        with self.atomic():
            for part in _parts(rows):
                self._append("add_codings", writer.body(part))
        return [str(row[0]) for row in rows]

    def remove_codings(self, ids: Sequence[str], *, reason: str) -> None:
        """Take codings back; they stay in the history.

        Parameters
        ----------
        ids : sequence of str
            From ``codings().coding_id``.
        reason : str
            Why, in a few words.

        Raises
        ------
        UnknownNameError
            When an id is not that of a coding.
        """
        known = {str(one) for (one,) in self._file.query("SELECT id FROM coding")}
        for one in ids:
            if one not in known:
                raise UnknownNameError("coding", one, [])
        with self.atomic():
            self._append("remove_codings", {"id": list(ids), "reason": self._file.add_text(reason)})

    def add_memo(
        self, text: str, *, kind: MemoKind, document: str | None = None, participant: str | None = None
    ) -> str:
        """Add a memo to a document, a participant, or the whole study, and return its id.

        Raises
        ------
        UnknownNameError
            When the document or participant is not known.
        """
        target_kind, target = "study", self._file.study
        if document is not None:
            target_kind, target = "document", self._document(document)[0]
        elif participant is not None:
            known = self._named("participant", "key")
            if participant not in known:
                raise UnknownNameError("participant", participant, sorted(known))
            target_kind, target = "participant", known[participant]
        with self.atomic():
            id_ = self._derived("memo", kind, target, text) if self._is_build else new_id()
            columns = ("id", "kind", "target_kind", "target", "body")
            self._append(
                "add_memos", _columns(columns, [(id_, kind, target_kind, target, self._file.add_text(text))])
            )
        return id_

    def set_guide(self, topics: Sequence[Topic]) -> None:
        """Set the topic guide.

        Raises
        ------
        UnknownNameError
            When a topic names a code that the codebook in use does not know.
        """
        codebook = self._codebook()
        for topic in topics:
            for code in topic.codes:
                codebook.code(code)
        with self.atomic():
            rows = [
                (
                    self._derived("topic", topic.key),
                    self._file.add_text(
                        canonical(
                            {
                                "key": topic.key,
                                "name": topic.name,
                                "codes": list(topic.codes),
                                "questions": list(topic.questions),
                            }
                        )
                    ),
                )
                for topic in topics
            ]
            self._append("set_guide", _columns(("id", "body"), rows))

    def set_coverage(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Set whether topics were asked: document name, topic key, and asked, came_up or not_asked.

        Raises
        ------
        UnknownNameError
            When a document or topic is not known.
        """
        topics = {topic.key: self._derived("topic", topic.key) for topic in self.topics()}
        documents = self._named("document", "name")
        found = []
        for document, topic, value in rows:
            if document not in documents:
                raise UnknownNameError("document", document, sorted(documents))
            if topic not in topics:
                raise UnknownNameError("topic", topic, list(topics))
            found.append((documents[document], topics[topic], value))
        with self.atomic():
            self._append("set_coverage", _columns(("document", "topic", "value"), found))

    def find_quote(self, document: str, quote: str) -> Span:
        """Return the one place where `quote` stands in a document.

        Raises
        ------
        CodingError
            When the words do not occur, or occur more than once; the message does not repeat them.
        """
        places = find_quote(self._document(document)[2], quote)
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

    # how it looks

    def __repr__(self) -> str:
        """Return one line with counts, without anybody's words."""
        return f"<Study {self.path.name}: {self._counts()}>"

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.title)}</strong><br>{escape(self._counts())}</p>"

    def _counts(self) -> str:
        def count(sql: str) -> object:
            return self._file.query(sql)[0][0]

        return (
            f"{count('SELECT count(*) FROM document')} documents, "
            f"{count('SELECT count(*) FROM participant')} participants, "
            f"{count('SELECT count(*) FROM coding WHERE removed = 0')} codings"
        )

    # within

    @property
    def _is_build(self) -> bool:
        return self._file.tool == "build"

    def _keep(self, name: str, make: Callable[[], _T]) -> _T:
        """Return what `make` gave, until an event was written, here or by another program."""
        last = int(str(self._file.query("SELECT coalesce(max(seq), 0) FROM event")[0][0]))
        kept = self._kept.get(name)
        if kept is None or kept[0] != last:
            kept = last, make()
            self._kept[name] = kept
        return cast(_T, kept[1])

    def _codebook(self) -> Codebook:
        codebook = self.codebook
        if codebook is None:
            raise QualkitError("no codebook is in use. Adopt one first: study.adopt(Codebook.read(...)).")
        return codebook

    def _derived(self, *parts: str) -> str:
        return derived_id(self._file.study, *parts)

    def _append(self, kind: str, body: dict[str, object]) -> None:
        if self._coder_name is None:
            raise StoreError(
                "nobody is named as coder. Open the study with coder=, so that changes have an author."
            )
        self._file.append(kind, body, coder=self._coder(self._coder_name))

    def _coder(self, name: str) -> str:
        known = self._named("coder", "name")
        if name not in known:
            id_ = self._derived("coder", name)
            body: dict[str, object] = {"id": id_, "name": self._file.add_text(name), "kind": "person"}
            self._file.append("add_coder", body, coder=id_)
            known[name] = id_
        return known[name]

    def _strings(self, sql: str) -> list[str]:
        return [str(one) for (one,) in self._file.query(sql)]

    def _named(self, table: str, column: str) -> dict[str, str]:
        rows = self._file.query(
            f"SELECT t.body, {table}.id FROM {table} JOIN text t ON t.id = {table}.{column}"
        )
        return {str(name): str(id_) for name, id_ in rows}

    def _add_named(
        self, kind: str, table: str, column: str, known: dict[str, str], names: Sequence[str]
    ) -> None:
        new = [name for name in dict.fromkeys(names) if name not in known]
        if new:
            ids = [self._derived(table, name) if self._is_build else new_id() for name in new]
            self._append(kind, {"id": ids, column: self._file.add_texts(new)})
            known.update(zip(new, ids, strict=True))

    def _document(self, name: str) -> tuple[str, str, str]:
        rows = self._file.query(
            "SELECT document.id, revision.id, words.body FROM document JOIN text n ON n.id = document.name"
            " JOIN revision ON revision.document = document.id JOIN text words ON words.id = revision.text"
            " WHERE n.body = ? ORDER BY number DESC LIMIT 1",
            (name,),
        )
        if not rows:
            raise UnknownNameError("document", name, sorted(self._named("document", "name")))
        document, revision, text = rows[0]
        return str(document), str(revision), str(text)

    def _add_document(self, document: Document, participant: str | None) -> None:
        derived = self._is_build
        id_ = self._derived("document", document.name) if derived else new_id()
        speakers = list(dict.fromkeys(segment.speaker for segment in document.segments))
        self._append(
            "add_document",
            {
                "id": id_,
                "name": self._file.add_text(document.name),
                "participant": participant,
                "format": document.format,
                "original": self._file.add_text(document.original) if document.original else None,
                "revision": self._derived("revision", id_, "1") if derived else new_id(),
                "text": self._file.add_text(document.text),
                "length": len(document.text),
                "speakers": self._file.add_texts(speakers),
                "segments": [
                    [one.paragraph, one.start, one.end, one.role, speakers.index(one.speaker), one.time_ms]
                    for one in document.segments
                ],
            },
        )


class _CodingWriter:
    """Turns `NewCoding` values into rows of one act, with every name looked up once."""

    COLUMNS = ("id", "revision", "start", "end", "words", "code", "soort", "oordeel", "asked", "coder")

    def __init__(self, study: Study, *, interviewer_turns: bool) -> None:
        self._study = study
        self._file = study._file
        self._codebook = study._codebook()
        self._release = study._derived("release", self._codebook.name, self._codebook.version)
        self._soort = {one.key: study._derived("facet", "soort", one.key) for one in self._codebook.soort}
        self._oordeel = {
            one.key: study._derived("facet", "oordeel", one.key) for one in self._codebook.oordeel
        }
        self._interviewer_turns = interviewer_turns
        self._documents: dict[str, tuple[str, str, bytes, list[Span]]] = {}

    def row(self, new: NewCoding) -> tuple[object, ...]:
        """Return one row after checking everything about it."""
        revision, text, salt, questions = self._document(new.document)
        span = Span(new.start, new.end)
        words = span.of(text)
        if not self._interviewer_turns and any(span.overlaps(turn) for turn in questions):
            raise CodingError(
                f"{new.document}, {new.start}–{new.end}: these are (partly) words of the interviewer. "
                "Code the answer, or allow it with interviewer_turns=True."
            )
        code = self._codebook.code(new.code)
        if not self._codebook.is_codable(new.code):
            raise CodingError(
                f"{new.document}, {new.start}–{new.end}: {new.code} cannot be given to a quotation "
                "(a category, or no longer in use). Choose a code below it."
            )
        soort = _facet(self._soort, "soort", new.soort, required=True)
        oordeel = _facet(self._oordeel, "oordeel", new.oordeel, required=False)
        coder_name = new.coder or self._study._coder_name
        if coder_name is None:
            raise StoreError(
                "nobody is named as coder. Open the study with coder=, so that codings have an author."
            )
        parts = (revision, str(new.start), str(new.end), code.guid, soort or "", coder_name)
        id_ = self._study._derived("coding", *parts) if self._study._is_build else new_id()
        asked = None if new.asked is None else int(new.asked)
        return (
            id_,
            revision,
            new.start,
            new.end,
            commitment(words, salt),
            code.guid,
            soort,
            oordeel,
            asked,
            coder_name,
        )

    def body(self, rows: Sequence[tuple[object, ...]]) -> dict[str, object]:
        """Return the body of one act; repeated ids stand once, in its pool."""
        pool: dict[str, int] = {}

        def pooled(id_: object) -> int | None:
            return None if id_ is None else pool.setdefault(str(id_), len(pool))

        columns = _columns(self.COLUMNS, rows)
        coders = {str(name): self._study._coder(str(name)) for name in columns["coder"]}  # type: ignore[attr-defined]
        columns["coder"] = [coders[str(name)] for name in columns["coder"]]  # type: ignore[attr-defined]
        for name in ("revision", "code", "soort", "oordeel", "coder"):
            columns[name] = [pooled(one) for one in columns[name]]  # type: ignore[attr-defined]
        return {"release": self._release, "pool": list(pool), **columns}

    def _document(self, name: str) -> tuple[str, str, bytes, list[Span]]:
        if name not in self._documents:
            _, revision, text = self._study._document(name)
            (salt,) = self._file.query(
                "SELECT salt FROM text JOIN revision ON revision.text = text.id WHERE revision.id = ?",
                (revision,),
            )[0]
            turns = self._file.query(
                "SELECT start, end FROM segment WHERE revision = ? AND role = 'interviewer'", (revision,)
            )
            questions = [Span(int(str(a)), int(str(b))) for a, b in turns]
            self._documents[name] = (revision, text, salt if isinstance(salt, bytes) else b"", questions)
        return self._documents[name]


def _facet(known: Mapping[str, str], kind: str, name: str | None, *, required: bool) -> str | None:
    if name is None:
        if required and known:
            raise CodingError(f"a coding under this codebook needs a {kind}: {', '.join(known)}.")
        return None
    if name not in known:
        raise UnknownNameError(kind, name, list(known))
    return known[name]


def _parts(rows: Sequence[tuple[object, ...]]) -> Iterator[Sequence[tuple[object, ...]]]:
    for first in range(0, len(rows), BULK):
        yield rows[first : first + BULK]


def _columns(names: Sequence[str], rows: Iterable[tuple[object, ...]]) -> dict[str, object]:
    listed = list(rows)
    return {name: [row[i] for row in listed] for i, name in enumerate(names)}


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
