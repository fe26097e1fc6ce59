"""Commands of ``qualkit study`` that change it: undo, redo, a corrected text, erasing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from qualkit.cli.output import counted, remark, say, say_json
from qualkit.cli.study_options import Coder, File, Json, Reason
from qualkit.cli.tables import say_table
from qualkit.errors import StoreError


def undo(file: File, coder: Coder, json: Json = False) -> None:
    """Take back the last act of a coder, and say which; it stays in the history.

    Refused when a later act touched the same thing; that one is named. Erasing cannot be undone.

    Example: qualkit study undo ret-zuid.qualkit --coder AB
    """
    from qualkit.study import Study

    with Study.open(file, coder=coder) as study:
        what = study.undo()
    if json:
        say_json({"undone": what})
    else:
        say(f"Undone: {what}")


def redo(file: File, coder: Coder, json: Json = False) -> None:
    """Do again what a coder undid last, and say what.

    Example: qualkit study redo ret-zuid.qualkit --coder AB
    """
    from qualkit.study import Study

    with Study.open(file, coder=coder) as study:
        what = study.redo()
    if json:
        say_json({"redone": what})
    else:
        say(f"Done again: {what}")


def revise(
    file: File,
    document: Annotated[str, typer.Argument(help="Name of the document, such as CI-3.")],
    newfile: Annotated[Path, typer.Argument(help="The whole corrected transcript: .docx, .txt or .md.")],
    *,
    coder: Coder,
    reason: Reason,
    json: Json = False,
) -> None:
    """Give a document a corrected text; its codings come along, and it says how many.

    kept: the same words at the same place; moved: the same words elsewhere; changed: some of the words were
    corrected; lost: the words are gone. Changed and lost ones wait in qualkit study review.

    Example: qualkit study revise ret-zuid.qualkit CI-3 CI-3-verbeterd.docx --coder AB --reason "OCR-fouten"
    """
    from qualkit.study import Study

    with Study.open(file, coder=coder) as study:
        done = asdict(study.revise(document, newfile, reason=reason))
    if json:
        say_json(done)
        return
    say_table([done], {name: name for name in done})
    if waiting := done["changed"] + done["lost"]:
        remark(f"{counted(waiting, 'coding')} to look at: qualkit study review {file}")


def erase(
    file: File,
    *,
    coder: Coder,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it stays in the file for good, so name nobody.")
    ],
    participant: Annotated[
        str | None, typer.Option("--participant", help="Everything of this participant.")
    ] = None,
    document: Annotated[
        str | None, typer.Option("--document", help="This transcript, in every revision.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="One older text: document and number, as in CI-3:1.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without this it only says what would go.")
    ] = False,
    json: Json = False,
) -> None:
    """Take words out of a study for good: of a participant, a document, or one older text of a document.

    Without --yes nothing is changed: it says in counts what would go, and exits 1. Codings stay, without their
    words. It cannot be undone, and other copies of the study still hold the words.

    Example: qualkit study erase ret-zuid.qualkit --participant CJ-2 --coder AB --reason "ingetrokken" --yes
    """
    from qualkit.study import Study

    if sum(one is not None for one in (participant, document, revision)) != 1:
        raise typer.BadParameter("name exactly one of --participant, --document and --revision.")
    text = None
    if revision is not None:
        name, _, number = revision.rpartition(":")
        if not name or not number.isdecimal():
            raise typer.BadParameter('--revision takes a document and a number, as in "CI-3:1".')
        text = name, int(number)
    with Study.open(file, coder=coder if yes else None, read_only=not yes) as study:
        going = asdict(study.would_erase(participant=participant, document=document, revision=text))
        if yes:
            study.erase(participant=participant, document=document, revision=text, reason=reason)
    if json:
        say_json({"erased": yes, **going})
    else:
        say_table([going], {name: name for name in going})
    if not yes:
        raise StoreError(
            "nothing was erased. Say --yes to erase the words counted here; there is no way back."
        )
    remark(
        "Other copies of this study still hold these words. Delete them, or merge this study into them: they go there too."
    )
