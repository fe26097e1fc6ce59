"""The frozen values of a codebook, and what may be asked of one release."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qualkit.errors import UnknownNameError
from qualkit.model import Language, Text

if TYPE_CHECKING:
    import pandas as pd

CodeLevel = Literal["leaves", "any"]
Status = Literal["active", "retired"]
Origin = Literal["a priori", "open", "in vivo"]
ChangeKind = Literal["add", "reword", "redefine", "rename", "move", "merge", "split", "retire"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code as one release defines it.

    Parameters
    ----------
    key : str
        The readable key, such as ``D1`` or ``Ranking > Liked it``. It may change between releases.
    guid : str
        The identity behind the key, 32 hex digits, for ever the same.
    parent : str or None
        Key of the code it hangs under; None at the top.
    name, definition, include, exclude, example : Text
        Empty where not given. `exclude` names the code to take instead.
    questions : tuple of int
        The research questions it bears on.
    origin : {"a priori", "open", "in vivo"} or None
        How the code came about; None when not noted.
    status : {"active", "retired"}
        A retired code stays readable and takes no new codings.
    colour : str or None
        ``#RRGGBB`` when the code has one itself; `Codebook.colour` gives the one to draw with.
    """

    key: str
    guid: str
    parent: str | None
    name: Text
    definition: Text = Text()
    include: Text = Text()
    exclude: Text = Text()
    example: Text = Text()
    questions: tuple[int, ...] = ()
    origin: Origin | None = None
    status: Status = "active"
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of *soort* or *oordeel*: what a coding may be qualified with."""

    key: str
    name: Text
    definition: Text = Text()


@dataclass(frozen=True, slots=True)
class Question:
    """A research question, by its number."""

    number: int
    text: Text


@dataclass(frozen=True, slots=True)
class Theme:
    """An interpretive claim's heading, with the keys of the categories it draws on."""

    key: str
    name: Text
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelationType:
    """A kind of relation; `symmetric` when source and target may change places."""

    key: str
    name: Text
    definition: Text = Text()
    symmetric: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation between two codes, each with its *soort* or None for the code as a whole."""

    source: str
    source_soort: str | None
    type: str
    target: str
    target_soort: str | None
    why: Text = Text()


@dataclass(frozen=True, slots=True)
class Change:
    """What a release did to codes of the one before: `kind`, the keys, where they went, and why."""

    kind: ChangeKind
    codes: tuple[str, ...]
    into: tuple[str, ...] = ()
    why: Text = Text()


@dataclass(frozen=True, slots=True, repr=False)
class Codebook:
    """One release of a codebook. Made by `read`, `from_json` or `codebook_from_rows`, which check it.

    Parameters
    ----------
    name, version : str
        Version is ``x.y.z``.
    codes : tuple of Code
        In the order of the file.
    previous : str or None
        The version this one follows.
    date : datetime.date or None
    title : Text
    language : {"nl", "en"}
        The language of texts that were written without one.
    code_level : {"any", "leaves"}
        Which active codes a coding may use: any, or only those without active codes below them.
    soort, oordeel : tuple of FacetValue
        Empty when codings have none.
    coding_rules : tuple of Text
    questions : tuple of Question
    themes : tuple of Theme
    relation_types : tuple of RelationType
    relations : tuple of Relation
    changes : tuple of Change
    sha256 : str
        Of the bytes of the file; of the content when the codebook came from a table.
    """

    name: str
    version: str
    codes: tuple[Code, ...]
    previous: str | None = None
    date: dt.date | None = None
    title: Text = Text()
    language: Language = "nl"
    code_level: CodeLevel = "any"
    soort: tuple[FacetValue, ...] = ()
    oordeel: tuple[FacetValue, ...] = ()
    coding_rules: tuple[Text, ...] = ()
    questions: tuple[Question, ...] = ()
    themes: tuple[Theme, ...] = ()
    relation_types: tuple[RelationType, ...] = ()
    relations: tuple[Relation, ...] = ()
    changes: tuple[Change, ...] = ()
    sha256: str = ""
    _by_key: Mapping[str, Code] = field(init=False, compare=False)
    _below: Mapping[str | None, tuple[Code, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        below: dict[str | None, list[Code]] = {}
        for code in self.codes:
            below.setdefault(code.parent, []).append(code)
        object.__setattr__(self, "_by_key", {code.key: code for code in self.codes})
        object.__setattr__(self, "_below", {key: tuple(codes) for key, codes in below.items()})

    @classmethod
    def read(cls, path: Path | str, *, version: str | None = None) -> Codebook:
        """Return the codebook in a YAML file, or the release `version` of a folder of releases.

        Parameters
        ----------
        path : path
            A file, or a folder that holds ``x.y.z.yaml`` files.
        version : str or None
            Needed for a folder: the newest is never taken by itself. For a file, what it should be.

        Raises
        ------
        CodebookError
            With every fault of the file and its line, or with the versions that the folder has.
        """
        from qualkit.codebook.read import read_codebook

        return read_codebook(Path(path), version)

    @classmethod
    def from_json(cls, text: str) -> Codebook:
        """Return the codebook that `to_json` wrote, checked as a file is.

        Raises
        ------
        CodebookError
            When the text is not such a codebook.
        """
        from qualkit.codebook.read import codebook_from_json

        return codebook_from_json(text)

    def to_json(self) -> str:
        """Return all of the codebook as JSON: one line, keys sorted, the same text for the same content."""
        from qualkit.codebook.read import codebook_to_json

        return codebook_to_json(self)

    def code(self, key: str) -> Code:
        """Return the code with this key.

        Raises
        ------
        UnknownNameError
            When there is none; it names the nearest.
        """
        if key not in self._by_key:
            raise UnknownNameError("code", key, list(self._by_key))
        return self._by_key[key]

    def children(self, key: str | None) -> tuple[Code, ...]:
        """Return the codes right under `key`, or those at the top for None, retired ones too, in file order.

        Raises
        ------
        UnknownNameError
            When there is no such code.
        """
        if key is not None:
            self.code(key)
        return self._below.get(key, ())

    def below(self, key: str) -> list[str]:
        """Return the keys of all codable codes under a code, itself first when it is codable, in order.

        Raises
        ------
        UnknownNameError
            When there is no code of that key.
        """
        own = [key] if self.is_codable(self.code(key).key) else []
        return [*own, *(found for child in self.children(key) for found in self.below(child.key))]

    def walk(self) -> Iterator[tuple[int, Code]]:
        """Yield every code with its level (1 at the top), each before the codes under it."""
        waiting = [(1, code) for code in reversed(self.children(None))]
        while waiting:
            level, code = waiting.pop()
            yield level, code
            waiting.extend((level + 1, child) for child in reversed(self.children(code.key)))

    def leaves(self) -> tuple[Code, ...]:
        """Return the active codes without active codes under them, in file order."""
        active = (code for code in self.codes if code.status == "active")
        return tuple(code for code in active if not self._has_active(code.key))

    def codable(self) -> tuple[Code, ...]:
        """Return the codes that a coding may use, in file order (see `is_codable`)."""
        return tuple(code for code in self.codes if self.is_codable(code.key))

    def is_codable(self, key: str) -> bool:
        """Return whether a coding may use this code: active and, where `code_level` is ``leaves``, a leaf.

        Raises
        ------
        UnknownNameError
            When there is no such code.
        """
        if self.code(key).status == "retired":
            return False
        return self.code_level == "any" or not self._has_active(key)

    def category(self, key: str) -> Code:
        """Return the code at the top of the branch that `key` is in; itself when it is at the top.

        Raises
        ------
        UnknownNameError
            When there is no such code.
        """
        code = self.code(key)
        while code.parent is not None:
            code = self.code(code.parent)
        return code

    def colour(self, key: str) -> str | None:
        """Return the colour of a code as ``#RRGGBB``: its own, else that of the nearest above it.

        Raises
        ------
        UnknownNameError
            When there is no such code.
        """
        code = self.code(key)
        while code.colour is None and code.parent is not None:
            code = self.code(code.parent)
        return code.colour

    def to_frame(self, *, language: Language | None = None) -> pd.DataFrame:
        """Return the codes, one row each, in file order.

        Parameters
        ----------
        language : {"nl", "en"} or None
            For the texts; None takes the codebook's own.

        Returns
        -------
        DataFrame
            ``code_id, code`` (key and name), ``definition, include, exclude, example`` (empty where not
            given), ``questions`` (numbers, joined with ``", "``), ``guid``: str. ``parent, category`` (keys),
            ``origin, status, colour``: category; parent is missing at the top, origin and colour where not
            given. ``level`` int64, 1 at the top. ``codable`` bool.
        """
        import pandas as pd

        chosen = language or self.language
        levels = {code.key: level for level, code in self.walk()}
        named = ("parent", "category", "origin", "status", "colour")
        columns = {
            "code_id": [code.key for code in self.codes],
            "parent": [code.parent for code in self.codes],
            "category": [self.category(code.key).key for code in self.codes],
            "level": [levels[code.key] for code in self.codes],
            "code": [code.name.in_(chosen) for code in self.codes],
            "definition": [code.definition.in_(chosen) for code in self.codes],
            "include": [code.include.in_(chosen) for code in self.codes],
            "exclude": [code.exclude.in_(chosen) for code in self.codes],
            "example": [code.example.in_(chosen) for code in self.codes],
            "questions": [", ".join(str(number) for number in code.questions) for code in self.codes],
            "origin": [code.origin for code in self.codes],
            "status": [code.status for code in self.codes],
            "codable": [self.is_codable(code.key) for code in self.codes],
            "colour": [self.colour(code.key) for code in self.codes],
            "guid": [code.guid for code in self.codes],
        }
        types = {name: "category" if name in named else "str" for name in columns}
        return pd.DataFrame(columns).astype(types | {"level": "int64", "codable": "bool"})

    def _has_active(self, key: str) -> bool:
        return any(child.status == "active" for child in self._below.get(key, ()))

    def __repr__(self) -> str:
        return f"<Codebook {self.name} {self.version}: {len(self.codes)} codes>"

    def _repr_html_(self) -> str:
        from qualkit.codebook._html import tree

        return tree(self)


@cache
def _namespace() -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "urn:qualkit")


def derived_guid(codebook: str, key: str) -> str:
    """Return the guid of a code that the file gives none: the same for the same codebook name and key."""
    return uuid.uuid5(_namespace(), f"code\x1f{codebook}\x1f{key}").hex
