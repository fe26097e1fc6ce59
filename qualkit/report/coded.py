"""The transcript on paper with its codes in the margin: a Word file for the team that codes.

The document is built as text, not through python-docx: with one row for each turn and one run for each edge
of a quotation, that is some thirty times as fast, and there is little else in it.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qualkit.errors import AnchorError
from qualkit.locale import words
from qualkit.model import Document, Language, Segment
from qualkit.report._wordml import TAB, counter, package_parts, paragraph, row, run, table
from qualkit.report.package import write_package

if TYPE_CHECKING:
    import pandas as pd

_NO_COLOUR = "#595959"
_TURN_WIDTHS = (567, 6123, 3402)  # number, words, margin; in twentieths of a point
_USED_WIDTHS = (964, 6462, 1333, 1333)

_Rank = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the margin: a code with its qualifications, and everybody who gave it."""

    code: str
    soort: str
    oordeel: str
    coders: tuple[str, ...]
    codings: int


@dataclass(frozen=True, slots=True)
class _Quotation:
    """A stretch that was coded, with all that was coded on exactly this stretch."""

    number: int
    start: int
    end: int
    entries: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a quotation that falls in one turn."""

    quotation: _Quotation
    start: int
    end: int
    opens: bool
    closes: bool


@dataclass(slots=True)
class _Place:
    """A stretch of text shown as one: what comes before the first turn, or a turn."""

    start: int
    end: int
    segment: Segment | None = None
    pieces: list[_Piece] = field(default_factory=list)
    margin: list[str] = field(default_factory=list)


def write_coded(
    path: Path,
    document: Document,
    codings: pd.DataFrame,
    *,
    title: str,
    language: Language,
    names: Mapping[str, str],
    colours: Mapping[str, str],
    date: str,
) -> None:
    """Write one transcript with its codes in the margin, as Word; for the team only.

    Each turn is a row of three: its number, the speaker and the words, the codes. Quotations that hold
    exactly the same words share a number, and coders who gave the same code share a line.

    Parameters
    ----------
    path : Path
        The Word file to write or replace.
    document : Document
        The transcript.
    codings : DataFrame
        As `Study.codings` gives it; only the rows of this document are used.
    title : str
        Of the study; heads the first page and is the title in the file's properties.
    language : {"nl", "en"}
        Of the fixed words; also told to Word.
    names : mapping of str to str
        Name of each code by its key, in the order of the codebook; a *soort* may be named too. A key
        that is not named stands by itself.
    colours : mapping of str to str
        Colour of each code by its key, as ``#112299``; a code without one, or with an empty
        one, is grey.
    date : str
        ISO date; shown below the title, and the date in the file's properties.

    Raises
    ------
    AnchorError
        When a coding does not hold the words that stand at its place.
    OutputError
        When the file cannot be written.
    ValueError
        When `date` is no ISO date.
    """
    date = datetime.date.fromisoformat(date).isoformat()
    word = words(language, "coded")
    rows = codings[codings["document_id"] == document.name]
    rank = {key: (place, key) for place, key in enumerate(names)}
    quotations = _quotations(document, rows, rank)
    places = _places(document, quotations, _Margin(word, names, colours))

    shades = {q.number: _colour(q.entries[0].code, colours) for q in quotations}
    about = _about(document.name, date, rows, word)
    body = [paragraph("Title", run(title)), paragraph("Subtitle", run(about))]
    if quotations:
        body.append(paragraph("Legend", run(word["legend"])))
    heads = (
        paragraph("TableHeadNumber", run(word["number"])),
        paragraph("TableHead", run(word["said"])),
        paragraph("TableHead", run(word["margin"])),
    )
    shown = (place for place in places if place.segment or place.margin or place.start < place.end)
    turns = (_row(document.text, place, shades) for place in shown)
    body.append(table(_TURN_WIDTHS, heads, word["turns"], turns))
    body += _used(quotations, rank, names, word)
    page = [run(word["page"]), counter("PAGE"), run(" / "), counter("NUMPAGES")]
    footer = paragraph("Footer", "".join([run(word["internal"]), TAB, run(document.name), TAB, *page]))
    write_package(path, package_parts("".join(body), footer, title=title, language=language, date=date))


# reading the codings


def _quotations(document: Document, rows: pd.DataFrame, rank: _Rank) -> list[_Quotation]:
    """Return the stretches coded, numbered in the order of the text, the longer first."""
    found: dict[tuple[int, int], dict[tuple[str, str, str], list[str]]] = {}
    columns = ("start", "end", "text", "code_id", "soort", "oordeel", "coder")
    cells = zip(*(rows[name].tolist() for name in columns), strict=True)
    for start, end, said, code, soort, oordeel, coder in cells:
        if not 0 <= start < end or document.text[start:end] != said:
            raise AnchorError(
                f"{document.name}, {start}–{end}: the coding {code} of {coder} does not hold the words that "
                f"stand there ({len(said)} and {end - start} characters). Take both from the same study."
            )
        line = (code, _given(soort), _given(oordeel))
        found.setdefault((start, -end), {}).setdefault(line, []).append(coder)

    quotations = []
    for number, (start, minus_end) in enumerate(sorted(found), 1):
        stretch = found[start, minus_end]
        lines = sorted(stretch, key=lambda line: (_rank(line[0], rank), line))
        entries = [_Entry(*line, tuple(sorted(set(stretch[line]))), len(stretch[line])) for line in lines]
        quotations.append(_Quotation(number, start, -minus_end, tuple(entries)))
    return quotations


def _given(value: Any) -> str:
    """Return a cell that may be missing, in any of the ways pandas has for that, as text."""
    return value if isinstance(value, str) else ""


def _rank(code: str, rank: _Rank) -> tuple[int, str]:
    return rank.get(code, (len(rank), code))


def _places(document: Document, quotations: Iterable[_Quotation], margin: _Margin) -> list[_Place]:
    """Return the stretch before the first turn and every turn, with what is coded in them."""
    places = [_Place(0, _lead_end(document))]
    places += (_Place(segment.start, segment.end, segment) for segment in document.segments)
    first = 0
    for quotation in quotations:
        # quotations come in the order of their starts, so what ended before this one is done with
        while first < len(places) - 1 and places[first].end <= quotation.start:
            first += 1
        touched = []
        for place in places[first:]:
            if place.start >= quotation.end:
                break
            if max(place.start, quotation.start) < min(place.end, quotation.end):
                touched.append(place)
        for place in touched:
            opens, closes = place is touched[0], place is touched[-1]
            start, end = max(place.start, quotation.start), min(place.end, quotation.end)
            place.pieces.append(_Piece(quotation, start, end, opens, closes))
            if not opens:
                place.margin.append(margin.continued(quotation))
            else:
                place.margin += margin.entries(quotation, "" if closes else "runs_on")
        if not touched:  # such as a speaker's label: nothing to underline, but the coding is not hidden
            places[first].margin += margin.entries(quotation, "outside")
    return places


def _lead_end(document: Document) -> int:
    """Return where the text before the first turn ends: above the line with the first speaker's label."""
    end = len(document.text)
    if document.segments:
        first = document.segments[0]
        label = document.text.rfind(first.speaker, 0, first.start) if first.speaker else -1
        end = document.text.rfind("\n", 0, first.start if label < 0 else label) + 1
    return len(document.text[:end].rstrip())


