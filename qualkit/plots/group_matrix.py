"""Codes × groups as dots: how many of those who were asked mention a code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from qualkit.errors import QualkitError, UnknownNameError
from qualkit.model import LANGUAGES, Language

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    from qualkit.analysis.groups import GroupComparison, Status

# All lengths in cm: the axes are laid out in cm, so that 8 pt stays 8 pt whatever the number of codes.
WIDTH = 16.0
LINE = 0.32
HEADING = 0.37
SMALL, NORMAL = 7, 8
COLUMN_MIN = 1.6
LABELS_MIN = 4.5
INDENT, GAP = 0.2, 0.15
DOT = 0.29
CM_PER_INCH = 2.54
POINTS_PER_CM = 72 / CM_PER_INCH
# Bundled with matplotlib, so that the same data give the same picture on every machine.
FONT = "DejaVu Sans"
# Okabe and Ito's blue: safe for colour-blind readers and dark enough in grey.
BLUE = "#0072B2"
INK, FAINT, RULE = "#1a1a1a", "#595959", "#dddddd"

# Where a word may be broken when a group's name is wider than its column.
_BREAK = re.compile(r"[^ /_-]+[ /_-]*|[ /_-]+")
_ALT_LIMIT = 600

_TEXT: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "mentioned": "genoemd: hoe groter, hoe groter het deel",
        "asked_not_mentioned": "gevraagd, niet genoemd",
        "not_asked": "niet gevraagd",
        "not_mentioned": "niet genoemd; of ernaar is gevraagd, is onbekend",
        "unit": "Eenheid: respondent, n = {n}.",
        "any": "Alle soorten samen.",
        "soort": "Soort: {soort}.",
        "asked": "Bij de stip: hoeveel respondenten de code noemen / aan hoeveel ernaar is gevraagd of bij "
        "wie het ter sprake kwam.",
        "mixed": "Waar dat niet is vastgelegd: / alle respondenten in de groep.",
        "n": "Bij de stip: hoeveel respondenten de code noemen / respondenten in de groep.",
        "what": "Stippenmatrix van {codes} naar {groups}: {named}.",
        "code": "1 code",
        "codes": "{n} codes",
        "group": "1 groep",
        "groups": "{n} groepen",
        "soort_alt": " Soort: {soort}.",
        "dots": " Een stip toont hoeveel respondenten een code noemen van wie ernaar is gevraagd.",
        "dots_n": " Een stip toont hoeveel respondenten van de groep een code noemen.",
        "most": " Het breedst genoemd: {named}.",
        "of": "{k} van {n}",
        "none_asked": " Gevraagd, door niemand genoemd: {named}.",
        "none_not_asked": " Aan niemand gevraagd: {named}.",
        "none_unknown": " Door niemand genoemd, onbekend of ernaar is gevraagd: {named}.",
        "all": " Elke code wordt door iemand genoemd.",
        "more": "en nog {n}",
    },
    "en": {
        "mentioned": "mentioned: the larger, the larger the part",
        "asked_not_mentioned": "asked, not mentioned",
        "not_asked": "not asked",
        "not_mentioned": "not mentioned; not known whether it was asked",
        "unit": "Unit: participant, n = {n}.",
        "any": "All kinds together.",
        "soort": "Kind: {soort}.",
        "asked": "Beside the dot: how many participants mention the code / how many were asked about it or "
        "had it come up.",
        "mixed": "Where that was not recorded: / all participants in the group.",
        "n": "Beside the dot: how many participants mention the code / participants in the group.",
        "what": "Dot matrix of {codes} by {groups}: {named}.",
        "code": "1 code",
        "codes": "{n} codes",
        "group": "1 group",
        "groups": "{n} groups",
        "soort_alt": " Kind: {soort}.",
        "dots": " A dot shows how many participants mention a code, of those who were asked about it.",
        "dots_n": " A dot shows how many participants of the group mention a code.",
        "most": " Most widely mentioned: {named}.",
        "of": "{k} of {n}",
        "none_asked": " Asked, mentioned by nobody: {named}.",
        "none_not_asked": " Not asked of anybody: {named}.",
        "none_unknown": " Mentioned by nobody, not known whether it was asked: {named}.",
        "all": " Every code is mentioned by somebody.",
        "more": "and {n} more",
    },
}


def group_matrix_frame(
    comparison: GroupComparison, *, soort: str = "any", codes: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return what the dot matrix shows, one row for each code × group.

    Parameters
    ----------
    comparison : GroupComparison
        From `qualkit.analysis.compare_groups`.
    soort : str
        Only codings of this soort; ``any`` for all.
    codes : sequence of str or None
        Keys of the codes to show; None for all. Their order is always that of the codebook.

    Returns
    -------
    DataFrame
        ``category, category_name, code_id, code, group`` (str), ``n, k`` (int64), ``asked`` (Int64, missing
        when not known), ``base`` (int64: `asked` where known, else `n`), ``status`` (str), ``colour`` (str,
        missing where the codebook gives none). Codes of one category stand together.

    Raises
    ------
    UnknownNameError
        When the comparison has no such soort or code.
    QualkitError
        When there is no code to show.
    """
    known = comparison.codes["code_id"].tolist()
    if soort not in comparison.soorten:
        raise UnknownNameError("soort", soort, comparison.soorten)
    for code in codes or ():
        if code not in known:
            raise UnknownNameError("code", code, known)
    if not (known if codes is None else codes):
        raise QualkitError("there is no code to show. Name at least one, or give codes=None for all of them.")

    shown = comparison.frame[comparison.frame["soort"] == soort]
    if codes is not None:
        shown = shown[shown["code_id"].isin(codes)]
    found = shown.merge(comparison.codes.drop(columns="code"), on="code_id", how="left", validate="m:1")
    found["base"] = found["asked"].fillna(found["n"]).astype("int64")
    first = {category: place for place, category in enumerate(comparison.codes["category"].unique())}
    place = found["category"].map(first)
    found = found.iloc[place.argsort(kind="stable")].reset_index(drop=True)
    columns = ["category", "category_name", "code_id", "code", "group", "n", "k", "asked", "base", "status"]
    return found[[*columns, "colour"]]


