"""Reading a recipe: ``study.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from qualkit.errors import Fault, RecipeError, nearest
from qualkit.fields import Parser
from qualkit.model import LANGUAGES, MEMO_KINDS, Language, MemoKind
from qualkit.report.filling import GroupName, ReportSettings
from qualkit.sources.participants import study_name
from qualkit.yamltree import Faults, Fields, Items, Node, Scalar, from_yaml

Output = Literal["rapport", "tabellen", "gecodeerd"]
OnFault = Literal["stop", "report"]
InterviewerTurns = Literal["refuse", "allow"]
Kind = Literal["file", "folder", "either"]
Approach = Literal["grounded_theory", "framework", "codebook", "reflexive"]

OUTPUTS: tuple[Output, ...] = ("rapport", "tabellen", "gecodeerd")
APPROACHES: tuple[Approach, ...] = ("grounded_theory", "framework", "codebook", "reflexive")
LARGEST = 1_000_000

_TOP = (
    *("title", "subtitle", "language", "date", "approach", "authors", "organisation", "notice", "questions"),
    *("study", "documents", "participants", "groups", "codebook", "guide", "coverage", "codings", "coder"),
    *("memos", "names", "chapters", "template", "outputs", "on_fault", "interviewer_turns"),
)
_INPUTS = ("documents", "participants", "codebook", "guide", "coverage", "codings", "memos")
# what a table of codings may call otherwise
_COLUMNS = (
    *("document_id", "start", "end", "text", "code_id", "soort", "oordeel", "asked", "coder"),
    "codebook_version",
)


@dataclass(frozen=True, slots=True)
class CodingsFile:
    """A table of codings, with what its columns are called and who coded when it has no such column."""

    path: Path
    columns: tuple[tuple[str, str], ...] = ()
    coder: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a study consists of and what is made of it, as its recipe says; paths are absolute.

    Parameters
    ----------
    path : Path
        The recipe itself.
    settings : ReportSettings
        Title, groups, date, chapters; *names* come with the build.
    approach : {"grounded_theory", "framework", "codebook", "reflexive"}
        Decides which figures exist.
    study : Path or None
        An existing study file; then nothing of what follows is read from files.
    documents, participants, codebook : Path or None
        Where they are; the codebook is a folder of releases, a YAML file, or a table of codes.
    codebook_name, codebook_version : str
        The version is never guessed; the name is needed for a table of codes.
    guide, coverage, names, template : Path or None
        None when the recipe has none.
    memos : tuple of (kind, Path)
        A folder for each kind of memo; its files are called after the interviews.
    codings : tuple of CodingsFile
        In the order of the recipe.
    outputs : tuple of {"rapport", "tabellen", "gecodeerd"}
        What to make.
    on_fault : {"stop", "report"}
        Whether codings that cannot be placed stop the build, or are named and left out.
    interviewer_turns : {"refuse", "allow"}
        Whether a coding may hold words of the interviewer, as in studies that code question and answer
        together.
    """

    path: Path
    settings: ReportSettings
    approach: Approach
    study: Path | None
    documents: Path | None
    participants: Path | None
    codebook: Path | None
    codebook_name: str
    codebook_version: str
    guide: Path | None
    coverage: Path | None
    memos: tuple[tuple[MemoKind, Path], ...]
    names: Path | None
    template: Path | None
    codings: tuple[CodingsFile, ...]
    outputs: tuple[Output, ...]
    on_fault: OnFault
    interviewer_turns: InterviewerTurns = "refuse"

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Return the recipe at `path`; files it names are looked for beside it.

        Raises
        ------
        RecipeError
            With every fault of the recipe, each with its line.
        """
        recipe, faults = read_recipe(path)
        if faults:
            raise RecipeError(faults, _cannot(Path(path)))
        return recipe

    @property
    def file_name(self) -> str:
        """Name of the study file that the build makes: the recipe's folder, or its name when that says more."""
        stem = self.path.stem
        return f"{self.path.parent.name if stem == 'study' else stem}.qualkit"


