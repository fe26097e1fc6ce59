"""Paragraphs to turns: where each speaker begins, which words are theirs, and in which role they speak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from qualkit.errors import SourceError
from qualkit.model import Role, Segment
from qualkit.sources.labels import (
    ANY_MARK,
    END_MARK,
    SURE_MARK,
    Speakers,
    is_name,
    is_well_known,
    label_key,
    time_ms,
)
from qualkit.sources.layout import Layout, Piece

Kind = Literal["firm", "bold", "alone"]

# direction marks and zero-width spaces stand before labels in right-to-left and pasted text
_PAD = r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]*"
_SPACE = r"[ \u00a0\u200b-\u200f]*"
_STARS = r"\*{1,3}|_{1,2}"
_LABEL = r"[^\W\d_][^:：\t\n*_#\[\]<>{}|\"“”„?!;,…=\\@]{0,59}?"
_BEFORE = rf"{_PAD}(?:[#>]{{1,6}}\s+)?(?:(?P<before>{ANY_MARK}){_PAD}(?:[-–—|]{_PAD})?)?(?P<open>{_STARS})?"
_INNER = rf"(?:(?P<inner>{ANY_MARK}){_PAD})?(?P<label>{_LABEL}){_SPACE}(?:(?P<after>{ANY_MARK}){_SPACE})?"

# the first two forms end at a colon or a tab; the last is a line with nothing but the label
_FIRM = re.compile(rf"{_BEFORE}{_INNER}(?P<close>{_STARS})?{_SPACE}(?P<end>[:：]|\t)(?P<late>{_STARS})?")
_STARRED = re.compile(rf"{_BEFORE}{_INNER}(?P<close>{_STARS})(?=\s+\S)")
_ALONE = re.compile(rf"{_BEFORE}{_INNER}(?P<close>{_STARS})?{_PAD}")
_CELL = re.compile(
    rf"{_BEFORE}{_PAD}{_INNER.replace(_SPACE, _PAD)}(?P<close>{_STARS})?{_PAD}[:：]?(?:{_STARS})?{_PAD}"
)
_BOLD_LABEL = re.compile(_INNER)
_TIME_BEFORE = re.compile(rf"{_PAD}(?:(?P<before>{ANY_MARK}){_PAD}(?:[-–—|]{_PAD})?)?")
_TIME_CELL = re.compile(rf"\s*(?P<mark>{ANY_MARK})?\s*")
_TIME_LINE = re.compile(rf"{_PAD}(?P<mark>{SURE_MARK}){_PAD}")
_LEADING = re.compile(rf"{_PAD}(?P<mark>{SURE_MARK})")
_TRAILING = re.compile(rf"(?P<mark>{END_MARK})\s*$")
_LONGEST_MARK = 24

_FORMS = (
    'Begin every turn with a label: "I: …" and "R: …", a name with a colon ("Marjan: …"), a name in bold or '
    "on a line of its own, or a table with the label in a column before the words; a name must occur twice."
)


# with the interviewer known, the participant has at least this many times the turns of anybody else
DOMINANT = 3


@dataclass(frozen=True, slots=True)
class _Label:
    """A label found, that may yet prove to be none; `start` and `end` hold the words after it."""

    label: str
    key: str
    kind: Kind
    start: int
    end: int
    time_ms: int | None
    # the words run to the end of their line, so the stars that were opened before the label close there
    stars: str = ""
    # key of the label that fills the line before: this one may be the answer to it
    after: str = ""
    # stands in a column of labels, where one turn is enough to be a speaker
    sure: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """One line or row: the words in it, the label it may begin with, or the time mark that it is."""

    start: int
    end: int
    label: _Label | None = None
    time_ms: int | None = None


def find_turns(path: Path, layout: Layout, speakers: Speakers) -> tuple[Segment, ...]:
    """Return the turns of a document, in order, numbered from 1.

    Parameters
    ----------
    path : Path
        Where the document came from, for messages.
    layout : Layout
        Its text.
    speakers : Speakers
        Who is known beforehand.

    Raises
    ------
    SourceError
        When no labels are found, when it cannot be told who is who, or when no participant speaks.
    """
    lines = _settle([line for row in layout.rows for line in _lines(layout.text, row)])
    labels = [line.label for line in lines if line.label is not None]
    keys = _accepted(labels, speakers)
    accepted = [label for label in labels if label.key in keys]
    header, named = _header(layout.text, accepted, speakers)
    accepted = [label for label in accepted if label not in header]
    if not accepted:
        raise SourceError(path, "no speaker labels found.", _FORMS)
    roles = _roles(path, accepted, speakers, named)
    segments = tuple(_segments(layout.text, lines, frozenset(accepted), roles))
    if not any(segment.role == "participant" for segment in segments):
        raise SourceError(
            path,
            f"no turn of a participant found; the speakers are {_tally(accepted)}.",
            'Label the answers "R:", or put the participant\'s name in the participants table.',
        )
    return segments


def _lines(text: str, row: tuple[Piece, ...]) -> Iterator[_Line]:
    if len(row) == 1:
        yield _line(text, row[0])
        return
    if (label := _cell_label(text, row)) is not None:
        yield _Line(*_extent(text, row), label)
        return
    # columns without a label of their own: the labels may stand within a cell
    for cell in row:
        place = cell.start
        for line in cell.text.split("\n"):
            if not _is_time_or_number(line):
                yield _line(text, Piece(place, line))
            place += len(line) + 1


def _line(text: str, piece: Piece) -> _Line:
    start, end = _strip(text, piece.start, piece.start + len(piece.text))
    if start == end:
        return _Line(start, end)
    if (hit := _TIME_LINE.fullmatch(piece.text)) is not None:
        return _Line(start, end, None, time_ms(hit["mark"]))
    return _Line(start, end, _firm(text, piece, end) or _loose(text, piece, end))


def _firm(text: str, piece: Piece, end: int) -> _Label | None:
    hit = _FIRM.match(piece.text)
    if hit is None or not hit["label"].strip():
        return None
    place = hit.end()
    if hit["end"] != "\t" and hit["label"][-1].isdigit() and piece.text[place : place + 1].isdigit():
        return None  # "om 9:30" holds a time, not a label
    if hit["end"] == "\t" and not piece.text[place:].strip():
        return None
    left = "" if hit["close"] or hit["late"] else hit["open"] or ""
    # a bold name with a colon is a speaker, also when it speaks once
    bold = bool(hit["open"]) or any(b <= hit.start("label") < e for b, e in piece.bold)
    found = replace(_label(text, "firm", hit, piece.start + place, end), sure=bold)
    return replace(found, stars=left) if left else found


def _loose(text: str, piece: Piece, end: int) -> _Label | None:
    if (hit := _STARRED.match(piece.text)) is not None and hit["open"] == hit["close"]:
        return _label(text, "bold", hit, piece.start + hit.end(), end)
    if piece.bold and (found := _bold(text, piece, end)) is not None:
        return found
    if (hit := _ALONE.fullmatch(piece.text)) is not None and (hit["open"] or "") == (hit["close"] or ""):
        bold = bool(hit["open"]) or piece.bold[:1] == ((0, len(piece.text)),)
        return _label(text, "bold" if bold else "alone", hit, end, end)
    return None


def _bold(text: str, piece: Piece, end: int) -> _Label | None:
    """Find a label that is the first bold stretch of a line, with words that are not bold after it."""
    begin, stop = piece.bold[0]
    before = _TIME_BEFORE.match(piece.text)
    if before is None or not begin <= before.end() <= stop or not piece.text[stop:].strip():
        return None
    hit = _BOLD_LABEL.fullmatch(piece.text[before.end() : stop].rstrip())
    if hit is None:
        return None
    found = _label(text, "bold", hit, piece.start + stop, end)
    return replace(found, time_ms=time_ms(before["before"])) if before["before"] else found


def _label(text: str, kind: Kind, hit: re.Match[str], start: int, end: int) -> _Label:
    marks = hit.groupdict()
    mark = marks.get("before") or marks["inner"] or marks["after"]
    start, _ = _strip(text, start, end)
    if (late := _LEADING.match(text, start, end)) is not None:
        mark = mark or late["mark"]
        start, _ = _strip(text, late.end(), end)
    label = hit["label"].strip()
    return _Label(label, label_key(label), kind, start, end, time_ms(mark) if mark else None)


def _cell_label(text: str, row: tuple[Piece, ...]) -> _Label | None:
    """Find the label of a table row: the first cell that holds more than a time or a number."""
    mark: int | None = None
    for n, cell in enumerate(row[:-1]):
        if (time := _TIME_CELL.fullmatch(cell.text)) is not None or cell.text.strip().isdecimal():
            mark = time_ms(time["mark"]) if time is not None and time["mark"] else mark
            continue
        if (hit := _CELL.fullmatch(cell.text)) is None:
            return None
        rest = row[n + 1 :]
        if len(rest) > 1 and (time := _TIME_CELL.fullmatch(rest[0].text)) is not None:
            mark = time_ms(time["mark"]) if time["mark"] else mark
            rest = rest[1:]
        _, end = _strip(text, rest[0].start, rest[0].start + len(rest[0].text))
        found = replace(_label(text, "firm", hit, rest[0].start, end), sure=True)
        return found if found.time_ms is not None else replace(found, time_ms=mark)
    return None


def _is_time_or_number(text: str) -> bool:
    return _TIME_CELL.fullmatch(text) is not None or text.strip().isdecimal()


def _extent(text: str, row: tuple[Piece, ...]) -> tuple[int, int]:
    full = [cell for cell in row if not _is_time_or_number(cell.text)] or list(row)
    return _strip(text, full[0].start, full[-1].start + len(full[-1].text))


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _settle(lines: list[_Line]) -> list[_Line]:
    """Drop labels on a line of their own that no text follows; note which lines may answer such a label."""
    full = [n for n, line in enumerate(lines) if line.start < line.end and line.time_ms is None]
    settled = list(lines)
    after = ""
    for n in full:
        label = lines[n].label
        is_bare = label is not None and label.kind != "firm" and label.start == label.end
        if label is not None and (after or (is_bare and n == full[-1])):
            kept = None if is_bare and n == full[-1] else replace(label, after=after)
            settled[n] = replace(lines[n], label=kept)
        after = label.key if label is not None and is_bare else ""
    return settled


def _accepted(labels: list[_Label], speakers: Speakers) -> frozenset[str]:
    """Give the keys that count: of the surest form of label first, weaker ones only when too few count."""
    keys: frozenset[str] = frozenset()
    for kinds in ({"firm"}, {"firm", "bold"}, {"firm", "bold", "alone"}):
        pool = [label for label in labels if label.kind in kinds]
        all_of = Counter(label.key for label in pool)
        # "Precies" on the line below "Toon" is what Toon says, however often he says it
        counts = Counter(label.key for label in pool if all_of[label.after] <= all_of[label.key])
        first = {label.key: label.label for label in reversed(pool)}
        sure = {label.key for label in pool if label.sure}
        keys = frozenset(
            key
            for key, n in counts.items()
            if speakers.knows(first[key]) or ((n >= 2 or key in sure) and is_name(first[key]))
        )
        if len(keys) >= 2 and max(counts[key] for key in keys) >= 2:
            break
    return keys


def _header(text: str, labels: list[_Label], speakers: Speakers) -> tuple[frozenset[_Label], dict[str, Role]]:
    """Find lines such as "Interviewer: Ruth Wassenaar" above the first turn, and whose role they tell.

    Returns
    -------
    frozenset of _Label
        The labels that begin no turn.
    dict of str to Role
        Keys of labels, with the role that the header gives them.
    """
    counts = Counter(label.key for label in labels)
    often = {label.key: label.label for label in reversed(labels) if counts[label.key] > 1}
    served = {speakers.role_of(label) for label in often.values() if is_well_known(label)}
    found: set[_Label] = set()
    named: dict[str, Role] = {}
    for label in labels:
        role = speakers.role_of(label.label)
        if counts[label.key] > 1 or role is None or not is_well_known(label.label):
            break
        person = Speakers.of([text[label.start : label.end]], ())
        meant = [key for key, one in often.items() if not is_well_known(one) and person.knows(one)]
        named.update(dict.fromkeys(meant, role))
        if meant or role in served or (not served and len(often) > 1):
            found.add(label)
    return frozenset(found), named


def _roles(path: Path, labels: list[_Label], speakers: Speakers, named: dict[str, Role]) -> dict[str, Role]:
    counts = Counter(label.key for label in labels)
    first = {label.key: label.label for label in reversed(labels)}
    roles = {
        key: role for key in counts if (role := speakers.role_of(first[key]) or named.get(key)) is not None
    }
    left = [key for key in counts if key not in roles]
    empty: list[Role] = [role for role in ("interviewer", "participant") if role not in roles.values()]
    if not left:
        return roles
    often = sorted((key for key in left if counts[key] > 1), key=lambda key: -counts[key])
    if len(empty) == 1 and (len(often) == 1 or (empty == ["participant"] and _dominates(often, counts))):
        roles[often[0]] = empty[0]
    elif empty:
        if "interviewer" in empty:
            who, mend = (
                "interviewer",
                "Put the interviewer's name in the column interviewer of the participants table.",
            )
        else:
            who, mend = "participant", 'Label the answers "R:".'
        raise SourceError(
            path, f"it cannot be told who is the {who} among the speakers {_tally(labels)}.", mend
        )
    return {key: roles.get(key, "other") for key in counts}


def _dominates(often: list[str], counts: Counter[str]) -> bool:
    # who sits in says little; the person interviewed need not be named in a table that holds no names
    return len(often) > 1 and counts[often[0]] >= DOMINANT * counts[often[1]]


def _tally(labels: list[_Label]) -> str:
    counts = Counter(label.key for label in labels)
    first = {label.key: label.label for label in reversed(labels)}
    return ", ".join(f"{first[key]} ({n} {'turn' if n == 1 else 'turns'})" for key, n in counts.items())


def _segments(
    text: str, lines: list[_Line], accepted: frozenset[_Label], roles: dict[str, Role]
) -> Iterator[Segment]:
    number = 0
    waiting: int | None = None
    turn: _Label | None = None
    for line in lines:
        if line.label is not None and line.label in accepted:
            if turn is not None and (segment := _segment(text, turn, roles, number + 1)) is not None:
                number += 1
                yield segment
            turn = line.label
            if waiting is not None and turn.time_ms is None:
                turn = replace(turn, time_ms=waiting)
            waiting = None
        elif line.time_ms is not None:
            if turn is not None and turn.start == turn.end and turn.time_ms is None:
                turn = replace(turn, time_ms=line.time_ms)
            else:
                waiting = line.time_ms
        elif turn is not None and line.start < line.end:
            turn = _longer(text, turn, line)
            waiting = None
    if turn is not None and (segment := _segment(text, turn, roles, number + 1)) is not None:
        yield segment


def _longer(text: str, turn: _Label, line: _Line) -> _Label:
    if turn.start < turn.end:
        return replace(turn, end=line.end)
    start, mark = line.start, turn.time_ms
    if (hit := _LEADING.match(text, start, line.end)) is not None:
        start, _ = _strip(text, hit.end(), line.end)
        mark = time_ms(hit["mark"]) if mark is None else mark
    return replace(turn, start=start, end=line.end, time_ms=mark)


def _segment(text: str, turn: _Label, roles: dict[str, Role], number: int) -> Segment | None:
    """Give the turn as a segment, the time mark after its words left out; None when no words are left."""
    start, end, mark = turn.start, turn.end, turn.time_ms
    # only the tail is searched: a pattern that ends in "$" would try every place of a long turn
    if (hit := _TRAILING.search(text, max(start, end - _LONGEST_MARK), end)) is not None:
        mark = time_ms(hit["mark"]) if mark is None else mark
        _, end = _strip(text, start, hit.start())
    inner = end - len(turn.stars)
    if turn.stars and text.endswith(turn.stars, start, end) and turn.stars not in text[start:inner]:
        _, end = _strip(text, start, inner)
    return Segment(start, end, turn.label, roles[turn.key], number, mark) if start < end else None
