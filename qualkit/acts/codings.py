"""Codings: adding, changing and taking them back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.acts.codebooks import facet_id
from qualkit.acts.documents import find_words
from qualkit.anchor import Span, commitment
from qualkit.errors import CodingError, StoreError, UnknownNameError
from qualkit.model import NewCoding
from qualkit.store.undo import Change, with_witnesses

if TYPE_CHECKING:
    from qualkit.study import Study


def add_coding(
    study: Study,
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
    span = _span(study, document, quote, start, end)
    new = NewCoding(document, span.start, span.end, code, soort, oordeel, asked, coder)
    return add_codings(study, [new], interviewer_turns=interviewer_turns)[0]


def add_codings(study: Study, codings: Iterable[NewCoding], *, interviewer_turns: bool = False) -> list[str]:
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
    with study.atomic():
        writer = CodingWriter(study, interviewer_turns=interviewer_turns)
        rows = [writer.row(one) for one in codings]
        for part in desk.parts(rows):
            desk.append(study, "add_codings", writer.body(part))
    return [str(row[0]) for row in rows]


def change_coding(
    study: Study,
    id_: str,
    *,
    code: str | None = None,
    soort: str | None = None,
    oordeel: str | None = None,
    asked: bool | None = None,
    quote: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> None:
    """Give a coding another code, soort, oordeel or place; what is not named stays.

    Parameters
    ----------
    id_ : str
        From ``codings().coding_id``.
    code, soort, oordeel : str or None
        By their keys in the codebook in use.
    asked : bool or None
        Whether the participant said it when asked.
    quote : str or None
        Other words; they must occur exactly once in the document.
    start, end : int or None
        Another place instead of the words; code points, half-open.

    Raises
    ------
    CodingError
        When the new place holds no such words, or words of the interviewer.
    UnknownNameError
        When the coding or a name is not known.
    """
    with study.atomic():
        rows = study._file.query(
            "SELECT n.body, c.start, c.end, c.anchor, c.code, c.release, c.soort, c.oordeel, c.asked FROM coding AS c"
            " JOIN revision AS r ON r.id = c.made_revision JOIN document AS d ON d.id = r.document"
            " JOIN text AS n ON n.id = d.name WHERE c.id = ? AND c.removed = 0 AND d.removed = 0",
            (id_,),
        )
        if not rows:
            raise UnknownNameError("coding", id_, [])
        document, at, to, anchor, *held = rows[0]
        writer = CodingWriter(study, interviewer_turns=False)
        changes: list[Change] = []
        if code is not None or soort is not None or oordeel is not None:
            changes += writer.meant(id_, (held[0], held[1], held[2], held[3]), code, soort, oordeel)
        if asked is not None:
            changes.append(("coding", id_, "asked", held[4], int(asked)))
        if quote is not None or start is not None or end is not None:
            if anchor == "lost" and quote is None and (start is None or end is None):
                raise CodingError(
                    f"{document}: the words of this coding are gone. Name a quote, or start and end."
                )
            span = _span(
                study,
                str(document),
                quote,
                int(str(at)) if start is None else start,
                int(str(to)) if end is None else end,
            )
            changes += writer.placed(id_, str(document), span)
        if any(before != after for _, _, _, before, after in changes):
            desk.append(study, "change_codings", {}, changes)


def remove_codings(study: Study, ids: Sequence[str], *, reason: str) -> None:
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
        When an id is not that of a coding in use.
    """
    with study.atomic():
        known = {str(one) for (one,) in study._file.query("SELECT id FROM coding WHERE removed = 0")}
        for one in ids:
            if one not in known:
                raise UnknownNameError("coding", one, [])
        taken: list[Change] = [("coding", one, "removed", 0, 1) for one in dict.fromkeys(ids)]
        if taken:
            body: dict[str, object] = {"reason": study._file.add_text(reason)}
            desk.append(study, "remove_codings", body, with_witnesses(study._file.connection, taken))


