"""Spans, commitments and the lookup of a quotation: the only home of offset arithmetic.

Offsets are Unicode code points, 0-based, half-open ``[start, end)``, in Python, in the study file and in
every table. JavaScript counts UTF-16 units; that is converted here and nowhere else.
"""

from __future__ import annotations

import hmac
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

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
    return hmac.digest(salt, data, "sha256").hex()


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


Anchor = Literal["kept", "moved", "changed", "lost"]
Edit = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Edits:
    """How one text became another: stretches that were replaced, and by how much.

    Parameters
    ----------
    edits : tuple of (old start, old end, new length)
        In code points of the old text, half-open, in order, not overlapping; an insertion has an empty
        stretch, a deletion the new length 0.

    Raises
    ------
    AnchorError
        When the stretches are not in order, overlap, or change nothing.
    """

    edits: tuple[Edit, ...]

    def __post_init__(self) -> None:
        last = 0
        for start, end, length in self.edits:
            if not last <= start <= end or length < 0 or (start == end and length == 0):
                raise AnchorError(
                    f"edit {start}–{end} of new length {length} is out of order, or changes nothing."
                )
            last = end

    def length(self, old: int) -> int:
        """Return the length of the new text, given that of the old one."""
        return old + sum(length - (end - start) for start, end, length in self.edits)

    def inverse(self) -> Edits:
        """Return the edits that lead back."""
        shift, back = 0, []
        for start, end, length in self.edits:
            back.append((start + shift, start + shift + length, end - start))
            shift += length - (end - start)
        return Edits(tuple(back))

    def carry(self, span: Span) -> tuple[Span | None, Anchor]:
        """Return where `span` is in the new text, by arithmetic alone.

        Returns
        -------
        (Span or None, {"kept", "moved", "changed", "lost"})
            *kept*: no edit touches it and it stands where it stood; *moved*: only edits before it;
            *changed*: an edit lies within it or runs over one of its ends; *lost* (with None): its words were
            deleted, or went up in a larger replaced stretch. Text inserted at one of its ends is no part of it.
        """
        shift = grown = 0
        before = after = 0  # characters of the span that an edit took at its left and right end
        changed = False
        for start, end, length in self.edits:
            if end <= span.start:
                shift += length - (end - start)
            elif start >= span.end:
                break
            elif start <= span.start and end >= span.end:
                if (start, end) == (span.start, span.end) and length:
                    return Span(start + shift, start + shift + length), "changed"
                return None, "lost"
            else:
                changed = True
                if start < span.start:  # runs over the left end: the new words count as outside
                    before = end - span.start
                    shift += length - (end - start)
                elif end > span.end:  # runs over the right end
                    after = span.end - start
                else:
                    grown += length - (end - start)
        start = span.start + before + shift
        end = span.end - after + shift + grown
        if start >= end:
            return None, "lost"
        where = Span(start, end)
        return where, "changed" if changed else "kept" if where == span else "moved"


def proposed_edits(old: str, new: str) -> Edits:
    """Return edits that lead from `old` to `new`, word by word: a proposal, for a caller that has none.

    Pseudonymising and other programs that know what they replace pass their own edits instead.
    """
    from difflib import SequenceMatcher

    # white space goes with the word before it: alone it would match everywhere and cost square time
    left, right = (re.findall(r"\w+\s*|[^\w\s]\s*|\s+", text) for text in (old, new))
    at_old, at_new = (list(accumulate(map(len, words), initial=0)) for words in (left, right))
    edits = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            edits.append(_trimmed(old, new, (at_old[i1], at_old[i2]), (at_new[j1], at_new[j2])))
    return Edits(tuple(edits))


def _trimmed(old: str, new: str, here: tuple[int, int], there: tuple[int, int]) -> Edit:
    """Leave out of a replaced stretch what is equal at its ends."""
    (start, end), (first, last) = here, there
    while start < end and first < last and old[end - 1] == new[last - 1]:
        end, last = end - 1, last - 1
    while start < end and first < last and old[start] == new[first]:
        start, first = start + 1, first + 1
    return start, end, last - first


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
