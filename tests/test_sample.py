"""What the sample promises, held against its files as qualkit reads them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pytest
from ruamel.yaml import YAML
from small import ROOT, SAMPLE, SHARED

from qualkit.model import Document, Role
from qualkit.sources.participants import read_participants, read_transcripts

GROUPS = {"RL": ("ret_leden", 3, 2_400), "CI": ("casus_inbrengers", 8, 2_200)}
GROUPS |= {"ZA": ("zorgaanbieders", 5, 2_000), "CJ": ("clienten_jeugdigen", 2, 1_500)}
KEYS = [f"{group}-{number}" for group, (_, size, _) in GROUPS.items() for number in range(1, size + 1)]
INTERVIEWERS = {"Marjan Hofstra", "Jelle Kuiters", "Ruth Wassenaar"}
MONTHS = ["januari", "februari", "maart", "april", "mei", "juni"]
MONTHS += ["juli", "augustus", "september", "oktober", "november", "december"]
README = (SAMPLE / "README.md").read_text("utf-8")
CODEBOOK = ROOT / "codebooks" / "ret-evaluatie" / "1.0.0.yaml"
PLANS = [SHARED / f"{name}.json" for name in ("fontys_findings", "sample_plan", "codebook_ret")]
FILLING = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


PEOPLE = {row["respondent"]: row for row in table(SAMPLE / "respondenten.csv", ";")}
CODED = {coder: table(SAMPLE / "coderingen" / f"{coder}.csv") for coder in ("AB", "CD")}
NAMES = [row["naam"] for row in table(SAMPLE / "namen.csv", ";")]
ANY_NAME = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, NAMES)) + r")(?!\w)")


@pytest.fixture(scope="module")
def interviews() -> dict[str, Document]:
    people = read_participants(SAMPLE / "respondenten.csv")
    return {document.name: document for document in read_transcripts(SAMPLE / "interviews", people)}


def turns(document: Document, role: Role | None = None) -> list[str]:
    return [document.text[s.start : s.end] for s in document.segments if role in (None, s.role)]


def words(text: str) -> list[str]:
    """The words in small letters; *z'n* is one."""
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower())


def sentences(text: str) -> Iterator[str]:
    """The sentences of four words or more, without their capitals and points."""
    for sentence in re.split(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n|\[[^\]]*\]", text):
        if len(parts := words(sentence)) >= 4:
            yield " ".join(parts)


