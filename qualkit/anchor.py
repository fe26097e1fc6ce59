"""Spans, commitments and the lookup of a quotation: the only home of offset arithmetic.

Offsets are Unicode code points, 0-based, half-open ``[start, end)``, in Python, in the study file and in
every table. JavaScript counts UTF-16 units; that is converted here and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from bisect import bisect_right
from dataclasses import dataclass

from qualkit.errors import AnchorError

SALT_BYTES = 16


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of a text: code points, 0-based, ``0 <= start < end``.

    Raises
    ------
    AnchorError
        When the two numbers are no such stretch.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise AnchorError(f"a span needs 0 <= start < end; found start {self.start}, end {self.end}.")

    def __len__(self) -> int:
        """Return the number of code points."""
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the words of this span in `text`.

        Raises
        ------
        AnchorError
            When the span ends beyond the text.
        """
        if self.end > len(text):
            raise AnchorError(
                f"span {self.start}–{self.end} ends beyond the text, which has {len(text)} characters."
            )
        return text[self.start : self.end]

    def encloses(self, other: Span) -> bool:
        """Return whether `other` lies wholly within this span (equal counts)."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Return whether the two share at least one character; touching ends do not."""
        return self.start < other.end and other.start < self.end


def commitment(words: str | bytes, salt: bytes) -> str:
    """Return the commitment to `words`: HMAC-SHA256 under the salt of the text they stand in, as hex.

    A bare hash of a name or a short phrase can be guessed; without the salt, which is erased together
    with the text, this one cannot.
    """
    data = words if isinstance(words, bytes) else words.encode("utf-8", "surrogatepass")
    return hmac.new(salt, data, hashlib.sha256).hexdigest()


_LOOSE = {
    "'": "['’‘`´]",
    '"': '["“”„«»]',
    "’": "['’‘`´]",
    "‘": "['’‘`´]",
    "“": '["“”„«»]',
    "”": '["“”„«»]',
    "„": '["“”„«»]',
    "-": "[-‐‑–—]",
    "–": "[-‐‑–—]",
    "—": "[-‐‑–—]",
}


def find_quote(text: str, quote: str) -> list[Span]:
    """Return every place where `quote` stands in `text`.

    White space of any kind and length matches any white space, curly and straight quotation marks match
    each other, and so do hyphens and dashes, and ``…`` and ``...``: people retype what they quote. Letters
    must be equal, capitals included.

    Parameters
    ----------
    text : str
        The text of a document.
    quote : str
        The words looked for.

    Returns
    -------
    list of Span
        In the order of the text, not overlapping each other; empty when the words do not occur.
    """
    words = quote.replace("…", "...").split()
    if not words:
        return []
    if (start := text.find(quote)) >= 0 and text.find(quote, start + 1) < 0 and quote == quote.strip():
        return [Span(start, start + len(quote))]
    pattern = r"\s+".join(
        "".join(_LOOSE.get(char, re.escape(char)) for char in word).replace(r"\.\.\.", r"(?:\.\.\.|…)")
        for word in words
    )
    return [Span(hit.start(), hit.end()) for hit in re.finditer(pattern, text)]


class Utf16:
    """Converts between code points and UTF-16 units for one text.

    Parameters
    ----------
    text : str
        The text whose offsets are converted.
    """

    def __init__(self, text: str) -> None:
        # only characters beyond the basic plane take two units; their places are all that must be kept
        self._wide = [i for i, char in enumerate(text) if ord(char) > 0xFFFF]
        self._units = [place + n for n, place in enumerate(self._wide)]
        self._length = len(text)

    def to_units(self, offset: int) -> int:
        """Return the UTF-16 offset of code point `offset`.

        Raises
        ------
        AnchorError
            When `offset` lies outside the text.
        """
        if not 0 <= offset <= self._length:
            raise AnchorError(f"offset {offset} lies outside a text of {self._length} characters.")
        return offset + bisect_right(self._wide, offset - 1)

    def to_code_points(self, units: int) -> int:
        """Return the code point at UTF-16 offset `units`.

        Raises
        ------
        AnchorError
            When `units` lies outside the text or within a surrogate pair.
        """
        if not 0 <= units <= self._length + len(self._wide):
            raise AnchorError(f"UTF-16 offset {units} lies outside the text.")
        before = bisect_right(self._units, units - 1)
        if before and self._units[before - 1] == units - 1:
            raise AnchorError(f"UTF-16 offset {units} lies within one character.")
        return units - before
