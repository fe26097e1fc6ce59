"""Every fault of a recipe and of the files it names: all at once, word for word, and nothing written."""

from __future__ import annotations

import pytest
from recipe_making import FILES, codings, faults, make, recipe_with, refused

from qualkit.errors import OutputError, RecipeError

YAML = "klein.yaml"
CLOSE = 'Closest: "P-3", "P-2", "P-1".'


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {YAML: recipe_with("outputs: ", "ouputs: ")},
            ['klein.yaml, line 19: "ouputs" is not a field of a recipe. Closest: "outputs", "groups", "documents".'],
        ),
        (
            {YAML: recipe_with("title: Kleine studie", "title: [a]").replace("2024-03-01", "1-3-2024")},
            [
                "klein.yaml, line 1: title should be a text, not a list.",
                'klein.yaml, line 3: date "1-3-2024" is not a date. Write it as yyyy-mm-dd.',
            ],
        ),
        (
            {YAML: recipe_with("participants: respondenten.csv", "participants: respondent.csv")},
            [
                'klein.yaml, line 6: participants names "respondent.csv", which is not there. Closest: '
                '"respondenten.csv", "namen.csv", "coderingen.csv".'
            ],
        ),
        (
            {YAML: recipe_with("outputs: [tabellen]", "outputs: [tabel]\non_fault: maybe\ninterviewer_turns: ja")},
            [
                'klein.yaml, line 19: an output is "tabel". It is one of: rapport, tabellen, gecodeerd.',
                'klein.yaml, line 20: on_fault is "maybe". It is one of: stop, report.',
                'klein.yaml, line 21: interviewer_turns is "ja". It is one of: refuse, allow.',
            ],
        ),
        ({YAML: "title: a\n\tx: b\n"}, ["klein.yaml, line 2: is indented with a tab. Use spaces."]),
        (
            {YAML: recipe_with("coder: AB", "coder: AB\ncoder: CD")},
            ['klein.yaml, line 17: "coder" stands twice in one mapping, first on line 16. Keep one of them.'],
        ),
        (
            {YAML: recipe_with("coder: AB", "authors: &a [x]\norganisation: *a")},
            [
                "klein.yaml, line 16: &a is an anchor. Remove it, and write each text out where it belongs.",
                "klein.yaml, line 17: *a is an alias. Write the text out: an alias hides it.",
            ],
        ),
        (
            {YAML: recipe_with(", version: 1.0.0", "")},
            ["klein.yaml, line 12: codebook has no version. Add it."],
        ),
        (
            {YAML: recipe_with("version: 1.0.0", "version: 1.1.0")},
            ['codeboek: release "1.1.0" is not in this folder. There are: 1.0.0.'],
        ),
        (
            {YAML: recipe_with("[coderingen.csv]", "[interviews, {file: coderingen.csv, columns: {code: x}}]")},
            [
                'klein.yaml, line 15: codings names "interviews", which is a folder. Name one file.',
                'klein.yaml, line 15: "code" is not a field of columns. Closest: "coder", "code_id", "oordeel".',
            ],
        ),
        (
            {YAML: recipe_with("field: memos", "field: namen.csv").replace("guide: topiclijst.yaml\n", "")},
            [
                "klein.yaml, line 13: names coverage without a guide. Add the topic guide.",
                'klein.yaml, line 16: memos: field names "namen.csv", which is no folder. Name its folder.',
            ],
        ),
        (
            {YAML: recipe_with("codings: [coderingen.csv]", "codings: []")},
            ["klein.yaml, line 15: codings is an empty list. Name at least one table."],
        ),
        (
            {YAML: "study: weg.qualkit\n" + recipe_with("coder: AB\n", "")},
            [
                'klein.yaml, line 1: study names "weg.qualkit", which is not there. There are: "codeboek", '
                '"coderingen.csv", "gespreksverloop.csv", "interviews", "klein.yaml", ….',
                *(
                    f"klein.yaml, line {line}: names {name} and a study. A study holds its own {name}: keep one of both."
                    for line, name in (
                        *((6, "documents"), (7, "participants"), (13, "codebook"), (14, "guide")),
                        *((15, "coverage"), (16, "codings"), (17, "memos")),
                    )
                ),
            ],
        ),
        (
            {YAML: recipe_with("coder: AB", "coder: AC")},
            ['klein.yaml: coder "AC" made none of the codings. Closest: "CD", "AB".'],
        ),
        (
            {YAML: recipe_with("attribute: groep", "attribute: groepp")},
            ['klein.yaml: no participant in respondenten.csv has the attribute "groepp". Closest: "groep".'],
        ),
        (
            {
                "interviews/P-4.txt": FILES["interviews/P-3.txt"],
                "respondenten.csv": FILES["respondenten.csv"].replace("P-3;inbrengers", "P-5;inbrenger")
                + "P-3;leden;x;M;nee\nP-6;leden;;M;\nP-3;leden;;M;ja\n;leden;;M;ja\n",
            },
            [
                'respondenten.csv, line 5: datum is "x". Write it as 2021-06-08 or 8-6-2021.',
                'respondenten.csv, line 5: toestemming is "nee". Only who said yes (ja) may be in a study: take out '
                "this row and the transcript.",
                "respondenten.csv, line 6: toestemming is empty. Only who said yes (ja) may be in a study: take out "
                "this row and the transcript.",
                'respondenten.csv, line 7: respondent "P-3" stands here for the second time. Keep one row.',
                "respondenten.csv, line 8: has no respondent. Fill in the participant code, such as CI-3.",
                'P-4: this transcript has no row in respondenten.csv. Closest: "P-6", "P-5".',
                'respondenten.csv: "P-5" has no transcript. Closest: "P-4".',
                'respondenten.csv: "P-6" has no transcript. Closest: "P-4".',
                'respondenten.csv, P-5: groep is "inbrenger", which is no group of the recipe. Closest: "inbrengers".',
                'gespreksverloop.csv: "P-4" has no row. Say which topics were asked.',
            ],
        ),
        (
            {"coderingen.csv": codings("P-9,,,x,A9,belemmeren,++,,,0.9.0", "P-1,,,paste goed,A,,,,AB,")},
            [
                f'coderingen.csv, line 7: "P-9" is not a transcript. {CLOSE}',
                "coderingen.csv, line 7: has no coder. Add a column coder, or name the coder in the recipe.",
                'coderingen.csv, line 7: "A9" is not a code of klein. Closest: "A2", "A1".',
                'coderingen.csv, line 7: soort "belemmeren" is not known. Closest: "belemmerend", "bevorderend".',
                'coderingen.csv, line 7: oordeel "++" is not known. Closest: "+".',
                "coderingen.csv, line 7: was made under version 0.9.0; the recipe names 1.0.0. Carry the codings to "
                "that version first.",
                'coderingen.csv, line 8: "A" cannot be given to a quotation. Closest: "A2", "A1".',
                "coderingen.csv, line 8: has no soort. Write one of: belemmerend, bevorderend.",
            ],
        ),
        (
            {
                "coderingen.csv": codings(
                    "P-1,,,Ja.,A1,bevorderend,,,AB,",
                    "P-1,,,Nooit,A1,bevorderend,,,AB,",
                    "P-1,3,10,,A1,bevorderend,,,AB,",
                    "P-1,20,42,Iets anders,A1,bevorderend,,,AB,",
                    "P-1,20,42,,A1,bevorderend,,,AB,",
                    "P-1,20,4200,,A1,bevorderend,,,AB,",
                    "P-1,,,,A1,bevorderend,,,AB,",
                    "P-1,a,,,A1,bevorderend,,,AB,",
                    "P-1,,,,A1,bevorderend,,misschien,AB,",
                )
            },
            [
                'coderingen.csv, line 14: start is "a" and end is "". Give both as whole numbers, or neither.',
                'coderingen.csv, line 15: asked is "misschien". Write ja, nee or nothing.',
                "coderingen.csv, line 7: the quoted words (3 characters) occur 2 times in P-1. Quote more words, or "
                "give start and end.",
                "coderingen.csv, line 8: the quoted words (5 characters) do not occur in P-1. Copy them from the "
                "transcript.",
                "coderingen.csv, line 9: 3–10 of P-1 holds words of the interviewer. Code the answer only, or write "
                "interviewer_turns: allow in the recipe.",
                "coderingen.csv, line 10: the words at 20–42 of P-1 are not those in the column text. Leave start and "
                "end empty to look for the words.",
                "coderingen.csv, line 11: the same coding stands in coderingen.csv, line 2. Take one of them out.",
                "coderingen.csv, line 12: 20–4200 is no stretch of P-1, which has 107 characters. Count characters "
                "from 0, or leave both empty and give text.",
                "coderingen.csv, line 13: has neither a place nor words. Give start and end, or text.",
            ],
        ),
        (
            {
                "gespreksverloop.csv": "document_id;T1;T3\nP-1;gevraagd;soms\nP-1;;asked\nP-9;asked;asked\n",
                "topiclijst.yaml": FILES["topiclijst.yaml"].replace("B1", "B7"),
                "memos/P-8.md": "x",
                "memos/P-2.md": b"\xff\xfe\xfa\x00",
                "namen.csv": "naam;vervanging\nX;\nY;[naam]\nY;[naam]\n",
            },
            [
                "namen.csv, line 2: naam or vervanging is empty. Fill in both.",
                "namen.csv, line 4: this name stands here for the second time. Keep one row.",
                'topiclijst.yaml, topic T2: "B7" is not a code. Closest: "B", "B1".',
                'gespreksverloop.csv, line 2, T3: "soms" is not understood. Write gevraagd, kwam op or niet gevraagd.',
                "gespreksverloop.csv, line 3, T1: the cell is empty. Write gevraagd, kwam op or niet gevraagd.",
                'gespreksverloop.csv: column "T3" is not a topic of the guide. Closest: "T2", "T1".',
                f'gespreksverloop.csv, line 4: "P-9" is not a transcript. {CLOSE}',
                'gespreksverloop.csv: has no column for topic "T2". Add it, so that it is known who was asked.',
                'gespreksverloop.csv: "P-2" has no row. Say which topics were asked.',
                'gespreksverloop.csv: "P-3" has no row. Say which topics were asked.',
                "memos/P-2.md: is not UTF-8. Save it as UTF-8.",
                f'memos/P-8.md: this field memo belongs to no transcript. {CLOSE}',
            ],
        ),
    ],
)  # fmt: skip
def test_all_faults_come_in_one_error(tmp_path, changed, expected):
    assert faults(make(tmp_path / "studie", **changed), tmp_path / "out") == expected


