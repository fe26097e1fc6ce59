"""State as data frames and as canonical content: the reading side of a study file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qualkit.store.chain import canonical

if TYPE_CHECKING:
    import sqlite3

    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]
    Integers = np.ndarray[Any, np.dtype[np.int64]]

# Lookups for the columns of `codings`: id to what it says. An erased name or text is in none of them.
_REVISIONS = """
SELECT revision.id, name.body, key.body
FROM revision
JOIN text AS words ON words.id = revision.text
JOIN document ON document.id = revision.document
JOIN text AS name ON name.id = document.name
LEFT JOIN participant ON participant.id = document.participant
LEFT JOIN text AS key ON key.id = participant.key
WHERE document.removed = 0
"""
_CODES = "SELECT release, code.id, text.body FROM code JOIN text ON text.id = code.key"
_FACETS = "SELECT release, facet.id, text.body FROM facet JOIN text ON text.id = facet.key"
_RELEASES = "SELECT release.id, text.body FROM release JOIN text ON text.id = release.version"
_CODERS = "SELECT coder.id, text.body FROM coder JOIN text ON text.id = coder.name"

_DOCUMENTS = """
SELECT name.body AS document_id, key.body AS participant, document.format AS format, revision.id AS revision_id,
       revision.number AS revision, revision.length AS length, words.body AS text
FROM document
JOIN text AS name ON name.id = document.name
LEFT JOIN participant ON participant.id = document.participant
LEFT JOIN text AS key ON key.id = participant.key
JOIN revision ON revision.id = document.revision
JOIN text AS words ON words.id = revision.text
WHERE document.removed = 0
ORDER BY document_id
"""

_SEGMENTS = """
SELECT document_name.body AS document_id, segment.paragraph AS paragraph, segment.start AS start,
       segment.end AS end, segment.role AS role, speaker.body AS speaker, segment.time_ms AS time_ms
FROM segment
JOIN document ON document.revision = segment.revision AND document.removed = 0
JOIN text AS document_name ON document_name.id = document.name
JOIN text AS speaker ON speaker.id = segment.speaker
ORDER BY document_id, paragraph
"""

_VALUES = """
SELECT key.body, name.body, value.position, words.body
FROM participant
JOIN text AS key ON key.id = participant.key
LEFT JOIN value ON value.participant = participant.id AND value.removed = 0
LEFT JOIN attribute ON attribute.id = value.attribute
LEFT JOIN text AS name ON name.id = attribute.name
LEFT JOIN text AS words ON words.id = value.value
WHERE participant.removed = 0
ORDER BY key.body, attribute.id, value.position, value.id
"""

_COVERAGE = """
SELECT name.body AS document_id, key.body AS participant, topic.body AS topic, coverage.value AS value
FROM coverage
JOIN document ON document.id = coverage.document
JOIN text AS name ON name.id = document.name
LEFT JOIN participant ON participant.id = document.participant
LEFT JOIN text AS key ON key.id = participant.key
JOIN topic AS t ON t.id = coverage.topic
JOIN text AS topic ON topic.id = t.body
WHERE coverage.removed = 0 AND t.removed = 0 AND document.removed = 0
ORDER BY document_id, t.position
"""

_MEMOS = """
SELECT memo.id AS memo_id, memo.kind AS kind, memo.target_kind AS target_kind, memo.target AS target,
       coalesce(document_name.body, participant_key.body, '') AS target_name, words.body AS text,
       coder_name.body AS coder, memo.at AS created_at
