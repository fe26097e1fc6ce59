"""Reading a codebook release from YAML, and keeping one as JSON in a study."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from qualkit.codebook._parse import build, plain_facet
from qualkit.codebook.model import Codebook, FacetValue
from qualkit.errors import nearest
from qualkit.fields import version_parts
from qualkit.model import Language, Text
from qualkit.yamltree import Faults, Fields, Scalar, from_value, from_yaml

LARGEST = 2_000_000
"""Bytes that a codebook file may have; a large real one has a tenth of it."""


def read_codebook(path: Path, version: str | None) -> Codebook:
    """Return the codebook in a file, or the release `version` in a folder (see `Codebook.read`).

    Raises
    ------
    CodebookError
        With every fault of the file and its line, or with the versions that the folder has.
    """
    file = _release(path, version) if path.is_dir() else path
    faults = Faults(file.name)
    content = _content(file, faults)
    faults.raise_any()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(line, "holds a character that is not UTF-8.", "Save the file as UTF-8.")
    faults.raise_any()
    # A file may be called anything; one that is named as a release must be that release.
    wanted = file.stem if version_parts(file.stem) else version
    codebook = build(from_yaml(text, faults), faults, version=wanted)
    return replace(codebook, sha256=hashlib.sha256(content).hexdigest())


def _release(folder: Path, version: str | None) -> Path:
    faults = Faults(folder.name or str(folder))
    found = {file.stem: file for file in folder.glob("*.yaml") if version_parts(file.stem)}
    versions = sorted(found, key=lambda one: version_parts(one) or ())
    if version in found:
        return found[version]
    there = f"There are: {', '.join(versions)}." if versions else "It holds no x.y.z.yaml."
    if version is None:
        faults.add(None, "a folder of releases; no version is named.", f"Name the one to use. {there}")
    else:
        faults.add(None, f'release "{version}" is not in this folder.', there)
    faults.raise_any()
    raise AssertionError("a fault was just added")


def _content(file: Path, faults: Faults) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError:
        names = sorted(one.name for one in file.parent.glob("*")) if file.parent.is_dir() else []
        faults.add(None, "there is no such file.", nearest(file.name, names))
        return b""
    except OSError as error:
        faults.add(None, f"cannot be opened: {error.strerror}.")
        return b""
    if len(content) > LARGEST:
        faults.add(None, "is larger than 2 MB.", "A codebook of that size is probably another file.")
    return content


# A study asks for its codebook at every frame; the value is frozen, so the same text may give the same one.
@lru_cache(maxsize=4)
def codebook_from_json(text: str) -> Codebook:
    """Return the codebook that `codebook_to_json` wrote (see `Codebook.from_json`).

    Raises
    ------
    CodebookError
        When the text is not such a codebook.
    """
    faults = Faults("codebook in the study")
    try:
        root = from_value(json.loads(text))
    except (ValueError, RecursionError):
        faults.add(None, "this is not JSON.")
        root = Scalar(None, None)
    faults.raise_any()
    codebook = build(root, faults, stored=True)
    sha256 = root.entries.get("sha256") if isinstance(root, Fields) else None
    return replace(codebook, sha256=(sha256.text or "") if isinstance(sha256, Scalar) else "")


def codebook_to_json(codebook: Codebook) -> str:
    """Return a codebook as one line of JSON, keys sorted, what is empty left out."""
    language = codebook.language
    content = {
        "codebook": codebook.name,
        "version": codebook.version,
        "previous": codebook.previous,
        "date": codebook.date.isoformat() if codebook.date else None,
        "title": _text(codebook.title),
        "language": language,
        "code_level": codebook.code_level,
        "soort": [_facet(one, language) for one in codebook.soort],
        "oordeel": [_facet(one, language) for one in codebook.oordeel],
        "coding_rules": [_text(one) for one in codebook.coding_rules],
        "questions": [{"id": one.number, "text": _text(one.text)} for one in codebook.questions],
        "themes": [
            {"id": one.key, "name": _text(one.name), "categories": list(one.categories)}
            for one in codebook.themes
        ],
        "codes": [
            _filled(
                id=one.key,
                guid=one.guid,
                parent=one.parent,
                name=_text(one.name),
                definition=_text(one.definition),
                include=_text(one.include),
                exclude=_text(one.exclude),
                example=_text(one.example),
                questions=list(one.questions),
                origin=one.origin,
                status=one.status,
                colour=one.colour,
            )
            for one in codebook.codes
        ],
        "relation_types": [
            {"symmetric": one.symmetric}
            | _filled(id=one.key, name=_text(one.name), definition=_text(one.definition))
            for one in codebook.relation_types
        ],
        "relations": [
            _filled(
                source=_end(one.source, one.source_soort),
                type=one.type,
                target=_end(one.target, one.target_soort),
                why=_text(one.why),
            )
            for one in codebook.relations
        ],
        "changes": [
            {one.kind: list(one.codes)} | _filled(into=list(one.into), why=_text(one.why))
            for one in codebook.changes
        ],
        "sha256": codebook.sha256,
    }
    kept = {k: v for k, v in content.items() if k == "codes" or v not in (None, "", [], {})}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _filled(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _text(text: Text) -> dict[str, str]:
    return {language: words for language, words in (("nl", text.nl), ("en", text.en)) if words}


def _facet(one: FacetValue, language: Language) -> object:
    # A plain word stays one: written out, it would lack its other language in a bilingual codebook.
    if one == plain_facet(one.key, language):
        return one.key
    return _filled(id=one.key, name=_text(one.name), definition=_text(one.definition))


def _end(code: str, soort: str | None) -> str:
    return code if soort is None else f"{code}:{soort}"
