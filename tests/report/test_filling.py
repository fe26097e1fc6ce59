"""What qualkit fills in between the evaluator's words: counts as prose, quotations, and what is refused."""

# ruff: noqa: E501 - messages stand here word for word

from __future__ import annotations

import pytest
from small import transcript

import qualkit as qk
from qualkit.codebook import codebook_from_rows
from qualkit.model import Participant
from qualkit.report import evaluation_report
from qualkit.report.filling import Filling, GroupName, ReportSettings, manifest
from qualkit.report.mask import PHONE_MASK, Mask
from qualkit.report.text import Marks, read_chapter
from qualkit.report.values import Generated, Heading, ListItem, Paragraph, Quote, Run, Table

GROUPS = (
    GroupName("leden", "leden", "lid"),
    GroupName("inbrengers", "inbrengers", "inbrenger"),
    GroupName("jongeren", "jongeren", "jongere"),
)
WHO = {"L-1": "leden", "L-2": "leden", "L-3": "leden", "J-1": "jongeren", "J-2": "jongeren"} | {
    f"I-{n}": "inbrengers" for n in range(1, 7)
}
ASKED = {key for key in WHO if key not in ("L-3", "I-6")}


@pytest.fixture
def study(tmp_path):
    rows = [
        {"id": "A", "parent": "", "name": "Advies", "definition": "Alles over het advies."},
        {"id": "A1", "parent": "A", "name": "Inhoud", "definition": "Of het past."},
        {"id": "A2", "parent": "A", "name": "Gewicht", "definition": "Hoe zwaar het weegt."},
        {"id": "A3", "parent": "A", "name": "Geld", "definition": "Wie het betaalt."},
    ]
    codebook = codebook_from_rows(enumerate(rows, start=2), name="klein", version="1.0.0", where="klein.csv")
    with qk.Study.create(tmp_path / "x.qualkit", title="Proef", language="nl", coder="AB") as made:
        made.add_participants(Participant(key, {"groep": (group,)}) for key, group in WHO.items())
        made.add_documents(
            transcript(
                key, ("I", "En?"), ("R", f"Het paste bij {key} van Ineke. Bel 06-11 22 33 44."), ("I", "Ja.")
            )
            for key in WHO
        )
        made.adopt(codebook)
        made.set_guide([qk.Topic("T1", "Advies", ("A1", "A2")), qk.Topic("T2", "Geld", ("A3",))])
        made.set_coverage([(key, "T1", "asked" if key in ASKED else "not_asked") for key in WHO])
        made.set_coverage([(key, "T2", "not_asked") for key in WHO if key != "I-1"])
        made.set_coverage([("I-1", "T2", "asked")])
        for key in ("L-1", "L-2", "I-1", "I-2", "I-3", "I-4", "I-5", "J-1", "J-2"):
            made.add_coding(key, quote="Het paste", code="A1")
        made.add_coding("J-1", quote="Bel", code="A2")
        made.add_coding("I-2", quote="Bel", code="A2")
        yield made


@pytest.fixture
def settings():
    return ReportSettings("Proef", "2021-12-15", "nl", "groep", GROUPS, names={"Ineke": "[naam]"})


@pytest.fixture
def filling(study, settings):
    return Filling(study, settings, "extern", Marks())


@pytest.mark.parametrize(
    ("claim", "group", "expected"),
    [
        ("A1", "leden", "beide bevraagde leden"),
        ("A1", "inbrengers", "alle vijf bevraagde inbrengers"),
        ("A1", "jongeren", "beide jongeren"),
        ("A2", "jongeren", "één van de twee jongeren"),
        ("A2", "leden", "geen van beide bevraagde leden"),
        ("A2", "inbrengers", "één van de vijf bevraagde inbrengers"),
        ("A1", None, "alle negen bevraagde respondenten"),
        ("A2", None, "twee van de negen bevraagde respondenten"),
    ],
)
def test_counts_as_prose(filling, claim, group, expected):
    assert filling.of(claim, group) == expected


