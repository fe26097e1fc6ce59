"""Tables that people keep in CSV or Excel: all cells as text, all faults at once."""

from __future__ import annotations

import csv
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import BytesIO, StringIO
from pathlib import Path

from qualkit.errors import Fault, TableError, UnknownNameError, nearest
from qualkit.sources.plain import RESAVE, EncodingFault, decode

_TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_EXCEL_MEND = "Open it in Excel and save it as .xlsx or CSV."
# on equal counts the first wins: a comma within a column name is likelier than the other two
_DELIMITERS = ("\t", ";", ",")
_OLE_MAGIC = bytes.fromhex("D0CF11E0")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; ``row["groep"]`` is the cell, stripped, ``""`` when empty.

    Parameters
    ----------
    number : int
        The line of the CSV file, or the row of the sheet, in which it begins; counted from 1.
    cells : tuple of str
        One for each column.
    index : mapping of str to int
        Column name to place; shared by all rows.
    """

    number: int
    cells: tuple[str, ...] = field(repr=False)
    index: Mapping[str, int] = field(repr=False)

    def __getitem__(self, column: str) -> str:
        """Return the cell under `column`.

        Raises
        ------
        UnknownNameError
            When the table has no such column.
        """
        if column not in self.index:
            raise UnknownNameError("column", column, tuple(self.index))
        return self.cells[self.index[column]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read.

    Parameters
    ----------
    path : Path
        The file.
    columns : tuple of str
        Names in order, stripped.
    rows : tuple of Row
        Rows in which at least one cell is filled.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)

    def where(self, row: Row) -> str:
        """Return where a row stands, for messages: ``codings.csv, line 14`` or ``codings.xlsx, row 14``."""
        unit = "row" if self.path.suffix.lower() == ".xlsx" else "line"
        return f"{self.path.name}, {unit} {row.number}"

    def require(self, *columns: str) -> None:
        """Check that all `columns` are there.

        Raises
        ------
        TableError
            With one fault for each that is missing, and the nearest names there are.
        """
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise TableError(
                [
                    Fault(self.path.name, f'column "{one}" is missing.', nearest(one, self.columns))
                    for one in missing
                ],
                _what(self.path),
            )


def read_table(path: Path | str, *, sheet: str | None = None) -> Table:
    """Return a CSV file or one sheet of an Excel file, every cell as text.

    Dates come as ``2021-07-13`` (with the time when it is not midnight), whole numbers without decimals,
    Excel's own truth values as ``true`` and ``false``. The separator of a CSV file is what divides its header
    line into most columns: comma, semicolon or tab; a first line ``sep=;`` settles it.

    Parameters
    ----------
    path : Path or str
        A .csv, .tsv, .txt or .xlsx file.
    sheet : str or None
        Name of the sheet of an Excel file; None takes the first.

    Raises
    ------
    TableError
        With every fault found: no header or rows, columns without a name or named twice, rows with more cells
        than columns, unbalanced quotes, a file that cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix != ".xlsx" and suffix not in _TEXT_SUFFIXES:
        raise _refused(path, f'files of the kind "{suffix}" are not read.', _EXCEL_MEND)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"the file cannot be opened ({error.strerror}).", "Check the path.") from None
    if not data:
        raise _refused(path, "the file is empty (0 bytes).", "Copy it again from where it came from.")
    if suffix == ".xlsx":
        return _table(path, list(_excel_rows(path, data, sheet)), [], "row")
    rows, faults = _csv_rows(path, data)
    return _table(path, rows, faults, "line")


def _what(path: Path) -> str:
    return f"{path.name} cannot be used"


def _refused(path: Path, found: str, mend: str) -> TableError:
    return TableError([Fault(path.name, found, mend)], _what(path))


