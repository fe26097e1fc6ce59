"""What is not a study file of ours is refused in words; what an older qualkit made is brought up to date."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import qualkit as qk
from qualkit.errors import StoreError
from qualkit.store import fold, guard
from qualkit.store.verify import verify_here

NOT_OURS = "klein.qualkit: is not a qualkit study file. Choose a file that ends in .qualkit."
OTHER_TABLES = (
    "klein.qualkit: its tables are not those of a qualkit study, so it is not opened. "
    "Ask for a fresh copy from where it came."
)


@pytest.fixture
def path(study: qk.Study) -> Path:
    study.close()
    return study.path


def behind_its_back(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def refusal(path: Path, **how: bool) -> str:
    """Return the words with which a file is refused, after making sure that it was left as it is."""
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError) as refused:
        qk.Study.open(path, **how)  # type: ignore[arg-type]
    assert not path.is_file() or path.read_bytes() == before
    return str(refused.value)


HOW = pytest.mark.parametrize(
    "how", [{}, {"read_only": True}, {"untrusted": True}], ids=["rw", "ro", "untrusted"]
)


@HOW
def test_newer_file(path, how):
    behind_its_back(path, "PRAGMA user_version = 7")
    assert refusal(path, **how) == (
        "klein.qualkit: was made by a newer qualkit (file version 7; this one reads up to 1). "
        "Install the newest qualkit and open it again."
    )


@HOW
@pytest.mark.parametrize("version", [0, -3])
def test_file_of_a_version_that_never_was(path, version, how):
    behind_its_back(path, f"PRAGMA user_version = {version}")
    assert refusal(path, **how) == OTHER_TABLES


@HOW
def test_database_of_another_program(path, how):
    behind_its_back(path, "PRAGMA application_id = 1")
    assert refusal(path, **how) == NOT_OURS


@HOW
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"geen database",
        b"SQLite format 3\0" + b"\0" * 4080,
        b"SQLite format 3\0" + bytes(range(256)) * 64,
    ],
    ids=["empty", "text", "zeros", "noise"],
)
def test_something_that_is_no_database(tmp_path, content, how):
    path = tmp_path / "klein.qualkit"
    path.write_bytes(content)
    assert refusal(path, **how) == NOT_OURS


@HOW
def test_truncated_file(path, how):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    told = refusal(path, **how)
    assert told == (
        "klein.qualkit: is damaged (database disk image is malformed). Ask for a fresh copy from where it came."
    )


def test_damaged_pages_of_an_untrusted_file(path):
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    for place in range(page * 5, page * 9):
        content[place] ^= 0x5A
    path.write_bytes(content)
    told = refusal(path, untrusted=True)
    assert told.startswith("klein.qualkit: is damaged (")
    assert told.endswith("). Ask for a fresh copy from where it came.")


def test_folder_and_missing_file(tmp_path):
    folder = tmp_path / "map.qualkit"
    folder.mkdir()
    assert refusal(folder) == "map.qualkit: is a folder. Name the study file in it, which ends in .qualkit."
    assert refusal(tmp_path / "weg.qualkit") == (
        "weg.qualkit: there is no such file. Check the path, or make one with Study.create."
    )
    with pytest.raises(StoreError, match="map.qualkit: is there already"):
        qk.Study.create(folder, title="x", language="nl", coder="AB")


def test_making_does_not_replace_what_is_there(tmp_path):
    for name, content in (("a.qualkit", b"tekst"), ("b.qualkit", b"SQLite format 3\0")):
        path = tmp_path / name
        path.write_bytes(content)
        for _ in range(2):
            with pytest.raises(
                StoreError, match=f"{name}: is there already. Open it, or choose another name."
            ):
                qk.Study.create(path, title="x", language="nl", coder="AB")
            assert path.read_bytes() == content
            path.with_name(f"{name}-journal").write_bytes(b"")  # nor with a journal beside it


def test_making_that_was_stopped_can_be_done_again(tmp_path):
    path = tmp_path / "x.qualkit"
    path.write_bytes(b"")
    with qk.Study.create(path, title="x", language="nl", coder="AB") as study:
        assert study.verify().fault is None


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
@pytest.mark.parametrize("at", ["INSERT INTO event", "INSERT INTO text", "COMMIT", "PRAGMA journal_mode"])
def test_making_is_killed(tmp_path, at):
    program = f"""
