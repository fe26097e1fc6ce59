"""The command line as a person meets it: exit code, what stands on stdout and what on stderr, together."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qualkit as qk
from qualkit.cli.main import app, main

RECIPE = """\
title: Kleine studie
language: nl
date: 2024-03-01
documents: interviews
participants: respondenten.csv
groups: {attribute: groep, names: [{id: leden, many: leden, one: lid}]}
codebook: {path: codes.csv, name: klein, version: 1.0.0}
codings: [coderingen.csv]
outputs: [tabellen]
"""
FILES = {
    "klein.yaml": RECIPE,
    "interviews/P-1.txt": "I: Hoe ging het?\nR: Het advies paste goed.\nI: Fijn?\nR: Ja, fijn.\n",
    "respondenten.csv": "respondent,groep\nP-1,leden\n",
    "codes.csv": "id,parent,name\nA,,Advies\nA1,A,Inhoud\n",
    "coderingen.csv": "document_id,text,code_id,coder\nP-1,Het advies paste goed.,A1,AB\n",
}
HELP = [
    [],
    ["build"],
    ["study"],
    ["study", "info"],
    ["study", "verify"],
    ["study", "history"],
    ["study", "as-of"],
    ["study", "copy"],
    ["study", "undo"],
    ["study", "redo"],
    ["study", "revise"],
    ["study", "review"],
    ["study", "merge"],
    ["study", "conflicts"],
    ["study", "decide"],
    ["study", "place"],
    ["study", "erase"],
    ["codebook"],
    ["codebook", "check"],
    ["document"],
    ["document", "preview"],
]
HEAVY = (
    "pandas",
    "numpy",
    "lxml",
    "docx",
    "matplotlib",
    "spacy",
    "sklearn",
    "openpyxl",
    "xlsxwriter",
    "jinja2",
)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def qualkit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Run:
    """Run ``qualkit`` in the folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qualkit", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("klein")
    for name, text in FILES.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    (made / "codeboek.yaml").write_text(
        "codebook: klein\nversion: 0.1.0\ncodes:\n  - {id: A, name: Café}\n", "utf-8"
    )
    (made / "fout.yaml").write_text("codebook: klein\nversion: 0.1\ncodes:\n  - {id: A}\n", "utf-8")
    return made


@pytest.fixture(scope="module")
def study(folder: Path) -> Path:
    return qk.build(folder / "klein.yaml", out=folder / "gebouwd").study


def test_build(qualkit, folder):
    assert qualkit("build", "klein.yaml", "--out", "uit") == (
        0,
        "1 interview, 1 coding by AB, codebook klein 1.0.0\n"
        f"Study:   {folder / 'uit' / 'klein.qualkit'}\n"
        f"All:     {folder / 'uit'} (3 files)\n",
        "",
    )


def test_build_as_json(qualkit, folder):
    code, out, errors = qualkit("build", "klein.yaml", "--out", "json", "--json")
    found = json.loads(out)
    assert (code, errors) == (0, "")
    assert found.pop("manifest") == json.loads((folder / "json" / "manifest.json").read_text("utf-8"))
    files = [
        str(folder / "json" / name) for name in ("intern/tabellen.xlsx", "klein.qualkit", "manifest.json")
    ]
    assert found == {
        "out": str(folder / "json"),
        "study": str(folder / "json" / "klein.qualkit"),
        "report": None,
        "files": files,
        "left_out": [],
    }


def test_build_tells_on_stderr_what_was_left_out(qualkit, folder):
    (folder / "meer.csv").write_text(FILES["coderingen.csv"] + "P-1,Nooit,A1,AB\n", encoding="utf-8")
    recipe = RECIPE.replace("coderingen.csv", "meer.csv") + "on_fault: report\n"
    (folder / "meer.yaml").write_text(recipe, encoding="utf-8")
    fault = "meer.csv, line 3: the quoted words (5 characters) do not occur in P-1. Copy them from the transcript."
    code, out, errors = qualkit("build", "meer.yaml", "--out", "meer")
    assert (code, errors) == (0, f"Left out: {fault}\n1 coding was left out: see intern/weggelaten.txt.\n")
    assert out.startswith("1 interview, 1 coding by AB")
    code, out, _ = qualkit("build", "meer.yaml", "--out", "meer", "--json")
    assert json.loads(out)["left_out"] == [
        {
            "where": "meer.csv, line 3",
            "found": "the quoted words (5 characters) do not occur in P-1.",
            "mend": "Copy them from the transcript.",
        }
    ]


