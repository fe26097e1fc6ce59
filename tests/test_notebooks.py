"""Every notebook runs, is stored clean, and says what the sample's own files say."""

from __future__ import annotations

import csv
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from small import ROOT, SAMPLE

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSON = ROOT / "notebooks" / "01_van_transcript_naar_rapport.ipynb"
SECONDS = 60

pytestmark = pytest.mark.filterwarnings("default")  # the kernel's and the client's warnings are not ours

GROUPS = {
    "casus-inbrengers": "casus_inbrengers",
    "jongeren": "clienten_jeugdigen",
    "RET-leden": "ret_leden",
    "zorgaanbieders": "zorgaanbieders",
}


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def run(notebook: NotebookNode, *, cwd: Path) -> NotebookNode:
    client = NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(cwd)}}
    )
    client.execute()
    return notebook


@pytest.fixture(scope="module", autouse=True)
def temporary_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a notebook leaves in its temporary folder goes when pytest clears its own; no user settings count."""
    folder = tmp_path_factory.mktemp("notebooks")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TMPDIR", "TEMP", "TMP", "IPYTHONDIR"):
            patch.setenv(name, str(folder))
        yield folder


@pytest.fixture(scope="module")
def executed(temporary_folders: Path) -> Callable[[Path], NotebookNode]:
    """Give a notebook after a run of all its cells; each runs once."""
    done: dict[Path, NotebookNode] = {}

    def execute(path: Path) -> NotebookNode:
        if path not in done:
            begin = time.monotonic()
            notebook = run(read(path), cwd=path.parent)
            notebook.metadata["seconds"] = time.monotonic() - begin
            done[path] = notebook
        return done[path]

    return execute


@pytest.fixture(scope="module")
def lesson(executed: Callable[[Path], NotebookNode]) -> NotebookNode:
    return executed(LESSON)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return " ".join(" ".join(c.source for c in notebook.cells if c.cell_type == "markdown").split())


def cell(notebook: NotebookNode, id_: str) -> NotebookNode:
    (found,) = (one for one in notebook.cells if one.id == id_)
    return found


def shown(notebook: NotebookNode, id_: str) -> str:
    """All that a cell printed or displayed as text, on one line."""
    parts = []
    for output in cell(notebook, id_).outputs:
        parts.append(output.text if output.output_type == "stream" else output.data.get("text/plain", ""))
    return " ".join(" ".join(parts).split())


def table(notebook: NotebookNode, id_: str) -> list[list[str]]:
    """The rows of the HTML table that a cell displayed, headings included."""
    (html,) = (o.data["text/html"] for o in cell(notebook, id_).outputs if "text/html" in o.get("data", {}))
    rows = re.findall(r"<tr.*?</tr>", html, flags=re.DOTALL)
    return [
        [unescape(one).strip() for one in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


# the sample's own files, read without qualkit


def rows(name: str, delimiter: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def codings() -> list[dict[str, str]]:
    return rows("coderingen/AB.csv", ",")


def groups() -> dict[str, str]:
    return {row["respondent"]: row["groep"] for row in rows("respondenten.csv", ";")}


def mentioning(code: str, group: str | None = None, soort: str | None = None) -> set[str]:
    """Participants with at least one coding; a document has the name of its participant."""
    return {
        row["document_id"]
        for row in codings()
        if row["code_id"] == code
        and group in (None, groups()[row["document_id"]])
        and soort in (None, row["soort"])
    }


def asked(code: str, group: str) -> set[str]:
    """Participants to whom a topic with this code was put, or with whom it came up, or who mention it."""
    text = (SAMPLE / "topiclijst.yaml").read_text(encoding="utf-8")
    topics = re.findall(r"- id: (T\d+).*?codes: \[(.*?)\]", text, flags=re.DOTALL)
    bearing = [topic for topic, listed in topics if code in re.split(r",\s*", listed)]
    assert len(topics) == 16 and bearing
    put = {
        row["document_id"]
        for row in rows("gespreksverloop.csv", ";")
        if any(row[topic] in ("gevraagd", "kwam op") for topic in bearing)
    }
    return {who for who in put if groups()[who] == group} | mentioning(code, group)


def words(code: str, group: str) -> str:
    k, n = len(mentioning(code, group)), len(asked(code, group))
    return f"{k} van {n}" if k else "gevraagd, niet genoemd" if n else "niet gevraagd"


# how a notebook is stored


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_without_outputs_and_counts(path: Path) -> None:
    notebook = read(path)
    assert code_cells(notebook)
    assert [c.id for c in code_cells(notebook) if c.outputs or c.execution_count is not None] == []
    assert not any(c.metadata for c in notebook.cells), "a stored cell carries metadata of a run"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_as_4_5_with_stable_ids_for_python3(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [c.id for c in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]+", id_) for id_ in ids)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_explains_itself_in_short_steps(path: Path) -> None:
    notebook = read(path)
    told = [c for c in notebook.cells if c.cell_type == "markdown" and c.source.strip()]
    assert len(told) >= 12
    assert len(told) == sum(c.cell_type == "markdown" for c in notebook.cells)
    assert {
        c.id: len(c.source.splitlines()) for c in code_cells(notebook) if len(c.source.splitlines()) >= 12
    } == {}


def test_there_is_a_lesson_in_dutch() -> None:
    assert LESSON in NOTEBOOKS
    found = prose(read(LESSON)).lower().split()
    assert sum(word in {"de", "het", "een", "van", "niet", "wie"} for word in found) > len(found) / 8
    assert "verzonnen" in prose(read(LESSON))


# how it runs


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_without_errors_in_time(path: Path, executed: Callable[[Path], NotebookNode]) -> None:
    notebook = executed(path)
    assert [o.evalue for c in code_cells(notebook) for o in c.outputs if o.output_type == "error"] == []
    assert all(c.execution_count for c in code_cells(notebook))
    assert notebook.metadata["seconds"] < SECONDS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_warns(path: Path, executed: Callable[[Path], NotebookNode]) -> None:
    notebook = executed(path)
    assert [o.text for c in code_cells(notebook) for o in c.outputs if o.get("name") == "stderr"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_finds_the_sample_from_the_repository_root_too(path: Path, temporary_folders: Path) -> None:
    notebook = read(path)
    last = next(
        i for i, c in enumerate(notebook.cells) if "transcripts_sample" in c.source and c.cell_type == "code"
    )
    notebook.cells = [*notebook.cells[: last + 1], nbformat.v4.new_code_cell("print(bron)", id="asked")]
    assert Path(shown(run(notebook, cwd=ROOT), "asked")) == SAMPLE


# what the lesson shows


def test_study_holds_every_interview(lesson: NotebookNode) -> None:
    files = [p for p in (SAMPLE / "interviews").iterdir() if p.suffix in (".docx", ".txt", ".md")]
    assert len(files) == 18
    assert f"{len(files)} documents, {len(groups())} participants, 0 codings" in shown(lesson, "studie")
    sizes = Counter(groups().values())
    for label, group in GROUPS.items():
        assert f"{label} {sizes[group]}" in shown(lesson, "groepen")


def test_codings_of_ab_are_all_there_and_in_place(lesson: NotebookNode) -> None:
    count = len(codings())
    assert count > 500
    assert f"{count} coderingen van AB" in shown(lesson, "tabel")
    assert f"{count} van {count} citaten" in shown(lesson, "controle")
    assert f"AB {count} student 2" in shown(lesson, "inladen")


def test_refusals_are_three_and_leave_nothing_behind(lesson: NotebookNode) -> None:
    assert "do not occur" in shown(lesson, "weigering-woorden")
    assert "occur 2 times" in shown(lesson, "weigering-tweemaal")
    assert "words of the interviewer" in shown(lesson, "weigering-interviewer")
    assert shown(lesson, "na-weigering").startswith("2 coderingen")


def test_matrix_is_what_the_files_give(lesson: NotebookNode) -> None:
    head, _, *body = table(lesson, "matrix")
    assert head[1:] == list(GROUPS)
    assert [row[0].split()[0] for row in body] == ["D1", "D2", "D3", "D4", "H1", "H2", "H3", "H4"]
    for name, *cells in body:
        assert cells == [words(name.split()[0], group) for group in GROUPS.values()], name
    kinds = {one for _, *cells in body for one in cells}
    assert {"gevraagd, niet genoemd", "niet gevraagd"} <= kinds


def test_silence_is_told_apart_only_once_it_is_known_who_was_asked(lesson: NotebookNode) -> None:
    assert table(lesson, "stil")[-1] == ["H2", "8 van 8", "niet genoemd", "2 van 3", "niet genoemd"]
    assert table(lesson, "met-gespreksverloop")[-1] == [
        "H2",
        *(words("H2", group) for group in GROUPS.values()),
    ]


def test_figure_is_a_picture(lesson: NotebookNode) -> None:
    (figure,) = cell(lesson, "figuur").outputs
    assert len(figure.data["image/png"]) > 10_000


def test_numbers_in_the_prose_are_those_of_the_files(lesson: NotebookNode) -> None:
    text = prose(lesson)
    hits = Counter(groups()[row["document_id"]] for row in codings() if row["code_id"] == "H1")
    people = {group: len(mentioning("H1", group)) for group in hits}
    assert (hits["casus_inbrengers"], hits["ret_leden"]) == (12, 4)
    assert (people["casus_inbrengers"], people["ret_leden"]) == (6, 2)
    assert "12 tegen 4" in text and "6 van de 8 tegen 2 van de 3" in text

    without, kept = mentioning("D2", soort="belemmerend"), mentioning("D2", soort="bevorderend")
    assert (len(without), {groups()[one] for one in without}) == (8, set(GROUPS.values()))
    assert len(kept) == 1
    assert (
        "Acht mensen, verspreid over alle vier de groepen" in text and "Eén iemand kreeg wel nazorg" in text
    )

    support = mentioning("H2", "casus_inbrengers", "bevorderend")
    lack = mentioning("H2", "casus_inbrengers", "belemmerend")
    assert (len(support), len(lack), len(support & lack)) == (5, 5, 2)
    assert (
        "noemen vijf casus-inbrengers steun en vijf een gebrek" in text
        and "Twee mensen vertellen allebei" in text
    )


def test_counter_voice_is_shown(lesson: NotebookNode) -> None:
    _, *body = table(lesson, "tegenspraak")
    sides = {GROUPS[label]: (int(a), int(b)) for label, a, b in body[1:]}
    assert sides == {
        group: tuple(len(mentioning("D2", group, soort)) for soort in ("belemmerend", "bevorderend"))
        for group in GROUPS.values()
    }
    (quote,) = (row["text"] for row in codings() if row["code_id"] == "D2" and row["soort"] == "bevorderend")
    assert " ".join(quote.split()) in shown(lesson, "citaten")


def test_tampering_is_found_and_the_own_file_is_whole(lesson: NotebookNode) -> None:
    assert re.search(r"heel:\s+ja", shown(lesson, "controleren"))
    assert f"coderingen: {len(codings()) + 2}" in shown(lesson, "controleren")
    assert re.search(r"Gevonden: table coding: row \w+", shown(lesson, "betrapt"))
    assert shown(lesson, "betrapt").endswith("Je eigen bestand is heel: True")


def test_report_is_where_it_says_and_gives_the_same_figures(lesson: NotebookNode) -> None:
    (told,) = cell(lesson, "waar").outputs
    report = Path(told.text.strip())
    assert report.name == "rapport.docx" and report.parent.name == "extern"
    assert "word/document.xml" in ZipFile(report).namelist()
    assert shown(lesson, "zelfde-telling") == "zelfde cijfers: True"
    inside, outside = re.findall(r"docx: (\d+) keer", shown(lesson, "naam"))
    assert int(inside) > 0 and int(outside) == 0
