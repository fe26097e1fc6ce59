"""How commands print tables: aligned for people, CSV or JSON for programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from qualkit.cli.output import say

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[str, object]


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame as dictionaries, missing values as None."""
    return cast(list[dict[str, object]], frame.astype(object).where(frame.notna(), None).to_dict("records"))


def say_table(rows: Sequence[Record], columns: Mapping[str, str]) -> None:
    """Print rows in aligned columns under a heading; nothing when there are none.

    Parameters
    ----------
    rows : sequence of mapping
        What to print.
    columns : mapping of str to str
        Which keys, in order, and the heading of each.
    """
    from rich.cells import cell_len

    if not rows:
        return
    lines = [list(columns.values()), *([shown(row[key]) for key in columns] for row in rows)]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        say("  ".join(padded).rstrip())


def say_csv(rows: Sequence[Record], columns: Sequence[str]) -> None:
    """Print rows as CSV with a heading; every column is there, also without rows."""
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def say_pairs(found: Record) -> None:
    """Print names with their values, one on a line."""
    for name, value in found.items():
        say(f"{name:17} {shown(value)}")


def shown(value: object) -> str:
    """Return a value as it is shown to people, on one line."""
    if isinstance(value, bool):
        return "yes" if value else ""
    # a study may come from elsewhere: what it holds must not steer the terminal
    text = "" if value is None else str(value)
    return "".join(one if one.isprintable() else " " for one in text)