# the words with their marks


def _marked(text: str, place: _Place, shades: Mapping[int, str]) -> Iterator[str]:
    """Yield the runs of one place, split at every edge of a quotation, with a number at each edge."""
    edges = {place.start, place.end}
    for piece in place.pieces:
        edges |= {piece.start, piece.end}
    ordered = sorted(edges)
    for start, end in pairwise(ordered):
        yield from (_mark(f"[{p.quotation.number}") for p in place.pieces if p.opens and p.start == start)
        over = [p.quotation.number for p in place.pieces if p.start <= start and end <= p.end]
        # numbers go up with the start and down with the length: the highest began last, or lies innermost
        if over:
            underline = f'<w:u w:val="single" w:color="{shades[over[-1]]}"/>'
            yield run(text[start:end], "Coded" if len(over) == 1 else "CodedTwice", underline)
        else:
            yield run(text[start:end])
        closing = [p for p in reversed(place.pieces) if p.closes and p.end == end]
        yield from (_mark(f"{p.quotation.number}]") for p in closing)


def _mark(text: str) -> str:
    return run(text, "QuotationNumber")


def _row(text: str, place: _Place, shades: Mapping[int, str]) -> str:
    """Return a place as a row: number, speaker and words, codes."""
    number, style, before = "", "Turn", []
    if segment := place.segment:
        number = str(segment.paragraph)
        if segment.role == "interviewer":
            style = "Question"
        if segment.speaker:
            before.append(run(f"{segment.speaker}: ", "Speaker"))
        if segment.time_ms is not None:
            minutes, seconds = divmod(segment.time_ms // 1000, 60)
            before.append(run(f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02} ", "TimeMark"))
    words = paragraph(style, "".join([*before, *_marked(text, place, shades)]))
    margin = "".join(place.margin) or paragraph("Margin", "")
    return row(_TURN_WIDTHS, (paragraph("TurnNumber", run(number)), words, margin))


# the margin and the list at the end


@dataclass(frozen=True, slots=True)
class _Margin:
    """Makes the lines of the margin."""

    word: Mapping[str, str]
    names: Mapping[str, str]
    colours: Mapping[str, str]

    def entries(self, quotation: _Quotation, remark: str) -> list[str]:
        """Return a line for each code on `quotation`; the first has its number."""
        first, *others = quotation.entries
        lines = [self._line(str(quotation.number), first, remark)]
        return lines + [self._line("", entry, "") for entry in others]

    def continued(self, quotation: _Quotation) -> str:
        """Return the line that says that a quotation of an earlier turn runs on here."""
        keys = ", ".join(dict.fromkeys(entry.code for entry in quotation.entries))
        remark = run(f"{keys} · {self.word['continued']}", "MarginRemark")
        return self._paragraph(str(quotation.number), remark)

    def _line(self, number: str, entry: _Entry, remark: str) -> str:
        name = self.names.get(entry.code, "")
        soort = self.names.get(entry.soort, entry.soort)
        qualified = f"{soort} ({entry.oordeel})".lstrip() if entry.oordeel else soort
        rest = " · ".join(part for part in (name, qualified, ", ".join(entry.coders)) if part)
        square = run("■ ", "", f'<w:color w:val="{_colour(entry.code, self.colours)}"/>')
        runs = [square, run(entry.code, "MarginNumber"), run(f" {rest}")]
        if remark:
            runs.append(run(f" · {self.word[remark]}", "MarginRemark"))
        return self._paragraph(number, "".join(runs))

    def _paragraph(self, number: str, runs: str) -> str:
        return paragraph("Margin", f"{run(number, 'MarginNumber')}{TAB}{runs}")


def _colour(code: str, colours: Mapping[str, str]) -> str:
    return (colours.get(code) or _NO_COLOUR).removeprefix("#").upper()


def _about(document: str, date: str, rows: pd.DataFrame, word: Mapping[str, str]) -> str:
    """Return the line below the title: what, when, by whom, in terms of which codebook."""
    parts = [document, date]
    if len(rows):
        parts.append(f"{word['coders']} {', '.join(sorted(set(rows['coder'])))}")
        parts.append(f"{word['codebook']} {', '.join(sorted(set(rows['codebook_version'])))}")
    return " · ".join(parts)


def _used(
    quotations: Sequence[_Quotation],
    rank: _Rank,
    names: Mapping[str, str],
    word: Mapping[str, str],
) -> list[str]:
    """Return the list of codes used, with the quotations and the codings of each."""
    heading = paragraph("Heading1", run(word["used"]))
    if not quotations:
        return [heading, paragraph("Normal", run(word["none"]))]
    stretches: Counter[str] = Counter()
    codings: Counter[str] = Counter()
    for quotation in quotations:
        stretches.update({entry.code for entry in quotation.entries})
        for entry in quotation.entries:
            codings[entry.code] += entry.codings
    lines = [(code, names.get(code, ""), stretches[code], codings[code]) for code in stretches]
    lines.sort(key=lambda line: _rank(line[0], rank))
    lines.append((word["all"], "", len(quotations), codings.total()))
    rows = (
        row(
            _USED_WIDTHS,
            [
                *(paragraph("Cell", run(text)) for text in (code, name)),
                *(paragraph("CellNumber", run(str(count))) for count in counts),
            ],
            "<w:cantSplit/>",
        )
        for code, name, *counts in lines
    )
    heads = [
        *(paragraph("TableHead", run(word[head])) for head in ("code", "name")),
        *(paragraph("TableHeadNumber", run(word[head])) for head in ("fragments", "codings")),
    ]
    closing = paragraph("Legend", run(word["closing"]))  # Word wants a paragraph after a table at the end
    return [heading, table(_USED_WIDTHS, heads, word["used"], rows), closing]
