"""The look of a Word report: qualkit's own styles, or those of a house-style template filled up with them."""

from __future__ import annotations

import re
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import docx
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.exceptions import OpcError
from docx.opc.packuri import PackURI
from docx.oxml.parser import parse_xml
from docx.parts.numbering import NumberingPart
from lxml import etree

from qualkit.errors import OutputError
from qualkit.report.ooxml_parts import NAMESPACES, RELATION, escaped, w
from qualkit.report.word_styles import (
    ACCENT,
    BASE_STYLES,
    BUILT_IN,
    CHARACTERS,
    DEFAULTS,
    HEADINGS,
    PARAGRAPHS,
    SECTION,
    SETTINGS,
    TABLE,
    TABLE_STYLE,
    TINT,
    Style,
)

_KEPT_PARTS = frozenset({
    RELATIONSHIP_TYPE.STYLES, RELATIONSHIP_TYPE.NUMBERING, RELATIONSHIP_TYPE.SETTINGS,
    RELATIONSHIP_TYPE.FONT_TABLE, RELATIONSHIP_TYPE.WEB_SETTINGS, RELATIONSHIP_TYPE.CUSTOM_XML,
    RELATIONSHIP_TYPE.FOOTNOTES, RELATIONSHIP_TYPE.ENDNOTES, RELATIONSHIP_TYPE.THEME,
})  # fmt: skip
_TEMPLATE_TYPE = b"wordprocessingml.template.main+xml"
_DOCUMENT_TYPE = b"wordprocessingml.document.main+xml"
# What may follow w:updateFields in w:settings; Word rejects it anywhere else.
_AFTER_UPDATE_FIELDS = frozenset({
    "hdrShapeDefaults", "footnotePr", "endnotePr", "compat", "docVars", "rsids", "mathPr", "attachedSchema",
    "themeFontLang", "clrSchemeMapping", "doNotIncludeSubdocsInStats", "doNotAutoCompressPictures",
    "forceUpgrade", "captions", "readModeInkLockDown", "smartTagType", "schemaLibrary", "shapeDefaults",
    "doNotEmbedSmartTags", "decimalSymbol", "listSeparator", "docId", "defaultImageDpi", "conflictMode",
    "discardImageEditingData", "chartTrackingRefBased",
})  # fmt: skip