FROM memo
JOIN text AS words ON words.id = memo.body
JOIN coder ON coder.id = memo.coder
JOIN text AS coder_name ON coder_name.id = coder.name
LEFT JOIN document ON document.id = memo.target
LEFT JOIN text AS document_name ON document_name.id = document.name
LEFT JOIN participant ON participant.id = memo.target
LEFT JOIN text AS participant_key ON participant_key.id = participant.key
WHERE memo.removed = 0
ORDER BY target_name, kind, memo.id
"""

# What is read of each coding. Of most fields there are few different values; those become numbers.
_NUMBERED = ("revision", "release", "code", "soort", "oordeel", "asked", "coder", "at", "anchor")
_READ = ("id", "start", "end", *_NUMBERED)
_AT_A_TIME = 10_000


class _Numbers(dict[object, int]):
    """Numbers for values, from 0, in the order in which they are first seen."""

    def __missing__(self, value: object) -> int:
        self[value] = number = len(self)
        return number

    def of(self, column: Sequence[object]) -> Integers:
        """Return the number of every value of a column."""
        import numpy as np

        return np.fromiter(map(self.__getitem__, column), np.int64, len(column))


def codings(db: sqlite3.Connection) -> pd.DataFrame:
    """Return the codings in use, one row each, by document and place (see `Study.codings`).

    Notes
    -----
    A million codings are read by column: an id becomes a number as soon as it is read, and what it says is
    looked up once for each different id. A text is read once too, and the quotations are cut from it here.
    """
    import numpy as np
    import pandas as pd

    numbers = {name: _Numbers() for name in _NUMBERED}
    columns = _read(db, "coding WHERE removed = 0 ORDER BY id", _READ, numbers)
    documents = {id_: (name, participant) for id_, name, participant in db.execute(_REVISIONS)}
    releases = list(numbers["release"])
    for field in ("code", "soort", "oordeel"):  # what these say depends on the release
        columns[field] += columns["release"] * len(numbers[field])
    codes, facets = ({(r, id_): key for r, id_, key in db.execute(sql)} for sql in (_CODES, _FACETS))
    names: dict[str, list[str | None]] = {
        "document_id": [documents.get(one, (None, None))[0] for one in numbers["revision"]],
        "participant": [documents.get(one, (None, None))[1] for one in numbers["revision"]],
        "code_id": [codes.get((release, one)) for release in releases for one in numbers["code"]],
        "soort": [facets.get((release, one)) for release in releases for one in numbers["soort"]],
        "oordeel": [facets.get((release, one)) for release in releases for one in numbers["oordeel"]],
        "coder": list(map(dict(db.execute(_CODERS).fetchall()).get, numbers["coder"])),
        "codebook_version": list(map(dict(db.execute(_RELEASES).fetchall()).get, releases)),
    }
    fields = {
        "document_id": "revision",
        "participant": "revision",
        "code_id": "code",
        "codebook_version": "release",
    }

    whole = np.ones(len(columns["id"]), dtype=bool)
    for name in ("document_id", "code_id", "coder", "codebook_version"):
        whole &= np.array([one is not None for one in names[name]], dtype=bool)[
            columns[fields.get(name, name)]
        ]
    if not whole.all():
        columns = {name: column[whole] for name, column in columns.items()}
    named = {name: _categorical(names[name], columns[fields.get(name, name)]) for name in names}
    # codings were read by id, and what is equal in all of these stays in that order
    keys = ("coder", "soort", "code_id", "end", "start", "document_id")
    order = np.lexsort([named[key].codes if key in named else columns[key] for key in keys])
    columns = {name: column[order] for name, column in columns.items()}
    named = {name: column.take(order) for name, column in named.items()}

    place = columns["revision"], columns["start"], columns["end"]
    paragraph, role = _turns(db, numbers["revision"], *place)
    asked, at, anchor = (_values(numbers[name])[columns[name]] for name in ("asked", "at", "anchor"))
    return pd.DataFrame(
        {
            "coding_id": pd.array(columns["id"], dtype="str"),
            "document_id": named["document_id"],
            "participant": named["participant"],
            "start": columns["start"],
            "end": columns["end"],
            "text": pd.array(_quotations(db, numbers["revision"], *place), dtype="str"),
            "code_id": named["code_id"],
            "soort": named["soort"],
            "oordeel": named["oordeel"],
            "asked": pd.array(asked, dtype="boolean"),
            "coder": named["coder"],
            "codebook_version": named["codebook_version"],
            "created_at": pd.array(at, dtype="str"),
            "paragraph": paragraph,
            "role": role,
            "anchor": pd.array(anchor, dtype="str"),
        }
    )


def _read(
    db: sqlite3.Connection, source: str, fields: Sequence[str], numbers: Mapping[str, _Numbers]
) -> dict[str, Array]:
    """Return fields of a table by column; those in `numbers` as the numbers of their values."""
    import numpy as np

    parts: dict[str, list[Array]] = {
        name: [np.empty(0, object if name == "id" else np.int64)] for name in fields
    }
    found = db.execute(f"SELECT {', '.join(fields)} FROM {source}")
    while rows := found.fetchmany(_AT_A_TIME):
        for name, column in zip(fields, zip(*rows, strict=True), strict=True):
            numbered = numbers[name].of(column) if name in numbers else np.array(column, parts[name][0].dtype)
            parts[name].append(numbered)
    return {name: np.concatenate(part) for name, part in parts.items()}


def _values(numbers: _Numbers) -> Array:
    """Return the values that numbers stand for."""
    import numpy as np

    values = np.empty(len(numbers), dtype=object)
    values[:] = list(numbers)
    return values


def _categorical(names: Sequence[str | None], numbers: Integers) -> pd.Categorical:
    """Return the names that numbers stand for; its categories are the names that occur, sorted."""
    import numpy as np
    import pandas as pd

    used = sorted({name for one in np.unique(numbers) if (name := names[one]) is not None})
    place = {name: number for number, name in enumerate(used)}
    places = np.array([-1 if name is None else place.get(name, -1) for name in names], dtype=np.int64)
    return pd.Categorical.from_codes(places[numbers], categories=pd.Index(used, dtype="str"))


def _quotations(
    db: sqlite3.Connection, revisions: _Numbers, revision: Integers, start: Integers, end: Integers
) -> Array:
    """Return the words of each coding."""
    import numpy as np

    words = np.empty(len(revision), dtype=object)
    rows_by_revision = np.argsort(revision, kind="stable")
    first = np.searchsorted(revision[rows_by_revision], np.arange(len(revisions) + 1))
    texts = db.execute("SELECT revision.id, text.body FROM revision JOIN text ON text.id = revision.text")
    for id_, body in texts:
        if (number := revisions.get(id_)) is not None:
            rows = rows_by_revision[first[number] : first[number + 1]]
            spans = zip(start[rows].tolist(), end[rows].tolist(), strict=True)
            words[rows] = [body[begin:stop] for begin, stop in spans]
    return words


def _turns(
    db: sqlite3.Connection, revisions: _Numbers, revision: Integers, start: Integers, end: Integers
) -> tuple[pd.arrays.IntegerArray, pd.Categorical]:
    """Return paragraph and role of the turn in which each coding begins.

    A coding that begins on a speaker's label, as those of question and answer do, has the first turn that it
    holds words of.
    """
    import numpy as np
    import pandas as pd

    roles = _Numbers()
    fields = ("revision", "start", "end", "paragraph", "role")
    found = _read(db, "segment", fields, {"revision": revisions, "role": roles})
    # the last one is the turn of a revision after all, for codings that begin after every turn
    last = (len(revisions), 0, 0, 0, 0)
    held, begins, ends, paragraph, role = (
        np.append(found[name], one) for name, one in zip(fields, last, strict=True)
    )
    # turns do not overlap, so it is the first of those that end after the coding begins
    width = max(ends.max(), end.max(initial=0)) + 1
    order = np.argsort(held * width + ends, kind="stable")
    turn = order[np.searchsorted((held * width + ends)[order], revision * width + start, side="right")]
    outside = (held[turn] != revision) | (begins[turn] >= end)
    return (
        pd.arrays.IntegerArray(paragraph[turn], outside),
        _categorical([*map(str, roles), None], np.where(outside, -1, role[turn])),
    )


def documents(db: sqlite3.Connection) -> pd.DataFrame:
    """Return the documents with the text of their newest revision, by name."""
    import pandas as pd

    return pd.read_sql_query(_DOCUMENTS, db)


def segments(db: sqlite3.Connection) -> pd.DataFrame:
    """Return the turns of the newest revision of every document."""
    import pandas as pd

    frame = pd.read_sql_query(_SEGMENTS, db)
    frame["time_ms"] = frame["time_ms"].astype("Int64")
    return frame


def coverage(db: sqlite3.Connection) -> pd.DataFrame:
    """Return interview by topic: asked, came_up or not_asked; the topic by its key."""
    import pandas as pd

    frame = pd.read_sql_query(_COVERAGE, db)
    frame["topic"] = frame["topic"].map(lambda body: json.loads(body)["key"])
    return frame


def memos(db: sqlite3.Connection) -> pd.DataFrame:
    """Return the memos, by what they are attached to."""
    import pandas as pd

    return pd.read_sql_query(_MEMOS, db)


def participants(db: sqlite3.Connection) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return participant key to attribute name to values, by key."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, name, _, value in db.execute(_VALUES):
        values = found.setdefault(key, {})
        if name is not None:
            there = values.get(name, ())
            if value not in there:  # one value set in two copies is one value
                values[name] = (*there, value)
    return found


def topics(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Return the topics of the guide, in its order."""
    rows = db.execute(
        "SELECT text.body FROM topic JOIN text ON text.id = topic.body WHERE removed = 0 ORDER BY position"
    )
    return [json.loads(body) for (body,) in rows]