def test_who_raised_it_was_not_asked(study, settings):
    study.set_coverage([("L-3", "T1", "came_up")])
    study.add_coding("L-3", quote="Het paste", code="A1")
    study.add_coding("J-1", quote="Ineke", code="A3")
    filling = Filling(study, settings, "extern", Marks())
    assert filling.of("A1", "leden") == "alle drie de leden"
    assert filling.of("A2", "leden") == "geen van de drie leden"
    assert filling.of("A3") == "één van de twee respondenten met wie dit ter sprake kwam"
    (table,) = filling._marks.blocks(int(filling.table("A").strip("\ue000\ue001")))
    cells = {row[0]: list(row[1:]) for row in table.rows}
    assert cells["A3 Geld"] == ["–", "0 van 1", "1 ongevraagd"]


def test_three_of_three_takes_an_article(study, settings):
    study.set_coverage([("L-3", "T1", "asked")])
    study.add_coding("L-3", quote="Het paste", code="A1")
    filling = Filling(study, settings, "extern", Marks())
    assert filling.of("A1", "leden") == "alle drie de leden"
    study.set_coverage([("I-6", "T1", "asked")])
    assert Filling(study, settings, "extern", Marks()).of("A1", "inbrengers") == "vijf van de zes inbrengers"


def test_nobody_asked_is_no_zero(filling):
    with pytest.raises(qk.QualkitError) as caught:
        filling.of("A3", "leden")
    assert str(caught.value) == (
        "A3, leden: nobody was asked about this, so no count can stand here. "
        "Leave the group out, or say that it was not asked."
    )
    with pytest.raises(qk.QualkitError, match="A3, inbrengers: one was asked and said nothing of the kind"):
        filling.of("A3", "inbrengers")


def test_unknown_names_show_the_nearest(filling):
    with pytest.raises(qk.QualkitError, match='group "inbrenger" is not known. Closest: "inbrengers".'):
        filling.of("A1", "inbrenger")
    with pytest.raises(qk.QualkitError, match='code "A9" is not known'):
        filling.k("A9")
    with pytest.raises(qk.QualkitError, match='table "matrx" is not known. Closest: "matrix".'):
        filling.table("matrx")


def chapter(filling, source):
    marks = filling._marks
    return read_chapter("hoofdstuk.md", source, filling.names(), marks)


def test_quotation_is_masked_and_speaks_for_its_group(filling):
    blocks, faults = chapter(
        filling, '{{ quote("I-2", "van Ineke. […] Bel 06-11 22 33 44.", question="En?") }}'
    )
    assert not faults
    assert blocks == [Quote(f"van [naam]. […] Bel {PHONE_MASK}.", "inbrenger", "En?")]


def test_quotation_inside_the_team_keeps_names_and_code(study, settings):
    filling = Filling(study, settings, "intern", Marks())
    blocks, _ = chapter(filling, '{{ quote("I-2", "van Ineke.") }}')
    assert blocks == [Quote("van Ineke.", "I-2, inbrenger")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('eerst\n\n{{ quote("I-2", "staat er niet") }}', "hoofdstuk.md, line 3: I-2: the quoted words (13 characters) do not occur. Copy them from the transcript, capitals included."),
        ('{{ quote("I-2", "En?") }}', "hoofdstuk.md, line 1: I-2, 3–6: a quotation stands within one answer of the participant."),
        ("tekst {{ n( }}", "hoofdstuk.md, line 1: the filling cannot be read: unexpected '}', expected ')'."),
        ("{{ onbekend }}", "hoofdstuk.md, line 1: 'onbekend' is undefined"),
        ('zie {{ table("matrix") }} hier', "hoofdstuk.md: a table, figure or quotation stands within a paragraph. Give it a line of its own."),
        ("> citaat", "hoofdstuk.md: '>' begins something a report has no form for. Use headings, paragraphs, lists and fillings; a quotation is {{ quote(…) }}."),
        ("{{ [].__class__.__mro__ }}", "hoofdstuk.md, line 1: access to attribute '__class__' of 'list' object is unsafe."),
    ],
)  # fmt: skip
def test_faults_of_a_chapter_name_file_and_line(filling, source, expected):
    blocks, faults = chapter(filling, source)
    assert blocks == []
    assert [str(one) for one in faults] == [expected]


