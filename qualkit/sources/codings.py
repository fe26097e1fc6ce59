"""Codings, coverage and names that stand in tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


def read_codings(path: Path, *, columns: Mapping[str, str], coder: str) -> list[CodingRow]:
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

    Raises
    ------
    TableError
        With every fault at once.
    """
    table = read_table(path)
    names = {ours: columns.get(ours, ours) for ours in (*CodingRow.__dataclass_fields__, "document_id", "code_id")}
    table.require(names["document_id"], names["code_id"], *columns.values())
    faults: list[Fault] = []
    found = []
    for row in table.rows:
        where = f"{path.name}, row {row.number}"

        def cell(ours: str, row: Mapping[str, str] = row) -> str:  # type: ignore[assignment]
            return row[names[ours]] if names[ours] in table.columns else ""

        offsets = _offsets(cell("start"), cell("end"), where, faults)
        asked = cell("asked").lower()
        if asked not in ASKED_WORDS:
            faults.append(Fault(where, f'asked "{asked}" is not understood.', "Write ja, nee or nothing."))
        found.append(
            CodingRow(
                where=where,
                document=cell("document_id"),
                code=cell("code_id"),
                text=cell("text"),
                start=offsets[0],
                end=offsets[1],
                soort=cell("soort"),
                oordeel=cell("oordeel").replace("-", "−"),
                asked=ASKED_WORDS.get(asked),
                coder=cell("coder") or coder,
                codebook_version=cell("codebook_version"),
            )
        )
    if faults:
        raise TableError(faults, f"{path.name} is not used")
    return found


def read_coverage(path: Path) -> list[tuple[str, str, str, CoverageValue]]:
    """Return which topic was asked in which interview: where, document, topic, value.

    Parameters
    ----------
    path : Path
        A table with ``document_id`` and a column for each topic; cells hold gevraagd, kwam op or niet
        gevraagd (asked, came_up, not_asked).

    Raises
    ------
    TableError
        With every cell that holds something else.
    """
    table = read_table(path)
    table.require("document_id")
    faults: list[Fault] = []
    found: list[tuple[str, str, str, CoverageValue]] = []
    for row in table.rows:
        for topic in table.columns:
            if topic == "document_id":
                continue
            where = f"{path.name}, row {row.number}, {topic}"
            value = COVERAGE_WORDS.get(row[topic].lower())
            if value is None:
                faults.append(
                    Fault(where, f'"{row[topic]}" is not understood.', "Write gevraagd, kwam op or niet gevraagd.")
                )
            else:
                found.append((where, row["document_id"], topic, value))
    if faults:
        raise TableError(faults, f"{path.name} is not used")
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
        where = f"{path.name}, row {row.number}"
        if not row["naam"] or not row["vervanging"]:
            faults.append(Fault(where, "name or replacement is empty.", "Fill in both."))
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
        faults.append(Fault(where, f'start "{start}" and end "{end}" are no numbers.', "Give both or neither."))
        return None, None
