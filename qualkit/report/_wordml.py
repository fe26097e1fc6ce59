"""The little Word markup that `qualkit.report.coded` needs, as text: runs, rows, styles, parts of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from qualkit.model import Language

_SPECIAL = re.compile("[\0-\x1f\ufffe\uffff\ud800-\udfff&<>]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BREAKS = {"\n": "<w:br/>", "\t": "<w:tab/>", "\r": "<w:cr/>"}


def escape(text: str) -> str:
    """Return `text` fit for XML; a character that XML does not have becomes U+FFFD, so that it is seen."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return _ENTITIES.get(char) or (char if char in _BREAKS else "\ufffd")


def _broken(found: re.Match[str]) -> str:
    char = found[0]
    if char in _BREAKS:
        return f'</w:t>{_BREAKS[char]}<w:t xml:space="preserve">'
    return _escaped(found)


def run(text: str, style: str = "", more: str = "") -> str:
    """Return a run in a character style, with `more` as further run properties."""
    properties = f'<w:rStyle w:val="{style}"/>{more}' if style else more
    wrapped = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{wrapped}<w:t xml:space="preserve">{_SPECIAL.sub(_broken, text)}</w:t></w:r>'


def paragraph(style: str, runs: str) -> str:
    """Return a paragraph in a named style."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def counter(instruction: str) -> str:
    """Return a field that Word fills in with a number: ``PAGE`` or ``NUMPAGES``."""
    return f'<w:fldSimple w:instr=" {instruction} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'


TAB = "<w:r><w:tab/></w:r>"


def table(widths: Sequence[int], head: Sequence[str], description: str, rows: Iterable[str]) -> str:
    """Return a table with a header row that Word repeats on every page.

    Parameters
    ----------
    widths : sequence of int
        Of the columns, in twentieths of a point.
    head : sequence of str
        Cells of the header row.
    description : str
        What the table holds, for those who hear it read.
    rows : iterable of str
        As `row` makes them.
    """
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    heads = row(widths, head, "<w:cantSplit/><w:tblHeader/>")
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="Turns"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
        f'<w:tblDescription w:val="{escape(description)}"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"{heads}{''.join(rows)}</w:tbl>"
    )


def row(widths: Sequence[int], cells: Sequence[str], properties: str = "") -> str:
    """Return a table row; each cell holds at least one paragraph."""
    wrapped = f"<w:trPr>{properties}</w:trPr>" if properties else ""
    inner = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{cell}</w:tc>'
        for width, cell in zip(widths, cells, strict=True)
    )
    return f"<w:tr>{wrapped}{inner}</w:tr>"


def package_parts(body: str, footer: str, *, title: str, language: Language, date: str) -> dict[str, bytes]:
    """Return all parts of a Word file of one section, A4 upright, for `write_package`.

    Parameters
    ----------
    body : str
        Paragraphs and tables.
    footer : str
        The paragraph at the foot of every page.
    title : str
        For the file's properties.
    language : {"nl", "en"}
        Of the text.
    date : str
        ISO date, for the file's properties.
    """
    locale = {"nl": "nl-NL", "en": "en-GB"}[language]
    core = (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{date}T00:00:00Z</dcterms:created>'
        f"<dc:creator>qualkit</dc:creator><dc:language>{locale}</dc:language>"
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{date}T00:00:00Z</dcterms:modified>'
        f"<dc:title>{escape(title)}</dc:title></cp:coreProperties>"
    )
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relationships(
            (f"{_OFFICE}/officeDocument", "word/document.xml"),
            (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": core,
        "word/_rels/document.xml.rels": _relationships(
            (f"{_OFFICE}/styles", "styles.xml"),
            (f"{_OFFICE}/settings", "settings.xml"),
            (f"{_OFFICE}/footer", "footer1.xml"),
        ),
        "word/document.xml": (
            f'<w:document xmlns:w="{_MAIN}" xmlns:r="{_OFFICE}"><w:body>{body}<w:sectPr>'
            '<w:footerReference w:type="default" r:id="rId3"/><w:pgSz w:w="11906" w:h="16838"/>'
            '<w:pgMar w:top="1021" w:right="907" w:bottom="1021" w:left="907" w:header="567" w:footer="510" '
            'w:gutter="0"/></w:sectPr></w:body></w:document>'
        ),
        "word/footer1.xml": f'<w:ftr xmlns:w="{_MAIN}">{footer}</w:ftr>',
        "word/settings.xml": _SETTINGS,
        "word/styles.xml": f'<w:styles xmlns:w="{_MAIN}">{_STYLES.format(locale=locale)}</w:styles>',
    }
    return {name: f"{_XML}{part}".encode() for name, part in parts.items()}


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/footer1.xml" ContentType="{_WORD}.footer+xml"/>'
    f'<Override PartName="/word/settings.xml" ContentType="{_WORD}.settings+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)

# without the mode, Word opens the file as one of 2007 and says so in its title bar
_SETTINGS = (
    f'<w:settings xmlns:w="{_MAIN}"><w:defaultTabStop w:val="709"/><w:compat>'
    '<w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>'
)


def _relationships(*targets: tuple[str, str]) -> str:
    inner = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


# grey letters have 7 to 1 on white and more than 5 to 1 on the shade
_STYLES = """
<w:docDefaults><w:rPrDefault><w:rPr>
  <w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Calibri" w:cs="Calibri"/>
  <w:sz w:val="21"/><w:szCs w:val="21"/><w:lang w:val="{locale}"/>