def test_markdown_becomes_blocks(filling):
    source = "# Kop {-}\n\nEen **vette** en\n*schuine* zin met {{ n() }}.\n\n- een\n- twee\n\n1. drie\n\n{{ method() }}\n"
    blocks, faults = chapter(filling, source)
    assert not faults
    assert blocks[0] == Heading(1, "Kop", numbered=False)
    assert blocks[1] == Paragraph((
        Run("Een "), Run("vette", bold=True), Run(" en"), Run(" "), Run("schuine", italic=True), Run(" zin met 11."),
    ))  # fmt: skip
    assert [one.ordered for one in blocks if isinstance(one, ListItem)] == [False, False, True]
    assert isinstance(blocks[-1], Generated)


def report(study, settings, tmp_path, text, audience="extern"):
    path = tmp_path / "tekst.md"
    path.write_text(text, encoding="utf-8")
    from dataclasses import replace

    return evaluation_report(study, replace(settings, chapters=(path,)), audience=audience)


@pytest.mark.parametrize("leak", ["Ineke", "I-2", "06-11 22 33 44", "0612345678", "+31 6 12345678"])
def test_nothing_that_identifies_leaves_the_team(study, settings, tmp_path, leak):
    text = f"# Kop\n\nWij spraken {leak} op een ochtend.\n"
    with pytest.raises(qk.QualkitError) as caught:
        report(study, settings, tmp_path, text)
    assert f'"{leak}" may not leave the team. Write what the person or place is' in str(caught.value)
    assert report(study, settings, tmp_path, text, audience="intern").report.blocks


def test_tables_count_people_and_tell_silence_from_not_asked(study, settings, tmp_path):
    made = report(study, settings, tmp_path, '{{ table("A") }}\n\n{{ table("participants") }}\n')
    table, people = made.report.blocks
    assert isinstance(table, Table)
    cells = {row[0]: list(row[1:]) for row in table.rows}
    assert cells["A1 Inhoud"] == ["2 van 2", "5 van 5", "2 van 2"]
    assert cells["A2 Gewicht"] == ["0 van 2", "1 van 5", "1 van 2"]
    assert [list(row) for row in people.rows] == [
        ["leden", "3"],
        ["inbrengers", "6"],
        ["jongeren", "2"],
        ["Totaal", "11"],
    ]
    assert table.header == ["Onderwerp", "leden (3)", "inbrengers (6)", "jongeren (2)"]


def test_manifest_says_what_a_report_rests_on(study, settings):
    found = manifest(study, settings)
    assert found["participants_by_group"] == {"leden": 3, "inbrengers": 6, "jongeren": 2}
    assert (found["documents"], found["codings"], found["coders"]) == (11, 11, ["AB"])
    assert found["content_hash"] == study.content_hash


def test_mask_takes_whole_words_and_the_longest_first():
    mask = Mask({"Bas": "[jongere]", "Bas de Vries": "[naam]"}, ["CI-3"])
    assert mask.quote("Bas de Vries en Bas, niet Basis of bas.") == "[naam] en [jongere], niet Basis of bas."
    assert mask.quote("Bas' fiets, Bass zus, BAS") == "[jongere]' fiets, [jongere]s zus, [jongere]"
    assert mask.leaks("Basis CI-33 van CI-3") == ["CI-3"]
    assert Mask({}, []).quote("niets") == "niets"
