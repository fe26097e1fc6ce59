"""Reports: values made from a study, and their writers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qualkit.errors import Fault, RecipeError
from qualkit.report.values import Block, Figure, Generated, Landscape, Quote, Report, Table

if TYPE_CHECKING:
    from qualkit.report.filling import ReportSettings
    from qualkit.study import Study

Audience = Literal["intern", "extern"]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """A report on a study, ready to be written.

    Parameters
    ----------
    report : Report
        What it says.
    audience : {"intern", "extern"}
        For whom.
    """

    report: Report
    audience: Audience

    def to_docx(self, path: str | Path, *, template: str | Path | None = None) -> None:
        """Write the report as a Word file.

        Parameters
        ----------
        path : str or Path
            Where; what stands there is replaced when the new file is complete.
        template : str, Path or None
            A Word file whose styles, margins, header and footer are used.

        Raises
        ------
        OutputError
            When the file cannot be written, or the template cannot be used.
        """
        from qualkit.report.word import to_docx

        to_docx(self.report, Path(path), template=Path(template) if template is not None else None)


def evaluation_report(
    study: Study, settings: ReportSettings, *, audience: Audience = "extern"
) -> EvaluationReport:
    """Return the report on a study: the evaluator's chapters with everything filled in.

    Parameters
    ----------
    study : Study
        What is reported on.
    settings : ReportSettings
        Title, groups, whose codings are counted, and the chapters.
    audience : {"intern", "extern"}
        *extern* shows group names only, masks known names in quotations, and is refused when a name or a
        participant code stands anywhere else.

    Raises
    ------
    RecipeError
        With everything that is wrong in the chapters.
    """
    from qualkit.report.filling import Filling
    from qualkit.report.text import Marks, read_chapters

    marks = Marks()
    filling = Filling(study, settings, audience, marks)
    if settings.chapters:
        blocks, faults = read_chapters(settings.chapters, filling.names(), marks)
    else:
        with as_file(files("qualkit.locale").joinpath(f"report.{settings.language}.md")) as outline:
            blocks, faults = read_chapters([outline], filling.names(), marks)
    report = Report(
        title=settings.title,
        subtitle=settings.subtitle,
        authors=settings.authors,
        organisation=settings.organisation,
        date=settings.date,
        language=settings.language,
        blocks=tuple(blocks),
        notice=settings.notice,
    )
    if audience == "extern":
        faults += _leaks(report, filling)
    if faults:
        raise RecipeError(faults, "the report is not made")
    return EvaluationReport(report, audience)


def _leaks(report: Report, filling: object) -> Iterator[Fault]:
    from qualkit.report.filling import Filling

    assert isinstance(filling, Filling)
    front = (report.title, report.subtitle, report.notice)
    for text in (*front, *(text for block in report.blocks for text in texts(block))):
        for leak in filling.mask.leaks(text):
            place = text[:40] if len(text) > 40 else text
            yield Fault(
                f'report, at "{place}…"',
                f'"{leak}" may not leave the team.',
                "Write what the person or place is, or mask it in the table of names.",
            )


def texts(block: Block) -> Iterator[str]:
    """Yield every text of a block that a reader can see or hear."""
    match block:
        case Table():
            yield from (block.caption, block.note, block.description, *block.header)
            for row in block.rows:
                yield from row
        case Figure():
            yield from (block.caption, block.alt)
        case Quote():
            yield from (block.words, block.speaker, block.question)
        case Landscape() | Generated():
            for one in block.blocks:
                yield from texts(one)
        case _ if hasattr(block, "runs"):
            yield "".join(run.text for run in block.runs)
        case _:
            yield block.text
