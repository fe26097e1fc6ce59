"""What a build writes and leaves alone: own builds, other people's work, failures, an existing study."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from pathlib import Path

import openpyxl
import pytest
from recipe_making import FILES, HEAD, ROWS, codings, content, faults, make, recipe_with, refused

import qualkit as qk
from qualkit.errors import OutputError, RecipeError, StoreError

ALL = recipe_with("outputs: [tabellen]\n", "")


def test_a_build_writes_only_its_outputs(tmp_path):
    recipe = make(tmp_path / "studie", **{"klein.yaml": ALL})
    before = content(tmp_path / "studie")
    told = []
    out = tmp_path / "diep" / "er" / "in"
    built = qk.build(recipe, out=out, progress=lambda *step: told.append(step))
    assert content(tmp_path / "studie") == before
    assert {name for name, data in content(out).items() if data is not None} == {
        *("extern/rapport.docx", "intern/tabellen.xlsx", "klein.qualkit", "manifest.json"),
        *(f"intern/gecodeerd/{name}.docx" for name in ("P-1", "P-2", "P-3")),
    }
    assert sorted(built.files) == sorted(one for one in out.rglob("*") if one.is_file())
    assert (built.report, built.study) == (out / "extern/rapport.docx", out / "klein.qualkit")
    assert told == [
        *(
            ("lezen", 0, 1),
            ("rapport", 0, 3),
            ("tabellen", 1, 3),
            ("gecodeerde transcripten", 2, 3),
            ("klaar", 3, 3),
        )
    ]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["diep", "studie"]


def test_progress_follows_the_language_of_the_recipe(tmp_path):
    recipe = make(tmp_path / "studie", **{"klein.yaml": recipe_with("language: nl", "language: en")})
    told = []
    qk.build(recipe, out=tmp_path / "out", progress=lambda what, done, total: told.append(what))
    assert told == ["reading", "tables", "done"]


def test_the_manifest(tmp_path):
    built = qk.build(make(tmp_path / "studie"), out=tmp_path / "out")
    with qk.Study.open(built.study, read_only=True) as study:
        assert study.verify().whole
        content_hash = study.content_hash
    assert json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")) == {
        "documents": 3,
        "participants_by_group": {"leden": 1, "inbrengers": 2},
        "coders": ["AB", "CD"],
        "codings": 5,
        "counted": "AB",
        "codebook": "klein",
        "codebook_version": "1.0.0",
        "qualkit_version": qk.__version__,
        "content_hash": content_hash,
        "date": "2024-03-01",
    }


def test_what_the_study_holds(tmp_path):
    built = qk.build(make(tmp_path / "studie"), out=tmp_path / "out")
    with qk.Study.open(built.study, read_only=True) as study:
        rows = (
            study.codings()[["document_id", "text", "code_id", "soort", "oordeel", "coder"]]
            .astype(object)
            .fillna("")
        )
        assert sorted(map(tuple, rows.itertuples(index=False))) == sorted(
            [
                ("P-1", "Het advies paste goed.", "A1", "bevorderend", "+", "AB"),
                ("P-1", "stil 😀 weken", "B1", "belemmerend", "", "AB"),
                ("P-2", "Wij wachtten lang.", "B1", "belemmerend", "−", "AB"),
                ("P-2", "Héél lang", "B1", "belemmerend", "", "AB"),
                ("P-2", "Wij wachtten lang.", "B1", "belemmerend", "", "CD"),
            ]
        )
        assert study.memos()[["kind", "target_name", "text"]].values.tolist() == [
            ["field", "P-1", "Een rustig gesprek."]
        ]
        said = study.coverage()[["document_id", "topic", "value"]].values.tolist()
        assert ["P-1", "T2", "came_up"] in said and ["P-2", "T1", "not_asked"] in said and len(said) == 6


def test_building_again_gives_the_same(tmp_path):
    recipe = make(tmp_path / "studie", **{"klein.yaml": ALL})
    first = qk.build(recipe, out=tmp_path / "out")
    before = content(tmp_path / "out")
    again = qk.build(recipe, out=tmp_path / "out")
    after = content(tmp_path / "out")
    assert again.manifest == first.manifest
    # the study file holds random ids of texts and the times of writing; its content is the same
    assert {k for k in before if before[k] != after[k]} <= {"klein.qualkit"}
    assert before.keys() == after.keys()


def test_who_withdraws_leaves_no_transcript_behind(tmp_path):
    recipe = make(tmp_path / "studie", **{"klein.yaml": ALL})
    qk.build(recipe, out=tmp_path / "out")
    (tmp_path / "out/intern/gecodeerd/eigen.docx").write_text("van mij")
    (tmp_path / "studie/interviews/P-3.txt").unlink()
    for name in ("respondenten.csv", "gespreksverloop.csv"):
        kept = [line for line in FILES[name].splitlines() if not line.startswith("P-3")]
        (tmp_path / "studie" / name).write_text("\n".join(kept))
    qk.build(recipe, out=tmp_path / "out")
    names = {one.name for one in (tmp_path / "out/intern/gecodeerd").iterdir()}
    assert names == {"P-1.docx", "P-2.docx", "eigen.docx"}
    assert not any(b"Niets te klagen" in (data or b"") for data in content(tmp_path / "out").values())


def test_work_of_a_person_is_not_replaced(tmp_path):
    recipe = make(tmp_path / "studie")
    built = qk.build(recipe, out=tmp_path / "out")
    with qk.Study.open(built.study):
        pass  # looking is no change
    qk.build(recipe, out=tmp_path / "out")
    with qk.Study.open(built.study, coder="CD") as study:
        study.add_memo("Twijfel.", kind="code", document="P-1")
    assert str(refused(recipe, tmp_path / "out", OutputError)) == (
        "klein.qualkit: holds work of a session that no build has made, so it is not replaced. "
        "Move it elsewhere, or name it in the recipe with study:."
    )
    with qk.Study.open(built.study, coder="CD") as study:
        study.add_memo("Nog een.", kind="code", document="P-2")
    assert str(refused(recipe, tmp_path / "out", OutputError)).startswith(
        "klein.qualkit: holds work of 2 sessions"
    )


def test_a_study_that_is_open_elsewhere_is_not_replaced(tmp_path):
    recipe = make(tmp_path / "studie")
    built = qk.build(recipe, out=tmp_path / "out")
    (tmp_path / "out" / "klein.qualkit-wal").write_bytes(b"")
    assert str(refused(recipe, tmp_path / "out", OutputError)) == (
        "klein.qualkit: is open in another program. Close it there and build again."
    )
    assert built.study.exists()


@pytest.mark.parametrize("held", [b"van mij", b""])
def test_another_file_of_that_name_is_not_replaced(tmp_path, held):
    recipe = make(tmp_path / "studie")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "klein.qualkit").write_bytes(held)
    assert str(refused(recipe, tmp_path / "out", OutputError)).startswith(
        "klein.qualkit: something else than a study of this recipe has this name in the output folder, so it is not "
        "replaced. Move it elsewhere. (klein.qualkit: is not a qualkit study file."
    )


@pytest.mark.parametrize("there", [True, False])
def test_a_failure_halfway_leaves_the_folder_as_it_was(tmp_path, monkeypatch, there):
    recipe = make(tmp_path / "studie", **{"klein.yaml": ALL})
    if there:
        qk.build(recipe, out=tmp_path / "diep" / "out")
        make(tmp_path / "studie", **{"klein.yaml": ALL, "memos/P-2.md": "Anders."})
    before = content(tmp_path)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qualkit.report.internal.write_coded_transcripts", fail)
    with pytest.raises(KeyboardInterrupt):
        qk.build(recipe, out=tmp_path / "diep" / "out")
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    "blocked", ["intern/tabellen.xlsx", "klein.qualkit", "manifest.json", "extern/rapport.docx"]
)
def test_a_file_that_cannot_be_replaced_puts_all_others_back(tmp_path, monkeypatch, blocked):
    recipe = make(tmp_path / "studie", **{"klein.yaml": ALL})
    qk.build(recipe, out=tmp_path / "out")
    make(tmp_path / "studie", **{"klein.yaml": ALL, "memos/P-2.md": "Anders."})
    replace = Path.replace

    def locked(self: Path, target: Path) -> Path:
        if (
            Path(target) == tmp_path / "out" / blocked
            and ".building-" in str(self)
            and "before" not in str(self)
        ):
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", locked)
    assert str(refused(recipe, tmp_path / "out", OutputError)) == (
        f"{Path(blocked).name}: cannot be replaced (Permission denied). Close it where it is open, and build again."
    )


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that may not be written in"
)
def test_a_folder_that_may_not_be_written_in(tmp_path):
    recipe = make(tmp_path / "studie")
    (tmp_path / "dicht").mkdir(mode=0o555)
    assert "Permission denied" in str(refused(recipe, tmp_path / "dicht" / "out", OutputError))


# a recipe for an existing study


def existing(tmp_path: Path, **more: str) -> Path:
    built = qk.build(make(tmp_path / "bron"), out=tmp_path / "eerder")
    text = (
        "title: Later\nlanguage: nl\ndate: 2024-05-01\nstudy: mijn.qualkit\ncoder: AB\ngroups:\n"
        "  attribute: groep\n  names:\n    - {id: leden, many: leden, one: lid}\n"
        "    - {id: inbrengers, many: inbrengers, one: inbrenger}\n"
    )
    for old, new in more.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "later").mkdir()
    shutil.copy(built.study, tmp_path / "later" / "mijn.qualkit")
    (tmp_path / "later" / "later.yaml").write_text(text)
    return tmp_path / "later" / "later.yaml"


def test_an_existing_study_is_read_and_not_touched(tmp_path):
    recipe = existing(tmp_path)
    with qk.Study.open(recipe.parent / "mijn.qualkit", coder="CD") as study:
        study.add_coding("P-3", quote="Niets te klagen", code="A1", soort="bevorderend")
    before = content(recipe.parent)
    built = qk.build(recipe, out=tmp_path / "out")
    assert content(recipe.parent) == before
    assert (built.manifest["codings"], built.manifest["date"]) == (6, "2024-05-01")
    assert built.study == recipe.parent / "mijn.qualkit"
    assert not list((tmp_path / "out").rglob("*.qualkit*"))
    assert len(built.files) == 6


def test_building_into_the_folder_of_the_existing_study(tmp_path):
    recipe = existing(tmp_path)
    before = (recipe.parent / "mijn.qualkit").read_bytes()
    qk.build(recipe, out=recipe.parent)
    assert (recipe.parent / "mijn.qualkit").read_bytes() == before


def test_a_recipe_that_does_not_fit_the_study(tmp_path):
    recipe = existing(tmp_path, AB="AX", **{"id: leden": "id: lid"})
    assert str(refused(recipe, tmp_path / "out", RecipeError)) == (
        "later.yaml is not built: 2 faults.\n"
        '- mijn.qualkit, P-1: groep is "leden", which is no group of the recipe. Closest: "lid".\n'
        '- later.yaml: coder "AX" made none of the codings. Closest: "AB".'
    )


def test_a_study_file_that_is_none(tmp_path):
    recipe = existing(tmp_path)
    (recipe.parent / "mijn.qualkit").write_bytes(b"x" * 4096)
    assert "is not a qualkit study file" in str(refused(recipe, tmp_path / "out", StoreError))


# on_fault and interviewer_turns


def test_codings_without_a_place_are_named_and_left_out(tmp_path):
    table = codings("P-1,,,Nooit,A1,bevorderend,,,AB,", "P-1,3,10,,A1,bevorderend,,,AB,")
    report = recipe_with("outputs: [tabellen]", "on_fault: report")
    recipe = make(tmp_path / "studie", **{"coderingen.csv": table, "klein.yaml": report})
    built = qk.build(recipe, out=tmp_path / "out")
    lines = [
        "coderingen.csv, line 7: the quoted words (5 characters) do not occur in P-1. Copy them from the transcript.",
        "coderingen.csv, line 8: 3–10 of P-1 holds words of the interviewer. Code the answer only, or write "
        "interviewer_turns: allow in the recipe.",
    ]
    assert [str(fault) for fault in built.left_out] == lines
    assert (tmp_path / "out/intern/weggelaten.txt").read_text(encoding="utf-8").splitlines() == lines
    assert built.manifest["codings"] == 5
    from docx import Document

    said = "\n".join(one.text for one in Document(str(built.report)).element.body.iter() if one.text)
    assert "Van twee coderingen was de plaats in de transcripten niet met zekerheid te vinden" in said
    make(tmp_path / "studie", **{"klein.yaml": report})
    qk.build(recipe, out=tmp_path / "out")
    assert not (tmp_path / "out/intern/weggelaten.txt").exists()


def test_an_unknown_name_stops_the_build_also_when_places_are_reported(tmp_path):
    table = codings("P-1,,,Nooit,A7,bevorderend,,,AB,")
    report = recipe_with("outputs: [tabellen]", "on_fault: report")
    recipe = make(tmp_path / "studie", **{"coderingen.csv": table, "klein.yaml": report})
    assert faults(recipe, tmp_path / "out") == [
        'coderingen.csv, line 7: "A7" is not a code of klein. Closest: "A2", "A1".'
    ]


def test_words_of_the_interviewer_when_the_recipe_allows_them(tmp_path):
    table = codings("P-1,0,42,,A1,bevorderend,,,AB,")
    allow = recipe_with("outputs: [tabellen]", "outputs: [tabellen]\ninterviewer_turns: allow")
    recipe = make(tmp_path / "studie", **{"coderingen.csv": table, "klein.yaml": allow})
    built = qk.build(recipe, out=tmp_path / "out")
    with qk.Study.open(built.study, read_only=True) as study:
        both = study.codings().iloc[0]
        assert both["text"] == "I: Hoe ging het?\nR: Het advies paste goed."
        # it begins on the label of a turn and counts with that turn
        assert (both["paragraph"], both["role"]) == (1, "interviewer")


# files as people have them


def test_a_table_from_a_dutch_excel(tmp_path):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows(csv.reader(line.replace("😀", "") for line in [HEAD, ROWS[0], *ROWS[2:]]))
    written = text.getvalue().replace("−", "-").encode("cp1252")
    assert b"H\xe9\xe9l" in written
    recipe = make(tmp_path / "studie", **{"coderingen.csv": written})
    assert qk.build(recipe, out=tmp_path / "out").manifest["codings"] == 4


def test_tables_as_excel_files(tmp_path):
    recipe = make(
        tmp_path / "studie",
        **{"klein.yaml": FILES["klein.yaml"].replace(".csv", ".xlsx")},
    )
    for name in ("respondenten", "gespreksverloop", "coderingen", "namen"):
        book = openpyxl.Workbook()
        text = FILES[f"{name}.csv"]
        for row in csv.reader(io.StringIO(text), delimiter=";" if ";" in text else ","):
            book.active.append(row)
        book.save(tmp_path / "studie" / f"{name}.xlsx")
        (tmp_path / "studie" / f"{name}.csv").unlink()
    assert qk.build(recipe, out=tmp_path / "out").manifest["codings"] == 5


def word(path: Path, *turns: str, padding: int = 0) -> None:
    from docx import Document

    document = Document()
    for turn in turns:
        document.add_paragraph(turn)
    document.save(str(path))
    if padding:
        import zipfile

        with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as package:
            package.writestr("word/media/groot.bin", os.urandom(1 << 20) * padding)


def bad_word(tmp_path: Path, data: bytes) -> list[str]:
    files = {"interviews/P-3.txt": None, "interviews/P-3.docx": data}
    return faults(make(tmp_path / "studie", **files), tmp_path / "out")


def test_word_files_that_cannot_be_read(tmp_path):
    word(tmp_path / "goed.docx", *FILES["interviews/P-3.txt"].splitlines())
    good = (tmp_path / "goed.docx").read_bytes()
    word(tmp_path / "leeg.docx")
    locked = (
        bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    )
    for name, data, said in (
        ("leeg", b"", "the file is empty (0 bytes)"),
        ("zonder tekst", (tmp_path / "leeg.docx").read_bytes(), "P-3.docx: "),
        ("kapot", good[: len(good) // 2], "P-3.docx: "),
        ("geen zip", b"zomaar bytes", "P-3.docx: "),
        ("wachtwoord", locked, "password"),
    ):
        (fault,) = bad_word(tmp_path / name, data)
        assert fault.startswith("P-3.docx: ") and said in fault and fault.endswith("."), (name, fault)


def test_a_word_file_of_50_mb_works(tmp_path):
    recipe = make(tmp_path / "studie", **{"interviews/P-3.txt": None})
    word(tmp_path / "studie/interviews/P-3.docx", *FILES["interviews/P-3.txt"].splitlines(), padding=50)
    assert (tmp_path / "studie/interviews/P-3.docx").stat().st_size > 50_000_000
    built = qk.build(recipe, out=tmp_path / "out")
    assert built.manifest["documents"] == 3
    with qk.Study.open(built.study, read_only=True) as study:
        assert [one.role for one in study.document("P-3").segments] == ["interviewer", "participant"] * 2


def test_transcripts_that_cannot_be_told_apart_or_read(tmp_path):
    folder = tmp_path / "studie"
    twin = {"interviews/nog/P-1.md": FILES["interviews/P-1.txt"]}
    (fault,) = faults(make(folder, **twin), tmp_path / "out")
    both = f"{folder / 'interviews/P-1.txt'} and {folder / 'interviews/nog/P-1.md'}"
    assert fault == f"P-1.md: {both} would be documents of one name. Rename one, or move it away."
    silent = {"interviews/P-3.txt": "Zomaar tekst zonder sprekers.\n"}
    (fault,) = faults(make(tmp_path / "ander", **silent), tmp_path / "out")
    assert fault.startswith("P-3.txt: no speaker labels found. Begin every turn with a label")


def test_no_transcript_at_all(tmp_path):
    none = {f"interviews/P-{n}.txt": None for n in (1, 2, 3)}
    (tmp_path / "studie/interviews").mkdir(parents=True)
    assert faults(make(tmp_path / "studie", **none), tmp_path / "out") == [
        "interviews: holds no transcript. Put .docx, .txt or .md files there."
    ]


def test_codes_on_a_third_level_are_in_the_report(tmp_path):
    files = {
        "klein.yaml": recipe_with(
            "{path: codeboek, version: 1.0.0}", "{path: codes.csv, name: paden, version: 1.0.0}"
        )
        .replace("outputs: [tabellen]\n", "outputs: [rapport]\n")
        .replace("guide: topiclijst.yaml\ncoverage: gespreksverloop.csv\n", ""),
        "codes.csv": "code_path,memo\nAdvies,\nAdvies > Inhoud,Past het?\nAdvies > Inhoud > Toon,\nAdvies > Vorm,\n",
        "coderingen.csv": "document_id,text,code_id,coder\nP-1,paste goed,Advies > Inhoud > Toon,AB\n"
        "P-2,Héél lang,Advies > Inhoud > Toon,AB\n",
    }
    built = qk.build(make(tmp_path / "studie", **files), out=tmp_path / "out")
    from docx import Document

    rows = [
        ["".join(one.text for one in cell.iter("{*}t")).strip() for cell in row.iter("{*}tc")]
        for row in Document(str(built.report)).element.body.iter("{*}tr")
    ]
    first = next(n for n, row in enumerate(rows) if row == ["Inhoud"])
    assert rows[first + 1 : first + 3] == [["Toon", "1 van 1", "1 van 2"], ["Vorm", "0 van 1", "0 van 2"]]
    assert ["Inhoud › Toon", ""] in rows and ["Inhoud", "Past het?"] in rows


def test_leftovers_of_a_killed_build_are_swept_up(tmp_path):
    import os

    out = tmp_path / "uit"
    old, young = out / ".building-oud", out / ".building-jong"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "x.qualkit").write_text("woorden", encoding="utf-8")
    os.utime(old, (1, 1))
    qk.build(make(tmp_path), out=out)
    assert not old.exists()
    assert young.exists()