def read_recipe(path: str | Path) -> tuple[Recipe, list[Fault]]:
    """Return a recipe as far as it can be read, and what is wrong with it.

    A build goes on with what there is, so that the faults of the files come in the same error.

    Raises
    ------
    RecipeError
        When nothing can be read: no file, no UTF-8, no YAML.
    """
    file = Path(path)
    faults = Faults(file.name, error=RecipeError, what=_cannot(file))
    if not file.is_file():
        found = "this is a folder." if file.is_dir() else "there is no such file."
        faults.add(None, found, "Give the path of a study.yaml.")
        faults.raise_any()
    try:
        content = file.read_bytes()
    except OSError as error:
        faults.add(None, f"the file cannot be opened ({error.strerror}).", "Check who may read it.")
        faults.raise_any()
    if len(content) > LARGEST:
        faults.add(None, f"is larger than {LARGEST:,} bytes.", "A recipe names files; it does not hold them.")
        faults.raise_any()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.add(content.count(b"\n", 0, error.start) + 1, "is not UTF-8.", "Save it as UTF-8.")
        faults.raise_any()
    recipe = _Reader(file.resolve(), faults).read(from_yaml(text, faults))
    try:
        faults.raise_any()
    except RecipeError as error:
        return recipe, list(error.faults)
    return recipe, []


def _cannot(file: Path) -> str:
    return f"{file.name} cannot be used as a recipe"