def content_hash(db: sqlite3.Connection) -> str:
    """Return SHA-256 over the canonical sorted state without ids, times and derived tables, hex.

    Two files with equal content have equal hashes, whoever made them, when, and in which order.
    """
    digest = hashlib.sha256()
    for table, lines in _content(db):
        for line in sorted(lines):
            digest.update(f"{table}\x1f{line}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _content(db: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    def rows(sql: str) -> list[str]:
        return [canonical(list(row)) for row in db.execute(sql)]

    document = "document_id, participant, format, revision, text"
    segment = "document_id, paragraph, start, end, role, speaker, time_ms"
    memo = "kind, target_kind, target_name, text, coder"
    return [
        (
            "study",
            rows(
                "SELECT t.body, l.body FROM study JOIN text t ON t.id = title JOIN text l ON l.id = language"
            ),
        ),
        ("participant", [canonical([key, values]) for key, values in participants(db).items()]),
        ("document", rows(f"SELECT {document} FROM ({_DOCUMENTS})")),
        ("segment", rows(f"SELECT {segment} FROM ({_SEGMENTS})")),
        (
            "release",
            # one that was adopted, taken back and never used is no content
            rows(
                "SELECT t.body, r.id = s.release FROM release r JOIN text t ON t.id = r.body, study s"
                " WHERE r.id = s.release OR r.id IN (SELECT release FROM coding WHERE removed = 0)"
            ),
        ),
        ("coding", _coding_lines(db)),
        ("memo", rows(f"SELECT {memo} FROM ({_MEMOS})")),
        ("topic", [canonical(topic) for topic in topics(db)]),
        ("coverage", rows(f"SELECT document_id, topic, value FROM ({_COVERAGE})")),
    ]


def _coding_lines(db: sqlite3.Connection) -> list[str]:
    frame = codings(db)
    # how it came to its place is history, not content
    frame["anchor"] = frame["anchor"].replace("moved", "kept")
    names = ("document_id", "start", "end", "text", "code_id", "soort", "oordeel", "asked", "coder")
    columns = []
    for name in (*names, "codebook_version", "anchor"):
        values = frame[name].astype(object)
        columns.append(values.where(values.notna(), None).tolist())
    asked = names.index("asked")
    columns[asked] = [None if one is None else int(one) for one in columns[asked]]
    return [canonical(row) for row in zip(*columns, strict=True)]
