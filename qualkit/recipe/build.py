"""The main job: from a recipe to a study file and all outputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from qualkit.errors import Fault, OutputError, RecipeError, StoreError
from qualkit.recipe.gather import Gathered, gather
from qualkit.recipe.read import Recipe
from qualkit.report.filling import ReportSettings, manifest, manifest_text
from qualkit.store.file import StudyFile
from qualkit.study import Study

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made.

    Parameters
    ----------
    out : Path
        The folder.
    study : Path
        The study file: made here, or the one that the recipe names.
    report : Path or None
        The Word report for outside the team.
    manifest : dict
        See `qualkit.report.filling.manifest`.
    files : tuple of Path
        Every file written, study included.
    left_out : tuple of Fault
        Codings that could not be placed and were left out by ``on_fault: report``.
    """

    out: Path
    study: Path
    report: Path | None
    manifest: dict[str, object]
    files: tuple[Path, ...]
    left_out: tuple[Fault, ...]


def build(recipe: Recipe | str | Path, *, out: str | Path, progress: Progress | None = None) -> Built:
    """Make the study file and all outputs of a recipe; all of it, or nothing.

    Parameters
    ----------
    recipe : Recipe, str or Path
        The recipe, or where it is.
    out : str or Path
        The folder to write in; made when it is not there. Nothing outside it is written.
    progress : callable or None
        Called with what is being made, how far it is, and how far it goes.

    Raises
    ------
    RecipeError
        With all faults of the recipe and its files.
    OutputError
        When `out` holds a study file with work that this recipe did not make, or cannot be written.
    """
    if not isinstance(recipe, Recipe):
        recipe = Recipe.read(recipe)
    folder = Path(out).resolve()
    tell = progress or (lambda what, done, total: None)
    with _workplace(folder) as work:
        if recipe.study is None:
            _refuse_foreign(folder / recipe.file_name)
            tell("lezen", 0, 1)
            found = gather(recipe)
            if found.faults:
                raise RecipeError(found.faults, f"{recipe.path.name} is not built")
            study = _make(recipe, found, work / recipe.file_name)
        else:
            found = Gathered()
            if recipe.names:
                from qualkit.sources.codings import read_names

                found.names = read_names(recipe.names)
            study = Study.open(recipe.study, read_only=True)
        with study:
            settings = replace(recipe.settings, names=found.names)
            made = manifest(study, settings)
            _outputs(recipe, study, settings, work, tell)
        (work / "manifest.json").write_text(manifest_text(made), encoding="utf-8", newline="\n")
        files = _deliver(work, folder)
    study_path = recipe.study or folder / recipe.file_name
    report = folder / "extern" / "rapport.docx"
    return Built(
        folder, study_path, report if report in files else None, made, tuple(files), tuple(found.left_out)
    )


def _refuse_foreign(path: Path) -> None:
    if not path.exists():
        return
    try:
        file = StudyFile.open(path, read_only=True)
    except StoreError as error:
        raise OutputError(f"{path.name} in the output folder is not replaced: {error}") from error
    try:
        others = sum(1 for event in file.events() if event.kind == "open" and event.data["tool"] != "build")
    finally:
        file.close()
    if others:
        raise OutputError(
            f"{path.name}: holds work of {others} session(s) that this recipe did not make, so it is not replaced. "
            "Move it elsewhere, or name it in the recipe with study:."
        )


def _make(recipe: Recipe, found: Gathered, path: Path) -> Study:
    settings = recipe.settings
    assert found.codebook is not None
    study = Study.create(
        path,
        title=settings.title,
        language=settings.language,
        coder=settings.coder or (found.codings[0].coder if found.codings else None) or "build",
        identity=f"{settings.title}\x1f{settings.date}\x1f{found.codebook.name}",
        tool="build",
    )
    try:
        with study.atomic():
            study.add_participants(found.participants)
            study.add_documents(found.documents)
            study.adopt(found.codebook)
            if found.topics:
                study.set_guide(found.topics)
            if found.coverage:
                study.set_coverage(found.coverage)
            study.add_codings(found.codings)
            for kind, name, text in found.memos:
                study.add_memo(text, kind=kind, document=name)
    except BaseException:
        study.close()
        raise
    return study


def _outputs(recipe: Recipe, study: Study, settings: ReportSettings, work: Path, tell: Progress) -> None:
    from qualkit.report import evaluation_report
    from qualkit.report.internal import write_coded_transcripts, write_tables

    steps = len(recipe.outputs)
    for done, output in enumerate(recipe.outputs):
        tell(output, done, steps)
        if output == "rapport":
            (work / "extern").mkdir()
            report = evaluation_report(study, settings, audience="extern")
            report.to_docx(work / "extern" / "rapport.docx", template=recipe.template)
        elif output == "tabellen":
            (work / "intern").mkdir(exist_ok=True)
            write_tables(work / "intern" / "tabellen.xlsx", study, settings)
        else:
            (work / "intern" / "gecodeerd").mkdir(parents=True)
            write_coded_transcripts(work / "intern" / "gecodeerd", study, settings)
    tell("klaar", steps, steps)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Give a folder within `folder` to work in; it is gone afterwards, and so is what was made for it."""
    existed = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(mkdtemp(prefix=".building-", dir=folder))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not existed and not any(folder.iterdir()):
            folder.rmdir()


def _deliver(work: Path, folder: Path) -> list[Path]:
    """Move every finished file to its place; returns where they are now."""
    delivered = []
    for path in sorted(one for one in work.rglob("*") if one.is_file()):
        target = folder / path.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.replace(target)
        except PermissionError as error:
            raise OutputError(f"{target.name}: is open in another program. Close it there and build again.") from error
        delivered.append(target)
    return delivered
