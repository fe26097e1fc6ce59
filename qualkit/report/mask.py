"""Names that may not leave the team: masked in quotations, refused everywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# a telephone number as people say or type it: ten digits, parted in any way, or +31 and nine
_PHONE = re.compile(r"(?<![\w])(?:\+31|0)(?:[\s-]?\d){8,10}(?!\d)")
PHONE_MASK = "[telefoonnummer]"


class Mask:
    """Replaces known names in words that leave the team, and finds names that slipped through.

    Parameters
    ----------
    names : mapping of str to str
        Name to what stands in its place. Matching is by whole words, as typed or all in capitals, also with a
        genitive *s*; a name that holds another one goes first. Lower-case spellings are not found: many
        names are words as well.
    keys : iterable of str
        Participant codes, which an external report may not show either.
    """

    def __init__(self, names: Mapping[str, str], keys: Iterable[str]) -> None:
        self._names = dict(names) | {
            # not for Ab and Jo: two capitals are more often initials, or a coder
            name.upper(): instead
            for name, instead in names.items()
            if len(name) > 2
        }
        self._keys = set(keys)
        self._pattern = _any_of(self._names)
        self._key_pattern = _any_of(self._keys)

    def quote(self, words: str) -> str:
        """Return the words of a quotation with every known name and telephone number masked."""
        if self._pattern is not None:
            words = self._pattern.sub(lambda hit: self._names[hit[0]], words)
        return _PHONE.sub(PHONE_MASK, words)

    def leaks(self, text: str) -> list[str]:
        """Return what in `text` may not leave the team: names, participant codes, telephone numbers."""
        found = []
        for pattern in (self._pattern, self._key_pattern, _PHONE):
            if pattern is not None:
                found += [hit[0] for hit in pattern.finditer(text)]
        return found


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    if not longest_first:
        return None
    # Fatimas zus, Bas' fiets, Bram's kamer: the ending stays, the name goes
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?=(?:['’]?s)?(?!\w))")
