"""What stands around the content of a Word report: title page, contents, footer, file properties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from qualkit.errors import OutputError
from qualkit.locale import words, written_date
from qualkit.report.ooxml_parts import RELATION, clean, field, paragraph, run, w
from qualkit.report.values import Report
from qualkit.report.word_house import House, elements


class Entry(NamedTuple):
    """A heading as the table of contents shows it; `number` is empty when it has none."""

    level: int
    number: str
    text: str
    bookmark: str


def _day(iso: str) -> date:
    try:
        return date.fromisoformat(iso[:10])
    except ValueError as error:
        raise OutputError(f'report date "{iso}" is not a date. Write it as 2021-11-30.') from error


def describe(house: House, report: Report) -> None:
    """Fill the file's properties; those of the template speak of another document.

    Parameters
    ----------
    house : House
        The document.
    report : Report
        Its title, authors, language and date.
    """
    properties = house.document.core_properties
    for child in list(properties._element):
        properties._element.remove(child)
    properties.title, properties.subject = clean(report.title)[:255], clean(report.subtitle)[:255]
    properties.author = clean("; ".join(report.authors) or report.organisation)[:255]
    properties.last_modified_by = properties.author
    properties.language = words(report.language, "word")["tag"]
    properties.created = properties.modified = datetime.combine(_day(report.date), datetime.min.time())
    properties.revision = 1


def cover(house: House, report: Report) -> str:
    """Return the title page.

    Parameters
    ----------
    house : House
        Its look.
    report : Report
        What it says.

    Returns
    -------
    str
        Paragraphs.
    """
    lines = [report.organisation, ", ".join(report.authors), written_date(report.date, report.language)]
    parts = [paragraph(house.id("Title"), run(report.title))]
    if report.subtitle:
        parts.append(paragraph(house.id("Subtitle"), run(report.subtitle)))
    parts += [paragraph(house.id("Cover Text"), run(line)) for line in lines if line]
    if report.notice:
        parts.append(paragraph(house.id("Cover Notice"), run(report.notice)))
    return "".join(parts)


def contents(house: House, words: dict[str, str], entries: Sequence[Entry], control: int) -> str:
    """Return the table of contents with what Word would put there itself, but for the page numbers.

    Only a program that lays out the page knows those; Word fills them in when it opens the file.

    Parameters
    ----------
    house : House
        Its look.
    words : dict of str to str
        The section *word* of `qualkit.locale`.
    entries : sequence of Entry
        The headings in their order; nothing is returned when there are none.
    control : int
        Id of the content control in which Word keeps it.

    Returns
    -------
    str
        A content control that opens a new page.
    """
    if not entries:
        return ""
    title = paragraph(house.id("TOC Heading"), run(words["contents"]), "<w:keepNext/><w:pageBreakBefore/>")
    code = ' TOC \\o "1-3" \\h \\z \\u '
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{code}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    lines = []
    for level, number, text, bookmark in entries:
        page = field(f"PAGEREF {bookmark} \\h", "…")
        before = f"{run(number)}<w:r><w:tab/></w:r>" if number else ""
        entry = f"{before}{run(text)}<w:r><w:tab/></w:r>{page}"
        link = f'<w:hyperlink w:anchor="{bookmark}" w:history="1">{entry}</w:hyperlink>'
        lines.append(paragraph(house.id(f"toc {level}"), begin + link, _tabs(house, level, number)))
        begin = ""
    end = paragraph(house.id("Section Break"), '<w:r><w:fldChar w:fldCharType="end"/></w:r>')
    inside = title + "".join(lines) + end
    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/></w:docPartObj>'
    return (
        f'<w:sdt><w:sdtPr><w:id w:val="{control}"/>{gallery}</w:sdtPr>'
        f"<w:sdtContent>{inside}</w:sdtContent></w:sdt>"
    )


def _tabs(house: House, level: int, number: str) -> str:
    """Return what an entry needs besides its style; Word's own styles for it hold no tab stops."""
    if f"toc {level}" in house.own:
        # Without a number a second line starts where the first does.
        return '<w:ind w:left="0" w:firstLine="0"/>' if level == 1 and not number else ""
    left = f'<w:tab w:val="left" w:pos="{220 * (3 * level - 1)}"/>' if number else ""
    edge = house.text_size()[0]
    return f'<w:tabs>{left}<w:tab w:val="right" w:leader="dot" w:pos="{edge}"/></w:tabs>'


def add_footer(house: House, title: str, words: dict[str, str]) -> None:
    """Add title and page number to the foot of the page, unless the house style has something there.

    Parameters
    ----------
    house : House
        The document.
    title : str
        Of the report.
    words : dict of str to str
        The section *word* of `qualkit.locale`.
    """
    kind = f'{w("footerReference")}[@{w("type")}="default"]'
    found = house.section.find(kind)
    if found is None:
        part, relation = house.part.add_footer_part()
        ref = elements(f'<w:footerReference w:type="default" r:id="{relation}"/>')[0]
        house.section.insert(0, ref)
    else:
        part = house.part.related_parts[found.get(RELATION)]
        if len(part.element) != 1 or next(part.element.iter(w("r")), None) is not None:
            return
    line = (
        run(f"{title} — {words['page']} ")
        + field("PAGE", "1")
        + run(f" {words['of']} ")
        + field("NUMPAGES", "1")
    )
    for child in list(part.element):
        part.element.remove(child)
    part.element.extend(elements(paragraph(house.id("footer"), line)))
