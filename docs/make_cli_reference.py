"""Write cli.md: every command with its arguments and options, from the live help.

``python docs/make_cli_reference.py``
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from qualkit.cli.main import app

PAGE = Path(__file__).resolve().parent / "cli.md"

INTRODUCTION = """\
# The command line

*Made by `docs/make_cli_reference.py` from the help of the commands; do not edit by hand.*

Data goes to stdout, messages to stderr. Exit 0 done, 1 refused (one line that begins with `Error:`), 2 misuse. Nothing
is ever asked. Tables are for people, `--json` is for programs. Commands that only look leave the study file as it is,
byte for byte.
"""


def page() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    found = list(commands(get_command(app), ("qualkit",)))
    parts.append("\n".join(f"- [`{' '.join(path)}`](#{'-'.join(path)})" for path, _ in found) + "\n")
    parts += [_section(path, command) for path, command in found]
    return "\n".join(parts)


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command that does something, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
    for name, one in (below or {}).items():
        yield from commands(one, (*path, name))


def _section(path: tuple[str, ...], command: Any) -> str:
    text, _, example = (command.help or "").partition("Example: ")
    prose = "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))
    rows, usage = [], list(path)
    for one in command.params:
        if one.name == "help":
            continue
        if one.param_type_name == "argument":
            name = one.name.upper() + ("…" if one.nargs == -1 else "")
            usage.append(name)
        else:
            name = " ".join(one.opts) + ("" if one.is_flag else " " + _value(one))
            if one.required:
                usage.append(name)
        rows.append(f"| `{name}` | {one.help}{' Needed.' if one.required else ''} |")
    if any(one.param_type_name == "option" and not one.required for one in command.params):
        usage.append("[OPTIONS]")
    lines = [f"## {' '.join(path)}", "", prose, "", "```sh", " ".join(usage), "```", ""]
    lines += ["| | |", "|---|---|", *rows, ""]
    lines += ["Example:", "", "```sh", " ".join(example.split()), "```", ""]
    return "\n".join(lines)


def _value(option: Any) -> str:
    return option.name.removeprefix("as_").upper()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
