"""Commands of ``qualkit study`` for working together: merging copies, deciding, reviewing."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from qualkit.cli.output import counted, remark, say, say_json
from qualkit.cli.study_options import Coder, File, Json, Reason
from qualkit.cli.tables import records, say_table, shown


class Choice(StrEnum):
    """What to do with a conflict."""

    keep = "keep"
    take = "take"


def merge(
    main: Annotated[Path, typer.Argument(help="The study file that takes in.")],
    copies: Annotated[list[Path], typer.Argument(help="Copies of it, as others worked in them.")],
    coder: Annotated[
        str, typer.Option("--coder", help="Who does this; shown to others who want to write meanwhile.")
    ] = "",
    json: Json = False,
) -> None:
    """Take in what copies of a study hold and this one lacks, and say what came of it, copy by copy.

    in: acts that came in; kept: acts that were here already; changed: fields that the copy changed; in conflict:
    what both sides changed differently, for qualkit study decide; erased: texts erased here that the copy still
    holds; they do not come back. In which order copies are merged, and how often, makes no difference.

    Example: qualkit study merge ret-zuid.qualkit ret-zuid-CD.qualkit --coder AB
    """
    from qualkit.study import Study

    with Study.open(main, coder=coder or None) as study:
        done = [asdict(one) for one in study.merge(*copies)]
    if json:
        say_json(done)
    else:
        headings = {"events": "in", "kept": "kept", "changed": "changed", "conflicts": "in conflict"}
        say_table(done, {"copy": "copy", **headings, "erased": "erased"})
    for one in done:
        if one["erased"]:
            texts = counted(one["erased"], "erased text")
            remark(
                f"{one['copy']} still holds {texts}. Delete it, or merge this study into it: they go there too."
            )
    if waiting := sum(one["conflicts"] for one in done):
        remark(f"{counted(waiting, 'conflict')} to decide: qualkit study conflicts {main}")


def conflicts(file: File, json: Json = False) -> None:
    """Say what two sides did differently and nobody decided yet: what stands, and what the other one wanted.

    Example: qualkit study conflicts ret-zuid.qualkit
    """
    from qualkit.study import Study

    with Study.open(file, read_only=True) as study:
        rows = records(study.conflicts())
    if json:
        say_json(rows)
        return
    headings = {name: name.replace("_", " ") for name in ("conflict", "reason", "field", "in_use", "wanted")}
    say_table(rows, {**headings, "coder": "by"})
    if not rows:
        remark("Nothing waits for a decision.")


def decide(
    file: File,
    conflict: Annotated[str, typer.Argument(help="The conflict, from qualkit study conflicts.")],
    choice: Annotated[Choice, typer.Argument(help="keep what stands, or take what the other side wanted.")],
    *,
    coder: Coder,
    reason: Reason,
    json: Json = False,
) -> None:
    """Decide a conflict: keep what stands, or take what the other side wanted.

    Example: qualkit study decide ret-zuid.qualkit 0194c5…:3:0 keep --coder AB --reason "besproken"
    """
    from qualkit.study import Study

    with Study.open(file, coder=coder) as study:
        study.decide(conflict, choice.value, reason=reason)
        left = len(study.conflicts())
    if json:
        say_json({"conflict": conflict, "choice": choice.value, "left": left})
    else:
        done = "Kept what stands" if choice is Choice.keep else "Took what the other side wanted"
        say(f"{done}; {counted(left, 'conflict')} left.")


def review(
    file: File,
    words: Annotated[
        bool, typer.Option("--words", help="Show the words, before and after, with what stands around them.")
    ] = False,
    json: Json = False,
) -> None:
    """List the codings whose words were changed or lost by a corrected text, until somebody decides.

    Decide with qualkit study place, one coding at a time.

    Example: qualkit study review ret-zuid.qualkit --words
    """
    from qualkit.study import Study

    with Study.open(file, read_only=True) as study:
        frame = study.review()
    rows = records(frame if words else frame.drop(columns=["before", "after"]))
    if json:
        say_json(rows)
        return
    if not words:
        headings = {"coding_id": "coding", "document_id": "document", "coder": "coder", "code_id": "code"}
        say_table(rows, {**headings, "anchor": "words are"})
    for row in rows if words else ():
        say(
            shown(
                f"{row['document_id']}, {row['code_id']} by {row['coder']}: {row['anchor']} ({row['coding_id']})"
            )
        )
        for name in ("before", "after"):
            say(shown(f"  {name + ':':8}{row[name]}"))
    if not rows:
        remark("Nothing waits for a decision.")


def place(
    file: File,
    coding: Annotated[str, typer.Argument(help="The coding, from qualkit study review.")],
    *,
    coder: Coder,
    reason: Reason,
    quote: Annotated[
        str | None,
        typer.Option("--quote", help="Its words in the new text; without it, where it stands now."),
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Take the coding back instead.")] = False,
    json: Json = False,
) -> None:
    """Decide where a coding stands whose words a corrected text changed or lost.

    Example: qualkit study place ret-zuid.qualkit 0194c5… --quote "een jaar wachten" --coder AB --reason "hoorfout"
    """
    from qualkit.study import Study

    with Study.open(file, coder=coder) as study:
        if drop:
            study.remove_codings([coding], reason=reason)
        else:
            study.place_coding(coding, quote=quote, reason=reason)
        left = len(study.review())
    if json:
        say_json({"coding": coding, "dropped": drop, "left": left})
    else:
        say(f"{'Taken back' if drop else 'Placed'}; {counted(left, 'coding')} left to review.")
