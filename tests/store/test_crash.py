"""A process that is killed at any moment leaves a file that opens, is whole, and holds what was acknowledged.

A child does a program of acts and notes each one after it returned; it is killed by its parent after a random
delay, or kills itself at a named point. *Inside* is meant literally: the largest size that files may have is set
so that the operating system kills the child in the middle of a write of that COMMIT, VACUUM or checkpoint.
"""

from __future__ import annotations

import json
import mmap
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from small import DOCUMENTS, PARTICIPANTS, transcript

import qualkit as qk
from qualkit.codebook import codebook_from_rows
from qualkit.model import NewCoding
from qualkit.store import fold, guard
from qualkit.store.verify import verify_here

resource = pytest.importorskip("resource", reason="limits on files, and SIGKILL, are those of POSIX")

LONG = transcript("P-9", ("I", "Vertel."), ("R", "lang verhaal " * 2000))
SECRET = "Geheimzinnigheid"
ERASED = transcript("P-8", ("I", "En?"), (SECRET, f"{SECRET} blijft onder ons. " * 300))
EXTRA = "\nCREATE TABLE extra (\n    id TEXT PRIMARY KEY\n) STRICT;\n"


# the child


class Plan:
    """Where the child is, told to its parent in shared memory, and where it has to die.

    Parameters
    ----------
    where : Path
        File in which it tells.
    point : (how, name, n) or None
        Die *before*, *inside* or *after* the nth time that `name` happens; None leaves it to the parent.
    rng : random.Random
        Decides how far a write comes that is cut off.
    """

    def __init__(self, where: Path, point: tuple[str, str, int] | None, rng: random.Random) -> None:
        with where.open("r+b") as file:
            self._told = mmap.mmap(file.fileno(), 64)
        self.point = point
        self.rng = rng
        self.seen: Counter[str] = Counter()
        self.folder = where.parent

    def tell(self, words: str) -> None:
        self._told[:] = words.encode().ljust(64)

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        self.seen[name] += 1
        how = self.point[0] if self.point and self.point[1:] == (name, self.seen[name]) else ""
        self.tell(f"before {name}")
        if how == "before":
            die()
        self.tell(f"inside {name}")
        if how == "inside":
            self._limit(name)
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.tell(f"after {name}")
        if how == "after":
            die()

    def _limit(self, name: str) -> None:
        if name == "COMMIT":
            most = max((one.stat().st_size for one in self.folder.glob("*-wal")), default=0)
            most += self.rng.randrange(1, 30_000)
        else:
            (whole,) = self.folder.glob("*.qualkit")
            most = self.rng.randrange(4096, whole.stat().st_size + 1)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def named(sql: str) -> str:
    words = sql.split()
    known = {
        "COMMIT": "COMMIT",
        "BEGIN": "BEGIN",
        "VACUUM": "VACUUM",
        "PRAGMA journal_mode": f"journal to {words[-1]}",
        "DELETE FROM": f"DELETE FROM {words[min(2, len(words) - 1)]}",
        "CREATE TABLE": "CREATE TABLE",
    }
    return known.get(words[0]) or known.get(" ".join(words[:2])) or "statement"


