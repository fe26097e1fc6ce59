"""Words for messages and reports in Dutch and English."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from qualkit.model import Language


@cache
def words(language: Language) -> dict[str, str]:
    """Return the phrases of a language by key; both languages have the same keys (tested)."""
    text = files("qualkit.locale").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    loaded = tomllib.loads(text)
    return {key: str(value) for key, value in loaded["phrases"].items()}


@cache
def _number_words(language: Language) -> tuple[str, ...]:
    text = files("qualkit.locale").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["numbers"])


def in_words(number: int, language: Language) -> str:
    """Return a whole number as running text has it: a word up to twenty, digits from there on."""
    names = _number_words(language)
    return names[number] if 0 <= number < len(names) else str(number)


def written_date(iso: str, language: Language) -> str:
    """Return an ISO date written out: ``8 juni 2021``, ``8 June 2021``."""
    year, month, day = iso.split("-")
    return f"{int(day)} {words(language)[f'month_{int(month)}']} {year}"


def joined(parts: list[str], language: Language) -> str:
    """Return a list as prose has it: ``a, b en c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {words(language)['and']} {parts[-1]}"
