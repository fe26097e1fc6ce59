"""Write known_truth.md: what the two coders of the sample found of what its plan put in.

``python docs/make_known_truth.py [--plan ../shared/sample_plan.json]``

The plan is not part of the repository. Without it nothing is written, the reason is given in one line and
the exit code is 1. Same plan and same codings give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PLAN = ROOT.parent / "shared" / "sample_plan.json"
CODINGS = ROOT / "transcripts_sample" / "coderingen"
REPORT = ROOT / "docs" / "known_truth.md"
CODERS = ("AB", "CD")
GROUPS = {
    "ret_leden": "RET-leden (RL)",
    "casus_inbrengers": "casus-inbrengers (CI)",
    "zorgaanbieders": "zorgaanbieders (ZA)",
    "clienten_jeugdigen": "jongeren (CJ)",
}
HOWS = ("spontaan", "na_vraag", "dubbelzinnig", "spreekt_zichzelf_tegen")
CATEGORIES = "ABCDEFGHI"
# The writers could let facts of a casus touch these without the plan counting them (plan, rule "talk").
CASUS_FACTS = frozenset(f"{code}:beschrijvend" for code in ("E1", "E4", "E5", "E6"))


class Cell(NamedTuple):
    """One respondent saying something of one soort about one code, however often."""

    respondent: str
    code: str
    soort: str

    @property
    def claim(self) -> str:
        """The cell without its respondent."""
        return f"{self.code}:{self.soort}"


class Statement(NamedTuple):
    """One planned statement: how it was to be said, and the cells it puts into the interview."""

    id: str
    respondent: str
    how: str
    cells: frozenset[Cell]


class Silence(NamedTuple):
    """A topic that was asked and drew no answer, with the codes of that topic."""

    respondent: str
    topic: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the writers were asked to put in; `groups` maps respondent to group, in the order of the cast."""

    groups: dict[str, str]
    statements: tuple[Statement, ...]
    silences: tuple[Silence, ...]
    unused: tuple[str, ...]

    def cells(self, respondents: Iterable[str]) -> set[Cell]:
        """Return the planned cells of these respondents."""
        wanted = set(respondents)
        return {cell for s in self.statements if s.respondent in wanted for cell in s.cells}


@dataclass(frozen=True, slots=True)
class Coded:
    """What one coder made: the number of codings and the distinct cells in them."""

    coder: str
    n_codings: int
    respondents: tuple[str, ...]
    cells: frozenset[Cell]


def read_plan(path: Path) -> Plan:
    """Return the plan in `path`."""
    raw = json.loads(path.read_text("utf-8"))
    topics = {topic["id"]: frozenset(topic["codes"]) for topic in raw["guide"]}
    statements = tuple(
        Statement(
            s["id"],
            s["respondent"],
            s["how"],
            frozenset(Cell(s["respondent"], code, s["soort"]) for code in s["codes"]),
        )
        for s in raw["statements"]
    )
    return Plan(
        {person["id"]: person["group"] for person in raw["cast"]},
        statements,
        tuple(Silence(s["respondent"], s["topic"], topics[s["topic"]]) for s in raw["silences"]),
        tuple(entry["code"] for entry in raw["codes_unused"]),
    )


def read_codings(path: Path) -> Coded:
    """Return what the coder named by the file made."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [Cell(row["document_id"], row["code_id"], row["soort"]) for row in csv.DictReader(file)]
    respondents = tuple(dict.fromkeys(cell.respondent for cell in cells))
    return Coded(path.stem, len(cells), respondents, frozenset(cells))


def read_all_codings(folder: Path = CODINGS) -> dict[str, Coded]:
    """Return what each coder of the sample made."""
    return {coder: read_codings(folder / f"{coder}.csv") for coder in CODERS}


# --- counting


def share(part: int, whole: int) -> str:
    """Return a whole percentage, or a dash when there is nothing to divide by."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def compare(planned: AbstractSet[tuple[str, ...]], found: AbstractSet[tuple[str, ...]]) -> list[str]:
    """Return planned, hits, misses, extras and the two shares as cells of a table."""
    hits = len(planned & found)
    return [
        *map(str, (len(planned), hits, len(planned) - hits, len(found - planned))),
        share(hits, len(planned)),
        share(hits, len(found)),
    ]


def of(cells: Iterable[Cell], respondents: Iterable[str]) -> set[Cell]:
    """Return the cells of these respondents."""
    wanted = set(respondents)
    return {cell for cell in cells if cell.respondent in wanted}


