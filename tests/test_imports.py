"""One direction of dependency, walked over the imports; and a front door that opens."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import qualkit

PACKAGE = Path(qualkit.__file__).parent
# a module may import what stands on a lower floor, or in its own house
FLOORS = (
    ("errors",),
    ("model",),
    ("anchor", "yamltree", "ooxml"),
    ("fields", "locale"),
    ("sources", "codebook", "store", "analysis"),  # the wings, which do not know each other
    ("acts", "plots"),
    ("study",),
    ("report",),
    ("recipe",),
    ("cli",),
    ("__main__",),
)
FLOOR = {house: floor for floor, houses in enumerate(FLOORS) for house in houses}
# on one floor, but one leans on the other; and a method that draws, which loads its chart when it is called
LEANS = {("analysis", "plots")}
# what the whole package is called and which version it has is no floor
FRONT = ""


def house(module: str) -> str:
    return module.split(".")[1] if "." in module else FRONT


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each module of qualkit that a file imports, and whether that is for the type checker only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for one in node.body
        for inner in ast.walk(one)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out in full"
            base = node.module or ""
            # from qualkit import x: x may be a module
            names = [f"{base}.{one.name}" for one in node.names] if base == "qualkit" else [base]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "qualkit":
                yield name, id(node) in hidden


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("qualkit", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_every_module_has_a_floor():
    assert {house(name) for name in modules()} - {FRONT} == set(FLOOR)


@pytest.mark.parametrize("name", [one for one in modules() if house(one)])
def test_imports_go_down(name):
    own = house(name)
    wrong = []
    for imported, types_only in imports(modules()[name]):
        other = house(imported)
        if other in (own, FRONT, "__version__") or types_only or (own, other) in LEANS:
            continue
        if FLOOR[other] >= FLOOR[own]:
            wrong.append(imported)
    assert not wrong


@pytest.mark.parametrize("own", ["analysis", "plots", "report"])
def test_analysis_plots_and_report_never_import_the_store(own):
    for name, path in modules().items():
        if house(name) == own:
            assert not [one for one, _ in imports(path) if house(one) == "store"], name


def test_the_walk_sees_imports_wherever_they_stand():
    seen = {one for one, _ in imports(PACKAGE / "recipe" / "main_job.py")}
    assert {"qualkit.store.file", "qualkit.report", "qualkit.recipe.gather"} <= seen
    assert ("qualkit.study", True) in set(imports(PACKAGE / "report" / "internal.py"))


def test_all_is_what_is_there():
    assert len(set(qualkit.__all__)) == len(qualkit.__all__)
    for name in qualkit.__all__:
        assert getattr(qualkit, name) is not None
    assert set(qualkit.__all__) == {*qualkit._HOME, "__version__"} == set(dir(qualkit))
    found: dict[str, object] = {}
    exec("from qualkit import *", found)
    assert set(found) - {"__builtins__"} == set(qualkit.__all__)


def test_the_type_checker_sees_the_same_front_door():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (one for one in tree.body if isinstance(one, ast.If))
    told = {
        alias.asname or alias.name: one.module
        for one in block.body
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }
    assert told == qualkit._HOME


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'qualkit' has no attribute 'biuld'"):
        qualkit.biuld  # noqa: B018
