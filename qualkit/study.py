"""The study: the one stateful object, thin over the study file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

# the frames of a study have the names of these modules
from qualkit.acts import codebooks as _codebooks
from qualkit.acts import codings as _codings
from qualkit.acts import documents as _documents
from qualkit.acts import erasing as _erasing
from qualkit.acts import history as _history
from qualkit.acts import memos as _memos
from qualkit.acts import people as _people
from qualkit.acts import together as _together
from qualkit.acts.desk import append
from qualkit.acts.documents import place_of, segments_of
from qualkit.codebook import Codebook
from qualkit.errors import QualkitError, StoreError, UnknownNameError
from qualkit.model import Document, Language, Provenance, Topic
from qualkit.store import frames
from qualkit.store.chain import derived_id, new_id
from qualkit.store.file import StudyFile, Tool
from qualkit.store.past import as_of
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

    def __init__(self, file: StudyFile, *, coder: str | None, blind: bool = False) -> None:
        self._file = file
        self._coder_name = coder
        self._blind = blind
        self._file.who = coder or ""
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
        with StudyFile.create(Path(path), study=study, tool=tool) as file:
            made = cls(file, coder=coder)
            told = (("title", title), ("language", language))
            append(
                made,
                "set_study",
                {},
                [("study", study, name, None, file.add_text(text)) for name, text in told],
            )
        return made

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        coder: str | None = None,
        read_only: bool = False,
        untrusted: bool = False,
        blind: bool = False,
    ) -> Self:
        """Open a study file.

        Parameters
        ----------
        path : str or Path
            The file.
        coder : str or None
            Who works in this session; needed as soon as something is changed.
        read_only : bool
            When true nothing can be changed, and the file is not touched.
        untrusted : bool
            When true the file came by mail or from somebody you do not know: its size, its pages and its
            tables are checked before anything is read.
        blind : bool
            When true, `codings`, `memos`, `review` and every analysis show only what `coder` made, so that
            somebody codes without seeing the others; the study says so in its ``repr`` and in the provenance
            of its figures. The others' work stays in the file; `history`, `undo`, `merge` and the checks go
            over all of it.

        Raises
        ------
        StoreError
            When it is no study file, is damaged, was made by a newer qualkit, or is opened blind by nobody.
        """
        if blind and coder is None:
            raise StoreError("who codes blind must be named. Open the study with coder=.")
        file = StudyFile.open(Path(path), read_only=read_only, untrusted=untrusted)
        return cls(file, coder=coder, blind=blind)

    def close(self) -> None:
        """Close the file; what was done is kept."""
        self._file.close()

    def copy(self, path: str | Path) -> Path:
        """Write this study to a new file, to hand on or to keep, and return where it is.

        Parameters
        ----------
        path : str or Path
            Where; nothing may be there yet. It is finished beside that place, then given its name.

        Raises
        ------
        StoreError
            When something is there already, or the file cannot be written.
        """
        self._file.copy(Path(path))
        return Path(path)

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
            "SELECT t.body FROM study JOIN release AS r ON r.id = study.release JOIN text AS t ON t.id = r.body"
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
        filters = (f"blind: {self._coder_name}",) if self._blind else ()
        return Provenance(self.content_hash, name, version, filters)

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
        return self._keep("codings", self._coding_frame).copy()

    def _coding_frame(self) -> pd.DataFrame:
        frame = self._own(frames.codings(self._file.connection))
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
        """Return participant by casus, one row for each pair: ``participant``, ``casus`` (str).

        Parameters
        ----------
        attribute : str
            Which attribute holds the casussen.
        """
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
        return self._own(frames.memos(self._file.connection))

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
        _, revision, text = place_of(self, name)
        (form, original) = self._file.query(
            "SELECT format, o.body FROM document AS d JOIN text AS n ON n.id = d.name"
            " LEFT JOIN text AS o ON o.id = d.original WHERE n.body = ? AND d.removed = 0",
            (name,),
        )[0]
        kept = original if isinstance(original, bytes) else b""
        return Document(name, text, segments_of(self, revision), str(form), kept)

    # changing: each act is a function of its own in `qualkit.acts`, bound here as a method

    add_participants = _people.add_participants
    add_documents = _documents.add_documents
    revise = _documents.revise
    find_quote = _documents.find_words
    adopt = _codebooks.adopt
    set_guide = _codebooks.set_guide
    set_coverage = _codebooks.set_coverage
    add_coding = _codings.add_coding
    add_codings = _codings.add_codings
    change_coding = _codings.change_coding
    remove_codings = _codings.remove_codings
    add_memo = _memos.add_memo
    change_memo = _memos.change_memo
    remove_memo = _memos.remove_memo
    add_meeting = _memos.add_meeting
    history = _history.history
    undo = _history.undo
    redo = _history.redo
    merge = _together.merge
    conflicts = _together.conflicts
    decide = _together.decide
    review = _together.review
    place_coding = _together.place_coding
    disagreements = _together.disagreements
    adjudicate = _together.adjudicate
    erase = _erasing.erase
    would_erase = _erasing.would_erase

    def as_of(self, time: str | datetime) -> Self:
        """Return this study as this file showed it at a moment, read-only.

        Parameters
        ----------
        time : str or datetime
            ISO 8601; without a zone it is local time. What came in by a merge counts from the merge.

        Raises
        ------
        StoreError
            When `time` is no moment, or the study did not exist yet.
        """
        file = as_of(self.path, _history.moment(time))
        return type(self)(file, coder=self._coder_name if self._blind else None, blind=self._blind)

    # how it looks

    def __repr__(self) -> str:
        """Return one line with counts, without anybody's words."""
        return f"<Study {self.path.name}: {self._counts()}{self._shown()}>"

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.title)}</strong><br>{escape(self._counts() + self._shown())}</p>"

    def _shown(self) -> str:
        return f", blind: only what {self._coder_name} made" if self._blind else ""

    def _counts(self) -> str:
        def count(sql: str) -> object:
            return self._file.query(sql)[0][0]

        # what was taken back, and what was erased, is not counted
        documents = "document AS d JOIN text AS name ON name.id = d.name"
        people = "participant AS p JOIN text AS key ON key.id = p.key WHERE p.removed = 0"
        codings = f"{documents} JOIN revision AS r ON r.document = d.id JOIN coding AS c ON c.revision = r.id"
        return (
            f"{count(f'SELECT count(*) FROM {documents} WHERE d.removed = 0')} documents, "
            f"{count(f'SELECT count(*) FROM {people}')} participants, "
            f"{count(f'SELECT count(*) FROM {codings} WHERE c.removed = 0 AND d.removed = 0')} codings"
        )

    # within

    def _own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that this session may see: all of them, or, blind, those of its own coder."""
        if not self._blind:
            return frame
        own = frame[frame["coder"] == self._coder_name].reset_index(drop=True)
        for name in own.columns:  # names that only the others gave are no categories here
            if own[name].dtype == "category":
                own[name] = own[name].cat.remove_unused_categories()
        return own

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

    def _strings(self, sql: str) -> list[str]:
        return [str(one) for (one,) in self._file.query(sql)]


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
