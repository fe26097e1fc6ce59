"""A codebook as HTML for a notebook: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qualkit.codebook.model import Code, Codebook

_PARTS = {
    "nl": (("include", "Wel"), ("exclude", "Niet"), ("example", "Voorbeeld")),
    "en": (("include", "Include"), ("exclude", "Exclude"), ("example", "Example")),
}
_RETIRED = {"nl": "buiten gebruik", "en": "retired"}


def tree(codebook: Codebook) -> str:
    """Return the codes as an indented list; the definition of each unfolds."""
    title = codebook.title.in_(codebook.language) or codebook.name
    # A flat list with margins: a deep branch would nest as deep in HTML, and recursion would end it.
    lines = [_line(codebook, level, code) for level, code in codebook.walk()]
    head = f"<strong>{escape(title)}</strong> {escape(codebook.name)} {escape(codebook.version)}"
    return f'<div class="qualkit-codebook"><p>{head}</p>{"".join(lines)}</div>'


def _line(codebook: Codebook, level: int, code: Code) -> str:
    language = codebook.language
    colour = codebook.colour(code.key)
    # Colour never stands alone: the key is always printed beside it.
    patch = f'<span style="color:{escape(colour)}" aria-hidden="true">■</span> ' if colour else ""
    name = code.name.in_(language)
    label = f"<b>{escape(code.key)}</b>" + (f" {escape(name)}" if name != code.key else "")
    if code.status == "retired":
        label = f"<s>{label}</s> ({_RETIRED[language]})"
    texts = [f"<p>{escape(code.definition.in_(language))}</p>"] if code.definition else []
    for part, heading in _PARTS[language]:
        words = getattr(code, part).in_(language)
        if words:
            texts.append(f"<p><i>{heading}:</i> {escape(words)}</p>")
    start = f'style="margin-left:{1.5 * (level - 1):g}em"'
    if not texts:
        return f"<div {start}>{patch}{label}</div>"
    return f"<details {start}><summary>{patch}{label}</summary>{''.join(texts)}</details>"
