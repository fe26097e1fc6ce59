"""The figure that every chart is drawn on."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class Chart(Figure):
    """A matplotlib figure that shows itself in a notebook, where one made without pyplot would not."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=110)
        return picture.getvalue()
