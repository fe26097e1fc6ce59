"""The study file against raw SQLite and pandas, at three sizes.

    python benchmarks/store.py [--size S|M|L] [--rounds 3] [--write]

S is 18 documents of some 51,000 characters, 60 codes and 1,500 codings; M (the default) 500, 150 and 60,000;
L 5,000, 300 and 1,000,000. The studies are made up from a seed, through the public functions, in a folder that is
removed afterwards. L takes some twenty minutes and 3 GB of disk; everything else is measured at M, or S.

*Bulk*: `Study.add_codings` with checks, commitments, events, chain and state, against one `executemany` of rows
that were made before, into a table with the same columns, key and indexes; both synchronous=FULL, one
transaction. *One*: `Study.add_coding` by offsets, whole, with its commit; its peak is that of the codings made up
for it. *Open*: a process that opens the file and loads nothing. *Frame*: `Study.codings` against
`pandas.read_sql` of a table that holds the same columns ready made, without a single join. *Verify*:
`Study.verify`, a fresh process that replays all events.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from measure import Run, compare, machine, run, single, timed, write_results

if TYPE_CHECKING:
    from qualkit.codebook import Codebook
    from qualkit.model import Document, NewCoding, Role

SEED = 20211215
CHARACTERS = 51_000
KINDS = ("belemmerend", "bevorderend", "gewenst", "beschrijvend")
CODERS = ("AB", "CD")


@dataclass(frozen=True, slots=True)
class Size:
    documents: int
    codes: int
    codings: int


SIZES = {"S": Size(18, 60, 1_500), "M": Size(500, 150, 60_000), "L": Size(5_000, 300, 1_000_000)}

# making studies, from a seed


def documents(size: Size) -> Iterator[Document]:
    """Yield transcripts of turns: the interviewer asks, the participant answers."""
    from qualkit.model import Document, Segment

    rng = random.Random(SEED)
    words = ["".join(rng.choices("aeioudlmnrst", k=rng.randint(2, 9))) for _ in range(3_000)] + ["één", "😀"]
    sentences = [" ".join(rng.choices(words, k=rng.randint(4, 14))).capitalize() + "." for _ in range(4_000)]
    for number in range(size.documents):
        parts: list[str] = []
        segments: list[Segment] = []
        at = 0
        while at < CHARACTERS:
            asks = len(segments) % 2 == 0
            label = "I: " if asks else "R: "
            said = " ".join(rng.choices(sentences, k=rng.randint(1, 3) if asks else rng.randint(4, 18)))
            begin = at + len(label)
            role: Role = "interviewer" if asks else "participant"
            segments.append(Segment(begin, begin + len(said), label[0], role, len(segments) + 1))
            parts.append(label + said)
            at = begin + len(said) + 1
        yield Document(f"D{number:04}", "\n".join(parts), tuple(segments), "txt")


def codebook(size: Size) -> Codebook:
    """Return a codebook of one category for every ten codes, with kinds."""
    from qualkit.codebook import Codebook

    lines = ["codebook: meting", "version: 0.1.0", "language: nl", "soort:"]
    lines += [f"  - {{id: {kind}, name: {kind}}}" for kind in KINDS]
    lines.append("codes:")
    for number in range(size.codes):
        if number % 10 == 0:
            lines.append(
                f"  - {{id: K{number // 10}, name: Groep {number // 10}, definition: Groep {number // 10} samen.}}"
            )
        lines.append(
            f"  - {{id: C{number}, parent: K{number // 10}, name: Code {number}, definition: Alleen code {number}.}}"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "0.1.0.yaml")
        path.write_text("\n".join(lines), encoding="utf-8")
        return Codebook.read(path)


def codings(size: Size, made: Sequence[Document] | None = None) -> Iterator[NewCoding]:
    """Yield codings of stretches within answers, no two alike, in no order."""
    from qualkit.model import NewCoding

    rng = random.Random(SEED + 1)
    answers = [
        (document.name, one.start, one.end)
        for document in made or documents(size)
        for one in document.segments
        if one.role == "participant"
    ]
    seen: set[tuple[str, int, int, str, str, str]] = set()
    while len(seen) < size.codings:
        name, begin, end = rng.choice(answers)
        start = rng.randrange(begin, end - 20)
        stop = min(end, start + rng.randint(20, 400))
        one = name, start, stop, f"C{rng.randrange(size.codes)}", rng.choice(KINDS), rng.choice(CODERS)
        if one not in seen:
            seen.add(one)
            document, start, stop, code, kind, coder = one
            asked = rng.choice((True, False, None))
            yield NewCoding(document, start, stop, code, soort=kind, asked=asked, coder=coder)


# what the children do; each prints what it took as JSON


@contextmanager
def clock() -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(took))


def make(size: Size, path: Path) -> None:
    """Make a study of documents and codebook, without codings."""
    from qualkit import Study
    from qualkit.model import Participant

    with clock(), Study.create(path, title="Meting", language="nl", coder="AB") as study, study.atomic():
        people = [Participant(f"D{n:04}", {"groep": (f"groep{n % 4}",)}) for n in range(size.documents)]
        study.add_participants(people)
        study.add_documents(documents(size))
        study.adopt(codebook(size))


def bulk(size: Size, path: Path) -> None:
    """Add all codings."""
    from qualkit import Study

    new = list(codings(size))
    with Study.open(path, coder="AB") as study, clock():
        study.add_codings(new)


def raw(size: Size, path: Path, rows_from: Path) -> None:
    """Insert the rows of the table coding of another study into an empty table like it."""
    import sqlite3

    with sqlite3.connect(rows_from) as source:
        rows = source.execute("SELECT * FROM coding").fetchall()
        kept = "SELECT sql FROM sqlite_schema WHERE tbl_name = 'coding' AND sql IS NOT NULL"
        statements = [sql for (sql,) in source.execute(kept)]
    assert len(rows) == size.codings
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    for statement in statements:
        db.execute(statement)
    marks = ", ".join("?" * len(rows[0]))
    with clock():
        db.execute("BEGIN IMMEDIATE")
        db.executemany(f"INSERT INTO coding VALUES ({marks})", rows)
        db.execute("COMMIT")
    db.close()


def one(size: Size, path: Path) -> None:
    """Add codings one by one and print the middle of what each took."""
    from qualkit import Study

    spare = Size(size.documents, size.codes, size.codings + 200)
    new = list(codings(spare))[-200:]
    took: list[tuple[float, float]] = []
    with Study.open(path, coder="AB") as study:
        for coding in new:
            wall, cpu = time.perf_counter(), time.process_time()
            study.add_coding(
                coding.document, start=coding.start, end=coding.end, code=coding.code, soort=coding.soort
            )
            took.append((time.perf_counter() - wall, time.process_time() - cpu))
    walls, cpus = zip(*took[5:], strict=True)
    print(json.dumps({"wall": median(walls), "cpu": median(cpus), "worst": max(walls)}))


def look(size: Size, path: Path) -> None:
    """Open and close, with nothing loaded."""
    from qualkit import Study

    with clock():
        study = Study.open(path, coder="AB")
    assert len(study.heads) > 0
    study.close()


def frame(size: Size, path: Path) -> None:
    """Read the frame of codings."""
    import pandas as pd

    from qualkit import Study

    with Study.open(path, read_only=True) as study:
        assert len(pd.read_sql("SELECT 1", study._file.connection)) == 1  # imports done
        with clock():
            found = study.codings()
        assert len(found) == size.codings


def flat(size: Size, path: Path) -> None:
    """Write the frame of codings as one plain table, for `read_sql`."""
    import sqlite3

    from qualkit import Study

    with clock(), Study.open(path, read_only=True) as study:
        found = study.codings().astype(object)
        with sqlite3.connect(path.with_suffix(".flat")) as db:
            found.where(found.notna(), None).to_sql("codings", db, index=False)


def read_sql(size: Size, path: Path) -> None:
    """Read the same columns from one plain table."""
    import sqlite3

    import pandas as pd

    db = sqlite3.connect(path.with_suffix(".flat"))
    assert len(pd.read_sql("SELECT 1", db)) == 1
    with clock():
        found = pd.read_sql("SELECT * FROM codings", db)
    assert len(found) == size.codings


def verify(size: Size, path: Path) -> None:
    """Check the file in a process of its own, whose memory is what is printed."""
    from qualkit.store.verify import verify_here

    with clock():
        found = verify_here(path)
    assert found.fault is None, found.fault
    assert found.codings >= size.codings


STEPS = {step.__name__: step for step in (make, bulk, raw, one, look, frame, flat, read_sql, verify)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="M")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the results in benchmarks/README.md")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    size = SIZES[chosen.size]
    if chosen.step:
        name, *paths = chosen.step
        STEPS[name](size, *map(Path, paths))
        return

    def command(step: str, *paths: Path) -> list[str]:
        return [sys.executable, str(Path(__file__)), "--size", chosen.size, "--step", step, *map(str, paths)]

    told = machine()
    print("\n".join(told))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty, full, bare = folder / "empty.qualkit", folder / "full.qualkit", folder / "bare.sqlite"
        took = timed(command("make", empty))
        print(f"\n{size}: documents and codebook made in {took.wall:.1f} s, {took.peak:.0f} MB")

        def add() -> Run:
            full.unlink(missing_ok=True)
            shutil.copyfile(empty, full)
            return timed(command("bulk", full))

        def insert() -> Run:
            bare.unlink(missing_ok=True)
            return timed(command("raw", bare, full))

        at = f" at {chosen.size}"
        once = 1 if chosen.size == "L" else chosen.rounds
        rows = [
            compare(
                f"{size.codings:,} codings in bulk{at}",
                {"Study.add_codings": add, "sqlite3.executemany": insert},
                rounds=once,
                goal=3,
            )
        ]
        bare.unlink()
        print(f"  the file: {full.stat().st_size / 1e6:.0f} MB")
        rows.append(
            single(f"open{at}", lambda: timed(command("look", full)), rounds=3, goal="≤ 0.5 s, 150 MB")
        )
        run(command("flat", full))
        rows.append(
            compare(
                f"frame of codings{at}",
                {
                    "Study.codings": lambda: timed(command("frame", full)),
                    "pandas.read_sql": lambda: timed(command("read_sql", full)),
                },
                rounds=chosen.rounds,
                goal=2,
            )
        )
        full.with_suffix(".flat").unlink()
        rows.append(
            single(f"verify{at}", lambda: timed(command("verify", full)), rounds=once, goal="≤ 180 s at L")
        )
        rows.append(
            single(
                f"one coding, median of 195{at}",
                lambda: timed(command("one", full)),
                rounds=1,
                goal="≤ 15 ms",
                unit="ms",
            )
        )
    if chosen.write:
        line = f"python benchmarks/store.py --size {chosen.size} --rounds {chosen.rounds} --write"
        write_results(f"store at {chosen.size}", line, told, rows)


if __name__ == "__main__":
    main()
