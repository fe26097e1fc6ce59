import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from sources_making import paragraph, run, table, write_docx

from qualkit.errors import SourceError
from qualkit.sources import find_documents, read_document

PDPILOT = Path(__file__).resolve().parents[3] / "shared" / "data" / "pdpilot"


def read(tmp_path, text, **known):
    path = tmp_path / "CI-3.txt"
    path.write_text(text, encoding="utf-8")
    return read_document(path, **known)


def spoken(document):
    return [(one.speaker, one.role, document.text[one.start : one.end]) for one in document.segments]


def refusal(tmp_path, text, **known):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text, **known)
    return str(caught.value)


def test_a_turn_runs_on_and_a_title_belongs_to_none(tmp_path):
    document = read(
        tmp_path, "# CI-3\n3 mei\n\nI: Hoe was het?\n\nR: Goed.\nEn druk.\n\nDus ja. \nI:  En nu?\n"
    )
    assert spoken(document) == [
        ("I", "interviewer", "Hoe was het?"),
        ("R", "participant", "Goed.\nEn druk.\n\nDus ja."),
        ("I", "interviewer", "En nu?"),
    ]
    assert (document.name, document.format) == ("CI-3", "txt")
    assert document.original == (tmp_path / "CI-3.txt").read_bytes()


def test_false_labels_are_words(tmp_path):
    text = (
        "I: Hoe laat?\nR: Om 9:30.\nLet op: om 9:30 dus.\nOm 9:30 uur: dan.\nOm 9:30\nLet op: weer.\n"
        "Dus: zo.\n"
        "Dus: anders.\nhttps://voorbeeld.nl\nhttps://voorbeeld.nl\nWillem: eenmaal\n9:30\nI: Ja"
    )
    document = read(tmp_path, text)
    assert [one.speaker for one in document.segments] == ["I", "R", "I"]
    assert document.text[document.segments[1].end - 4 : document.segments[1].end] == "9:30"


def test_a_name_once_counts_only_when_it_is_known(tmp_path):
    text = "Marjan: een\nToon: twee\nMarjan: drie\nToon: vier\nDiny: vijf\nToon: zes"
    known = {"interviewers": ["Marjan Hofstra"]}
    assert [one.speaker for one in read(tmp_path, text, **known).segments][-2:] == ["Toon", "Toon"]
    document = read(tmp_path, text, **known, participants=["Toon Verhallen", "Diny Wolthuis"])
    assert [one.role for one in document.segments][-2:] == ["participant", "participant"]


@pytest.mark.parametrize(
    ("known", "label"),
    [
        ("Ineke Terwindt", "Ineke Terwindt"),
        ("Ineke Terwindt", "ineke"),
        ("Ineke Terwindt", "TERWINDT"),
        ("Ineke Terwindt", "Mw. Terwindt"),
        ("mevrouw I. Terwindt", "mevrouw Terwindt"),
        ("dhr. Ineke Terwindt", "I.T."),
        ("Ineke Terwindt", "I. Terwindt"),
        ("Terwindt, Ineke", "IT"),
        ("Judith van Hemert", "Mevrouw Van Hemert"),
        ("Judith van Hemert", "Hemert"),
        ("Judith van Hemert", "JvH"),
        ("Ineke Terwindt", "Ineke (thuis)"),
        ("CI-3", "CI-3"),
        (unicodedata.normalize("NFD", "Zoë Bos"), "Zoë"),
    ],
)
def test_a_known_name_is_met_in_many_forms(tmp_path, known, label):
    document = read(tmp_path, f"Onbekende: vraag\n{label}: antwoord\nOnbekende: vraag", participants=[known])
    assert spoken(document)[1] == (label, "participant", "antwoord")
    assert document.segments[0].role == "interviewer"


def test_initials_do_not_outweigh_a_label_that_speaks_for_itself(tmp_path):
    known = {"participants": ["Ilse", "Ineke N. Terwindt"], "interviewers": ["Ruth", "Rob E. S. Pieters"]}
    for asks, answers in (("I", "R"), ("INT", "RESP")):
        document = read(tmp_path, f"{asks}: een\n{answers}: twee\n{asks}: drie", **known)
        assert [one.role for one in document.segments] == ["interviewer", "participant", "interviewer"]


