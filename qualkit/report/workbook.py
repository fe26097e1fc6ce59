"""Tables for the team as an Excel workbook, and the flat quotation table that goes in one."""

from __future__ import annotations

import datetime
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qualkit.errors import OutputError, UnknownNameError
from qualkit.report.package import replacing

if TYPE_CHECKING:
    import pandas as pd

_MAX_ROWS = 1_048_576
_MAX_COLUMNS = 16_384
_MAX_NAME = 31
_MAX_CELL = 32_767  # in UTF-16 units
_MAX_WHOLE = 2**53  # Excel keeps numbers as doubles
_FORBIDDEN = "[]:*?/\\"
_NOTE_WIDTH = 140
_LINE_HEIGHT = 15  # points, for one line of Calibri 11
_MAX_HEIGHT = 409
_CUT = "… [ingekort]"


@dataclass(frozen=True, slots=True)
class Sheet:
    r"""One sheet of a workbook: a table with a title and a note above it.

    Parameters
    ----------
    name : str
        On the tab; at most 31 characters, and none of ``[]:*?/\``.
    frame : DataFrame
        The table; its index is left out.
    title : str
        Above the table; empty for none.
    note : str
        Below the title: unit, base, what a mark means. Each line has a row of its own, a long
        one more; empty for none.
    widths : mapping of str to float
        Column to its width in characters; other columns fit what is in them, up to 40.
    wrap : frozenset of str
        Columns whose text runs on over several lines.
    """

    name: str
    frame: pd.DataFrame = field(repr=False)
    title: str = ""
    note: str = ""
    widths: Mapping[str, float] = field(default_factory=dict)
    wrap: frozenset[str] = frozenset()


def write_workbook(path: Path, sheets: Sequence[Sheet], *, date: str) -> None:
    """Write sheets to an Excel workbook; equal sheets and date give the same bytes.

    The header row is bold, stays in view and has filters. Numbers are numbers and what is missing is empty;
    text is text, also when it looks like a formula or an address. A text longer than Excel allows is cut,
    ends in ``… [ingekort]``, and the note says so.

    Parameters
    ----------
    path : Path
        The workbook to write or replace.
    sheets : sequence of Sheet
        In the order of the tabs.
    date : str
        ISO date, for the file's properties.

    Raises
    ------
    OutputError
        When Excel cannot hold the sheets (everything that is wrong is told at once), or the file cannot be
        written.
    ValueError
        When `date` is no ISO date.
    """
    import xlsxwriter

    created = datetime.datetime.combine(datetime.date.fromisoformat(date), datetime.time())
    sheets = [_with_cut_note(sheet) for sheet in sheets]
    faults = list(_faults(sheets))
    if faults:
        raise OutputError(f"{path} cannot be written as Excel: " + " ".join(faults))
    with replacing(path) as beside:
        # rows pass through a file of XlsxWriter's; participants' words do not go to the machine's /tmp
        options = {"constant_memory": True, "tmpdir": str(beside.parent)}
        book = xlsxwriter.Workbook(str(beside), options)
        book.set_properties({"created": created, "author": "qualkit"})
        formats = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "note": book.add_format({"font_color": "#595959"}),
            "head": book.add_format({"bold": True, "bottom": 1, "valign": "top", "text_wrap": True}),
            "cell": book.add_format({"valign": "top"}),
            "number": book.add_format({"valign": "top", "align": "right", "indent": 1}),
            "wrap": book.add_format({"valign": "top", "text_wrap": True}),
        }
        try:
            for sheet in sheets:
                _write_sheet(book.add_worksheet(sheet.name), sheet, formats)
            book.close()
        except BaseException:
            for page in book.worksheets():
                page.row_data_fh.close()  # a file that is open cannot be removed on every system
            raise


