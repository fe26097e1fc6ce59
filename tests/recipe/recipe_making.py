"""A small study as files: two groups, three interviews, five codings; every fault is made by one change."""

from __future__ import annotations

from pathlib import Path

import qualkit as qk
from qualkit.errors import FaultsError

FILES = {
    "klein.yaml": """\
title: Kleine studie
language: nl
date: 2024-03-01
questions: [Past het advies?]
documents: interviews
participants: respondenten.csv
groups:
  attribute: groep
  names:
    - {id: leden, many: leden, one: lid}
    - {id: inbrengers, many: inbrengers, one: inbrenger}
codebook: {path: codeboek, version: 1.0.0}
guide: topiclijst.yaml
coverage: gespreksverloop.csv
codings: [coderingen.csv]
coder: AB
memos: {field: memos}
names: namen.csv
outputs: [tabellen]
""",
    "interviews/P-1.txt": """\
I: Hoe ging het?
R: Het advies paste goed. Daarna was het stil 😀 weken.
I: Stil?
R: Ja. Maanden zelfs. Ja.
""",
    "interviews/P-2.txt": "I: En bij u?\nR: Wij wachtten lang. Héél lang.\nI: Erg?\nR: Ja, erg.\n",
    "interviews/P-3.txt": "I: Vertel.\nR: Niets te klagen, hoor.\nI: Niets?\nR: Niets.\n",
    "respondenten.csv": """\
respondent;groep;datum;interviewer;toestemming
P-1;leden;1-2-2024;Marjan Hofstra;ja
P-2;inbrengers;2-2-2024;Marjan Hofstra;ja
P-3;inbrengers;3-2-2024;Marjan Hofstra;ja
""",
    "codeboek/1.0.0.yaml": """\
codebook: klein
version: 1.0.0
code_level: leaves
soort: [belemmerend, bevorderend]
oordeel: ["+", "−"]
codes:
  - {id: A, name: Advies, definition: Alles over het advies.}
  - {id: A1, parent: A, name: Inhoud, definition: Of het past.}
  - {id: A2, parent: A, name: Gewicht, definition: Hoe zwaar het weegt.}
  - {id: B, name: Verloop, definition: Alles over daarna.}
  - {id: B1, parent: B, name: Wachten, definition: Hoe lang het duurt.}
""",
    "topiclijst.yaml": """\
topics:
  - {id: T1, name: Advies, codes: [A1, A2]}
  - {id: T2, name: Daarna, codes: [B1]}
""",
    "gespreksverloop.csv": """\
document_id;T1;T2
P-1;gevraagd;kwam op
P-2;niet gevraagd;gevraagd
P-3;gevraagd;gevraagd
""",
    "coderingen.csv": """\
document_id,start,end,text,code_id,soort,oordeel,asked,coder,codebook_version
P-1,20,42,Het advies paste goed.,A1,bevorderend,+,ja,AB,1.0.0
P-1,,,stil 😀 weken,B1,belemmerend,,nee,AB,1.0.0
P-2,,,Wij wachtten lang.,B1,belemmerend,-,,AB,1.0.0
P-2,,,Héél lang,B1,belemmerend,,,AB,1.0.0
P-2,,,Wij wachtten lang.,B1,belemmerend,,,CD,1.0.0
""",
    "namen.csv": "naam;vervanging\nMarjan Hofstra;[naam]\n",
    "memos/P-1.md": "Een rustig gesprek.\n",
}
HEAD, *ROWS = FILES["coderingen.csv"].splitlines()


def make(folder: Path, **changed: str | bytes | None) -> Path:
    """Write the study with other content for some files (None leaves one out) and return its recipe.

    The names of files are given as keyword with ``/`` and ``.`` as they are: ``**{"a/b.csv": "…"}``.
    """
    for name, content in {**FILES, **changed}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text(content, encoding="utf-8", newline="")
    return folder / "klein.yaml"


def recipe_with(old: str, new: str) -> str:
    """Return the recipe with one stretch replaced."""
    assert FILES["klein.yaml"].count(old) == 1, old
    return FILES["klein.yaml"].replace(old, new)


def codings(*rows: str) -> str:
    """Return the table of codings with rows added."""
    return "\n".join([HEAD, *ROWS, *rows, ""])


def content(folder: Path) -> dict[str, bytes | None]:
    """Return everything under a folder, byte for byte; a folder is None."""
    found = sorted(folder.rglob("*")) if folder.exists() else []
    return {str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in found}


def refused(recipe: Path, out: Path, kind: type[qk.QualkitError] = qk.QualkitError) -> qk.QualkitError:
    """Build, expect a refusal, see that neither the sources nor `out` changed, and return the error."""
    before = content(recipe.parent), content(out), out.exists(), out.parent.exists()
    try:
        qk.build(recipe, out=out)
    except kind as error:
        assert (content(recipe.parent), content(out), out.exists(), out.parent.exists()) == before
        return error
    raise AssertionError("the build went through")


def faults(recipe: Path, out: Path) -> list[str]:
    """Return the faults of a recipe that is refused, each as its line."""
    error = refused(recipe, out)
    assert isinstance(error, FaultsError), error
    assert str(error).startswith(f"{recipe.name} "), error
    return [str(fault) for fault in error.faults]
