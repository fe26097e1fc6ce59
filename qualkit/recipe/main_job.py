"""The main job: from a recipe to a study file and all outputs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from qualkit.errors import Fault, OutputError, RecipeError, StoreError, nearest
from qualkit.locale import words
from qualkit.recipe.gather import Gathered, gather, group_faults
from qualkit.recipe.read import Recipe, read_recipe
from qualkit.report.filling import ReportSettings, manifest, manifest_text
from qualkit.store.file import StudyFile
from qualkit.study import Study

STALE_SECONDS = 3_600

Progress = Callable[[str, int, int], None]
CODED = Path("intern", "gecodeerd")
MANIFEST = "manifest.json"
LEFT_OUT = Path("intern", "weggelaten.txt")


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
    faults: list[Fault] = []
    if not isinstance(recipe, Recipe):
        recipe, faults = read_recipe(recipe)
    folder = Path(out).resolve()
    tell = _telling(progress, recipe)
    tell("reading", 0, 1)
    if recipe.study is None:
        _refuse_foreign(folder / recipe.file_name)
    found = gather(recipe)
    faults += found.faults
    if faults:
        raise RecipeError(faults, f"{recipe.path.name} is not built")
    stale = _stale(recipe, folder, found)
    with _workplace(folder) as work:
        with _made_or_opened(recipe, found, work) as study:
            settings = replace(recipe.settings, names=found.names, left_out=len(found.left_out))
            made = manifest(study, settings)
            _outputs(recipe, study, settings, work, tell)
        if found.left_out:
            (work / LEFT_OUT.parent).mkdir(exist_ok=True)
            lines = [f"{fault}\n" for fault in found.left_out]
            (work / LEFT_OUT).write_text("".join(lines), encoding="utf-8", newline="\n")
        (work / MANIFEST).write_text(manifest_text(made), encoding="utf-8", newline="\n")
        files = _deliver(work, folder, stale)
    study_path = recipe.study or folder / recipe.file_name
    report = folder / "extern" / "rapport.docx"
    return Built(
        folder, study_path, report if report in files else None, made, tuple(files), tuple(found.left_out)
    )


def _telling(progress: Progress | None, recipe: Recipe) -> Progress:
    """Return a function that tells `progress` of a step, in the language of the recipe."""
    phrases = words(recipe.settings.language)

    def tell(step: str, done: int, total: int) -> None:
        if progress is not None:
            progress(phrases[f"progress_{step}"], done, total)

    return tell


def _refuse_foreign(path: Path) -> None:
    """Refuse to go on when the study file at `path` holds anything that no build has made."""
    if not path.exists():
        return
    if path.with_name(f"{path.name}-wal").exists():
        raise OutputError(f"{path.name}: is open in another program. Close it there and build again.")
    try:
        file = StudyFile.open(path, read_only=True)
    except StoreError as error:
        raise OutputError(
            f"{path.name}: something else than a study of this recipe has this name in the output folder, so it is "
            f"not replaced. Move it elsewhere. ({error})"
        ) from error
    try:
        others = sum(1 for event in file.events() if event.kind == "open" and event.data["tool"] != "build")
    finally:
        file.close()
    if others:
        sessions = "a session" if others == 1 else f"{others} sessions"
        raise OutputError(
            f"{path.name}: holds work of {sessions} that no build has made, so it is not replaced. "
            "Move it elsewhere, or name it in the recipe with study:."
        )


def _stale(recipe: Recipe, folder: Path, found: Gathered) -> list[Path]:
    """Return what an earlier build left of interviews, and of left-out codings, that are no longer there.

    Who withdraws is taken out of the recipe's files; then no transcript of theirs may stay in the outputs.
    """
    stale = [folder / LEFT_OUT]
    earlier = folder / recipe.file_name
    if recipe.study is None and earlier.exists():
        now = {document.name for document in found.documents}
        with Study.open(earlier, read_only=True) as study:
            gone = [str(name) for name in study.documents()["document_id"] if name not in now]
        stale += [folder / CODED / f"{name}.docx" for name in gone]
    return [path for path in stale if path.is_file()]


def _made_or_opened(recipe: Recipe, found: Gathered, work: Path) -> Study:
    if recipe.study is None:
        return _make(recipe, found, work / recipe.file_name)
    study = Study.open(recipe.study, read_only=True)
    try:
        _check_study(recipe, recipe.study, study)
    except BaseException:
        study.close()
        raise
    return study


def _check_study(recipe: Recipe, path: Path, study: Study) -> None:
    """Refuse a recipe that does not fit the study it names."""
    faults = []
    if study.codebook is None:
        faults.append(Fault(path.name, "the study has no codebook.", "Adopt one first."))
    people = study.participants()
    columns = [name for name in people.columns if name != "participant"]
    values = {
        str(row["participant"]): {name: (str(row[name]),) for name in columns if row[name]}
        for _, row in people.iterrows()
    }
    faults += group_faults(recipe, path.name, values)
    coders = sorted({str(one) for one in study.codings()["coder"]})
    counted = recipe.settings.coder
    if counted and counted not in coders:
        found = f'coder "{counted}" made none of the codings.'
        faults.append(Fault(recipe.path.name, found, nearest(counted, coders)))
    if faults:
        raise RecipeError(faults, f"{recipe.path.name} is not built")


def _make(recipe: Recipe, found: Gathered, path: Path) -> Study:
    settings = recipe.settings
    assert found.codebook is not None  # without one there are faults
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
            study.add_codings(found.codings, interviewer_turns=recipe.interviewer_turns == "allow")
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
            (work / CODED).mkdir(parents=True)
            write_coded_transcripts(work / CODED, study, settings)
    tell("done", steps, steps)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Give a folder within `folder` to work in; it is gone afterwards, and so is what was made for it."""
    missing: list[Path] = []
    try:
        missing = _make_folders(folder)
        _sweep(folder)
        work = Path(mkdtemp(prefix=".building-", dir=folder))
    except OSError as error:
        _remove_empty(missing)
        raise OutputError(
            f"{folder}: cannot be written in ({error.strerror}). Choose another folder."
        ) from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        _remove_empty(missing)


