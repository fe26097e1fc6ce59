"""The frozen values that the wings hand to each other, and the protocol by which analyses see a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from qualkit.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

Role = Literal["interviewer", "participant", "other"]
Language = Literal["nl", "en"]
MemoKind = Literal["field", "reflexive", "method", "theory", "code", "summary"]
CoverageValue = Literal["asked", "came_up", "not_asked"]

LANGUAGES: tuple[Language, ...] = ("nl", "en")
MEMO_KINDS: tuple[MemoKind, ...] = ("field", "reflexive", "method", "theory", "code", "summary")
COVERAGE_VALUES: tuple[CoverageValue, ...] = ("asked", "came_up", "not_asked")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Dutch, English or both; an empty string where it is not given.

    Parameters
    ----------
    nl, en : str
        The text in each language.
    """

    nl: str = ""
    en: str = ""

    def in_(self, language: str) -> str:
        """Return the text in `language` (``nl`` or ``en``), or in the other one when it is not given there.

        Raises
        ------
        UnknownNameError
            When `language` is another one.
        """
        if language not in ("nl", "en"):
            raise UnknownNameError("language", language, ("nl", "en"))
        return (self.nl or self.en) if language == "nl" else (self.en or self.nl)

    def __bool__(self) -> bool:
        """Return whether there is a text at all."""
        return bool(self.nl or self.en)


@dataclass(frozen=True, slots=True)
class Segment:
    """One turn of a transcript: what one speaker says until the next one begins.

    Parameters
    ----------
    start, end : int
        The spoken words in the document's text, label and time mark left out; code points, half-open.
    speaker : str
        The label as typed, without colon, bold or time mark.
    role : {"interviewer", "participant", "other"}
        Who speaks; *other* is somebody who sits in.
    paragraph : int
        1-based number of the turn, as printed beside the text.
    time_ms : int or None
        Time mark of the turn in milliseconds from the start of the recording.
    """

    start: int
    end: int
    speaker: str
    role: Role
    paragraph: int
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    r"""One transcript as read: its text word for word, and its turns.

    Parameters
    ----------
    name : str
        File name without extension; the ``document_id`` of every table.
    text : str
        Unicode, newlines ``\n``, no byte order mark.
    segments : tuple of Segment
        In the order of the text, not overlapping.
    format : str
        ``docx``, ``txt`` or ``md``.
    original : bytes
        The file as it was.
    """

    name: str
    text: str = field(repr=False)
    segments: tuple[Segment, ...] = field(repr=False)
    format: str
    original: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Participant:
    """The person interviewed, with attributes that may hold more than one value.

    Parameters
    ----------
    key : str
        The participant code, such as ``CI-3``.
    values : mapping of str to tuple of str
        Attribute name to its values; a *casus* is an attribute with as many values as there are casussen.
    """

    key: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewCoding:
    """A coding about to be added: one code on one quotation, with its qualifications.

    Parameters
    ----------
    document : str
        Name of the document.
    start, end : int
        The quotation; code points, half-open.
    code : str
        Key of the code, such as ``D1``.
    soort, oordeel : str or None
        As the codebook allows; *soort* may be demanded by it.
    asked : bool or None
        True when the topic was in the question, False when brought up by the speaker, None when not noted.
    coder : str or None
        Who coded; None means the study's own coder.
    """

    document: str
    start: int
    end: int
    code: str
    soort: str | None = None
    oordeel: str | None = None
    asked: bool | None = None
    coder: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where figures come from: what a reader needs to find the same study again.

    Parameters
    ----------
    content_hash : str
        SHA-256 of the study's canonical content, hex.
    codebook, codebook_version : str
        The codebook the figures are in terms of.
    filters : tuple of str
        In words, what was left out; empty when nothing was.
    """

    content_hash: str
    codebook: str
    codebook_version: str
    filters: tuple[str, ...] = ()


class Frames(Protocol):
    """What an analysis may know of a study: named frames, and where they come from."""

    def frame(self, name: str) -> pd.DataFrame:
        """Return the frame `name`: ``codings``, ``participants``, ``cases``, ``coverage`` or ``codes``."""
        ...

    @property
    def provenance(self) -> Provenance:
        """Return where the frames come from."""
        ...


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the topic guide, with the codes its answers bear on.

    Parameters
    ----------
    key : str
        Such as ``T08``.
    name : str
        What the topic is about.
    codes : sequence of str
        Code keys; a participant who was asked this topic was asked about these codes.
    questions : sequence of str
        How the interviewer may ask it.
    """

    key: str
    name: str
    codes: Sequence[str]
    questions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that was read into a study, for the report on an import."""

    path: Path
    name: str
    words: int
    turns: int
