"""A document's text, joined word for word, and the lines and table rows it is laid out in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qualkit.ooxml import Block, Paragraph, Table


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text with its place: a line, or a cell of a row.

    Parameters
    ----------
    start : int
        Where it begins in the document's text.
    text : str
        Its characters; a line has no newline in it.
    bold : tuple of (int, int)
        Bold stretches, counted from `start`.
    """

    start: int
    text: str
    bold: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A document's text, and how it is laid out.

    Parameters
    ----------
    text : str
        Paragraphs joined by newlines, cells of a row by tabs.
    rows : tuple of tuple of Piece
        One piece for a line; two or more for a table row.
    """

    text: str
    rows: tuple[tuple[Piece, ...], ...]

    @classmethod
    def of_text(cls, text: str) -> Layout:
        """Return the layout of plain text or Markdown: a line is a paragraph."""
        rows, place = [], 0
        for line in text.split("\n"):
            rows.append((Piece(place, line),))
            place += len(line) + 1
        return cls(text, tuple(rows))

    @classmethod
    def of_blocks(cls, blocks: Sequence[Block]) -> Layout:
        """Return the layout of a Word file's paragraphs and tables."""
        from qualkit.ooxml import Paragraph

        rows: list[tuple[Piece, ...]] = []
        texts: list[str] = []
        place = 0
        for block in blocks:
            made = (
                _paragraph_rows(block, place) if isinstance(block, Paragraph) else _table_rows(block, place)
            )
            for row in made:
                rows.append(row)
                text = "\t".join(piece.text for piece in row)
                texts.append(text)
                place += len(text) + 1
        return cls("\n".join(texts), tuple(rows))


def _paragraph_rows(paragraph: Paragraph, place: int) -> Iterator[tuple[Piece, ...]]:
    text, bold = paragraph.text, _bold_stretches(paragraph)
    begin = 0
    for line in text.split("\n"):
        end = begin + len(line)
        within = tuple((max(a, begin) - begin, min(b, end) - begin) for a, b in bold if a < end and b > begin)
        yield (Piece(place + begin, line, within),)
        begin = end + 1


def _table_rows(table: Table, place: int) -> Iterator[tuple[Piece, ...]]:
    for row in table.rows:
        if len(row) == 1:
            # a frame round the transcript, not a table of labels and words
            for paragraph in row[0].paragraphs:
                for line in _paragraph_rows(paragraph, place):
                    yield line
                    place += len(line[0].text) + 1
            continue
        pieces = []
        for cell in row:
            bold = _bold_stretches(cell.paragraphs[0]) if cell.paragraphs else ()
            pieces.append(Piece(place, cell.text, bold))
            place += len(cell.text) + 1
        if pieces:
            yield tuple(pieces)


def _bold_stretches(paragraph: Paragraph) -> tuple[tuple[int, int], ...]:
    stretches: list[tuple[int, int]] = []
    place = 0
    for run in paragraph.runs:
        end = place + len(run.text)
        if run.bold:
            stretches.append((place, end))
        place = end
    return tuple(stretches)
