"""Write the study file of today's version, and what must be read from it for ever.

Run once for each release, and keep what it writes; never run it again for a release that is out:

    python tests/old_studies/make.py

It writes ``<version>.qualkit``, a small study with every kind of act in it, and ``<version>.json``, its frames as
this version shows them. ``test_old_studies.py`` opens every such file, verifies it, and compares. When a later
version shows more columns, that is no difference; what stands in the JSON must stay.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from small import DOCUMENTS, PARTICIPANTS, transcript  # noqa: E402

import qualkit as qk  # noqa: E402
from qualkit.codebook import codebook_from_rows  # noqa: E402
from qualkit.model import NewCoding, Participant, Topic  # noqa: E402

FRAMES = ("codings", "participants", "documents", "segments", "cases", "coverage", "memos", "codes", "topics")


def make(path: Path) -> None:
    """Write a study with three people at work: codings, corrections, a merge with a conflict, an erasure."""
    with qk.Study.create(path, title="Oude studie", language="nl", coder="AB") as study:
        study.add_participants([*PARTICIPANTS, Participant("P-4", {"groep": ("leden",)})])
        study.add_documents([*DOCUMENTS, transcript("P-4", ("I", "Mag het?"), ("R", "Liever niet meer."))])
        study.adopt(codebook("1.0.0"))
        study.set_guide(
            [Topic("T1", "Advies", ("A1", "A2"), ("Paste het?",)), Topic("T2", "Daarna", ("B1",))]
        )
        study.set_coverage([("P-1", "T1", "asked"), ("P-1", "T2", "came_up"), ("P-2", "T1", "not_asked")])
        first = study.add_coding("P-1", quote="Het advies paste goed.", code="A1", asked=True)
        study.add_coding("P-1", quote="stil 😀 weken", code="B1", asked=False)
        study.add_coding("P-4", quote="Liever niet", code="B1")
        study.add_codings([NewCoding("P-2", 19, 22, "A2"), NewCoding("P-2", 23, 30, "B1", coder="CD")])
        memo = study.add_memo("Een rustig gesprek.", kind="field", document="P-1")
        study.change_memo(memo, "Een rustig, open gesprek.")
        study.add_memo("Vindt het advies zwaar.", kind="code", coding=first)
        study.add_memo("Belde later nog terug.", kind="summary", participant="P-2")
        study.add_memo("Opzet van de studie.", kind="method")
        gone = study.add_coding("P-3", quote="Niets te klagen", code="A1")
        study.remove_codings([gone], reason="bij nader inzien")
        study.change_coding(first, code="A2")
    copy = path.with_name("copy.qualkit")
    shutil.copyfile(path, copy)
    with qk.Study.open(copy, coder="CD") as other:
        other.change_coding(first, code="B1")
        other.add_coding("P-3", quote="hoor", code="A1")
    with qk.Study.open(path, coder="AB") as study:
        study.change_coding(first, code="A1")
        text = study.document("P-1").text
        study.revise("P-1", text.replace("stil 😀 weken", "lang stil"), reason="verkeerd uitgetypt")
        study.merge(copy)
        study.adopt(codebook("1.1.0"))
        meeting = study.add_meeting(date="2021-11-30", present=["AB", "CD"], report="Besproken.")
        study.adjudicate([first], code="A1", reason="samen bekeken", meeting=meeting)
        study.add_memo("te veel", kind="reflexive")
        study.undo()
        study.erase(participant="P-4", reason="trok zich terug")


def codebook(version: str) -> qk.Codebook:
    rows = [
        {"id": "A", "parent": "", "name": "Advies", "definition": "Alles over het advies."},
        {"id": "A1", "parent": "A", "name": "Inhoud", "definition": "Of het past."},
        {"id": "A2", "parent": "A", "name": "Gewicht", "definition": "Hoe zwaar het weegt."},
        {"id": "B", "parent": "", "name": "Verloop", "definition": "Alles over daarna."},
        {"id": "B1", "parent": "B", "name": "Wachten", "definition": "Hoe lang het duurt."},
    ]
    if version != "1.0.0":
        rows.append({"id": "B2", "parent": "B", "name": "Stilte", "definition": "Als niemand belt."})
    return codebook_from_rows(enumerate(rows, start=2), name="oud", version=version, where="oud.csv")


def read(study: qk.Study) -> dict[str, object]:
    """Return what a study shows, as values that JSON knows."""
    tables: dict[str, Callable[[], object]] = {name: lambda name=name: study.frame(name) for name in FRAMES}  # type: ignore[misc]
    tables |= {"history": study.history, "conflicts": study.conflicts, "review": study.review}
    found: dict[str, object] = {
        name: json.loads(table().to_json(orient="records"))  # type: ignore[attr-defined]
        for name, table in tables.items()
    }
    found |= {"title": study.title, "language": study.language, "heads": [list(one) for one in study.heads]}
    found["content_hash"] = study.content_hash
    found["original"] = study.document("P-1").original.decode()
    return found


def main() -> None:
    target = HERE / f"{qk.__version__}.qualkit"
    if target.exists():
        raise SystemExit(f"{target.name} is there already: a file of a release is never written again.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        make(path)
        shutil.copyfile(path, target)
    with qk.Study.open(target, read_only=True) as study:
        told = json.dumps(read(study), ensure_ascii=False, indent=1, sort_keys=True)
    target.with_suffix(".json").write_text(f"{told}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