import os, signal, sqlite3, sys
class Watched(sqlite3.Connection):
    def execute(self, sql, *rest):
        if sql.startswith({at!r}):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *rest)
plain = sqlite3.connect
sqlite3.connect = lambda *args, **kwargs: plain(*args, factory=Watched, **kwargs)
import qualkit as qk
with qk.Study.create(sys.argv[1], title="x", language="nl", coder="AB") as study:
    study.add_memo("x", kind="field")
"""
    path = tmp_path / "x.qualkit"
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    if at == "PRAGMA journal_mode":  # it was made; the memo was not
        with qk.Study.open(path, read_only=True) as study:
            assert study.title == "x"
    else:
        with qk.Study.create(path, title="y", language="nl", coder="AB") as study:
            assert study.title == "y"
    assert verify_here(path).fault is None


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON coding BEGIN DELETE FROM memo; END",
        # LIKE takes _ for any character: this one once passed for a table of SQLite's own
        "CREATE TRIGGER sqlitex AFTER INSERT ON coding BEGIN DELETE FROM memo; END",
        "CREATE TRIGGER SQLite1stat AFTER INSERT ON coding BEGIN DELETE FROM memo; END",
        "CREATE VIEW v AS SELECT * FROM memo",
        "CREATE INDEX i ON memo (kind)",
        "CREATE TABLE extra (a)",
        "CREATE VIRTUAL TABLE extra USING fts5(a)",
        "ALTER TABLE memo ADD COLUMN extra TEXT",
        "DROP INDEX coding_by_place",
    ],
)
@HOW
def test_other_tables_triggers_views_and_indexes(path, statement, how):
    behind_its_back(path, statement)
    assert refusal(path, **how) == OTHER_TABLES


def test_trigger_that_calls_itself_a_table_of_sqlite(path):
    behind_its_back(
        path,
        "CREATE TRIGGER t AFTER INSERT ON coding BEGIN DELETE FROM memo; END",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET name = 'sqlite_stat1' WHERE name = 't'",
    )
    assert refusal(path).startswith(
        ("klein.qualkit: its tables are not", "klein.qualkit: is damaged (malformed")
    )


def test_name_with_a_space_that_is_none_to_sqlite(path):
    behind_its_back(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'kind        TEXT', 'kind\u00a0TEXT ANY') WHERE name = 'memo'",
    )
    assert "klein.qualkit: " in refusal(path)


def test_statistics_that_another_program_made_are_no_harm(path):
    behind_its_back(path, "ANALYZE")
    assert verify_here(path).fault is None
    qk.Study.open(path, untrusted=True).close()


def test_untrusted_file_that_is_too_large(path, monkeypatch):
    monkeypatch.setattr(guard, "LARGEST_FILE", 1000)
    assert refusal(path, untrusted=True) == "klein.qualkit: is larger than 1,000 bytes, so it is not opened."
    qk.Study.open(path).close()


def test_untrusted_file_with_a_value_that_is_too_large(path, monkeypatch):
    with qk.Study.open(path, coder="AB") as study:
        study.add_memo("x" * 50_000, kind="field")
    monkeypatch.setattr(guard, "LARGEST_VALUE", 20_000)
    with (
        qk.Study.open(path, untrusted=True, read_only=True) as study,
        pytest.raises(sqlite3.DataError, match="too big"),
    ):
        study._file.query("SELECT body FROM text")
    with qk.Study.open(path, read_only=True) as study:
        assert len(study.memos()) == 1


def test_functions_of_ours_are_never_run_by_a_schema(path):
    with qk.Study.open(path, untrusted=True) as study:
        assert study._file.query("PRAGMA trusted_schema") == [(0,)]
        assert study._file.query("PRAGMA foreign_keys") == [(1,)]


def test_paths_with_signs_that_mean_something_in_an_address(path, tmp_path):
    for name in ("a?mode=memory", "b#c", "d %41 e", "f&g=h", "één 😀", "'; --"):
        other = tmp_path / name / f"{name}.qualkit"
        other.parent.mkdir()
        shutil.copyfile(path, other)
        with qk.Study.open(other, coder="AB") as study:
            study.add_memo("x", kind="field")
            study.erase(document="P-3", reason="proef")
            assert study.as_of("2999-01-01").title == "Kleine studie"
        assert verify_here(other).fault is None
        assert [one.name for one in other.parent.iterdir()] == [other.name]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="an administrator may write everywhere")
def test_file_that_may_only_be_read(path):
    path.chmod(0o444)
    with qk.Study.open(path, coder="AB") as study:
        assert len(study.codings()) == 4
        with pytest.raises(
            StoreError, match=r"klein.qualkit: may not be written \(.*\). Put it where you may write"
        ):
            study.add_memo("x", kind="field")
    path.chmod(0o000)
    with pytest.raises(StoreError, match=r"klein.qualkit: cannot be read \(.*\). Check that you may read it"):
        qk.Study.open(path)
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            sqlite3.SQLITE_READONLY,
            "klein.qualkit: may not be written (x). Put it where you may write, or open it with",
        ),
        (
            sqlite3.SQLITE_FULL,
            "klein.qualkit: could not be written (x), so nothing of this change was kept. Make room",
        ),
        (
            sqlite3.SQLITE_IOERR | 3 << 8,
            "klein.qualkit: could not be written (x), so nothing of this change was kept.",
        ),
        (
            sqlite3.SQLITE_BUSY,
            "klein.qualkit: another program reads this study and did not let go in time, so nothing",
        ),
        (sqlite3.SQLITE_CORRUPT, "klein.qualkit: is damaged (x). Ask for a fresh copy from where it came."),
    ],
)
def test_what_is_told_when_sqlite_will_not_write(code, words):
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    assert str(guard.not_written(Path("klein.qualkit"), error)).startswith(words)


def test_a_fault_of_ours_is_not_told_as_one_of_the_file(study):
    with pytest.raises(sqlite3.OperationalError, match="no such table"), study.atomic():
        study._file.query("SELECT * FROM nergens")


def test_a_file_that_another_program_keeps_locked(path, monkeypatch):
    monkeypatch.setattr("qualkit.store.file.WAIT_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError) as refused:
            qk.Study.open(path)
        assert str(refused.value) == (
            "klein.qualkit: another program keeps it locked. Close it there, then try again."
        )


# migrations

EXTRA = "CREATE TABLE extra (\n    id TEXT PRIMARY KEY\n) STRICT;\n"
MORE = "CREATE TABLE more (\n    id TEXT PRIMARY KEY\n) STRICT;\n"
Step = Callable[[sqlite3.Connection], None]


def makes(sql: str) -> Step:
    def step(db: sqlite3.Connection) -> None:
        db.execute(sql)
        db.execute("INSERT INTO extra VALUES ((SELECT count(*) FROM extra))")

    return step


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make today's qualkit one of a later version."""

    def register(*made: tuple[str, Step], schema: str) -> None:
        monkeypatch.setattr(guard, "VERSION", 1 + len(made))
        monkeypatch.setattr(guard, "MIGRATIONS", dict(enumerate(made, start=1)))
        monkeypatch.setattr(guard, "SCHEMA", f"{fold.SCHEMA}\n{schema}")

    return register


