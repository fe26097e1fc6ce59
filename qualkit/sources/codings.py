"""Codings, coverage and names that stand in tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from qualkit.errors import Fault, TableError
from qualkit.model import CoverageValue
from qualkit.sources.tables import Table, read_table

COVERAGE_WORDS: dict[str, CoverageValue] = {
    "gevraagd": "asked",
    "asked": "asked",
    "kwam op": "came_up",
    "came_up": "came_up",
    "niet gevraagd": "not_asked",
    "not_asked": "not_asked",
}
ASKED_WORDS: dict[str, bool | None] = {
    "": None,
    "ja": True,
    "yes": True,
    "1": True,
    "nee": False,
    "no": False,
    "0": False,
}


@dataclass(frozen=True, slots=True)
class CodingRow:
    """One row of a table of codings, as typed.

    Parameters
    ----------
    where : str
        File and row, for messages.
    document, code, text, soort, oordeel, coder, codebook_version : str
        Empty where the table has no such column or no value.
    start, end : int or None
        The place; None when the row has none, and then `text` must lead to it.
    asked : bool or None
        Whether the topic was in the question.
    """

    where: str
    document: str
    code: str
    text: str
    start: int | None
    end: int | None
    soort: str
    oordeel: str
    asked: bool | None
    coder: str
    codebook_version: str


def read_codings(
    path: Path, *, columns: Mapping[str, str], coder: str, faults: list[Fault] | None = None
) -> list[CodingRow]:
    """Return the rows of a table of codings (CSV or Excel).

    Parameters
    ----------
    path : Path
        The table, with columns ``document_id, start, end, text, code_id, soort, oordeel, asked, coder,
        codebook_version``; ``document_id`` and ``code_id`` are needed, and ``start`` with ``end``, or
        ``text``.
    columns : mapping of str to str
        Our name to the table's own, where that differs.
    coder : str
        Who coded, when the table has no such column.
    faults : list of Fault or None
        When given, faulty rows are noted in it and left out, and the other rows are returned.

    Raises
    ------
    TableError
        With every fault at once; when `faults` is given, only for a table that cannot be used at all.
    """
    table = read_table(path)
    names = {
        ours: columns.get(ours, ours) for ours in (*CodingRow.__dataclass_fields__, "document_id", "code_id")
    }
    table.require(*dict.fromkeys((names["document_id"], names["code_id"], *columns.values())))
    if not {names["text"], names["start"]} & set(table.columns):
        missing = 'there is no column "start" and no column "text".'
        mend = "A coding needs a place or words: add start and end, or text."
        raise TableError([Fault(path.name, missing, mend)], f"{path.name} is not used")
    wrong: list[Fault] = [] if faults is None else faults
    found = []
    for row in table.rows:
        where = table.where(row)

        def cell(ours: str, row: Mapping[str, str] = row) -> str:  # type: ignore[assignment]
            return row[names[ours]] if names[ours] in table.columns else ""

        before = len(wrong)
        offsets = _offsets(cell("start"), cell("end"), where, wrong)
        asked = cell("asked").lower()
        if asked not in ASKED_WORDS:
            wrong.append(Fault(where, f'asked is "{cell("asked")}".', "Write ja, nee or nothing."))
        if len(wrong) > before:
            continue
        found.append(
            CodingRow(
                where=where,
                document=normalize("NFC", cell("document_id")),
                code=cell("code_id"),
                text=cell("text"),
                start=offsets[0],
                end=offsets[1],
                soort=cell("soort"),
                oordeel=cell("oordeel").replace("-", "−"),
                asked=ASKED_WORDS[asked],
                coder=cell("coder") or coder,
                codebook_version=cell("codebook_version"),
            )
        )
    if wrong and faults is None:
        raise TableError(wrong, f"{path.name} is not used")
    return found


def read_coverage(
    path: Path, *, faults: list[Fault] | None = None
) -> list[tuple[str, str, str, CoverageValue]]:
    """Return which topic was asked in which interview: where, document, topic, value.

    Parameters
    ----------
    path : Path
        A table with ``document_id`` and a column for each topic; cells hold gevraagd, kwam op or niet
        gevraagd (asked, came_up, not_asked).
    faults : list of Fault or None
        When given, faulty cells are noted in it, and the other cells are returned.

    Raises
    ------
    TableError
        With every cell that holds something else; when `faults` is given, only for a table that cannot be
        used at all.
    """
    table = read_table(path)
    table.require("document_id")
    wrong: list[Fault] = [] if faults is None else faults
    found: list[tuple[str, str, str, CoverageValue]] = []
    for row in table.rows:
        for topic in table.columns:
            if topic == "document_id":
                continue
            where = f"{table.where(row)}, {topic}"
            value = COVERAGE_WORDS.get(row[topic].lower())
            if value is None:
                wrong.append(Fault(where, _unclear(row[topic]), "Write gevraagd, kwam op or niet gevraagd."))
            else:
                found.append((where, normalize("NFC", row["document_id"]), topic, value))
    if wrong and faults is None:
        raise TableError(wrong, f"{path.name} is not used")
    return found


def read_names(path: Path) -> dict[str, str]:
    """Return names that may not leave the team, each with what stands in its place in a report.

    Parameters
    ----------
    path : Path
        A table with ``naam`` and ``vervanging`` (such as ``[naam]`` or ``[plaats]``).

    Raises
    ------
    TableError
        When a row has no name or no replacement, or a name stands twice.
    """
    table: Table = read_table(path)
    table.require("naam", "vervanging")
    faults: list[Fault] = []
    found: dict[str, str] = {}
    for row in table.rows:
        where = table.where(row)
        if not row["naam"] or not row["vervanging"]:
            faults.append(Fault(where, "naam or vervanging is empty.", "Fill in both."))
        elif row["naam"] in found:
            faults.append(Fault(where, "this name stands here for the second time.", "Keep one row."))
        else:
            found[row["naam"]] = row["vervanging"]
    if faults:
        raise TableError(faults, f"{path.name} is not used")
    return found


def _offsets(start: str, end: str, where: str, faults: list[Fault]) -> tuple[int | None, int | None]:
    if not start and not end:
        return None, None
    try:
        return int(start), int(end)
    except ValueError:
        found = f'start is "{start}" and end is "{end}".'
        faults.append(Fault(where, found, "Give both as whole numbers, or neither."))
        return None, None


def _unclear(cell: str) -> str:
    return f'"{cell}" is not understood.' if cell else "the cell is empty."
