"""Where two coders differ, span by span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qualkit.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["document_id", "start", "end", "kind", "left", "right", "left_ids", "right_ids", "text"]


def disagreement_frame(codings: pd.DataFrame, coders: tuple[str, str]) -> pd.DataFrame:
    """Return span by span where two coders differ, on the documents that both coded.

    Parameters
    ----------
    codings : DataFrame
        As `Study.codings` gives it.
    coders : (str, str)
        The two.

    Returns
    -------
    DataFrame
        ``document_id`` (str), ``start, end`` (int64: the stretch that the codings cover together), ``kind``
        (see Notes), ``left, right`` (str: code and soort that each gave, joined by ``"; "``), ``left_ids,
        right_ids`` (str: coding ids, joined by a space), ``text`` (str: the words of the longest of the
        quotations).

    Raises
    ------
    UnknownNameError
        When one of the two coded nothing.

    Notes
    -----
    Codings of the two whose spans overlap make a stretch. A stretch is an *omission* when one of them left it
    open; a difference of *code* when the sets of codes differ; of *soort* when the codes are equal and the
    qualifications are not; of *boundary* when only the places differ. A stretch on which all is equal is no
    disagreement. Spans that only touch do not overlap.
    """
    import pandas as pd

    known = [str(one) for one in codings["coder"].unique()]
    for coder in coders:
        if coder not in known:
            raise UnknownNameError("coder", coder, known)
    own = codings[codings["coder"].isin(coders)]
    both = set.intersection(*(set(own.loc[own["coder"] == coder, "document_id"]) for coder in coders))
    rows = []
    for document, part in own[own["document_id"].isin(both)].groupby("document_id", observed=True, sort=True):
        for stretch in _stretches(part.sort_values(["start", "end"]).to_dict("records")):
            row = _row(str(document), stretch, coders)
            if row is not None:
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _stretches(records: list[dict[Any, Any]]) -> Iterator[list[dict[Any, Any]]]:
    stretch: list[dict[Any, Any]] = []
    end = -1
    for one in records:
        if stretch and one["start"] >= end:
            yield stretch
            stretch, end = [], -1
        stretch.append(one)
        end = max(end, one["end"])
    if stretch:
        yield stretch


def _row(document: str, stretch: list[dict[Any, Any]], coders: tuple[str, str]) -> tuple[object, ...] | None:
    sides = [[one for one in stretch if one["coder"] == coder] for coder in coders]
    codes = [{one["code_id"] for one in side} for side in sides]
    given = [{(one["code_id"], _said(one["soort"]), _said(one["oordeel"])) for one in side} for side in sides]
    places = [{(one["code_id"], one["start"], one["end"]) for one in side} for side in sides]
    if not all(sides):
        kind = "omission"
    elif codes[0] != codes[1]:
        kind = "code"
    elif given[0] != given[1]:
        kind = "soort"
    elif places[0] != places[1]:
        kind = "boundary"
    else:
        return None
    told = ["; ".join(sorted(" ".join(filter(None, one)) for one in side)) for side in given]
    ids = [" ".join(one["coding_id"] for one in side) for side in sides]
    longest = max(stretch, key=lambda one: one["end"] - one["start"])
    start, end = min(one["start"] for one in stretch), max(one["end"] for one in stretch)
    return document, start, end, kind, *told, *ids, longest["text"]


def _said(value: object) -> str:
    return value if isinstance(value, str) else ""
