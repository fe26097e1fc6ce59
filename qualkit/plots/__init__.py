"""Charts: for each one a function that makes the tidy frame, and a thin one that draws it.

A chart returns its matplotlib figure and never shows or saves it. matplotlib is loaded by the first drawing,
and only its object API: no pyplot, no global state.
"""

from __future__ import annotations

from qualkit.plots.group_matrix import alt_text, group_matrix, group_matrix_frame

__all__ = ["alt_text", "group_matrix", "group_matrix_frame"]
