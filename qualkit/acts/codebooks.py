"""The codebook in use, the topic guide, and what was asked in which interview."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.codebook import Codebook
from qualkit.errors import StoreError, UnknownNameError
from qualkit.model import COVERAGE_VALUES, Topic
from qualkit.store.chain import canonical
from qualkit.store.undo import Change

if TYPE_CHECKING:
    from qualkit.study import Study


def adopt(study: Study, codebook: Codebook) -> None:
    """Use `codebook` from now on; codings made from here on are pinned to its version.

    Raises
    ------
    StoreError
        When another content was adopted under the same name and version.
    """
    body = codebook.to_json()
    release = release_id(study, codebook)
    with study.atomic():
        file = study._file
        for held, id_ in file.query(
            "SELECT b.body, r.id FROM release AS r JOIN text AS b ON b.id = r.body JOIN text AS n ON n.id = r.name"
            " JOIN text AS v ON v.id = r.version WHERE n.body = ? AND v.body = ?",
            (codebook.name, codebook.version),
        ):
            if held != body and id_ != release:
                raise StoreError(
                    f"codebook {codebook.name} {codebook.version}: the study holds this version with other content. "
                    "A release does not change; give the new content a new version."
                )
        before = file.query("SELECT release FROM study")[0][0]
        if before == release:
            return
        guids = {code.key: code.guid for code in codebook.codes}
        retired = [code.guid for code in codebook.codes if code.status == "retired"]
        facets = [("soort", one.key) for one in codebook.soort] + [
            ("oordeel", one.key) for one in codebook.oordeel
        ]
        act: dict[str, object] = {
            "id": release,
            "name": file.add_text(codebook.name),
            "version": file.add_text(codebook.version),
            "body": file.add_text(body),
            "codes": [
                [code.guid, file.add_text(code.key), guids[code.parent] if code.parent else None, code.status]
                for code in codebook.codes
            ],
            # a copy may use a code that is retired here; what was known here is told apart from that
            "retired": retired,
            "seen": _users(study, retired),
            "facets": [[facet_id(study, kind, key), kind, file.add_text(key)] for kind, key in facets],
        }
        desk.append(study, "adopt", act, [("study", file.study, "release", before, release)])


def _users(study: Study, codes: Sequence[str]) -> list[str]:
    """Return the codings in use that have one of `codes`."""
    rows = study._file.query("SELECT id, code FROM coding WHERE removed = 0 ORDER BY id")
    return [str(id_) for id_, code in rows if code in codes]


def release_id(study: Study, codebook: Codebook) -> str:
    """Return the id of a release within a study: of its name, version and content."""
    content = sha256(codebook.to_json().encode("utf-8")).hexdigest()
    return desk.derived(study, "release", codebook.name, codebook.version, content)


def facet_id(study: Study, kind: str, key: str) -> str:
    """Return the id of a value of soort or oordeel."""
    return desk.derived(study, "facet", kind, key)


def set_guide(study: Study, topics: Sequence[Topic]) -> None:
    """Set the topic guide; topics that it no longer has are taken out, with what was noted about them.

    Raises
    ------
    UnknownNameError
        When a topic names a code that the codebook in use does not know.
    """
    codebook = study._codebook()
    for topic in topics:
        for code in topic.codes:
            codebook.code(code)
    with study.atomic():
        file = study._file
        held = {str(id_): row for id_, *row in file.query("SELECT id, body, position, removed FROM topic")}
        rows: list[desk.Row] = []
        changes: list[Change] = []
        wanted = set()
        for position, topic in enumerate(topics):
            id_ = desk.derived(study, "topic", topic.key)
            wanted.add(id_)
            words = _topic(topic)
            if id_ not in held:
                rows.append((id_, file.add_text(words), position))
                continue
            text, place, removed = held[id_]
            if file.query("SELECT body FROM text WHERE id = ?", (text,))[0][0] != words:
                changes.append(("topic", id_, "body", file.reference(str(text)), file.add_text(words)))
            if place != position:
                changes.append(("topic", id_, "position", place, position))
            if removed:
                changes.append(("topic", id_, "removed", 1, 0))
        changes += [
            ("topic", id_, "removed", 0, 1) for id_, row in held.items() if id_ not in wanted and not row[2]
        ]
        desk.append(study, "set_guide", desk.columns(("id", "body", "position"), rows), changes)


def set_coverage(study: Study, rows: Iterable[tuple[str, str, str]]) -> None:
    """Set whether topics were asked: document name, topic key, and asked, came_up or not_asked.

    Parameters
    ----------
    rows : iterable of (document, topic, value)
        What is not named stays.

    Raises
    ------
    UnknownNameError
        When a document, topic or value is not known.
    """
    topics = {topic.key: desk.derived(study, "topic", topic.key) for topic in study.topics()}
    new: list[desk.Row] = []
    changes: list[Change] = []
    with study.atomic():
        documents = desk.named(study, "document", "name")
        held = {
            str(id_): (value, removed)
            for id_, value, removed in study._file.query("SELECT id, value, removed FROM coverage")
        }
        wanted: dict[str, tuple[str, str, str]] = {}
        for document, topic, value in rows:
            if document not in documents:
                raise UnknownNameError("document", document, sorted(documents))
            if topic not in topics:
                raise UnknownNameError("topic", topic, list(topics))
            if value not in COVERAGE_VALUES:
                raise UnknownNameError("coverage value", value, COVERAGE_VALUES)
            id_ = desk.derived(study, "coverage", documents[document], topics[topic])
            wanted[id_] = (documents[document], topics[topic], value)
        for id_, (document, topic, value) in wanted.items():
            if id_ not in held:
                new.append((id_, document, topic, value))
                continue
            before, removed = held[id_]
            if before != value:
                changes.append(("coverage", id_, "value", before, value))
            if removed:
                changes.append(("coverage", id_, "removed", 1, 0))
        if new or changes:
            names = ("id", "document", "topic", "value")
            desk.append(study, "set_coverage", desk.columns(names, new), changes)


def _topic(topic: Topic) -> str:
    return canonical(
        {"key": topic.key, "name": topic.name, "codes": list(topic.codes), "questions": list(topic.questions)}
    )
