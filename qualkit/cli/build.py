"""``qualkit build``: the main job."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast

import typer

from qualkit.cli.output import counted, progress, remark, say, say_json


def build(
    recipe: Annotated[Path, typer.Argument(help="The recipe of the study: study.yaml.")],
    out: Annotated[
        Path, typer.Option("--out", help="The folder to write in; nothing outside it is touched.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Make the study file, the Word report, the tables and the coded transcripts of a recipe.

    Example: qualkit build transcripts_sample/study.yaml --out build/
    """
    from qualkit.recipe import LEFT_OUT
    from qualkit.recipe import build as make

    with progress(quiet=quiet or json) as tell:
        built = make(recipe, out=out, progress=tell)
    for fault in built.left_out:
        remark(f"Left out: {fault}")
    if left_out := len(built.left_out):
        were = "was" if left_out == 1 else "were"
        remark(f"{counted(left_out, 'coding')} {were} left out: see {LEFT_OUT.as_posix()}.")
    if json:
        say_json(
            {
                "out": str(built.out),
                "study": str(built.study),
                "report": str(built.report) if built.report else None,
                "files": [str(path) for path in built.files],
                "left_out": [asdict(fault) for fault in built.left_out],
                "manifest": built.manifest,
            }
        )
        return
    made = built.manifest
    coders = ", ".join(cast(list[str], made["coders"]))
    interviews, codings = (
        counted(cast(int, made["documents"]), "interview"),
        counted(cast(int, made["codings"]), "coding"),
    )
    say(f"{interviews}, {codings} by {coders}, codebook {made['codebook']} {made['codebook_version']}")
    if built.report:
        say(f"Report:  {built.report}")
    say(f"Study:   {built.study}")
    say(f"All:     {built.out} ({len(built.files)} files)")