def test_roles_of_labels_that_are_left(tmp_path):
    duo = "Dan: een\nParticipant: twee\nDan: drie"
    assert [one.role for one in read(tmp_path, duo).segments] == ["interviewer", "participant", "interviewer"]
    sits_in = "I: een\nR: twee\nWilma: drie\nX(Sjors): vier\nR: vijf\nWilma: zes"
    assert [one.role for one in read(tmp_path, sits_in).segments] == [
        "interviewer", "participant", "other", "other", "participant", "other",
    ]  # fmt: skip


def test_a_header_may_name_the_interviewer_and_is_no_turn(tmp_path):
    header = "Interviewer: Marjan Hofstra\nRespondent: CI-3\nDatum: 3 mei\n\n"
    text = header + "Toon: een\nMarjan: twee\nToon: drie\nMarjan: vier"
    assert spoken(read(tmp_path, text)) == [
        ("Toon", "participant", "een"),
        ("Marjan", "interviewer", "twee"),
        ("Toon", "participant", "drie"),
        ("Marjan", "interviewer", "vier"),
    ]
    text = "Interviewer: Marjan Hofstra\n\nI: een\nR: twee\nI: drie"
    assert [one.speaker for one in read(tmp_path, text).segments] == ["I", "R", "I"]


def test_an_answer_of_one_word_on_its_own_line_is_no_label(tmp_path):
    turns = (
        "\n".join(f"Marjan\nVraag {n}?\nToon\nAbsoluut" for n in range(3))
        + "\nMarjan\nTot slot\nToon\nHet einde"
    )
    document = read(tmp_path, turns, interviewers=["Marjan"])
    assert [one.speaker for one in document.segments] == ["Marjan", "Toon"] * 4
    assert spoken(document)[1][2] == "Absoluut"


@pytest.mark.parametrize(
    ("turn", "milliseconds"),
    [
        ("[00:12:31] R: ja", 751_000),
        ("(00:12:31) R: ja", 751_000),
        ("00:12:31 R: ja", 751_000),
        ("R [12:31]: ja", 751_000),
        ("R: [12:31] ja", 751_000),
        ("R: ja [1:12:31]", 4_351_000),
        ("R: ja #00:12:31-5#", 751_500),
        ("#00:12:31-5#\n\nR: ja", 751_500),
        ("R:\n[00:12:31]\nja", 751_000),
        ("R: [00:00:01] ja #00:12:31-5#", 1_000),
        ("R: ja\n00:12:31", None),
    ],
)
def test_time_marks_are_read_and_are_no_words(tmp_path, turn, milliseconds):
    document = read(tmp_path, f"I: een\n{turn}")
    assert spoken(document)[1] == ("R", "participant", "ja")
    assert document.segments[1].time_ms == milliseconds


def test_a_time_mark_within_a_turn_is_not_that_of_the_next(tmp_path):
    document = read(tmp_path, "I: een\n[00:12:31]\nen verder\nR: twee")
    assert [one.time_ms for one in document.segments] == [None, None]
    assert spoken(document)[0][2] == "een\n[00:12:31]\nen verder"


@pytest.mark.parametrize("words", ["9:30 was ik er", "vroeg (9:30)", "om 9:30", "het is 12:31 [lacht]"])
def test_a_time_of_day_stays_with_the_words(tmp_path, words):
    document = read(tmp_path, f"I: een\nR: {words}\nI: twee")
    assert spoken(document)[1][2] == words
    assert document.segments[1].time_ms is None


def test_word_table_with_heading_continuation_and_notes(tmp_path):
    rows = [
        ("Tijd", "Spreker", "Tekst"),
        ("00:00:01", "Marjan", "Hallo"),
        ("", "Toon:", "Dag "),
        ("0:20", "", "en zo"),
    ]
    path = write_docx(tmp_path / "ZA-1.docx", paragraph("Titel"), table(*rows, *rows[1:3]))
    document = read_document(path, participants=["Toon"])
    assert document.text.split("\n")[:3] == ["Titel", "Tijd\tSpreker\tTekst", "00:00:01\tMarjan\tHallo"]
    assert [one.speaker for one in document.segments] == ["Marjan", "Toon", "Marjan", "Toon"]
    assert spoken(document)[1] == ("Toon", "participant", "Dag \n0:20\t\ten zo")
    assert [one.time_ms for one in document.segments] == [1000, None, 1000, None]


