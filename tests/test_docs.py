"""The pages say what is so: made from the program, with paths that exist and code that runs."""

from __future__ import annotations

import ast
import inspect
import json
import re
import runpy
import shlex
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small import ROOT

import qualkit as qk
from qualkit.cli.main import app
from qualkit.store.verify import verify_here

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FORMAT = (ROOT / "docs" / "file-format.md").read_text(encoding="utf-8")


def fenced(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)


# pages made by scripts


@pytest.mark.parametrize(
    ("script", "page"), [("make_file_format.py", "file-format.md"), ("make_cli_reference.py", "cli.md")]
)
def test_page_is_what_its_script_makes_now(script, page):
    made = runpy.run_path(str(ROOT / "docs" / script))["page"]()
    held = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert held == made, f"run python docs/{script}"


def commands(command: Any, path: list[str]) -> list[tuple[list[str], Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        return [(path, command)]
    return [found for name, one in below.items() for found in commands(one, [*path, name])]


def every_command() -> list[tuple[list[str], Any]]:
    from typer.main import get_command

    return commands(get_command(app), [])


@pytest.mark.parametrize("name", [" ".join(path) for path, _ in every_command()])
def test_command_has_help_for_everything_and_an_example_that_is_no_misuse(name):
    (command,) = (one for path, one in every_command() if " ".join(path) == name)
    text, _, example = command.help.partition("Example: ")
    assert re.match(r"[A-Z].*\.$", text.strip(), re.S)
    assert all(one.help for one in command.params if one.name != "help")
    words = example.split()
    assert words[: 1 + len(name.split())] == ["qualkit", *name.split()]
    given = shlex.split(example)[1 + len(name.split()) :]
    # what it is given is understood; nothing is run
    assert command.make_context(name, given).params


# paths

TOP = {one.name for one in ROOT.iterdir()}
# what a build makes, and what SQLite and Word call things
# a file of the program may be named without its folder
FILES = {one.name for one in (ROOT / "qualkit").rglob("*.*")}
MADE = re.compile(r"^(build|extern|intern)/|\*|<|^-(wal|shm)$|^(word|customXml)/")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_relative_links_and_paths_exist(page):
    text = page.read_text(encoding="utf-8")
    links = [one for one in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in one]
    quoted = [
        word.strip("\"'.,;:")
        for code in [*re.findall(r"`([^`\n]+)`", text), *fenced(text, "sh"), *fenced(text, "python")]
        for word in re.split(r"[\s(),=\"]+", code)
    ]
    named = [
        one
        for one in quoted
        if re.fullmatch(r"[\w.\-/]+", one)
        and (one.split("/")[0] in TOP - {"build"} or re.search(r"\w/\w.*\.\w+$|\.(py|sql)$", one))
    ]
    homes = (ROOT, page.parent, ROOT / "qualkit", ROOT / "transcripts_sample")
    missing = [
        one
        for one in [*links, *named]
        if not MADE.search(one) and not any((home / one).exists() for home in homes) and one not in FILES
    ]
    assert not missing


def test_anchors_within_pages_exist():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        heads = {
            re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")
            for head in re.findall(r"^#+ (.+)$", text, re.M)
        }
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= heads, page.name


# the README


def test_the_two_lines_are_there():
    first, second = (one.strip() for one in fenced(README, "sh"))
    assert first.endswith("build transcripts_sample/study.yaml --out build/")
    assert second.endswith("python -m pytest")


def test_readme_code_runs(tmp_path, monkeypatch):
    (code,) = fenced(README, "python")
    for name in ("transcripts_sample", "codebooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import matplotlib.pyplot as plt

    space: dict[str, Any] = {}
    try:
        exec(code, space)
        # the words it quotes are the words that were coded
        (quoted,) = re.findall(r'quote="([^"]+)"', code)
        assert list(space["study"].codings()["text"]) == [quoted]
        assert len(space["comparison"].quotations("H1")) == 1
        assert not space["comparison"].matrix().empty
        assert space["study"].verify().whole
    finally:
        plt.close("all")
        if "study" in space:
            space["study"].close()


def test_readme_names_what_a_build_makes():
    table = README.split("## What the build makes")[1].split("## ")[0]
    assert re.findall(r"^\| `([^`]+)`", table, re.M) == [
        "extern/rapport.docx",
        "intern/tabellen.xlsx",
        "intern/gecodeerd/*.docx",
        "<name>.qualkit",
        "manifest.json",
    ]


# the file format, read without qualkit


@pytest.fixture
def rich(study: qk.Study, codebook: qk.Codebook) -> Path:
    """A study with every kind of event that can be made by hand, closed."""
    first = study.codings()["coding_id"][0]
    study.set_guide([qk.Topic("T1", "Advies", ("A1",))])
    study.set_coverage([("P-1", "T1", "asked")])
    memo = study.add_memo("Twijfel.", kind="code", document="P-1")
    study.change_memo(memo, "Geen twijfel.")
    meeting = study.add_meeting(date="2024-03-01", present=["AB", "CD"], report="Besproken.")
    study.adjudicate([first], code="A2", reason="samen", meeting=meeting)
    study.change_coding(first, code="A2")
    study.undo()
    study.redo()
    text = study.document("P-1").text
    study.revise("P-1", text.replace("paste goed", "paste slecht"), reason="verhoord")
    study.place_coding(first, reason="zelfde")
    study.remove_codings([study.codings()["coding_id"].iloc[-1]], reason="dubbel")
    study.erase(document="P-3", reason="ingetrokken")
    study.close()
    with qk.Study.open(study.path, coder="CD") as again:
        again.add_coding("P-2", quote="Héél lang", code="B1")
    return study.path


def run_alone(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run Python that cannot find qualkit."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(path)], capture_output=True, check=False, text=True
    )


def test_flat_list_of_codings_is_that_of_the_program(rich):
    (sql,) = fenced(FORMAT, "sql")
    db = sqlite3.connect(rich)
    found = db.execute(sql)
    columns = [column[0] for column in found.description]
    rows = found.fetchall()
    db.close()
    with qk.Study.open(rich, read_only=True) as study:
        frame = study.codings()
    assert len(frame) == 5
    shared = frame[columns].astype(object).where(frame[columns].notna(), None)
    assert rows == [tuple(row) for row in shared.itertuples(index=False)]


def test_flat_list_keeps_codings_whose_words_were_erased(rich):
    with qk.Study.open(rich, coder="AB") as study:
        study.erase(document="P-1", reason="x")
    (sql,) = fenced(FORMAT, "sql")
    db = sqlite3.connect(rich)
    rows = db.execute(sql).fetchall()
    db.close()
    assert len(rows) == 5
    assert sum(row[4] is None for row in rows) == 3


def test_examples_check_a_file_without_qualkit(rich):
    chains, texts = fenced(FORMAT, "python")
    assert len(chains.splitlines()) <= 16
    assert "qualkit" not in chains + texts
    assert verify_here(rich).whole
    assert run_alone("import qualkit", rich).returncode == 1
    done = run_alone(chains, rich)
    db = sqlite3.connect(rich)
    (events, sessions) = db.execute("SELECT count(*), count(DISTINCT origin) FROM event").fetchone()
    (held, erased) = db.execute("SELECT (SELECT count(*) FROM text), count(*) FROM tombstone").fetchone()
    db.close()
    assert (done.stdout, done.stderr) == (f"{events} events in {sessions} chains, as they were written\n", "")
    assert sessions > 1 and erased > 1
    done = run_alone(texts, rich)
    assert (done.stdout, done.stderr) == (f"{held} texts, as they were stored; {erased} erased\n", "")


@pytest.mark.parametrize(
    ("example", "damage"),
    [
        (0, "UPDATE event SET at = 'x' WHERE seq = 5"),
        (0, "UPDATE event SET body = replace(body, '1', '2') WHERE seq = 5"),
        (0, "UPDATE event SET coder = NULL WHERE seq = 5"),
        (0, "DELETE FROM event WHERE seq = 5"),
        # nothing follows the last event: only its own hash knows
        (0, "UPDATE event SET at = 'x' WHERE seq = (SELECT max(seq) FROM event)"),
        # the last event of the first chain: only the chain after it knows
        (
            0,
            "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event WHERE origin ="
            " (SELECT origin FROM event WHERE seq = 1))",
        ),
        (1, "UPDATE text SET body = 'iets anders' WHERE body = 'Geen twijfel.'"),
        (1, "UPDATE text SET salt = x'00' WHERE body = 'Geen twijfel.'"),
        (1, "DELETE FROM text WHERE body = 'Geen twijfel.'"),
    ],
)
def test_examples_find_damage(rich, example, damage):
    db = sqlite3.connect(rich)
    assert db.execute(damage).rowcount == 1
    db.commit()
    db.close()
    done = run_alone(fenced(FORMAT, "python")[example], rich)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"(event|an event|text) .*(is|missing)", done.stderr)


def test_every_field_of_every_event_is_on_the_page(rich):
    part = FORMAT.split("\n## Events\n")[1]
    told = {
        kind: set(re.findall(r"^\| `(\w+)`", text, re.M))
        for kind, text in re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", part, re.M | re.S)
    }
    db = sqlite3.connect(rich)
    made: dict[str, set[str]] = {}
    for kind, body in db.execute("SELECT kind, body FROM event"):
        made.setdefault(kind, set()).update(json.loads(body))
    db.close()
    for kind, fields in made.items():
        assert fields - {"changes"} == told[kind] - {"changes"}, kind
    # a conflict needs two sides
    assert set(told) - set(made) == {"decide_conflict"}


def test_every_table_and_column_is_on_the_page(rich):
    db = sqlite3.connect(rich)
    schema = {
        table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    }
    db.close()
    part = FORMAT.split("\n## Tables\n")[1].split("\n## Events\n")[0]
    told = {
        table: re.findall(r"^\| `(\w+)`", text, re.M)
        for table, text in re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", part, re.M | re.S)
    }
    assert told == schema


# docstrings


def public() -> dict[str, Any]:
    found = {name: getattr(qk, name) for name in qk.__all__ if name != "__version__"}
    for name, value in vars(qk.Study).items():
        if not name.startswith("_"):
            found[f"Study.{name}"] = value
    return found


@pytest.mark.parametrize("name", sorted(public()))
def test_docstring_says_what_applies(name):
    value = public()[name]
    doc = inspect.getdoc(value)
    assert doc, "there is no docstring"
    first = doc.split("\n\n")[0]
    assert first.endswith((".", ")")), "the first paragraph is a sentence"
    function: Callable[..., object] | None = value
    if isinstance(value, property):
        function = value.fget
    elif isinstance(value, classmethod):
        function = value.__func__
    elif inspect.isclass(value):
        return
    assert function is not None
    function = inspect.unwrap(function)
    given = [one for one in inspect.signature(function).parameters if one not in ("self", "cls", "study")]
    section = doc.split("Parameters\n---")[1].split("\n\n")[0] if "Parameters\n---" in doc else None
    if section is not None:
        names = {
            one for line in re.findall(r"^(\w.*?)(?: : .*)?$", section, re.M) for one in line.split(", ")
        }
        assert set(given) <= names, "Parameters names them all"
    else:
        assert all(re.search(rf"\b{one}\b|`{one}`", doc) for one in given), "every parameter is told"
    raised = {
        node.exc.func.id
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    if raised:
        assert "Raises\n---" in doc
        assert all(one in doc.split("Raises\n---")[1] for one in raised), raised