def _span(study: Study, document: str, quote: str | None, start: int | None, end: int | None) -> Span:
    if quote is not None:
        return find_words(study, document, quote)
    if start is None or end is None:
        raise CodingError(f"{document}: a coding needs a quote, or a start and an end.")
    return Span(start, end)


class CodingWriter:
    """Turns `NewCoding` values into rows of one act, with every name looked up once.

    Parameters
    ----------
    study : Study
        Within an atomic group of changes.
    interviewer_turns : bool
        Whether words of the interviewer may be coded.
    """

    COLUMNS = ("id", "revision", "start", "end", "words", "code", "soort", "oordeel", "asked", "coder")

    def __init__(self, study: Study, *, interviewer_turns: bool) -> None:
        self._study = study
        self._codebook = study._codebook()
        self.release = str(study._file.query("SELECT release FROM study")[0][0])
        self._facets: Mapping[str, Mapping[str, str]] = {
            kind: {one.key: facet_id(study, kind, one.key) for one in values}
            for kind, values in (("soort", self._codebook.soort), ("oordeel", self._codebook.oordeel))
        }
        self._interviewer_turns = interviewer_turns
        self._places: dict[str, str] = {}
        self._documents: dict[str, tuple[str, str, bytes, list[int], list[int]]] = {}
        self._codes: dict[str, str] = {}
        self._coders: dict[str, str] = {}
        self._held: dict[str, set[tuple[object, ...]]] = {}

    def row(self, new: NewCoding) -> desk.Row:
        """Return one row after checking everything about it."""
        revision, words = self._words(new.document, Span(new.start, new.end))
        guid = self._codes.get(new.code) or self.code(new.code, f"{new.document}, {new.start}–{new.end}")
        soort = self.facet("soort", new.soort)
        oordeel = self.facet("oordeel", new.oordeel) if new.oordeel is not None else None
        coder = self._coder(new.coder or self._study._coder_name)
        parts = (revision, str(new.start), str(new.end), guid, soort or "", coder)
        asked = None if new.asked is None else int(new.asked)
        same = (revision, new.start, new.end, guid, soort, coder)
        if same in self._there(revision):
            raise CodingError(
                f"{new.document}, {new.start}–{new.end}: {new.coder or self._study._coder_name} gave {new.code} to "
                "these words already. Change that coding, or choose other words."
            )
        self._held[revision].add(same)
        id_ = desk.made_id(self._study, "coding", *parts)
        return id_, revision, new.start, new.end, words, guid, soort, oordeel, asked, coder

    def _there(self, revision: str) -> set[tuple[object, ...]]:
        if revision not in self._held:
            rows = self._study._file.query(
                "SELECT revision, start, end, code, soort, coder FROM coding WHERE revision = ? AND removed = 0",
                (revision,),
            )
            self._held[revision] = set(rows)
        return self._held[revision]

    def body(self, rows: Sequence[desk.Row]) -> dict[str, object]:
        """Return the body of one act; repeated ids stand once, in its pool."""
        pool: dict[str, int] = {}
        columns: dict[str, list[object]] = {
            name: [row[i] for row in rows] for i, name in enumerate(self.COLUMNS)
        }
        for name in ("revision", "code", "soort", "oordeel", "coder"):
            columns[name] = [
                None if one is None else pool.setdefault(str(one), len(pool)) for one in columns[name]
            ]
        return {"release": self.release, "pool": list(pool), **columns}

    def placed(self, id_: str, document: str, span: Span) -> list[Change]:
        """Return the changes that put a coding elsewhere, or where it is now for good."""
        revision, words = self._words(document, span)
        names = ("made_revision", "made_start", "made_end", "words")
        held = self._study._file.query(f"SELECT {', '.join(names)} FROM coding WHERE id = ?", (id_,))[0]
        new = (revision, span.start, span.end, words)
        return [
            ("coding", id_, name, before, after) for name, before, after in zip(names, held, new, strict=True)
        ]

    def meant(
        self,
        id_: str,
        held: tuple[object, object, object, object],
        code: str | None,
        soort: str | None,
        oordeel: str | None,
    ) -> list[Change]:
        """Return the changes that give a coding another meaning, in terms of the codebook in use.

        Parameters
        ----------
        id_ : str
            The coding.
        held : (code, release, soort, oordeel)
            What it has, as ids.
        code, soort, oordeel : str or None
            What it gets, by name; None for what stays.
        """
        guid, release = held[:2]
        changes: list[Change] = [("coding", id_, "release", release, self.release)]
        if code is not None:
            changes.append(("coding", id_, "code", guid, self.code(code)))
        elif guid not in {one.guid for one in self._codebook.codes}:
            raise CodingError(f"coding {id_}: its code is not in the codebook in use. Name a code as well.")
        for field, value, before in (("soort", soort, held[2]), ("oordeel", oordeel, held[3])):
            if value is not None:
                changes.append(("coding", id_, field, before, self.facet(field, value)))
            elif before is not None and before not in self._facets[field].values():
                raise CodingError(
                    f"coding {id_}: its {field} is not in the codebook in use. Name a {field} as well: "
                    f"{', '.join(self._facets[field])}."
                )
        return changes

    def code(self, key: str, where: str = "coding") -> str:
        """Return the guid of a code that may be given to a quotation."""
        if key not in self._codes:
            guid = self._codebook.code(key).guid
            if not self._codebook.is_codable(key):
                raise CodingError(
                    f"{where}: {key} cannot be given to a quotation (a category, or no longer in use). "
                    "Choose a code below it."
                )
            self._codes[key] = guid
        return self._codes[key]

    def facet(self, kind: str, name: str | None) -> str | None:
        """Return the id of a soort or oordeel; soort is demanded where the codebook has any."""
        known = self._facets[kind]
        if name is None:
            if known:
                raise CodingError(f"a coding under this codebook needs a {kind}: {', '.join(known)}.")
            return None
        if name not in known:
            raise UnknownNameError(kind, name, list(known))
        return known[name]

    def _coder(self, name: str | None) -> str:
        if name is None:
            raise StoreError(
                "nobody is named as coder. Open the study with coder=, so that codings have an author."
            )
        if name not in self._coders:
            self._coders[name] = desk.coder_id(self._study, name)
        return self._coders[name]

    def _words(self, name: str, span: Span) -> tuple[str, str]:
        """Return the revision in use and the commitment to the words at `span`."""
        if name not in self._documents:
            revision, text, salt = self._text(name)
            turns = self._study._file.query(
                "SELECT start, end FROM segment WHERE revision = ? AND role = 'interviewer' ORDER BY start",
                (revision,),
            )
            starts, ends = ([int(str(turn[i])) for turn in turns] for i in (0, 1))
            self._documents[name] = (revision, text, salt, starts, ends)
        revision, text, key, starts, ends = self._documents[name]
        words = span.of(text)
        # turns do not overlap, so the first that ends after the span begins decides
        turn = bisect_right(ends, span.start)
        if not self._interviewer_turns and turn < len(starts) and starts[turn] < span.end:
            raise CodingError(
                f"{name}, {span.start}–{span.end}: these are (partly) words of the interviewer. "
                "Code the answer, or allow it with interviewer_turns=True."
            )
        return revision, commitment(words, key)

    def _text(self, name: str) -> tuple[str, str, bytes]:
        """Return the revision in use of a document, its text, and the salt of that."""
        # names have no index: one is looked for, more would cost the square of the documents
        if self._documents and not self._places:
            self._places = desk.named(self._study, "document", "name")
        rows = self._study._file.query(
            "SELECT r.id, t.body, t.salt FROM document AS d JOIN text AS n ON n.id = d.name"
            " JOIN revision AS r ON r.id = d.revision JOIN text AS t ON t.id = r.text"
            f" WHERE {'d.id' if self._places else 'n.body'} = ? AND d.removed = 0 ORDER BY d.id",
            (self._places.get(name) if self._places else name,),
        )
        if not rows:
            raise UnknownNameError("document", name, sorted(desk.named(self._study, "document", "name")))
        revision, text, salt = rows[0]
        return str(revision), str(text), salt if isinstance(salt, bytes) else b""