def group_matrix(
    comparison: GroupComparison,
    *,
    soort: str = "any",
    codes: Sequence[str] | None = None,
    language: Language = "nl",
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Return a dot matrix of codes × groups, 16 cm wide and as high as the codes need.

    The area of a dot is the part of those asked who mention the code, and *k/asked* stands beside it. An
    open ring is asked but not mentioned, a dash not asked, a small dot not mentioned when nobody knows
    whether it was asked: three things that are never shown alike. Unit and n stand under the figure.

    Parameters
    ----------
    comparison : GroupComparison
        From `qualkit.analysis.compare_groups`.
    soort : str
        Only codings of this soort; ``any`` for all.
    codes : sequence of str or None
        Keys of the codes to show; None for all. Some 60 codes with their categories fill an A4 page.
    language : {"nl", "en"}
        Of what stands around the dots; codes are named as in the comparison.
    title : str or None
        Above the figure; None for none, as in a report, where the caption says it.
    labels : mapping of str to str or None
        Group to the name to show, such as ``RET-leden`` for ``ret_leden``.
    ax : Axes or None
        Where to draw; None makes a figure. Given axes keep their size, so their text may run tight.

    Returns
    -------
    Figure
        Neither shown nor saved.

    Raises
    ------
    UnknownNameError
        When the comparison has no such soort or code, or the language is neither nl nor en.
    QualkitError
        When there is no code to show.
    """
    text = _texts(language)
    data = group_matrix_frame(comparison, soort=soort, codes=codes)
    layout = _Layout.of(data, comparison, soort=soort, text=text, labels=labels or {}, title=title)
    if ax is None:
        ax = _page(layout.height)
    ax.set(xlim=(0, WIDTH), ylim=(layout.height, 0))
    ax.set_axis_off()
    _draw_text(ax, layout, data, title=title)
    _draw_marks(ax, layout, data)
    _draw_key(ax, layout)
    figure = ax.get_figure(root=True)
    if figure is None:
        raise QualkitError("the axes belong to no figure. Make them with figure.add_subplot().")
    return figure


def alt_text(
    comparison: GroupComparison,
    *,
    soort: str = "any",
    codes: Sequence[str] | None = None,
    language: Language = "nl",
    labels: Mapping[str, str] | None = None,
) -> str:
    """Return what the dot matrix shows, for those who hear it read: fewer than 600 characters.

    Groups with n, the three codes that most participants mention, and the codes that nobody mentions: those
    asked about, those not asked about and those of which that is not known, apart. What does not fit is
    counted ("and 4 more"), never left out in silence. The parameters are those of `group_matrix`.

    Raises
    ------
    UnknownNameError
        When the comparison has no such soort or code, or the language is neither nl nor en.
    QualkitError
        When there is no code to show.
    """
    text = _texts(language)
    data = group_matrix_frame(comparison, soort=soort, codes=codes)
    total = data.groupby(["code_id", "code"], sort=False)[["k", "base"]].sum().reset_index()
    unknown = total["code_id"].isin(data.loc[data["asked"].isna(), "code_id"])

    names = {group: (labels or {}).get(group, group) for group in comparison.n}
    groups = [f"{names[group]} (n = {n})" for group, n in comparison.n.items()]
    widest = total[total["k"] > 0].sort_values("k", ascending=False, kind="stable").head(3)
    most = [
        f"{_called(code, _cut(name, 45))} ({text['of'].format(k=k, n=base)})"
        for code, name, k, base in widest[["code_id", "code", "k", "base"]].itertuples(index=False)
    ]
    silent = total["k"] == 0
    # the key is the short name of a code, but for a path, whose last part is
    short = total["code_id"].where(~total["code_id"].str.contains(" > ", regex=False), total["code"])
    nobody = {
        "none_asked": short[silent & ~unknown & (total["base"] > 0)].tolist(),
        "none_not_asked": short[silent & ~unknown & (total["base"] == 0)].tolist(),
        "none_unknown": short[silent & unknown].tolist(),
    }

    def count(one: str, many: str, n: int) -> str:
        return text[one] if n == 1 else text[many].format(n=n)

    def write(shown_groups: int, shown_silent: int) -> str:
        parts = text["what"].format(
            codes=count("code", "codes", len(total)),
            groups=count("group", "groups", len(groups)),
            named=_listed(groups, shown_groups, text["more"]),
        )
        if soort != "any":
            parts += text["soort_alt"].format(soort=soort)
        parts += text["dots_n" if unknown.all() else "dots"]
        if most:
            parts += text["most"].format(named=", ".join(most))
        for which, those in nobody.items():
            if those:
                parts += text[which].format(named=_listed(those, shown_silent, text["more"]))
        return parts if silent.any() else parts + text["all"]

    return _fitted(write, len(groups), max(map(len, nobody.values())))


def _fitted(write: Callable[[int, int], str], n_groups: int, n_silent: int) -> str:
    """Return the fullest text that fits: first fewer of the codes nobody mentions, then fewer groups."""
    for groups in range(n_groups, -1, -1):
        for silent in range(n_silent, -1, -1):
            written = write(groups, silent)
            if len(written) < _ALT_LIMIT:
                return written
    return _cut(written, _ALT_LIMIT - 1)


def _listed(names: Sequence[str], shown: int, more: str) -> str:
    rest = len(names) - shown
    return ", ".join(names) if rest <= 0 else ", ".join([*names[:shown], more.format(n=rest)])


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _called(code: str, name: str, *, gap: str = " ") -> str:
    """Return what a code is called: key and name, or the name alone where the key is a path that ends in it."""
    return name if code == name or code.endswith(f" > {name}") else f"{code}{gap}{name}"


def _texts(language: Language) -> Mapping[str, str]:
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    return _TEXT[language]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where everything stands, in cm from the top left.

    Parameters
    ----------
    heads : tuple of (x, text)
        Group names with n, wrapped.
    categories, codes : tuple of (y, text)
        Category headings; code names, wrapped. `y` is the middle of the first line.
    rows : mapping of str to float
        Code to the middle of its marks.
    columns : mapping of str to float
        Group to the middle of its dots.
    key : tuple of (status, x, y, text)
        The marks that occur, explained.
    notes : tuple of (y, text)
        Lines under the figure.
    top, bottom, height : float
        First and last rule, and the height of it all.
    """

    heads: tuple[tuple[float, str], ...]
    categories: tuple[tuple[float, str], ...]
    codes: tuple[tuple[float, str], ...]
    rows: Mapping[str, float]
    columns: Mapping[str, float]
    key: tuple[tuple[Status, float, float, str], ...]
    notes: tuple[tuple[float, str], ...]
    top: float
    bottom: float
    height: float

    @classmethod
    def of(
        cls,
        data: pd.DataFrame,
        comparison: GroupComparison,
        *,
        soort: str,
        text: Mapping[str, str],
        labels: Mapping[str, str],
        title: str | None,
    ) -> _Layout:
        names_of = {group: labels.get(group, group) for group in comparison.n}
        widths = _columns(names_of)
        left = WIDTH - sum(widths.values())
        columns: dict[str, float] = {}
        x = left
        for group, width in widths.items():
            columns[group] = x + DOT / 2
            x += width
        heads = {
            group: [*_wrapped(names_of[group], widths[group] - GAP), f"n = {n}"]
            for group, n in comparison.n.items()
        }
        y = 0.1 + (0.5 if title else 0) + 0.36 * max(len(lines) for lines in heads.values())
        top = y + 0.08
        y = top + 0.06

        categories: list[tuple[float, str]] = []
        names: list[tuple[float, str]] = []
        rows: dict[str, float] = {}
        previous = ""
        one_each = data.drop_duplicates("code_id")
        for category, category_name, code, name in one_each[
            ["category", "category_name", "code_id", "code"]
        ].itertuples(index=False):
            if category not in {previous, code}:
                categories.append((y + HEADING / 2, f"{category}  {category_name}"))
                y += HEADING
            previous = category
            lines = _wrapped(_called(code, name, gap="  "), left - INDENT - GAP)
            rows[code] = y + LINE / 2
            names += [(y + LINE * (place + 0.5), line) for place, line in enumerate(lines)]
            y += LINE * len(lines)
        bottom = y + 0.06

        key, y = _key(data, text, bottom + 0.3)
        notes = []
        for line in _wrapped(" ".join(_notes(data, comparison, soort=soort, text=text)), WIDTH - 0.1, SMALL):
            notes.append((y, line))
            y += LINE * 0.9
        return cls(
            heads=tuple((columns[group], "\n".join(lines)) for group, lines in heads.items()),
            categories=tuple(categories),
            codes=tuple(names),
            rows=rows,
            columns=columns,
            key=key,
            notes=tuple(notes),
            top=top,
            bottom=bottom,
            height=y,
        )


def _columns(names: Mapping[str, str]) -> dict[str, float]:
    """Return the width of each group's column: as wide as its longest word, so that code names keep room."""
    widths = {
        group: max(COLUMN_MIN, *(_width(word.rstrip()) + 2 * GAP for word in _BREAK.findall(name)))
        for group, name in names.items()
    }
    shrink = min(1.0, (WIDTH - LABELS_MIN) / sum(widths.values()))
    return {group: width * shrink for group, width in widths.items()}


def _key(
    data: pd.DataFrame, text: Mapping[str, str], y: float
) -> tuple[tuple[tuple[Status, float, float, str], ...], float]:
    """Return the key to the marks that occur, on as many lines as it takes, and where it ends."""
    statuses: tuple[Status, ...] = ("mentioned", "asked_not_mentioned", "not_asked", "not_mentioned")
    present = set(data["status"])
    key: list[tuple[Status, float, float, str]] = []
    x = 0.2
    for status in statuses:
        if status in present:
            width = 0.3 + _width(text[status], SMALL) + 0.5
            if x > 0.2 and x + width > WIDTH + 0.5:
                x, y = 0.2, y + LINE
            key.append((status, x, y, text[status]))
            x += width
    return tuple(key), y + LINE


def _notes(
    data: pd.DataFrame, comparison: GroupComparison, *, soort: str, text: Mapping[str, str]
) -> Iterator[str]:
    """Yield the sentences under the figure: unit, n, kind, and what stands beside the dots."""
    yield text["unit"].format(n=sum(comparison.n.values()))
    if soort != "any":
        yield text["soort"].format(soort=soort)
    elif len(comparison.soorten) > 1:
        yield text["any"]
    unknown = data["asked"].isna()
    yield text["n" if unknown.all() else "asked"]
    if unknown.any() and not unknown.all():
        yield text["mixed"]


@cache
def _font(size: int) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=FONT, size=size)


