"""The smallest study by hand, and where things are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import qualkit as qk
from qualkit.codebook import codebook_from_rows
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


@pytest.fixture
def codebook() -> qk.Codebook:
    """Two categories with three codes, and the two facets."""
    rows = [
        {"id": "A", "parent": "", "name": "Advies", "definition": "Alles over het advies."},
        {"id": "A1", "parent": "A", "name": "Inhoud", "definition": "Of het past."},
        {"id": "A2", "parent": "A", "name": "Gewicht", "definition": "Hoe zwaar het weegt."},
        {"id": "B", "parent": "", "name": "Verloop", "definition": "Alles over daarna."},
        {"id": "B1", "parent": "B", "name": "Wachten", "definition": "Hoe lang het duurt."},
    ]
    return codebook_from_rows(enumerate(rows, start=2), name="klein", version="1.0.0", where="klein.csv")


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


@pytest.fixture
def study(tmp_path: Path, codebook: qk.Codebook) -> Iterator[qk.Study]:
    """Three interviews, two groups, four codings by AB."""
    with qk.Study.create(
        tmp_path / "klein.qualkit", title="Kleine studie", language="nl", coder="AB"
    ) as made:
        made.add_participants(PARTICIPANTS)
        made.add_documents(DOCUMENTS)
        made.adopt(codebook)
        made.add_coding("P-1", quote="Het advies paste goed.", code="A1")
        made.add_coding("P-1", quote="stil 😀 weken", code="B1")
        made.add_coding("P-2", quote="Wij wachtten lang.", code="B1")
        made.add_coding("P-2", quote="é́cht", code="B1", asked=True)
        yield made
