"""Analyses: pure functions that see a study through `qualkit.model.Frames` and return small frozen results.

Nothing here knows of files, notebooks or Word. Importing this package loads neither pandas nor numpy; the
first analysis does.
"""

from __future__ import annotations

from qualkit.analysis.groups import Cell, GroupComparison, Status, compare_groups

__all__ = ["Cell", "GroupComparison", "Status", "compare_groups"]
