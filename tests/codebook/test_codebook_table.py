"""A codebook from the rows of a table, and the code system of a real study."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from qualkit.codebook import Codebook, Text, codebook_from_rows
from qualkit.errors import CodebookError

PDPILOT = Path("/work/shared/data/pdpilot/codes.csv")


def rows(text):
    return enumerate(csv.DictReader(io.StringIO(text)), start=2)


def make(text, version="0.1.0", **more):
    return codebook_from_rows(rows(text), name="proef", version=version, where="codes.csv", **more)


def faults(text, version="0.1.0"):
    with pytest.raises(CodebookError) as caught:
        make(text, version)
    return [str(fault) for fault in caught.value.faults]


def test_rows_with_id_and_parent():
    book = make(
        "id,parent,name,definition,exclude,questions,colour,aantal\n"
        'A,,Advies,,,,#0072B2,3\nA1,A, Snelheid ,Hoe snel.,niet A,"1, 2",,\n,,,,,,,\n'
    )
    assert [(one.key, one.parent, one.name.nl) for one in book.codes] == [
        ("A", None, "Advies"),
        ("A1", "A", "Snelheid"),
    ]
    assert (book.code("A1").definition, book.code("A1").questions) == (Text("Hoe snel."), (1, 2))
    assert (book.colour("A1"), book.language) == ("#0072B2", "nl")
    assert len(book.sha256) == 64
    assert Codebook.from_json(book.to_json()) == book


def test_paths_make_the_parents_that_have_no_row_of_their_own():
    book = make("code_path,memo\nA > B > C,wat C is\nA,wat A is\nX > C,\n", language="en")
    assert [(one.key, one.parent, one.name.en) for one in book.codes] == [
        ("A > B", "A", "B"),
        ("A > B > C", "A > B", "C"),
        ("A", None, "A"),
        ("X", None, "X"),
        ("X > C", "X", "C"),
    ]
    assert book.code("A").definition == Text(en="wat A is")
    assert book.category("A > B > C").key == "A"


def test_the_hash_is_that_of_the_content():
    assert make("id,name\nA,a\n").sha256 == make("name,id,x\na,A,1\n").sha256
    assert make("id,name\nA,a\n").sha256 != make("id,name\nA,b\n").sha256


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "naam\nx\n",
            'codes.csv, row 1: has neither "id" nor "code_path" as a column. Keep one of them to say which '
            "code a row is.",
        ),
        (
            "id,code_path,name\nA,A,a\n",
            'codes.csv, row 1: has both "id" and "code_path" as a column. Keep one of them to say which '
            "code a row is.",
        ),
        (
            "code_path,parent\nA,B\n",
            "codes.csv, row 1: has both code_path and parent as a column. Remove parent: the path says it.",
        ),
        (
            "id,name,definitie\nA,a,x\n",
            'codes.csv, row 1: column "definitie" is not known. Closest: "definition". Rename the column.',
        ),
        (
            "id,name,parent\nA,a,B\n",
            'codes.csv, row 2: parent "B" is not a code. There are: "A". Add it, or leave parent empty.',
        ),
        (
            "id,name\nA,a\nB,b\nA,c\n",
            'codes.csv, row 4: code id "A" stands there twice, first on row 2. Give one of them another id.',
        ),
        (
            "id,name,memo,definition\nA,a,m,d\n",
            "codes.csv, row 2: has both a definition and a memo. Keep the definition here; a memo belongs "
            "in the study.",
        ),
        (
            "code_path\nA >  > B\n",
            'codes.csv, row 2: code_path "A >  > B" has an empty part. Write it as "A > B".',
        ),
        ("code_path,level\n,2\n", 'codes.csv, row 2: code_path "" has an empty part. Write it as "A > B".'),
        ("id,name\nA\n", 'codes.csv, row 2: code "A" has no name. Add it.'),
    ],
)
def test_a_fault_in_a_table(text, expected):
    assert faults(text) == [expected]


def test_a_code_system_without_definitions_may_have_any_version():
    book = make("code_path,memo\nA > B,\nA > C,x\n", "1.0.0")
    assert [bool(one.definition) for one in book.codes] == [False, False, True]
    assert Codebook.from_json(book.to_json()) == book


@pytest.mark.skipif(
    not PDPILOT.exists(), reason="the data of PDPilot (shared/data/pdpilot) is not on this machine"
)
def test_the_code_system_of_a_real_study():
    with PDPILOT.open(encoding="utf-8-sig", newline="") as stream:
        table = list(csv.DictReader(stream))
    book = codebook_from_rows(
        enumerate(table, start=2), name="pdpilot", version="0.1.0", where="codes.csv", language="en"
    )
    assert len(book.codes) == 91
    assert [one.key for one in book.codes] == [row["code_path"] for row in table]
    levels = {one.key: level for level, one in book.walk()}
    assert [levels[row["code_path"]] for row in table] == [int(row["level"]) for row in table]
    assert [one.definition.en for one in book.codes] == [row["memo"].strip() for row in table]
    assert len(book.codable()) == 91
    assert Codebook.from_json(book.to_json()) == book
