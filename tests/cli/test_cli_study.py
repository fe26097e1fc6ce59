"""``qualkit study``: what stands on stdout, what on stderr, the exit code, and the file afterwards."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

import qualkit as qk
from qualkit.cli.main import main
from qualkit.store.verify import verify_here

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def qualkit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``qualkit study`` in the folder of the study; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qualkit", "study", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def path(study: qk.Study) -> Path:
    """The small study, closed: klein.qualkit."""
    study.close()
    return study.path


def ids(path: Path) -> list[str]:
    with qk.Study.open(path, read_only=True) as study:
        return study.codings()["coding_id"].tolist()


def count(path: Path, rows: str) -> int:
    db = sqlite3.connect(path)
    try:
        return db.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]
    finally:
        db.close()


@pytest.fixture
def apart(path: Path) -> Path:
    """A copy in which CD worked on while AB changed the same coding; returns the copy."""
    with qk.Study.open(path, read_only=True) as study:
        copy = study.copy(path.with_name("CD.qualkit"))
    shared = ids(path)[0]
    with qk.Study.open(path, coder="AB") as study:
        study.change_coding(shared, code="A2")
    with qk.Study.open(copy, coder="CD") as study:
        study.change_coding(shared, code="B1")
        study.add_coding("P-3", quote="Niets te klagen", code="A1")
    return copy


# looking


@pytest.mark.parametrize(
    "words",
    [
        ["info"],
        ["verify"],
        ["history"],
        ["history", "--csv", "--document", "P-1", "--coder", "AB"],
        ["as-of", "2099-01-01"],
        ["copy", "handed.qualkit"],
        ["conflicts"],
        ["review", "--words"],
        ["erase", "--document", "P-1", "--coder", "AB", "--reason", "x"],
        ["verify", "--json"],
        ["history", "--json"],
    ],
)
def test_looking_leaves_the_file_as_it_was(qualkit, path, words):
    before = path.read_bytes()
    code, _, errors = qualkit(words[0], path.name, *words[1:])
    assert code == (1 if words[0] == "erase" else 0), errors
    assert path.read_bytes() == before
    left = {one.name for one in path.parent.iterdir()} - {"handed.qualkit"}
    assert left == {path.name}


def test_history(qualkit, path):
    with qk.Study.open(path, coder="CD") as study:
        study.remove_codings(ids(path)[:1], reason="dubbel")
        study.undo()
    code, out, errors = qualkit("history", path.name)
    lines = out.splitlines()
    assert (code, errors) == (0, "")
    assert re.fullmatch(r"when +who +what +why +undone", lines[0])
    at = datetime.fromisoformat(lines[1][:19]).astimezone()  # on the clock of whoever reads it
    assert abs((datetime.now().astimezone() - at).total_seconds()) < 600
    told = [line[21:] for line in lines[1:]]
    assert told[0] == "AB   titel en taal van de studie vastgelegd"
    assert "AB   interview P-1 toegevoegd" in told
    assert re.fullmatch(r"CD   codering teruggenomen +dubbel +yes", told[-2])
    assert told[-1] == "CD   ongedaan gemaakt: codering teruggenomen"


def test_history_of_one_document_or_coder(qualkit, path):
    with qk.Study.open(path, coder="CD") as study:
        study.add_coding("P-3", quote="Niets te klagen", code="A1")
    _, whole, _ = qualkit("history", path.name, "--json")
    _, out, _ = qualkit("history", path.name, "--json", "--coder", "CD")
    (act,) = json.loads(out)
    assert act in json.loads(whole)
    assert (act["coder"], act["kind"], act["what"], act["why"], act["rows"], act["undone"]) == (
        *("CD", "add_codings", "codering toegevoegd", ""),
        *(1, False),
    )
    assert re.fullmatch(r"[0-9a-f]{32}:\d+", act["act"]) and act["at"].endswith("Z")
    _, out, _ = qualkit("history", path.name, "--document", "P-2", "--csv")
    rows = list(csv.DictReader(StringIO(out)))
    assert [row["kind"] for row in rows] == ["add_document", "add_codings", "add_codings"]
    assert list(rows[0]) == ["act", "at", "coder", "kind", "what", "why", "rows", "undone"]
    assert qualkit("history", path.name, "--document", "P-9") == (
        1,
        "",
        'Error: document "P-9" is not known. Closest: "P-3", "P-2", "P-1".\n',
    )
    code, out, errors = qualkit("history", path.name, "--csv", "--json")
    assert (code, out) == (2, "") and "choose one of --csv and --json" in errors


def test_history_does_not_steer_the_terminal(qualkit, path):
    with qk.Study.open(path, coder="AB") as study:
        study.remove_codings(ids(path)[:1], reason="rood\x1b[31m\nnieuwe regel")
    _, out, _ = qualkit("history", path.name)
    assert out.endswith("rood [31m nieuwe regel\n")


def test_as_of(qualkit, path):
    with qk.Study.open(path, read_only=True) as study:
        moments = list(study.history()["at"])
    with qk.Study.open(path, coder="AB") as study:
        study.remove_codings(ids(path), reason="x")
    _, now, _ = qualkit("info", path.name, "--json")
    code, out, errors = qualkit("as-of", path.name, moments[-1], "--json")
    assert (code, errors) == (0, "")
    assert (json.loads(now)["codings"], json.loads(out)["codings"]) == (0, 4)
    assert list(json.loads(now)) == list(json.loads(out))
    _, out, _ = qualkit("as-of", path.name, moments[-1])
    assert "codings           4" in out.splitlines()
    code, out, errors = qualkit("as-of", path.name, "2001-01-01T00:00Z")
    assert (code, out) == (1, "")
    assert errors == (
        "Error: klein.qualkit: held nothing yet at 2001-01-01T00:00:00.000Z. Choose a later moment.\n"
    )
    assert qualkit("as-of", path.name, "gisteren")[0] == 1


def test_verify_names_the_file_once(qualkit, path):
    assert qualkit("verify", "weg.qualkit") == (
        1,
        "",
        "Error: weg.qualkit: there is no such file. Check the path, or make one with Study.create.\n",
    )
    db = sqlite3.connect(path)
    db.execute("UPDATE event SET at = 'x' WHERE seq = 4")
    db.commit()
    db.close()
    code, out, errors = qualkit("verify", path.name)
    assert (code, out) == (1, "")
    assert re.fullmatch(r"Error: klein\.qualkit: event 3 of session [0-9a-f]{32} \(row 4\): .+\n", errors)


def test_verify_tells_what_was_erased(qualkit, path):
    with qk.Study.open(path, coder="AB") as study:
        texts = study.erase(document="P-3", reason="x")
    assert qualkit("verify", path.name)[1].endswith(f", 0 conflicts, {texts} texts erased.\n")


# copying


def test_copy(qualkit, path):
    assert qualkit("copy", path.name, "handed.qualkit") == (0, "handed.qualkit\n", "")
    copy = path.with_name("handed.qualkit")
    assert verify_here(copy).whole
    assert sorted(one.name for one in path.parent.iterdir()) == ["handed.qualkit", "klein.qualkit"]
    with qk.Study.open(path, read_only=True) as study, qk.Study.open(copy, read_only=True) as other:
        assert other.heads == study.heads
        assert other.content_hash == study.content_hash
    before = copy.read_bytes()
    assert qualkit("copy", path.name, "handed.qualkit") == (
        1,
        "",
        "Error: handed.qualkit: is there already. Open it, or choose another name.\n",
    )
    assert copy.read_bytes() == before
    assert qualkit("copy", path.name, "geen/x.qualkit")[2].startswith("Error: geen: is no folder.")


def test_copy_while_somebody_writes_holds_what_was_done(path):
    with qk.Study.open(path, coder="CD") as writing:
        writing.add_coding("P-3", quote="Niets te klagen", code="A1")  # not yet back in one file
        with qk.Study.open(path, read_only=True) as study:
            copy = study.copy(path.with_name("handed.qualkit"))
        assert copy.read_bytes()[18:20] == b"\x01\x01"  # the copy wants no file beside it
        assert len(ids(copy)) == 5
    assert verify_here(copy).whole


def test_copy_of_a_change_under_way_or_of_the_past_is_refused(study, tmp_path):
    target = tmp_path / "handed.qualkit"
    with study.atomic(), pytest.raises(qk.QualkitError, match="only a study file as it stands can be copied"):
        study.copy(target)
    with (
        study.as_of("2099-01-01") as past,
        pytest.raises(qk.QualkitError, match="only a study file as it stands can be copied"),
    ):
        past.copy(target)
    assert not target.exists()


def test_copy_that_fails_leaves_nothing(study, tmp_path, monkeypatch):
    def full(self: Path, target: Path) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(qk.QualkitError, match=r"handed.qualkit: could not be written \(no room\)"):
        study.copy(tmp_path / "handed.qualkit")
    monkeypatch.undo()
    assert [one.name for one in tmp_path.iterdir() if "handed" in one.name] == []


# taking back


def test_undo_and_redo(qualkit, path):
    assert qualkit("undo", path.name, "--coder", "AB") == (0, "Undone: codering toegevoegd\n", "")
    assert len(ids(path)) == 3
    assert qualkit("redo", path.name, "--coder", "AB") == (0, "Done again: codering toegevoegd\n", "")
    assert len(ids(path)) == 4
    assert qualkit("redo", path.name, "--coder", "AB") == (1, "", "Error: AB: there is nothing to redo.\n")
    assert json.loads(qualkit("undo", path.name, "--coder", "AB", "--json")[1]) == {
        "undone": "codering toegevoegd"
    }
    assert json.loads(qualkit("redo", path.name, "--coder", "AB", "--json")[1]) == {
        "redone": "codering toegevoegd"
    }
    assert verify_here(path).whole


def test_undo_of_somebody_who_did_nothing_leaves_no_trace(qualkit, path):
    events = count(path, "event")
    assert qualkit("undo", path.name, "--coder", "ZZ") == (1, "", "Error: ZZ: there is nothing to undo.\n")
    assert count(path, "event") == events


# a corrected text


def corrected(path: Path, old: str, new: str) -> Path:
    with qk.Study.open(path, read_only=True) as study:
        text = study.document("P-1").text
    assert text.count(old) == 1
    file = path.with_name("P-1.txt")
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_revise_and_review(qualkit, path):
    file = corrected(path, "advies paste goed", "besluit paste goed")
    words = ("revise", path.name, "P-1", file.name, "--coder", "AB", "--reason", "verhoord")
    code, out, errors = qualkit(*words)
    assert (code, errors) == (0, "1 coding to look at: qualkit study review klein.qualkit\n")
    assert [line.split() for line in out.splitlines()] == [
        ["document", "revision", "kept", "moved", "changed", "lost"],
        ["P-1", "2", "0", "1", "1", "0"],
    ]
    code, out, errors = qualkit("review", path.name)
    assert (code, errors) == (0, "")
    (heading, line) = out.splitlines()
    assert heading.split() == ["coding", "document", "coder", "code", "words", "are"]
    assert line.split()[1:] == ["P-1", "AB", "A1", "changed"]
    assert "paste" not in out
    assert "paste" not in qualkit("review", path.name, "--json")[1]
    _, out, _ = qualkit("review", path.name, "--words")
    head, before, after = out.splitlines()
    assert re.fullmatch(r"P-1, A1 by AB: changed \([0-9a-f]{32}\)", head)
    assert before.startswith("  before: ") and "[Het advies paste goed.]" in before
    assert after.startswith("  after:  ") and "[Het besluit paste goed.]" in after
    (row,) = json.loads(qualkit("review", path.name, "--json", "--words")[1])
    assert before.endswith(row["before"]) and after.endswith(row["after"])
    last = ("--coder", "AB", "--reason", "verhoord")
    refused = qualkit("place", path.name, row["coding_id"], "--quote", "staat er niet", *last)
    assert (refused[0], refused[1]) == (1, "") and "do not occur" in refused[2]
    placed = qualkit("place", path.name, row["coding_id"], "--quote", "besluit paste goed", *last)
    assert placed == (0, "Placed; 0 codings left to review.\n", "")
    assert qualkit("review", path.name)[2] == "Nothing waits for a decision.\n"
    gone = qualkit("place", path.name, row["coding_id"], "--drop", *last, "--json")
    assert json.loads(gone[1]) == {"coding": row["coding_id"], "dropped": True, "left": 0}
    assert row["coding_id"] not in ids(path)
    assert qualkit(*words)[2] == (
        "Error: P-1: the new text is the same as the old one. Nothing was changed.\n"
    )


def test_revise_refused(qualkit, path):
    last = ("--coder", "AB", "--reason", "x")
    code, out, errors = qualkit("revise", path.name, "P-1", "weg.txt", *last)
    assert (code, out) == (1, "") and errors.startswith("Error: weg.txt: ")
    assert errors.count("\n") == 1
    file = corrected(path, "goed", "slecht")
    assert qualkit("revise", path.name, "P-9", file.name, *last)[2].startswith(
        'Error: document "P-9" is not known.'
    )
    code, out, _ = qualkit("revise", path.name, "P-1", file.name, *last, "--json")
    assert json.loads(out)["revision"] == 2


def test_nothing_to_review_or_decide(qualkit, path):
    assert qualkit("review", path.name) == (0, "", "Nothing waits for a decision.\n")
    assert qualkit("review", path.name, "--words", "--json") == (0, "[]\n", "")
    assert qualkit("conflicts", path.name) == (0, "", "Nothing waits for a decision.\n")
    assert qualkit("conflicts", path.name, "--json") == (0, "[]\n", "")


# together


def test_merge(qualkit, path, apart):
    shared = count(path, "event") - 2  # AB's session: its opening and the change
    new = count(apart, "event") - shared
    code, out, errors = qualkit("merge", path.name, apart.name, "--coder", "AB")
    assert (code, errors) == (0, "1 conflict to decide: qualkit study conflicts klein.qualkit\n")
    assert [re.split(r" {2,}", line) for line in out.splitlines()] == [
        ["copy", "in", "kept", "changed", "in conflict", "erased"],
        ["CD.qualkit", str(new), str(shared), "1", "1", "0"],
    ]
    assert len(ids(path)) == 5
    code, out, errors = qualkit("merge", path.name, apart.name, "--json")
    assert (code, errors) == (0, "")
    (again,) = json.loads(out)
    assert (again["copy"], again["events"], again["kept"], again["conflicts"]) == (
        *("CD.qualkit", 0, new + shared),
        0,
    )
    assert verify_here(path).whole


def test_merge_refused_merges_nothing(qualkit, path, apart, tmp_path, codebook):
    with qk.Study.create(tmp_path / "ander.qualkit", title="Ander", language="nl", coder="AB"):
        pass
    events = count(path, "event")
    assert qualkit("merge", path.name, apart.name, "ander.qualkit", "--coder", "AB") == (
        1,
        "",
        "Error: ander.qualkit: is another study, not a copy of klein.qualkit. Nothing is merged.\n",
    )
    assert count(path, "event") == events


@pytest.mark.parametrize(
    ("choice", "says", "code"),
    [("keep", "Kept what stands", "A2"), ("take", "Took what the other side wanted", "B1")],
)
def test_conflict_is_shown_and_decided(qualkit, path, apart, choice, says, code):
    shared = ids(path)[0]
    qualkit("merge", path.name, apart.name)
    (waiting,) = json.loads(qualkit("conflicts", path.name, "--json")[1])
    assert (waiting["reason"], waiting["thing"], waiting["field"]) == (
        *("changed on both sides", "coding"),
        "code",
    )
    heading, line = qualkit("conflicts", path.name)[1].splitlines()
    assert re.split(r" {2,}", heading) == ["conflict", "reason", "field", "in use", "wanted", "by"]
    assert re.split(r" {2,}", line) == [
        *(waiting[name] for name in ("conflict", "reason", "field", "in_use", "wanted", "coder"))
    ]
    with qk.Study.open(path, read_only=True) as study:
        in_use = study.codings().set_index("coding_id")["code_id"][shared]
    last = ("--coder", "EF", "--reason", "besproken")
    assert qualkit("decide", path.name, waiting["conflict"], choice, *last) == (
        0,
        f"{says}; 0 conflicts left.\n",
        "",
    )
    with qk.Study.open(path, read_only=True) as study:
        decided = study.codings().set_index("coding_id")["code_id"][shared]
        act = study.history().iloc[-1]
    wanted = ({"A2", "B1"} - {in_use}).pop()
    assert decided == (in_use if choice == "keep" else wanted)
    assert (act["coder"], act["kind"], act["why"]) == ("EF", "decide_conflict", "besproken")
    assert qualkit("decide", path.name, waiting["conflict"], choice, *last)[:2] == (1, "")
    assert qualkit("conflicts", path.name, "--json")[1] == "[]\n"


def test_decide_as_json(qualkit, path, apart):
    qualkit("merge", path.name, apart.name)
    (waiting,) = json.loads(qualkit("conflicts", path.name, "--json")[1])
    words = ("decide", path.name, waiting["conflict"], "keep", "--coder", "AB", "--reason", "x", "--json")
    assert json.loads(qualkit(*words)[1]) == {"conflict": waiting["conflict"], "choice": "keep", "left": 0}


# erasing


def test_erase_asks_for_yes_and_counts(qualkit, path):
    with qk.Study.open(path, coder="AB") as study:
        study.add_memo("Twijfel.", kind="field", document="P-1")
    words = ("erase", path.name, "--participant", "P-1", "--coder", "AB", "--reason", "ingetrokken")
    before, texts = path.read_bytes(), count(path, "text")
    code, out, errors = qualkit(*words)
    assert (code, errors) == (
        1,
        "Error: nothing was erased. Say --yes to erase the words counted here; there is no way back.\n",
    )
    assert [line.split() for line in out.splitlines()] == [
        ["texts", "transcripts", "originals", "attributes", "memos", "codings"],
        # the participant, its three values, name, file, text and two speakers of the document, the memo
        ["10", "1", "1", "3", "1", "2"],
    ]
    assert path.read_bytes() == before
    code, out, errors = qualkit(*words, "--yes", "--json")
    assert (code, errors) == (
        0,
        "Other copies of this study still hold these words. Delete them, or merge this study into them: "
        "they go there too.\n",
    )
    assert json.loads(out) == {
        **{"erased": True, "texts": 10, "transcripts": 1, "originals": 1},
        **{"attributes": 3, "memos": 1, "codings": 2},
    }
    assert count(path, "text") == texts - 10 + 1  # the reason
    assert b"advies paste" not in path.read_bytes()
    assert verify_here(path).whole


def test_erase_one_older_text(qualkit, path):
    qualkit(
        "revise", path.name, "P-1", corrected(path, "goed", "slecht").name, "--coder", "AB", "--reason", "x"
    )
    words = ("erase", path.name, "--coder", "AB", "--reason", "x", "--yes", "--revision")
    assert qualkit(*words, "P-1:2")[2].startswith("Error: P-1: revision 2 is the text in use.")
    assert qualkit(*words, "P-1:7")[2].startswith('Error: revision "7" is not known.')
    code, _, _ = qualkit(*words, "P-1:1")
    assert code == 0
    assert b"paste goed" not in path.read_bytes() and b"paste slecht" in path.read_bytes()
    assert verify_here(path).whole


def test_merge_names_a_copy_that_still_holds_erased_words(qualkit, path, apart):
    qualkit("erase", path.name, "--document", "P-2", "--coder", "AB", "--reason", "x", "--yes")
    _, out, errors = qualkit("merge", path.name, apart.name)
    held = int(out.splitlines()[1].split()[-1])
    assert held > 1
    assert errors.startswith(
        f"CD.qualkit still holds {held} erased texts. Delete it, or merge this study into it: they go there too.\n"
    )
    assert b"wachtten lang" in apart.read_bytes() and b"wachtten lang" not in path.read_bytes()
    # what it says is so
    qualkit("merge", apart.name, path.name)
    assert b"wachtten lang" not in apart.read_bytes()
    assert verify_here(apart).whole


# misuse


@pytest.mark.parametrize(
    "words",
    [
        ["undo", "klein.qualkit"],
        ["redo", "klein.qualkit"],
        ["merge", "klein.qualkit"],
        ["decide", "klein.qualkit", "x", "both", "--coder", "AB", "--reason", "x"],
        ["decide", "klein.qualkit", "x", "keep", "--coder", "AB"],
        ["revise", "klein.qualkit", "P-1", "P-1.txt", "--coder", "AB"],
        ["erase", "klein.qualkit", "--coder", "AB", "--reason", "x", "--yes"],
        ["erase", "klein.qualkit", "--document", "P-1", "--reason", "x", "--yes"],
        ["erase", "klein.qualkit", "--document", "P-1", "--coder", "AB", "--yes"],
        [
            *("erase", "klein.qualkit", "--document", "P-1", "--participant", "P-1"),
            *("--coder", "AB", "--reason", "x", "--yes"),
        ],
        ["erase", "klein.qualkit", "--revision", "P-1", "--coder", "AB", "--reason", "x", "--yes"],
        ["erase", "klein.qualkit", "--revision", "P-1:een", "--coder", "AB", "--reason", "x", "--yes"],
        ["as-of", "klein.qualkit"],
        ["copy", "klein.qualkit"],
    ],
)
def test_misuse(qualkit, path, words):
    before = path.read_bytes()
    code, out, errors = qualkit(*words)
    assert (code, out) == (2, "")
    assert errors.startswith("Usage: ") and "Error: " in errors
    assert path.read_bytes() == before