def quotation_table(codings: pd.DataFrame, participants: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the flat quotation table: a row for each coding, with the speaker's group; for the team only.

    Parameters
    ----------
    codings, participants : DataFrame
        As `Study.codings` and `Study.participants` give them.
    by : str
        The attribute that makes the groups.

    Returns
    -------
    DataFrame
        ``participant, group, document_id, paragraph, code_id, code, soort, oordeel, asked, text, coder,
        codebook_version, start, end``, by participant (CI-2 before CI-10), document and place. ``asked`` is
        ``ja``, ``nee`` or empty; what is missing elsewhere is empty text; ``paragraph`` is Int64, offsets
        int64.

    Raises
    ------
    UnknownNameError
        When there is no such attribute.
    """
    import pandas as pd

    attributes = [name for name in participants.columns if name != "participant"]
    if by not in attributes:
        raise UnknownNameError("attribute", by, attributes)
    group = dict(zip(participants["participant"], participants[by], strict=True))

    def text(values: pd.Series) -> pd.Series:
        return values.astype(object).where(values.notna(), "").astype("str")

    codings = codings.reset_index(drop=True)  # rows are put in order by it, so it may name none twice
    made = pd.DataFrame(index=codings.index)
    made["participant"] = text(codings["participant"])
    made["group"] = text(made["participant"].map(group))
    made["document_id"] = text(codings["document_id"])
    made["paragraph"] = codings["paragraph"].astype("Int64")
    for name in ("code_id", "code", "soort", "oordeel"):
        made[name] = text(codings[name])
    made["asked"] = text(codings["asked"].astype("boolean").map({True: "ja", False: "nee"}))
    for name in ("text", "coder", "codebook_version"):
        made[name] = text(codings[name])
    made[["start", "end"]] = codings[["start", "end"]].astype("int64")

    order = made[["participant", "document_id", "start", "end", "code_id", "soort", "coder"]].copy()
    for name in ("participant", "document_id", "code_id"):
        ranks = {value: rank for rank, value in enumerate(sorted(order[name].unique(), key=_natural))}
        order[name] = order[name].map(ranks)
    return made.loc[order.sort_values(list(order.columns), kind="stable").index].reset_index(drop=True)


def _natural(value: str) -> tuple[tuple[str, int], ...]:
    """Return a key that sorts the numbers in names as numbers."""
    return tuple((word, int(number or 0)) for word, number in re.findall(r"(\D*)(\d*)", value))


def _faults(sheets: Sequence[Sheet]) -> Iterable[str]:
    """Yield what Excel cannot hold, a sentence each."""
    if not sheets:
        yield "a workbook has at least one sheet; none was given."
    seen: set[str] = set()
    for sheet in sheets:
        where = f'sheet "{sheet.name}"'
        if not 0 < len(sheet.name) <= _MAX_NAME:
            yield f"{where}: the name has {len(sheet.name)} characters; Excel takes 1 to {_MAX_NAME}."
        if found := sorted(set(sheet.name) & set(_FORBIDDEN)):
            yield f"{where}: the name has {' '.join(found)}; Excel takes none of {' '.join(_FORBIDDEN)}."
        if sheet.name[:1] == "'" or sheet.name[-1:] == "'":
            yield f"{where}: the name begins or ends with '; leave it out."
        if sheet.name.lower() == "history":
            yield f"{where}: Excel keeps this name for itself; choose another."
        if sheet.name.lower() in seen:
            yield f"{where}: the name is used twice, and Excel takes capitals and small letters as equal."
        seen.add(sheet.name.lower())
        rows = len(sheet.frame) + _head_row(sheet) + 1
        if rows > _MAX_ROWS:
            yield f"{where}: {rows} rows; Excel takes {_MAX_ROWS}. Leave rows out, or write CSV."
        if len(sheet.frame.columns) > _MAX_COLUMNS:
            yield f"{where}: {len(sheet.frame.columns)} columns; Excel takes {_MAX_COLUMNS}."
        for name in sorted({*sheet.widths, *sheet.wrap} - set(sheet.frame.columns)):
            yield f'{where}: a width or wrap is given for "{name}", which is no column of its table.'


def _head_row(sheet: Sheet) -> int:
    return bool(sheet.title) + len(_note_lines(sheet))


def _note_lines(sheet: Sheet) -> list[str]:
    # a cell above the table runs on to the right without end, so a long line is broken where a screen ends
    return [part for line in sheet.note.splitlines() for part in textwrap.wrap(line, _NOTE_WIDTH) or [""]]


def _with_cut_note(sheet: Sheet) -> Sheet:
    """Return the sheet with a line in its note for the cells that will be cut."""
    import pandas as pd

    columns = (column for _, column in sheet.frame.items() if not pd.api.types.is_numeric_dtype(column))
    cut = sum(_is_long(value) for column in columns for value in column if isinstance(value, str))
    if not cut:
        return sheet
    cells = "1 cel is" if cut == 1 else f"{cut} cellen zijn"
    told = f"{cells} ingekort: Excel laat per cel {_MAX_CELL} tekens toe."
    return replace(sheet, note=f"{sheet.note}\n{told}" if sheet.note else told)


def _is_long(text: str) -> bool:
    # a character is one unit or two, so most texts need no closer look
    return len(text) > _MAX_CELL // 2 and len(text) + sum(char > "\uffff" for char in text) > _MAX_CELL


def _fit(text: str) -> str:
    """Return `text` as Excel can hold it: cut when too long, and without halves of a pair."""
    if _is_long(text):
        units = text.encode("utf-16-le", "surrogatepass")[: 2 * (_MAX_CELL - len(_CUT))]
        text = units.decode("utf-16-le", "ignore") + _CUT
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _write_sheet(page: Any, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    import pandas as pd

    names = [str(name) for name in sheet.frame.columns]
    columns = [sheet.frame.iloc[:, place].tolist() for place in range(len(names))]
    looks = [
        formats["number" if pd.api.types.is_numeric_dtype(kind) else "wrap" if name in sheet.wrap else "cell"]
        for name, kind in zip(names, sheet.frame.dtypes, strict=True)
    ]
    widths = [
        sheet.widths.get(name) or _width(name, values) for name, values in zip(names, columns, strict=True)
    ]
    for place, (width, look) in enumerate(zip(widths, looks, strict=True)):
        page.set_column(place, place, width, look)

    head = _head_row(sheet)
    above = [(sheet.title, formats["title"])] if sheet.title else []
    above += [(line, formats["note"]) for line in _note_lines(sheet)]
    for row, (line, look) in enumerate(above):
        page.write_string(row, 0, _fit(line), look)
    for place, name in enumerate(names):
        page.write_string(head, place, _fit(name), formats["head"])
    page.freeze_panes(head + 1, 0)
    if names:
        page.autofilter(head, 0, head + len(sheet.frame), len(names) - 1)
    page.repeat_rows(head)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)

    wrapped = [place for place, name in enumerate(names) if name in sheet.wrap]
    for row, values in enumerate(zip(*columns, strict=True), head + 1):
        lines = max((_lines(values[place], widths[place]) for place in wrapped), default=1)
        if lines > 1:
            page.set_row(row, min(lines * _LINE_HEIGHT, _MAX_HEIGHT))
        for place, value in enumerate(values):
            _write_cell(page, row, place, value, looks[place])


def _width(name: str, values: Iterable[Any]) -> float:
    """Return a width that shows the name of the column beside its button, and its values up to 40."""
    longest = max((len(value) for value in values if isinstance(value, str)), default=0)
    return max(len(name) + 4, min(longest + 1, 40))


def _lines(value: Any, width: float) -> int:
    """Return how many lines a wrapped text takes, about.

    Excel works this out when it opens a file, LibreOffice and previews do not: there the rows of a table
    without heights lie over each other.
    """
    if not isinstance(value, str):
        return 1
    return sum(math.ceil(max(len(line), 1) / width) for line in value.splitlines())


def _write_cell(page: Any, row: int, place: int, value: Any, look: Any) -> None:
    """Write one value; `write_string` takes no text for a formula or an address, as `write` does."""
    if isinstance(value, str):
        page.write_string(row, place, _fit(value), look)
    elif isinstance(value, bool):
        page.write_boolean(row, place, value, look)
    elif isinstance(value, Real) and math.isfinite(value) and abs(float(value)) <= _MAX_WHOLE:
        page.write_number(row, place, value, look)
    elif not _is_missing(value):
        page.write_string(row, place, _fit(str(value)), look)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
