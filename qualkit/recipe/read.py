"""Reading a recipe: ``study.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from qualkit.errors import RecipeError
from qualkit.fields import Parser
from qualkit.model import LANGUAGES, MEMO_KINDS, Language, MemoKind
from qualkit.report.filling import GroupName, ReportSettings
from qualkit.yamltree import Faults, Fields, Node, Scalar, from_yaml

Output = Literal["rapport", "tabellen", "gecodeerd"]
OnFault = Literal["stop", "report"]
Approach = Literal["grounded_theory", "framework", "codebook", "reflexive"]

OUTPUTS: tuple[Output, ...] = ("rapport", "tabellen", "gecodeerd")
APPROACHES: tuple[Approach, ...] = ("grounded_theory", "framework", "codebook", "reflexive")
LARGEST = 1_000_000

_TOP = (
    *("title", "subtitle", "language", "date", "approach", "authors", "organisation", "notice", "questions"),
    *("study", "documents", "participants", "groups", "codebook", "guide", "coverage", "codings", "coder"),
    *("memos", "names", "chapters", "template", "outputs", "on_fault"),
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

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Return the recipe at `path`; files it names are looked for beside it.

        Raises
        ------
        RecipeError
            With every fault of the recipe, each with its line.
        """
        file = Path(path)
        faults = Faults(file.name, error=RecipeError, what=f"{file.name} cannot be used as a recipe")
        if not file.is_file():
            faults.add(None, "there is no such file.", "Give the path of a study.yaml.")
            faults.raise_any()
        content = file.read_bytes()
        if len(content) > LARGEST:
            faults.add(None, f"is larger than {LARGEST:,} bytes.", "A recipe names files; it does not hold them.")
            faults.raise_any()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            faults.add(content.count(b"\n", 0, error.start) + 1, "is not UTF-8.", "Save it as UTF-8.")
            faults.raise_any()
        return _Reader(file.resolve(), faults).read(from_yaml(text, faults))

    @property
    def file_name(self) -> str:
        """Name of the study file that the build makes: the recipe's folder, or its name when that says more."""
        stem = self.path.stem
        return f"{self.path.parent.name if stem == 'study' else stem}.qualkit"


class _Reader:
    """Takes the recipe's fields one by one and notes every fault."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self._path, self._faults = path, faults
        self._parser = Parser(faults)
        self._top: dict[str, Node] = {}

    def read(self, root: Node) -> Recipe:
        """Return the recipe, or raise with all faults."""
        p = self._parser
        self._top = p.fields(root, "a recipe", _TOP, ("title", "language", "date", "groups"))
        existing = self._one("study")
        if existing is None:
            for name in ("documents", "participants", "codebook", "codings"):
                if name not in self._top:
                    self._faults.add(root.place, f"a recipe has no {name}.", "Add it, or name an existing study.")
        elif "codings" in self._top:
            place = self._top["codings"].place
            self._faults.add(place, "names codings and a study.", "A study holds its own codings: keep one of both.")
        codebook, name, version = self._codebook()
        recipe = Recipe(
            path=self._path,
            settings=self._settings(),
            approach=cast(Approach, p.choice(self._top.get("approach"), "approach", APPROACHES) or "codebook"),
            study=existing,
            documents=self._one("documents"),
            participants=self._one("participants"),
            codebook=codebook,
            codebook_name=name,
            codebook_version=version,
            guide=self._one("guide"),
            coverage=self._one("coverage"),
            memos=self._memos(),
            names=self._one("names"),
            template=self._one("template"),
            codings=self._codings(),
            outputs=self._outputs(),
            on_fault=cast(OnFault, p.choice(self._top.get("on_fault"), "on_fault", ("stop", "report")) or "stop"),
        )
        if recipe.coverage and not recipe.guide:
            self._faults.add(self._top["coverage"].place, "names coverage without a guide.", "Add the topic guide.")
        self._faults.raise_any()
        return recipe

    def _settings(self) -> ReportSettings:
        p, top = self._parser, self._top
        date = p.date(top.get("date"))
        attribute, groups = self._groups()
        chapters = [self._path_of(node, "a chapter") for node in p.items(top.get("chapters"), "chapters")]
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

        return attribute, p.named(fields.get("names"), "names of groups", "group", one)

    def _codebook(self) -> tuple[Path | None, str, str]:
        p, node = self._parser, self._top.get("codebook")
        if node is None:
            return None, "", ""
        got = p.fields(node, "codebook", ("path", "name", "version"), ("path", "version"))
        path = self._path_of(got["path"], "path of codebook") if "path" in got else None
        return path, p.string(got.get("name"), "name of codebook"), p.version(got.get("version"), "version") or ""

    def _codings(self) -> tuple[CodingsFile, ...]:
        p = self._parser
        found = []
        for node in p.items(self._top.get("codings"), "codings"):
            if isinstance(node, Scalar):
                path, columns, coder = self._path_of(node, "codings"), (), ""
            else:
                got = p.fields(node, "a table of codings", ("file", "columns", "coder"), ("file",))
                path = self._path_of(got["file"], "file of codings") if "file" in got else None
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
            self._faults.add(node.place, "columns should be a mapping.", "Write: our name, a colon, the table's name.")
            return ()
        return tuple((ours, p.string(theirs, f"column {ours}")) for ours, theirs in node.entries.items())

    def _memos(self) -> tuple[tuple[MemoKind, Path], ...]:
        p, node = self._parser, self._top.get("memos")
        if node is None:
            return ()
        folders = p.fields(node, "memos", MEMO_KINDS, ())
        found = [(kind, self._path_of(folders[kind], f"memos: {kind}")) for kind in MEMO_KINDS if kind in folders]
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

    def _one(self, name: str) -> Path | None:
        node = self._top.get(name)
        return None if node is None else self._path_of(node, name)

    def _path_of(self, node: Node, what: str) -> Path | None:
        written = self._parser.string(node, what)
        if not written:
            return None
        path = (self._path.parent / written).resolve()
        if not path.exists():
            self._faults.add(node.place, f'{what} names "{written}", which is not there.', _beside(path))
            return None
        return path


def _beside(path: Path) -> str:
    from qualkit.errors import nearest

    if not path.parent.is_dir():
        return f"There is no folder {path.parent.name} either."
    names: Sequence[str] = sorted(one.name for one in path.parent.iterdir() if not one.name.startswith("."))
    return nearest(path.name, names)
