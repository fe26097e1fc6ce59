"""Pieces of WordprocessingML as text.

Text and not elements: a report of forty pages holds tens of thousands of elements, and parsing one string is
some twenty times as fast as python-docx's own cell by cell access. Style ids come in from outside, since a
house style names its styles as it likes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from qualkit.report.values import Inline

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATION = f"{{{R}}}id"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{R}" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
EMU_PER_CM = 360_000
TWIPS_PER_CM = 567
# Word refuses a longer tag or title of a content control.
CONTROL_NAME = 64

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNENCODABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("(\t|\n)")


def w(name: str) -> str:
    """Return `name` in the WordprocessingML namespace, as lxml writes it.

    Parameters
    ----------
    name : str
        Local name, such as ``tblHeader``.

    Returns
    -------
    str
        ``{http://…/main}tblHeader``.
    """
    return f"{{{W}}}{name}"


def clean(text: str) -> str:
    """Return `text` without what XML cannot hold.

    Control characters that XML forbids go; other forbidden code points (half of a surrogate pair, U+FFFE)
    become U+FFFD, so that a reader sees that something stood there.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same text, with one kind of newline.
    """
    return _UNENCODABLE.sub("\ufffd", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def escaped(text: str) -> str:
    """Return `text` fit for XML, in content and in a double-quoted attribute.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same text, cleaned and escaped.
    """
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def run(text: str, props: str = "") -> str:
    """Return a run; a newline becomes a line break, a tab a tab.

    Parameters
    ----------
    text : str
        What it says.
    props : str
        Content of its ``w:rPr``.

    Returns
    -------
    str
        ``w:r``, or nothing when there is no text.
    """
    if not text:
        return ""
    rpr = f"<w:rPr>{props}</w:rPr>" if props else ""
    text = escaped(text)
    if "\n" not in text and "\t" not in text:
        return f'<w:r>{rpr}<w:t xml:space="preserve">{text}</w:t></w:r>'
    parts = []
    for part in _BREAKS.split(text):
        if part == "\n":
            parts.append("<w:br/>")
        elif part == "\t":
            parts.append("<w:tab/>")
        elif part:
            parts.append(f'<w:t xml:space="preserve">{part}</w:t>')
    return f"<w:r>{rpr}{''.join(parts)}</w:r>"


def runs(inline: Inline) -> str:
    """Return the runs of a paragraph.

    Parameters
    ----------
    inline : tuple of Run
        Text with bold and italic.

    Returns
    -------
    str
        ``w:r`` elements.
    """
    return "".join(
        run(one.text, ("<w:b/><w:bCs/>" if one.bold else "") + ("<w:i/><w:iCs/>" if one.italic else ""))
        for one in inline
    )


def paragraph(style: str, content: str, props: str = "") -> str:
    """Return a paragraph.

    Parameters
    ----------
    style : str
        Style id.
    content : str
        Runs, fields and bookmarks as XML.
    props : str
        What follows ``w:pStyle`` in ``w:pPr``, in the order of the schema.

    Returns
    -------
    str
        ``w:p``.
    """
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{props}</w:pPr>{content}</w:p>'


def field(instruction: str, shown: str, props: str = "") -> str:
    r"""Return a field that Word works out anew when it opens the file.

    Parameters
    ----------
    instruction : str
        Such as ``PAGEREF _Toc1 \h``.
    shown : str
        What stands there until then.
    props : str
        Content of the ``w:rPr`` of each run; Word takes the look of a new result from the first.

    Returns
    -------
    str
        Five runs.
    """
    rpr = f"<w:rPr>{props}</w:rPr>" if props else ""
    return (
        f'<w:r>{rpr}<w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
        f'<w:r>{rpr}<w:instrText xml:space="preserve"> {escaped(instruction)} </w:instrText></w:r>'
        f'<w:r>{rpr}<w:fldChar w:fldCharType="separate"/></w:r>{run(shown, props)}'
        f'<w:r>{rpr}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def control_tag(block_id: str) -> str:
    """Return the tag of the content control around the block `block_id`.

    Parameters
    ----------
    block_id : str
        The id of a table, figure or generated stretch.

    Returns
    -------
    str
        ``qualkit:`` and the id; an id too long for Word is cut and ends in a piece of its hash.
    """
    tag = f"qualkit:{block_id}"
    if len(tag) <= CONTROL_NAME:
        return tag
    return f"{tag[: CONTROL_NAME - 9]}~{hashlib.sha256(tag.encode()).hexdigest()[:8]}"


def control(tag: str, alias: str, number: int, content: str) -> str:
    """Return a block-level content control.

    Parameters
    ----------
    tag : str
        From `control_tag`.
    alias : str
        What Word shows on its handle; cut when too long.
    number : int
        Its id, unique in the file.
    content : str
        Paragraphs and tables as XML.

    Returns
    -------
    str
        ``w:sdt``.
    """
    if len(alias) > CONTROL_NAME:
        alias = alias[: CONTROL_NAME - 1] + "…"
    return (
        f'<w:sdt><w:sdtPr><w:alias w:val="{escaped(alias)}"/><w:tag w:val="{escaped(tag)}"/>'
        f'<w:id w:val="{number}"/></w:sdtPr><w:sdtContent>{content or "<w:p/>"}</w:sdtContent></w:sdt>'
    )


def control_number(tag: str, used: set[int]) -> int:
    """Return an id for a content control that stays the same from build to build.

    Parameters
    ----------
    tag : str
        Its tag.
    used : set of int
        Ids already given; the new one is added.

    Returns
    -------
    int
        1 up to 2**31 - 1: Word reads it as a signed 32-bit number.
    """
    number = int.from_bytes(hashlib.sha256(tag.encode("utf-8", "replace")).digest()[:4], "big") & 0x7FFFFFFF
    while number == 0 or number in used:
        number = (number + 1) & 0x7FFFFFFF
    used.add(number)
    return number


def picture(relation: str, number: int, *, name: str, alt: str, width: int, height: int) -> str:
    """Return a run with a picture that stands in the line.

    Parameters
    ----------
    relation : str
        Relationship id of the image.
    number : int
        Id unique among the drawings of the file.
    name, alt : str
        Its name, and what it shows.
    width, height : int
        In EMU.

    Returns
    -------
    str
        ``w:r``.
    """
    known = f'id="{number}" name="{escaped(name)}" descr="{escaped(alt)}"'
    size = f'cx="{width}" cy="{height}"'
    uri = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    return (
        f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent {size}/>'
        f'<wp:docPr {known}/><wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/>'
        f'</wp:cNvGraphicFramePr><a:graphic><a:graphicData uri="{uri}"><pic:pic><pic:nvPicPr>'
        f'<pic:cNvPr {known}/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="{relation}"/>'
        "<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>"
        f'<a:off x="0" y="0"/><a:ext {size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def column_widths(shares: Sequence[float], total: int) -> list[int]:
    """Return the widths of the columns in twips; they add up to `total` exactly.

    Parameters
    ----------
    shares : sequence of float
        Share of each column; made to add up to 1.
    total : int
        Width of the text.

    Returns
    -------
    list of int
        One per column.
    """
    whole = sum(shares)
    edges, sofar = [0], 0.0
    for share in shares:
        sofar += share
        edges.append(round(total * sofar / whole))
    return [after - before for before, after in pairwise(edges)]


def row(cells: Iterable[str], *, header: bool = False) -> str:
    """Return a table row that is not broken across pages.

    Parameters
    ----------
    cells : iterable of str
        ``w:tc`` elements.
    header : bool
        Whether Word repeats it on every page.

    Returns
    -------
    str
        ``w:tr``.
    """
    repeat = "<w:tblHeader/>" if header else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeat}</w:trPr>{''.join(cells)}</w:tr>"


def cell(width: int, content: str, *, span: int = 1, fill: str = "") -> str:
    """Return a table cell.

    Parameters
    ----------
    width : int
        In twips.
    content : str
        Its paragraphs.
    span : int
        Number of columns it covers.
    fill : str
        Background, six hex digits.

    Returns
    -------
    str
        ``w:tc``.
    """
    grid = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{grid}{shade}</w:tcPr>{content}</w:tc>'


def table(style: str, widths: Sequence[int], rows: Iterable[str], *, title: str, description: str) -> str:
    """Return a table of fixed widths with its alt text.

    Parameters
    ----------
    style : str
        Id of the table style.
    widths : sequence of int
        Of the columns, in twips.
    rows : iterable of str
        ``w:tr`` elements, the header row first.
    title, description : str
        For those who hear it read.

    Returns
    -------
    str
        ``w:tbl``.
    """
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    told = f'<w:tblDescription w:val="{escaped(description)}"/>' if description else ""
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        f'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/><w:tblCaption w:val="{escaped(title)}"/>{told}'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
