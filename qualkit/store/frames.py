"""State as data frames and as canonical content: the reading side of a study file."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from qualkit.store.chain import canonical

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd

_CODINGS = """
SELECT coding.id AS coding_id, document_name.body AS document_id, coding.start AS start, coding.end AS end,
       substr(words.body, coding.start + 1, coding.end - coding.start) AS text,
       code_key.body AS code_id, soort_key.body AS soort, oordeel_key.body AS oordeel, coding.asked AS asked,
       coder_name.body AS coder, version.body AS codebook_version, coding.at AS created_at,
       participant_key.body AS participant, segment.paragraph AS paragraph, segment.role AS role,
       coding.anchor AS anchor
FROM coding
JOIN revision ON revision.id = coding.revision
JOIN text AS words ON words.id = revision.text
JOIN document ON document.id = revision.document
JOIN text AS document_name ON document_name.id = document.name
LEFT JOIN participant ON participant.id = document.participant
LEFT JOIN text AS participant_key ON participant_key.id = participant.key
JOIN code ON code.release = coding.release AND code.id = coding.code
JOIN text AS code_key ON code_key.id = code.key
JOIN release ON release.id = coding.release
JOIN text AS version ON version.id = release.version
LEFT JOIN facet AS soort ON soort.release = coding.release AND soort.id = coding.soort
LEFT JOIN text AS soort_key ON soort_key.id = soort.key
LEFT JOIN facet AS oordeel ON oordeel.release = coding.release AND oordeel.id = coding.oordeel
LEFT JOIN text AS oordeel_key ON oordeel_key.id = oordeel.key
JOIN coder ON coder.id = coding.coder
JOIN text AS coder_name ON coder_name.id = coder.name
LEFT JOIN segment ON segment.revision = coding.revision
     AND segment.start <= coding.start AND coding.start < segment.end
WHERE coding.removed = 0 AND document.removed = 0
ORDER BY document_id, coding.start, coding.end, code_id, soort, coder, coding.id
"""

# min() decides from which row the other columns come
_FIRST_TURNS = """
SELECT coding.id AS coding_id, min(segment.paragraph) AS paragraph, segment.role AS role
FROM coding
JOIN segment ON segment.revision = coding.revision
     AND segment.end > coding.start AND segment.start < coding.end
WHERE coding.removed = 0
GROUP BY coding.id
"""

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
ORDER BY key.body, attribute.id, value.position
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

_CODING_COLUMNS = (
    "coding_id",
    "document_id",
    "participant",
    "start",
    "end",
    "text",
    "code_id",
    "soort",
    "oordeel",
    "asked",
    "coder",
    "codebook_version",
    "created_at",
    "paragraph",
    "role",
    "anchor",
)


def codings(db: sqlite3.Connection) -> pd.DataFrame:
    """Return the codings in use, one row each, by document and place (see `Study.codings`)."""
    import pandas as pd

    frame = pd.read_sql_query(_CODINGS, db)[list(_CODING_COLUMNS)]
    if (outside := frame["paragraph"].isna()).any():
        # begins on a speaker's label, as codings of question and answer do: then the first turn it holds
        first = pd.read_sql_query(_FIRST_TURNS, db).set_index("coding_id")
        ids = frame.loc[outside, "coding_id"]
        for name in ("paragraph", "role"):
            frame.loc[outside, name] = ids.map(first[name])
    frame["asked"] = frame["asked"].astype("boolean")
    frame["paragraph"] = frame["paragraph"].astype("Int64")
    for name in (
        "document_id",
        "participant",
        "code_id",
        "soort",
        "oordeel",
        "coder",
        "codebook_version",
        "role",
    ):
        frame[name] = frame[name].astype("category")
    return frame


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
            values[name] = (*values.get(name, ()), value)
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

    coding = "document_id, start, end, text, code_id, soort, oordeel, asked, coder, codebook_version"
    coding += ", replace(anchor, 'moved', 'kept')"  # how it came to its place is history, not content
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
            rows("SELECT t.body, r.id = s.release FROM release r JOIN text t ON t.id = r.body, study s"),
        ),
        ("coding", rows(f"SELECT {coding} FROM ({_CODINGS})")),
        ("memo", rows(f"SELECT {memo} FROM ({_MEMOS})")),
        ("topic", [canonical(topic) for topic in topics(db)]),
        ("coverage", rows(f"SELECT document_id, topic, value FROM ({_COVERAGE})")),
    ]
