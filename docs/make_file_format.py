"""Write file-format.md: what a study file holds, from the comments in its schema and the docstrings of its fold.

``python docs/make_file_format.py``
"""

from __future__ import annotations

import re
from pathlib import Path

from qualkit.store import fold, guard

PAGE = Path(__file__).resolve().parent / "file-format.md"

INTRODUCTION = """\
# The study file

*Made by `docs/make_file_format.py` from `qualkit/store/schema.sql` and `qualkit/store/fold.py`; do not edit by hand.*

A study is one file, `<name>.qualkit`: an SQLite database that plain `sqlite3` reads. Whoever has this page needs no
qualkit to read every coding or to check that nothing was changed. Its application id is `{application}` (`QKIT`) and
its version is `{version}` (`PRAGMA application_id`, `PRAGMA user_version`). While somebody writes there are files
`-wal` and `-shm` beside it; `qualkit study copy` makes one whole file to hand on at any moment.

{head}

## Every coding, in a flat list

```sql
{flat}```

Offsets count code points, as `substr` does. A coding whose text was erased stays in the list, with its place and
without its words. `anchor` says how it came there: *kept* and *moved* have the words that were coded; *changed* and
*lost* ones wait for a decision after a corrected text, and a lost one shows the text on which it was made.

## Checking the chains

Truth is a set of events. Every writing session (`origin`) has a chain of its own: its events are numbered `n` = 0, 1,
2, …, and each holds the hash of the one before.

- **Hash.** SHA-256 over the UTF-8 bytes of eight fields with a newline between them: `previous`, `origin`, `n`,
  `lamport`, `at`, `coder` (empty when NULL), `kind`, `body`; in lower-case hex. No field holds a newline.
- **Canonical JSON**, in which bodies are written: keys sorted, no white space, no escapes but those that JSON demands.
- **Other chains.** The first event of a session names the last events of all other chains that the file held then
  (`heads`), so that an event cut off the end of an older chain is missed.

```python
{chains}```

Chains find accidents, not a forger who writes all of them anew: compare the heads with those of another copy for that.

## Texts, references and commitments

No event holds a word that a person said, typed or read in. Such words stand once in the table `text`; an event holds a
**reference**, a JSON string `id~commitment` of 32 and 64 hex digits. State tables hold the id alone.

- **Commitment.** HMAC-SHA256 with the `salt` of the row as key, over its `body`: UTF-8 for TEXT, the bytes themselves
  for BLOB. The column `words` of `coding` is the same over the coded words, `body[made_start:made_end]`, under the
  salt of the text on which the coding was placed.
- A bare hash of a name can be guessed; the salt goes when the words go, and then a commitment says nothing.

```python
{texts}```

## State

The tables marked *state* follow from the events. They are made by folding the events in the order `lamport`, `origin`,
`n` (never by the clock) and can be made again from `event` and `text`; `qualkit study verify` does so in a fresh
process and compares. A row of an event whose precondition does not hold becomes a row of `conflict`, never an error.

- **Changes.** A body may hold `changes`: columns `table`, `id`, `field`, `from`, `to`. What an event changes in one
  thing is done when every `from` is what stands there; else none of it is done and it is a conflict. Where `from` and
  `to` are equal the row only witnesses what was seen; the field `seen` holds such a witness to all fields at once.
  For a row of `conflict` the id is `[origin, n, row]`. Fields that can change: {changeable}.
- **Undo and redo** are events whose changes are those of another event, turned round or once more.
- **Places.** `made_revision`, `made_start`, `made_end` say where a person put a coding. Where it is now follows from
  the `edits` of the revisions between that text and the one in use: a replacement `[old start, old end, new length]`
  before a coding moves it, one inside changes it, one over all of it loses it.
- **Merging** adds the events that a file lacks, with their texts, and folds everything anew. Order does not matter.

## Erasing

To erase is to delete rows of `text`, with their salts. The event `erase` names them and makes a row in `tombstone` for
each; from then on no merge brings them back. Events, hashes, codings and their places stay as they were; the words
are gone from the bytes of the file too (`secure_delete`, `VACUUM`). A reference to a buried text is no damage.

The table `unfinished` names texts whose words must still leave the bytes; it holds rows only when the program was
stopped in the middle, and the next opening finishes the work.

## Tables
"""

FLAT = """\
SELECT coding.id AS coding_id, name.body AS document_id, coding.start, coding.end,
       substr(words.body, coding.start + 1, coding.end - coding.start) AS text,
       key.body AS code_id, soort.body AS soort, oordeel.body AS oordeel, coding.asked,
       coder_name.body AS coder, version.body AS codebook_version, coding.at AS created_at, coding.anchor
FROM coding
JOIN revision ON revision.id = coding.revision
JOIN document ON document.id = revision.document
JOIN code ON code.release = coding.release AND code.id = coding.code
JOIN release ON release.id = coding.release
JOIN coder ON coder.id = coding.coder
LEFT JOIN facet AS s ON s.release = coding.release AND s.id = coding.soort
LEFT JOIN facet AS o ON o.release = coding.release AND o.id = coding.oordeel
LEFT JOIN text AS name ON name.id = document.name
LEFT JOIN text AS words ON words.id = revision.text
LEFT JOIN text AS key ON key.id = code.key
LEFT JOIN text AS soort ON soort.id = s.key
LEFT JOIN text AS oordeel ON oordeel.id = o.key
LEFT JOIN text AS coder_name ON coder_name.id = coder.name
LEFT JOIN text AS version ON version.id = release.version
WHERE coding.removed = 0 AND document.removed = 0
ORDER BY document_id, coding.start, coding.end, code_id, soort, coder, coding.id;
"""

