"""A report as values: what it says, apart from how Word shows it.

A writer (Word now) takes a `Report` and nothing else, so that every writer shows the same content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qualkit.model import Language


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 begins a chapter."""

    level: int
    text: str
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    runs: Inline


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a bulleted or numbered list."""

    runs: Inline
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation on its own lines, with who speaks in words fit for the audience.

    Parameters
    ----------
    words : str
        What was said, names already masked.
    speaker : str
        ``casus-inbrenger`` in an external report, ``CI-3`` in an internal one.
    question : str
        The question before it, in the evaluator's words; empty when it needs none.
    """

    words: str
    speaker: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption and a header row that Word repeats on every page.

    Parameters
    ----------
    id : str
        Stays the same from build to build; the name of the content control around it.
    caption : str
        Without number.
    header : sequence of str
        Column heads.
    rows : sequence of sequence of str
        Cells; a row that starts a group of rows may be named in `groups`.
    widths : sequence of float
        Share of the text width for each column; adds up to 1.
    groups : frozenset of int
        Numbers of the rows that are sub-headings: only their first cell is filled, across all columns.
    numeric : frozenset of int
        Numbers of the columns that are centred.
    note : str
        A line below the table: base, unit, what a mark means.
    description : str
        What the table shows, for those who hear it read.
    """

    id: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    groups: frozenset[int] = frozenset()
    numeric: frozenset[int] = frozenset()
    note: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with caption and alt text.

    Parameters
    ----------
    id : str
        As for `Table`.
    caption : str
        Without number.
    png : bytes
        The picture.
    alt : str
        What it shows, in words made from the data.
    width_cm : float
        Width on the page.
    """

    id: str
    caption: str
    png: bytes = field(repr=False)
    alt: str
    width_cm: float = 16.0


@dataclass(frozen=True, slots=True)
class Landscape:
    """Blocks that stand on pages turned sideways."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Generated:
    """Paragraphs that qualkit filled in among the evaluator's own; a content control of their own."""

    id: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | ListItem | Quote | Table | Figure | Landscape | Generated


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, subtitle : str
        For the title page.
    authors : tuple of str
        Who wrote it.
    organisation : str
        Who delivers it; empty when not said.
    date : str
        ISO date; also the date in the file's properties.
    language : {"nl", "en"}
        Of the text, also told to Word.
    blocks : tuple of Block
        The content after the title page and the table of contents.
    notice : str
        A line on the title page, such as that the data are invented.
    """

    title: str
    subtitle: str
    authors: tuple[str, ...]
    organisation: str
    date: str
    language: Language
    blocks: tuple[Block, ...]
    notice: str = ""
