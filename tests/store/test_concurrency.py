"""Several programs at one study: nobody's work is lost, nobody waits without end, and who waits knows for whom."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import qualkit as qk
from qualkit.errors import StoreError
from qualkit.store import file as store
from qualkit.store import guard
from qualkit.store.verify import verify_here

SPAWN = multiprocessing.get_context("spawn")
# holds the file as a writer does, until its standard input is closed
HOLDER = """
import sys, qualkit as qk
with qk.Study.open(sys.argv[1], coder=sys.argv[2]) as study:
    with study.atomic():
        study.add_memo("half", kind="field")
        print("ready", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.2)


@contextmanager
def holder(path: Path, coder: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the middle of a change."""
    command = [sys.executable, "-c", HOLDER, str(path), coder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            release(process)


def release(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(60)


def note(path: Path) -> Path:
    return path.with_name(f".{path.name}.writer")


def test_second_writer_waits_a_bounded_time_and_is_told_for_whom(study, short_wait):
    study.close()
    with holder(study.path, "Anna") as process, qk.Study.open(study.path, coder="CD") as second:
        for _ in range(2):  # who waited in vain takes nothing away from who writes
            began = time.monotonic()
            with pytest.raises(StoreError) as refused:
                second.add_memo("x", kind="field")
            assert 0.1 < time.monotonic() - began < 5
            assert str(refused.value) == (
                f"klein.qualkit: another program (Anna, process {process.pid} on {socket.gethostname()}) is writing "
                "to this study and did not finish within 0 seconds. Wait for it or close it, then try again."
            )
        release(process)
        second.add_memo("x", kind="field")
        assert sorted(second.memos()["text"]) == ["half", "x"]
    assert [one.name for one in study.path.parent.iterdir()] == [study.path.name]


def test_second_writer_goes_on_as_soon_as_the_first_is_done(study):
    study.close()
    with holder(study.path, "Anna") as process, qk.Study.open(study.path, coder="CD") as second:
        assert process.stdin is not None
        process.stdin.close()
        second.add_memo("x", kind="field")
        assert sorted(second.memos()["text"]) == ["half", "x"]


def test_readers_do_not_wait_for_a_writer_nor_see_half_a_change(study, short_wait):
    study.close()
    with holder(study.path, "Anna"):
        began = time.monotonic()
        with qk.Study.open(study.path, read_only=True) as reader:
            assert len(reader.codings()) == 4
            assert len(reader.memos()) == 0
            assert reader.as_of("2999-01-01").title == "Kleine studie"
        assert verify_here(study.path).fault is None
        assert time.monotonic() - began < 5
    with qk.Study.open(study.path, read_only=True) as reader:
        assert list(reader.memos()["text"]) == ["half"]


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_the_note_of_a_killed_writer_blocks_nobody(study):
    study.close()
    with holder(study.path, "Anna") as process:
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert json.loads(note(study.path).read_text())["coder"] == "Anna"
    with qk.Study.open(study.path, coder="CD") as second:
        assert len(second.memos()) == 0
        second.add_memo("x", kind="field")
    assert [one.name for one in study.path.parent.iterdir()] == [study.path.name]
    assert verify_here(study.path).fault is None


@pytest.mark.skipif(os.name != "posix", reason="asks whether a process is running")
@pytest.mark.parametrize("stale", ["", "not JSON", "[]", '{"coder": "Anna"}', "killed"])
def test_a_note_that_is_stale_or_unreadable_is_not_believed(study, short_wait, stale):
    study.close()
    if stale == "killed":
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        stale = json.dumps({"pid": ended.pid, "host": socket.gethostname(), "coder": "Anna"})
    note(study.path).write_text(stale)
    with (
        closing(sqlite3.connect(study.path, isolation_level=None)) as other,
        qk.Study.open(study.path, coder="CD") as second,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            StoreError, match=r"klein.qualkit: another program is writing to this study and did not"
        ):
            second.add_memo("x", kind="field")
        other.execute("ROLLBACK")
        second.add_memo("x", kind="field")
    assert not note(study.path).exists()


def test_a_folder_that_refuses_the_note_does_not_stop_the_work(study):
    note(study.path).mkdir()
    study.add_memo("x", kind="field")
    assert len(study.memos()) == 1


def _add(path: Path, coder: str, times: int) -> None:
    with qk.Study.open(path, coder=coder) as one:
        for turn in range(times):
            if turn % 5 == 0:  # some work in one session, some in sessions of their own
                with qk.Study.open(path, coder=coder) as other:
                    other.add_coding("P-1", start=20, end=21 + turn, code="B1")
            else:
                one.add_coding("P-1", start=20, end=21 + turn, code="B1")


def together(path: Path, processes: int, times: int) -> None:
    workers = [SPAWN.Process(target=_add, args=(path, f"C{n}", times)) for n in range(processes)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(300)
        assert one.exitcode == 0
    with qk.Study.open(path, read_only=True) as study:
        counts = study.codings()["coder"].value_counts()
        assert {str(name): int(n) for name, n in counts.items()} == {"AB": 4} | {
            f"C{n}": times for n in range(processes)
        }
        assert study.codings()["coding_id"].is_unique
    assert verify_here(path).fault is None
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_three_processes_lose_nothing_and_double_nothing(study):
    study.close()
    together(study.path, 3, 5)


@pytest.mark.slow
def test_eight_processes_lose_nothing_and_double_nothing(study):
    study.close()
    together(study.path, 8, 45)


def test_the_last_to_close_leaves_one_file_even_when_it_only_read(study):
    with qk.Study.open(study.path, read_only=True) as reader:
        reader.codings()
        study.add_memo("x", kind="field")
        study.close()
        assert len(reader.memos()) == 1
    assert [one.name for one in study.path.parent.iterdir()] == [study.path.name]
    # the file alone can be mailed, and read where nothing can be written beside it
    away = study.path.with_name("weg")
    away.mkdir()
    shutil.move(study.path, away)
    with closing(sqlite3.connect(f"{(away / study.path.name).as_uri()}?immutable=1", uri=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("SELECT count(*) FROM memo").fetchone() == (1,)


def test_the_last_to_close_leaves_one_file_even_when_it_changed_nothing(study):
    with qk.Study.open(study.path, coder="CD") as idle:
        idle.codings()
        study.add_memo("x", kind="field")
        study.close()
    assert [one.name for one in study.path.parent.iterdir()] == [study.path.name]
    with closing(sqlite3.connect(study.path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_two_opens_in_one_process_see_each_others_work(study):
    with qk.Study.open(study.path, coder="CD") as second:
        second.add_memo("van CD", kind="field")
        study.add_memo("van AB", kind="field")
        assert sorted(study.memos()["text"]) == sorted(second.memos()["text"]) == ["van AB", "van CD"]
        assert study.content_hash == second.content_hash
        second.add_coding("P-3", quote="Niets te klagen", code="A1")
        assert len(study.codings()) == 5
    study.add_memo("nog een", kind="field")
    assert study.verify().fault is None


def test_two_opens_in_one_process_wait_for_each_other_too(study, short_wait):
    with qk.Study.open(study.path, coder="CD") as second, study.atomic():
        study.add_memo("x", kind="field")
        assert len(second.memos()) == 0
        with pytest.raises(StoreError, match=rf"\(AB, process {os.getpid()} on "):
            second.add_memo("y", kind="field")


def test_verify_looks_at_one_moment_while_others_write(study, monkeypatch):
    plain = verify_here.__globals__["chain_faults"]

    def meanwhile(db: sqlite3.Connection) -> Iterator[str]:
        yield from plain(db)
        study.add_coding("P-3", quote="Niets te klagen", code="A1")

    monkeypatch.setitem(verify_here.__globals__, "chain_faults", meanwhile)
    found = verify_here(study.path)
    assert (found.fault, found.codings) == (None, 4)
    assert len(study.codings()) == 5


def test_after_an_erasure_readers_still_do_not_wait(study, short_wait):
    study.erase(document="P-3", reason="proef")
    with study.atomic():
        study.add_memo("x", kind="field")
        with qk.Study.open(study.path, read_only=True) as reader:
            assert len(reader.memos()) == 0


def test_two_that_make_one_study_at_once(tmp_path, monkeypatch):
    path = tmp_path / "x.qualkit"
    plain = guard.schema_of
    made = []

    def slow(db: sqlite3.Connection) -> list[str]:
        if not made:  # the other one tries while this one is in the middle
            made.append(1)
            monkeypatch.setattr(store, "WAIT_SECONDS", 0.2)
            with pytest.raises(StoreError):
                qk.Study.create(path, title="tweede", language="nl", coder="CD")
        return plain(db)

    monkeypatch.setattr(guard, "schema_of", slow)
    with qk.Study.create(path, title="eerste", language="nl", coder="AB") as study:
        assert study.title == "eerste"
        assert study.verify().fault is None
    with pytest.raises(StoreError, match="x.qualkit: is there already. Open it, or choose another name."):
        qk.Study.create(path, title="derde", language="nl", coder="EF")


def test_a_full_disk_is_told_and_the_change_is_not_kept(study):
    pages = study._file.query("PRAGMA page_count")[0][0]
    study._file.query(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(
        StoreError, match=r"klein.qualkit: could not be written \(database or disk is full\), so nothing"
    ):
        study.add_memo("veel te lang " * 10_000, kind="field")
    study._file.query("PRAGMA max_page_count = 1000000")
    study.add_memo("kort", kind="field")
    assert list(study.memos()["text"]) == ["kort"]
    assert study.verify().fault is None


def test_in_a_synced_folder_it_warns_and_makes_no_wal(tmp_path, codebook):
    folder = tmp_path / "OneDrive - Instituut"
    folder.mkdir()
    path = folder / "klein.qualkit"
    with qk.Study.create(path, title="x", language="nl", coder="AB") as study:
        with pytest.warns(UserWarning) as told:
            study.adopt(codebook)
            study.add_memo("x", kind="field")
        assert [str(one.message) for one in told] == [
            "klein.qualkit lies on a network share or in a folder that is kept in step with a server. Work on a copy "
            "on this computer and bring the two together with qualkit study merge."
        ]
        assert [one.name for one in folder.iterdir()] == [path.name]
        assert study._file.query("PRAGMA journal_mode") == [("delete",)]
    # a file that was left in the other journal, by a crash elsewhere, is brought out of it
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    with qk.Study.open(path, coder="AB") as study, pytest.warns(UserWarning):
        study.add_memo("y", kind="field")
        assert not (folder / "klein.qualkit-wal").exists()


@pytest.mark.parametrize(
    ("path", "synced"),
    [
        ("/home/a/OneDrive/x.qualkit", True),
        ("/home/a/Dropbox/x.qualkit", True),
        ("/home/a/SURFdrive/x.qualkit", True),
        ("/Users/a/Library/Mobile Documents/x.qualkit", True),
        ("/mnt/team share/x.qualkit", True),
        ("/mnt/team share/local/x.qualkit", False),
        ("/home/a/studies/x.qualkit", False),
    ],
)
def test_which_folders_are_kept_in_step(tmp_path, monkeypatch, path, synced):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\n//nas/team /mnt/team\\040share cifs rw 0 0\n"
        "/dev/sdb /mnt/team\\040share/local ext4 rw 0 0\n"
    )
    monkeypatch.setattr(guard, "_MOUNTS", mounts)
    assert guard.is_synced(Path(path)) is synced
