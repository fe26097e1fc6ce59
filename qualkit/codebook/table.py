"""A codebook from a table of codes, as other programs and spreadsheets hold them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from qualkit.codebook._parse import CODE, build
from qualkit.codebook.model import Codebook
from qualkit.codebook.read import codebook_to_json
from qualkit.model import Language
from qualkit.yamltree import Faults, Fields, Items, Node, Scalar, fields_at


def codebook_from_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]],
    *,
    name: str,
    version: str,
    where: str,
    language: Language = "nl",
) -> Codebook:
    """Return a codebook from the rows of a table.

    Parameters
    ----------
    rows : iterable of (int, mapping of str to str)
        Number of the row, and column to cell. Either ``id`` and ``name`` with optional ``parent``, or
        ``code_path`` with paths such as ``Ranking > Liked it``, where the path is the key and a code that has
        no row of its own is made for the codes under it. Further ``definition`` or ``memo`` (what the code
        means), ``include, exclude, example, questions, origin, status, colour, guid``. Others are left.
    name, version : str
        Of the codebook. Definitions are not asked for, whatever the version: the code systems that other
        programs export seldom have them for every code.
    where : str
        File name, for the messages.
    language : {"nl", "en"}
        The language of the texts.

    Raises
    ------
    CodebookError
        With every fault and its row.
    """
    faults = Faults(where, "row")
    table = [(number, dict(row)) for number, row in rows]
    columns = list(dict.fromkeys(column for _, row in table for column in row if column))
    _check_columns(columns, faults)
    faults.raise_any()
    given = {_path(row.get("code_path") or "") for _, row in table}
    codes: list[Node] = []
    for number, whole in table:
        # A short row of a CSV file has None for its last cells.
        row = {column: cell.strip() for column, cell in whole.items() if column and cell and cell.strip()}
        if not row:
            continue
        values: dict[str, Node] = {column: Scalar(row[column], number) for column in CODE if column in row}
        if "code_path" in columns:
            path = _path(row.get("code_path", ""))
            if "" in path:
                found = f'code_path "{row.get("code_path", "")}" has an empty part.'
                faults.add(number, found, 'Write it as "A > B".')
                continue
            for depth in range(1, len(path)):
                if path[:depth] not in given:
                    given.add(path[:depth])
                    codes.append(fields_at(number, _path_fields(path[:depth], number)))
            values = dict(_path_fields(path, number)) | values
        definition = _definition(row, number, faults)
        if definition:
            values["definition"] = Scalar(definition, number)
        if "questions" in row:
            numbers = re.findall(r"[^\s,;]+", row["questions"])
            values["questions"] = Items(tuple(Scalar(one, number) for one in numbers), number)
        codes.append(fields_at(number, values.items()))
    settings = {"codebook": name, "version": version, "language": language}
    top: dict[str, Node] = {key: Scalar(value, None) for key, value in settings.items()}
    root = Fields(top | {"codes": Items(tuple(codes), None)}, {}, None)
    codebook = build(root, faults, defined=False)
    # There is no file here whose bytes could be hashed: the rows may come from a sheet among others.
    return replace(codebook, sha256=hashlib.sha256(codebook_to_json(codebook).encode()).hexdigest())


def _check_columns(columns: Sequence[str], faults: Faults) -> None:
    known = [*CODE, "code_path", "memo"]
    for column in columns:
        # Tables hold columns of their own; one that is nearly a field of a code is a slip, and would be lost.
        close = get_close_matches(column.lower(), known, n=1, cutoff=0.8)
        if column not in known and close and close[0] not in columns:
            faults.add(1, f'column "{column}" is not known. Closest: "{close[0]}".', "Rename the column.")
    if "code_path" in columns and "parent" in columns:
        faults.add(1, "has both code_path and parent as a column.", "Remove parent: the path says it.")
    keys = [column for column in ("id", "code_path") if column in columns]
    if len(keys) != 1:
        which = 'both "id" and "code_path"' if keys else 'neither "id" nor "code_path"'
        faults.add(1, f"has {which} as a column.", "Keep one of them to say which code a row is.")


def _path(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"\s>(?=\s|$)", f" {written}"))


def _path_fields(path: tuple[str, ...], number: int) -> list[tuple[str, Node]]:
    parent = [("parent", " > ".join(path[:-1]))] if path[1:] else []
    pairs = [("id", " > ".join(path)), ("name", path[-1]), *parent]
    return [(column, Scalar(value, number)) for column, value in pairs]


def _definition(row: Mapping[str, str], number: int, faults: Faults) -> str:
    definition, memo = row.get("definition", ""), row.get("memo", "")
    if definition and memo:
        mend = "Keep the definition here; a memo belongs in the study."
        faults.add(number, "has both a definition and a memo.", mend)
    return definition or memo