def held(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def test_steps_are_taken_in_order_and_a_copy_is_kept(path, steps):
    before = path.read_bytes()
    steps(("eerste", makes(EXTRA)), ("tweede", makes(MORE)), schema=EXTRA + MORE)
    with qk.Study.open(path, coder="AB") as study:
        assert len(study.codings()) == 4
        study.add_memo("x", kind="field")
    assert held(path, "PRAGMA user_version") == [(3,)]
    assert held(path, "SELECT id FROM extra ORDER BY id") == [("0",), ("1",)]
    assert verify_here(path).fault is None
    copy = path.with_name("klein.qualkit.bak")
    assert held(copy, "PRAGMA user_version") == [(1,)]
    assert held(copy, "SELECT count(*) FROM coding") == [(4,)]
    assert path.read_bytes() != before
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name, copy.name]


def test_read_only_open_of_an_older_file_says_what_to_do(path, steps):
    steps(("eerste", makes(EXTRA)), schema=EXTRA)
    assert refusal(path, read_only=True) == (
        "klein.qualkit: was made by an older qualkit. Open it once for writing to bring it up to date; "
        "a copy is kept beside it."
    )
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert verify_here(path).fault is not None


def fails(db: sqlite3.Connection) -> None:
    db.execute(EXTRA)
    db.execute("DELETE FROM memo")
    db.execute("INSERT INTO nergens VALUES (1)")


