"""The styles, settings and page that qualkit gives a Word report of its own accord, as WordprocessingML."""

from __future__ import annotations

from typing import NamedTuple

ACCENT, TINT, RULE, GREY = "1F4E5F", "E6EDF0", "C3CED3", "595959"
# Rows that head a group; a grey that goes with the colours of any house style.
GROUP_FILL = "F1F3F4"
HEADINGS = ("heading 1", "heading 2", "heading 3")


class Style(NamedTuple):
    """One style of qualkit, with ``{accent}`` and ``{right}`` still to be filled in."""

    name: str
    id: str
    based: str
    follows: str
    ppr: str
    rpr: str


def _space(before: int, after: int, line: int = 276) -> str:
    return f'<w:spacing w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="auto"/>'


def _size(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


_KEEP_NEXT, _KEEP = "<w:keepNext/>", "<w:keepNext/><w:keepLines/>"
_BOLD, _COLOUR = "<w:b/><w:bCs/>", '<w:color w:val="{accent}"/>'
_MUTED = f'<w:color w:val="{GREY}"/>'
_BAR = f'<w:pBdr><w:left w:val="single" w:sz="12" w:space="10" w:color="{RULE}"/></w:pBdr>'
_QUOTED = '<w:ind w:left="567" w:right="567"/>'


def _toc(level: int, left: int, number: int, space: str) -> Style:
    ppr = (
        f'<w:tabs><w:tab w:val="left" w:pos="{left + number}"/>'
        f'<w:tab w:val="right" w:leader="dot" w:pos="{{right}}"/></w:tabs>{space}'
        f'<w:ind w:left="{left + number}" w:right="567" w:hanging="{number}"/>'
    )
    return Style(f"toc {level}", f"TOC{level}", "Normal", "Normal", ppr, _BOLD if level == 1 else "")


def _heading(level: int, space: str, size: int) -> Style:
    new_page = "<w:pageBreakBefore/>" if level == 1 else ""
    number = "{number}" if level <= len(HEADINGS) else ""
    ppr = f'{_KEEP}{new_page}{number}<w:suppressAutoHyphens/>{space}<w:outlineLvl w:val="{level - 1}"/>'
    return Style(
        f"heading {level}", f"Heading{level}", "Normal", "Normal", ppr, _BOLD + _COLOUR + _size(size)
    )


def _plain(name: str, based: str, follows: str, ppr: str, rpr: str = "") -> Style:
    style_id = name[0].upper() + name[1:].replace(" ", "")
    return Style(name, style_id, based, follows, ppr, rpr)


_CHAPTER = _BOLD + _COLOUR + _size(36)
_LINE = '<w:pBdr><w:top w:val="single" w:sz="8" w:space="8" w:color="{accent}"/></w:pBdr>'
_TIGHT = _space(0, 140) + "<w:contextualSpacing/>"
_TINY = '<w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
_HYPHENS = '<w:suppressAutoHyphens w:val="0"/>'
PARAGRAPHS = (
    _plain("Normal", "", "", ""),
    _heading(1, _space(0, 280, 252), 36),
    _heading(2, _space(340, 110, 252), 27),
    _heading(3, _space(260, 80, 252), 23),
    _heading(4, _space(200, 60, 252), 21),
    _plain("Title", "Normal", "Subtitle", _space(3400, 160, 240), _BOLD + _COLOUR + _size(60)),
    _plain("Subtitle", "Normal", "Normal", _space(0, 1200, 252), _MUTED + _size(30)),
    _plain("Cover Text", "Normal", "Cover Text", _space(0, 60), _size(24)),
    _plain("Cover Notice", "Normal", "Normal", _LINE + _space(1200, 0)),
    _plain("TOC Heading", "Normal", "Normal", _KEEP + _space(0, 280, 252), _CHAPTER),
    _toc(1, 0, 454, _space(140, 20, 252)),
    _toc(2, 454, 624, _space(0, 20, 252)),
    _toc(3, 1078, 794, _space(0, 20, 252)),
    _plain("caption", "Normal", "Normal", "<w:keepLines/>" + _space(240, 100, 252), _COLOUR + _size(19)),
    _plain("Quote", "Normal", "Normal", "<w:keepLines/>" + _BAR + _space(40, 160) + _QUOTED),
    _plain("Block Quote", "Quote", "Normal", ""),
    _plain("Quote Question", "Quote", "Quote", _KEEP + _space(120, 0, 252), _MUTED + _size(18)),
    _plain("List Bullet", "Normal", "", "{bullet}" + _TIGHT),
    _plain("List Number", "Normal", "", "{ordered}" + _TIGHT),
    _plain("Table Text", "Normal", "", _HYPHENS + _space(30, 30, 247), _size(18)),
    _plain("Table Heading", "Table Text", "", _KEEP_NEXT, _BOLD + _COLOUR),
    _plain("Table Group", "Table Text", "", _KEEP_NEXT + _space(50, 50, 247), _BOLD),
    _plain("Table Note", "Normal", "Normal", _space(80, 280, 247), _MUTED + _size(17)),
    _plain("Figure", "Normal", "caption", _KEEP_NEXT + _space(200, 40, 240)),
    _plain("Section Break", "Normal", "Normal", _TINY, _size(2)),
    _plain("footer", "Normal", "", _space(0, 0, 240) + '<w:jc w:val="right"/>', _MUTED + _size(17)),
)
CHARACTERS = (_plain("Quote Source", "", "", "", _MUTED + _size(18)),)
TABLE = "Qualkit Table"

DEFAULTS = (
    "<w:docDefaults><w:rPrDefault><w:rPr>"
    '<w:rFonts w:ascii="Calibri" w:eastAsia="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>'
    '<w:sz w:val="21"/><w:szCs w:val="21"/><w:lang w:val="en-GB" w:eastAsia="en-US" w:bidi="ar-SA"/></w:rPr>'
    "</w:rPrDefault><w:pPrDefault><w:pPr><w:widowControl/><w:suppressAutoHyphens/>"
    '<w:spacing w:after="140" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>'
)
BASE_STYLES = (
    '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
    '<w:name w:val="Default Paragraph Font"/><w:uiPriority w:val="1"/><w:semiHidden/></w:style>',
    '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
    '<w:uiPriority w:val="99"/><w:semiHidden/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar>'
    '<w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/>'
    '<w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>',
    '<w:style w:type="numbering" w:default="1" w:styleId="NoList"><w:name w:val="No List"/>'
    '<w:uiPriority w:val="99"/><w:semiHidden/></w:style>',
)
_EDGE = 'w:val="single" w:sz="8" w:space="0" w:color="{accent}"/>'
TABLE_STYLE = (
    '<w:style w:type="table" w:customStyle="1" w:styleId="{id}"><w:name w:val="{name}"/>{based}'
    f'<w:uiPriority w:val="59"/><w:tblPr><w:tblBorders><w:top {_EDGE}<w:bottom {_EDGE}'
    f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/></w:tblBorders><w:tblCellMar>'
    '<w:top w:w="28" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
    '<w:bottom w:w="28" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr>'
    f'<w:tblStylePr w:type="firstRow"><w:tblPr/><w:tcPr><w:tcBorders><w:bottom {_EDGE}</w:tcBorders>'
    f'<w:shd w:val="clear" w:color="auto" w:fill="{TINT}"/><w:vAlign w:val="bottom"/></w:tcPr>'
    "</w:tblStylePr></w:style>"
)
SETTINGS = (
    '<w:zoom w:percent="100"/><w:defaultTabStop w:val="567"/><w:autoHyphenation/>'
    '<w:characterSpacingControl w:val="doNotCompress"/><w:compat><w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat><w:themeFontLang w:val="en-GB"/>'
    '<w:clrSchemeMapping w:bg1="light1" w:t1="dark1" w:bg2="light2" w:t2="dark2" w:accent1="accent1" '
    'w:accent2="accent2" w:accent3="accent3" w:accent4="accent4" w:accent5="accent5" w:accent6="accent6" '
    'w:hyperlink="hyperlink" w:followedHyperlink="followedHyperlink"/>'
    '<w:decimalSymbol w:val="{decimal}"/><w:listSeparator w:val="{separator}"/>'
)
SECTION = (
    '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1417" w:right="1417" w:bottom="1417" w:left="1417" '
    'w:header="709" w:footer="709" w:gutter="0"/><w:cols w:space="708"/>'
)
BUILT_IN = frozenset(
    ["normal", "title", "subtitle", "caption", "quote", "footer"]
    + ["toc heading", "list bullet", "list number"]
    + [f"heading {level}" for level in range(1, 5)]
    + [f"toc {level}" for level in range(1, 4)]
)
