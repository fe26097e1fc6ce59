"""A file as nodes that know their line, before anything is made of them.

Nodes are built from parser events and not by ruamel's round-trip constructor: its ``.lc`` comes only after
it has stopped at the first duplicate key and has followed aliases and tags. Here an alias, an anchor or a tag
is refused before a value exists, all duplicate keys are found at once, and every scalar knows its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from qualkit.errors import CodebookError, Fault, FaultsError

DEEPEST = 20
_NULLS = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One written value, as typed; None when it says nothing (empty, ``null``)."""

    text: str | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    place: int | None


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; `places` holds the line of every key."""

    entries: dict[str, Node]
    places: dict[str, int | None]
    place: int | None


Node = Scalar | Items | Fields


@dataclass(slots=True)
class Faults:
    """What is wrong so far; told in the order of the file.

    Parameters
    ----------
    where : str
        File name, for the front of every message.
    unit : str
        What a place counts: ``line`` or ``row``.
    error : type of FaultsError
        What is raised.
    what : str
        What could not be done, for its first line.
    """

    where: str
    unit: str = "line"
    error: type[FaultsError] = CodebookError
    what: str = ""
    _found: list[tuple[float, Fault]] = field(default_factory=list)

    def add(self, place: int | None, found: str, mend: str = "") -> None:
        """Note one fault."""
        where = self.where if place is None else f"{self.where}, {self.unit} {place}"
        self._found.append((float("inf") if place is None else place, Fault(where, found, mend)))

    def first(self, place: int | None) -> str:
        """Return a clause that points to an earlier place, or nothing when places are not known."""
        return "" if place is None else f", first on {self.unit} {place}"

    def raise_any(self) -> None:
        """Raise all faults in one error, if there are any."""
        if self._found:
            self._found.sort(key=lambda one: one[0])
            what = self.what or f"{self.where} cannot be read as a codebook"
            raise self.error([fault for _, fault in self._found], what)

    def apart(self) -> Faults:
        """Return an empty list of faults of the same file, to be raised before the others."""
        return Faults(self.where, self.unit, self.error, self.what)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being filled."""

    place: int
    items: list[Node] | None = None
    entries: dict[str, Node] = field(default_factory=dict)
    places: dict[str, int | None] = field(default_factory=dict)
    key: tuple[str, int] | None = None

    def node(self) -> Node:
        if self.items is not None:
            return Items(tuple(self.items), self.place)
        return Fields(self.entries, self.places, self.place)


def from_yaml(text: str, faults: Faults) -> Node:
    """Return the tree of a YAML text.

    Raises
    ------
    CodebookError
        Not YAML, tabs as indentation, anchors, aliases, tags, more than one document, or nested too deep.
        Duplicate keys are added to `faults` and the first is kept, so that the rest can be checked as well.
    """
    _refuse_tabs(text, faults)
    refused = faults.apart()
    root = _build(text, faults, refused)
    refused.raise_any()
    return root or Scalar(None, 1)


def _refuse_tabs(text: str, faults: Faults) -> None:
    tabs = faults.apart()
    for number, line in enumerate(text.split("\n"), start=1):
        if re.match(r" *\t", line):
            tabs.add(number, "is indented with a tab.", "Use spaces.")
    tabs.raise_any()


def _build(text: str, faults: Faults, refused: Faults) -> Node | None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    root: Node | None = None
    stack: list[_Open] = []
    documents = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            kind = type(event).__name__
            line = event.start_mark.line + 1
            if kind == "AliasEvent":
                refused.add(line, f"*{event.anchor} is an alias.", "Write the text out: an alias hides it.")
                node: Node = Scalar(None, line)
            elif kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    refused.add(line, "a second document begins.", "Keep one in a file.")
                continue
            elif kind in ("MappingStartEvent", "SequenceStartEvent"):
                _refuse_extras(event, line, refused)
                stack.append(_Open(line, [] if kind == "SequenceStartEvent" else None))
                if len(stack) > DEEPEST:
                    found = f"is nested more than {DEEPEST} deep."
                    refused.add(line, found, "Look for a bracket that is not closed.")
                    return None
                continue
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                node = stack.pop().node()
            elif kind == "ScalarEvent":
                _refuse_extras(event, line, refused)
                nothing = event.style is None and event.value in _NULLS
                node = Scalar(None if nothing else event.value, line)
            else:
                continue
            if stack:
                _put(node, line, stack[-1], faults)
            else:
                root = node
    except MarkedYAMLError as error:
        # An unclosed quote is found at the end of the file; its own line is where it opened.
        unclosed = error.context == "while scanning a quoted scalar" and error.context_mark is not None
        mark = error.context_mark if unclosed else error.problem_mark
        problem = "a quote is not closed" if unclosed else error.problem
        refused.add(
            mark.line + 1,
            f"this is not YAML: {problem}.",
            "Look here and just above for a missing quote, a colon in an unquoted text, or a wrong indent.",
        )
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"holds the character U+{error.character:04X}, which YAML does not allow."
        refused.add(line, found, "Remove it.")
    return root


def _refuse_extras(event: object, line: int, refused: Faults) -> None:
    anchor, tag = getattr(event, "anchor", None), getattr(event, "ctag", None)
    if anchor is not None:
        refused.add(line, f"&{anchor} is an anchor.", "Remove it, and write each text out where it belongs.")
    if tag is not None:
        refused.add(line, f"{tag} is a tag.", "Remove it: this file holds texts, lists and mappings only.")


def _put(node: Node, line: int, top: _Open, faults: Faults) -> None:
    if top.items is not None:
        top.items.append(node)
    elif top.key is None:
        if not isinstance(node, Scalar) or node.text is None:
            faults.add(line, "the name of a field is not a word.", "Write a word before the colon.")
        top.key = (node.text or "" if isinstance(node, Scalar) else "", line)
    else:
        (key, key_line), top.key = top.key, None
        if key in top.entries:
            found = f'"{key}" stands twice in one mapping{faults.first(top.places[key])}.'
            faults.add(key_line, found, "Keep one of them.")
        elif key:
            top.entries[key] = node
            top.places[key] = key_line


def from_value(value: object) -> Node:
    """Return the tree of a value that JSON gave; it has no lines.

    Raises
    ------
    RecursionError
        When it is nested beyond what Python can follow.
    """
    match value:
        case dict():
            return Fields({k: from_value(v) for k, v in value.items()}, dict.fromkeys(value), None)
        case list():
            return Items(tuple(from_value(one) for one in value), None)
        case None:
            return Scalar(None, None)
        case bool():
            return Scalar("true" if value else "false", None)
        case _:
            return Scalar(str(value), None)


def fields_at(place: int, values: Iterable[tuple[str, Node]]) -> Fields:
    """Return a mapping all of which stands on one row of a table."""
    entries = dict(values)
    return Fields(entries, dict.fromkeys(entries, place), place)
