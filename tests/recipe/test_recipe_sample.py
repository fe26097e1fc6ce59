"""The main job on the sample: every figure of manifest and workbook counted again by plain csv code."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import openpyxl
import pytest
from recipe_making import content

import qualkit as qk

SAMPLE = Path(__file__).resolve().parents[2] / "transcripts_sample"
GROUPS = ("ret_leden", "casus_inbrengers", "zorgaanbieders", "clienten_jeugdigen")


def table(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline()
        stream.seek(0)
        return list(csv.DictReader(stream, delimiter=";" if ";" in first else ","))


def sheet(path: Path, name: str) -> list[dict[str, object]]:
    """Return a sheet below its title and notes: the header is the first row in which all cells are filled."""
    rows = list(openpyxl.load_workbook(path)[name].iter_rows(values_only=True))
    head = next(n for n, row in enumerate(rows) if all(cell is not None for cell in row))
    names = [str(cell) for cell in rows[head]]
    return [dict(zip(names, row, strict=True)) for row in rows[head + 1 :]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> qk.Built:
    before = content(SAMPLE)
    made = qk.build(SAMPLE / "study.yaml", out=tmp_path_factory.mktemp("voorbeeld"))
    assert content(SAMPLE) == before
    return made


@pytest.fixture(scope="module")
def codings() -> list[dict[str, str]]:
    return table("coderingen/AB.csv") + table("coderingen/CD.csv")


def test_the_manifest(built, codings):
    people = Counter(row["groep"] for row in table("respondenten.csv"))
    with qk.Study.open(built.study, read_only=True) as study:
        content_hash = study.content_hash
    assert json.loads((built.out / "manifest.json").read_text(encoding="utf-8")) == {
        "documents": sum(1 for one in (SAMPLE / "interviews").iterdir() if one.name != "README.md"),
        "participants_by_group": {group: people[group] for group in GROUPS},
        "coders": sorted({row["coder"] for row in codings}),
        "codings": len(codings),
        "counted": "AB",
        "codebook": "ret-evaluatie",
        "codebook_version": "1.0.0",
        "qualkit_version": qk.__version__,
        "content_hash": content_hash,
        "date": "2021-12-15",
    }
    assert built.left_out == ()


def test_the_quotations_of_the_workbook(built, codings):
    names = ("document_id", "start", "end", "text", "code_id", "soort", "oordeel", "asked", "coder")

    def key(row):
        cells = [str(row[name] if row[name] is not None else "") for name in names]
        return tuple(" ".join(cell.split()).replace("-" if name == "oordeel" else "\0", "−")
                     for name, cell in zip(names, cells, strict=True))  # fmt: skip

    groups = {row["respondent"]: row["groep"] for row in table("respondenten.csv")}
    found = sheet(built.out / "intern/tabellen.xlsx", "citaten")
    assert Counter(map(key, found)) == Counter(map(key, codings))
    assert all(row["group"] == groups[row["participant"]] for row in found)
    assert all(row["participant"] == row["document_id"] for row in found)


def test_the_counts_of_the_workbook(built, codings):
    group_of = {row["respondent"]: row["groep"] for row in table("respondenten.csv")}
    who, mentions = defaultdict(set), Counter()
    for row in codings:
        if row["coder"] == "AB":
            for soort in (row["soort"], "any"):
                cell = row["code_id"], soort, group_of[row["document_id"]]
                who[cell].add(row["document_id"])
                mentions[cell] += 1
    found = sheet(built.out / "intern/tabellen.xlsx", "tellingen")
    cells = {(row["code_id"], row["soort"], row["group"]): row for row in found}
    assert len(cells) == len(found)
    assert set(who) <= set(cells)
    for cell, row in cells.items():
        assert (row["k"], row["mentions"]) == (len(who[cell]), mentions[cell]), cell
        named = str(row["participants"] or "").split(", ") if row["participants"] else []
        assert set(named) == who[cell], cell


def test_who_was_asked_in_the_workbook(built):
    words = {"gevraagd": "asked", "kwam op": "came_up", "niet gevraagd": "not_asked"}
    expected = {
        row["document_id"]: {topic: words[value] for topic, value in row.items() if topic != "document_id"}
        for row in table("gespreksverloop.csv")
    }
    found = {
        row.pop("document_id"): row for row in sheet(built.out / "intern/tabellen.xlsx", "gespreksverloop")
    }
    assert found == expected


def test_building_the_sample_again_gives_the_same(built):
    before = content(built.out)
    again = qk.build(SAMPLE / "study.yaml", out=built.out)
    after = content(built.out)
    assert again.manifest == built.manifest
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["transcripts_sample.qualkit"]
    with qk.Study.open(again.study, read_only=True) as study:
        assert study.verify().whole