def elements(xml: str) -> list[Any]:
    """Return the elements that the text `xml` stands for.

    Parameters
    ----------
    xml : str
        Elements with the prefixes of `NAMESPACES`.

    Returns
    -------
    list of element
        As python-docx parses them.
    """
    return list(parse_xml(f"<w:body {NAMESPACES}>{xml}</w:body>"))


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class House:
    """A Word document without content, and the names of its styles.

    Parameters
    ----------
    template : Path or None
        A house style as .docx or .dotx; None means qualkit's own look.
    language : str
        ``nl-NL`` or ``en-GB``.

    Attributes
    ----------
    document : docx.document.Document
        The document to fill.
    section : element
        The page set-up of the template's last section, with all headers and footers it inherits.
    own : set of str
        Names of the styles that qualkit added.
    """

    def __init__(self, template: Path | None, language: str) -> None:
        self.document: Any = docx.Document() if template is None else _opened(template)
        self.part: Any = self.document.part
        self.styles: Any = self.document.styles.element
        self.own: set[str] = set()
        if template is None:
            self._clear()
        self.section: Any = self._page_setup()
        self._prune()
        self._ids = {
            (style.get(w("type")), style.find(w("name")).get(w("val")).lower()): style.get(w("styleId"))
            for style in self.styles.findall(w("style"))
            if style.find(w("name")) is not None
        }
        self.numbering: Any = self._numbering()
        self.heading_num = self._style_num("heading 1") or self._new_num(self._outline())
        self.bullet_num = self._style_num("List Bullet") or self._new_num(self._list("bullet", "•"))
        self.ordered_num = self._style_num("List Number") or self._new_num(self._list("decimal", "%1."))
        self._add_styles()
        self._speak(language)
        self._update_fields()

    def id(self, name: str, kind: str = "paragraph") -> str:
        """Return the id of the style with the built-in or English name `name`."""
        return str(self._ids[kind, name.lower()])

    def style(self, name: str) -> Any:
        """Return the style element of the paragraph style `name`, or None."""
        found = self._ids.get(("paragraph", name.lower()))
        return None if found is None else self.styles.find(f'{w("style")}[@{w("styleId")}="{found}"]')

    def numbers(self, name: str) -> bool:
        """Return whether the paragraph style `name` numbers its paragraphs itself."""
        return self._style_num(name) is not None

    def text_size(self, *, landscape: bool = False) -> tuple[int, int]:
        """Return width and height of the text on a page, upright or turned, in twips."""
        size, margin = self.section.find(w("pgSz")), self.section.find(w("pgMar"))

        def twips(name: str) -> int:
            return abs(int(margin.get(w(name), "0")))

        wide, high = int(size.get(w("w"))), int(size.get(w("h")))
        if landscape and wide < high:
            wide, high = high, wide
        return wide - twips("left") - twips("right") - twips("gutter"), high - twips("top") - twips("bottom")

    def restarted(self) -> int:
        """Return the number of a new ordered list that begins at 1."""
        abstract = int(self._num(self.ordered_num).find(w("abstractNumId")).get(w("val")))
        return self._new_num(
            abstract, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
        )

    def _clear(self) -> None:
        """Take out of python-docx's default document what is wrong, stale or another's."""
        for style in self.styles.findall(w("style")):
            self.styles.remove(style)
        self.styles.replace(self.styles.find(w("docDefaults")), elements(DEFAULTS)[0])
        self.styles.extend(elements("".join(BASE_STYLES)))
        for part, content in (
            (self.document.settings.element, ""),
            (self.part.numbering_part.element, ""),
            (self.document.element.body, f"<w:sectPr>{SECTION}</w:sectPr>"),
        ):
            for child in list(part):
                part.remove(child)
            part.extend(elements(content))
        for rels in (self.part.rels, self.part.package.rels):
            for key, rel in list(rels.items()):
                if rel.reltype.endswith(("/customXml", "/thumbnail", "/extended-properties")):
                    del rels[key]

    def _page_setup(self) -> Any:
        """Return the template's page set-up, without the template's text."""
        body = self.document.element.body
        sections = list(body.iter(w("sectPr")))
        kept = deepcopy(sections[-1]) if sections else elements(f"<w:sectPr>{SECTION}</w:sectPr>")[0]
        for number, wanted in enumerate(elements(SECTION)[:2]):
            if kept.find(wanted.tag) is None:
                kept.insert(number, wanted)
        for name in ("type", "sectPrChange"):
            for child in kept.findall(w(name)):
                kept.remove(child)
        # A section without a header of its own shows that of the section before; here nothing stands before.
        inherited = {}
        for section in sections:
            for tag in (w("headerReference"), w("footerReference")):
                inherited.update({(tag, ref.get(w("type"))): ref for ref in section.findall(tag)})
        for ref in [child for child in kept if child.tag in (w("headerReference"), w("footerReference"))]:
            kept.remove(ref)
        for at, ref in enumerate(inherited.values()):
            kept.insert(at, deepcopy(ref))
        return kept

    def _prune(self) -> None:
        """Drop the parts that only the template's own text used, such as its pictures and comments."""
        kept = {ref.get(RELATION) for ref in self.section if ref.tag.endswith("Reference")}
        for key, rel in list(self.part.rels.items()):
            if key not in kept and rel.reltype not in _KEPT_PARTS:
                del self.part.rels[key]

    def _numbering(self) -> Any:
        """Return the numbering element; python-docx cannot make the part when a template has none."""
        try:
            return self.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element
        except KeyError:
            element = parse_xml(f"<w:numbering {NAMESPACES}/>")
            name = PackURI("/word/numbering.xml")
            made = NumberingPart(name, CONTENT_TYPE.WML_NUMBERING, element, self.part.package)
            self.part.relate_to(made, RELATIONSHIP_TYPE.NUMBERING)
            return element

    def _style_num(self, name: str) -> int | None:
        """Return the number of the list that the template's style `name` carries."""
        style = self.style(name)
        found = None if style is None else style.find(f"{w('pPr')}/{w('numPr')}/{w('numId')}")
        if found is None:
            return None
        number = int(found.get(w("val")))
        return number if self._num(number) is not None else None

    def _num(self, number: int) -> Any:
        return self.numbering.find(f'{w("num")}[@{w("numId")}="{number}"]')

    def _next(self, tag: str, attribute: str) -> int:
        return 1 + max((int(one.get(w(attribute))) for one in self.numbering.findall(w(tag))), default=0)

    def _new_num(self, abstract: int, override: str = "") -> int:
        number = self._next("num", "numId")
        xml = f'<w:num w:numId="{number}"><w:abstractNumId w:val="{abstract}"/>{override}</w:num>'
        nums = self.numbering.findall(w("num"))
        if nums:
            nums[-1].addnext(elements(xml)[0])
        else:
            self.numbering.extend(elements(xml))
        return number

    def _abstract(self, kind: str, levels: str) -> int:
        number = self._next("abstractNum", "abstractNumId")
        xml = (
            f'<w:abstractNum w:abstractNumId="{number}"><w:nsid w:val="{0x51414C00 + number:08X}"/>'
            f'<w:multiLevelType w:val="{kind}"/>{levels}</w:abstractNum>'
        )
        # The schema wants every w:abstractNum before the first w:num.
        before = self.numbering.find(w("num"))
        if before is None:
            self.numbering.extend(elements(xml))
        else:
            before.addprevious(elements(xml)[0])
        return number

    def _outline(self) -> int:
        levels = []
        for level, (name, hanging) in enumerate(zip(HEADINGS, (567, 709, 794), strict=True)):
            # A style of the template is left alone, so its level may not claim to be linked to it.
            linked = "" if self.style(name) is not None else f'<w:pStyle w:val="{_own_id(name)}"/>'
            text = ".".join(f"%{deep + 1}" for deep in range(level + 1))
            levels.append(_level(level, "decimal", text, left=hanging, hanging=hanging, linked=linked))
        return self._abstract("multilevel", "".join(levels))

    def _list(self, kind: str, text: str) -> int:
        hanging = 284 if kind == "bullet" else 340
        return self._abstract("hybridMultilevel", _level(0, kind, text, left=454, hanging=hanging))

    def _add_styles(self) -> None:
        fills = {
            "accent": self._accent(),
            "right": str(self.text_size()[0]),
            "bullet": f'<w:numPr><w:numId w:val="{self.bullet_num}"/></w:numPr>',
            "ordered": f'<w:numPr><w:numId w:val="{self.ordered_num}"/></w:numPr>',
        }
        missing = [
            (kind, style)
            for kind, styles in (("paragraph", PARAGRAPHS), ("character", CHARACTERS))
            for style in styles
            if (kind, style.name.lower()) not in self._ids
        ]
        for kind, style in missing:
            self._ids[kind, style.name.lower()] = self._free(style.id)
            self.own.add(style.name)
        for kind, style in missing:
            if style.name in HEADINGS:
                level = HEADINGS.index(style.name)
                ilvl = f'<w:ilvl w:val="{level}"/>' if level else ""
                fills["number"] = f'<w:numPr>{ilvl}<w:numId w:val="{self.heading_num}"/></w:numPr>'
            self.styles.extend(elements(self._style_xml(kind, style, fills)))
        if ("table", TABLE.lower()) not in self._ids:
            self._ids["table", TABLE.lower()] = self._free("QualkitTable")
            normal = self._ids.get(("table", "normal table"))
            based = f'<w:basedOn w:val="{normal}"/>' if normal else ""
            known = {"id": self.id(TABLE, "table"), "name": TABLE, "based": based}
            self.styles.extend(elements(TABLE_STYLE.format(accent=fills["accent"], **known)))

    def _free(self, wanted: str) -> str:
        taken = set(self._ids.values())
        return wanted if wanted not in taken else f"Qualkit{wanted}"

    def _style_xml(self, kind: str, style: Style, fills: dict[str, str]) -> str:
        default = ' w:default="1"' if style.name == "Normal" else ""
        custom = "" if style.name.lower() in BUILT_IN else ' w:customStyle="1"'
        based = f'<w:basedOn w:val="{self.id(style.based)}"/>' if style.based else ""
        follows = f'<w:next w:val="{self.id(style.follows)}"/>' if style.follows else ""
        ppr = f"<w:pPr>{style.ppr.format(**fills)}</w:pPr>" if style.ppr else ""
        rpr = f"<w:rPr>{style.rpr.format(**fills)}</w:rPr>" if style.rpr else ""
        return (
            f'<w:style w:type="{kind}"{default}{custom} w:styleId="{self._ids[kind, style.name.lower()]}">'
            f'<w:name w:val="{style.name}"/>{based}{follows}<w:uiPriority w:val="9"/><w:qFormat/>'
            f"{ppr}{rpr}</w:style>"
        )

    def _accent(self) -> str:
        """Return the colour of the template's chapter headings where it can be read on the table header."""
        style = self.style("heading 1")
        colour = None if style is None else style.find(f"{w('rPr')}/{w('color')}")
        if colour is None:
            return ACCENT
        named, value = colour.get(w("themeColor")), colour.get(w("val"), "")
        if named and not re.fullmatch("[0-9A-Fa-f]{6}", value):
            return ACCENT
        readable = re.fullmatch("[0-9A-Fa-f]{6}", value) and _contrast(value, TINT) >= 4.5
        return value.upper() if readable else ACCENT

    def _speak(self, language: str) -> None:
        """Tell Word the language everywhere a language is told; a wrong one gives a page of red lines."""
        defaults = self.styles.find(w("docDefaults"))
        if defaults is None:
            empty = "<w:docDefaults><w:rPrDefault/></w:docDefaults>"
            defaults = elements(empty)[0]
            self.styles.insert(0, defaults)
        rpr = defaults.find(f"{w('rPrDefault')}/{w('rPr')}")
        if rpr is None:
            holder = defaults.find(w("rPrDefault"))
            if holder is None:
                holder = elements("<w:rPrDefault/>")[0]
                defaults.insert(0, holder)
            rpr = elements("<w:rPr/>")[0]
            holder.append(rpr)
        if rpr.find(w("lang")) is None:
            rpr.append(elements("<w:lang/>")[0])
        settings = self.document.settings.element
        if not len(settings):
            dutch = language.startswith("nl")
            marks = {"decimal": "," if dutch else ".", "separator": ";" if dutch else ","}
            settings.extend(elements(SETTINGS.format(**marks)))
        for one in (*self.styles.iter(w("lang")), *settings.iter(w("themeFontLang"))):
            one.set(w("val"), language)

    def _update_fields(self) -> None:
        settings = self.document.settings.element
        for old in settings.findall(w("updateFields")):
            settings.remove(old)
        new = elements('<w:updateFields w:val="true"/>')[0]
        later = [child for child in settings if etree.QName(child).localname in _AFTER_UPDATE_FIELDS]
        if later:
            later[0].addprevious(new)
        else:
            settings.append(new)


