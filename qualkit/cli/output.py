"""How commands speak: data on stdout, messages on stderr, progress only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


def complain(message: str) -> None:
    """Print an error on stderr: ``Error:`` and what is wrong."""
    typer.echo(f"Error: {message}", err=True)


def remark(message: str) -> None:
    """Print on stderr what the user should know, though nothing failed."""
    typer.echo(message, err=True)


def say(message: str) -> None:
    """Print a line on stdout."""
    typer.echo(message)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 coding``, ``2 codings``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def say_json(value: object) -> None:
    """Print a value as JSON on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that shows how far a long step is; None when nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
