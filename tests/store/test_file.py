"""Opening, writing and closing."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

import qualkit as qk
from qualkit.errors import StoreError
from qualkit.store.file import StudyFile


def test_opening_and_closing_changes_nothing(study):
    study.close()
    before = study.path.read_bytes()
    with qk.Study.open(study.path, coder="CD") as again:
        assert len(again.codings()) == 4
    with qk.Study.open(study.path, read_only=True) as again:
        again.codings()
    assert study.path.read_bytes() == before
    assert [one.name for one in study.path.parent.iterdir()] == [study.path.name]


def test_existing_file_is_not_overwritten(study):
    with pytest.raises(StoreError, match="klein.qualkit: is there already. Open it, or choose another name."):
        qk.Study.create(study.path, title="x", language="nl", coder="AB")


def test_missing_file_and_missing_folder(tmp_path):
    with pytest.raises(StoreError, match="weg.qualkit: there is no such file. Check the path"):
        qk.Study.open(tmp_path / "weg.qualkit")
    assert not (tmp_path / "weg.qualkit").exists()
    with pytest.raises(StoreError, match="is no folder. Make it first"):
        qk.Study.create(tmp_path / "geen" / "x.qualkit", title="x", language="nl", coder="AB")


@pytest.mark.parametrize("content", [b"", b"geen database", b"SQLite format 3\0" + b"\0" * 100])
def test_foreign_file_is_refused_in_words_and_left_alone(tmp_path, content):
    path = tmp_path / "ander.qualkit"
    path.write_bytes(content)
    with pytest.raises(
        StoreError, match=r"ander.qualkit: is not a qualkit study file. Choose a file that ends in .qualkit."
    ):
        qk.Study.open(path)
    assert path.read_bytes() == content


def test_newer_file_is_refused_in_words(study):
    study.close()
    db = sqlite3.connect(study.path)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(
        StoreError, match=r"was made by a newer qualkit \(file version 9; this one reads up to 1\)"
    ):
        qk.Study.open(study.path)


def test_failed_group_of_changes_leaves_nothing(study):
    before = study.content_hash
    events = len(list(study._file.events()))
    with pytest.raises(qk.QualkitError), study.atomic():
        study.add_memo("blijft niet", kind="field", document="P-1")
        study.add_coding("P-1", quote="Ja. Maanden zelfs.", code="B1")
        study.add_coding("P-1", quote="staat er niet", code="B1")
    assert study.content_hash == before
    assert len(list(study._file.events())) == events
    study.add_coding("P-1", quote="Ja. Maanden zelfs.", code="B1")
    assert study.verify().fault is None


def test_inner_failure_can_be_survived(study):
    with study.atomic():
        study.add_memo("eerste", kind="field", document="P-1")
        with pytest.raises(qk.QualkitError):
            study.add_coding("P-1", quote="staat er niet", code="B1")
        study.add_memo("tweede", kind="field", document="P-1")
    assert sorted(study.memos()["text"]) == ["eerste", "tweede"]
    assert study.verify().fault is None


def test_read_only_refuses_changes(study):
    study.close()
    with (
        qk.Study.open(study.path, coder="AB", read_only=True) as again,
        pytest.raises(StoreError, match="was opened for reading only"),
    ):
        again.add_memo("x", kind="field", document="P-1")


def test_change_without_a_coder_is_refused(study):
    study.close()
    with qk.Study.open(study.path) as again, pytest.raises(StoreError, match="nobody is named as coder"):
        again.add_memo("x", kind="field", document="P-1")


def test_each_session_has_its_own_chain_and_names_the_heads_it_saw(study):
    study.close()
    with qk.Study.open(study.path, coder="CD") as again:
        seen = again.heads
        again.add_memo("x", kind="field", document="P-1")
        assert len(again.heads) == 2
    file = StudyFile.open(study.path, read_only=True)
    opened = [event.data for event in file.events() if event.kind == "open"]
    file.close()
    assert opened[0]["heads"] == []
    assert opened[1]["heads"] == [list(one) for one in seen]


def _add(path: Path, coder: str, times: int) -> None:
    for turn in range(times):
        with qk.Study.open(path, coder=coder) as one:
            one.add_coding("P-2", start=16, end=20 + turn, code="B1")


def test_processes_that_write_at_once_lose_nothing(study):
    study.close()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_add, args=(study.path, f"C{n}", 5)) for n in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
        assert one.exitcode == 0
    with qk.Study.open(study.path, read_only=True) as again:
        counts = again.codings()["coder"].value_counts()
        assert {name: counts[name] for name in ("AB", "C0", "C1", "C2")} == {
            "AB": 4,
            "C0": 5,
            "C1": 5,
            "C2": 5,
        }
        assert again.verify().fault is None


def test_paths_with_spaces_and_diacritics(tmp_path):
    folder = tmp_path / "Mijn stúdie 100% #1"
    folder.mkdir()
    with qk.Study.create(folder / "één?.qualkit", title="x", language="en", coder="AB") as made:
        made.add_memo("x", kind="field")
        assert made.verify().fault is None
    with qk.Study.open(folder / "één?.qualkit", read_only=True) as again:
        assert again.title == "x"
