"""The smallest study, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small import DOCUMENTS, PARTICIPANTS

import qualkit as qk
from qualkit.codebook import codebook_from_rows


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