def test_faults_of_recipe_and_files_come_together(tmp_path):
    recipe = make(
        tmp_path / "studie",
        **{
            YAML: recipe_with("outputs: ", "ouputs: ").replace("guide: topiclijst.yaml", "guide: lijst.yaml"),
            "interviews/P-2.txt": "",
            "respondenten.csv": FILES["respondenten.csv"].replace("1-2-2024", "morgen"),
            "coderingen.csv": codings("P-1,,,Nooit,A1,bevorderend,,,AB,", "P-2,,,Nooit,A7,bevorderend,,,AB,"),
        },
    )
    error = refused(recipe, tmp_path / "out", RecipeError)
    assert str(error) == (
        "klein.yaml is not built: 6 faults.\n"
        '- klein.yaml, line 13: guide names "lijst.yaml", which is not there. Closest: "topiclijst.yaml", '
        '"klein.yaml".\n'
        '- klein.yaml, line 19: "ouputs" is not a field of a recipe. Closest: "outputs", "groups", "documents".\n'
        '- respondenten.csv, line 2: datum is "morgen". Write it as 2021-06-08 or 8-6-2021.\n'
        "- P-2.txt: the file is empty (0 bytes). Copy it again from where it came from.\n"
        "- coderingen.csv, line 7: the quoted words (5 characters) do not occur in P-1. Copy them from the "
        "transcript.\n"
        '- coderingen.csv, line 8: "A7" is not a code of klein. Closest: "A2", "A1".'
    )


