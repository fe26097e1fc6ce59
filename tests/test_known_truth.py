"""The sample against its plan, and what the pages about it say."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "transcripts_sample"
PLAN = ROOT.parent / "shared" / "sample_plan.json"
TRUTH = (ROOT / "docs" / "known_truth.md").read_text("utf-8")
DISAGREEMENTS = (ROOT / "docs" / "disagreements.md").read_text("utf-8")
SIX = {"RL-3", "CI-2", "CI-4", "CI-8", "ZA-4", "CJ-1"}
Row = dict[str, str]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _load("make_known_truth")


def _rows(coder: str) -> list[Row]:
    with (SAMPLE / "coderingen" / f"{coder}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


CODED = {coder: _rows(coder) for coder in ("AB", "CD")}


def _cells(rows: list[Row]) -> set[tuple[str, ...]]:
    return {(row["document_id"], row["code_id"], row["soort"]) for row in rows}


def _codes(rows: list[Row]) -> set[tuple[str, ...]]:
    return {(row["document_id"], row["code_id"]) for row in rows}


def _tables(heading: str) -> list[dict[str, list[str]]]:
    """The Markdown tables under a heading of known_truth.md, each as first cell -> other cells."""
    section = TRUTH.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    tables: list[dict[str, list[str]]] = []
    for line in section.splitlines():
        if re.match(r"\| -", line):
            tables.append({})
        elif line.startswith("| ") and not re.match(r"\|\s+\|", line):
            first, *rest = (cell.strip() for cell in line.strip("|").split("|"))
            if first not in ("how", "code:soort"):
                tables[-1][first] = rest
    return tables


# --- the sample itself


@pytest.mark.parametrize(("coder", "codings", "interviews"), [("AB", 450, 18), ("CD", 150, 6)])
def test_each_coder_made_enough_codings_over_all_four_groups(
    coder: str, codings: int, interviews: int
) -> None:
    rows = CODED[coder]
    assert len(rows) >= codings
    assert len({row["document_id"] for row in rows}) == interviews
    assert {row["document_id"][:2] for row in rows} == {"RL", "CI", "ZA", "CJ"}
    assert {row["coder"] for row in rows} == {coder}


def test_cd_read_six_interviews_that_ab_read_too() -> None:
    assert {row["document_id"] for row in CODED["CD"]} == SIX


# --- docs/known_truth.md


@pytest.mark.skipif(not PLAN.is_file(), reason=f"the plan of the sample is not here: {PLAN}")
def test_the_page_is_what_the_plan_and_the_codings_give() -> None:
    assert made.render(made.read_plan(PLAN), made.read_all_codings()) == TRUTH


@pytest.mark.parametrize(
    ("heading", "distinct"),
    [
        ("Cells: respondent × code × soort", _cells),
        ("The same for the code only, whatever the soort", _codes),
    ],
)
@pytest.mark.parametrize("coder", ["AB", "CD"])
def test_hits_and_extras_add_up_to_what_the_coder_made(
    heading: str, distinct: Callable[[list[Row]], set[tuple[str, ...]]], coder: str
) -> None:
    table = _tables(heading)[["AB", "CD"].index(coder)]
    groups = {"RET": "RL", "cas": "CI", "zor": "ZA", "jon": "CJ", "all": ""}
    assert len(table) == len(groups)
    for name, (interviews, planned, hits, misses, extra, recall, precision) in table.items():
        rows = [row for row in CODED[coder] if row["document_id"].startswith(groups[name[:3]])]
        assert int(interviews) == len({row["document_id"] for row in rows})
        assert int(hits) + int(extra) == len(distinct(rows))
        assert int(hits) + int(misses) == int(planned)
        assert recall == f"{100 * int(hits) / int(planned):.0f} %"
        assert precision == f"{100 * int(hits) / len(distinct(rows)):.0f} %"


@pytest.mark.parametrize("coder", ["AB", "CD"])
def test_the_page_states_codings_and_distinct_cells(coder: str) -> None:
    rows = CODED[coder]
    assert f"Coder {coder}: {len(rows)} codings in {len(_cells(rows))} distinct cells." in TRUTH


@pytest.mark.parametrize(("column", "coder"), [(0, "AB"), (1, "CD")])
def test_missed_cells_are_absent_and_a_star_means_another_soort(column: int, coder: str) -> None:
    (table,) = _tables("Planned cells that were missed")
    named = 0
    for claim, cells in table.items():
        code, soort = claim.split(":")
        for person in filter(None, cells[column].split(", ")):
            respondent = person.removesuffix("\\*")
            assert (respondent, code, soort) not in _cells(CODED[coder])
            assert ((respondent, code) in _codes(CODED[coder])) == person.endswith("\\*")
            named += 1
    total = _tables("Cells: respondent × code × soort")[column]["all"]
    assert named == int(total[3])


@pytest.mark.parametrize(("column", "coder"), [(0, "AB"), (1, "CD")])
def test_extra_cells_are_really_coded(column: int, coder: str) -> None:
    (table,) = _tables("Extra cells: coded, not planned")
    found = {
        (person, *claim.split(":"))
        for claim, cells in table.items()
        for person in cells[column].split(", ")
        if person
    }
    assert found
    assert found <= _cells(CODED[coder])


@pytest.mark.parametrize(("number", "coder"), [(0, "AB"), (1, "CD")])
def test_the_matrix_adds_up_to_the_table(number: int, coder: str) -> None:
    matrix = _tables("Respondent × category")[number]
    _, planned, hits, *_ = _tables("Cells: respondent × code × soort")[number]["all"]
    assert matrix["all"][-1] == f"{hits}/{planned}"
    people = [row for name, row in matrix.items() if name != "all"]
    assert len(people) == len({row["document_id"] for row in CODED[coder]})
    for column, total in enumerate(matrix["all"]):
        pairs = [[int(n) for n in row[column].split("/")] for row in people if row[column] != "·"]
        assert total == f"{sum(a for a, _ in pairs)}/{sum(b for _, b in pairs)}"


def test_the_codes_nobody_should_use_were_not_used() -> None:
    assert not {row["code_id"] for rows in CODED.values() for row in rows} & {"G4", "I6"}
    for code in ("G4", "I6"):
        assert f"- {code}, planned for nobody, was not used. Cells: AB 0, CD 0." in TRUTH


# --- docs/make_known_truth.py


def test_without_a_plan_it_says_so_in_one_line_and_returns_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sample_plan.json"
    assert made.main(["--plan", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{path}: the plan of the sample is not there; known_truth.md is left as it is.\n"
    assert (ROOT / "docs" / "known_truth.md").read_text("utf-8") == TRUTH


SMALL = {
    "cast": [{"id": "RL-1", "group": "ret_leden"}, {"id": "CJ-1", "group": "clienten_jeugdigen"}],
    "guide": [{"id": "T01", "codes": ["A2", "G4"]}],
    "silences": [{"respondent": "CJ-1", "topic": "T01"}],
    "codes_unused": [{"code": "G4"}],
    "statements": [
        {"id": "1", "respondent": "RL-1", "how": "spontaan", "codes": ["A1", "A2"], "soort": "gewenst"},
        {"id": "2", "respondent": "RL-1", "how": "na_vraag", "codes": ["A1"], "soort": "gewenst"},
        {"id": "3", "respondent": "CJ-1", "how": "dubbelzinnig", "codes": ["B1"], "soort": "belemmerend"},
    ],
}


@pytest.fixture
def small(tmp_path: Path) -> tuple[object, dict[str, object]]:
    """Two respondents, three planned cells; AB finds one, misses one by its soort and one wholly."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(SMALL), "utf-8")
    head = "document_id,code_id,soort\n"
    rows = "RL-1,A1,gewenst\nRL-1,A1,gewenst\nCJ-1,B1,beschrijvend\nCJ-1,G4,gewenst\n"
    for coder in ("AB", "CD"):
        (tmp_path / f"{coder}.csv").write_text(head + rows, "utf-8")
    return made.read_plan(plan), made.read_all_codings(tmp_path)