def _width(text: str, size: int = NORMAL) -> float:
    """Return the width of a line in cm."""
    from matplotlib.textpath import text_to_path

    points, _, _ = text_to_path.get_text_width_height_descent(text, _font(size), ismath=False)
    return float(points) / POINTS_PER_CM


def _wrapped(text: str, width: float, size: int = NORMAL) -> list[str]:
    """Return the lines of a text, `width` cm wide, broken after a space, hyphen, slash or underscore.

    A single word that is wider stays whole.
    """
    # Measuring is what costs; most names fit at once.
    if _width(text, size) <= width:
        return [text]
    lines = [""]
    for piece in _BREAK.findall(text):
        if lines[-1] and _width((lines[-1] + piece).rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _page(height: float) -> Axes:
    """Return axes that fill a new figure of 16 cm by `height`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from qualkit.plots.chart import Chart

    figure = Chart(figsize=(WIDTH / CM_PER_INCH, height / CM_PER_INCH), dpi=200, facecolor="white")
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1))


def _draw_text(ax: Axes, layout: _Layout, data: pd.DataFrame, *, title: str | None) -> None:
    if title:
        _put(ax, 0.05, 0.1, title, va="top", weight="bold", size=NORMAL + 1)
    for x, head in layout.heads:
        _put(ax, x - DOT / 2, layout.top - 0.08, head, va="bottom", linespacing=1.1)
    for y, name in layout.categories:
        _put(ax, 0, y + 0.03, name, weight="bold")
    for y, name in layout.codes:
        _put(ax, INDENT, y, name)
    for y, note in layout.notes:
        _put(ax, 0, y, note, size=SMALL, color=FAINT)
    spoken = data[data["status"] != "not_asked"]
    for code, group, k, base in spoken[["code_id", "group", "k", "base"]].itertuples(index=False):
        x, y = layout.columns[group] + DOT / 2 + 0.1, layout.rows[code]
        _put(ax, x, y, f"{k}/{base}", color=INK if k else FAINT)


def _put(ax: Axes, x: float, y: float, words: str, **look: Any) -> None:
    """Write words, by default in the middle of their line; a dollar sign in a name is no formula."""
    settings = {"family": FONT, "size": NORMAL, "color": INK, "va": "center_baseline", **look}
    ax.text(x, y, words, parse_math=False, **settings)


def _draw_marks(ax: Axes, layout: _Layout, data: pd.DataFrame) -> None:
    from matplotlib.colors import is_color_like

    ax.hlines([layout.top, layout.bottom], 0, WIDTH, colors=INK, linewidth=0.6)
    # Hair lines between the rows lead the eye from the name to the dots.
    y_of = list(layout.rows.values())
    ax.hlines([y - LINE / 2 for y in y_of[1:]], INDENT, WIDTH, colors=RULE, linewidth=0.4, zorder=0)

    for status, cells in data.groupby("status"):
        at = [
            (layout.columns[group], layout.rows[code])
            for group, code in zip(cells["group"], cells["code_id"], strict=True)
        ]
        part = (cells["k"] / cells["base"].where(cells["base"] > 0)).fillna(0).tolist()
        colours = [colour if is_color_like(colour) else BLUE for colour in cells["colour"]]
        _mark(ax, str(status), at, part, colours)


def _draw_key(ax: Axes, layout: _Layout) -> None:
    for status, x, y, words in layout.key:
        _mark(ax, status, [(x, y)], [0.6], [FAINT])
        _put(ax, x + 0.3, y, words, size=SMALL, color=FAINT)


def _mark(
    ax: Axes,
    status: str,
    at: Sequence[tuple[float, float]],
    part: Sequence[float],
    colours: Sequence[str],
) -> None:
    """Draw the mark of one status at all its places: a dot with area by `part`, a ring, a dash or a speck."""
    full = (DOT * POINTS_PER_CM) ** 2
    x, y = zip(*at, strict=True)
    if status == "mentioned":
        sizes = [full * one for one in part]
        ax.scatter(x, y, s=sizes, c=list(colours), edgecolors=INK, linewidths=0.4, zorder=3)
    elif status == "asked_not_mentioned":
        ax.scatter(x, y, s=full * 0.35, facecolors="white", edgecolors=INK, linewidths=0.8, zorder=3)
    elif status == "not_asked":
        ends = [one - 0.07 for one in x], [one + 0.07 for one in x]
        ax.hlines(y, *ends, colors=INK, linewidth=0.8, zorder=3)
    else:
        ax.scatter(x, y, s=full * 0.03, c=FAINT, linewidths=0, zorder=3)
