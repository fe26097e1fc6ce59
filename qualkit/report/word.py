"""A report as a Word file: the form in which evaluators hand their work to a municipality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from docx.image.exceptions import InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError
from lxml import etree

from qualkit.errors import OutputError
from qualkit.locale import words
from qualkit.report import ooxml_parts as ooxml
from qualkit.report.ooxml_parts import EMU_PER_CM, TWIPS_PER_CM, field, paragraph, run, runs, w
from qualkit.report.package import write_package
from qualkit.report.values import (
    Block,
    Figure,
    Generated,
    Heading,
    Landscape,
    ListItem,
    Paragraph,
    Quote,
    Report,
    Table,
)
from qualkit.report.word_front import Entry, add_footer, contents, cover, describe
from qualkit.report.word_house import House, elements
from qualkit.report.word_styles import GROUP_FILL, HEADINGS, TABLE

# The APA's border between a quotation in quotation marks and one set apart without.
BLOCK_QUOTE_WORDS = 40
# A table of at most this many rows is not split over two pages.
SHORT_TABLE = 8

_KEEP_NEXT = "<w:keepNext/>"
_UNNUMBERED = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="0"/></w:numPr>'


def to_docx(report: Report, path: Path, *, template: Path | None = None) -> None:
    """Write `report` to `path` as a Word file; the same report gives the same bytes.

    Parameters
    ----------
    report : Report
        What the file says.
    path : Path
        Where to; a file that stands there is replaced once the new one is whole.
    template : Path or None
        A house style as .docx or .dotx: its styles, page set-up, header and footer are used as they are,
        its text is not. None means qualkit's own look.

    Raises
    ------
    OutputError
        When the template cannot be read, a block cannot be shown, or the file cannot be written.
    """
    house = House(template, words(report.language, "word")["tag"])
    body = _Body(report, house)
    body.write()
    describe(house, report)
    out = BytesIO()
    house.document.save(out)
    with ZipFile(out) as package:
        write_package(path, {name: package.read(name) for name in package.namelist()})


def _starts_chapter(blocks: Sequence[Block]) -> bool:
    """Return whether the content opens on a new page of its own accord."""
    if not blocks:
        return True
    first = blocks[0]
    if isinstance(first, Generated):
        return _starts_chapter(first.blocks)
    return isinstance(first, Landscape) or (isinstance(first, Heading) and first.level <= 1)


class _Body:
    """The body of one document while it is being written, as XML text in the order of the page."""

    def __init__(self, report: Report, house: House) -> None:
        self.report, self.house = report, house
        self.words = words(report.language, "word")
        # How the pages being written lie, and how the blocks being read want them.
        self.landscape = self.inside = False
        self.sections = 0
        self.counts = [0, 0, 0]
        self.unnumbered = 9
        self.labels = {"table": 0, "figure": 0}
        self.controls: set[int] = set()
        self.entries: list[Entry] = []
        self.list_num: int | None = None

    def write(self) -> None:
        """Put the whole report into the document."""
        add_footer(self.house, self.report.title, self.words)
        content = self._blocks(self.report.blocks)
        start = "" if _starts_chapter(self.report.blocks) else paragraph(
            self.house.id("Section Break"), '<w:r><w:br w:type="page"/></w:r>'
        )  # fmt: skip
        body = self.house.document.element.body
        for child in list(body):
            body.remove(child)
        control = ooxml.control_number("contents", self.controls)
        front = cover(self.house, self.report) + contents(self.house, self.words, self.entries, control)
        body.extend(elements(front + start + content))
        body.append(self._section())
        first = next(body.iter(w("sectPr")))
        # python-docx knows where in the section w:titlePg belongs.
        first.titlePg_val = True

    def _blocks(self, blocks: Iterable[Block]) -> str:
        return "".join(self._block(block) for block in blocks)

    def _block(self, block: Block) -> str:
        if not (isinstance(block, ListItem) and block.ordered):
            self.list_num = None
        if isinstance(block, Landscape):
            return self._sideways(block)
        if isinstance(block, Generated):
            # The page turns before the control opens, so that a refresh of the control leaves the page alone.
            sideways = bool(block.blocks) and isinstance(block.blocks[0], Landscape)
            turn = self._turn(landscape=self.inside or sideways)
            return turn + self._control(block.id, block.id, self._blocks(block.blocks))
        turn = self._turn(landscape=self.inside)
        match block:
            case Heading():
                return turn + self._heading(block)
            case Paragraph():
                return turn + paragraph(self.house.id("Normal"), runs(block.runs))
            case ListItem():
                return turn + self._item(block)
            case Quote():
                return turn + self._quote(block)
            case Table():
                return turn + self._table(block)
            case Figure():
                return turn + self._figure(block)

    def _sideways(self, block: Landscape) -> str:
        outer, self.inside = self.inside, True
        content = self._blocks(block.blocks)
        self.inside = outer
        return content

    def _turn(self, *, landscape: bool) -> str:
        """Return the end of the section before, when the page now turns; else nothing."""
        if landscape == self.landscape:
            return ""
        ended = self._section()
        self.landscape = landscape
        return paragraph(self.house.id("Section Break"), "", etree.tostring(ended, encoding="unicode"))

    def _section(self) -> Any:
        """Return the set-up of the pages that are being written."""
        section = deepcopy(self.house.section)
        size = section.find(w("pgSz"))
        wide, high = int(size.get(w("w"))), int(size.get(w("h")))
        if self.landscape and wide < high:
            size.set(w("w"), str(high))
            size.set(w("h"), str(wide))
            size.set(w("orient"), "landscape")
        if self.sections:
            # Else the page numbers start anew and the title page's header comes back in mid-report.
            for name in ("pgNumType", "titlePg"):
                for child in section.findall(w(name)):
                    section.remove(child)
        self.sections += 1
        return section

    def _text_size(self) -> tuple[int, int]:
        return self.house.text_size(landscape=self.landscape)

    def _heading(self, block: Heading) -> str:
        level = min(max(block.level, 1), 4)
        name = f"heading {level}"
        if level <= self.unnumbered:
            self.unnumbered = 9 if block.numbered else level
        # Below a heading without number a number would count on from the chapter before.
        numbered = block.numbered and self.unnumbered == 9 and level <= len(HEADINGS)
        props = ""
        if level == 1 and name not in self.house.own:
            props = "<w:pageBreakBefore/>"
        if not numbered:
            props += _UNNUMBERED + '<w:ind w:left="0" w:firstLine="0"/>'
        elif not self.house.numbers(name):
            num = self.house.heading_num
            props += f'<w:numPr><w:ilvl w:val="{level - 1}"/><w:numId w:val="{num}"/></w:numPr>'
        if level > len(HEADINGS):
            return paragraph(self.house.id(name), run(block.text), props)
        mark = len(self.entries) + 1
        bookmark = f"_Toc{mark:08d}"
        number = self._number(level) if numbered else ""
        self.entries.append(Entry(level, number, block.text.strip(), bookmark))
        begin, end = (
            f'<w:bookmarkStart w:id="{mark}" w:name="{bookmark}"/>',
            f'<w:bookmarkEnd w:id="{mark}"/>',
        )
        return paragraph(self.house.id(name), begin + run(block.text) + end, props)

    def _number(self, level: int) -> str:
        """Return the number that Word will show, for the table of contents."""
        self.counts[level - 1] += 1
        self.counts[level:] = [0] * (len(self.counts) - level)
        return ".".join(str(max(count, 1)) for count in self.counts[:level])

    def _item(self, block: ListItem) -> str:
        if not block.ordered:
            name, num = "List Bullet", None if self.house.numbers("List Bullet") else self.house.bullet_num
        else:
            if self.list_num is None:
                self.list_num = self.house.restarted()
            name, num = "List Number", self.list_num
        props = "" if num is None else f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{num}"/></w:numPr>'
        return paragraph(self.house.id(name), runs(block.runs), props)

    def _quote(self, block: Quote) -> str:
        words = block.words.strip()
        block_quote = len(words.split()) >= BLOCK_QUOTE_WORDS
        said = run(words if block_quote else f"“{words}”")
        if block.speaker:
            source = f'<w:rStyle w:val="{self.house.id("Quote Source", "character")}"/>'
            said += run(f" ({block.speaker})", source)
        asked = paragraph(self.house.id("Quote Question"), run(block.question)) if block.question else ""
        return asked + paragraph(self.house.id("Block Quote" if block_quote else "Quote"), said)

    def _caption(self, kind: str, text: str, props: str = "") -> str:
        self.labels[kind] += 1
        label, bold = self.words[kind], "<w:b/><w:bCs/>"
        content = run(f"{label} ", bold) + field(f"SEQ {label} \\* ARABIC", str(self.labels[kind]), bold)
        return paragraph(self.house.id("caption"), content + run(".", bold) + run(f" {text}"), props)

    def _control(self, block_id: str, alias: str, content: str) -> str:
        tag = ooxml.control_tag(block_id)
        return ooxml.control(tag, alias, ooxml.control_number(tag, self.controls), content)

    def _table(self, block: Table) -> str:
        columns = len(block.header)
        if len(block.widths) != columns or not columns or min(block.widths) <= 0:
            raise OutputError(
                f'table "{block.id}": wants one width above 0 for each of its {columns} columns.'
            )
        house = self.house
        widths = ooxml.column_widths(block.widths, self._text_size()[0])
        heading, text = house.id("Table Heading"), house.id("Table Text")
        centred = ['<w:jc w:val="center"/>' if column in block.numeric else "" for column in range(columns)]
        rows = [
            ooxml.row(
                (
                    ooxml.cell(width, paragraph(heading, run(one), jc))
                    for width, one, jc in zip(widths, block.header, centred, strict=True)
                ),
                header=True,
            )
        ]
        last = len(block.rows) - 1
        for number, cells in enumerate(block.rows):
            if number in block.groups:
                title = paragraph(house.id("Table Group"), run("".join(cells[:1])))
                rows.append(ooxml.row([ooxml.cell(sum(widths), title, span=columns, fill=GROUP_FILL)]))
                continue
            if len(cells) != columns:
                raise OutputError(
                    f'table "{block.id}", row {number + 1}: {len(cells)} cells, the header has {columns}.'
                )
            # The note stays with the last row, and a short table stays in one piece.
            keep = (
                _KEEP_NEXT if (number < last if last < SHORT_TABLE else number == last and block.note) else ""
            )
            rows.append(
                ooxml.row(
                    ooxml.cell(width, paragraph(text, run(one), keep + jc))
                    for width, one, jc in zip(widths, cells, centred, strict=True)
                )
            )
        caption = self._caption("table", block.caption, _KEEP_NEXT)
        style = house.id(TABLE, "table")
        shown = ooxml.table(style, widths, rows, title=block.caption, description=block.description)
        # Without a note the same paragraph, empty, keeps the text below at a distance.
        note = paragraph(house.id("Table Note"), run(block.note))
        return self._control(block.id, f"{self.words['table']}: {block.caption}", caption + shown + note)

    def _figure(self, block: Figure) -> str:
        try:
            relation, image = self.house.part.get_or_add_image(BytesIO(block.png))
        except (UnrecognizedImageError, InvalidImageStreamError, UnexpectedEndOfFileError) as error:
            raise OutputError(f'figure "{block.id}": its bytes are no picture that Word can show.') from error
        wide, high = (side / TWIPS_PER_CM for side in self._text_size())
        width = min(block.width_cm, wide)
        height = width * image.px_height / image.px_width
        # The caption needs some of the page too.
        room = high - 2.5
        if height > room:
            width, height = width * room / height, room
        number = self.labels["figure"] + 1
        shown = ooxml.picture(
            relation,
            number,
            name=f"{self.words['figure']} {number}",
            alt=block.alt or block.caption,
            width=round(width * EMU_PER_CM),
            height=round(height * EMU_PER_CM),
        )
        close = '<w:spacing w:before="80" w:after="280"/>' if "caption" in self.house.own else ""
        content = paragraph(self.house.id("Figure"), shown, _KEEP_NEXT)
        content += self._caption("figure", block.caption, close)
        return self._control(block.id, f"{self.words['figure']}: {block.caption}", content)
