"""From a tree of nodes to a checked codebook. What the codes say of each other is checked in `_check`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import cast, get_args

from qualkit.codebook._check import CodeAt, check_citations, check_texts, check_tree, unique_codes
from qualkit.codebook.model import (
    Change,
    ChangeKind,
    Code,
    Codebook,
    CodeLevel,
    FacetValue,
    Origin,
    Question,
    Relation,
    RelationType,
    Status,
    Theme,
    derived_guid,
)
from qualkit.errors import nearest
from qualkit.fields import Parser, version_parts
from qualkit.model import LANGUAGES, Language, Text
from qualkit.yamltree import Faults, Items, Node, Scalar

TOP = (
    *("codebook", "version", "previous", "date", "title", "language", "code_level", "questions", "soort"),
    *("oordeel", "coding_rules", "themes", "codes", "relation_types", "relations", "changes"),
)
CODE = (
    *("id", "parent", "name", "definition", "include", "exclude", "example", "questions", "origin", "status"),
    *("colour", "guid"),
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_GUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def build(
    root: Node, faults: Faults, *, stored: bool = False, version: str | None = None, defined: bool = True
) -> Codebook:
    """Return the codebook that a tree describes; `sha256` is left empty.

    Parameters
    ----------
    root : Node
        The whole file.
    faults : Faults
        With the faults found before; all are raised here.
    stored : bool
        True for what `to_json` wrote, which holds one field more (``sha256``).
    version : str or None
        What the version should be, by the file's name or the caller.
    defined : bool
        Whether a release from 1.0.0 on must define its leaves. A code system from another program need not,
        and what a study holds is taken as it was adopted.

    Raises
    ------
    CodebookError
        With every fault.
    """
    p = Parser(faults)
    top = p.fields(root, "a codebook", (*TOP, "sha256") if stored else TOP, ("codebook", "version", "codes"))
    p.language = cast(Language, p.choice(top.get("language"), "language", LANGUAGES) or "nl")
    title = p.text(top.get("title"), "title")
    p.both = bool(title.nl and title.en)
    name = p.key(top.get("codebook"), "codebook")
    own, previous = _versions(p, top, version)
    soort, oordeel = (_facet(p, top.get(kind), kind) for kind in ("soort", "oordeel"))
    questions = _questions(p, top.get("questions"))
    read = [_code(p, node, name) for node in p.items(top.get("codes"), "codes")]
    by_key = unique_codes([at for at in read if at is not None], faults)
    check_tree(by_key, faults)
    check_texts(by_key, faults, released=defined and not stored and (version_parts(own) or (0,)) >= (1, 0, 0))
    check_citations(by_key, questions, faults)
    keys = list(by_key)
    types = _relation_types(p, top.get("relation_types"))
    rules = p.items(top.get("coding_rules"), "coding_rules")
    relations = p.items(top.get("relations"), "relations")
    level = p.choice(top.get("code_level"), "code_level", get_args(CodeLevel))
    changes = [_change(p, node, keys) for node in p.items(top.get("changes"), "changes")]
    codebook = Codebook(
        name=name,
        version=own,
        codes=tuple(at.code for at in by_key.values()),
        previous=previous,
        date=p.date(top.get("date")),
        title=title,
        language=p.language,
        code_level=cast(CodeLevel, level or "any"),
        soort=soort,
        oordeel=oordeel,
        coding_rules=tuple(p.text(node, f"coding rule {number}") for number, node in enumerate(rules, 1)),
        questions=questions,
        themes=_themes(p, top.get("themes"), keys),
        relation_types=types,
        relations=tuple(_relation(p, node, keys, [one.key for one in soort], types) for node in relations),
        changes=tuple(change for change in changes if change is not None),
    )
    faults.raise_any()
    return codebook


def plain_facet(key: str, language: Language) -> FacetValue:
    """Return the value that a plain word in a list of *soort* or *oordeel* stands for."""
    return FacetValue(key, Text(nl=key) if language == "nl" else Text(en=key))


def _versions(p: Parser, top: dict[str, Node], wanted: str | None) -> tuple[str, str | None]:
    own, previous = p.version(top.get("version"), "version"), p.version(top.get("previous"), "previous")
    if own and wanted and own != wanted:
        found = f'version is "{own}", and "{wanted}" is asked for by the file name or the caller.'
        p.faults.add(top["version"].place, found, "Make them the same.")
    if own and previous and (version_parts(previous) or ()) >= (version_parts(own) or ()):
        p.faults.add(top["previous"].place, f'previous is "{previous}", which is not before {own}.')
    return own or "", previous


def _facet(p: Parser, node: Node | None, kind: str) -> tuple[FacetValue, ...]:
    def one(item: Node) -> tuple[str, FacetValue]:
        if isinstance(item, Scalar):
            key = p.key(item, f"{kind} id")
            return key, plain_facet(key, p.language)
        got = p.fields(item, f"a {kind}", ("id", "name", "definition"), ("id", "name"))
        key = p.key(got.get("id"), f"{kind} id")
        name = p.text(got.get("name"), f'name of {kind} "{key}"')
        return key, FacetValue(key, name, p.text(got.get("definition"), f'definition of {kind} "{key}"'))

    return p.named(node, kind, kind, one)


def _questions(p: Parser, node: Node | None) -> tuple[Question, ...]:
    def one(item: Node) -> tuple[str, Question]:
        got = p.fields(item, "a question", ("id", "text"), ("id", "text"))
        number = p.number(got["id"], "question id") if "id" in got else None
        key = "" if number is None else str(number)
        return key, Question(number or 0, p.text(got.get("text"), f'text of question "{key}"'))

    return p.named(node, "questions", "question", one)


def _themes(p: Parser, node: Node | None, codes: Sequence[str]) -> tuple[Theme, ...]:
    def one(item: Node) -> tuple[str, Theme]:
        got = p.fields(item, "a theme", ("id", "name", "categories"), ("id", "name"))
        key = p.key(got.get("id"), "theme id")
        name = p.text(got.get("name"), f'name of theme "{key}"')
        listed = p.items(got.get("categories"), f'categories of theme "{key}"')
        return key, Theme(key, name, tuple(_code_key(p, node, f'theme "{key}"', codes) for node in listed))

    return p.named(node, "themes", "theme", one)


def _relation_types(p: Parser, node: Node | None) -> tuple[RelationType, ...]:
    def one(item: Node) -> tuple[str, RelationType]:
        got = p.fields(item, "a relation type", ("id", "name", "definition", "symmetric"), ("id", "name"))
        key = p.key(got.get("id"), "relation type id")
        name = p.text(got.get("name"), f'name of relation type "{key}"')
        definition = p.text(got.get("definition"), f'definition of relation type "{key}"')
        symmetric = p.choice(got.get("symmetric"), f'symmetric of relation type "{key}"', ("true", "false"))
        return key, RelationType(key, name, definition, symmetric == "true")

    return p.named(node, "relation_types", "relation type", one)


def _relation(
    p: Parser, node: Node, codes: Sequence[str], soort: Sequence[str], types: Sequence[RelationType]
) -> Relation:
    got = p.fields(node, "a relation", ("source", "type", "target", "why"), ("source", "type", "target"))
    ends: list[tuple[str, str | None]] = []
    for name in ("source", "target"):
        written = p.key(got.get(name), f"{name} of a relation")
        code, colon, kind = written.rpartition(":")
        # A key may hold a colon itself; only where the whole is no key does the last part name a soort.
        key, qualified = (code, kind) if colon and written not in codes else (written, None)
        if key and key not in codes:
            found = f'{name} of a relation names "{key}", which is not a code.'
            p.faults.add(got[name].place, found, nearest(key, codes))
        if qualified is not None and qualified not in soort:
            found = f'{name} of a relation names soort "{qualified}", which is not known.'
            p.faults.add(got[name].place, found, nearest(qualified, soort))
        ends.append((key, qualified))
    kind, known = p.key(got.get("type"), "type of a relation"), [one.key for one in types]
    if kind and kind not in known:
        found = f'type of a relation is "{kind}", which is not a relation type.'
        p.faults.add(got["type"].place, found, nearest(kind, known))
    return Relation(*ends[0], kind, *ends[1], p.text(got.get("why"), "why of a relation"))


def _change(p: Parser, node: Node, codes: Sequence[str]) -> Change | None:
    kinds = get_args(ChangeKind)
    got = p.fields(node, "a change", (*kinds, "into", "why"), ())
    named = [kind for kind in kinds if kind in got]
    if len(named) != 1:
        found = "a change names more than one kind." if named else "a change names no kind."
        p.faults.add(node.place, found, f"Write one of: {', '.join(kinds)}.")
        return None
    kind = named[0]
    # What a change starts from may be a code of an earlier release; what it leads to must be here.
    changed = tuple(p.key(one, f"a code of {kind}") for one in _one_or_more(got[kind]))
    into = tuple(_code_key(p, one, kind, codes) for one in _one_or_more(got["into"])) if "into" in got else ()
    return Change(cast(ChangeKind, kind), changed, into, p.text(got.get("why"), f"why of {kind}", both=False))


def _one_or_more(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else (node,)


def _code_key(p: Parser, node: Node, what: str, codes: Sequence[str]) -> str:
    key = p.key(node, f"a code of {what}")
    if key and key not in codes:
        p.faults.add(node.place, f'{what} names "{key}", which is not a code.', nearest(key, codes))
    return key


def _code(p: Parser, node: Node, codebook: str) -> CodeAt | None:
    got = p.fields(node, "a code", CODE, ("id", "name"))
    key = p.key(got.get("id"), "code id")
    if not key:
        return None
    listed = p.items(got.get("questions"), f'questions of "{key}"')
    numbers = (p.number(one, f'a question of "{key}"') for one in listed)
    guid = p.matching(
        got.get("guid"), f'guid of "{key}"', _GUID, "Write 32 hexadecimal digits, or leave it out."
    )
    code = Code(
        key=key,
        guid=uuid.UUID(guid).hex if guid else derived_guid(codebook, key),
        parent=p.key(got.get("parent"), f'parent of "{key}"') or None,
        name=p.text(got.get("name"), f'name of "{key}"'),
        definition=p.text(got.get("definition"), f'definition of "{key}"'),
        include=p.text(got.get("include"), f'include of "{key}"'),
        exclude=p.text(got.get("exclude"), f'exclude of "{key}"'),
        example=p.text(got.get("example"), f'example of "{key}"', both=False),
        questions=tuple(number for number in numbers if number is not None),
        origin=cast("Origin | None", p.choice(got.get("origin"), f'origin of "{key}"', get_args(Origin))),
        status=cast(Status, p.choice(got.get("status"), f'status of "{key}"', get_args(Status)) or "active"),
        colour=p.matching(
            got.get("colour"), f'colour of "{key}"', _COLOUR, 'Write it as "#RRGGBB", in quotes.'
        ),
    )
    return CodeAt(code, got)
