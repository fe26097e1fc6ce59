"""``qualkit document``: see how a transcript is read before it goes into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qualkit.cli.output import say, say_json

app = typer.Typer(no_args_is_help=True, help="A transcript: how its turns and speakers are read.")


@app.callback()
def _document() -> None:
    pass


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(help="A transcript: .docx, .txt or .md.")],
    interviewer: Annotated[list[str], typer.Option(help="Name of an interviewer; may be repeated.")] = [],  # noqa: B006
    words: Annotated[bool, typer.Option("--words", help="Show the words of each turn too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the turns of a transcript: number, role, speaker, place; words only on request.

    Example: qualkit document preview transcripts_sample/interviews/CI-4.docx --interviewer "Marjan Hofstra"
    """
    from qualkit.sources import read_document

    document = read_document(file, interviewers=interviewer)
    turns: list[dict[str, object]] = []
    for one in document.segments:
        turn: dict[str, object] = {
            "paragraph": one.paragraph,
            "role": one.role,
            "speaker": one.speaker,
            "start": one.start,
            "end": one.end,
            "time_ms": one.time_ms,
        }
        if words:
            turn["words"] = document.text[one.start : one.end]
        turns.append(turn)
    if json:
        say_json({"document_id": document.name, "turns": turns})
        return
    for turn in turns:
        line = (
            f"{turn['paragraph']:>4}  {turn['role']:<11}  {turn['speaker']:<24} {turn['start']}–{turn['end']}"
        )
        say(f"{line}  {turn['words']}" if words else line)
