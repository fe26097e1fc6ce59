"""The errors qualkit raises: one base class, grouped by what the reader can do about them.

A message says where, what was found, what was wanted, and the mend. The parts are attributes, so that a
test or a screen need not read prose. Errors never hold the words of a participant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


class QualkitError(Exception):
    """Base of every error that qualkit raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a file: where it is, what was found there, and how to mend it.

    Parameters
    ----------
    where : str
        File name, with a line or row where that helps: ``codings.csv, line 14``.
    found : str
        What is wrong, in one clause. Never a participant's words.
    mend : str
        What to do about it. Empty when the clause says it already.
    """

    where: str
    found: str
    mend: str = ""

    def __str__(self) -> str:
        """Return the fault as one line."""
        line = f"{self.where}: {self.found}"
        return f"{line} {self.mend}" if self.mend else line


class FaultsError(QualkitError):
    """Everything that is wrong with a file or a recipe, told at once.

    Parameters
    ----------
    faults : iterable of Fault
        In the order of the file.
    what : str
        What could not be done, for the first line of the message.

    Attributes
    ----------
    faults : tuple of Fault
        All of them; the message shows the first ten.
    """

    SHOWN = 10

    def __init__(self, faults: Iterable[Fault], what: str) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.what = what
        shown = [f"- {fault}" for fault in self.faults[: self.SHOWN]]
        rest = len(self.faults) - self.SHOWN
        if rest > 0:
            shown.append(f"- and {rest} more")
        noun = "fault" if len(self.faults) == 1 else "faults"
        super().__init__("\n".join([f"{what}: {len(self.faults)} {noun}.", *shown]))


class AnchorError(QualkitError):
    """A span and the words it should hold do not agree."""


class SourceError(QualkitError):
    """A file that should be a transcript cannot be read as one.

    Parameters
    ----------
    path : Path or str
        The file.
    found, mend : str
        What is wrong with it, and what to do.
    """

    def __init__(self, path: Path | str, found: str, mend: str = "") -> None:
        self.fault = Fault(Path(path).name, found, mend)
        super().__init__(str(self.fault))


class CodebookError(FaultsError):
    """A codebook file has faults; all of them are listed with their line."""


class TableError(FaultsError):
    """A CSV or Excel table has faults; all of them are listed with their row."""


class RecipeError(FaultsError):
    """A recipe, or a file it names, has faults; the message lists fifty, so that few builds are needed."""

    SHOWN = 50


class UnknownNameError(QualkitError):
    """A name that the study does not know.

    Parameters
    ----------
    what : str
        The kind of thing: ``code``, ``document``.
    name : str
        What was asked for.
    known : sequence of str
        The names that exist; the nearest three are shown.
    """

    def __init__(self, what: str, name: str, known: Sequence[str]) -> None:
        self.what, self.name, self.known = what, name, tuple(known)
        super().__init__(f'{what} "{name}" is not known. {nearest(name, known)}')


class CodingError(QualkitError):
    """A coding is refused: no such words, words that occur twice, or words of the interviewer."""


class StoreError(QualkitError):
    """A study file cannot be opened, written or trusted."""


class VerifyError(StoreError):
    """A study file is damaged; the message says the first thing wrong and its place."""


class OutputError(QualkitError):
    """An output may not be written where it was asked for."""


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a sentence with the names closest to `name`, or with the first few there are.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : sequence of str
        The names that exist.

    Returns
    -------
    str
        ``Closest: "D1", "D2".`` or ``There are: "A1", "A2", "A3", ….`` or ``There are none.``
    """
    by_lower = {one.lower(): one for one in known}
    close = [by_lower[hit] for hit in get_close_matches(name.lower(), list(by_lower), n=3, cutoff=0.5)]
    if close:
        return "Closest: " + ", ".join(f'"{one}"' for one in close) + "."
    if known:
        more = ", …" if len(known) > 5 else ""
        return "There are: " + ", ".join(f'"{one}"' for one in known[:5]) + more + "."
    return "There are none."
