-- A qualkit study file: one SQLite database, readable with plain sqlite3.
-- Truth is in two tables, event and text; the tables marked state can be made again from them.
-- No event holds a string that a person said, typed or read in: it holds the id of a row of text, and a
-- commitment (HMAC-SHA256 under that row's salt) to what stands there.
-- Ids are 32 hex digits. Times are UTC, ISO 8601 with milliseconds. Offsets are code points, half-open.
-- removed is 1 for what was taken back; such rows stay, so that undo and history find them.

-- truth: what was done, in hash chains, one chain for each writing session
CREATE TABLE event (
    seq      INTEGER PRIMARY KEY,  -- order of arrival in this file, 1, 2, 3, …; local, not hashed
    origin   TEXT NOT NULL,        -- id of the writing session
    n        INTEGER NOT NULL,     -- place in the chain of that session, from 0
    lamport  INTEGER NOT NULL,     -- Lamport count; events are folded in the order lamport, origin, n
    at       TEXT NOT NULL,        -- wall time of writing
    coder    TEXT,                 -- id of who acted; NULL for the opening of a session
    kind     TEXT NOT NULL,        -- what was done
    body     TEXT NOT NULL,        -- canonical JSON: ids, numbers and references to text, never free text
    previous TEXT NOT NULL,        -- hash of event n - 1 of this origin; empty for n = 0
    hash     TEXT NOT NULL,        -- SHA-256 over all columns but seq
    UNIQUE (origin, n)
) STRICT;
CREATE INDEX event_by_lamport ON event (lamport, origin, n);

-- truth: every string that a person said, typed or read in, once
CREATE TABLE text (
    id   TEXT PRIMARY KEY,  -- random
    salt BLOB NOT NULL,     -- 16 random bytes; goes when the row goes
    body ANY NOT NULL       -- TEXT, or BLOB for a file as it was read
) STRICT;

-- local: what came in by merging, one row for each copy; no part of the state, not merged
CREATE TABLE merge (
    number    INTEGER PRIMARY KEY,  -- 1, 2, 3, …
    at        TEXT NOT NULL,        -- when it came in
    first_seq INTEGER NOT NULL,     -- first event that came in
    last_seq  INTEGER NOT NULL,     -- last event that came in
    note      TEXT NOT NULL,        -- reconciliation as canonical JSON: numbers only
    hash      TEXT NOT NULL         -- SHA-256 over the other columns and the hash of the row before
) STRICT;

-- local: an erasure that is not finished; empty unless the program was stopped in its middle
CREATE TABLE unfinished (
    text TEXT PRIMARY KEY  -- id of a text row whose words must still leave the file
) STRICT;

-- state: the last event of each chain
CREATE TABLE head (
    origin TEXT PRIMARY KEY,  -- id of the writing session
    n      INTEGER NOT NULL,  -- its last event
    hash   TEXT NOT NULL      -- that event's hash
) STRICT;

-- state: the study itself, one row
CREATE TABLE study (
    id       TEXT PRIMARY KEY,  -- the same in every copy
    title    TEXT,              -- text
    language TEXT,              -- text: nl or en
    release  TEXT               -- the release of the codebook in use
) STRICT;

-- state: who codes: a person, a rule, a model, or the agreement of several (consensus)
CREATE TABLE coder (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL,  -- text
    kind TEXT NOT NULL   -- person, rule, model or consensus
) STRICT;

-- state: a variable of participants
CREATE TABLE attribute (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL  -- text
) STRICT;

-- state: a person interviewed
CREATE TABLE participant (
    id      TEXT PRIMARY KEY,
    key     TEXT NOT NULL,    -- text: the participant code
    removed INTEGER NOT NULL
) STRICT;

-- state: the values of a participant's attributes
CREATE TABLE value (
    id          TEXT PRIMARY KEY,
    participant TEXT NOT NULL REFERENCES participant (id),
    attribute   TEXT NOT NULL REFERENCES attribute (id),
    position    INTEGER NOT NULL,  -- 0, or 0, 1, 2, … where there are several values (casussen)
    value       TEXT NOT NULL,     -- text
    removed     INTEGER NOT NULL
) STRICT;
CREATE INDEX value_by_participant ON value (participant, attribute, position);

-- state: a transcript
CREATE TABLE document (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,  -- text: file name without extension
    participant TEXT REFERENCES participant (id),
    format      TEXT NOT NULL,  -- docx, txt or md
    original    TEXT,           -- text: the file as it was
    revision    TEXT NOT NULL,  -- the revision in use
    removed     INTEGER NOT NULL
) STRICT;

-- state: a text of a document; text never changes in place, a change makes a new revision
CREATE TABLE revision (
    id       TEXT PRIMARY KEY,
    document TEXT NOT NULL REFERENCES document (id),
    previous TEXT,              -- the revision it was made from; NULL for the text as read
    number   INTEGER NOT NULL,  -- 1 for the text as read, else one more than previous
    text     TEXT NOT NULL,     -- text: the words
    length   INTEGER NOT NULL,  -- code points
    edits    TEXT NOT NULL      -- JSON: [old start, old end, new length], … from previous; [] for the first
) STRICT;

-- state: the turns of a revision
CREATE TABLE segment (
    revision  TEXT NOT NULL REFERENCES revision (id),
    paragraph INTEGER NOT NULL,  -- number of the turn, from 1
    start     INTEGER NOT NULL,
    end       INTEGER NOT NULL,
    role      TEXT NOT NULL,     -- interviewer, participant or other
    speaker   TEXT NOT NULL,     -- text: the label as typed
    time_ms   INTEGER,           -- time mark
    PRIMARY KEY (revision, paragraph)
) STRICT, WITHOUT ROWID;

-- state: a release of a codebook that was adopted
CREATE TABLE release (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,  -- text: name of the codebook
    version TEXT NOT NULL,  -- text: such as 1.0.0
    body    TEXT NOT NULL   -- text: the whole release as canonical JSON
) STRICT;

-- state: the codes of a release
CREATE TABLE code (
    release  TEXT NOT NULL REFERENCES release (id),
    id       TEXT NOT NULL,     -- the guid, the same in every release
    key      TEXT NOT NULL,     -- text: the readable key, such as D1
    parent   TEXT,              -- guid of the code above
    position INTEGER NOT NULL,  -- place in the codebook, from 0
    status   TEXT NOT NULL,     -- active or retired
    PRIMARY KEY (release, id)
) STRICT, WITHOUT ROWID;

-- state: the values of soort and oordeel that a release knows
CREATE TABLE facet (
    release  TEXT NOT NULL REFERENCES release (id),
    id       TEXT NOT NULL,     -- the same in every release
    kind     TEXT NOT NULL,     -- soort or oordeel
    key      TEXT NOT NULL,     -- text
    position INTEGER NOT NULL,
    PRIMARY KEY (release, id)
) STRICT, WITHOUT ROWID;

-- state: one coder's use of one code on one quotation, under one release
CREATE TABLE coding (
    id            TEXT PRIMARY KEY,
    made_revision TEXT NOT NULL REFERENCES revision (id),  -- the text on which a person placed it
    made_start    INTEGER NOT NULL,
    made_end      INTEGER NOT NULL,
    words         TEXT NOT NULL,     -- commitment to the words there, under the salt of that text
    revision      TEXT NOT NULL,     -- where it is now: carried from there by the edits of revisions
    start         INTEGER NOT NULL,
    end           INTEGER NOT NULL,
    anchor        TEXT NOT NULL,     -- kept, moved, changed or lost; changed and lost ask for a decision
    code          TEXT NOT NULL,     -- guid
    release       TEXT NOT NULL REFERENCES release (id),
    soort         TEXT,              -- facet
    oordeel       TEXT,              -- facet
    asked         INTEGER,           -- 1 asked, 0 spontaneous, NULL not noted
    coder         TEXT NOT NULL REFERENCES coder (id),
    at            TEXT NOT NULL,     -- time of the event that made it
    removed       INTEGER NOT NULL
) STRICT;
CREATE INDEX coding_by_place ON coding (revision, start);
CREATE INDEX coding_by_made ON coding (made_revision);

-- state: the codings that a consensus coding came from
CREATE TABLE parent (
    coding TEXT NOT NULL REFERENCES coding (id),
    parent TEXT NOT NULL REFERENCES coding (id),
    PRIMARY KEY (coding, parent)
) STRICT, WITHOUT ROWID;

-- state: dated writing attached to something
CREATE TABLE memo (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,     -- field, reflexive, method, theory, code or summary
    target_kind TEXT NOT NULL,     -- study, participant, document, code or coding
    target      TEXT NOT NULL,     -- its id
    body        TEXT NOT NULL,     -- text
    coder       TEXT NOT NULL REFERENCES coder (id),
    at          TEXT NOT NULL,
    removed     INTEGER NOT NULL
) STRICT;

-- state: a meeting of the team (overlegverslag), which decisions can cite
CREATE TABLE meeting (
    id      TEXT PRIMARY KEY,
    body    TEXT NOT NULL,  -- text: date, who were there and what was said, as canonical JSON
    removed INTEGER NOT NULL
) STRICT;

-- state: a topic of the topic guide
CREATE TABLE topic (
    id       TEXT PRIMARY KEY,
    body     TEXT NOT NULL,     -- text: key, name, questions and code keys as canonical JSON
    position INTEGER NOT NULL,
    removed  INTEGER NOT NULL
) STRICT;

-- state: whether a topic was asked in an interview
CREATE TABLE coverage (
    id       TEXT PRIMARY KEY,
    document TEXT NOT NULL REFERENCES document (id),
    topic    TEXT NOT NULL REFERENCES topic (id),
    value    TEXT NOT NULL,     -- asked, came_up or not_asked
    removed  INTEGER NOT NULL
) STRICT;

-- state: texts that were erased on purpose; no merge brings them back
CREATE TABLE tombstone (
    text   TEXT PRIMARY KEY,
    origin TEXT NOT NULL,     -- the erasing event
    n      INTEGER NOT NULL
) STRICT;

-- state: rows of events whose precondition did not hold; nothing is dropped, a person decides
CREATE TABLE conflict (
    origin  TEXT NOT NULL,     -- the event
    n       INTEGER NOT NULL,
    row     INTEGER NOT NULL,  -- row of a bulk act, from 0
    reason  TEXT NOT NULL,     -- one of a fixed list of words
    subject TEXT NOT NULL,     -- id of the thing that both sides touched; empty when there is none
    decided INTEGER NOT NULL,  -- 1 when a person decided
    PRIMARY KEY (origin, n, row)
) STRICT, WITHOUT ROWID;