def _own_id(name: str) -> str:
    return next(style.id for style in PARAGRAPHS if style.name == name)


def _level(level: int, kind: str, text: str, *, left: int, hanging: int, linked: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>{linked}<w:suff w:val="tab"/>'
        f'<w:lvlText w:val="{escaped(text)}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="{left}" w:hanging="{hanging}"/></w:pPr></w:lvl>'
    )


def _opened(template: Path) -> Any:
    """Return the house style `template` as a document; a .dotx differs in nothing but its content type."""
    mend = "Open it in Word, save it as .docx or .dotx, and name that file."
    try:
        data, out = template.read_bytes(), BytesIO()
        with ZipFile(BytesIO(data)) as old, ZipFile(out, "w") as new:
            for name in old.namelist():
                part = old.read(name)
                if name == "[Content_Types].xml":
                    part = part.replace(_TEMPLATE_TYPE, _DOCUMENT_TYPE)
                new.writestr(name, part)
        document = docx.Document(out)
        # These parts are read late; a broken one must show here and not halfway through.
        document.styles, document.settings, document.element.body.tag  # noqa: B018
    except FileNotFoundError as error:
        raise OutputError(f"house style {template.name}: there is no such file. {mend}") from error
    except (
        OSError,
        BadZipFile,
        OpcError,
        KeyError,
        ValueError,
        AttributeError,
        etree.XMLSyntaxError,
    ) as error:
        raise OutputError(
            f"house style {template.name}: cannot be read as a Word document. {mend}"
        ) from error
    return document
