"""``qualkit``: the commands, and the one place where errors become one line."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from qualkit import __version__
from qualkit.cli import build, codebook, document, study
from qualkit.cli.output import complain
from qualkit.errors import QualkitError

app = typer.Typer(
    name="qualkit",
    help="From interview transcripts to a Word report: transcripts, codebook, codings, group comparison, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("build")(build.build)
app.add_typer(study.app, name="study")
app.add_typer(codebook.app, name="codebook")
app.add_typer(document.app, name="document")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qualkit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # read by its callback, before a command is asked for
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; exit 0 done, 1 refused, 2 misuse."""
    for stream in (sys.stdout, sys.stderr):
        # Windows consoles may still speak an old code page; our words hold é, ë, – and …
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        app()
    except QualkitError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # the reader of our output has gone; nothing is wrong here
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
