"""Codebooks: reading a release, checking it, and the values it consists of."""

from __future__ import annotations

from qualkit.codebook.model import (
    Change,
    Code,
    Codebook,
    FacetValue,
    Question,
    Relation,
    RelationType,
    Theme,
)
from qualkit.codebook.table import codebook_from_rows
from qualkit.model import Text

__all__ = [
    "Change",
    "Code",
    "Codebook",
    "FacetValue",
    "Question",
    "Relation",
    "RelationType",
    "Text",
    "Theme",
    "codebook_from_rows",
]