CHAINS = """\
import hashlib, json, sqlite3, sys

db = sqlite3.connect(sys.argv[1])
fields = "previous, origin, n, lamport, at, coalesce(coder, ''), kind, body"
ends, seen = {}, {}
for *values, stored in db.execute(f"SELECT {fields}, hash FROM event ORDER BY origin, n"):
    previous, origin, n = values[:3]
    made = hashlib.sha256("\\n".join(map(str, values)).encode()).hexdigest()
    if (n, previous) != ends.get(origin, (0, "")) or made != stored:
        sys.exit(f"event {n} of session {origin} is not what was written there")
    ends[origin], seen[origin, n] = (n + 1, made), made
for (body,) in db.execute("SELECT body FROM event WHERE n = 0"):
    if any(seen.get((origin, n)) != head for origin, n, head in json.loads(body)["heads"]):
        sys.exit("an event that another session saw is missing")
print(f"{len(seen)} events in {len(ends)} chains, as they were written")
"""

TEXTS = """\
import hmac, re, sqlite3, sys

db = sqlite3.connect(sys.argv[1])
texts = {id: (salt, body) for id, salt, body in db.execute("SELECT id, salt, body FROM text")}
erased = {id for (id,) in db.execute("SELECT text FROM tombstone")}
for (body,) in db.execute("SELECT body FROM event"):
    for id, commitment in re.findall('"([0-9a-f]{32})~([0-9a-f]{64})"', body):
        if id in texts:
            salt, words = texts[id]
            data = words if isinstance(words, bytes) else words.encode()
            if hmac.new(salt, data, "sha256").hexdigest() != commitment:
                sys.exit(f"text {id} is not what was stored")
        elif id not in erased:
            sys.exit(f"text {id} is not there")
print(f"{len(texts)} texts, as they were stored; {len(erased)} erased")
"""

EVENTS = """\
## Events

Each kind of event with the fields of its body. *Text* is a reference; a *column* is a list with one value a row, so
that one event holds many rows. Any body may hold `changes` as well.
"""


def page() -> str:
    """Return the whole page."""
    head, tables = _schema()
    parts = [
        INTRODUCTION.format(
            application=f"0x{guard.APPLICATION_ID:X}",
            version=guard.VERSION,
            head=head,
            flat=FLAT,
            chains=CHAINS,
            texts=TEXTS,
            changeable="; ".join(
                f"`{table}`: {', '.join(f'`{one}`' for one in sorted(fields))}"
                for table, fields in fold.CHANGEABLE.items()
            ),
        ),
        *tables,
        EVENTS,
        *_events(),
    ]
    return "\n".join(parts)


def _schema() -> tuple[str, list[str]]:
    head, *blocks = fold.SCHEMA.split("\n\n")
    sentences = "\n".join(line.removeprefix("-- ") for line in head.splitlines())
    return sentences, [_table(block) for block in blocks]


def _table(block: str) -> str:
    lines = block.splitlines()
    about = " ".join(line.removeprefix("-- ") for line in lines if line.startswith("-- "))
    kind, _, purpose = about.partition(": ")
    made = next(line for line in lines if line.startswith("CREATE TABLE "))
    rows, also = [], []
    for line in lines[lines.index(made) + 1 :]:
        sql, _, comment = (part.strip() for part in line.partition("--"))
        sql = sql.rstrip(",")
        if sql.startswith(("PRIMARY KEY", "UNIQUE", "CREATE INDEX")):
            also.append(f"`{sql.rstrip(';')}`")
        elif not sql.startswith(")"):
            name, _, type_ = sql.partition(" ")
            rows.append(f"| `{name}` | {_type(type_)} | {comment.replace('|', chr(92) + '|')} |")
    text = [f"### {made.split()[2]}", "", f"*{kind}.* {purpose[0].upper()}{purpose[1:]}.", ""]
    text += ["| column | type | |", "|---|---|---|", *rows, ""]
    if also:
        text += [f"Also {', '.join(also)}.", ""]
    return "\n".join(text)


def _type(sql: str) -> str:
    found = re.fullmatch(
        r"\s*(TEXT|INTEGER|BLOB|ANY)( PRIMARY KEY)?( NOT NULL)?(?: REFERENCES (\w+) \(id\))?", sql
    )
    assert found is not None, sql
    type_, key, filled, target = found.groups()
    words = type_ if key or filled else f"{type_} or NULL"
    return f"{words}{', key' if key else ''}{f', id of a row of `{target}`' if target else ''}"


def _events() -> list[str]:
    made = []
    only_changes = _fields(fold._only_changes.__doc__)
    for kind, function in fold._KINDS.items():
        if kind in only_changes:
            purpose, _, body = only_changes[kind].partition(" Body: ")
            fields = dict(re.findall(r"(\w+) \(([^)]*)\)", body))
        else:
            assert function.__doc__ is not None, kind
            purpose, fields = function.__doc__.splitlines()[0], _fields(function.__doc__)
        rows = [f"| `{name}` | {what} |" for name, what in fields.items()] or ["| | `changes` only |"]
        made.append("\n".join([f"### {kind}", "", purpose, "", "| field | |", "|---|---|", *rows, ""]))
    return made


def _fields(doc: str | None) -> dict[str, str]:
    """Return what lines such as ``    name: what it is`` say."""
    found: dict[str, str] = {}
    for line in (doc or "").splitlines()[1:]:
        name, colon, what = line.strip().partition(": ")
        if colon and re.fullmatch(r"\w+", name):
            found[name] = what
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