def test_a_small_plan_counts_cells_once_and_statements_by_any_cell(
    small: tuple[object, dict[str, object]],
) -> None:
    plan, codings = small
    text = made.render(plan, codings)
    assert "Coder AB: 4 codings in 3 distinct cells." in text
    assert "| all | 2 | 3 | 1 | 2 | 2 | 33 % | 33 % |" in text  # with soort
    assert "| all | 2 | 3 | 2 | 1 | 1 | 67 % | 67 % |" in text  # the code alone
    assert "| spontaan | 1 | 1 | 100 % |" in text  # one of its two cells is enough
    assert "| dubbelzinnig | 1 | 0 | 0 % |" in text
    assert "| B1:belemmerend | CJ-1\\* | CJ-1\\* |" in text
    assert "| A2:gewenst | RL-1 | RL-1 |" in text
    assert "| RL-1 | 1/2 |" in text
    assert "G4, planned for nobody, was used. Cells: AB 1, CD 1." in text
    assert "in 1: CJ-1 T01 (G4)." in text


# --- docs/disagreements.md

ITEMS = re.split(r"\n## (?=\d+\. )", DISAGREEMENTS)[1:]
LINE = re.compile(r"^- (AB|CD) (?:(\d+)–(\d+) (\w+):(\w+)|open)$", re.MULTILINE)
HEADING = re.compile(r"(\d+)\. .* — ([A-Z]{2}-\d) (\d+)–(\d+)")


