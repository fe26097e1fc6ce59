"""What both benchmarks share: a command run in a process of its own, and what it took.

The machine may be busy with other things. So both sides of a ratio run in turn, several rounds, and the
smallest and the middle figure are shown; the ratio is the middle one of the rounds.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pandas", "numpy", "matplotlib", "python-docx", "xlsxwriter", "lxml", "typer")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one side: seconds by the clock, seconds of work, peak memory in MB, and what it printed."""

    wall: float
    cpu: float
    peak: float
    told: str = ""


def run(command: Sequence[str]) -> Run:
    """Run a command in a process of its own, wait for it, and return what it took.

    This process must stay small: a child counts the memory of its parent until it has become itself.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, encoding="utf-8")
    assert child.stdout is not None
    told = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: ended with {child.returncode}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, told)


def timed(command: Sequence[str]) -> Run:
    """Run a command that times itself: it prints JSON with ``wall`` and ``cpu`` of what matters in it."""
    whole = run(command)
    told = json.loads(whole.told.splitlines()[-1])
    return Run(told["wall"], told["cpu"], whole.peak, whole.told)


def compare(
    title: str, sides: Mapping[str, Callable[[], Run]], *, rounds: int, goal: float, unit: str = "s"
) -> str:
    """Run two sides in turn, print what each took, and return a row for the table of results."""
    (ours, us), (plain, them) = sides.items()
    found: dict[str, list[Run]] = {ours: [], plain: []}
    for _ in range(rounds):
        found[ours].append(us())
        found[plain].append(them())
    print(f"\n{title}")
    for name, runs in found.items():
        print(f"  {name:44} {_figures(runs, unit)}")
    ratio = median(a.wall / b.wall for a, b in zip(found[ours], found[plain], strict=True))
    cpu = median(a.cpu / b.cpu for a, b in zip(found[ours], found[plain], strict=True))
    print(f"  ratio {ratio:.2f} by the clock, {cpu:.2f} in work; goal {goal:g} or less")
    figures = " | ".join(_cell(found[name], unit) for name in (ours, plain))
    return f"| {title} | {figures} | {ratio:.2f} ({cpu:.2f}) | ≤ {goal:g} |"


def single(title: str, ours: Callable[[], Run], *, rounds: int, goal: str, unit: str = "s") -> str:
    """Run one side that has a goal in seconds or megabytes, print what it took, and return its row."""
    runs = [ours() for _ in range(rounds)]
    print(f"\n{title}\n  {'qualkit':44} {_figures(runs, unit)}\n  goal {goal}")
    return f"| {title} | {_cell(runs, unit)} | – | – | {goal} |"


def _figures(runs: Sequence[Run], unit: str) -> str:
    by = 1000 if unit == "ms" else 1
    walls, cpus = [one.wall * by for one in runs], [one.cpu * by for one in runs]
    return (
        f"min {min(walls):8.3f}  median {median(walls):8.3f} {unit}   work {median(cpus):8.3f} {unit}   "
        f"peak {max(one.peak for one in runs):5.0f} MB   n = {len(runs)}"
    )


def _cell(runs: Sequence[Run], unit: str) -> str:
    by = 1000 if unit == "ms" else 1
    walls = [one.wall * by for one in runs]
    work = median(one.cpu * by for one in runs)
    return (
        f"{min(walls):.3f} / {median(walls):.3f} {unit} ({work:.3f}), {max(one.peak for one in runs):.0f} MB"
    )


def machine() -> list[str]:
    """Return date, machine and versions, in lines."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    models = [line.split(":")[1].strip() for line in lines if "model name" in line]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {models[0] if models else platform.machine()}, {os.cpu_count()} cores; "
        f"{platform.system()} {platform.release()}; load before the run {load}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}",
    ]


def write_results(part: str, command: str, lines: Sequence[str], rows: Sequence[str]) -> None:
    """Put results in the README beside this file, in place of those of the same part."""
    readme = Path(__file__).with_name("README.md")
    begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    head = "| what | qualkit, min / median (work), peak | plain | ratio by the clock (work) | goal |\n|---|---|---|---|---|"
    block = "\n".join(
        [begin, "", f"`{command}`", "", *(f"{one}  " for one in lines), "", head, *rows, "", end]
    )
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2] if rest else "\n"
    readme.write_text(f"{before}{block}{after}", encoding="utf-8", newline="\n")
    print(f"\nwritten to {readme.relative_to(ROOT)}", file=sys.stderr)
