"""Laws: a transcript written in any layout gives back who spoke and every word, at the right place."""

import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_making import paragraph, run, table, write_docx

from qualkit.sources import read_document

# letters of several scripts, combining marks, emoji, right-to-left; no colon, bracket or star: those are
# what labels and time marks are made of, and have tests of their own
ALPHABET = "abcdeéïßœ ABCZ 019.,'\"-?!e\u0301o\u0308😀👩\u200d👧שלוםمرحبا漢字\u00a0…"
WORDS = st.text(ALPHABET, min_size=1, max_size=40).map(lambda made: "w " + made.strip()).map(str.strip)
NAMES = [
    "Marjan",
    "Ineke Terwindt",
    "Mw. Terwindt",
    "José",
    unicodedata.normalize("NFD", "Zoë"),
    "מרים",
    "van der Berg",
]
WELL_KNOWN = [
    ("I", "R"),
    ("I1", "R1"),
    ("INT", "RESP"),
    ("Interviewer", "Respondent"),
    ("Vraag", "Antwoord"),
    ("V", "A"),
    ("Q", "A"),
    ("Interviewer", "Participant"),
]
MARK = "[00:12:31]"

LINES = {
    "colon": lambda label, words: f"{label}: {words}",
    "colon, no space": lambda label, words: f"{label}:{words}",
    "tab": lambda label, words: f"{label}\t{words}",
    "colon and tab": lambda label, words: f"{label}:\t{words}",
    "time before": lambda label, words: f"{MARK} {label}: {words}",
    "bare time before": lambda label, words: f"00:12:31 {label}: {words}",
    "short time before": lambda label, words: f"12:31\t{label}\t{words}",
    "time within": lambda label, words: f"{label} {MARK}: {words}",
    "time after": lambda label, words: f"{label}: (00:12:31) {words}",
    "time above": lambda label, words: f"{MARK}\n{label}: {words}",
    "time at the end": lambda label, words: f"{label}: {words} #00:12:31-0#",
    "markdown, colon in bold": lambda label, words: f"**{label}:** {words}",
    "markdown, colon after bold": lambda label, words: f"**{label}**: {words}",
    "markdown, no colon": lambda label, words: f"**{label}** {words}",
    "markdown, italics": lambda label, words: f"*{label}:* {words}",
    "markdown, all in bold": lambda label, words: f"**{label}: {words}**",
    "own line": lambda label, words: f"{label}\n{words}",
    "own line and time": lambda label, words: f"{label}  12:31\n{words}",
    "own line in bold": lambda label, words: f"**{label}**\n{words}",
}
DOCX = {
    "paragraph": lambda label, words: paragraph(run(f"{label}: {words}")),
    "bold": lambda label, words: paragraph(run(label, bold=True), run(f" {words}")),
    "bold after a time": lambda label, words: paragraph(
        run(MARK + " "), run(label, bold=True), run(f" {words}")
    ),
    "bold colon": lambda label, words: paragraph(run(f"{label}:", bold=True), run(f" {words}")),
    "own paragraph in bold": lambda label, words: paragraph(run(label, bold=True)) + paragraph(run(words)),
    "own paragraph": lambda label, words: paragraph(run(label)) + paragraph(run(words)),
    "two columns": lambda label, words: table((label, words)),
    "two columns and colon": lambda label, words: table((f"{label}:", words)),
    "three columns": lambda label, words: table(("00:12:31", label, words)),
    "three columns, time second": lambda label, words: table((label, "12:31", words)),
}


@st.composite
def conversations(draw):
    pair = draw(
        st.one_of(st.sampled_from(WELL_KNOWN), st.permutations(NAMES).map(lambda names: tuple(names[:2])))
    )
    turns = draw(st.lists(st.tuples(st.sampled_from(pair), WORDS), min_size=0, max_size=8))
    return pair, [(pair[0], "w een"), (pair[1], "w twee"), (pair[0], "w drie"), (pair[1], "w vier"), *turns]


def check(path: Path, pair: tuple[str, str], turns: list[tuple[str, str]]) -> None:
    document = read_document(path, interviewers=[pair[0]], participants=[pair[1]])
    assert [(one.speaker, document.text[one.start : one.end]) for one in document.segments] == turns
    assert [one.paragraph for one in document.segments] == list(range(1, len(turns) + 1))
    roles = {pair[0]: "interviewer", pair[1]: "participant"}
    assert all(one.role == roles[one.speaker] for one in document.segments)
    assert all(a.end <= b.start for a, b in zip(document.segments, document.segments[1:], strict=False))


@pytest.mark.parametrize("layout", LINES)
@settings(max_examples=40, deadline=None)
@given(conversation=conversations(), newline=st.sampled_from(["\n", "\r\n"]), title=st.booleans())
def test_what_is_written_as_text_is_read(layout, conversation, newline, title):
    pair, turns = conversation
    text = "\n\n".join(LINES[layout](label, words) for label, words in turns)
    text = "Gesprek met een collega, 3 mei\n\n" + text if title else text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "CI-1.md"
        path.write_bytes(text.replace("\n", newline).encode())
        check(path, pair, turns)
        document = read_document(path, interviewers=[pair[0]], participants=[pair[1]])
        assert document.text == text
        times = {one.time_ms for one in document.segments}
        assert times == ({751_000} if "time" in layout else {None})


@pytest.mark.parametrize("layout", DOCX)
@settings(max_examples=25, deadline=None)
@given(conversation=conversations())
def test_what_is_written_in_word_is_read(layout, conversation):
    pair, turns = conversation
    with tempfile.TemporaryDirectory() as folder:
        path = write_docx(Path(folder) / "CI-1.docx", *(DOCX[layout](label, words) for label, words in turns))
        check(path, pair, turns)