def test_there_are_ten_disagreements_in_the_shared_interviews() -> None:
    headings = [HEADING.match(item) for item in ITEMS]
    assert [heading and int(heading[1]) for heading in headings] == list(range(1, 11))
    assert {heading[2] for heading in headings if heading} <= SIX


@pytest.mark.parametrize("item", ITEMS, ids=[str(i) for i in range(1, len(ITEMS) + 1)])
def test_each_disagreement_is_in_the_codings(item: str) -> None:
    heading = HEADING.match(item)
    assert heading is not None
    document, start, end = heading[2], int(heading[3]), int(heading[4])
    lines = LINE.findall(item)
    assert {line[0] for line in lines} == {"AB", "CD"}
    for coder, first, last, code, soort in lines:
        if not first:
            here = [r for r in CODED[coder] if r["document_id"] == document]
            assert not [r for r in here if int(r["start"]) < end and int(r["end"]) > start]
        else:
            wanted = (first, last, code, soort)
            places = {r["document_id"] for r in CODED[coder] if _anchor(r) == wanted}
            assert places & SIX, wanted


def _anchor(row: Row) -> tuple[str, ...]:
    return row["start"], row["end"], row["code_id"], row["soort"]


@pytest.mark.parametrize("item", ITEMS, ids=[str(i) for i in range(1, len(ITEMS) + 1)])
def test_each_quotation_is_short_and_word_for_word(item: str) -> None:
    heading = HEADING.match(item)
    assert heading is not None
    (quote,) = re.findall(r"^> (.+)$", item, re.MULTILINE)
    start, end = int(heading[3]), int(heading[4])
    inside = {
        row["text"]
        for rows in CODED.values()
        for row in rows
        if row["document_id"] == heading[2] and int(row["start"]) < end and int(row["end"]) > start
    }
    assert len(quote.split()) <= 25
    assert any(quote in text for text in inside)


def test_the_opening_counts_what_the_two_share() -> None:
    six = {coder: [row for row in rows if row["document_id"] in SIX] for coder, rows in CODED.items()}
    opening = " ".join(DISAGREEMENTS.split("\n## ")[0].split())
    assert f"AB with {len(six['AB'])} codings, CD with {len(six['CD'])}" in opening
    for count, before in ((_cells, "AB has {}, CD {}, and they share {}"), (_codes, "{}, {} and {}")):
        ab, cd = count(six["AB"]), count(six["CD"])
        assert before.format(len(ab), len(cd), len(ab & cd)) in opening


# --- transcripts_sample/README.md


def test_the_readme_names_everything_in_the_folder() -> None:
    text = (SAMPLE / "README.md").read_text("utf-8")
    missing = {path.name for path in SAMPLE.iterdir() if f"`{path.name}" not in text} - {"README.md"}
    assert not missing
    for coder, rows in CODED.items():
        assert f"`{coder}.csv`: {len(rows)} coderingen" in text


def test_the_readme_gives_each_interview_one_layout() -> None:
    section = (
        (SAMPLE / "README.md")
        .read_text("utf-8")
        .split("| zo staan de beurten erin", 1)[1]
        .split("\n\n", 1)[0]
    )
    named = re.findall(r"\b(?:RL|CI|ZA|CJ)-\d\b", section)
    assert sorted(named) == sorted(path.stem for path in (SAMPLE / "interviews").iterdir())
