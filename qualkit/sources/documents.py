"""A file, or a folder of files, to transcripts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from qualkit.errors import SourceError
from qualkit.model import Document
from qualkit.sources.labels import Speakers
from qualkit.sources.layout import Layout
from qualkit.sources.plain import read_text
from qualkit.sources.turns import find_turns

SUFFIXES = (".docx", ".md", ".txt")


def read_document(
    path: Path | str, *, interviewers: Sequence[str] = (), participants: Sequence[str] = ()
) -> Document:
    """Return one transcript with its turns and speakers.

    Parameters
    ----------
    path : Path or str
        A .docx, .txt or .md file.
    interviewers, participants : sequence of str
        Names or labels known beforehand, as from the table of participants; a label matches on the full name,
        first name, last name or initials, in any case, with or without *mw.*, *dhr.* and the like. Labels
        such as ``I`` and ``R`` need no names.

    Returns
    -------
    Document
        Its name is the file name without extension (NFC).

    Raises
    ------
    SourceError
        When the file cannot be read, no speaker labels are found, or it cannot be told who is who.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SourceError(
            path,
            f'files of the kind "{suffix}" are not read.',
            "Save it as Word (.docx) or plain text (.txt, .md).",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(path, f"the file cannot be opened ({error.strerror}).", "Check the path.") from None
    if suffix == ".docx":
        from qualkit.ooxml import read_blocks

        layout = Layout.of_blocks(read_blocks(path, data))
    else:
        layout = Layout.of_text(read_text(path, data))
    segments = find_turns(path, layout, Speakers.of(interviewers, participants))
    return Document(_name(path), layout.text, segments, suffix[1:], data)


def find_documents(folder: Path | str) -> list[Path]:
    """Return the transcripts in a folder and the folders within it, sorted by path.

    Lock files of Word (``~$…``), hidden files and folders, and ``README.md`` are passed over.

    Parameters
    ----------
    folder : Path or str
        Where to look for .docx, .txt and .md files.

    Raises
    ------
    SourceError
        When there is no such folder, or when two files would be documents of one name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SourceError(folder, "there is no such folder.", "Check the path.")
    found: list[Path] = []
    seen: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix.lower() not in SUFFIXES or path.name.lower() == "readme.md" or not path.is_file():
            continue
        if path.name.startswith("~$") or any(part.startswith(".") for part in parts):
            continue
        # case and Unicode form are folded, for on many disks such names are one and the same
        twin = seen.setdefault(_name(path).casefold(), path)
        if twin is not path:
            raise SourceError(
                path, f"{twin} and {path} would be documents of one name.", "Rename one, or move it away."
            )
        found.append(path)
    return found


def _name(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)