def test_bold_words_within_a_line_are_no_label(tmp_path):
    asks = paragraph(run("Marjan", bold=True), run(" hallo"))
    answers = paragraph(run("Toon", bold=True), run(" dag"))
    stress = paragraph(run("Marjan "), run("Hofstra", bold=True), run(" belde"))
    path = write_docx(tmp_path / "ZA-1.docx", asks, answers, stress, asks, answers, stress)
    document = read_document(path, interviewers=["Marjan"])
    assert [one[0] for one in spoken(document)] == ["Marjan", "Toon"] * 2
    assert spoken(document)[1][2] == "dag\nMarjan Hofstra belde"


def test_soft_line_breaks_in_word_begin_turns_too(tmp_path):
    text = "<w:p><w:r><w:t>I: een</w:t><w:br/><w:t>R: twee</w:t></w:r></w:p>"
    document = read_document(write_docx(tmp_path / "ZA-1.docx", text, paragraph(run("I: drie"))))
    assert [one.speaker for one in document.segments] == ["I", "R", "I"]
    assert document.text == "I: een\nR: twee\nI: drie"


def test_no_labels(tmp_path):
    assert refusal(tmp_path, "Geheime woorden zonder meer.\nEn nog een regel.") == (
        'CI-3.txt: no speaker labels found. Begin every turn with a label: "I: …" and "R: …", a name with a '
        'colon ("Marjan: …"), a name in bold or on a line of its own, or a table with the label in a column '
        "before the words; a name must occur twice."
    )


def test_speakers_that_cannot_be_told_apart(tmp_path):
    text = "Marjan: geheim\nToon: geheim\nMarjan: geheim\nToon: geheim\nMarjan: geheim"
    assert refusal(tmp_path, text) == (
        "CI-3.txt: it cannot be told who is the interviewer among the speakers Marjan (3 turns), "
        "Toon (2 turns). Put the interviewer's name in the column interviewer of the participants table."
    )


def test_a_participant_must_speak(tmp_path):
    assert refusal(tmp_path, "I: geheim\nI: geheim") == (
        "CI-3.txt: no turn of a participant found; the speakers are I (2 turns). "
        'Label the answers "R:", or put the participant\'s name in the participants table.'
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("I: é\nR: 😀".encode("utf-8-sig"), "I: é\nR: 😀"),
        ("I: é\r\nR: b".encode("utf-16"), "I: é\nR: b"),
        ("\ufeffI: é\nR: b".encode("utf-16-be"), "I: é\nR: b"),
        ("I: ‘é’ …\rR: €".encode("cp1252"), "I: ‘é’ …\nR: €"),
        ("I: **é**  \n\nR: `b`\n".encode(), "I: **é**  \n\nR: `b`\n"),
    ],
)
def test_encodings_and_newlines(tmp_path, data, text):
    path = tmp_path / "CI-1.md"
    path.write_bytes(data)
    assert read_document(path).text == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "CI-1.txt: the file is empty (0 bytes). Copy it again from where it came from."),
        (b" \n", "CI-1.txt: the file holds no text. Copy it again from where it came from."),
        (
            b"I: caf\xe9\x9d",
            "CI-1.txt: byte 0x9D at offset 7 is neither UTF-8 nor Windows-1252. "
            "Save it again as plain text, encoding UTF-8.",
        ),
        (
            b"I: a\0b",
            "CI-1.txt: this is no plain text: character 4 is a NUL. "
            "Save it again as plain text, encoding UTF-8.",
        ),
        (
            b"\xff\xfeI\0:",
            "CI-1.txt: the bytes from offset 4 are no UTF-16-LE text. "
            "Save it again as plain text, encoding UTF-8.",
        ),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, message):
    path = tmp_path / "CI-1.txt"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        read_document(path)
    assert str(caught.value) == message


