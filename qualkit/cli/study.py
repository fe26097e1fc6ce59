"""``qualkit study``: look at a study file and check it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from qualkit.cli.output import counted, say, say_json
from qualkit.errors import VerifyError

app = typer.Typer(no_args_is_help=True, help="A study file: what is in it, and whether it is whole.")

File = Annotated[Path, typer.Argument(help="The study file, which ends in .qualkit.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def info(file: File, json: Json = False) -> None:
    """Say what a study holds, in counts.

    Example: qualkit study info build/transcripts_sample.qualkit
    """
    from qualkit.study import Study

    with Study.open(file, read_only=True) as study:
        source = study.provenance
        found: dict[str, object] = {
            "title": study.title,
            "language": study.language,
            "documents": len(study.documents()),
            "participants": len(study.participants()),
            "codings": len(study.codings()),
            "codebook": source.codebook,
            "codebook_version": source.codebook_version,
            "content_hash": source.content_hash,
        }
    if json:
        say_json(found)
    else:
        for name, value in found.items():
            say(f"{name:17} {value}")


@app.command()
def verify(file: File, json: Json = False) -> None:
    """Check that a study file is whole: chains, texts, anchors, and a replay in a fresh process.

    Example: qualkit study verify build/transcripts_sample.qualkit
    """
    from qualkit.store.verify import verify as check

    found = check(file)
    if json:
        say_json(asdict(found) | {"whole": found.whole})
        if not found.whole:
            raise typer.Exit(1)
        return
    if found.fault is not None:
        raise VerifyError(f"{file.name}: {found.fault}")
    parts = (
        counted(found.events, "event"),
        counted(found.texts, "text"),
        counted(found.codings, "coding"),
        counted(found.conflicts, "conflict"),
    )
    say(f"{file.name} is whole: {', '.join(parts)}.")