class _Reader:
    """Takes the recipe's fields one by one and notes every fault."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self._path, self._faults = path, faults
        self._parser = Parser(faults)
        self._top: dict[str, Node] = {}

    def read(self, root: Node) -> Recipe:
        """Return the recipe; what cannot be read is noted and left empty."""
        p = self._parser
        self._top = p.fields(root, "a recipe", _TOP, ("title", "language", "date", "groups"))
        existing = self._one("study", "file")
        for name in _INPUTS:
            if "study" in self._top and name in self._top:
                found = f"names {name} and a study."
                self._faults.add(
                    self._top[name].place, found, f"A study holds its own {name}: keep one of both."
                )
            elif "study" not in self._top and name not in self._top and name in _INPUTS[:3] + _INPUTS[5:6]:
                self._faults.add(root.place, f"a recipe has no {name}.", "Add it, or name an existing study.")
        codebook, name, version = self._codebook()
        recipe = Recipe(
            path=self._path,
            settings=self._settings(),
            approach=cast(
                Approach, p.choice(self._top.get("approach"), "approach", APPROACHES) or "codebook"
            ),
            study=existing,
            documents=self._one("documents", "either"),
            participants=self._one("participants", "file"),
            codebook=codebook,
            codebook_name=name,
            codebook_version=version,
            guide=self._one("guide", "file"),
            coverage=self._one("coverage", "file"),
            memos=self._memos(),
            names=self._one("names", "file"),
            template=self._one("template", "file"),
            codings=self._codings(),
            outputs=self._outputs(),
            on_fault=cast(
                OnFault, p.choice(self._top.get("on_fault"), "on_fault", ("stop", "report")) or "stop"
            ),
            interviewer_turns=cast(
                InterviewerTurns,
                p.choice(self._top.get("interviewer_turns"), "interviewer_turns", ("refuse", "allow"))
                or "refuse",
            ),
        )
        if "coverage" in self._top and "guide" not in self._top:
            self._faults.add(
                self._top["coverage"].place, "names coverage without a guide.", "Add the topic guide."
            )
        return recipe

    def _settings(self) -> ReportSettings:
        p, top = self._parser, self._top
        date = p.date(top.get("date"))
        attribute, groups = self._groups()
        chapters = [
            self._path_of(node, "a chapter", "file") for node in p.items(top.get("chapters"), "chapters")
        ]
        return ReportSettings(
            title=p.string(top.get("title"), "title"),
            subtitle=p.string(top.get("subtitle"), "subtitle"),
            organisation=p.string(top.get("organisation"), "organisation"),
            notice=p.string(top.get("notice"), "notice"),
            authors=self._strings("authors"),
            date=date.isoformat() if date else "",
            language=cast(Language, p.choice(top.get("language"), "language", LANGUAGES) or "nl"),
            by=attribute,
            groups=groups,
            coder=p.string(top.get("coder"), "coder") or None,
            questions=self._strings("questions"),
            chapters=tuple(path for path in chapters if path is not None),
        )

    def _groups(self) -> tuple[str, tuple[GroupName, ...]]:
        p, node = self._parser, self._top.get("groups")
        if node is None:
            return "", ()
        fields = p.fields(node, "groups", ("attribute", "names"), ("attribute", "names"))
        attribute = p.string(fields.get("attribute"), "attribute of groups")

        def one(item: Node) -> tuple[str, GroupName]:
            got = p.fields(item, "a group", ("id", "many", "one"), ("id", "many", "one"))
            key = p.key(got.get("id"), "group id")
            many, single = (p.string(got.get(name), f'{name} of group "{key}"') for name in ("many", "one"))
            return key, GroupName(key, many, single)

        if "study" not in self._top:
            attribute = study_name(attribute)
        return attribute, p.named(fields.get("names"), "names of groups", "group", one)

    def _codebook(self) -> tuple[Path | None, str, str]:
        p, node = self._parser, self._top.get("codebook")
        if node is None:
            return None, "", ""
        got = p.fields(node, "codebook", ("path", "name", "version"), ("path", "version"))
        path = self._path_of(got["path"], "path of codebook", "either") if "path" in got else None
        return (
            path,
            p.string(got.get("name"), "name of codebook"),
            p.version(got.get("version"), "version") or "",
        )

    def _codings(self) -> tuple[CodingsFile, ...]:
        p = self._parser
        found = []
        nodes = p.items(self._top.get("codings"), "codings")
        if not nodes and isinstance(self._top.get("codings"), Items):
            self._faults.add(
                self._top["codings"].place, "codings is an empty list.", "Name at least one table."
            )
        for node in nodes:
            if isinstance(node, Scalar):
                path, coder = self._path_of(node, "codings", "file"), ""
                columns: tuple[tuple[str, str], ...] = ()
            else:
                got = p.fields(node, "a table of codings", ("file", "columns", "coder"), ("file",))
                path = self._path_of(got["file"], "file of codings", "file") if "file" in got else None
                coder = p.string(got.get("coder"), "coder of codings")
                columns = self._columns(got.get("columns"))
            if path is not None:
                found.append(CodingsFile(path, columns, coder))
        return tuple(found)

    def _columns(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        p = self._parser
        if node is None:
            return ()
        if not isinstance(node, Fields):
            self._faults.add(
                node.place, "columns should be a mapping.", "Write: our name, a colon, the table's name."
            )
            return ()
        named = p.fields(node, "columns", _COLUMNS, ())
        return tuple((ours, p.string(theirs, f"column {ours}")) for ours, theirs in named.items())

    def _memos(self) -> tuple[tuple[MemoKind, Path], ...]:
        p, node = self._parser, self._top.get("memos")
        if node is None:
            return ()
        folders = p.fields(node, "memos", MEMO_KINDS, ())
        found = [
            (kind, self._path_of(folders[kind], f"memos: {kind}", "folder"))
            for kind in MEMO_KINDS
            if kind in folders
        ]
        return tuple((kind, path) for kind, path in found if path is not None)

    def _outputs(self) -> tuple[Output, ...]:
        p, node = self._parser, self._top.get("outputs")
        if node is None:
            return OUTPUTS
        found = [p.choice(item, "an output", OUTPUTS) for item in p.items(node, "outputs")]
        return tuple(cast(Output, one) for one in found if one is not None)

    def _strings(self, name: str) -> tuple[str, ...]:
        p = self._parser
        return tuple(p.string(node, f"one of {name}") for node in p.items(self._top.get(name), name))

    def _one(self, name: str, kind: Kind) -> Path | None:
        node = self._top.get(name)
        return None if node is None else self._path_of(node, name, kind)

    def _path_of(self, node: Node, what: str, kind: Kind) -> Path | None:
        written = self._parser.string(node, what)
        if not written:
            return None
        path = (self._path.parent / written).resolve()
        if not path.exists():
            self._faults.add(node.place, f'{what} names "{written}", which is not there.', _beside(path))
        elif kind == "file" and path.is_dir():
            self._faults.add(node.place, f'{what} names "{written}", which is a folder.', "Name one file.")
        elif kind == "folder" and not path.is_dir():
            self._faults.add(node.place, f'{what} names "{written}", which is no folder.', "Name its folder.")
        else:
            return path
        return None


def _beside(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent.name} either."
    names: Sequence[str] = sorted(one.name for one in path.parent.iterdir() if not one.name.startswith("."))
    return nearest(path.name, names)
