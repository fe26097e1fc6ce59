"""What qualkit fills in between the evaluator's own words: numbers, quotations, tables, figures."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qualkit.analysis.groups import GroupComparison, compare_groups
from qualkit.codebook import Codebook
from qualkit.errors import QualkitError, UnknownNameError
from qualkit.locale import in_words, joined, words, written_month
from qualkit.model import Language
from qualkit.plots.group_matrix import alt_text, group_matrix
from qualkit.report.mask import Mask
from qualkit.report.tables import Tables
from qualkit.report.text import Marks
from qualkit.report.values import Block, Figure, Generated, Paragraph, Quote, Run

if TYPE_CHECKING:
    from qualkit.model import Document
    from qualkit.study import Study

Audience = str  # "intern" or "extern"; see ReportSettings.audience

_GAP = re.compile(r"\s*\[(?:\.\.\.|…)\]\s*")


@dataclass(frozen=True, slots=True)
class GroupName:
    """How a group is called: its key in the table of participants, and in prose for many and for one."""

    key: str
    many: str
    one: str


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What a report needs to know beside the study.

    Parameters
    ----------
    title, subtitle, organisation, notice : str
        For the title page.
    authors : tuple of str
        Who wrote it.
    date : str
        ISO date of the report.
    language : {"nl", "en"}
        Of what qualkit fills in.
    by : str
        Attribute that divides the participants into groups.
    groups : tuple of GroupName
        In the order of tables.
    coder : str or None
        Whose codings are counted.
    questions : tuple of str
        The research questions; the first one is the main question.
    chapters : tuple of Path
        The evaluator's Markdown, in order; empty gives qualkit's own plain outline.
    names : mapping of str to str
        Names that may not leave the team, and what stands in their place.
    left_out : int
        Codings that could not be placed and are not in the study; the method says so.
    """

    title: str
    date: str
    language: Language
    by: str
    groups: tuple[GroupName, ...]
    coder: str | None = None
    subtitle: str = ""
    organisation: str = ""
    notice: str = ""
    authors: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    chapters: tuple[Path, ...] = ()
    names: Mapping[str, str] | None = None
    left_out: int = 0


