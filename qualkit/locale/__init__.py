"""Words for messages and reports in Dutch and English."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from qualkit.errors import OutputError
from qualkit.model import Language

Section = Literal["phrases", "word", "coded"]


@cache
def _loaded(language: Language) -> dict[str, object]:
    text = files("qualkit.locale").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def words(language: Language, section: Section = "phrases") -> dict[str, str]:
    """Return the phrases of a language by key; both languages have the same keys (tested)."""
    return cast(dict[str, str], _loaded(language)[section])


def in_words(number: int, language: Language) -> str:
    """Return a whole number as running text has it: a word up to twenty, digits from there on."""
    names = cast(list[str], _loaded(language)["numbers"])
    return names[number] if 0 <= number < len(names) else str(number)


def written_date(iso: str, language: Language) -> str:
    """Return an ISO date written out: ``8 juni 2021``, ``8 June 2021``.

    Raises
    ------
    OutputError
        When `iso` is no date.
    """
    try:
        day = date.fromisoformat(iso[:10])
    except ValueError as error:
        raise OutputError(f'report date "{iso}" is not a date. Write it as 2021-11-30.') from error
    return f"{day.day} {written_month(iso, language)}"


def written_month(iso: str, language: Language) -> str:
    """Return the month and year of an ISO date: ``juni 2021``."""
    year, month = iso.split("-")[:2]
    return f"{words(language)[f'month_{int(month)}']} {year}"


def joined(parts: list[str], language: Language, last: Literal["and", "or"] = "and") -> str:
    """Return a list as prose has it: ``a, b en c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {words(language)[last]} {parts[-1]}"
