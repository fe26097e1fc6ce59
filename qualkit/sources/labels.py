"""The labels that people type before a turn: what counts as one, whose it is, and time marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from qualkit.model import Role

_LONG = r"\d{1,2}:[0-5]\d:[0-5]\d(?:[.,]\d{1,3})?"
_SHORT = r"\d{1,3}:[0-5]\d(?:[.,]\d{1,3})?"
_CLOCK = rf"(?:{_LONG}|{_SHORT})"
_HASHED = r"#(?:\d{1,2}:)?\d{1,2}:[0-5]\d(?:[-.,]\d{1,3})?#"
ANY_MARK = rf"(?:{_HASHED}|\[\s*{_CLOCK}\s*\]|\(\s*{_CLOCK}\s*\)|{_CLOCK}(?![\d:]))"
"""A time mark where a label stands beside it: a bare ``12:31`` will do."""
SURE_MARK = rf"(?:{_HASHED}|\[\s*{_CLOCK}\s*\]|\(\s*{_CLOCK}\s*\)|{_LONG}(?![\d:]))"
"""A time mark before words: a bare ``9:30`` may be a time of day that somebody names."""
END_MARK = rf"(?:{_HASHED}|\[\s*{_CLOCK}\s*\]|\(\s*{_LONG}\s*\)|(?<=\s){_LONG})"
"""A time mark after words: ``(9:30)`` may be theirs too."""

_TIME = re.compile(r"(?:(\d+):)?(\d+):(\d+)(?:[-.,](\d+))?")


def time_ms(mark: str) -> int:
    """Return the milliseconds from the start of the recording that a time mark stands for.

    Parameters
    ----------
    mark : str
        As typed: ``[00:12:31]``, ``12:31``, ``#00:12:31-5#`` (a decimal: half a second).
    """
    hit = _TIME.search(mark)
    if hit is None:
        raise ValueError("no time mark")
    hours, minutes, seconds, fraction = hit.groups(default="")
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int(fraction.ljust(3, "0"))


_INTERVIEWER = """
i int interv interviewer interviewster iv itv vraag v vr q question onderzoeker researcher vraagsteller
gespreksleider moderator facilitator
"""
_PARTICIPANT = """
r resp respondent respondente participant participante p deelnemer deelneemster geïnterviewde geinterviewde
interviewee informant informante antwoord antw a answer
"""
_OTHER = """
x derde tolk observator observer notulist interpreter onbekend unknown allen all moeder vader ouder partner
echtgenoot echtgenote vriend vriendin kind dochter zoon leerling collega begeleider begeleidster teamleider
werkbegeleider mother father parent wife husband friend child daughter son pupil colleague supervisor
"""
_WELL_KNOWN: dict[str, Role] = {
    **dict.fromkeys(_INTERVIEWER.split(), "interviewer"),
    **dict.fromkeys(_PARTICIPANT.split(), "participant"),
    **dict.fromkeys(_OTHER.split(), "other"),
}

# words that open a paragraph and are followed by a colon, or fill a line, without being anybody's name
_OPENING_WORDS = """
dus kortom namelijk voorbeeld bijvoorbeeld conclusie noot opmerking opmerkingen toelichting datum plaats
locatie tijd duur tijdstip onderwerp onderwerpen thema topic topics deel inleiding afsluiting slot
samenvatting introductie achtergrond bijlage bron titel naam leeftijd functie organisatie groep opname
bestand versie let ja nee oké oke ok nou kijk luister precies juist klopt goed prima hmhm hm mm tja
zeker inderdaad misschien soms maar want en of echter ook eerst eerste tweede derde ten daarna toen nu
later verder trouwens note notes example remark date place location time duration subject theme part
introduction background summary conclusion appendix source title name age role organisation organization
group recording file version yes no yeah okay well so but and or because however also first second third
then now anyway exactly right sure maybe http https www mailto tel email e-mail mail telefoon nb ps pm
stilte pauze lacht gelach silence pause laughs laughter interview transcript spreker tekst speaker text
words woorden
"""
_NO_NAMES = frozenset(_OPENING_WORDS.split())
_TITLE_WORDS = "mw mevr mevrouw mej mejuffrouw dhr hr heer meneer mijnheer mr mrs ms miss dr drs ir ing prof"
_TITLES = re.compile(rf"(?:(?:de heer|{_TITLE_WORDS.replace(' ', '|')})\s+)+")
_SMALL_WORDS = """
van von de der den het ten ter te 't in op el al la le du di da dos del bin ibn ben of v. v.d. vd a/d
mw mevr mevrouw dhr heer hr meneer mr mrs ms miss dr drs ir ing prof
mw. mevr. dhr. hr. mr. mrs. ms. dr. drs. ir. ing. prof.
"""
_PARTICLES = frozenset(_SMALL_WORDS.split())
_NUMBERED = re.compile(r"[\s.]*#?\s*\d*\.?$")
_BRACKETED = re.compile(r"^(.*?)\s*\(([^()]*)\)\s*(.*)$", re.DOTALL)

_FULL, _PART, _WELL, _INITIALS = 4, 3, 2, 1


def label_key(label: str) -> str:
    """Return what two spellings of one label have in common: case, Unicode form and spacing are folded."""
    return " ".join(unicodedata.normalize("NFC", label).casefold().split())


def is_well_known(label: str) -> bool:
    """Return whether a label speaks for itself, as does ``I``, ``R2`` or ``Interviewer (Ruth)``."""
    return _well_known(label) is not None


def is_name(label: str) -> bool:
    """Return whether a label has the shape of a name: capitals, no sentence, no word such as *Dus*."""
    words = label.split()
    if not words or len(words) > 5 or len(label) > 40 or label_key(words[0]).rstrip(".") in _NO_NAMES:
        # "Spreker 1" and "Speaker 2" are what transcription programs write; the bare word heads a column
        return len(words) == 2 and words[1].isdecimal() and label_key(words[0]) in {"spreker", "speaker"}
    if label.endswith(".") and len(words[-1]) > 4 and "." not in words[-1][:-1]:
        return False
    capital = [not word[0].islower() for word in words]
    return any(capital) and all(
        big or word.lower() in _PARTICLES for big, word in zip(capital, words, strict=True)
    )


def _well_known(label: str) -> Role | None:
    for part in _parts(label):
        bare = _NUMBERED.sub("", label_key(part))
        if bare in _WELL_KNOWN:
            return _WELL_KNOWN[bare]
    return None


def _parts(label: str) -> list[str]:
    """Give the label, and what stands outside and within its brackets: ``I (Ruth)``, ``Ruth (I)``."""
    hit = _BRACKETED.match(label)
    return [label, f"{hit[1]} {hit[3]}".strip(), hit[2]] if hit else [label]


def _plain(name: str) -> str:
    key = label_key(name.replace(".", ". "))
    bare = " ".join(key.replace(".", "").split())
    return _TITLES.sub("", bare, count=1) if _TITLES.match(bare) else bare


def _forms(name: str) -> dict[str, int]:
    """Give the forms under which a person may stand in a transcript, with how much each of them says."""
    last, comma, first = name.partition(",")
    plain = _plain(f"{first} {last}" if comma else name)
    words = plain.split()
    forms = {plain: _FULL, label_key(name): _FULL}
    if len(words) > 1:
        cut = next((n for n, word in enumerate(words) if n and word in _PARTICLES), len(words) - 1)
        surname = " ".join(words[cut:])
        initials = "".join(word[0] for word in words)
        without = "".join(word[0] for word in words if word not in _PARTICLES)
        forms = {
            **dict.fromkeys((initials, " ".join(initials), without, " ".join(without)), _INITIALS),
            **dict.fromkeys((words[0], words[-1], surname, f"{words[0][0]} {surname}"), _PART),
            **forms,
        }
    return {form: rank for form, rank in forms.items() if form}


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who is known to speak before a transcript is read.

    Parameters
    ----------
    forms : tuple of (str, Role, int)
        A form of a name, the role of that person, and how much the form says (a full name says most).
    """

    forms: tuple[tuple[str, Role, int], ...]

    @classmethod
    def of(cls, interviewers: Sequence[str], participants: Sequence[str]) -> Speakers:
        """Return the speakers for names or labels as people fill them in."""
        named: list[tuple[str, Role]] = [
            *((name, "interviewer") for name in interviewers),
            *((name, "participant") for name in participants),
        ]
        return cls(tuple((form, role, rank) for name, role in named for form, rank in _forms(name).items()))

    def knows(self, label: str) -> bool:
        """Return whether the label is that of a known speaker, or speaks for itself."""
        return bool(self._ranks(label))

    def role_of(self, label: str) -> Role | None:
        """Return whose label this is; None when it is nobody's, or as much the one's as the other's."""
        ranks = self._ranks(label)
        best = [role for role, rank in ranks.items() if rank == max(ranks.values())]
        return best[0] if len(best) == 1 else None

    def _ranks(self, label: str) -> dict[Role, int]:
        ranks: dict[Role, int] = {}
        if (known := _well_known(label)) is not None:
            ranks[known] = _WELL
        wanted = {form for part in _parts(label)[:2] for form in (_plain(part), label_key(part))}
        for form, role, rank in self.forms:
            if form in wanted:
                ranks[role] = max(rank, ranks.get(role, 0))
        return ranks