class Filling:
    """The functions that a chapter may call; each keeps what it gives in `marks`.

    Parameters
    ----------
    study : Study
        What is reported on.
    settings : ReportSettings
        How.
    audience : {"intern", "extern"}
        For whom: outside the team no participant codes and no names are shown.
    marks : Marks
        Where blocks are kept.
    """

    def __init__(self, study: Study, settings: ReportSettings, audience: Audience, marks: Marks) -> None:
        codebook = study.codebook
        if codebook is None:
            raise QualkitError("a report needs a codebook. Adopt one first.")
        self.study, self.settings, self.audience, self._marks = study, settings, audience, marks
        self.codebook: Codebook = codebook
        self.comparison: GroupComparison = compare_groups(
            study, by=settings.by, coder=settings.coder, groups=[group.key for group in settings.groups]
        )
        self.participants = study.participants()
        self.mask = Mask(settings.names or {}, self.participants["participant"])
        self._t = words(settings.language)
        self._asked = self._truly_asked()
        self._tables = Tables(self)
        self._documents: dict[str, Document] = {}

    def names(self) -> dict[str, Callable[..., object] | object]:
        """Return the fillings by the name that chapters use."""
        return {
            "n": self.n,
            "k": self.k,
            "of": self.of,
            "words": lambda number: in_words(int(number), self.settings.language),
            "quote": self.quote,
            "table": self.table,
            "figure": self.figure,
            "method": self.method,
            "questions": self.settings.questions,
            "categories": [code for code in self.codebook.codes if code.parent is None],
            "kinds": self.codebook.soort,
            "topics": len(self.comparison.codes),
            "themes": self.codebook.themes,
            "language": self.settings.language,
        }

    def n(self, group: str | None = None) -> int:
        """Return how many participants there are, in all or in a group."""
        return len(self.participants) if group is None else self.comparison.n[self._group(group).key]

    def k(self, claim: str, group: str | None = None) -> int:
        """Return how many participants make a claim (``D1`` or ``D1:belemmerend``), in all or in a group."""
        code, soort = self._claim(claim)
        if group is not None:
            return self.comparison.cell(code, self._group(group).key, soort=soort).k
        return sum(self.comparison.cell(code, one.key, soort=soort).k for one in self.settings.groups)

    def of(self, claim: str, group: str | None = None) -> str:
        """Return *k of n* as prose: ``zes van de acht casus-inbrengers``.

        The base is the participants with whom the topic came up; when that is not the whole group, the
        phrase says so.

        Raises
        ------
        QualkitError
            When nobody in the group was asked: then nothing can be claimed about it.
        """
        code, soort = self._claim(claim)
        groups = list(self.settings.groups) if group is None else [self._group(group)]
        cells = [self.comparison.cell(code, one.key, soort=soort) for one in groups]
        k, n = sum(cell.k for cell in cells), sum(cell.n for cell in cells)
        base = sum(cell.n if cell.asked is None else cell.asked for cell in cells)
        many = self._t["respondents"] if group is None else groups[0].many
        if base == 0:
            raise QualkitError(
                f"{claim}, {group or many}: nobody was asked about this, so no count can stand here. "
                "Leave the group out, or say that it was not asked."
            )
        language = self.settings.language
        if base == 1 < n:
            one = self._t["respondent"] if group is None else groups[0].one
            if k == 1:
                return f"{self._t['the_one']} {self._t['phrase_only'].format(one=one)}"
            raise QualkitError(
                f"{claim}, {group or many}: one was asked and said nothing of the kind; say so in words."
            )
        asked = sum(self.asked(code, one.key) or 0 for one in groups)
        few = "_few" if base < 5 else ""  # alle drie de leden, alle acht inbrengers
        if base == 2 and k != 1:
            phrase, few = ("phrase_neither" if k == 0 else "phrase_both"), ""
        elif k == base:
            phrase = "phrase_all"
        else:
            phrase, few = "phrase_of", ""
        # some of the base may have raised it unasked, and were then not asked
        part = "" if base == n else "_asked" if base == asked else "_raised"
        number = self._t["one_of"] if k == 1 else in_words(k, language)
        return self._t[f"{phrase}{part}{few}"].format(k=number, n=in_words(base, language), many=many)

    def asked(self, code: str, group: str) -> int | None:
        """Return how many of a group were asked about a code; None when the study has no coverage."""
        if self._asked is None:
            return None
        people = self.participants
        own = set(people.loc[people[self.settings.by] == group, "participant"])
        return len(self._asked.get(code, set()) & own)

    def _truly_asked(self) -> dict[str, set[str]] | None:
        covered = self.study.coverage()
        if not len(covered):
            return None
        found: dict[str, set[str]] = {}
        by_topic = covered[covered["value"] == "asked"].groupby("topic")["participant"].agg(set)
        for topic in self.study.topics():
            for key in topic.codes:
                for code in {key, *self.codebook.below(key)}:
                    found.setdefault(code, set()).update(by_topic.get(topic.key, set()))
        return found

    def quote(self, document: str, quoted: str, question: str = "") -> str:
        """Return a quotation on its own lines, with the speaker in words fit for the audience.

        Parameters
        ----------
        document : str
            Name of the interview.
        quoted : str
            Words that occur once in it, in turns of the participant; ``[…]`` stands for words left out.
        question : str
            The question before it, in the evaluator's words.

        Raises
        ------
        CodingError
            When the words do not occur or occur twice.
        QualkitError
            When they are not the participant's.
        """
        transcript = self._document(document)
        parts = []
        for part in _GAP.split(quoted):
            span = self.study.find_quote(document, part)
            turns = [one for one in transcript.segments if one.start <= span.start and span.end <= one.end]
            if not turns or turns[0].role != "participant":
                raise QualkitError(
                    f"{document}, {span.start}–{span.end}: a quotation stands within one answer of the participant."
                )
            parts.append(" ".join(span.of(transcript.text).split()))
        said = " […] ".join(parts)
        extern = self.audience == "extern"
        return self._marks.put(
            Quote(self.mask.quote(said) if extern else said, self._speaker(document), question)
        )

    def table(self, name: str) -> str:
        """Return a table: participants, summary, matrix, opposites, codebook, manifest, or a category key."""
        return self._marks.put(self._tables.make(name))

    def figure(self, name: str) -> str:
        """Return a figure: ``matrix`` for all topics, or the key of a category for its topics."""
        language = self.settings.language
        if name == "matrix":
            codes = self._shown(self.comparison.codes["code_id"])
            caption = self._t["figure_matrix"]
        else:
            category = self.codebook.code(name)
            counted = set(self.comparison.codes["code_id"])
            codes = self._shown(key for key in self.codebook.below(name) if key in counted)
            caption = self._t["figure_category"].format(name=category.name.in_(language))
        labels = {group.key: group.many for group in self.settings.groups}
        drawing = group_matrix(self.comparison, codes=codes, language=language, labels=labels)
        picture = io.BytesIO()
        # without metadata the same figure gives the same bytes
        drawing.savefig(picture, format="png", dpi=200, metadata={"Software": None})
        alt = alt_text(self.comparison, codes=codes, language=language, labels=labels)
        return self._marks.put(Figure(f"figure:{name}", caption, picture.getvalue(), alt))

    def _shown(self, codes: Iterable[str]) -> list[str]:
        """Return `codes` without those that only hold other codes and that nobody mentions."""
        return [key for key in codes if not self.codebook.children(key) or self.k(key) > 0]

    def method(self) -> str:
        """Return the method paragraph with the real numbers of this study."""
        blocks: tuple[Block, ...] = tuple(Paragraph((Run(text),)) for text in self._method())
        return self._marks.put(Generated("method", blocks))

    def _method(self) -> list[str]:
        language, t = self.settings.language, self._t
        groups = joined(
            [
                f"{self.n(group.key)} {group.many if self.n(group.key) != 1 else group.one}"
                for group in self.settings.groups
            ],
            language,
        )
        people = self.participants
        sample = [self._sample(groups)]
        if "vorm" in people:
            forms = [form for form in ("live", "Teams", "telefoon") if (people["vorm"] == form).any()]
            held = [
                f"{t[f'method_form_{form.lower()}']} ({(people['vorm'] == form).sum()})" for form in forms
            ]
            sample.append(t["method_forms"].format(forms=joined(held, language)))
        found = [" ".join(sample), " ".join(self._coding())]
        covered = self.study.coverage()
        if len(covered):
            counts = covered["value"].value_counts()
            found.append(
                t["method_coverage"].format(
                    topics=covered["topic"].nunique(),
                    asked=counts.get("asked", 0),
                    cells=len(covered),
                    came_up=counts.get("came_up", 0),
                )
            )
            example = t["k_of_n"].format(k=3, n=8)
            found.append(t["method_unit"].format(example=example) + " " + t["method_small"])
        else:
            found.append(t["method_unit_plain"] + " " + t["method_small"])
        return found

    def _sample(self, groups: str) -> str:
        people, t = self.participants, self._t
        if (
            "datum" not in people
            or "duur_min" not in people
            or (people[["datum", "duur_min"]] == "").any(axis=None)
        ):
            return t["method_sample_plain"].format(n=len(people), groups=groups)
        minutes = people["duur_min"].astype(int)
        return t["method_sample"].format(
            n=len(people),
            groups=groups,
            first=written_month(people["datum"].min(), self.settings.language),
            last=written_month(people["datum"].max(), self.settings.language),
            mean=round(minutes.mean()),
            hours=round(minutes.sum() / 60),
        )

    def _coding(self) -> list[str]:
        codings, t = self.study.codings(), self._t
        documents = len(self.study.documents())
        leaves = [code for code in self.codebook.codes if self.codebook.is_codable(code.key)]
        found = []
        coders = list(codings["coder"].cat.categories)
        main = self.settings.coder or (coders[0] if coders else "")
        for coder in [main, *(one for one in coders if one != main)]:
            own = codings[codings["coder"] == coder]
            values = {
                "codebook": self.codebook.name,
                "version": self.codebook.version,
                "codes": len(leaves),
                "categories": sum(1 for code in self.codebook.codes if code.parent is None),
                "coder": coder,
                "documents": own["document_id"].nunique(),
                "codings": len(own),
            }
            if coder != main:
                key = "method_second"
            else:
                key = "method_coding" if values["documents"] == documents else "method_coding_part"
            found.append(t[key].format(**values))
        if left_out := self.settings.left_out:
            key = "method_left_out_one" if left_out == 1 else "method_left_out"
            found.append(t[key].format(n=in_words(left_out, self.settings.language)))
        if self.codebook.soort:
            kinds = joined(
                [one.name.in_(self.settings.language) for one in self.codebook.soort],
                self.settings.language,
                "or",
            )
            found.append(t["method_kind"].format(kinds=kinds))
        return found

    def _group(self, key: str) -> GroupName:
        for group in self.settings.groups:
            if group.key == key:
                return group
        raise UnknownNameError("group", key, [group.key for group in self.settings.groups])

    def _claim(self, claim: str) -> tuple[str, str]:
        if self.codebook.soort and ":" in claim:
            code, _, soort = claim.rpartition(":")
            kinds = [one.key for one in self.codebook.soort]
            if soort not in kinds:
                raise UnknownNameError("soort", soort, kinds)
            return self.codebook.code(code).key, soort
        return self.codebook.code(claim).key, "any"

    def _document(self, name: str) -> Document:
        if name not in self._documents:
            self._documents[name] = self.study.document(name)
        return self._documents[name]

    def _speaker(self, document: str) -> str:
        rows = self.participants[self.participants["participant"] == document]
        if rows.empty:
            return "" if self.audience == "extern" else document
        one = self._group(str(rows.iloc[0][self.settings.by])).one
        return one if self.audience == "extern" else f"{document}, {one}"


def manifest(study: Study, settings: ReportSettings) -> dict[str, object]:
    """Return what a report rests on, ready for JSON.

    Returns
    -------
    dict
        ``documents`` (int), ``participants_by_group`` (group key to int), ``coders`` (list of str),
        ``codings`` (int, all coders), ``counted`` (coder whose codings are counted, or None), ``codebook``,
        ``codebook_version``, ``qualkit_version``, ``content_hash``, ``date``.
    """
    import qualkit

    codings, people = study.codings(), study.participants()
    source = study.provenance
    by_group = {group.key: int((people[settings.by] == group.key).sum()) for group in settings.groups}
    return {
        "documents": len(study.documents()),
        "participants_by_group": by_group,
        "coders": sorted(codings["coder"].cat.categories),
        "codings": len(codings),
        "counted": settings.coder,
        "codebook": source.codebook,
        "codebook_version": source.codebook_version,
        "qualkit_version": qualkit.__version__,
        "content_hash": source.content_hash,
        "date": settings.date,
    }


def manifest_text(found: Mapping[str, object]) -> str:
    """Return a manifest as JSON text, keys in order, with a newline at the end."""
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