def _sweep(folder: Path) -> None:
    """Remove what a build that was killed left behind: it holds words of participants.

    One that was touched within the hour may belong to a build that is running now.
    """
    for left in folder.glob(".building-*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns what was made, the innermost first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: Iterable[Path]) -> None:
    for one in folders:
        if one.is_dir() and not any(one.iterdir()):
            one.rmdir()


def _deliver(work: Path, folder: Path, stale: Iterable[Path]) -> list[Path]:
    """Move every finished file to its place and take `stale` away; returns where the files are now.

    When one cannot be moved, those moved before it go back, and `folder` is as it was.
    """
    # the manifest says what the other files are, so it comes when they are there
    files = sorted(
        (one for one in work.rglob("*") if one.is_file()), key=lambda one: (one.name == MANIFEST, one)
    )
    aside = work / "before"
    aside.mkdir()
    undo: list[Callable[[], object]] = []
    delivered: list[Path] = []

    def save(target: Path) -> None:
        # a copy, not a move: killed between the two steps, a build leaves the old file where it was
        saved = aside / str(len(undo))
        shutil.copy2(target, saved)
        undo.append(partial(saved.replace, target))

    target = folder
    try:
        for path in files:
            target = folder / path.relative_to(work)
            undo.append(partial(_remove_empty, _make_folders(target.parent)))
            if target.exists():
                save(target)
            else:
                undo.append(partial(target.unlink, missing_ok=True))
            path.replace(target)
            delivered.append(target)
        for target in stale:
            if target not in delivered:
                save(target)
                target.unlink()
    except BaseException as error:
        for back in reversed(undo):
            back()
        if isinstance(error, OSError):
            raise OutputError(
                f"{target.name}: cannot be replaced ({error.strerror}). Close it where it is open, and build again."
            ) from error
        raise
    return delivered