</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/>
  <w:pPr><w:spacing w:before="0" w:after="60" w:line="259" w:lineRule="auto"/></w:pPr></w:style>
<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">
  <w:name w:val="Default Paragraph Font"/></w:style>
<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>
  <w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/>
  <w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/>
  </w:tblCellMar></w:tblPr></w:style>
<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:qFormat/>
  <w:pPr><w:spacing w:after="40" w:line="240" w:lineRule="auto"/></w:pPr>
  <w:rPr><w:b/><w:bCs/><w:sz w:val="34"/><w:szCs w:val="34"/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Subtitle"><w:name w:val="Subtitle"/>
  <w:basedOn w:val="Normal"/><w:qFormat/>
  <w:pPr><w:spacing w:after="100"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>
  <w:basedOn w:val="Normal"/><w:qFormat/>
  <w:pPr><w:keepNext/><w:spacing w:before="360" w:after="120"/><w:outlineLvl w:val="0"/></w:pPr>
  <w:rPr><w:b/><w:bCs/><w:sz w:val="26"/><w:szCs w:val="26"/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Footer"><w:name w:val="footer"/><w:basedOn w:val="Normal"/>
  <w:pPr><w:tabs><w:tab w:val="center" w:pos="5046"/><w:tab w:val="right" w:pos="10092"/></w:tabs>
  <w:spacing w:after="0"/></w:pPr>
  <w:rPr><w:color w:val="595959"/><w:sz w:val="17"/><w:szCs w:val="17"/></w:rPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="Legend"><w:name w:val="Legend"/>
  <w:basedOn w:val="Normal"/>
  <w:pPr><w:spacing w:before="80" w:after="160"/></w:pPr>
  <w:rPr><w:color w:val="595959"/><w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="Turn"><w:name w:val="Turn"/>
  <w:basedOn w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="Question"><w:name w:val="Question"/>
  <w:basedOn w:val="Turn"/><w:rPr><w:i/><w:iCs/><w:color w:val="595959"/></w:rPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="TurnNumber"><w:name w:val="Turn Number"/>
  <w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="30"/><w:jc w:val="right"/></w:pPr>
  <w:rPr><w:color w:val="595959"/><w:sz w:val="17"/><w:szCs w:val="17"/></w:rPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="Margin"><w:name w:val="Margin"/>
  <w:basedOn w:val="Normal"/>
  <w:pPr><w:tabs><w:tab w:val="left" w:pos="340"/></w:tabs>
  <w:spacing w:before="20" w:after="30" w:line="240" w:lineRule="auto"/>
  <w:ind w:left="340" w:hanging="340"/></w:pPr><w:rPr><w:sz w:val="17"/><w:szCs w:val="17"/></w:rPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="Cell"><w:name w:val="Cell"/>
  <w:basedOn w:val="Normal"/>
  <w:pPr><w:spacing w:before="20" w:after="20"/></w:pPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="CellNumber"><w:name w:val="Cell Number"/>
  <w:basedOn w:val="Cell"/><w:pPr><w:jc w:val="right"/></w:pPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="TableHead"><w:name w:val="Table Head"/>
  <w:basedOn w:val="Normal"/><w:pPr><w:keepNext/></w:pPr>
  <w:rPr><w:b/><w:bCs/><w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="TableHeadNumber">
  <w:name w:val="Table Head Number"/><w:basedOn w:val="TableHead"/>
 <w:pPr><w:jc w:val="right"/></w:pPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="Speaker"><w:name w:val="Speaker"/>
  <w:rPr><w:b/><w:bCs/></w:rPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="TimeMark"><w:name w:val="Time Mark"/>
  <w:rPr><w:color w:val="595959"/><w:sz w:val="17"/><w:szCs w:val="17"/></w:rPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="Coded"><w:name w:val="Coded"/>
  <w:rPr><w:u w:val="single"/></w:rPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="CodedTwice"><w:name w:val="Coded Twice"/>
  <w:rPr><w:u w:val="single"/><w:shd w:val="clear" w:color="auto" w:fill="E6E6E6"/></w:rPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="QuotationNumber">
  <w:name w:val="Quotation Number"/>
  <w:rPr><w:b/><w:bCs/><w:i w:val="0"/><w:iCs w:val="0"/><w:color w:val="262626"/>
  <w:sz w:val="23"/><w:szCs w:val="23"/><w:u w:val="none"/>
  <w:vertAlign w:val="superscript"/></w:rPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="MarginNumber"><w:name w:val="Margin Number"/>
  <w:rPr><w:b/><w:bCs/></w:rPr></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="MarginRemark"><w:name w:val="Margin Remark"/>
  <w:rPr><w:i/><w:iCs/><w:color w:val="595959"/></w:rPr></w:style>
<w:style w:type="table" w:customStyle="1" w:styleId="Turns"><w:name w:val="Turns"/>
  <w:basedOn w:val="TableNormal"/>
  <w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="404040"/>
  <w:bottom w:val="single" w:sz="8" w:space="0" w:color="404040"/>
  <w:insideH w:val="single" w:sz="4" w:space="0" w:color="D0D0D0"/></w:tblBorders>
  <w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>
  <w:bottom w:w="20" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>
"""