def without_soort(cells: Iterable[Cell]) -> set[tuple[str, ...]]:
    """Return respondent and code of each cell, whatever the soort."""
    return {(cell.respondent, cell.code) for cell in cells}


def by_how(plan: Plan, coded: Coded) -> dict[str, tuple[int, int]]:
    """Return, for each way of saying, how many statements this coder could find and how many were found."""
    seen = [s for s in plan.statements if s.respondent in coded.respondents]
    return {
        how: (
            sum(s.how == how for s in seen),
            sum(s.how == how and bool(s.cells & coded.cells) for s in seen),
        )
        for how in HOWS
    }


def borrowed(plan: Plan, coded: Coded) -> tuple[int, int]:
    """Return hits and cells when each interview is held against the codings of every other interview."""
    hits = cells = 0
    claims = {r: {cell.claim for cell in of(coded.cells, [r])} for r in coded.respondents}
    for respondent in coded.respondents:
        planned = {cell.claim for cell in plan.cells([respondent])}
        others = [claims[r] for r in coded.respondents if r != respondent]
        hits += sum(len(planned & other) for other in others)
        cells += len(planned) * len(others)
    return hits, cells


def broken_silences(plan: Plan, coded: Coded) -> list[str]:
    """Return the silences into which the coder put a code of the topic that the plan gives nobody there."""
    broken = []
    for silence in plan.silences:
        planned = {cell.code for cell in plan.cells([silence.respondent])}
        used = {cell.code for cell in of(coded.cells, [silence.respondent])}
        if codes := sorted(silence.codes & (used - planned)):
            broken.append(f"{silence.respondent} {silence.topic} ({', '.join(codes)})")
    return broken


# --- writing


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> list[str]:
    """Return a Markdown table; the first `left` columns are words, the others numbers."""
    rule = ["---" if i < left else "--:" for i in range(len(head))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)] + [""]


def by_claim(
    cells: Iterable[Cell], order: Sequence[str], marked: AbstractSet[Cell] = frozenset()
) -> dict[str, str]:
    """Return, for each code:soort, the respondents in `order`; those in `marked` get an asterisk."""
    listed: dict[str, list[str]] = {}
    for cell in sorted(cells, key=lambda c: order.index(c.respondent)):
        listed.setdefault(cell.claim, []).append(cell.respondent + ("\\*" if cell in marked else ""))
    return {claim: ", ".join(people) for claim, people in listed.items()}


def claim_order(claim: str) -> tuple[str, int, str]:
    """Return a key that puts A2 before A10."""
    code, soort = claim.split(":")
    return code[0], int(code[1:]), soort


HEAD = ("", "interviews", "planned", "hits", "misses", "extra", "hits of planned", "hits of coded")


def group_table(plan: Plan, coded: Coded, *, soort: bool) -> list[str]:
    """Return the table of hits and misses by group for one coder."""
    rows = []
    for group, name in [*GROUPS.items(), ("", "all")]:
        people = [r for r in coded.respondents if group in ("", plan.groups[r])]
        planned, found = plan.cells(people), of(coded.cells, people)
        counts = compare(planned, found) if soort else compare(without_soort(planned), without_soort(found))
        rows.append([name, str(len(people)), *counts])
    return table(HEAD, rows)


