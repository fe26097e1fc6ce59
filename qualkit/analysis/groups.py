"""Which groups say what: every code × soort × group in participants, of those who were asked.

The participant is the unit. Silence is never inferred: that a group does not mention a code says something
only when the group was asked, so a cell without mentions tells which of the three it is (see `Status`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from qualkit.errors import QualkitError, UnknownNameError
from qualkit.model import LANGUAGES, Frames, Language, Provenance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from qualkit.analysis._counts import Bools, Counts, Ints

Status = Literal["mentioned", "asked_not_mentioned", "not_asked", "not_mentioned"]

ANY = "any"
HINDERING, PROMOTING = "belemmerend", "bevorderend"

_OF: Mapping[Language, str] = {"nl": "van", "en": "of"}
_WORDS: Mapping[Language, Mapping[Status, str]] = {
    "nl": {
        "asked_not_mentioned": "gevraagd, niet genoemd",
        "not_asked": "niet gevraagd",
        "not_mentioned": "niet genoemd",
    },
    "en": {
        "asked_not_mentioned": "asked, not mentioned",
        "not_asked": "not asked",
        "not_mentioned": "not mentioned",
    },
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one group says about one code.

    Parameters
    ----------
    n : int
        Participants in the group.
    asked : int or None
        Those of them who were asked about the code, with whom it came up, or who mention it; None when
        the study does not say.
    k : int
        Those who mention it: participants with at least one coding.
    mentions : int
        Codings.
    cases : int
        Distinct casussen of the `k` participants; several participants on one casus are not independent.
    status : {"mentioned", "asked_not_mentioned", "not_asked", "not_mentioned"}
        See `compare_groups`.
    """

    n: int
    asked: int | None
    k: int
    mentions: int
    cases: int
    status: Status

    @property
    def base(self) -> int:
        """What `k` is a part of: `asked` where that is known, else `n`."""
        return self.n if self.asked is None else self.asked

    def words(self, language: Language = "nl") -> str:
        """Return the cell in words: ``3 van 8``, else ``gevraagd, niet genoemd`` or what its status is.

        Raises
        ------
        UnknownNameError
            When the language is neither nl nor en.
        """
        _check("language", language, LANGUAGES)
        if self.status == "mentioned":
            return f"{self.k} {_OF[language]} {self.base}"
        return _WORDS[language][self.status]


