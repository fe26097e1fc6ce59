"""The table of participants, and the transcripts that belong to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from unicodedata import normalize

from qualkit.errors import Fault, FaultsError, SourceError, TableError
from qualkit.model import Document, Participant
from qualkit.sources import find_documents, read_document
from qualkit.sources.tables import Row, read_table

# a column may have its Dutch or its English name; the first one is what it is called in the study
COLUMNS = {
    "respondent": ("respondent", "participant"),
    "groep": ("groep", "group"),
    "tranche": ("tranche",),
    "datum": ("datum", "date"),
    "vorm": ("vorm", "form"),
    "duur_min": ("duur_min", "duration_min"),
    "interviewer": ("interviewer",),
    "aanwezig": ("aanwezig", "present"),
    "werving": ("werving", "recruitment"),
    "casus": ("casus", "cases"),
    "toestemming": ("toestemming", "consent"),
}
FORMS = {"live": "live", "teams": "Teams", "telefoon": "telefoon", "phone": "telefoon"}
UNREAD = (".doc", ".docm", ".odt", ".pdf", ".rtf")
CONSENT = {"ja": "ja", "yes": "ja"}


def study_name(column: str) -> str:
    """Return what a column of the table is called in a study: ``groep`` for ``group``, others as they are."""
    return next((name for name, names in COLUMNS.items() if column.lower() in names), column)


def read_participants(path: Path, *, faults: list[Fault] | None = None) -> list[Participant]:
    """Return the participants of a table (CSV or Excel), one row each, with their attributes.

    Columns are named in Dutch or English: respondent (needed), groep, tranche, datum, vorm (live, Teams,
    telefoon), duur_min, interviewer, aanwezig, werving, casus (several parted by ``;``, ``,`` or ``/``),
    toestemming (ja, where there is such a column). Any further column is an attribute too.

    Parameters
    ----------
    path : Path
        The table.
    faults : list of Fault or None
        When given, faults are noted in it, and the participants are returned without the faulty values.

    Raises
    ------
    TableError
        With every fault at once: no participant, one that stands twice, a date, form or duration that is
        none, a consent that is not given. When `faults` is given, only for a table that cannot be used at
        all.
    """
    table = read_table(path)
    known = {
        name: column for name, names in COLUMNS.items() for column in table.columns if column.lower() in names
    }
    if "respondent" not in known:
        table.require("respondent")
    others = {column: column for column in table.columns if column not in known.values()}
    wrong: list[Fault] = [] if faults is None else faults
    found: dict[str, Participant] = {}
    for row in table.rows:
        where = table.where(row)
        key = normalize("NFC", row[known["respondent"]])
        if not key:
            wrong.append(Fault(where, "has no respondent.", "Fill in the participant code, such as CI-3."))
            continue
        if key in found:
            wrong.append(
                Fault(where, f'respondent "{key}" stands here for the second time.', "Keep one row.")
            )
            continue
        values = {
            name: _values(name, row, column, where, wrong)
            for name, column in {**known, **others}.items()
            if name != "respondent"
        }
        found[key] = Participant(key, {name: value for name, value in values.items() if value})
    if wrong and faults is None:
        raise TableError(wrong, f"{path.name} is not used")
    return list(found.values())


def read_transcripts(
    source: Path, people: Sequence[Participant], *, unread: dict[str, Fault] | None = None
) -> list[Document]:
    """Return the transcripts in a folder, or the one in a file.

    Parameters
    ----------
    source : Path
        A folder, searched with all below it, or one file.
    people : sequence of Participant
        Whose attribute *interviewer* tells who asks the questions.
    unread : dict or None
        When given, files that cannot be read are noted in it by the name of their document, and the other
        documents are returned.

    Raises
    ------
    FaultsError
        With every file that cannot be read; when `unread` is given, only when there is none to read, or two
        would be documents of one name.
    """
    by_key = {one.key: one for one in people}
    try:
        paths = find_documents(source) if source.is_dir() else [source]
    except SourceError as error:
        raise FaultsError([error.fault], "the transcripts are not used") from None
    wrong: dict[str, Fault] = {} if unread is None else unread
    documents: list[Document] = []
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        # a transcript that is passed over in silence is a person who is not heard
        if path.suffix.lower() in UNREAD and not path.name.startswith((".", "~$")):
            found = f'files of the kind "{path.suffix}" are not read.'
            wrong[normalize("NFC", path.stem)] = Fault(
                path.name, found, "Save it as Word (.docx) or plain text."
            )
    for path in paths:
        name = normalize("NFC", path.stem)
        person = by_key.get(name)
        interviewers = person.values.get("interviewer", ()) if person else ()
        try:
            documents.append(read_document(path, interviewers=interviewers))
        except SourceError as error:
            wrong[name] = error.fault
    if not paths:
        empty = Fault(source.name, "holds no transcript.", "Put .docx, .txt or .md files there.")
        raise FaultsError([empty], "the transcripts are not used")
    if wrong and unread is None:
        raise FaultsError(wrong.values(), "the transcripts are not used")
    return documents


def _values(name: str, row: Row, column: str, where: str, faults: list[Fault]) -> tuple[str, ...]:
    raw = row[column]
    if not raw and name == "toestemming":
        faults.append(Fault(where, f"{column} is empty.", _MENDS[name]))
    if not raw:
        return ()
    if name == "casus":
        return tuple(part for part in (one.strip() for one in re.split(r"[;,/]", raw)) if part)
    check = _CHECKS.get(name)
    if check is None:
        return (raw,)
    value = check(raw)
    if value is None:
        faults.append(Fault(where, f'{column} is "{raw}".', _MENDS[name]))
        return ()
    return (value,)


def _date(raw: str) -> str | None:
    day_first = re.fullmatch(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", raw)
    text = f"{day_first[3]}-{int(day_first[2]):02}-{int(day_first[1]):02}" if day_first else raw
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _duration(raw: str) -> str | None:
    return str(int(raw)) if raw.isdecimal() and 0 < int(raw) < 1000 else None


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "datum": _date,
    "duur_min": _duration,
    "vorm": lambda raw: FORMS.get(raw.lower()),
    "toestemming": lambda raw: CONSENT.get(raw.lower()),
}
_MENDS = {
    "datum": "Write it as 2021-06-08 or 8-6-2021.",
    "duur_min": "Write whole minutes, such as 61.",
    "vorm": "Write live, Teams or telefoon.",
    "toestemming": "Only who said yes (ja) may be in a study: take out this row and the transcript.",
}