def test_step_that_fails_leaves_the_file_as_it_was(path, steps):
    steps(("mislukt", fails), schema=EXTRA)
    assert refusal(path) == (
        "klein.qualkit: could not be brought to version 2 (mislukt). It is as it was; a copy stands beside it as "
        "klein.qualkit.bak."
    )
    assert held(path, "PRAGMA user_version") == [(1,)]


def test_second_step_that_fails_keeps_the_first(path, steps):
    steps(("eerste", makes(EXTRA)), ("mislukt", fails), schema=EXTRA + MORE)
    with pytest.raises(StoreError, match=r"could not be brought to version 3 \(mislukt\)"):
        qk.Study.open(path)
    assert held(path, "PRAGMA user_version") == [(2,)]
    # with the mended step it goes on from there
    steps(("eerste", fails), ("tweede", makes(MORE)), schema=EXTRA + MORE)
    qk.Study.open(path).close()
    assert verify_here(path).fault is None


def test_step_that_leads_to_other_tables_is_taken_back(path, steps):
    steps(("verkeerd", makes(EXTRA)), schema=MORE)
    assert "could not be brought to version 2 (verkeerd)" in refusal(path)
    # as does an older file that has a trigger
    behind_its_back(path, "CREATE TRIGGER t AFTER INSERT ON coding BEGIN DELETE FROM memo; END")
    steps(("goed", makes(EXTRA)), schema=EXTRA)
    assert "could not be brought to version 2 (goed)" in refusal(path)


def test_stop_by_hand_is_no_failure(path, steps):
    def stopped(db: sqlite3.Connection) -> None:
        db.execute(EXTRA)
        raise KeyboardInterrupt

    steps(("eerste", stopped), schema=EXTRA)
    with pytest.raises(KeyboardInterrupt):
        qk.Study.open(path)
    assert held(path, "PRAGMA user_version") == [(1,)]
    assert held(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == [(0,)]


def test_two_programs_that_open_an_older_file_at_once(path, steps, monkeypatch):
    steps(("eerste", makes(EXTRA)), schema=EXTRA)
    replace = Path.replace

    def meanwhile(self: Path, target: Path) -> Path:
        done = replace(self, target)
        monkeypatch.setattr(Path, "replace", replace)
        qk.Study.open(path).close()  # the other one is first
        return done

    monkeypatch.setattr(Path, "replace", meanwhile)
    qk.Study.open(path).close()
    assert held(path, "SELECT id FROM extra") == [("0",)]


def test_copy_that_cannot_be_made_stops_the_migration(path, steps):
    steps(("eerste", makes(EXTRA)), schema=EXTRA)
    path.with_name("klein.qualkit.bak").mkdir()
    told = refusal(path)
    assert told.startswith(
        "klein.qualkit: must be brought to version 2, and a copy cannot be put beside it ("
    )
    assert held(path, "PRAGMA user_version") == [(1,)]


def test_half_a_copy_from_a_stop_before_is_no_hindrance(path, steps):
    steps(("eerste", makes(EXTRA)), schema=EXTRA)
    path.with_name("klein.qualkit.bak.part").write_bytes(b"half")
    path.with_name("klein.qualkit.bak").write_bytes(b"ouder")
    qk.Study.open(path).close()
    assert held(path.with_name("klein.qualkit.bak"), "SELECT count(*) FROM coding") == [(4,)]
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name, "klein.qualkit.bak"]