@dataclass(frozen=True, slots=True, eq=False)
class _Behind:
    """The codings that were counted, and what each of them counts for: positions, in step with the rows."""

    codings: pd.DataFrame
    code: Ints
    soort: Ints
    participant: Ints
    group: Ints
    participants: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GroupComparison:
    """Groups of participants compared on what they mention. Made by `compare_groups`.

    Attributes
    ----------
    frame : DataFrame
        One row for each code × soort × group; the columns are listed at `compare_groups`.
    n : mapping of str to int
        Group to its number of participants, in the order of the groups.
    by : str
        The attribute that divides the participants.
    unit : str
        What is counted: ``participant``.
    method : mapping of {"nl", "en"} to str
        How was counted, fit for a method section.
    source : Provenance
        The study the figures come from; its filters say in words what was left out.
    codes : DataFrame
        The codes of the rows, in codebook order: ``code_id, code, category, category_name, colour`` (str;
        colour missing where the codebook gives none).
    soorten : tuple of str
        The soorten of the rows; ``any``, whatever the soort, is the last one.
    """

    frame: pd.DataFrame
    n: Mapping[str, int]
    by: str
    unit: str
    method: Mapping[Language, str]
    source: Provenance
    codes: pd.DataFrame
    soorten: tuple[str, ...]
    _cells: Mapping[tuple[str, str, str], Cell] = field(repr=False)
    _behind: _Behind = field(repr=False)

    def cell(self, code: str, group: str, *, soort: str = ANY) -> Cell:
        """Return what `group` says about `code`.

        Raises
        ------
        UnknownNameError
            When the comparison has no such code, group or soort.
        """
        self._check(code, group=group, soort=soort)
        return self._cells[code, soort, group]

    def matrix(self, *, soort: str = ANY, language: Language = "nl") -> pd.DataFrame:
        """Return code × group in words (see `Cell.words`): index ``code_id``, one str column per group.

        Raises
        ------
        UnknownNameError
            When the comparison has no such soort, or the language is neither nl nor en.
        """
        import pandas as pd

        _check("soort", soort, self.soorten)
        index = pd.Index(self.codes["code_id"], name="code_id")
        words = {
            group: [self._cells[code, soort, group].words(language) for code in index] for group in self.n
        }
        return pd.DataFrame(words, index=index, dtype="str")

    def opposites(self) -> pd.DataFrame:
        """Return the codes on which there is tegenspraak: hindering to some, promoting to others.

        Returns
        -------
        DataFrame
            ``code_id, code, group`` (str), ``belemmerend, bevorderend`` (int64: participants of the group
            who say it is so). One row for each group of each code with at least one participant on both
            sides, over all groups together; one participant may stand on both.
        """
        if not {HINDERING, PROMOTING} <= set(self.soorten):
            return self.frame.loc[[], ["code_id", "code", "group"]].assign(**{HINDERING: 0, PROMOTING: 0})
        sides = {
            soort: self.frame.loc[self.frame["soort"] == soort, ["code_id", "code", "group", "k"]]
            for soort in (HINDERING, PROMOTING)
        }
        both = sides[HINDERING].rename(columns={"k": HINDERING}).reset_index(drop=True)
        # Rows of one soort stand in the same order as those of the other.
        both[PROMOTING] = sides[PROMOTING]["k"].to_numpy()
        total = both.groupby("code_id", sort=False)[[HINDERING, PROMOTING]].transform("sum")
        return both[(total > 0).all(axis="columns")].reset_index(drop=True)

    def quotations(self, code: str, *, soort: str = ANY, group: str | None = None) -> pd.DataFrame:
        """Return the quotations behind a cell. They are people's words; mind who sees them.

        Parameters
        ----------
        code : str
            Key of the code.
        soort : str
            ``any`` for all.
        group : str or None
            None for all groups.

        Returns
        -------
        DataFrame
            ``document_id, participant, start, end, text, soort, oordeel``, with the dtypes of the study's
            codings and in their order; as many rows as the cell has mentions.

        Raises
        ------
        UnknownNameError
            When the comparison has no such code, group or soort.
        """
        columns = ["document_id", "participant", "start", "end", "text", "soort", "oordeel"]
        behind = self._rows_behind(code, soort=soort, group=group)
        return self._behind.codings.iloc[behind][columns].reset_index(drop=True)

    def participants(self, code: str, *, soort: str = ANY, group: str | None = None) -> list[str]:
        """Return the names behind a cell, in the study's order. For the team only, not for a report.

        Raises
        ------
        UnknownNameError
            When the comparison has no such code, group or soort.
        """
        behind = self._rows_behind(code, soort=soort, group=group)
        mentioning = set(self._behind.participant[behind].tolist())
        return [self._behind.participants[who] for who in sorted(mentioning)]

    def plot(
        self,
        *,
        soort: str = ANY,
        codes: Sequence[str] | None = None,
        language: Language = "nl",
        title: str | None = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """Return the comparison as a dot matrix (see `qualkit.plots.group_matrix`)."""
        from qualkit.plots import group_matrix

        return group_matrix(
            self, soort=soort, codes=codes, language=language, title=title, labels=labels, ax=ax
        )

    def __repr__(self) -> str:
        """Return one line with counts, without anybody's words."""
        return (
            f"<GroupComparison by {self.by}: {len(self.codes)} codes, {len(self.n)} groups, "
            f"{sum(self.n.values())} participants, {len(self._behind.code)} codings>"
        )

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{escape(group)}<br>n = {n}</th>' for group, n in self.n.items())
        matrix = self.matrix()
        rows = "".join(
            f'<tr><th scope="row" style="text-align: left">{escape(code)} {escape(name)}</th>'
            + "".join(f"<td>{escape(words)}</td>" for words in cells)
            + "</tr>"
            for code, name, cells in zip(
                self.codes["code_id"], self.codes["code"], matrix.itertuples(index=False), strict=True
            )
        )
        caption = (
            f"Respondenten die een code noemen, van degenen aan wie ernaar is gevraagd of bij wie het ter "
            f"sprake kwam (niet vastgelegd: van de groep). Eenheid: respondent, n = {sum(self.n.values())}."
        )
        return (
            f"<table><caption>{escape(caption)}</caption>"
            f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def _check(self, code: str, *, group: str | None, soort: str) -> None:
        _check("code", code, self.codes["code_id"].tolist())
        _check("soort", soort, self.soorten)
        if group is not None:
            _check("group", group, list(self.n))

    def _rows_behind(self, code: str, *, soort: str, group: str | None) -> Ints:
        import numpy as np

        self._check(code, group=group, soort=soort)
        behind = self._behind
        keep = behind.code == self.codes["code_id"].tolist().index(code)
        if soort != ANY:
            keep &= behind.soort == self.soorten.index(soort)
        if group is not None:
            keep &= behind.group[behind.participant] == list(self.n).index(group)
        return np.flatnonzero(keep)


def compare_groups(
    study: Frames, *, by: str, coder: str | None = None, groups: Sequence[str] | None = None
) -> GroupComparison:
    """Return which groups of participants mention which codes, in participants of those who were asked.

    Parameters
    ----------
    study : Frames
        A study, or anything else with the frames ``codings``, ``participants``, ``cases``, ``coverage``,
        ``topics`` and ``codes``.
    by : str
        The attribute that divides the participants, such as ``groep``. Each of them has one value of it.
    coder : str or None
        Whose codings are counted. Must be named when the study holds codings of more than one coder:
        taken together, an interview that two people coded would weigh double.
    groups : sequence of str or None
        All groups, in the order wanted; None takes the order in which the participants have them.

    Returns
    -------
    GroupComparison
        Its ``frame`` has one row for each code (in codebook order: those a quotation can be given, used or
        not, and any other that has codings), soort (those of the codings, then ``any``) and group:
        ``code_id, code, soort, group`` (str); ``n`` (int64, participants in the group); ``asked`` (Int64,
        those who were asked about the code, with whom it came up, or who mention it, whatever the soort;
        missing when not known); ``k`` (int64, participants with at least one coding); ``mentions`` (int64,
        codings); ``cases`` (int64, distinct casussen of those `k`); ``status`` (str).

    Raises
    ------
    UnknownNameError
        When `by` is no attribute, or `coder` or one of `groups` does not occur.
    QualkitError
        When a participant has no value, or more than one, for `by`; when `groups` is incomplete or names
        one twice; when a coder must be named.

    Notes
    -----
    *Not mentioned* is not the same as silent. A participant was asked about a code when a topic that
    bears on it, or on a category above it, is ``asked`` or ``came_up`` in one of their documents. The
    status of a cell is

    - ``mentioned``: at least one participant has a coding;
    - ``asked_not_mentioned``: nobody has, and at least one was asked (or talked about the code in another
      soort);
    - ``not_asked``: nobody has, and nobody was asked: no statement about the group can be made;
    - ``not_mentioned``: nobody has, and the study does not say whether anybody was asked, because it has no
      coverage, or none of a topic that bears on this code.

    There are no percentages and no tests: the groups are small and not drawn at random.
    """
    import numpy as np

    from qualkit.analysis._counts import Counts, asked_about, count, positions

    participants, group_of, sizes = _divide(study.frame("participants"), by=by, groups=groups)
    codings, filters = _codings_of(study.frame("codings"), coder=coder)

    who = positions(codings["participant"], participants)
    nobody = int((who < 0).sum())
    if nobody:
        codings, who = codings[who >= 0], who[who >= 0]
        filters.append(f"left out: {_number(nobody, 'coding')} in documents without a participant")

    tree = study.frame("codes")
    codes = _rows(tree, used=_values(codings["code_id"]))
    keys = codes["code_id"].tolist()
    soorten = (*_soorten(codings["soort"]), ANY)
    code, soort = positions(codings["code_id"], keys), positions(codings["soort"], soorten)

    pairs = study.frame("cases")
    ends = (positions(pairs["participant"], participants), positions(pairs["casus"], _values(pairs["casus"])))
    cases = np.stack(ends, axis=1)
    cases = np.unique(cases[(cases >= 0).all(axis=1)], axis=0)
    shape = (len(keys), len(soorten), len(sizes))
    k, mentions, distinct, said = count(code, soort, who, group=group_of, shape=shape, cases=cases)

    topics, bears = _bearing(study.frame("topics"), tree=tree, keys=keys)
    coverage = study.frame("coverage")
    heard, known = asked_about(coverage, bears, topics=topics, participants=participants)
    reached = heard | said
    asked = np.stack([reached[group_of == group].sum(axis=0) for group in range(len(sizes))], axis=1)

    counts = Counts(k, mentions, distinct, asked, known)
    frame = _frame(counts, codes=codes, soorten=soorten, sizes=sizes)
    given = study.provenance
    return GroupComparison(
        frame=frame,
        n=MappingProxyType(sizes),
        by=by,
        unit="participant",
        method=_method(
            sizes, by=by, coder=coder, has_coverage=bool(known.any()), uncoded=int((~said.any(axis=1)).sum())
        ),
        source=replace(given, filters=(*given.filters, *filters)),
        codes=codes,
        soorten=soorten,
        _cells=_cells(frame),
        _behind=_Behind(codings, code, soort, who, group_of, tuple(participants)),
    )


def _check(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise UnknownNameError(what, name, known)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _values(column: pd.Series[str]) -> list[str]:
    """Return the distinct values of a column, sorted, without looking at a million strings one by one."""
    return sorted(str(value) for value in column.dropna().unique())


def _soorten(column: pd.Series[str]) -> list[str]:
    """Return the soorten: those of the categorical, in its order, so that a codebook may lend its own."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(value) for value in column.cat.categories]
    return _values(column)


def _divide(
    participants: pd.DataFrame, *, by: str, groups: Sequence[str] | None
) -> tuple[list[str], Ints, dict[str, int]]:
    """Return the participants, the position of each one's group, and the groups with their size, in order."""
    from qualkit.analysis._counts import positions

    _check("attribute", by, [name for name in participants.columns if name != "participant"])
    names = participants["participant"].tolist()
    values = participants[by].fillna("").astype("str").str.strip()
    empty = [name for name, value in zip(names, values, strict=True) if not value]
    if empty:
        raise QualkitError(
            f'attribute "{by}" is empty for {_number(len(empty), "participant")}: {", ".join(empty)}. '
            "Fill it in in the table of participants."
        )
    several = [name for name, value in zip(names, values, strict=True) if "; " in value]
    if several:
        raise QualkitError(
            f'attribute "{by}" has more than one value for {_number(len(several), "participant")}: '
            f"{', '.join(several)}. Compare by an attribute that puts everybody in one group."
        )
    found = list(dict.fromkeys(values))
    order = found if groups is None else list(groups)
    for group in order:
        _check("group", group, found)
    twice = [group for group in found if order.count(group) > 1]
    missing = [group for group in found if group not in order]
    if twice or missing:
        what, which = ("names twice", twice) if twice else ("leaves out", missing)
        listed = ", ".join(f'"{group}"' for group in which)
        raise QualkitError(f'groups {what}: {listed}. Name every group of attribute "{by}" once.')
    group_of = positions(values, order)
    return names, group_of, {group: int((group_of == i).sum()) for i, group in enumerate(order)}


def _codings_of(codings: pd.DataFrame, *, coder: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the codings of one coder, and in words what was left out."""
    coders = _values(codings["coder"])
    if coder is None:
        if len(coders) > 1:
            raise QualkitError(
                f"the study holds codings by {len(coders)} coders: {', '.join(coders)}. Say whose are "
                f'counted, such as coder="{coders[0]}"; together, interviews that two people coded would '
                "weigh double."
            )
        return codings, []
    _check("coder", coder, coders)
    others = [name for name in coders if name != coder]
    if not others:
        return codings, []
    return codings[codings["coder"] == coder], [f"only codings by {coder}, not by {', '.join(others)}"]


def _rows(tree: pd.DataFrame, *, used: Sequence[str]) -> pd.DataFrame:
    """Return the codes that get rows: codable ones, and others that hold codings (retired, to review)."""
    import pandas as pd

    shown = tree[tree["codable"] | tree["code_id"].isin(used)]
    names = dict(zip(tree["code_id"], tree["code"], strict=True))
    rows = shown[["code_id", "code", "category"]].assign(
        category_name=shown["category"].map(names), colour=shown["colour"]
    )
    listed = set(names)
    unlisted = [code for code in used if code not in listed]
    if unlisted:
        # Codes of an older release that the codebook in use no longer holds: their key is all there is.
        rows = pd.concat([rows, pd.DataFrame(dict.fromkeys(rows.columns, unlisted)).assign(colour=None)])
    return rows.astype("str").reset_index(drop=True)


def _bearing(topics: pd.DataFrame, *, tree: pd.DataFrame, keys: Sequence[str]) -> tuple[list[str], Bools]:
    """Return the topics, and topic × code: whether the topic bears on the code or on one above it."""
    import numpy as np

    named = _values(topics["topic"])
    parents = tree.dropna(subset="parent")
    above = dict(zip(parents["code_id"], parents["parent"], strict=True))
    bears = np.zeros((len(named), len(keys)), dtype=np.bool_)
    codes_of: dict[str, set[str]] = {}
    for topic, code in zip(topics["topic"], topics["code_id"], strict=True):
        codes_of.setdefault(topic, set()).add(code)
    for column, key in enumerate(keys):
        line = {key}
        one = key
        while one in above:
            one = above[one]
            line.add(one)
        for row, topic in enumerate(named):
            bears[row, column] = not line.isdisjoint(codes_of[topic])
    return named, bears


def _frame(
    counts: Counts, *, codes: pd.DataFrame, soorten: Sequence[str], sizes: Mapping[str, int]
) -> pd.DataFrame:
    """Return the numbers as one row for each code × soort × group."""
    import numpy as np
    import pandas as pd

    n_codes, n_soorten, n_groups = counts.k.shape
    each = n_soorten * n_groups
    asked = np.repeat(counts.asked[:, np.newaxis, :], n_soorten, axis=1).ravel()

    def text(values: Sequence[str], *, repeat: int, tile: int) -> pd.Series[str]:
        return pd.Series(np.tile(np.repeat(np.array(values, dtype=object), repeat), tile), dtype="str")

    known = np.repeat(counts.known, each)
    k = counts.k.ravel()
    status = np.select(
        [k > 0, ~known, asked > 0], ["mentioned", "not_mentioned", "asked_not_mentioned"], default="not_asked"
    )
    return pd.DataFrame(
        {
            "code_id": text(codes["code_id"].tolist(), repeat=each, tile=1),
            "code": text(codes["code"].tolist(), repeat=each, tile=1),
            "soort": text(soorten, repeat=n_groups, tile=n_codes),
            "group": text(list(sizes), repeat=1, tile=n_codes * n_soorten),
            "n": np.tile(np.array(list(sizes.values()), dtype=np.int64), n_codes * n_soorten),
            "asked": pd.arrays.IntegerArray(asked.astype(np.int64), ~known),
            "k": k,
            "mentions": counts.mentions.ravel(),
            "cases": counts.cases.ravel(),
            "status": text(status.tolist(), repeat=1, tile=1),
        }
    )


def _cells(frame: pd.DataFrame) -> Mapping[tuple[str, str, str], Cell]:
    """Return the rows as values, found by code, soort and group."""
    columns = (frame[name].tolist() for name in ("n", "asked", "k", "mentions", "cases", "status"))
    keys = zip(frame["code_id"], frame["soort"], frame["group"], strict=True)
    known = frame["asked"].notna().tolist()
    return MappingProxyType(
        {
            key: Cell(n, asked if is_known else None, k, mentions, cases, status)
            for key, is_known, n, asked, k, mentions, cases, status in zip(keys, known, *columns, strict=True)
        }
    )


def _method(
    sizes: Mapping[str, int], *, by: str, coder: str | None, has_coverage: bool, uncoded: int
) -> Mapping[Language, str]:
    """Return how was counted, in both languages; group keys stay out, they are no words for a report."""
    total = sum(sizes.values())
    nl = (
        f"De eenheid van telling is de respondent (n = {total}, in {len(sizes)} groepen naar {by}): per code "
        "en groep is geteld hoeveel respondenten de code minstens één keer noemen, "
    )
    en = (
        f"The unit of counting is the participant (n = {total}, in {len(sizes)} groups by {by}): for each "
        "code and group we counted the participants who mention the code at least once, "
    )
    if has_coverage:
        nl += (
            "van degenen aan wie ernaar is gevraagd of bij wie het ter sprake kwam, of, waar dat niet is "
            "vastgelegd, van alle respondenten in de groep"
        )
        en += (
            "of those who were asked about it or with whom it came up, or, where that was not recorded, "
            "of all participants in the group"
        )
    else:
        nl += "van alle respondenten in de groep; aan wie naar een code is gevraagd, is niet vastgelegd"
        en += "of all participants in the group; who was asked about a code was not recorded"
    if coder is not None:
        nl += f"; geteld zijn de coderingen van {coder}"
        en += f"; the codings counted are those of {coder}"
    if uncoded:
        nl += f"; bij {uncoded} van de {total} is niets gecodeerd"
        en += f"; nothing was coded for {uncoded} of the {total}"
    return MappingProxyType({"nl": f"{nl}.", "en": f"{en}."})