def test_other_kinds_and_missing_files(tmp_path):
    with pytest.raises(SourceError) as caught:
        read_document(tmp_path / "CI-1.odt")
    assert str(caught.value) == (
        'CI-1.odt: files of the kind ".odt" are not read. Save it as Word (.docx) or plain text (.txt, .md).'
    )
    with pytest.raises(SourceError) as caught:
        read_document(tmp_path / "CI-1.txt")
    assert (
        str(caught.value)
        == "CI-1.txt: the file cannot be opened (No such file or directory). Check the path."
    )


def test_documents_are_found_and_others_passed_over(tmp_path):
    for name in (
        "b/CI-2.TXT",
        "a/CI-1.docx",
        "CI-3.md",
        "README.md",
        "~$CI-1.docx",
        ".x.txt",
        ".h/CI-9.txt",
        "n.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert find_documents(tmp_path) == [
        tmp_path / "CI-3.md",
        tmp_path / "a/CI-1.docx",
        tmp_path / "b/CI-2.TXT",
    ]
    with pytest.raises(SourceError, match="there is no such folder"):
        find_documents(tmp_path / "nergens")


@pytest.mark.parametrize(
    ("one", "two"),
    [("CI-1.docx", "CI-1.txt"), ("ci-1.txt", "x/CI-1.txt"), ("Zoe\u0308.txt", "Zo\u00eb.md")],
)
def test_two_documents_of_one_name_are_refused(tmp_path, one, two):
    for name in (one, two):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        find_documents(tmp_path)
    assert str(tmp_path / one) in str(caught.value)
    assert str(tmp_path / two) in str(caught.value)


def test_the_name_is_in_one_unicode_form(tmp_path):
    path = tmp_path / "Zoe\u0308.txt"
    path.write_text("I: a\nR: b")
    assert read_document(path).name == "Zo\u00eb"


def test_importing_the_wing_loads_no_heavy_library():
    heavy = "{'lxml', 'openpyxl', 'docx', 'pandas', 'numpy'}"
    code = f"import sys, qualkit.sources; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not PDPILOT.is_dir(), reason="the real interviews of shared/data/pdpilot are not here")
@pytest.mark.parametrize(("name", "turns"), [("P1", 94), ("P2", 165), ("P3", 122)])
def test_real_interviews_are_read_word_for_word(name, turns):
    document = read_document(PDPILOT / f"{name}.txt")
    assert document.text.encode() == (PDPILOT / f"{name}.txt").read_bytes()
    assert len(document.segments) == turns
    assert {(one.speaker, one.role) for one in document.segments} == {
        ("Dan", "interviewer"),
        ("Participant", "participant"),
    }


def test_participant_is_who_speaks_most_when_only_the_interviewer_is_known(tmp_path):
    path = tmp_path / "P-1.md"
    turns = ["**Ruth:** Vertel.", "**Levi:** Nou ja.", "**Ruth:** En?", "**Levi:** Weet niet."] * 3
    path.write_text(
        "\n\n".join([*turns, "**Sjors:** Hij weet het wel.", "**Sjors:** Toch?"]), encoding="utf-8"
    )
    roles = {one.speaker: one.role for one in read_document(path, interviewers=["Ruth Wassenaar"]).segments}
    assert roles == {"Ruth": "interviewer", "Levi": "participant", "Sjors": "other"}


def test_two_who_speak_alike_are_not_guessed_between(tmp_path):
    path = tmp_path / "P-1.md"
    turns = ["**Ruth:** Vertel.", "**Levi:** Nou ja.", "**Sjors:** Hij weet het wel."] * 3
    path.write_text("\n\n".join(turns), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_document(path, interviewers=["Ruth Wassenaar"])
    assert str(caught.value).startswith(
        "P-1.md: it cannot be told who is the participant among the speakers "
    )


def test_one_turn_in_a_column_of_labels_is_a_speaker(tmp_path):
    import docx

    document = docx.Document()
    table = document.add_table(rows=0, cols=2)
    for label, words in [
        ("I", "Vertel."),
        ("R", "Nou ja."),
        ("Diny", "De koffie is klaar."),
        ("R", "Dank je."),
    ]:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = label, words
    document.save(tmp_path / "P-1.docx")
    found = read_document(tmp_path / "P-1.docx")
    assert [(one.speaker, one.role) for one in found.segments][2] == ("Diny", "other")
