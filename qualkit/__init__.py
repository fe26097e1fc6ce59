"""qualkit: from interview transcripts to a Word report in which every claim leads back to the words.

The front door. Nothing heavy is loaded until it is used: pandas, lxml and python-docx come with the first
function that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from qualkit.analysis.groups import GroupComparison, compare_groups
    from qualkit.anchor import Span
    from qualkit.codebook import Code, Codebook
    from qualkit.errors import QualkitError
    from qualkit.model import Document, Participant, Segment, Topic
    from qualkit.recipe import Built, Recipe, build
    from qualkit.report import evaluation_report
    from qualkit.sources import read_document
    from qualkit.study import Study

_HOME = {
    "Built": "qualkit.recipe",
    "Code": "qualkit.codebook",
    "Codebook": "qualkit.codebook",
    "Document": "qualkit.model",
    "GroupComparison": "qualkit.analysis.groups",
    "Participant": "qualkit.model",
    "QualkitError": "qualkit.errors",
    "Recipe": "qualkit.recipe",
    "Segment": "qualkit.model",
    "Span": "qualkit.anchor",
    "Study": "qualkit.study",
    "Topic": "qualkit.model",
    "build": "qualkit.recipe",
    "compare_groups": "qualkit.analysis.groups",
    "evaluation_report": "qualkit.report",
    "read_document": "qualkit.sources",
}

__all__ = [
    "Built",
    "Code",
    "Codebook",
    "Document",
    "GroupComparison",
    "Participant",
    "QualkitError",
    "Recipe",
    "Segment",
    "Span",
    "Study",
    "Topic",
    "__version__",
    "build",
    "compare_groups",
    "evaluation_report",
    "read_document",
]


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'qualkit' has no attribute {name!r}")
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
