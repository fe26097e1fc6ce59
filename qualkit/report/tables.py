"""The tables of a report, made from the comparison, the codebook and the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qualkit.errors import UnknownNameError
from qualkit.locale import words, written_date
from qualkit.report.values import Table

if TYPE_CHECKING:
    from qualkit.analysis.groups import Cell
    from qualkit.report.filling import Filling

# claims in the summary table for each category
WIDEST = 2
_FURTHER = "\u2003"
_SHORT = {
    "asked_not_mentioned": "short_asked_silent",
    "not_asked": "short_not_asked",
    "not_mentioned": "short_not_mentioned",
}


class Tables:
    """Makes the tables that a chapter can ask for by name.

    Parameters
    ----------
    filling : Filling
        The study, the comparison and the settings of the report.
    """

    def __init__(self, filling: Filling) -> None:
        self._filling = filling
        self._t = words(filling.settings.language)
        self._language = filling.settings.language
        self._groups = filling.settings.groups
        self._covered = len(filling.study.coverage()) > 0

    def make(self, name: str) -> Table:
        """Return the table called `name`.

        Raises
        ------
        UnknownNameError
            When there is no such table, and `name` is no category of the codebook.
        """
        fixed = {
            "participants": self.participants,
            "summary": self.summary,
            "matrix": self.matrix,
            "opposites": self.opposites,
            "codebook": self.codebook,
            "manifest": self.manifest,
        }
        if name in fixed:
            return fixed[name]()
        categories = [code.key for code in self._filling.codebook.codes if code.parent is None]
        if name not in categories:
            raise UnknownNameError("table", name, [*fixed, *categories])
        return self.category(name)

    def participants(self) -> Table:
        """Return the number of participants in each group; inside the team with who they are."""
        t, filling = self._t, self._filling
        if filling.audience == "extern":
            rows = [[group.many, str(filling.n(group.key))] for group in self._groups]
            rows.append([t["total"], str(filling.n())])
            return Table(
                "table:participants", t["table_participants"], [t["group"], t["number"]], rows, [0.75, 0.25],
                numeric=frozenset({1}),
            )  # fmt: skip
        people = filling.participants
        columns = [
            one
            for one in ("participant", filling.settings.by, "datum", "vorm", "duur_min", "casus")
            if one in people
        ]
        rows = [[str(row[one]) for one in columns] for _, row in people.iterrows()]
        widths = [1 / len(columns)] * len(columns)
        return Table("table:participants", t["table_participants"], columns, rows, widths)

    def summary(self) -> Table:
        """Return, for each category, the claims that most participants make."""
        t, codebook = self._t, self._filling.codebook
        rows: list[list[str]] = []
        heads: set[int] = set()
        for category in (code for code in codebook.codes if code.parent is None):
            counted = [(self._filling.k(self._key(*claim)), *claim) for claim in self._claims(category.key)]
            claims = sorted(counted, key=lambda claim: (-claim[0], claim[1], claim[2]))
            widest = [claim for claim in claims if claim[0] > 0][:WIDEST]
            if widest:
                heads.add(len(rows))
                rows.append([category.name.in_(self._language)] + [""] * len(self._groups))
            for _, code, soort in widest:
                rows.append([self._claim(code, soort), *self._cells(code, soort)])
        return self._by_group("table:summary", t["table_summary"], t["topic"], rows, heads)

    def category(self, key: str) -> Table:
        """Return topic by kind by group for one category."""
        category = self._filling.codebook.code(key)
        rows: list[list[str]] = []
        heads: set[int] = set()
        for code in self._filling.codebook.children(key) or [category]:
            self._topic(code.key, 0, rows, heads)
        if self._filling.codebook.children(key) and self._said(key):
            self._topic(key, 0, rows, heads, below=False)
        which = "table_category" if self._filling.codebook.soort else "table_category_plain"
        caption = self._t[which].format(name=category.name.in_(self._language))
        return self._by_group(f"table:{key}", caption, self._t["topic"], rows, heads)

    def _topic(
        self, key: str, depth: int, rows: list[list[str]], heads: set[int], *, below: bool = True
    ) -> None:
        """Add the rows of one topic and of those under it, which stand further in."""
        codebook = self._filling.codebook
        children = codebook.children(key) if below else ()
        said, name = self._said(key), f"{_FURTHER * depth}{self._code(key)}"
        if (said == ["any"]) or not (codebook.soort or children):
            rows.append([name, *self._cells(key, "any")])
        else:
            heads.add(len(rows))
            silent = "" if said or children else f": {self._t['not_mentioned']}"
            rows.append([name + silent] + [""] * len(self._groups))
            rows += [[f"{_FURTHER * depth}{self._soort(one)}", *self._cells(key, one)] for one in said]
        for child in children:
            self._topic(child.key, depth + 1, rows, heads)

    def _said(self, key: str) -> list[str]:
        """Return the kinds in which somebody mentions a topic; ``any`` alone where there are no kinds."""
        if not self._filling.codebook.is_codable(key):
            return []
        kinds = [one.key for one in self._filling.codebook.soort] or ["any"]
        return [soort for soort in kinds if self._filling.k(self._key(key, soort)) > 0]

    def matrix(self) -> Table:
        """Return all topics by group, every kind together."""
        codebook = self._filling.codebook
        rows: list[list[str]] = []
        heads: set[int] = set()
        for category in (code for code in codebook.codes if code.parent is None):
            heads.add(len(rows))
            rows.append([category.name.in_(self._language)] + [""] * len(self._groups))
            for code in codebook.below(category.key):
                # a topic that only holds other topics says nothing of its own
                if not codebook.children(code) or self._filling.k(code) > 0:
                    rows.append([self._within(code, category.key), *self._cells(code, "any")])
        return self._by_group("table:matrix", self._t["table_matrix"], self._t["topic"], rows, heads)

    def opposites(self) -> Table:
        """Return the topics on which hindering and promoting experiences stand against each other."""
        found = self._filling.comparison.opposites()
        rows: list[list[str]] = []
        heads: set[int] = set()
        for code in found["code_id"].drop_duplicates():
            heads.add(len(rows))
            rows.append([self._code(str(code))] + [""] * len(self._groups))
            for soort in ("belemmerend", "bevorderend"):
                rows.append([self._soort(soort), *self._cells(str(code), soort)])
        caption = self._t["table_opposites"]
        if not rows:
            rows = [[self._t["opposites_none"]] + [""] * len(self._groups)]
            heads = {0}
        return self._by_group("table:opposites", caption, self._t["topic"], rows, heads)

    def codebook(self) -> Table:
        """Return the codebook: topics with definition, what belongs and what does not."""
        codebook, t = self._filling.codebook, self._t
        rows: list[list[str]] = []
        heads: set[int] = set()
        for category in (code for code in codebook.codes if code.parent is None):
            heads.add(len(rows))
            rows.append([self._code(category.key), "", "", ""])
            for key in codebook.below(category.key):
                code = codebook.code(key)
                texts = [
                    one.in_(self._language) if one else ""
                    for one in (code.definition, code.include, code.exclude)
                ]
                if key != category.key or any(texts):
                    rows.append([self._within(key, category.key), *texts])
        caption = t["table_codebook"].format(name=codebook.name, version=codebook.version)
        header = [t["code"], t["definition"], t["include"], t["exclude"]]
        shares = [0.22, 0.3, 0.24, 0.24]
        # a column in which nothing is filled in would only take room
        shown = [0, 1, *(place for place in (2, 3) if any(row[place] for row in rows))]
        whole = sum(shares[place] for place in shown)
        return Table(
            "table:codebook",
            caption,
            [header[place] for place in shown],
            [[row[place] for place in shown] for row in rows],
            [shares[place] / whole for place in shown],
            groups=frozenset(heads),
        )

    def manifest(self) -> Table:
        """Return what the report rests on, so that the same study can be found again."""
        from qualkit.report.filling import manifest

        t, settings = self._t, self._filling.settings
        found = manifest(self._filling.study, settings)
        codings = str(found["codings"])
        rows = [
            [t["manifest_date"], written_date(settings.date, self._language)],
            [t["manifest_documents"], str(found["documents"])],
            [t["manifest_coders"], ", ".join(str(one) for one in found["coders"])],  # type: ignore[attr-defined]
            [t["manifest_codings"], codings],
            [t["manifest_codebook"], f"{found['codebook']} {found['codebook_version']}"],
            [t["manifest_software"], f"qualkit {found['qualkit_version']}"],
            [t["manifest_hash"], str(found["content_hash"])],
        ]
        if settings.coder:
            rows.insert(4, [t["manifest_filter"], t["filter_coder"].format(coder=settings.coder)])
        return Table(
            "table:manifest",
            t["table_manifest"],
            [t["manifest_item"], t["manifest_value"]],
            rows,
            [0.32, 0.68],
        )

    def _by_group(self, id_: str, caption: str, first: str, rows: list[list[str]], heads: set[int]) -> Table:
        header = [first, *(f"{group.many} ({self._filling.n(group.key)})" for group in self._groups)]
        share = 0.6 / len(self._groups)
        note = [self._t["note_k"], self._t["note_dash"]] if self._covered else [self._t["note_k_plain"]]
        if any(self._filling.n(group.key) < 5 for group in self._groups):
            note.append(self._t["note_small"])
        return Table(
            id_,
            caption,
            header,
            rows,
            [0.4, *[share] * len(self._groups)],
            groups=frozenset(heads),
            numeric=frozenset(range(1, len(header))),
            note=" ".join(note),
            description=caption,
        )

    def _claims(self, category: str) -> list[tuple[str, str]]:
        kinds = [one.key for one in self._filling.codebook.soort] or ["any"]
        return [(code, soort) for code in self._filling.codebook.below(category) for soort in kinds]

    def _key(self, code: str, soort: str) -> str:
        return code if soort == "any" else f"{code}:{soort}"

    def _cells(self, code: str, soort: str) -> list[str]:
        return [
            self._cell(
                self._filling.comparison.cell(code, group.key, soort=soort),
                self._filling.asked(code, group.key),
            )
            for group in self._groups
        ]

    def _cell(self, cell: Cell, asked: int | None) -> str:
        if asked == 0:  # a base of those who raised it themselves would be all of all
            return self._t["unasked"].format(k=cell.k) if cell.k else self._t["short_not_asked"]
        if cell.status == "mentioned":
            return self._t["k_of_n"].format(k=cell.k, n=cell.n if cell.asked is None else cell.asked)
        return self._t[_SHORT[cell.status]].format(n=cell.n if cell.asked is None else cell.asked)

    def _code(self, key: str) -> str:
        name = self._filling.codebook.code(key).name.in_(self._language)
        return name if key == name or ">" in key else f"{key} {name}"

    def _within(self, key: str, category: str) -> str:
        """Return what a topic is called in its category, with the topic above it when that is another one."""
        parent = self._filling.codebook.code(key).parent
        if parent is None or parent == category:
            return self._code(key)
        return f"{self._within(parent, category)} › {self._code(key)}"

    def _soort(self, key: str) -> str:
        return next(one.name.in_(self._language) for one in self._filling.codebook.soort if one.key == key)

    def _claim(self, code: str, soort: str) -> str:
        return self._code(code) if soort == "any" else f"{self._code(code)}: {self._soort(soort)}"
