"""What the team gets: the workbook with every quotation, and each transcript on paper with its codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qualkit.analysis.groups import compare_groups
from qualkit.report.coded import write_coded
from qualkit.report.workbook import Sheet, quotation_table, write_workbook

if TYPE_CHECKING:
    from qualkit.report.filling import ReportSettings
    from qualkit.study import Study


def write_tables(path: Path, study: Study, settings: ReportSettings) -> None:
    """Write ``tabellen.xlsx``: quotations, the matrix by group, who is behind each cell, participants, coverage.

    Parameters
    ----------
    path : Path
        Where.
    study : Study
        What.
    settings : ReportSettings
        Groups, and whose codings are counted.
    """
    comparison = compare_groups(
        study, by=settings.by, coder=settings.coder, groups=[group.key for group in settings.groups]
    )
    people = study.participants()
    counts = comparison.frame.copy()
    # names behind each cell are what the team looks up most; they never leave this file
    counts["participants"] = [
        ", ".join(comparison.participants(str(code), soort=str(soort), group=str(group))) if k else ""
        for code, soort, group, k in counts[["code_id", "soort", "group", "k"]].itertuples(index=False)
    ]
    method = comparison.method[settings.language]
    sheets = [
        Sheet(
            "citaten",
            quotation_table(study.codings(), people, settings.by),
            "Alle gecodeerde fragmenten",
            widths={"text": 70, "code": 26},
            wrap=frozenset({"text", "code"}),
        ),
        Sheet(
            "matrix",
            comparison.matrix(language=settings.language).reset_index(),
            "Onderwerp naar groep",
            method,
        ),
        Sheet("tellingen", counts, "Onderwerp naar soort en groep, met wie erachter staan", method),
        Sheet("respondenten", people, "Respondenten en hun kenmerken"),
    ]
    coverage = study.coverage()
    if len(coverage):
        wide = coverage.pivot(index="document_id", columns="topic", values="value").reset_index()
        sheets.append(Sheet("gespreksverloop", wide, "Welk onderwerp in welk gesprek is gevraagd"))
    memos = study.memos()[["target_name", "kind", "text", "coder"]]
    sheets.append(
        Sheet(
            "memo's", memos, "Veldnotities en samenvattingen", widths={"text": 90}, wrap=frozenset({"text"})
        )
    )
    write_workbook(path, sheets, date=settings.date)


def write_coded_transcripts(folder: Path, study: Study, settings: ReportSettings) -> None:
    """Write each transcript as a Word file with its codes in the margin.

    Parameters
    ----------
    folder : Path
        Where; files are called after the interviews.
    study : Study
        What.
    settings : ReportSettings
        Language and date.
    """
    codebook = study.codebook
    codes = codebook.codes if codebook else ()
    names = {code.key: code.name.in_(settings.language) for code in codes}
    colours = {code.key: codebook.colour(code.key) or "" for code in codes} if codebook else {}
    codings = study.codings()
    people = study.participants()
    days = dict(zip(people["participant"], people["datum"], strict=True)) if "datum" in people else {}
    for document in study.documents()["document_id"]:
        write_coded(
            folder / f"{document}.docx",
            study.document(document),
            codings[codings["document_id"] == document],
            title=f"{document}",
            language=settings.language,
            names=names,
            colours=colours,
            date=days.get(document) or settings.date,
        )