@pytest.mark.parametrize("name", ["weg.yaml", "interviews"])
def test_a_recipe_that_is_no_file(tmp_path, name):
    make(tmp_path / "studie")
    found = "this is a folder" if name == "interviews" else "there is no such file"
    (fault,) = refused(tmp_path / "studie" / name, tmp_path / "out", RecipeError).faults
    assert str(fault) == f"{name}: {found}. Give the path of a study.yaml."


def test_a_template_that_is_no_word_file(tmp_path):
    report = recipe_with("outputs: [tabellen]", "outputs: [rapport]\ntemplate: namen.csv")
    assert str(refused(make(tmp_path / "studie", **{YAML: report}), tmp_path / "out")) == (
        "house style namen.csv: cannot be read as a Word document. Open it in Word, save it as .docx or .dotx, "
        "and name that file."
    )


def test_faults_of_chapters(tmp_path):
    report = recipe_with("outputs: [tabellen]", "outputs: [rapport]\nchapters: [a.md, b.md]")
    files = {YAML: report, "a.md": b"\xe9\xff", "b.md": "# Kop\n\n{{ n('ledne') }}\n"}
    assert str(refused(make(tmp_path / "studie", **files), tmp_path / "out")) == (
        "the report is not made: 2 faults.\n- a.md: is not UTF-8. Save it as UTF-8.\n"
        '- b.md, line 3: group "ledne" is not known. Closest: "leden".'
    )


def test_an_output_folder_that_is_a_file(tmp_path):
    recipe = make(tmp_path / "studie")
    (tmp_path / "out").write_text("van mij")
    assert str(refused(recipe, tmp_path / "out", OutputError)) == (
        f"{tmp_path / 'out'}: cannot be written in (File exists). Choose another folder."
    )
    assert (tmp_path / "out").read_text() == "van mij"
