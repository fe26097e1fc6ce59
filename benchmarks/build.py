"""The main job and the start of the command line, each against the bare work.

    python benchmarks/build.py [--rounds 5] [--write]

*Build*: `qualkit build` of the sample, the whole process with its imports, against one process that reads the
same eighteen transcripts with python-docx and `open`, draws one matrix of as many rows, columns and words as the
report's largest and saves it at 200 dpi, and writes one python-docx document with as many paragraphs and
tables of the same size as the report. What the bare side does not do: codebook, checks, study file,
comparison, two more figures, workbook of 25,000 cells, eighteen coded transcripts.

*Help*: `qualkit --help` against an empty program that imports five modules of the standard library.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

from measure import ROOT, compare, machine, run, write_results

SAMPLE = ROOT / "transcripts_sample"
STDLIB = "import argparse, json, sqlite3, csv, pathlib"
WORDS = "Zo gaat het dan, en daarna is het weer een tijd stil."
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def qualkit(*words: str) -> list[str]:
    """Return the command as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name("qualkit")), *words]


def shape_of(report: Path) -> dict[str, object]:
    """Return how many paragraphs a report has outside its tables, and rows and columns of each table."""
    with zipfile.ZipFile(report) as package:
        body = ET.fromstring(package.read("word/document.xml"))
    tables = [
        (len(rows), max(len(row.findall(f"{_W}tc")) for row in rows))
        for table in body.iter(f"{_W}tbl")
        if (rows := table.findall(f"{_W}tr"))
    ]
    inside = sum(1 for table in body.iter(f"{_W}tbl") for _ in table.iter(f"{_W}p"))
    return {"paragraphs": sum(1 for _ in body.iter(f"{_W}p")) - inside, "tables": tables}


def bare(shape: dict[str, object], out: Path) -> None:
    """Do the bare work of a build."""
    import docx
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    for path in sorted((SAMPLE / "interviews").iterdir()):
        if path.suffix == ".docx":
            text = "\n".join(one.text for one in docx.Document(str(path)).paragraphs)
        else:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read()
        assert text

    rows, columns = 54, 4
    figure = Figure(figsize=(16 / 2.54, 24.8 / 2.54), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.4, 0.05, 0.58, 0.9))
    cells = [(x, y) for y in range(rows) for x in range(columns)]
    axes.scatter([x for x, _ in cells], [y for _, y in cells], s=[10 + (7 * y) % 60 for _, y in cells])
    axes.set_xticks(range(columns), [f"groep {x}\nn = 5" for x in range(columns)], fontsize=8)
    axes.set_yticks(range(rows), [f"D{y}  {WORDS[:38]}" for y in range(rows)], fontsize=8)
    for x, y in cells:
        axes.text(x + 0.2, y, f"{y % 5}/5", fontsize=8, va="center")
    figure.savefig(out / "figure.png", dpi=200)

    document = docx.Document()
    for _ in range(int(str(shape["paragraphs"]))):
        document.add_paragraph(WORDS * 3)
    for high, wide in shape["tables"]:  # type: ignore[attr-defined]
        for row in document.add_table(high, wide).rows:
            for cell in row.cells:
                cell.text = WORDS
    document.add_picture(str(out / "figure.png"))
    document.save(str(out / "document.docx"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the results in benchmarks/README.md")
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare:
        bare(json.loads(chosen.bare[0]), Path(chosen.bare[1]))
        return

    told = machine()
    print("\n".join(told))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        build = qualkit("build", str(SAMPLE / "study.yaml"), "--out", str(out / "build"))
        run(build)  # warms up caches of files, fonts and bytecode
        shape = shape_of(out / "build" / "extern" / "rapport.docx")
        plain = [sys.executable, str(Path(__file__)), "--bare", json.dumps(shape), str(out)]
        run(plain)
        print(f"the report: {shape}")
        rows = [
            compare(
                "build of the sample",
                {"qualkit build": lambda: run(build), "bare work": lambda: run(plain)},
                rounds=chosen.rounds,
                goal=3,
            ),
            compare(
                "`qualkit --help`",
                {
                    "qualkit --help": lambda: run(qualkit("--help")),
                    f'python -c "{STDLIB}"': lambda: run([sys.executable, "-c", STDLIB]),
                },
                rounds=4 * chosen.rounds,
                goal=4,
                unit="ms",
            ),
        ]
    if chosen.write:
        write_results("build", f"python benchmarks/build.py --rounds {chosen.rounds} --write", told, rows)


if __name__ == "__main__":
    main()
