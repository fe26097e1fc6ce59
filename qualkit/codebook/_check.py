"""What must hold between the codes of a codebook, and from the other parts to the codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qualkit.codebook.model import Code, Question
from qualkit.errors import nearest
from qualkit.model import LANGUAGES, Text
from qualkit.yamltree import Faults, Node

_TOKEN = re.compile(r"\w+(?:[.\-]\w+)*")


@dataclass(frozen=True, slots=True)
class CodeAt:
    """A code with the nodes of its fields, for their lines."""

    code: Code
    fields: Mapping[str, Node]

    def place(self, name: str) -> int | None:
        """Return the line of a field, or of the id when the code does not have the field."""
        return self.fields.get(name, self.fields["id"]).place


def unique_codes(codes: Sequence[CodeAt], faults: Faults) -> dict[str, CodeAt]:
    """Return the codes by key; a key or guid that is there twice is a fault, and the first is kept."""
    by_key: dict[str, CodeAt] = {}
    by_guid: dict[str, CodeAt] = {}
    for at in codes:
        key, guid = at.code.key, at.code.guid
        if key in by_key:
            first = faults.first(by_key[key].place("id"))
            found = f'code id "{key}" stands there twice{first}.'
            faults.add(at.place("id"), found, "Give one of them another id.")
            continue
        by_key[key] = at
        if guid in by_guid:
            found = f'guid of "{key}" is also that of "{by_guid[guid].code.key}".'
            faults.add(at.place("guid"), found, "Remove it from the newer one.")
        by_guid.setdefault(guid, at)
    return by_key


def check_tree(by_key: Mapping[str, CodeAt], faults: Faults) -> None:
    """Check that every code hangs under a code, without circles, and no active one under a retired one."""
    keys = list(by_key)
    for key, at in by_key.items():
        parent = at.code.parent
        if parent is not None and parent not in by_key:
            mend = f"{nearest(parent, keys)} Add it, or leave parent empty."
            faults.add(at.place("parent"), f'parent "{parent}" is not a code.', mend)
        elif parent is not None and at.code.status == "active" and by_key[parent].code.status == "retired":
            found = f'"{key}" is active and hangs under "{parent}", which is retired.'
            faults.add(at.place("parent"), found, f'Retire "{key}" as well, or move it.')
    _check_circles(by_key, faults)


def _check_circles(by_key: Mapping[str, CodeAt], faults: Faults) -> None:
    settled: set[str] = set()
    circling: set[str] = set()
    for start in by_key:
        path: list[str] = []
        on_path: set[str] = set()
        key: str | None = start
        while key is not None and key in by_key and key not in settled and key not in on_path:
            path.append(key)
            on_path.add(key)
            key = by_key[key].code.parent
        if key is not None and key in on_path:
            circle = path[path.index(key) :]
            shown = " > ".join(f'"{one}"' for one in [*circle, key])
            found = f"the parents go round in a circle: {shown}."
            faults.add(by_key[key].place("parent"), found, "Move one of them.")
            circling.update(circle)
            path = path[: path.index(key)]
        if path and key in circling:
            for orphan in path:
                found = f'"{orphan}" never reaches the top: a code above it is in a circle.'
                faults.add(by_key[orphan].place("parent"), found)
            circling.update(path)
        settled.update(on_path)


def check_texts(by_key: Mapping[str, CodeAt], faults: Faults, *, released: bool) -> None:
    """Check definitions and names: there where a coder needs them, and telling the codes apart."""
    parents = {at.code.parent for at in by_key.values() if at.code.status == "active"}
    active = [at for at in by_key.values() if at.code.status == "active"]
    for at in active:
        if released and not at.code.definition and at.code.key not in parents:
            found = f'"{at.code.key}" has no definition, and this is release 1.0.0 or later.'
            faults.add(at.place("definition"), found, "Say when the code applies.")
    _check_alike("definition", lambda code: code.definition, active, faults)
    # In a list of paths the same name may stand under several codes: there the path tells them apart.
    plain = [at for at in active if not at.code.key.endswith(f" > {at.code.name.nl or at.code.name.en}")]
    _check_alike("name", lambda code: code.name, plain, faults)


def _check_alike(what: str, part: Callable[[Code], Text], codes: Sequence[CodeAt], faults: Faults) -> None:
    seen: dict[tuple[str, str], CodeAt] = {}
    told: set[str] = set()
    for language in LANGUAGES:
        for at in codes:
            text = part(at.code)
            words = " ".join((text.nl if language == "nl" else text.en).casefold().split())
            first = seen.setdefault((language, words), at)
            if words and first is not at and at.code.key not in told:
                told.add(at.code.key)
                found = f'{what} ({language}) of "{at.code.key}" is also that of "{first.code.key}"'
                found += f"{faults.first(first.place(what))}."
                faults.add(at.place(what), found, "Say what sets them apart, or merge them.")


def check_citations(by_key: Mapping[str, CodeAt], questions: Sequence[Question], faults: Faults) -> None:
    """Check the codes that an exclude text names, and the questions that a code names."""
    shapes = {_shape(key) for key in by_key if re.search(r"\d", key) and _TOKEN.fullmatch(key)}
    numbers = [str(question.number) for question in questions]
    for key, at in by_key.items():
        cited = _TOKEN.findall(f"{at.code.exclude.nl} {at.code.exclude.en}")
        for name in dict.fromkeys(cited):
            # A word is taken for a key when it is built like one of the keys: "A9" where "A1" exists.
            if name not in by_key and _shape(name) in shapes:
                faults.add(
                    at.place("exclude"),
                    f'exclude of "{key}" names code "{name}", which is not a code.',
                    nearest(name, list(by_key)),
                )
        for number in at.code.questions:
            if numbers and str(number) not in numbers:
                found = f'"{key}" names question {number}, which is not a question.'
                faults.add(at.place("questions"), found, f"There are: {', '.join(numbers)}.")


def _shape(key: str) -> str:
    """Return how a key is built: A for a capital, a for another letter, 9 for any number."""
    letters = "".join("A" if one.isupper() else "a" if one.isalpha() else one for one in key)
    return re.sub(r"\d+", "9", letters)
