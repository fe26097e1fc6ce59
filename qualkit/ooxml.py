"""The text of a Word file: a walk over the body that gives paragraphs and tables, and nothing else.

Only ``word/document.xml`` is unpacked, so pictures and sound cost nothing. Insertions that Word tracks are
read as text, deletions are not; headers, footers, footnotes and field codes are not part of the text.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from qualkit.errors import SourceError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_PART_BYTES = 100 * 1024 * 1024
DOCUMENT_PART = "word/document.xml"

_OLE_MAGIC = bytes.fromhex("D0CF11E0")
# what zipfile raises on a damaged file; the last two on a locked entry and an unknown way of packing
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
_RESAVE = "Open it in Word and save it again as .docx."

# Word writes the first namespace, and the second when a file is saved as "Strict Open XML"
_WORD_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_CHARACTERS = {
    "tab": "\t",
    "ptab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "\u2011",
    "softHyphen": "\u00ad",
}
_WRAPPERS = (
    *("ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml", "dir", "bdo"),
    *("drawing", "pict", "object"),
)
_OTHERS = (
    *("t", "r", "p", "tbl", "tr", "tc", "pPr", "rPr", "trPr", "b", "rStyle", "del", "moveFrom", "body"),
    "txbxContent",
)
_LOCAL = {
    f"{{{space}}}{name}": name for space in _WORD_SPACES for name in (*_CHARACTERS, *_WRAPPERS, *_OTHERS)
}
_LOCAL[_COMPATIBILITY + "AlternateContent"] = "AlternateContent"
_VALUES = tuple(f"{{{space}}}val" for space in _WORD_SPACES)
_OFF = frozenset({"0", "false", "off", "none"})
# the character style behind Ctrl+B's neighbour "Strong", in an English and in a Dutch Word
_BOLD_STYLES = frozenset({"Strong", "Zwaar"})


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text of one weight.

    Parameters
    ----------
    text : str
        The characters, a tab and a line break among them.
    bold : bool
        Whether it is set in bold, directly or by the style *Strong*.
    """

    text: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph: its runs in order, neighbours of one weight taken together."""

    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """Return the characters of all runs."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its paragraphs; a table within it is laid out as one paragraph a row, cells by tabs."""

    paragraphs: tuple[Paragraph, ...]

    @property
    def text(self) -> str:
        """Return the paragraphs joined by newlines."""
        return "\n".join(paragraph.text for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: rows of cells, merged cells counted once."""

    rows: tuple[tuple[Cell, ...], ...]


Block: TypeAlias = Paragraph | Table


def read_blocks(path: Path, data: bytes) -> tuple[Block, ...]:
    """Return the paragraphs and tables of a Word file, in the order of the body.

    Parameters
    ----------
    path : Path
        Where the file came from, for messages.
    data : bytes
        The file.

    Returns
    -------
    tuple of Paragraph or Table
        Empty paragraphs included.

    Raises
    ------
    SourceError
        When the file is no Word file that can be read, or holds no text.
    """
    root = _parse(path, read_part(path, data, DOCUMENT_PART))
    body = next((child for child in root if _LOCAL.get(child.tag) == "body"), None)
    blocks = tuple(_blocks(body)) if body is not None else ()
    if not any(_has_text(block) for block in blocks):
        raise SourceError(
            path, "the Word file holds no text.", "A picture of a text is not read; type it out."
        )
    return blocks


def read_part(path: Path, data: bytes, name: str) -> bytes:
    """Return one part of a Word file, unpacked.

    Parameters
    ----------
    path : Path
        Where the file came from, for messages.
    data : bytes
        The file.
    name : str
        The part, such as ``word/document.xml``; other parts are not touched.

    Raises
    ------
    SourceError
        When the file is empty, locked by a password, an old .doc, damaged, without this part, or when the
        part unpacks to more than `MAX_PART_BYTES`.
    """
    if not data:
        raise SourceError(path, "the file is empty (0 bytes).", "Copy it again from where it came from.")
    if data.startswith(_OLE_MAGIC):
        # a locked .docx is an OLE container whose streams are named in UTF-16
        if "EncryptedPackage".encode("utf-16-le") in data or b"EncryptedPackage" in data:
            raise SourceError(
                path, "the file is locked with a password.", "Take the password off in Word, and save it."
            )
        raise SourceError(path, "this is an old Word file (.doc).", "Open it in Word and save it as .docx.")
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            if name not in package.NameToInfo:
                raise SourceError(path, f"this is no Word file: it has no {name} inside.", _RESAVE)
            size = package.getinfo(name).file_size
            if size <= MAX_PART_BYTES:
                with package.open(name) as part:
                    # the directory of a zip can lie about the size, so the reading is bounded too
                    content = part.read(MAX_PART_BYTES + 1)
                size = len(content)
    except (*_DAMAGE, OSError, ValueError) as error:
        raise SourceError(path, "the file is damaged or no Word file at all.", _RESAVE) from error
    if size > MAX_PART_BYTES:
        raise SourceError(
            path,
            f"the text inside unpacks to more than {MAX_PART_BYTES // 1024**2} MB, which no transcript is.",
            "Copy the text into a new Word file.",
        )
    return content


def _parse(path: Path, xml: bytes) -> _Element:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        # lxml's own message may quote the text, so only the place is told
        line, column = error.position
        raise SourceError(
            path, f"the text inside is damaged (line {line}, column {column} of {DOCUMENT_PART}).", _RESAVE
        ) from None


def _has_text(block: Block) -> bool:
    if isinstance(block, Paragraph):
        return bool(block.text.strip())
    return any(cell.text.strip() for row in block.rows for cell in row)


def _blocks(parent: _Element) -> Iterator[Block]:
    held: list[Run] = []
    for child in _content(parent):
        match _LOCAL.get(child.tag):
            case "p":
                boxes: list[_Element] = []
                held.extend(_runs(child, boxes))
                if not _is_mark_deleted(child):
                    yield _paragraph(held)
                    held = []
                for box in boxes:
                    yield from _blocks(box)
            case "tbl":
                yield Table(tuple(_rows(child)))
    if held:
        yield _paragraph(held)


def _content(parent: _Element) -> Iterator[_Element]:
    """Give the children, with wrappers such as tracked insertions and content controls opened."""
    for child in parent:
        name = _LOCAL.get(child.tag)
        if name == "AlternateContent":
            yield from _content(_alternative(child))
        elif name in _WRAPPERS:
            yield from _content(child)
        else:
            yield child


def _alternative(element: _Element) -> _Element:
    """Give the one branch to read, for the same words may stand in each: the first that has any.

    A text box has them in all branches; an emoji only in the last, where the first names a font's symbol.
    """
    return next((branch for branch in element if _has_words(branch)), element)


def _has_words(branch: _Element) -> bool:
    return any(_LOCAL.get(found.tag) == "t" for found in branch.iter())


def _rows(table: _Element) -> Iterator[tuple[Cell, ...]]:
    for row in _content(table):
        if _LOCAL.get(row.tag) != "tr" or _is_row_deleted(row):
            continue
        cells = (cell for cell in _content(row) if _LOCAL.get(cell.tag) == "tc")
        yield tuple(Cell(tuple(_cell_paragraphs(cell))) for cell in cells)


def _cell_paragraphs(cell: _Element) -> Iterator[Paragraph]:
    blocks = list(_blocks(cell))
    # Word demands a paragraph after a table within a cell; when empty it is no text of anybody's
    if len(blocks) > 1 and isinstance(blocks[-2], Table) and not _has_text(blocks[-1]):
        blocks.pop()
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block
        else:
            for row in block.rows:
                yield Paragraph((Run("\t".join(inner.text for inner in row), bold=False),))


def _is_row_deleted(row: _Element) -> bool:
    properties = (child for child in row if _LOCAL.get(child.tag) == "trPr")
    return any(_LOCAL.get(child.tag) == "del" for one in properties for child in one)


def _is_mark_deleted(paragraph: _Element) -> bool:
    """Tell whether the paragraph's end is a tracked deletion: it then runs on into the next paragraph."""
    for properties in paragraph:
        if _LOCAL.get(properties.tag) == "pPr":
            marks = (child for child in properties if _LOCAL.get(child.tag) == "rPr")
            return any(_LOCAL.get(child.tag) in {"del", "moveFrom"} for mark in marks for child in mark)
    return False


def _runs(paragraph: _Element, boxes: list[_Element]) -> Iterator[Run]:
    """Give the runs of one paragraph, and put the text boxes that hang on it in `boxes`."""
    for child in paragraph:
        match _LOCAL.get(child.tag):
            case "r":
                pieces = list(_pieces(child, boxes))
                if pieces:
                    yield Run("".join(pieces), _is_bold(child))
            case "AlternateContent":
                yield from _runs(_alternative(child), boxes)
            case "drawing" | "pict" | "object":
                boxes.extend(_outer_boxes(child))
            case name if name in _WRAPPERS:
                yield from _runs(child, boxes)


def _pieces(run: _Element, boxes: list[_Element]) -> Iterator[str]:
    for child in run:
        name = _LOCAL.get(child.tag)
        if name == "t":
            # a bare newline within w:t is white space of the XML; Word shows a space
            yield (child.text or "").replace("\n", " ")
        elif name in _CHARACTERS:
            yield _CHARACTERS[name]
        elif name == "AlternateContent":
            yield from _pieces(_alternative(child), boxes)
        elif name in {"drawing", "pict", "object"}:
            boxes.extend(_outer_boxes(child))


def _outer_boxes(element: _Element) -> Iterator[_Element]:
    """Give the text boxes of a drawing; what hangs within such a box is found when the box is walked."""
    for child in element:
        name = _LOCAL.get(child.tag)
        if name == "txbxContent":
            yield child
        elif name == "AlternateContent":
            yield from _outer_boxes(_alternative(child))
        else:
            yield from _outer_boxes(child)


def _is_bold(run: _Element) -> bool:
    for properties in run:
        if _LOCAL.get(properties.tag) != "rPr":
            continue
        style = False
        for child in properties:
            name = _LOCAL.get(child.tag)
            if name == "b":
                return _value(child) not in _OFF
            style = style or (name == "rStyle" and _value(child) in _BOLD_STYLES)
        return style
    return False


def _value(element: _Element) -> str | None:
    return next((value for key in _VALUES if (value := element.get(key)) is not None), None)


def _paragraph(runs: list[Run]) -> Paragraph:
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].bold == run.bold:
            joined[-1] = Run(joined[-1].text + run.text, run.bold)
        else:
            joined.append(run)
    return Paragraph(tuple(joined))
