"""A study file of every release opens, is whole, and shows what it showed, for ever."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import qualkit as qk
from qualkit.store.verify import verify

HERE = Path(__file__).resolve().parent
STUDIES = sorted(HERE.glob("*.qualkit"))


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_old_study", HERE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=STUDIES, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy, so that the file that is kept never changes."""
    copy = tmp_path / request.param.name
    shutil.copyfile(request.param, copy)
    return copy


def test_there_is_a_file_of_the_first_release():
    assert STUDIES[0].stem == "0.1.0"


def test_old_study_is_whole(old):
    qk.Study.open(old, coder="EF").close()  # a later version brings it up to date
    found = verify(old)
    assert found.fault is None
    assert found.erased > 0
    assert found.events > 20


def test_old_study_shows_what_it_showed(old):
    qk.Study.open(old, coder="EF").close()
    expected = json.loads((HERE / f"{old.stem}.json").read_text(encoding="utf-8"))
    with qk.Study.open(old, read_only=True) as study:
        found = maker().read(study)
    for name, value in expected.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            assert len(found[name]) == len(value), name
            for then, now in zip(value, found[name], strict=True):
                assert {key: now.get(key) for key in then} == then, name
        else:
            assert found[name] == value, name


def test_work_goes_on_in_an_old_study(old):
    with qk.Study.open(old, coder="EF") as study:
        before = len(study.codings())
        study.add_coding("P-3", quote="Niets te klagen", code="A1")
        study.undo()
        study.redo()
        assert len(study.codings()) == before + 1
        assert study.verify().fault is None


def test_today_makes_the_same_kinds_of_acts(tmp_path):
    """The script that makes these files still runs, and leaves out no kind of act that there is."""
    path = tmp_path / "nu.qualkit"
    maker().make(path)
    with qk.Study.open(path, read_only=True) as study:
        kinds = {kind for (kind,) in study._file.query("SELECT DISTINCT kind FROM event")}
        empty = [
            table
            for (table,) in study._file.query("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if table not in ("unfinished", "facet") and not study._file.query(f"SELECT 1 FROM {table}")
        ]
    assert kinds >= {"erase", "undo", "adopt", "revise", "set_coverage", "change_memo", "add_meeting"}
    assert empty == []