def test_as_a_process_of_its_own_on_a_console_that_knows_no_accents(folder):
    words = [sys.executable, "-m", "qualkit", "document", "preview", "interviews/P-1.txt"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("utf-8").splitlines()[0] == "   1  interviewer  I                        3–16"
    done = subprocess.run(
        [*words[:-1], "weg.txt"], cwd=folder, capture_output=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode("utf-8").startswith("Error: weg.txt: ") and done.stderr.count(b"\n") == 1


def test_build_refused(qualkit, folder):
    assert qualkit("build", "klien.yaml", "--out", "nee") == (
        1,
        "",
        "Error: klien.yaml cannot be used as a recipe: 1 fault.\n"
        "- klien.yaml: there is no such file. Give the path of a study.yaml.\n",
    )
    assert not (folder / "nee").exists()


def test_study_info(qualkit, folder, study):
    with qk.Study.open(study, read_only=True) as opened:
        content_hash = opened.content_hash
    expected = {
        "title": "Kleine studie",
        "language": "nl",
        "documents": 1,
        "participants": 1,
        "codings": 1,
        "codebook": "klein",
        "codebook_version": "1.0.0",
        "content_hash": content_hash,
    }
    code, out, errors = qualkit("study", "info", study)
    assert (code, errors) == (0, "")
    assert out.splitlines() == [f"{name:17} {value}" for name, value in expected.items()]
    code, out, errors = qualkit("study", "info", study, "--json")
    assert (code, json.loads(out), errors) == (0, expected, "")


def test_study_info_refused(qualkit, folder):
    assert qualkit("study", "info", "codes.csv") == (
        1,
        "",
        "Error: codes.csv: is not a qualkit study file. Choose a file that ends in .qualkit.\n",
    )


def test_study_verify(qualkit, folder, study):
    code, out, errors = qualkit("study", "verify", study)
    assert (code, errors) == (0, "")
    assert re.fullmatch(r"klein\.qualkit is whole: \d+ events, \d+ texts, 1 coding, 0 conflicts\.\n", out), (
        out
    )
    code, out, errors = qualkit("study", "verify", study, "--json")
    found = json.loads(out)
    assert (code, errors, found["whole"], found["fault"], found["codings"]) == (0, "", True, None, 1)


def test_study_verify_finds_damage(qualkit, folder, study):
    import sqlite3

    damaged = folder / "kapot.qualkit"
    damaged.write_bytes(study.read_bytes())
    with sqlite3.connect(damaged) as db:
        db.execute("UPDATE coding SET start = start + 1")
    db.close()
    code, out, errors = qualkit("study", "verify", damaged)
    assert (code, out) == (1, "")
    assert re.fullmatch(r"Error: kapot\.qualkit: .+\n", errors), errors
    code, out, errors = qualkit("study", "verify", damaged, "--json")
    found = json.loads(out)
    assert (code, errors, found["whole"]) == (1, "", False)
    assert found["fault"]


def test_codebook_check(qualkit, folder):
    assert qualkit("codebook", "check", "codeboek.yaml") == (
        0,
        "klein 0.1.0: no faults; 1 category, 1 code.\n",
        "",
    )
    code, out, errors = qualkit("codebook", "check", "codeboek.yaml", "--json")
    found = json.loads(out)
    assert (code, errors, len(found.pop("sha256"))) == (0, "", 64)
    assert found == {"codebook": "klein", "version": "0.1.0", "categories": 1, "codes": 1, "relations": 0}


def test_codebook_check_refused(qualkit, folder):
    assert qualkit("codebook", "check", "fout.yaml") == (
        1,
        "",
        "Error: fout.yaml cannot be read as a codebook: 2 faults.\n"
        '- fout.yaml, line 2: version is "0.1". Write three numbers, as in 1.0.0.\n'
        '- fout.yaml, line 4: code "A" has no name. Add it.\n',
    )


def test_document_preview_shows_no_words_unless_asked(qualkit, folder):
    code, out, errors = qualkit("document", "preview", "interviews/P-1.txt")
    assert (code, errors) == (0, "")
    assert out.splitlines() == [
        "   1  interviewer  I                        3–16",
        "   2  participant  R                        20–42",
        "   3  interviewer  I                        46–51",
        "   4  participant  R                        55–64",
    ]
    code, out, errors = qualkit("document", "preview", "interviews/P-1.txt", "--words")
    assert out.splitlines()[1] == "   2  participant  R                        20–42  Het advies paste goed."
    code, out, errors = qualkit("document", "preview", "interviews/P-1.txt", "--json")
    found = json.loads(out)
    assert (code, errors, found["document_id"]) == (0, "", "P-1")
    assert found["turns"][1] == {
        "paragraph": 2,
        "role": "participant",
        "speaker": "R",
        "start": 20,
        "end": 42,
        "time_ms": None,
    }


def test_document_preview_refused(qualkit, folder):
    assert qualkit("document", "preview", "codes.csv") == (
        1,
        "",
        'Error: codes.csv: files of the kind ".csv" are not read. Save it as Word (.docx) or plain text (.txt, .md).\n',
    )


@pytest.mark.parametrize(
    "words",
    [
        ["build", "klein.yaml"],
        ["build", "--out", "x"],
        ["build", "klein.yaml", "--out", "x", "--snel"],
        ["bouw"],
        ["study", "info"],
        ["study", "inof", "x"],
        ["codebook", "check"],
        ["document", "preview"],
    ],
)
def test_misuse(qualkit, folder, words):
    code, out, errors = qualkit(*words)
    assert (code, out) == (2, "")
    assert errors.startswith("Usage: ") and "Error: " in errors
    assert not (folder / "x").exists()


def test_every_command_has_help_with_an_example():
    from typer.main import get_command
    from typer.testing import CliRunner

    def commands(command: object, path: list[str]) -> list[list[str]]:
        below = getattr(command, "commands", {})
        return [path, *(found for name, one in below.items() for found in commands(one, [*path, name]))]

    assert sorted(commands(get_command(app), [])) == sorted(HELP)
    for words in HELP:
        done = CliRunner().invoke(app, [*words, "--help"], terminal_width=200)
        assert done.exit_code == 0, words
        group = len(words) == 0 or words in (["study"], ["codebook"], ["document"])
        if not group:
            assert re.search(rf"Example: qualkit {' '.join(words)} \S+", done.output), words


def test_version(qualkit):
    assert qualkit("--version") == (0, f"qualkit {qk.__version__}\n", "")


@pytest.mark.parametrize(
    "run",
    [
        "import qualkit",
        "import runpy\nsys.argv = ['qualkit', '--help']\nrunpy.run_module('qualkit', run_name='__main__')",
        "import runpy\nsys.argv = ['qualkit', 'build', '--help']\nrunpy.run_module('qualkit', run_name='__main__')",
    ],
)
def test_nothing_heavy_is_loaded(run):
    code = (
        f"import sys\ntry:\n    exec({run!r})\nexcept SystemExit:\n    pass\n"
        f"print([one for one in {HEAVY!r} if one in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, encoding="utf-8"
    )
    assert done.stderr.strip() == "[]"


def test_progress_only_on_a_terminal(monkeypatch):
    from qualkit.cli import output

    class Stream:
        def __init__(self, terminal: bool) -> None:
            self.terminal = terminal

        def isatty(self) -> bool:
            return self.terminal

    monkeypatch.setattr(output.sys, "stderr", Stream(False))
    with output.progress(quiet=False) as tell:
        assert tell is None
    monkeypatch.setattr(output.sys, "stderr", Stream(True))
    with output.progress(quiet=True) as tell:
        assert tell is None