def _csv_rows(path: Path, data: bytes) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    if data.startswith((b"PK\x03\x04", _OLE_MAGIC)):
        raise _refused(path, f'this is an Excel file with the name "{path.suffix}".', _EXCEL_MEND)
    try:
        text = decode(data)
    except EncodingFault as fault:
        raise _refused(path, str(fault), RESAVE) from None
    skipped = 0
    first, _, rest = text.partition("\n")
    if first[:4].lower() == "sep=" and len(first) == 5:
        delimiter, text, skipped = first[4], rest, 1
    else:
        delimiter = _delimiter(text)
    # strict, so that a quote that is never closed does not swallow the rest of the table
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    number = skipped + 1
    try:
        for cells in reader:
            rows.append((number, [cell.strip() for cell in cells]))
            number = reader.line_num + skipped + 1
    except csv.Error:
        return rows, [
            Fault(
                f"{path.name}, line {number}",
                "the quotation marks in the row that begins here do not pair.",
                'Close the quote, and write a quotation mark within a cell twice ("").',
            )
        ]
    return rows, []


def _delimiter(text: str) -> str:
    lines = text.lstrip("\n")

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader(StringIO(lines, newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    counts = {delimiter: columns(delimiter) for delimiter in _DELIMITERS}
    return max(counts, key=lambda delimiter: counts[delimiter]) if max(counts.values()) > 1 else ","


def _excel_rows(path: Path, data: bytes, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    if data.startswith(_OLE_MAGIC):
        raise _refused(path, "the file is locked with a password, or an old .xls.", _EXCEL_MEND)
    import openpyxl

    with warnings.catch_warnings():
        # openpyxl warns about what it leaves out (drop-down lists, colours), none of which is in the cells
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
            names = [one.title for one in book.worksheets]
            if sheet is not None and sheet not in names:
                raise _refused(path, f'there is no sheet "{sheet}".', nearest(sheet, names))
            page = book[sheet] if sheet is not None else book.worksheets[0]
            # some programs write a wrong size in the file; without one openpyxl looks for itself
            page.reset_dimensions()
            values = list(page.iter_rows(values_only=True))
            book.close()
        except TableError:
            raise
        except Exception as error:  # openpyxl lets through whatever zip and XML readers raise on damage
            raise _refused(path, "the file is damaged or no Excel file at all.", _EXCEL_MEND) from error
    for number, cells in enumerate(values, start=1):
        yield number, [_as_text(cell) for cell in cells]


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value).strip()


def _table(path: Path, rows: Sequence[tuple[int, list[str]]], faults: list[Fault], unit: str) -> Table:
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        raise TableError(faults or [Fault(path.name, "the table has no rows.", "")], _what(path))
    (top, names), body = filled[0], filled[1:]
    width = max((n + 1 for n, name in enumerate(names) if name), default=0)
    columns = tuple(unicodedata.normalize("NFC", name) for name in names[:width])
    found = list(_column_faults(path, columns, f"{path.name}, {unit} {top}"))
    for number, cells in body:
        count = max(n + 1 for n, cell in enumerate(cells) if cell)
        if count > width:
            found.append(
                Fault(
                    f"{path.name}, {unit} {number}",
                    f"{count} cells, and the header names {width} columns.",
                    "Name the column, or put a cell that holds the separator between quotation marks."
                    if unit == "line"
                    else "Name the column, or empty the cell.",
                )
            )
    found.extend(faults)
    if not body and not faults:
        found.append(Fault(path.name, "there are no rows below the header.", "Fill in at least one."))
    if found:
        raise TableError(found, _what(path))
    index = {name: n for n, name in enumerate(columns)}
    return Table(
        path,
        columns,
        tuple(Row(number, _padded(cells, width), index) for number, cells in body),
    )


def _padded(cells: list[str], width: int) -> tuple[str, ...]:
    return (*cells[:width], *[""] * (width - len(cells)))


def _column_faults(path: Path, columns: tuple[str, ...], where: str) -> Iterator[Fault]:
    for n, name in enumerate(columns, start=1):
        if not name:
            yield Fault(where, f"column {n} has no name.", "Name it, or take the column out.")
        elif columns.index(name) < n - 1:
            first = columns.index(name) + 1
            yield Fault(where, f'columns {first} and {n} are both named "{name}".', "Rename one of them.")
