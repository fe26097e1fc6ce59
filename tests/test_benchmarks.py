"""The benchmarks still run; what they measure is no matter for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small import ROOT

BENCHMARKS = ROOT / "benchmarks"
pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory of a child is asked of Unix")


def run(script: str, *words: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *words]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_store_is_measured_at_the_smallest_size() -> None:
    readme = (BENCHMARKS / "README.md").read_bytes()

    told = run("store.py", "--size", "S", "--rounds", "1")

    for line in ("codings in bulk", "open", "frame of codings", "verify", "one coding"):
        assert line in told
    assert told.count("ratio ") == 2
    assert (BENCHMARKS / "README.md").read_bytes() == readme  # only with --write


def test_the_bare_side_of_the_build_makes_what_it_should(tmp_path: Path) -> None:
    import docx

    run("build.py", "--bare", json.dumps({"paragraphs": 7, "tables": [[3, 2]]}), str(tmp_path))

    document = docx.Document(str(tmp_path / "document.docx"))
    assert len(document.paragraphs) == 7 + 1  # and one that holds the figure
    assert [len(table.rows) for table in document.tables] == [3]
    assert (tmp_path / "figure.png").stat().st_size > 10_000