def watch(plan: Plan) -> None:
    """Let every statement, and every file that is taken away or put in its place, pass by the plan."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            with plan.at(named(sql)):
                return super().execute(sql, *values)

    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Watched, **kwargs)  # type: ignore[assignment,misc]
    for name in ("unlink", "replace"):
        watched(Path, name, plan)


def watched(owner: type, name: str, plan: Plan) -> None:
    plain = getattr(owner, name)

    def call(*args: object, **kwargs: object) -> object:
        with plan.at(name):
            return plain(*args, **kwargs)

    setattr(owner, name, call)


def child(program: str, path: Path, point: tuple[str, str, int] | None, seed: int) -> None:
    rng = random.Random(seed)
    plan = Plan(path.parent / "where", point, rng)
    acknowledged = os.open(path.parent / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def acknowledge(study: qk.Study, **what: str) -> None:
        seq, hash_ = study._file.query("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")[0]
        os.write(acknowledged, (json.dumps({"seq": seq, "hash": hash_, **what}) + "\n").encode())

    watch(plan)
    PROGRAMS[program](path, rng, acknowledge)
    plan.tell("at the end")


Acknowledge = Callable[..., None]


def acts(path: Path, rng: random.Random, acknowledge: Acknowledge) -> None:
    """Forty acts of every kind, in three sessions."""
    memos: list[str] = []
    place = iter(rng.sample(range(30, 20_000), 1000))
    for session in range(3):
        with qk.Study.open(path, coder=f"C{session}") as study:
            for number in range(13):
                kind = rng.choice(
                    ["coding", "coding", "bulk", "memo", "again", "remove", "change", "revise", "undo"]
                )
                if kind == "coding":
                    start = next(place)
                    id_ = study.add_coding("P-9", start=start, end=start + 4, code="B1")
                    acknowledge(study, coding=id_)
                elif kind == "bulk":
                    new = [NewCoding("P-9", one, one + 6, "A1") for one in (next(place) for _ in range(40))]
                    with study.atomic():
                        ids = study.add_codings(new)
                        memos.append(study.add_memo(f"bij {number}", kind="code", coding=ids[0]))
                    acknowledge(study, coding=ids[-1], memo=memos[-1])
                elif kind == "again" and memos:
                    with suppress(qk.QualkitError):  # it may have been undone
                        study.change_memo(memos[-1], f"anders {number}")
                        acknowledge(study)
                elif kind in ("remove", "change"):
                    ids = list(study.codings()["coding_id"])
                    if kind == "remove":
                        study.remove_codings(ids[:1], reason="proef")
                    else:
                        study.change_coding(ids[-1], code=rng.choice(["A1", "A2", "B1"]), asked=True)
                    acknowledge(study)
                elif kind == "revise":
                    text = study.document("P-9").text
                    study.revise("P-9", text + " slot", reason="proef", edits=[(len(text), len(text), 5)])
                    acknowledge(study, text=str(len(text) + 5))
                elif kind == "undo":
                    with suppress(qk.QualkitError):
                        study.undo()
                        acknowledge(study)
                else:
                    memos.append(study.add_memo(f"memo {number}", kind="field", document="P-9"))
                    acknowledge(study, memo=memos[-1])


def bulk(path: Path, rng: random.Random, acknowledge: Acknowledge, *, size: int = 20_000) -> None:
    """One import of many codings: all of them or none."""
    with qk.Study.open(path, coder="CD") as study:
        new = [NewCoding("P-9", 20 + n // 4, 27 + n // 4 + n % 4, "B1") for n in range(size)]
        ids = study.add_codings(new)
        acknowledge(study, coding=ids[0])


def small_bulk(path: Path, rng: random.Random, acknowledge: Acknowledge) -> None:
    bulk(path, rng, acknowledge, size=3_000)


def merge(path: Path, rng: random.Random, acknowledge: Acknowledge) -> None:
    with qk.Study.open(path, coder="AB") as study:
        acknowledge(study, memo=study.add_memo("voor de merge", kind="field"))
        study.merge(path.with_name("copy"))
        acknowledge(study, merged="yes")


def erase(path: Path, rng: random.Random, acknowledge: Acknowledge) -> None:
    with qk.Study.open(path, coder="AB") as study:
        acknowledge(study, memo=study.add_memo("voor het wissen", kind="field"))
        study.erase(participant="P-8", reason="ingetrokken")
        acknowledge(study, erased="yes")
        acknowledge(study, memo=study.add_memo("na het wissen", kind="field"))


def finish(path: Path, rng: random.Random, acknowledge: Acknowledge) -> None:
    """Open, only to read, a file whose erasure had been stopped."""
    with qk.Study.open(path, read_only=True) as study:
        acknowledge(study, erased="yes")


def migrate(path: Path, rng: random.Random, acknowledge: Acknowledge) -> None:
    with tomorrow(), qk.Study.open(path, coder="AB") as study:
        acknowledge(study, memo=study.add_memo("na de stap", kind="field"))


@contextmanager
def tomorrow() -> Iterator[None]:
    """A qualkit whose file version is 2."""

    def step(db: sqlite3.Connection) -> None:
        for statement in guard.statements(EXTRA):
            db.execute(statement)
        for (one,) in db.execute("SELECT id FROM coding").fetchall():
            db.execute("INSERT INTO extra VALUES (?)", (one,))

    patch = pytest.MonkeyPatch()
    patch.setattr(guard, "VERSION", 2)
    patch.setattr(guard, "SCHEMA", fold.SCHEMA + EXTRA)
    patch.setitem(guard.MIGRATIONS, 1, ("extra", step))
    try:
        yield
    finally:
        patch.undo()


PROGRAMS: dict[str, Callable[[Path, random.Random, Acknowledge], None]] = {
    one.__name__: one for one in (acts, bulk, small_bulk, merge, erase, finish, migrate)
}


# the parent


@dataclass(frozen=True)
class Files:
    """Study files as bytes, from which every run starts."""

    study: bytes
    copy: bytes
    unfinished: bytes


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    path = tmp_path_factory.mktemp("crash") / "klein.qualkit"
    rows = [{"id": "A", "parent": "", "name": "A", "definition": "a"}]
    rows += [{"id": key, "parent": "A", "name": key, "definition": key} for key in ("A1", "A2", "B1")]
    codebook = codebook_from_rows(enumerate(rows, start=2), name="klein", version="1.0.0", where="klein.csv")
    with qk.Study.create(path, title="Kill", language="nl", coder="AB") as study:
        people = [*PARTICIPANTS, qk.Participant("P-8", {"groep": (SECRET,)}), qk.Participant("P-9")]
        study.add_participants(people)
        study.add_documents([*DOCUMENTS, LONG, ERASED])
        study.adopt(codebook)
        for start in (30, 90, 200):
            id_ = study.add_coding("P-8", start=start, end=start + 20, code="A1")
            study.add_memo(f"{SECRET}: zie hier", kind="code", coding=id_)
            study.add_coding("P-9", start=start, end=start + 13, code="A1")
    whole = path.read_bytes()
    with qk.Study.open(path, coder="CD") as study:
        study.add_codings([NewCoding("P-9", n, n + 5, "B1") for n in range(40, 1000)])
        study.add_memo("van de kopie", kind="field", document="P-1")
    copy = path.read_bytes()
    path.write_bytes(whole)
    patch = pytest.MonkeyPatch()
    patch.setattr("qualkit.store.file._finish_erasure", lambda *_: None)
    with qk.Study.open(path, coder="AB") as study:
        study.erase(participant="P-8", reason="ingetrokken")
    patch.undo()
    return Files(whole, copy, path.read_bytes())


CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["qualkit", "qualkit.study", "pandas", "test_crash"])


def run(
    folder: Path,
    files: Files,
    program: str,
    seed: int,
    *,
    point: tuple[str, str, int] | None = None,
    delay: float | None = None,
) -> str:
    """Run a program, kill it, check the file, and return where it was; empty when it came to its end alive."""
    folder.mkdir(parents=True)
    path = folder / "klein.qualkit"
    path.write_bytes(files.unfinished if program == "finish" else files.study)
    if program in ("erase", "finish"):
        path.with_name(f"{path.name}.bak").write_bytes(files.study)  # of a migration before
    if program == "merge":
        path.with_name("copy").write_bytes(files.copy)
    (folder / "where").write_bytes(b"starting".ljust(64))
    process = CONTEXT.Process(target=child, args=(program, path, point, seed))
    process.start()
    if delay is not None:
        while (folder / "where").read_bytes().startswith(b"starting") and process.is_alive():
            time.sleep(0.001)
        time.sleep(delay)
        process.kill()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGXFSZ), f"{program} failed by itself"
    where = (folder / "where").read_bytes().decode().strip()
    check(path, program, seed)
    return where if process.exitcode else ""


def check(path: Path, program: str, seed: int) -> None:
    told = path.with_name("acknowledged")
    lines = [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []
    with tomorrow() if program == "migrate" else nullcontext():
        # half of the files are opened only to read first
        qk.Study.open(path, coder="AB", read_only=seed % 2 == 0 and program != "migrate").close()
        found = verify_here(path)
        assert found.fault is None, found.fault
    leftover = {one.name for one in path.parent.iterdir()} - {"where", "acknowledged", "copy", path.name}
    # a journal that is not hot means nothing; the next change takes it away
    allowed = {f".{path.name}.writer", f"{path.name}.bak", f"{path.name}.bak.part", f"{path.name}-journal"}
    assert leftover <= allowed, leftover
    db = sqlite3.connect(path)
    events = dict(db.execute("SELECT seq, hash FROM event"))
    for line in lines:
        assert events[line["seq"]] == line["hash"], "an acknowledged act is gone"
        for table in ("coding", "memo"):
            if table in line:
                assert db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (line[table],)).fetchone()
        if "text" in line:
            assert db.execute("SELECT 1 FROM revision WHERE length = ?", (int(line["text"]),)).fetchone()
    if "merged" in str(lines):
        assert db.execute("SELECT count(*) FROM merge").fetchone() == (1,)
    if "bulk" in program:
        # all of the import or nothing of it
        (count,) = db.execute("SELECT count(*) FROM coding").fetchone()
        assert count in (6, 3_006 if program == "small_bulk" else 20_006)
    erased = db.execute("SELECT 1 FROM event WHERE kind = 'erase'").fetchone() is not None
    assert erased or "erased" not in str(lines)
    db.close()
    words = SECRET.encode()
    if erased:
        assert not [one.name for one in path.parent.iterdir() if words in one.read_bytes()]
    else:
        assert words in path.read_bytes()
    with tomorrow() if program == "migrate" else nullcontext(), qk.Study.open(path, coder="EF") as study:
        study.add_memo("verder", kind="field")  # and the work goes on
    assert {one.name for one in path.parent.iterdir() if one.name.startswith(f"{path.name}-")} == set()
    assert not path.with_name(f".{path.name}.writer").exists()
    if program == "migrate" and not path.with_name(f"{path.name}.bak").exists():
        pytest.fail("there is no copy from before the migration")


INSIDE = [
    ("acts", ("inside", "COMMIT", 5)),
    ("acts", ("inside", "COMMIT", 9)),
    ("acts", ("after", "COMMIT", 8)),
    ("acts", ("before", "COMMIT", 7)),
    ("acts", ("inside", "journal to DELETE", 1)),
    ("small_bulk", ("inside", "COMMIT", 1)),
    ("merge", ("inside", "COMMIT", 2)),
    ("merge", ("before", "DELETE FROM document", 1)),
    ("erase", ("after", "COMMIT", 2)),
    ("erase", ("before", "DELETE FROM text", 1)),
    ("erase", ("inside", "COMMIT", 3)),
    ("erase", ("inside", "VACUUM", 1)),
    ("erase", ("after", "VACUUM", 1)),
    ("erase", ("before", "unlink", 2)),
    ("erase", ("after", "DELETE FROM unfinished", 1)),
    ("erase", ("inside", "journal to DELETE", 1)),
    ("erase", ("after", "journal to DELETE", 1)),
    ("finish", ("inside", "VACUUM", 1)),
    ("migrate", ("after", "CREATE TABLE", 1)),
    ("migrate", ("inside", "COMMIT", 1)),
]


@pytest.mark.parametrize(
    ("program", "point"), INSIDE, ids=lambda one: one if isinstance(one, str) else " ".join(map(str, one))
)
def test_kill_at_a_named_point(tmp_path, files, program, point):
    where = run(tmp_path / "run", files, program, seed=point[2], point=point)
    assert where == f"{point[0]} {point[1]}"


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.filterwarnings("ignore:klein.qualkit lies on a network share")
def test_kill_inside_a_commit_in_a_synced_folder(tmp_path, files, n):
    # no WAL there, so half a change stands in the file, and its journal must be played back by the next one
    where = run(tmp_path / "Dropbox", files, "acts", seed=n, point=("inside", "COMMIT", n))
    assert where == "inside COMMIT"


@pytest.mark.parametrize(
    ("program", "delay"), [("acts", 0.05), ("acts", 0.15), ("small_bulk", 0.1), ("erase", 0.02)]
)
def test_kill_after_a_delay(tmp_path, files, program, delay):
    run(tmp_path / "run", files, program, seed=int(delay * 100), delay=delay)


POINTS = {
    "acts": ["BEGIN", "COMMIT", "journal to WAL", "journal to DELETE", "unlink", "statement"],
    "bulk": ["COMMIT", "statement", "journal to DELETE"],
    "merge": ["COMMIT", "statement", "DELETE FROM head", "journal to DELETE"],
    "erase": [
        "unlink",
        "COMMIT",
        "DELETE FROM text",
        "VACUUM",
        "journal to DELETE",
        "DELETE FROM unfinished",
    ],
    "finish": [
        "unlink",
        "COMMIT",
        "DELETE FROM text",
        "VACUUM",
        "journal to DELETE",
        "DELETE FROM unfinished",
    ],
    "migrate": ["replace", "CREATE TABLE", "statement", "COMMIT"],
}


@pytest.mark.slow
def test_three_hundred_kills(tmp_path, files):
    rng = random.Random(20211130)
    fell: Counter[str] = Counter()
    runs = 0
    lengths = {"acts": 1.0, "bulk": 2.5, "merge": 0.4, "erase": 0.3, "finish": 0.15, "migrate": 0.2}
    while sum(fell.values()) < 320:
        runs += 1
        program = rng.choice([*list(POINTS) * 3, "acts", "acts", "erase"]) if runs % 12 else "bulk"
        if program == "bulk" and runs % 12:
            continue  # it takes long
        if rng.random() < 0.4:
            where = run(tmp_path / str(runs), files, program, runs, delay=rng.random() * lengths[program])
        else:
            name = rng.choice(POINTS[program])
            most = (
                {"COMMIT": 20, "statement": 300, "BEGIN": 20}.get(name, 3)
                if program in ("acts", "bulk")
                else 3
            )
            how = rng.choice(["before", "inside", "inside", "after"])
            where = run(tmp_path / str(runs), files, program, runs, point=(how, name, rng.randint(1, most)))
        if where:
            fell[f"{program}: {where}"] += 1
    for place, count in sorted(fell.items()):
        sys.stderr.write(f"{count:5} {place}\n")
    inside = Counter()
    for place, count in fell.items():
        inside[place.split(": ")[1]] += count
    sys.stderr.write(f"{sum(fell.values())} kills in {runs} runs; by place: {dict(inside.most_common())}\n")
    assert inside["inside COMMIT"] > 0
    for place in ("inside VACUUM", "inside journal to DELETE", "inside statement", "after COMMIT"):
        assert inside[place] > 0, place


# a build


def building(recipe: Path, out: Path, where: Path, point: tuple[str, str, int]) -> None:
    watch(Plan(where, point, random.Random(1)))
    qk.build(recipe, out=out)


@pytest.mark.parametrize(
    "point",
    [
        ("after", "COMMIT", 1),
        ("after", "replace", 3),
        pytest.param(("before", "replace", 1), marks=pytest.mark.slow),
        pytest.param(("after", "replace", 5), marks=pytest.mark.slow),
        pytest.param(("before", "replace", 6), marks=pytest.mark.slow),
    ],
    ids=lambda one: " ".join(map(str, one)),
)
def test_build_is_killed(tmp_path, monkeypatch, point):
    """Every output is one that was there or one that is new, whole; and the next build makes all of them.

    Moving the old file aside and the new one in its place are two steps: one output may be missing between them.
    """
    sys.path.insert(0, str(Path(__file__).parents[1] / "recipe"))
    from recipe_making import FILES, make

    out = tmp_path / "out"
    recipe = make(tmp_path / "bron")
    qk.build(recipe, out=out)
    old = contents(out)
    (tmp_path / "klein.qualkit").write_bytes(b"x" * 10_000)  # the plan looks at the size of one
    (tmp_path / "where").write_bytes(b"starting".ljust(64))
    make(tmp_path / "bron", **{"memos/P-1.md": FILES["memos/P-1.md"] + "En open.\n"})
    process = CONTEXT.Process(target=building, args=(recipe, out, tmp_path / "where", point))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    left = contents(out)
    # the folder it worked in, which holds words, goes at the next build, once no other build can be in it
    monkeypatch.setattr("qualkit.recipe.main_job.STALE_SECONDS", -1)
    qk.build(recipe, out=out)
    new = contents(out)
    assert set(new) == set(old)
    assert len(set(old) - set(left)) <= 1
    assert old != new
    if point[1] == "COMMIT":
        assert left == old
    for name, content in left.items():
        # the new study file is made anew, with other times
        assert content in (old[name], new[name]) or (name.endswith(".qualkit") and content), name
    if (out / "klein.qualkit").exists():
        assert verify_here(out / "klein.qualkit").fault is None
    assert [one.name for one in out.iterdir() if one.name.startswith(".building-")] == []


def contents(folder: Path) -> dict[str, bytes]:
    found = (one for one in folder.rglob("*") if one.is_file() and ".building-" not in str(one))
    return {str(one.relative_to(folder)): one.read_bytes() for one in found}