def part_counts(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return the tables by group, with and without soort."""
    lines = ["## Cells: respondent × code × soort", ""]
    for coded in codings.values():
        lines += [f"Coder {coded.coder}: {coded.n_codings} codings in {len(coded.cells)} distinct cells.", ""]
        lines += group_table(plan, coded, soort=True)
    lines += ["## The same for the code only, whatever the soort", ""]
    for coded in codings.values():
        lines += [f"Coder {coded.coder}:", "", *group_table(plan, coded, soort=False)]
    return lines


def part_how(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return the table of statements by how they were to be said."""
    counts = [by_how(plan, coded) for coded in codings.values()]
    pairs = [[how, *(pair for c in counts for pair in count_pair(c[how]))] for how in HOWS]
    totals = [tuple(sum(c[how][i] for how in HOWS) for i in (0, 1)) for c in counts]
    pairs.append(["all", *(pair for total in totals for pair in count_pair((total[0], total[1])))])
    head = ["how", *(f"{coder} {word}" for coder in codings for word in ("statements", "found", "share"))]
    whole = [
        f"{coded.coder} {sum(s.cells <= coded.cells for s in seen)} of {len(seen)}"
        for coded in codings.values()
        if (seen := [s for s in plan.statements if s.respondent in coded.respondents])
    ]
    return [
        "## Statements, by how they were to be said",
        "",
        "A statement is found when at least one of its cells is.",
        "",
        *table(head, pairs),
        f"Found with every one of their cells: {'; '.join(whole)}. The last two ways are few; read them as cases, not as "
        "rates. Dubbelzinnig was written to divide coders.",
        "",
    ]


def count_pair(pair: tuple[int, int]) -> list[str]:
    """Return whole, part and share as cells of a table."""
    return [str(pair[0]), str(pair[1]), share(pair[1], pair[0])]


def other_soort(missed: set[Cell], coded: Coded) -> set[Cell]:
    """Return the missed cells whose code was used for that respondent, with another soort."""
    codes = without_soort(coded.cells)
    return {cell for cell in missed if (cell.respondent, cell.code) in codes}


def part_missed(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return which planned cells were missed, by whom."""
    order = list(plan.groups)
    columns, counts = [], []
    for coded in codings.values():
        missed = plan.cells(coded.respondents) - coded.cells
        other = other_soort(missed, coded)
        plain = sum(cell.soort == "beschrijvend" for cell in other)
        columns.append(by_claim(missed, order, other))
        counts.append(f"{coded.coder} {len(other)} of {len(missed)}, {plain} of them planned as beschrijvend")
    claims = sorted({claim for column in columns for claim in column}, key=claim_order)
    both = shared(plan, codings, lambda planned, cells: planned - cells)
    return [
        "## Planned cells that were missed",
        "",
        f"With \\* the coder did use the code for this respondent, with another soort ({'; '.join(counts)}). "
        f"CD coded only {', '.join(codings['CD'].respondents)}.",
        "",
        *table(
            ("code:soort", *codings),
            ([claim, *(column.get(claim, "") for column in columns)] for claim in claims),
            left=1 + len(columns),
        ),
        f"Missed by both, in the interviews both read ({len(both)}): {name_cells(both, order)}.",
        "",
    ]


def shared(
    plan: Plan, codings: dict[str, Coded], pick: Callable[[set[Cell], frozenset[Cell]], set[Cell]]
) -> set[Cell]:
    """Return what `pick` gives for every coder alike, in the interviews that all coders read."""
    people = set.intersection(*(set(coded.respondents) for coded in codings.values()))
    return set.intersection(*(of(pick(plan.cells(people), c.cells), people) for c in codings.values()))


def name_cells(cells: Iterable[Cell], order: Sequence[str]) -> str:
    """Return the cells in words, one respondent after another."""
    ordered = sorted(cells, key=lambda c: (order.index(c.respondent), claim_order(c.claim)))
    return ", ".join(f"{cell.respondent} {cell.claim}" for cell in ordered)


def part_extra(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return which cells were coded although the plan has none, and which of these recur."""
    order = list(plan.groups)
    extras = {coder: set(c.cells) - plan.cells(c.respondents) for coder, c in codings.items()}
    facts = [f"{coder} {sum(c.claim in CASUS_FACTS for c in cells)}" for coder, cells in extras.items()]
    often = Counter(cell.claim for cell in extras["AB"])
    recurring = [claim for claim in sorted(often, key=claim_order) if often[claim] > 1]
    columns = [by_claim(cells, order) for cells in extras.values()]
    both = shared(plan, codings, lambda planned, cells: set(cells) - planned)
    known = plan.cells(codings["CD"].respondents)
    by_both = {
        coder: f"{len(both)} of {len(of(cells, codings['CD'].respondents))}"
        for coder, cells in extras.items()
    }
    return [
        "## Extra cells: coded, not planned",
        "",
        f"The writers were free to let facts of a casus touch E1, E4, E5 and E6 beschrijvend uncounted; so many extra "
        f"cells are of that kind: {', '.join(facts)}. Those that AB used for two or more respondents "
        f"({len(recurring)} of {len(often)} kinds, {sum(often[c] for c in recurring)} of {len(extras['AB'])} cells):",
        "",
        *table(
            ("code:soort", *codings),
            ([claim, *(column.get(claim, "") for column in columns)] for claim in recurring),
            left=1 + len(columns),
        ),
        f"In the six interviews both coders read, {len(both)} extra cells were given by both, each without sight of the "
        f"other ({by_both['AB']} of AB's there, {by_both['CD']} of CD's; the plan has {len(known)} cells there): "
        f"{name_cells(both, order)}. Where two blind readers agree against the plan, the likelier fault is the plan's: "
        "the interview says more than its card.",
        "",
    ]


def matrix_row(name: str, planned: set[Cell], found: AbstractSet[Cell]) -> list[str]:
    """Return hits/planned for each category and for all together."""
    columns = [{c for c in planned if c.code[0] == category} for category in CATEGORIES] + [planned]
    return [name, *(f"{len(column & found)}/{len(column)}" if column else "·" for column in columns)]


def matrix(plan: Plan, coded: Coded) -> list[str]:
    """Return hits/planned for each respondent and category."""
    rows = [matrix_row(r, plan.cells([r]), coded.cells) for r in coded.respondents]
    rows.append(matrix_row("all", plan.cells(coded.respondents), coded.cells))
    return [f"Coder {coded.coder}:", "", *table(("", *CATEGORIES, "all"), rows)]


def part_matrix(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return the matrices respondent × category."""
    lines = ["## Respondent × category", "", "Hits/planned cells; a point where nothing was planned.", ""]
    for coded in codings.values():
        lines += matrix(plan, coded)
    return lines


def part_empty(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return what happened to the codes nobody should use and the topics that drew no answer."""
    lines = ["## What should be empty", ""]
    for code in plan.unused:
        counts = {c.coder: sum(cell.code == code for cell in c.cells) for c in codings.values()}
        used = ", ".join(f"{coder} {n}" for coder, n in counts.items())
        lines.append(
            f"- {code}, planned for nobody, was {'used' if any(counts.values()) else 'not used'}. Cells: {used}."
        )
    lines.append(
        "- That a code stays empty shows only that the interviews gave no cause for it. G4 was near: in CI-8 an alderman "
        "lets the work start before the papers are there, and both coders noted in their memo why that is G6."
    )
    planned = {cell.code for s in plan.statements for cell in s.cells}
    for coded in codings.values():
        codes = {cell.code for cell in coded.cells}
        due = {cell.code for cell in plan.cells(coded.respondents)}
        never = sorted(due - codes, key=lambda code: claim_order(f"{code}:"))
        lines.append(
            f"- {coded.coder} used {len(codes)} codes; {len(due)} of the {len(planned)} planned ones occur in these "
            f"interviews. Planned there and never used: {', '.join(never) or 'none'}."
        )
    broken = broken_silences(plan, codings["AB"])
    lines.append(
        f"- {len(plan.silences)} times a topic was asked and drew no answer. AB gave a code of that topic, not planned "
        f"for that respondent, in {len(broken)}: {', '.join(broken) or 'none'}. Such a code may come from elsewhere in the "
        "interview."
    )
    return [*lines, ""]


def opening(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return what was compared, and how."""
    ab, cd = codings["AB"], codings["CD"]
    planned = plan.cells(plan.groups)
    hits = [
        f"{len(plan.cells(c.respondents) & c.cells)} of {len(plan.cells(c.respondents))}" for c in (ab, cd)
    ]
    return [
        "# The sample study against its own plan",
        "",
        "Made by `docs/make_known_truth.py`; change that, not this page. The plan (`sample_plan.json`) is kept outside "
        "the repository.",
        "",
        f"AB recovered {hits[0]} planned cells, CD {hits[1]}. Please read *What these figures mean, and what not* before "
        "citing them.",
        "",
        "## What was compared, and how",
        "",
        f"The {len(plan.groups)} interviews in `transcripts_sample/` are invented. Each was written from a page of a cast "
        f"sheet that says which points the speaker makes: {len(plan.statements)} statements in all, each with one to three "
        "codes, one soort and a way of being said. The writer put them into the speaker's own words, among a good deal of "
        f"talk that carries nothing. Then coder AB coded all {len(ab.respondents)} transcripts and coder CD "
        f"{len(cd.respondents)} of them, with only the codebook (version 1.0.0) and the bare text: no plan, no cards, no "
        "sight of each other. There was one round, and nothing was changed after the comparison.",
        "",
        f"The unit is the cell: one respondent, one code, one soort, however often it was said. The {len(plan.statements)} "
        f"statements make {len(planned)} cells. A **hit** is a planned cell in which the coder has at least one coding "
        "anywhere in that interview; a **miss** is a planned cell without one; an **extra** cell is a coded one that the plan "
        "does not have. *Hits of planned* is what a retrieval study calls recall, *hits of coded* precision. A hit does not "
        "prove that the coder meant the same passage: the plan gives no places in the text. Oordeel, and asked or spontaneous, "
        "are not compared.",
        "",
    ]


def part_baseline(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return how much of the plan the codings of another interview would have recovered."""
    parts = []
    for coded in codings.values():
        hits, cells = borrowed(plan, coded)
        parts.append(f"{coded.coder} {share(hits, cells)} ({hits} of {cells})")
    return [
        "## How much comes for free",
        "",
        "All interviews follow one topic guide, so some cells can be guessed from any other interview. When each plan is held "
        f"against the codings of every *other* interview by the same coder, the hits of planned are {' and '.join(parts)}. "
        "That, and not zero, is the floor under the figures above.",
        "",
    ]


def part_meaning(plan: Plan, codings: dict[str, Coded]) -> list[str]:
    """Return what the figures mean and what they do not."""
    return [
        "## What these figures mean, and what not",
        "",
        "- **They check the material.** What the plan put in can be found in the transcripts by someone who does not know "
        "the plan. The sample can therefore show what each part of qualkit does, and a count that comes out of the "
        "program can be traced to a known cause.",
        "- **They do not measure coding quality, and they do not validate the codebook.** The plan and the coders share one "
        "codebook. The plan was made *in* its codes, so the interviews contain what the codebook has words for. Real "
        "interviews do not.",
        "- **They are no evidence about reliability or saturation.** Agreement and saturation figures on this invented set "
        "demonstrate the calculation and prove nothing. The interviews come from one workshop, as do the two readings; "
        "a saturation curve over interviews written from a plan bends where the plan bends.",
        remark_on_best(plan, codings["AB"]),
        "- **A miss has three possible owners.** The writer may have said it too faintly, the coder may have overlooked it, or "
        "the codebook may send the passage to another code. The plan cannot tell which. Misses shared by both coders point "
        "at the writer or the codebook; misses of one point at the coder or at a border. An asterisk in the table of "
        "misses points at soort: the coder heard an effect where the plan meant none, or the other way round.",
        "- **An extra cell is not an error.** People who talk say more than was planned, and invented people do too. See the "
        "cells that both coders gave.",
        "- **The plan is not a gold standard.** It is a record of intent. Nobody corrected the codings towards it, and a "
        "report on this sample counts what AB coded, not what was planned.",
        "",
        "Ten places where AB and CD read differently are set out in `docs/disagreements.md`.",
        "",
    ]


def best_group(plan: Plan, coded: Coded) -> tuple[str, set[Cell], set[Cell]]:
    """Return the group of which the largest part was recovered, its planned cells and its coded ones."""
    found = {}
    for group in dict.fromkeys(plan.groups.values()):
        people = [r for r in coded.respondents if plan.groups[r] == group]
        found[group] = (plan.cells(people), of(coded.cells, people))
    best = max(found, key=lambda group: len(found[group][0] & found[group][1]) / len(found[group][0]))
    return best, *found[best]


def remark_on_best(plan: Plan, coded: Coded) -> str:
    """Return the remark on the group that was recovered best."""
    best, planned, found = best_group(plan, coded)
    hits = len(planned & found)
    missed = {cell.claim for cell in plan.cells(coded.respondents) - coded.cells}
    others = "; ".join(
        f"{name} {_exposed(plan, group, missed)}" for group, name in GROUPS.items() if group != best
    )
    return (
        f"- **{GROUPS[best]}: {hits} of {len(planned)} is too good to be true of real interviews.** Two causes are likely, "
        "and the figures cannot part them. These speakers know the team from within, so their cards, and then their "
        "sentences, come close to the codebook's own way of cutting up the subject. And they were planned fewer of the "
        f"cells that go missing elsewhere: {_exposed(plan, best, missed)} of their planned cells are of a code:soort that "
        f"AB missed with anyone ({others}). Read it as a sign that these interviews are easy, not that AB is sharp. The "
        f"{len(found - planned)} extra cells in the same group are the better reminder of what coding is like."
    )


def _exposed(plan: Plan, group: str, missed: set[str]) -> str:
    """Return how many of a group's planned cells are of a code:soort that was missed with anyone."""
    cells = plan.cells(r for r, g in plan.groups.items() if g == group)
    return f"{sum(cell.claim in missed for cell in cells)} of {len(cells)}"


PARTS = (
    opening,
    part_counts,
    part_baseline,
    part_how,
    part_missed,
    part_extra,
    part_matrix,
    part_empty,
    part_meaning,
)


def render(plan: Plan, codings: dict[str, Coded]) -> str:
    """Return the whole page."""
    lines = [line for part in PARTS for line in part(plan, codings)]
    return "\n".join(lines).rstrip("\n") + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write docs/known_truth.md; return 1 when the plan is not there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--plan", type=Path, default=PLAN, help="the plan of the sample (not in the repository)"
    )
    path: Path = parser.parse_args(argv).plan
    if not path.is_file():
        sys.stderr.write(f"{path}: the plan of the sample is not there; known_truth.md is left as it is.\n")
        return 1
    REPORT.write_text(render(read_plan(path), read_all_codings()), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
