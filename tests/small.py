"""The smallest study by hand, and where things are."""

from __future__ import annotations

from pathlib import Path

from qualkit.model import Document, Participant, Segment

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "transcripts_sample"
SHARED = ROOT.parent / "shared"


def transcript(name: str, *turns: tuple[str, str]) -> Document:
    """Make a document of turns (speaker, words); I asks, R answers."""
    text, segments = "", []
    for number, (speaker, words) in enumerate(turns, start=1):
        text += ("\n" if text else "") + f"{speaker}: "
        role = {"I": "interviewer", "R": "participant"}.get(speaker, "other")
        segments.append(Segment(len(text), len(text) + len(words), speaker, role, number))
        text += words
    return Document(name, text, tuple(segments), "txt", text.encode("utf-8"))


DOCUMENTS = (
    transcript(
        "P-1",
        ("I", "Hoe ging het?"),
        ("R", "Het advies paste goed. Daarna was het stil 😀 weken."),
        ("I", "Stil?"),
        ("R", "Ja. Maanden zelfs."),
    ),
    transcript("P-2", ("I", "En bij u?"), ("R", "Wij wachtten lang. Héél lang, é́cht.")),
    transcript("P-3", ("I", "Vertel."), ("R", "Niets te klagen, hoor."), ("Buur", "Koffie?")),
)
PARTICIPANTS = (
    Participant("P-1", {"groep": ("leden",), "casus": ("K1", "K2")}),
    Participant("P-2", {"groep": ("inbrengers",), "casus": ("K1",)}),
    Participant("P-3", {"groep": ("inbrengers",), "casus": ("K3",)}),
)