def strings(value: Any) -> Iterator[str]:
    """Everything written in a JSON or YAML file, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def load(path: Path) -> Any:
    if path.suffix == ".json":
        return json.loads(path.read_text("utf-8"))
    return YAML(typ="safe").load(path.read_text("utf-8"))


# --- the interviews


def test_there_are_eighteen_interviews_in_four_groups(interviews: dict[str, Document]) -> None:
    assert sorted(interviews) == sorted(KEYS)
    assert Counter(PEOPLE[key]["groep"] for key in interviews) == {
        name: size for name, size, _ in GROUPS.values()
    }
    assert all(PEOPLE[key]["groep"] == GROUPS[key[:2]][0] for key in interviews)


@pytest.mark.parametrize("key", KEYS)
def test_every_interview_is_long_enough_and_has_two_voices(interviews: dict[str, Document], key: str) -> None:
    document = interviews[key]
    assert sum(len(turn.split()) for turn in turns(document)) >= GROUPS[key[:2]][2]
    asked, answered = (
        sum(len(turn.split()) for turn in turns(document, role)) for role in ("interviewer", "participant")
    )
    assert len(turns(document, "interviewer")) >= 25
    assert answered > asked > 0


def test_who_else_speaks_was_in_the_room(interviews: dict[str, Document]) -> None:
    third = {key for key, document in interviews.items() if turns(document, "other")}
    assert third
    assert all(PEOPLE[key]["aanwezig"] for key in third)


@pytest.mark.parametrize("key", KEYS)
def test_the_head_of_an_interview_says_what_the_table_says(interviews: dict[str, Document], key: str) -> None:
    document, row = interviews[key], PEOPLE[key]
    head = document.text[: document.segments[0].start]
    day, month, year = map(int, row["datum"].split("-"))
    assert f"Interview {key}" in head
    assert f"{day} {MONTHS[month - 1]} {year}, {row['vorm']}, " in head
    assert "erzonnen" in head


def test_times_run_forward_and_stay_within_the_interview(interviews: dict[str, Document]) -> None:
    timed = {}
    for key, document in interviews.items():
        if times := [s.time_ms for s in document.segments if s.time_ms is not None]:
            assert times == sorted(times), key
            assert times[-1] <= int(PEOPLE[key]["duur_min"]) * 60_000, key
            timed[key] = len(times) / len(document.segments)
    assert timed == {"CI-8": 1, "CJ-1": 1, "ZA-4": 1, "ZA-5": 1}


def test_no_sentence_is_said_twice(interviews: dict[str, Document]) -> None:
    said = Counter(
        sentence for one in interviews.values() for turn in turns(one) for sentence in sentences(turn)
    )
    assert len(said) > 3_500
    assert {sentence for sentence, times in said.items() if times > 1} == set()


def runs(text: str, length: int = 5) -> Iterator[tuple[str, ...]]:
    parts = words(text)
    return zip(*(parts[n:] for n in range(length)), strict=False)


@pytest.mark.parametrize(
    "path",
    [
        CODEBOOK,
        SAMPLE / "topiclijst.yaml",
        *(
            pytest.param(path, marks=pytest.mark.skipif(not path.is_file(), reason=f"not here: {path}"))
            for path in PLANS
        ),
    ],
    ids=lambda path: path.stem,
)
def test_nobody_talks_like_the_codebook_the_guide_or_the_plan(
    interviews: dict[str, Document], path: Path
) -> None:
    written = {run for text in strings(load(path)) for run in runs(text)}
    assert len(written) > 100
    spoken = {run: key for key, one in interviews.items() for turn in turns(one) for run in runs(turn)}
    assert {" ".join(run): spoken[run] for run in written & spoken.keys()} == {}


def test_all_codebooks_of_the_sample_are_compared() -> None:
    assert sorted(CODEBOOK.parent.glob("*.yaml")) == [CODEBOOK]


@pytest.mark.parametrize("jargon", ["integra(?:al|le)", "procesregie", "laagdrempelige?"])
def test_nobody_talks_like_a_policy_paper(interviews: dict[str, Document], jargon: str) -> None:
    assert {
        k for k, one in interviews.items() if re.search(rf"\b{jargon}\b", one.text, re.IGNORECASE)
    } == set()


def test_a_telephone_number_can_be_nobodys(interviews: dict[str, Document]) -> None:
    numbers = {key: re.findall(r"\b0\d[\d -]{7,}\d", one.text) for key, one in interviews.items()}
    assert sum(map(len, numbers.values())) >= 12
    assert all(number.startswith("06-00 ") for found in numbers.values() for number in found)


# --- how they are written down


def form(path: Path) -> str:
    """How turns are laid out in a file, told from its first turn."""
    if path.suffix != ".docx":
        text = path.read_bytes().decode("cp1252" if path.stem == "ZA-1" else "utf-8")
        return path.suffix + (" vet" if "\n**" in text else "")
    word = docx.Document(str(path))
    if word.tables:
        return f"tabel {len(word.tables[0].columns)}"
    first = word.paragraphs[2]
    if re.match(r"\[\d\d:\d\d:\d\d\] ", first.text):
        return "tijd vooraan"
    if re.search(r" #\d\d:\d\d:\d\d-\d#$", first.text):
        return "tijd achteraan"
    if first.runs[0].bold:
        return "vet" if ":" in first.runs[0].text else "vet, eigen regel"
    return "tab" if ":\t" in first.text else "dubbele punt"


def readme_rows(heading: str) -> list[tuple[str, str]]:
    """The two-column rows of the table of the README under a heading cell."""
    rows = README.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [(first.strip(), second.strip()) for first, second in (row.strip("|").split("|") for row in rows)]


def test_the_files_are_of_many_makes() -> None:
    files = sorted((SAMPLE / "interviews").iterdir())
    assert Counter(path.suffix for path in files) == {".docx": 14, ".txt": 2, ".md": 2}
    forms = {path.stem: form(path) for path in files}
    assert len({forms[path.stem] for path in files if path.suffix == ".docx"}) >= 3
    told: dict[str, set[str]] = defaultdict(set)
    for _, interviews in readme_rows("zo staan de beurten erin | gesprekken"):
        for key in re.findall(r"\b(?:RL|CI|ZA|CJ)-\d", interviews):
            told[interviews].add(key)
    assert sorted(key for keys in told.values() for key in keys) == sorted(KEYS)
    for keys in told.values():
        assert len({forms[key] for key in keys if not forms[key].startswith(".")}) == 1, keys


def test_one_text_is_windows_with_carriage_returns_and_one_is_not() -> None:
    old, new = ((SAMPLE / "interviews" / f"{key}.txt").read_bytes() for key in ("ZA-1", "CI-1"))
    with pytest.raises(UnicodeDecodeError):
        old.decode("utf-8")
    assert "hè" in old.decode("cp1252")
    assert old.count(b"\r\n") == old.count(b"\n") > 80
    assert "hè" in new.decode("utf-8")
    assert b"\r" not in new


# --- the interviewers


def test_the_interviewers_can_be_told_apart(interviews: dict[str, Document]) -> None:
    """One fills in feelings and hums, one comes with a half question at the end, one echoes and waits."""
    for key, document in interviews.items():
        questions = turns(document, "interviewer")
        echoes = sum(
            words(document.text[after.start : after.end]) != []
            and len(words(document.text[after.start : after.end])) <= 4
            and set(words(document.text[after.start : after.end]))
            <= set(words(document.text[before.start : before.end]))
            for before, after in pairwise(document.segments)
            if (before.role, after.role) == ("participant", "interviewer")
        )
        who = PEOPLE[key]["interviewer"]
        last = " ".join(questions[-len(questions) // 4 :])
        assert any("hmhm" in question.lower() for question in questions) == (who == "Marjan Hofstra"), key
        assert (echoes / len(questions) > 0.15) == (who == "Ruth Wassenaar"), key
        if who == "Jelle Kuiters":
            assert re.search(r"\bo\b,? .{0,40}\b(?:ik nog|had ik|ik had)\b", last, re.IGNORECASE), key


# --- the table of respondents


def test_the_table_of_respondents_is_complete() -> None:
    assert list(PEOPLE) == KEYS
    for key, row in PEOPLE.items():
        assert all(value for column, value in row.items() if column != "aanwezig"), key
        assert row["interviewer"] in INTERVIEWERS, key
        assert row["vorm"] in {"live", "Teams", "telefoon"}, key
        assert 30 <= int(row["duur_min"]) <= 75, key
        assert row["toestemming"] == "ja", key
    assert {row["interviewer"] for row in PEOPLE.values()} == INTERVIEWERS
    cases = {case for row in PEOPLE.values() for case in row["casus"].split(", ")}
    assert cases == {f"K{number}" for number in range(1, 8)}


def test_a_snowball_rolls_forward() -> None:
    def met(key: str) -> date:
        return datetime.strptime(PEOPLE[key]["datum"], "%d-%m-%Y").date()

    rolled = {
        key: row["werving"][-4:] for key, row in PEOPLE.items() if row["werving"].startswith("sneeuwbal")
    }
    assert len(rolled) >= 10
    assert all(met(source) < met(key) for key, source in rolled.items())


# --- the codings


CODES = load(CODEBOOK)
PARENTS = {code["parent"] for code in CODES["codes"]}
CODABLE = {code["id"] for code in CODES["codes"] if code["id"] not in PARENTS and code["status"] == "active"}


@pytest.mark.parametrize("coder", CODED)
def test_every_coding_is_on_its_words_in_one_answer(interviews: dict[str, Document], coder: str) -> None:
    answers = {
        key: [(s.start, s.end) for s in one.segments if s.role == "participant"]
        for key, one in interviews.items()
    }
    for row in CODED[coder]:
        start, end, key = int(row["start"]), int(row["end"]), row["document_id"]
        where = f"{coder} {key} {start}"
        assert " ".join(interviews[key].text[start:end].split()) == row["text"], where
        assert row["text"], where
        assert sum(first <= start and end <= last for first, last in answers[key]) == 1, where


@pytest.mark.parametrize("coder", CODED)
def test_every_coding_uses_the_codebook(coder: str) -> None:
    rows = CODED[coder]
    assert len(CODABLE) == 59
    assert {row["code_id"] for row in rows} <= CODABLE
    assert {row["soort"] for row in rows} == {kind["id"] for kind in CODES["soort"]}
    assert {row["oordeel"] for row in rows} <= {"", *(kind["id"] for kind in CODES["oordeel"])}
    assert {row["asked"] for row in rows} <= {"", "ja", "nee"}
    assert {(row["coder"], row["codebook_version"]) for row in rows} == {(coder, str(CODES["version"]))}
    columns = ("document_id", "start", "end", "code_id", "soort")
    assert max(Counter(tuple(row[c] for c in columns) for row in rows).values()) == 1


def test_one_coder_read_all_and_the_other_a_third() -> None:
    everyone, some = ({row["document_id"] for row in CODED[coder]} for coder in ("AB", "CD"))
    assert everyone == set(KEYS)
    assert len(some) == 6
    assert {key[:2] for key in some} == set(GROUPS)
    assert len(CODED["AB"]) >= 450
    assert len(CODED["CD"]) >= 150
    assert f"`AB.csv`: {len(CODED['AB'])} coderingen in alle achttien gesprekken" in README
    listed = ", ".join(key for key in KEYS if key in some)
    assert f"`CD.csv`: {len(CODED['CD'])} coderingen in zes ervan ({listed})" in README


# --- what is written about the interviews


@pytest.mark.parametrize("folder", ["memos/veldnotities", "memos/codeermemo", "samenvattingen"])
def test_every_interview_has_its_memos_and_its_summary(folder: str) -> None:
    lengths = {path.stem: len(path.read_text("utf-8").split()) for path in (SAMPLE / folder).iterdir()}
    assert sorted(lengths) == sorted(KEYS)
    low, high = (150, 300) if folder == "samenvattingen" else (50, 400)
    assert {key: n for key, n in lengths.items() if not low <= n <= high} == {}


def test_the_memo_of_a_coder_is_there_for_what_the_coder_read() -> None:
    for coder, rows in CODED.items():
        for key in {row["document_id"] for row in rows}:
            memo = (SAMPLE / "memos" / "codeermemo" / f"{key}.md").read_text("utf-8")
            assert re.search(rf"^{coder}$", memo, re.MULTILINE), f"{coder} {key}"


def test_no_name_is_in_what_is_written_about_the_interviews() -> None:
    """The names in a filling are words of a respondent, which the program masks."""
    folders = ("samenvattingen", "memos/veldnotities", "memos/codeermemo", "tekst")
    texts = {path: path.read_text("utf-8") for folder in folders for path in (SAMPLE / folder).iterdir()}
    assert len(texts) == 3 * len(KEYS) + len(list((SAMPLE / "tekst").glob("*.md")))
    recipe = (SAMPLE / "study.yaml").read_text("utf-8")
    authors = re.compile(r"^authors: .*$", re.MULTILINE)
    assert set(re.findall(r"[A-Z]\w+ [A-Z]\w+", authors.findall(recipe)[0])) == INTERVIEWERS
    texts[SAMPLE / "study.yaml"] = authors.sub("", recipe)
    found = {path.name: ANY_NAME.findall(FILLING.sub("", text)) for path, text in texts.items()}
    assert {name: names for name, names in found.items() if names} == {}


def test_the_chapters_name_no_respondent_themselves() -> None:
    chapters = {path.name: path.read_text("utf-8") for path in (SAMPLE / "tekst").glob("*.md")}
    assert sum(len(FILLING.findall(text)) for text in chapters.values()) >= 100
    code = re.compile(r"\b(?:RL|CI|ZA|CJ)[-\s]?\d", re.IGNORECASE)
    assert {
        name: hits for name, text in chapters.items() if (hits := code.findall(FILLING.sub("", text)))
    } == {}


def test_the_names_in_the_table_are_really_said(interviews: dict[str, Document]) -> None:
    """A row nobody needs hides that a name was changed in an interview and not here."""
    said = {word for one in interviews.values() for word in words(one.text)}
    assert len(NAMES) == len(set(NAMES)) >= 300
    asking = {word for person in INTERVIEWERS for word in words(person)}
    listed = set(words(" ".join(NAMES)))
    assert asking <= listed
    assert listed - asking - said == set()


def test_the_readme_says_what_this_is_and_what_it_does_not_prove() -> None:
    assert "**Alles is verzonnen.**" in README
    warning = README.split("**Cijfers over overeenstemming en verzadiging", 1)[1].split("\n\n", 1)[0]
    assert "Ze bewijzen niets:**" in warning
    assert "Haal ze dus niet aan." in warning
    recipe = load(SAMPLE / "study.yaml")
    assert "verzonnen" in recipe["notice"]
    assert "bewijzen niets" in recipe["notice"]
