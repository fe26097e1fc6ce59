"""The table of participants, and the transcripts that belong to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

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
CONSENT = {"ja": "ja", "yes": "ja"}


def read_participants(path: Path) -> list[Participant]:
    """Return the participants of a table (CSV or Excel), one row each, with their attributes.

    Columns are named in Dutch or English: respondent (needed), groep, tranche, datum, vorm (live, Teams,
    telefoon), duur_min, interviewer, aanwezig, werving, casus (several parted by ``;``, ``,`` or ``/``),
    toestemming. Any further column is an attribute too.

    Raises
    ------
    TableError
        With every fault at once: no participant, one that stands twice, a date, form or duration that is
        none, a consent that is not given.
    """
    table = read_table(path)
    known = {name: column for name, names in COLUMNS.items() for column in table.columns if column.lower() in names}
    if "respondent" not in known:
        table.require("respondent")
    others = {column: column for column in table.columns if column not in known.values()}
    faults: list[Fault] = []
    found: dict[str, Participant] = {}
    for row in table.rows:
        where = f"{path.name}, row {row.number}"
        key = row[known["respondent"]]
        if not key:
            faults.append(Fault(where, "no respondent.", "Fill in the participant code, such as CI-3."))
            continue
        if key in found:
            faults.append(Fault(where, f'respondent "{key}" stands here for the second time.', "Keep one row."))
            continue
        values = {
            name: _values(name, row, column, where, faults)
            for name, column in {**known, **others}.items()
            if name != "respondent"
        }
        found[key] = Participant(key, {name: value for name, value in values.items() if value})
    if faults:
        raise TableError(faults, f"{path.name} is not used")
    return list(found.values())


def read_transcripts(source: Path, people: Sequence[Participant]) -> list[Document]:
    """Return the transcripts in a folder, or the one in a file.

    Parameters
    ----------
    source : Path
        A folder, searched with all below it, or one file.
    people : sequence of Participant
        Whose attribute *interviewer* tells who asks the questions.

    Raises
    ------
    FaultsError
        With every file that cannot be read.
    """
    by_key = {one.key: one for one in people}
    paths = find_documents(source) if source.is_dir() else [source]
    faults: list[Fault] = []
    documents: list[Document] = []
    for path in paths:
        person = by_key.get(path.stem)
        interviewers = person.values.get("interviewer", ()) if person else ()
        try:
            documents.append(read_document(path, interviewers=interviewers))
        except SourceError as error:
            faults.append(error.fault)
    if not paths:
        faults.append(Fault(source.name, "holds no transcript.", "Put .docx, .txt or .md files there."))
    if faults:
        raise FaultsError(faults, "the transcripts are not used")
    return documents


def _values(name: str, row: Row, column: str, where: str, faults: list[Fault]) -> tuple[str, ...]:
    raw = row[column]
    if not raw:
        return ()
    if name == "casus":
        return tuple(part for part in (one.strip() for one in re.split(r"[;,/]", raw)) if part)
    check = _CHECKS.get(name)
    if check is None:
        return (raw,)
    value = check(raw)
    if value is None:
        faults.append(Fault(where, f'{column} "{raw}" is not understood.', _MENDS[name]))
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
    "toestemming": "Only participants who said yes (ja) may be in a study; take the transcript out as well.",
}
