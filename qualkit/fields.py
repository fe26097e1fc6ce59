"""From nodes to single values: texts, keys, choices, numbers, each with a fault when it is none."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from qualkit.errors import nearest
from qualkit.model import LANGUAGES, Language, Text
from qualkit.yamltree import Faults, Fields, Items, Node, Scalar

KEY_LENGTH = 200
_T = TypeVar("_T")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


def version_parts(version: str) -> tuple[int, int, int] | None:
    """Return the three numbers of ``x.y.z``, or None when it is not such a version."""
    match = _VERSION.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


@dataclass(slots=True)
class Parser:
    """Reads nodes as values and notes each fault; a value that cannot be read becomes an empty one.

    Parameters
    ----------
    faults : Faults
        Where faults are noted.
    language : {"nl", "en"}
        The language of a text written without one.
    both : bool
        Whether every text must be there in both languages.
    """

    faults: Faults
    language: Language = "nl"
    both: bool = False

    def fields(self, node: Node, what: str, known: Sequence[str], required: Sequence[str]) -> dict[str, Node]:
        """Return the fields that say something; `what` is such as ``a code``."""
        if not isinstance(node, Fields):
            mend = f"It has at least: {', '.join(required)}." if required else ""
            self.faults.add(node.place, f"{what} should be a mapping, not {kind_of(node)}.", mend)
            return {}
        for name, place in node.places.items():
            if name not in known:
                self.faults.add(place, f'"{name}" is not a field of {what}.', nearest(name, known))
        found = {k: v for k, v in node.entries.items() if k in known and not _says_nothing(v)}
        id_ = found.get("id")
        named = f'{what.split(" ", 1)[1]} "{id_.text}"' if isinstance(id_, Scalar) else what
        for name in required:
            if name not in found:
                place = node.places.get(name, node.place)
                self.faults.add(place, f"{named} has no {name}.", "Add it.")
        return found

    def items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        """Return the members of a list; none when it is not there."""
        if node is None:
            return ()
        if isinstance(node, Items):
            return node.items
        found = f"{what} should be a list, not {kind_of(node)}."
        self.faults.add(node.place, found, "Begin each member with a dash.")
        return ()

    def string(self, node: Node | None, what: str) -> str:
        """Return a text of one language, without the white space around it; "" when it is not there."""
        if node is None:
            return ""
        if not isinstance(node, Scalar) or node.text is None:
            self.faults.add(node.place, f"{what} should be a text, not {kind_of(node)}.")
            return ""
        for character in node.text:
            if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
                found = f"{what} holds the character U+{ord(character):04X}."
                self.faults.add(node.place, found, "Remove it.")
                return ""
        return node.text.strip()

    def key(self, node: Node | None, what: str) -> str:
        """Return a name by which other places refer to this one."""
        if node is None:
            return ""
        if not isinstance(node, Scalar) or not node.text:
            self.faults.add(node.place, f"{what} should be a text, not {kind_of(node)}.")
            return ""
        if len(node.text) > KEY_LENGTH:
            found = f"{what} is {len(node.text)} characters long."
            self.faults.add(node.place, found, f"At most {KEY_LENGTH} are allowed.")
        elif node.text != node.text.strip() or not node.text.isprintable():
            found = f"{what} holds a line break, an invisible character, or a space at its start or end."
            self.faults.add(node.place, found, "Remove it.")
        return node.text

    def text(self, node: Node | None, what: str, *, both: bool = True) -> Text:
        """Return a text: a plain one is in the codebook's language, a mapping says which.

        `both` False exempts it from being there in both languages (an example is often in one).
        """
        if node is None:
            return Text()
        if isinstance(node, Fields):
            for name, place in node.places.items():
                if name not in LANGUAGES:
                    self.faults.add(place, f'"{name}" is not a language of {what}.', nearest(name, LANGUAGES))
            entries = {k: v for k, v in node.entries.items() if not _says_nothing(v)}
            text = Text(self.string(entries.get("nl"), what), self.string(entries.get("en"), what))
            if not entries:
                self.faults.add(node.place, f"{what} is empty.", "Write a text, or leave the field out.")
        elif isinstance(node, Scalar):
            written = self.string(node, what)
            text = Text(nl=written) if self.language == "nl" else Text(en=written)
        else:
            mend = "Write a text, or nl and en with a text each."
            self.faults.add(node.place, f"{what} should be a text, not {kind_of(node)}.", mend)
            return Text()
        for language in LANGUAGES if both and self.both and text else ():
            if not getattr(text, language):
                found = f"{what} has no {language}, and the title is in both languages."
                self.faults.add(node.place, found, f"Add {language}.")
        return text

    def choice(self, node: Node | None, what: str, known: Sequence[str]) -> str | None:
        """Return one of `known`, or None when it is not there or another word (which is a fault)."""
        if node is None:
            return None
        found = self.string(node, what)
        if found in known:
            return found
        if isinstance(node, Scalar):
            self.faults.add(node.place, f'{what} is "{found}".', f"It is one of: {', '.join(known)}.")
        return None

    def number(self, node: Node, what: str) -> int | None:
        """Return a whole number, or None with a fault."""
        if isinstance(node, Scalar) and node.text is not None and re.fullmatch(r"[0-9]{1,9}", node.text):
            return int(node.text)
        found = f'"{node.text}"' if isinstance(node, Scalar) else kind_of(node)
        self.faults.add(node.place, f"{what} should be a whole number, not {found}.")
        return None

    def matching(self, node: Node | None, what: str, pattern: re.Pattern[str], mend: str) -> str | None:
        """Return a text of a fixed form, or None when it is not there or of another form (a fault)."""
        if node is None:
            return None
        found = self.string(node, what)
        if pattern.fullmatch(found):
            return found
        if isinstance(node, Scalar):
            self.faults.add(node.place, f'{what} is "{found}".', mend)
        return None

    def version(self, node: Node | None, what: str) -> str | None:
        """Return ``x.y.z``, or None with a fault when it is another text."""
        return self.matching(node, what, _VERSION, "Write three numbers, as in 1.0.0.")

    def date(self, node: Node | None) -> dt.date | None:
        """Return a date written as ``yyyy-mm-dd``."""
        if node is None:
            return None
        found = self.string(node, "date")
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", found):
                return dt.date.fromisoformat(found)
        except ValueError:
            pass
        if isinstance(node, Scalar):
            self.faults.add(node.place, f'date "{found}" is not a date.', "Write it as yyyy-mm-dd.")
        return None

    def named(
        self, node: Node | None, field: str, what: str, one: Callable[[Node], tuple[str, _T]]
    ) -> tuple[_T, ...]:
        """Return the members of the list `field`, each read by `one`; a key twice is a fault."""
        first: dict[str, int | None] = {}
        values: list[_T] = []
        for item in self.items(node, field):
            key, value = one(item)
            if not key:
                continue
            if key in first:
                found = f'{what} "{key}" stands there twice{self.faults.first(first[key])}.'
                self.faults.add(item.place, found, "Keep one of them.")
                continue
            first[key] = item.place
            values.append(value)
        return tuple(values)


def kind_of(node: Node) -> str:
    """Return what a node is, for a message."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Fields):
        return "a mapping"
    return "nothing" if _says_nothing(node) else "a text"


def _says_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and not (node.text or "").strip()
