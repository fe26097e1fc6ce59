"""Reading a release: every fault with its exact message, several at once, and the real codebook."""

from __future__ import annotations

import hashlib
import textwrap
import time
from pathlib import Path

import pytest

from qualkit.codebook import Codebook, FacetValue, Question, Relation, RelationType, Text, Theme
from qualkit.errors import CodebookError

REAL = Path(__file__).parents[2] / "codebooks" / "ret-evaluatie"

SMALL = """\
codebook: proef
version: 0.1.0
codes:
  - id: A
    name: Advies
  - id: A1
    parent: A
    name: Snelheid
"""


def faults(tmp_path, text, name="boek.yaml"):
    """Return the faults of a file as lines, without the file name in front of each."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    with pytest.raises(CodebookError) as caught:
        Codebook.read(path)
    lines = [str(fault) for fault in caught.value.faults]
    assert all(line.startswith(name) for line in lines)
    return [line.removeprefix(name).removeprefix(", ").removeprefix(": ") for line in lines]


def read(tmp_path, text, name="boek.yaml"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return Codebook.read(path)


def code_faults(tmp_path, extra):
    """Return the faults of the small codebook with lines added to its last code (from line 9 on)."""
    return faults(tmp_path, SMALL + textwrap.indent(textwrap.dedent(extra), "    "))


def top_faults(tmp_path, extra):
    """Return the faults of the small codebook with top-level lines added (from line 9 on)."""
    return faults(tmp_path, SMALL + textwrap.dedent(extra))


def test_every_part_of_a_file_becomes_a_value(tmp_path):
    book = read(
        tmp_path,
        """\
        codebook: proef
        version: 1.2.0
        previous: 1.1.3
        date: 2026-11-20
        title: {nl: Proef, en: Trial}
        code_level: leaves
        questions:
          - {id: 1, text: {nl: Wat helpt?, en: What helps?}}
        soort:
          - {id: wens, name: {nl: wens, en: wish}, definition: {nl: Wat men wil., en: What is wanted.}}
        oordeel: ["+", "−"]
        coding_rules:
          - {nl: Kort., en: Short.}
        themes:
          - {id: T1, name: {nl: Hulp, en: Help}, categories: [A]}
        codes:
          - id: A
            parent: null
            name: {nl: Advies, en: Advice}
            colour: "#0072B2"
          - id: A1
            parent: A
            name: {nl: Snelheid, en: Speed}
            definition: {nl: Hoe snel., en: How fast.}
            include: {nl: traag, en: slow}
            exclude: {nl: zie (A2), en: see (A2)}
            example: {nl: Het duurde lang.}
            questions: [1]
            origin: in vivo
            status: active
            guid: 12345678-9abc-def0-1234-56789ABCDEF0
          - id: A2
            parent: A
            name: {nl: Inhoud, en: Content}
            definition: {nl: Wat erin staat., en: What it says.}
            status: retired
        relation_types:
          - {id: leidt, name: {nl: leidt tot, en: leads to}, definition: {nl: Eerst., en: First.}}
        relations:
          - {source: "A1:wens", type: leidt, target: A2, why: {nl: Omdat., en: Because.}}
        changes:
          - {redefine: A1, why: De grens lag fout.}
          - {merge: [A8, A9], into: A1, why: {nl: Hetzelfde.}}
        """,
    )
    assert (book.name, book.version, book.previous, str(book.date)) == (
        "proef",
        "1.2.0",
        "1.1.3",
        "2026-11-20",
    )
    assert book.title == Text("Proef", "Trial")
    assert (book.language, book.code_level) == ("nl", "leaves")
    assert book.questions == (Question(1, Text("Wat helpt?", "What helps?")),)
    assert book.soort == (FacetValue("wens", Text("wens", "wish"), Text("Wat men wil.", "What is wanted.")),)
    assert book.oordeel == (FacetValue("+", Text(nl="+")), FacetValue("−", Text(nl="−")))
    assert book.coding_rules == (Text("Kort.", "Short."),)
    assert book.themes == (Theme("T1", Text("Hulp", "Help"), ("A",)),)
    assert book.relation_types == (
        RelationType("leidt", Text("leidt tot", "leads to"), Text("Eerst.", "First.")),
    )
    assert book.relations == (Relation("A1", "wens", "leidt", "A2", None, Text("Omdat.", "Because.")),)
    assert [(c.kind, c.codes, c.into, c.why.nl) for c in book.changes] == [
        ("redefine", ("A1",), (), "De grens lag fout."),
        ("merge", ("A8", "A9"), ("A1",), "Hetzelfde."),
    ]
    code = book.code("A1")
    assert (code.parent, code.name, code.definition) == (
        "A",
        Text("Snelheid", "Speed"),
        Text("Hoe snel.", "How fast."),
    )
    assert (code.include, code.exclude) == (Text("traag", "slow"), Text("zie (A2)", "see (A2)"))
    assert (code.example, code.questions) == (Text(nl="Het duurde lang."), (1,))
    assert (code.origin, code.status, code.colour) == ("in vivo", "active", None)
    assert code.guid == "123456789abcdef0123456789abcdef0"
    assert Codebook.from_json(book.to_json()) == book


def test_a_small_file_needs_only_codebook_version_and_codes(tmp_path):
    book = read(tmp_path, SMALL)
    assert [code.key for code in book.codes] == ["A", "A1"]
    assert (book.soort, book.oordeel, book.title, book.code_level) == ((), (), Text(), "any")
    assert book.sha256 == hashlib.sha256(SMALL.encode()).hexdigest()


def test_a_plain_text_is_in_the_language_of_the_codebook(tmp_path):
    assert read(tmp_path, SMALL).code("A").name == Text(nl="Advies")
    assert read(tmp_path, "language: en\n" + SMALL).code("A").name == Text(en="Advies")


def test_an_empty_list_of_codes_is_a_codebook(tmp_path):
    assert read(tmp_path, "codebook: open\nversion: 0.1.0\ncodes: []\n").codes == ()


def test_words_that_yaml_takes_for_numbers_stay_as_typed(tmp_path):
    book = read(
        tmp_path, 'codebook: 7\nversion: 0.1.0\ncodes: [{id: 007, name: no}, {id: 1.10, name: "null"}]\n'
    )
    assert [(code.key, code.name.nl) for code in book.codes] == [("007", "no"), ("1.10", "null")]


def test_a_key_may_be_a_path_and_may_hold_a_colon(tmp_path):
    book = read(
        tmp_path,
        """\
        codebook: p
        version: 0.1.0
        soort: [wens]
        codes: [{id: "A: x > B", name: B}]
        relation_types: [{id: r, name: R}]
        relations: [{source: "A: x > B", type: r, target: "A: x > B:wens"}]
        """,
    )
    assert book.relations == (Relation("A: x > B", None, "r", "A: x > B", "wens"),)


def test_a_byte_order_mark_is_not_part_of_the_first_field(tmp_path):
    path = tmp_path / "boek.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert Codebook.read(path).name == "proef"


# --- one fault at a time, word for word ---------------------------------------------------------


def test_unknown_parent_names_the_nearest(tmp_path):
    text = """\
        codebook: proef
        version: 1.0.0
        codes:
          - id: Tijdsdruk (werk)
            name: Tijdsdruk op het werk
            definition: Te weinig tijd.
          - id: Rust
            name: Rust
            definition: Tijd genoeg.
            # lines do count here
            #
            #
            # the next one is line 14
            parent: Tijdsdruk
        """
    path = tmp_path / "1.0.0.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    with pytest.raises(CodebookError) as caught:
        Codebook.read(path)
    assert str(caught.value) == (
        "1.0.0.yaml cannot be read as a codebook: 1 fault.\n"
        '- 1.0.0.yaml, line 14: parent "Tijdsdruk" is not a code. Closest: "Tijdsdruk (werk)". '
        "Add it, or leave parent empty."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: b: c\n",
            "line 1: this is not YAML: mapping values are not allowed here. Look here and just above for a "
            "missing "
            "quote, a colon in an unquoted text, or a wrong indent.",
        ),
        (
            'codebook: p\nversion: "0.1.0\ncodes: []\n',
            "line 2: this is not YAML: a quote is not closed. Look here and just above for a missing "
            "quote, a colon "
            "in an unquoted text, or a wrong indent.",
        ),
        ("codebook: p\n\tversion: 1\n  \tx: 2\n", "line 2: is indented with a tab. Use spaces."),
        (
            "codebook: p\nversion: \x01\n",
            "line 2: holds the character U+0001, which YAML does not allow. Remove it.",
        ),
        ("a: &x b\n", "line 1: &x is an anchor. Remove it, and write each text out where it belongs."),
        ("a: b\nc: *x\n", "line 2: *x is an alias. Write the text out: an alias hides it."),
        (
            "a: !!python/object:os.system x\n",
            "line 1: tag:yaml.org,2002:python/object:os.system is a tag. Remove it: this file holds "
            "texts, lists and mappings only.",
        ),
        (SMALL + "---\na: b\n", "line 9: a second document begins. Keep one in a file."),
        ("a:\n" + "[" * 30, "line 2: is nested more than 20 deep. Look for a bracket that is not closed."),
        (
            "",
            "line 1: a codebook should be a mapping, not nothing. It has at least: codebook, version, codes.",
        ),
        (
            "- a\n",
            "line 1: a codebook should be a mapping, not a list. It has at least: codebook, version, codes.",
        ),
        (
            b"codebook: p\nversion: \xff\n",
            "line 2: holds a character that is not UTF-8. Save the file as UTF-8.",
        ),
        (b"#" * 2_000_001, "is larger than 2 MB. A codebook of that size is probably another file."),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused(tmp_path, text, expected):
    assert faults(tmp_path, text)[0] == expected


def test_a_file_of_two_megabytes_is_read_and_one_byte_more_is_not(tmp_path):
    path = tmp_path / "groot.yaml"
    path.write_bytes(SMALL.encode() + b"#" * (2_000_000 - len(SMALL)))
    assert Codebook.read(path).name == "proef"


def test_all_tabs_and_all_anchors_are_told_at_once(tmp_path):
    assert len(faults(tmp_path, "a:\n\tb: c\n\td: e\n")) == 2
    assert len(faults(tmp_path, "a: &x b\nc: *x\nd: *x\n")) == 3


def test_a_billion_laughs_is_refused_at_once(tmp_path):
    lines = ["a0: &a0 [ha, ha]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    start = time.perf_counter()
    assert len(faults(tmp_path, "\n".join(lines))) == 60 + 2 * 59
    assert time.perf_counter() - start < 2


def test_a_million_brackets_are_refused_at_once(tmp_path):
    start = time.perf_counter()
    assert len(faults(tmp_path, "[" * 1_000_000)) == 1
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("definiton: x\n", 'line 9: "definiton" is not a field of a code. Closest: "definition".'),
        ("name: Twee\n", 'line 9: "name" stands twice in one mapping, first on line 8. Keep one of them.'),
        (
            "include: [a]\n",
            'line 9: include of "A1" should be a text, not a list. Write a text, or nl and en with a text '
            "each.",
        ),
        ("include: {}\n", 'line 9: include of "A1" is empty. Write a text, or leave the field out.'),
        (
            "include: {nl: a, de: b}\n",
            'line 9: "de" is not a language of include of "A1". Closest: "en".',
        ),
        ('include: "a\\0b"\n', 'line 9: include of "A1" holds the character U+0000. Remove it.'),
        ('include: "\\ud800"\n', 'line 9: include of "A1" holds the character U+D800. Remove it.'),
        ("status: actief\n", 'line 9: status of "A1" is "actief". It is one of: active, retired.'),
        ("origin: invivo\n", 'line 9: origin of "A1" is "invivo". It is one of: a priori, open, in vivo.'),
        ("colour: blauw\n", 'line 9: colour of "A1" is "blauw". Write it as "#RRGGBB", in quotes.'),
        ("guid: 12ab\n", 'line 9: guid of "A1" is "12ab". Write 32 hexadecimal digits, or leave it out.'),
        (
            "questions: een\n",
            'line 9: questions of "A1" should be a list, not a text. Begin each member with a dash.',
        ),
        ("questions: [een]\n", 'line 9: a question of "A1" should be a whole number, not "een".'),
        (
            "exclude: niet (A9)\n",
            'line 9: exclude of "A1" names code "A9", which is not a code. Closest: "A", "A1".',
        ),
        ("? [a]\n: b\n", "line 9: the name of a field is not a word. Write a word before the colon."),
    ],
)
def test_a_fault_in_a_code(tmp_path, extra, expected):
    assert code_faults(tmp_path, extra) == [expected]


def test_an_exclude_text_may_hold_words_that_only_look_like_codes(tmp_path):
    text = SMALL + '    exclude: "in 2019 (Wlz), Covid-19, RET2, bij A of A1"\n'
    assert read(tmp_path, text).code("A1").exclude.nl == "in 2019 (Wlz), Covid-19, RET2, bij A of A1"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("sorts: []\n", 'line 9: "sorts" is not a field of a codebook. Closest: "soort".'),
        ("soort: wens\n", "line 9: soort should be a list, not a text. Begin each member with a dash."),
        ("soort: [a, a]\n", 'line 9: soort "a" stands there twice, first on line 9. Keep one of them.'),
        ("soort: [{id: a}]\n", 'line 9: soort "a" has no name. Add it.'),
        ("date: 20-11-2026\n", 'line 9: date "20-11-2026" is not a date. Write it as yyyy-mm-dd.'),
        ("date: 2026-02-30\n", 'line 9: date "2026-02-30" is not a date. Write it as yyyy-mm-dd.'),
        ("language: fr\n", 'line 9: language is "fr". It is one of: nl, en.'),
        ("code_level: leafs\n", 'line 9: code_level is "leafs". It is one of: leaves, any.'),
        ("previous: 0.1.0\n", 'line 9: previous is "0.1.0", which is not before 0.1.0.'),
        ("previous: eerste\n", 'line 9: previous is "eerste". Write three numbers, as in 1.0.0.'),
        ("questions: [{id: a, text: b}]\n", 'line 9: question id should be a whole number, not "a".'),
        (
            "themes:\n  - {id: T, name: t, categories: [A,\n      B]}\n",
            'line 11: theme "T" names "B", which is not a code. There are: "A", "A1".',
        ),
        (
            "changes: [{why: x}]\n",
            "line 9: a change names no kind. Write one of: add, reword, redefine, rename, move, merge, "
            "split, retire.",
        ),
        (
            "changes: [{add: A, move: A}]\n",
            "line 9: a change names more than one kind. Write one of: add, reword, redefine, rename, move, "
            "merge, "
            "split, retire.",
        ),
        (
            "changes: [{merge: [X, Y], into: A2}]\n",
            'line 9: merge names "A2", which is not a code. Closest: "A", "A1".',
        ),
        ("coding_rules: [null]\n", "line 9: coding rule 1 should be a text, not nothing."),
    ],
)
def test_a_fault_at_the_top(tmp_path, extra, expected):
    assert top_faults(tmp_path, extra) == [expected]


def test_relations_need_codes_a_type_and_a_soort_that_exist(tmp_path):
    extra = """\
        soort: [wens]
        relation_types: [{id: leidt_tot, name: leidt tot}]
        relations:
          - {source: "A1:wens", type: leidt_tot, target: A}
          - source: "A1:wensen"
            type: leidt
            target: "B:wens"
          - {source: A, type: leidt_tot}
        """
    assert top_faults(tmp_path, extra) == [
        'line 13: source of a relation names soort "wensen", which is not known. Closest: "wens".',
        'line 14: type of a relation is "leidt", which is not a relation type. Closest: "leidt_tot".',
        'line 15: target of a relation names "B", which is not a code. There are: "A", "A1".',
        "line 16: a relation has no target. Add it.",
    ]


def test_what_is_missing(tmp_path):
    assert faults(tmp_path, "title: t\ncodes:\n  - parent: A\n  - id: B\n    name:\n") == [
        "line 1: a codebook has no codebook. Add it.",
        "line 1: a codebook has no version. Add it.",
        "line 3: a code has no id. Add it.",
        "line 3: a code has no name. Add it.",
        'line 5: code "B" has no name. Add it.',
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x" * 201, "line 4: code id is 201 characters long. At most 200 are allowed."),
        (
            '"A\\nB"',
            "line 4: code id holds a line break, an invisible character, or a space at its start or end. "
            "Remove it.",
        ),
        (
            '" A"',
            "line 4: code id holds a line break, an invisible character, or a space at its start or end. "
            "Remove it.",
        ),
    ],
)
def test_an_id_is_one_printable_line(tmp_path, written, expected):
    text = f"codebook: p\nversion: 0.1.0\ncodes:\n  - id: {written}\n    name: n\n"
    assert faults(tmp_path, text) == [expected]
    assert read(tmp_path, text.replace(written, "x" * 200)).codes[0].key == "x" * 200


def test_ids_and_guids_are_there_once(tmp_path):
    guid = "0" * 32
    text = f"""\
        codebook: p
        version: 0.1.0
        codes:
          - {{id: A, name: a, guid: {guid}}}
          - {{id: B, name: b, guid: {guid}}}
          - {{id: A, name: c}}
        """
    assert faults(tmp_path, text) == [
        'line 5: guid of "B" is also that of "A". Remove it from the newer one.',
        'line 6: code id "A" stands there twice, first on line 4. Give one of them another id.',
    ]


def test_circles_and_what_hangs_under_them(tmp_path):
    text = """\
        codebook: p
        version: 0.1.0
        codes:
          - {id: D, name: d, parent: C}
          - {id: A, name: a, parent: B}
          - {id: B, name: b, parent: A}
          - {id: C, name: c, parent: B}
          - {id: S, name: s, parent: S}
          - {id: E, name: e, parent: D}
          - {id: F, name: f}
        """
    assert faults(tmp_path, text) == [
        'line 4: "D" never reaches the top: a code above it is in a circle.',
        'line 6: the parents go round in a circle: "B" > "A" > "B". Move one of them.',
        'line 7: "C" never reaches the top: a code above it is in a circle.',
        'line 8: the parents go round in a circle: "S" > "S". Move one of them.',
        'line 9: "E" never reaches the top: a code above it is in a circle.',
    ]


def test_names_and_definitions_tell_codes_apart(tmp_path):
    text = """\
        codebook: p
        version: 0.1.0
        codes:
          - {id: A, name: Advies, definition: Wat het team zegt.}
          - {id: B, name: Raad, definition: wat het  team zegt.}
          - {id: C, name: {nl: Iets, en: Thing}}
          - {id: D, name: {nl: Anders, en: thing}}
          - {id: E, name: Iets, status: retired}
        """
    assert faults(tmp_path, text) == [
        'line 5: definition (nl) of "B" is also that of "A", first on line 4. Say what sets them apart, or '
        "merge them.",
        'line 7: name (en) of "D" is also that of "C", first on line 6. Say what sets them apart, or merge '
        "them.",
    ]


def test_an_active_code_may_not_hang_under_a_retired_one(tmp_path):
    text = SMALL.replace("name: Advies", "name: Advies\n    status: retired")
    assert faults(tmp_path, text) == [
        'line 8: "A1" is active and hangs under "A", which is retired. Retire "A1" as well, or move it.'
    ]
    assert read(tmp_path, text + "    status: retired\n").codable() == ()


def test_a_release_defines_its_leaves_and_a_concept_need_not(tmp_path):
    assert faults(tmp_path, SMALL.replace("0.1.0", "1.0.0")) == [
        'line 6: "A1" has no definition, and this is release 1.0.0 or later. Say when the code applies.'
    ]


def test_a_title_in_two_languages_asks_both_of_every_text_but_the_example(tmp_path):
    text = """\
        codebook: p
        version: 0.1.0
        title: {nl: t, en: t}
        soort: [wens]
        codes:
          - id: A
            name: Advies
            definition:
              en: What it says.
            example: Nou ja.
        changes: [{add: A, why: nieuw}]
        """
    assert faults(tmp_path, text) == [
        'line 7: name of "A" has no en, and the title is in both languages. Add en.',
        'line 9: definition of "A" has no nl, and the title is in both languages. Add nl.',
    ]
    assert read(tmp_path, text.replace("{nl: t, en: t}", "{nl: t}")).title == Text(nl="t")


def test_a_code_names_questions_that_exist(tmp_path):
    text = SMALL + "    questions: [1, 3]\nquestions: [{id: 1, text: a}, {id: 2, text: b}]\n"
    assert faults(tmp_path, text) == [
        'line 9: "A1" names question 3, which is not a question. There are: 1, 2.'
    ]


def test_many_faults_come_in_the_order_of_the_file(tmp_path):
    text = """\
        codebook: proef
        version: een
        kleur: rood
        soort: [wens]
        codes:
          - id: A
            name: Advies
            name: Raad
            colour: rood
          - id: A1
            parent: B
            status: weg
        themes:
          - {id: T, name: t, categories: [C]}
        """
    assert faults(tmp_path, text) == [
        'line 2: version is "een". Write three numbers, as in 1.0.0.',
        'line 3: "kleur" is not a field of a codebook. There are: "codebook", "version", "previous", '
        '"date", "title", ….',
        'line 8: "name" stands twice in one mapping, first on line 7. Keep one of them.',
        'line 9: colour of "A" is "rood". Write it as "#RRGGBB", in quotes.',
        'line 10: code "A1" has no name. Add it.',
        'line 11: parent "B" is not a code. There are: "A", "A1". Add it, or leave parent empty.',
        'line 12: status of "A1" is "weg". It is one of: active, retired.',
        'line 14: theme "T" names "C", which is not a code. There are: "A", "A1".',
    ]


# --- files and folders --------------------------------------------------------------------------


def message(path, version=None):
    with pytest.raises(CodebookError) as caught:
        Codebook.read(path, version=version)
    return [str(fault) for fault in caught.value.faults]


def test_the_file_name_of_a_release_is_its_version(tmp_path):
    assert faults(tmp_path, SMALL, name="0.2.0.yaml") == [
        'line 2: version is "0.1.0", and "0.2.0" is asked for by the file name or the caller. Make them '
        "the same."
    ]
    path = tmp_path / "boek.yaml"
    path.write_text(SMALL)
    assert Codebook.read(path, version="0.1.0").version == "0.1.0"
    assert message(path, "0.2.0") == [
        'boek.yaml, line 2: version is "0.1.0", and "0.2.0" is asked for by the file name or the caller. '
        "Make them the same."
    ]


def test_a_folder_is_read_by_version_and_never_by_the_newest(tmp_path):
    folder = tmp_path / "proef"
    folder.mkdir()
    assert message(folder, "0.1.0") == [
        'proef: release "0.1.0" is not in this folder. It holds no x.y.z.yaml.'
    ]
    for version in ("0.10.0", "0.9.0", "0.1.0"):
        (folder / f"{version}.yaml").write_text(SMALL.replace("0.1.0", version))
    (folder / "releases.yaml").write_text("")
    there = "There are: 0.1.0, 0.9.0, 0.10.0."
    assert message(folder) == [
        f"proef: a folder of releases; no version is named. Name the one to use. {there}"
    ]
    assert message(folder, "1.0.0") == [f'proef: release "1.0.0" is not in this folder. {there}']
    assert message(folder, "../proef/0.1.0")[0].startswith("proef: release")
    assert Codebook.read(folder, version="0.9.0").version == "0.9.0"


def test_a_file_that_is_not_there_names_the_nearest(tmp_path):
    (tmp_path / "codeboek.yaml").write_text(SMALL)
    assert message(tmp_path / "codebook.yaml") == [
        'codebook.yaml: there is no such file. Closest: "codeboek.yaml".'
    ]


# --- the real one -------------------------------------------------------------------------------


@pytest.mark.skipif(not (REAL / "1.0.0.yaml").exists(), reason="the real codebook is not here yet")
def test_the_real_codebook_is_without_faults():
    book = Codebook.read(REAL, version="1.0.0")
    assert (book.name, book.version) == ("ret-evaluatie", "1.0.0")
    assert [one.key for one in book.soort] == ["belemmerend", "bevorderend", "gewenst", "beschrijvend"]
    assert [one.key for one in book.oordeel] == ["+", "−", "±"]
    assert [code.key for code in book.children(None)] == list("ABCDEFGHI")
    # Read anew as plain lines: every "- id:" of the codes, in order.
    lines = (
        (REAL / "1.0.0.yaml").read_text(encoding="utf-8").split("\ncodes:\n")[1].split("\nrelation_types:")[0]
    )
    keys = [line.split(":")[1].strip() for line in lines.splitlines() if line.startswith("  - id:")]
    assert [code.key for code in book.codes] == keys
    assert all(code.definition.nl and code.definition.en for code in book.leaves())
    assert len({code.guid for code in book.codes}) == len(book.codes)
    assert Codebook.from_json(book.to_json()) == book
