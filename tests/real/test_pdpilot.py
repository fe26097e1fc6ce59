"""Three real interviews with the codings of their own study: nothing is lost in silence."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import openpyxl
import pytest

import qualkit as qk
from qualkit.errors import RecipeError

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data" / "pdpilot"
RECIPE = HERE / "pdpilot.yaml"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the PDPilot data are not at {DATA}")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The table of codings as csv reads it, with the line on which each row begins."""
    with (DATA / "codings.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        found, line = [], 2
        for row in reader:
            found.append(row | {"line": str(line)})
            line = reader.line_num + 1
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> qk.Built:
    return qk.build(RECIPE, out=tmp_path_factory.mktemp("pdpilot"))


def test_what_cannot_be_placed_is_named_and_all_else_goes_in(built, rows):
    without = [row for row in rows if not row["start"]]
    assert (len(rows), len(without)) == (109, 6)
    expected = [
        f"codings.csv, line {row['line']}: the quoted words ({len(row['text'])} characters) do not occur in "
        f"{row['document']}. Copy them from the transcript."
        for row in without
    ]
    assert [str(fault) for fault in built.left_out] == expected
    assert (built.out / "intern/weggelaten.txt").read_text(encoding="utf-8").splitlines() == expected
    assert built.manifest["codings"] == 103
    assert built.manifest["participants_by_group"] == {"users": 3}
    with qk.Study.open(built.study, read_only=True) as study:
        found = study.codings()
        assert study.verify().whole
    names = ["document_id", "start", "end", "code_id", "text"]
    assert sorted(map(tuple, found[names].itertuples(index=False))) == sorted(
        (row["document"], int(row["start"]), int(row["end"]), row["code_path"], row["text"])
        for row in rows
        if row["start"]
    )
    assert found["paragraph"].notna().all() and found["role"].notna().all()


def test_the_counts(built, rows):
    who, mentions = defaultdict(set), Counter()
    for row in rows:
        if row["start"]:
            who[row["code_path"]].add(row["document"])
            mentions[row["code_path"]] += 1
    with qk.Study.open(built.study, read_only=True) as study:
        comparison = qk.compare_groups(study, by="groep", coder="DK")
        codes = [code.key for code in study.codebook.codes]
    for code in codes:
        cell = comparison.cell(code, "users")
        assert (cell.k, cell.mentions, cell.n) == (len(who[code]), mentions[code], 3), code
    used = {code for code, people in who.items() if people}
    assert used <= set(codes) and (len(codes), len(used)) == (91, 53)


def test_the_report_shows_codes_of_every_level(built, rows):
    from docx import Document

    who = defaultdict(set)
    for row in rows:
        if row["start"]:
            who[row["code_path"]].add(row["document"])
    shown = {}
    for row in Document(str(built.report)).element.body.iter("{*}tr"):
        cells = ["".join(one.text for one in cell.iter("{*}t")).strip() for cell in row.iter("{*}tc")]
        if len(cells) == 2 and cells[1].endswith(" of 3"):
            shown.setdefault(cells[0], set()).add(cells[1])
    last = {code: code.rsplit(" > ", 1)[-1] for code in who}
    for code, people in who.items():
        assert f"{len(people)} of 3" in shown[last[code]], code


def test_stop_names_all_six_and_writes_nothing(tmp_path):
    text = RECIPE.read_text(encoding="utf-8").replace("on_fault: report", "on_fault: stop")
    recipe = tmp_path / "pdpilot.yaml"
    text = text.replace("../../../shared/data/pdpilot", str(DATA))
    recipe.write_text(
        text.replace("pdpilot_participants.csv", str(HERE / "pdpilot_participants.csv")), encoding="utf-8"
    )
    with pytest.raises(RecipeError) as caught:
        qk.build(recipe, out=tmp_path / "out")
    assert [fault.where for fault in caught.value.faults] == [
        f"codings.csv, line {line}" for line in (8, 49, 160, 233, 237, 310)
    ]
    assert not (tmp_path / "out").exists()


def test_codings_that_hold_the_question_too_need_leave(tmp_path, rows):
    text = RECIPE.read_text(encoding="utf-8").replace("interviewer_turns: allow", "interviewer_turns: refuse")
    text = text.replace("../../../shared/data/pdpilot", str(DATA)).replace(
        "on_fault: report", "on_fault: stop"
    )
    recipe = tmp_path / "pdpilot.yaml"
    recipe.write_text(
        text.replace("pdpilot_participants.csv", str(HERE / "pdpilot_participants.csv")), encoding="utf-8"
    )
    with pytest.raises(RecipeError) as caught:
        qk.build(recipe, out=tmp_path / "out")
    refused = {fault.where for fault in caught.value.faults if "words of the interviewer" in fault.found}
    expected = set()
    for row in rows:
        if row["start"]:
            spoken = (DATA / f"{row['document']}.txt").read_text(encoding="utf-8")
            start, end, place = int(row["start"]), int(row["end"]), 0
            for line in spoken.split("\n"):
                words = place + len("Dan: ")
                if line.startswith("Dan: ") and start < place + len(line) and end > words:
                    expected.add(f"codings.csv, line {row['line']}")
                place += len(line) + 1
    assert refused == expected and len(refused) == 37


def test_the_workbook_holds_every_quotation(built, rows):
    book = openpyxl.load_workbook(built.out / "intern/tabellen.xlsx")
    placed = [row for row in rows if row["start"]]
    cells = [[str(cell) for cell in row] for row in book["citaten"].iter_rows(values_only=True)]
    head = next(n for n, row in enumerate(cells) if "code_id" in row)
    column = cells[head].index("code_id")
    assert Counter(row[column] for row in cells[head + 1 :]) == Counter(row["code_path"] for row in placed)
