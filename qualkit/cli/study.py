"""``qualkit study``: look at a study file, now and in the past, check it and hand it on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualkit.cli import study_changes, study_together
from qualkit.cli.output import counted, progress, say, say_json
from qualkit.cli.study_options import File, Json
from qualkit.cli.tables import records, say_csv, say_pairs, say_table
from qualkit.errors import VerifyError

if TYPE_CHECKING:
    from qualkit.study import Study

app = typer.Typer(
    no_args_is_help=True,
    help="A study file: what is in it, whether it is whole, what was done, working together.",
)


@app.command()
def info(file: File, json: Json = False) -> None:
    """Say what a study holds, in counts.

    Example: qualkit study info build/transcripts_sample.qualkit
    """
    from qualkit.study import Study

    with Study.open(file, read_only=True) as study:
        found = _held(study)
    say_json(found) if json else say_pairs(found)


@app.command()
def verify(file: File, json: Json = False) -> None:
    """Check that a study file is whole: chains, texts, anchors, and a replay in a fresh process.

    Exit 0 when it is, 1 when something is wrong; the first thing wrong is told with its place.

    Example: qualkit study verify build/transcripts_sample.qualkit
    """
    from qualkit.store.verify import verify as check

    with progress(quiet=json) as tell:
        if tell is not None:
            tell(f"checking {file.name}", 0, 1)
        found = check(file)
    if json:
        say_json(asdict(found) | {"whole": found.whole})
        if not found.whole:
            raise typer.Exit(1)
        return
    if found.fault is not None:
        # a file that cannot be opened at all is named in its fault already
        named = found.fault.startswith(f"{file.name}: ")
        raise VerifyError(found.fault if named else f"{file.name}: {found.fault}")
    parts = [
        counted(found.events, "event"),
        counted(found.texts, "text"),
        counted(found.codings, "coding"),
        counted(found.conflicts, "conflict"),
    ]
    if found.erased:
        parts.append(f"{counted(found.erased, 'text')} erased")
    say(f"{file.name} is whole: {', '.join(parts)}.")


@app.command()
def history(
    file: File,
    document: Annotated[
        str | None, typer.Option("--document", help="Only acts on this document and its codings.")
    ] = None,
    coder: Annotated[str | None, typer.Option("--coder", help="Only acts of this coder.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Json = False,
) -> None:
    """Say in plain words what was done: when (on your clock), who, what and why; oldest first.

    CSV and JSON hold more: the id of each act, its kind, its size, and times in UTC.

    Example: qualkit study history build/transcripts_sample.qualkit --document CI-3
    """
    from datetime import datetime

    from qualkit.study import Study

    if as_csv and json:
        raise typer.BadParameter("choose one of --csv and --json.")
    with Study.open(file, read_only=True) as study:
        frame = study.history(document=document, coder=coder)
    rows = records(frame)
    if json:
        say_json(rows)
    elif as_csv:
        say_csv(rows, list(frame.columns))
    else:
        for row in rows:
            row["at"] = f"{datetime.fromisoformat(str(row['at'])).astimezone():%Y-%m-%d %H:%M:%S}"
        headings = {"at": "when", "coder": "who", "what": "what", "why": "why", "undone": "undone"}
        say_table(rows, headings)


@app.command("as-of")
def as_of(
    file: File,
    time: Annotated[str, typer.Argument(help="A moment on your clock: 2021-11-30T14:05, or 2021-11-30.")],
    json: Json = False,
) -> None:
    """Say what a study held at a moment, in counts: what this file showed then.

    Words that were erased since are not counted.

    Example: qualkit study as-of build/transcripts_sample.qualkit 2099-01-01T00:00
    """
    from qualkit.study import Study

    with Study.open(file, read_only=True) as study, study.as_of(time) as past:
        found = _held(past)
    say_json(found) if json else say_pairs(found)


@app.command()
def copy(
    file: File,
    target: Annotated[Path, typer.Argument(help="The new file; nothing may be there yet.")],
    json: Json = False,
) -> None:
    """Copy a study to a new file, to hand on or to keep: one consistent whole, even while others write.

    Example: qualkit study copy build/transcripts_sample.qualkit voor-CD.qualkit
    """
    from qualkit.study import Study

    with Study.open(file, read_only=True) as study:
        made = study.copy(target)
    if json:
        say_json({"copy": str(made)})
    else:
        say(str(made))


app.command()(study_changes.undo)
app.command()(study_changes.redo)
app.command()(study_changes.revise)
app.command()(study_together.review)
app.command()(study_together.merge)
app.command()(study_together.conflicts)
app.command()(study_together.decide)
app.command()(study_together.place)
app.command()(study_changes.erase)


def _held(study: Study) -> dict[str, object]:
    source = study.provenance
    return {
        "title": study.title,
        "language": study.language,
        "documents": len(study.documents()),
        "participants": len(study.participants()),
        "codings": len(study.codings()),
        "codebook": source.codebook,
        "codebook_version": source.codebook_version,
        "content_hash": source.content_hash,
    }
