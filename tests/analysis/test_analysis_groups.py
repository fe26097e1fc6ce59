"""Group comparison: exact numbers by an oracle in plain Python, laws, and messages word for word."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import FrozenInstanceError, replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from analysis_frames import CODES, Stub, small
from hypothesis import given, settings
from hypothesis import strategies as st

from qualkit.analysis import Cell, GroupComparison, compare_groups
from qualkit.errors import QualkitError, UnknownNameError

COLUMNS = ["code_id", "code", "soort", "group", "n", "asked", "k", "mentions", "cases", "status"]


def oracle(study: Stub) -> list[tuple]:
    """The whole frame once more, with sets and loops and nothing of the program."""
    parent = {key: above for key, _, above, _, _ in study.codes}
    used = {coding[2] for coding in study.codings}
    group_of = dict(study.participants)
    soorten = sorted({coding[3] for coding in study.codings if coding[3]})
    rows = []
    for key, name, _, codable, _ in study.codes:
        if not (codable or key in used):
            continue
        line, one = {key}, key
        while parent[one]:
            one = parent[one]
            line.add(one)
        topics = {topic for topic, code in study.topics if code in line}
        known = any(topic in topics for _, _, topic, _ in study.coverage)
        for soort in [*soorten, "any"]:
            for group in dict.fromkeys(group_of.values()):
                people = {who for who, its in group_of.items() if its == group}
                on_code = [c for c in study.codings if c[1] in people and c[2] == key]
                hits = [c for c in on_code if soort in ("any", c[3])]
                saying = {c[1] for c in hits}
                asked = {c[1] for c in on_code} | {
                    who
                    for _, who, topic, value in study.coverage
                    if who in people and topic in topics and value in ("asked", "came_up")
                }
                if saying:
                    status = "mentioned"
                elif not known:
                    status = "not_mentioned"
                else:
                    status = "asked_not_mentioned" if asked else "not_asked"
                cases = {casus for who, casus in study.cases if who in saying}
                n_asked = len(asked) if known else None
                rows.append(
                    (
                        key,
                        name,
                        soort,
                        group,
                        len(people),
                        n_asked,
                        len(saying),
                        len(hits),
                        len(cases),
                        status,
                    )
                )
    return rows


def rows_of(comparison: GroupComparison) -> list[tuple]:
    frame = comparison.frame
    assert list(frame.columns) == COLUMNS
    return [
        tuple(None if value is pd.NA else value for value in row)
        for row in frame.astype({"asked": object}).itertuples(index=False, name=None)
    ]


def test_the_small_study_has_exactly_these_numbers() -> None:
    comparison = compare_groups(small(), by="groep")
    assert rows_of(comparison) == oracle(small())
    # and some of them by hand, so that the oracle is held too
    assert comparison.cell("A1", "leden") == Cell(2, 2, 2, 4, 2, "mentioned")
    assert comparison.cell("A1", "leden", soort="belemmerend") == Cell(2, 2, 1, 2, 2, "mentioned")
    assert comparison.cell("A1", "jeugd") == Cell(2, 2, 0, 0, 0, "asked_not_mentioned")
    assert comparison.cell("A1", "zorg") == Cell(1, 0, 0, 0, 0, "not_asked")
    # P2 has the words coded twice and has no coverage of T2; Q1 was not asked: both count as asked
    assert comparison.cell("D1", "leden") == Cell(2, 2, 1, 2, 1, "mentioned")
    assert comparison.cell("D1", "jeugd") == Cell(2, 1, 1, 1, 1, "mentioned")
    # a coding without soort counts under any only; the topic came up, so the group is not "not asked"
    assert comparison.cell("D1", "jeugd", soort="gewenst") == Cell(2, 1, 0, 0, 0, "asked_not_mentioned")
    # no topic bears on D2 or Z1: nobody knows whether they were asked
    assert comparison.cell("D2", "leden") == Cell(2, None, 0, 0, 0, "not_mentioned")
    assert comparison.cell("Z1", "zorg") == Cell(1, None, 0, 0, 0, "not_mentioned")


def test_rows_are_the_codable_codes_in_codebook_order_and_those_with_codings() -> None:
    comparison = compare_groups(small(), by="groep")
    assert comparison.codes["code_id"].tolist() == ["A1", "A2", "D1", "D9", "D2", "Z1"]
    assert comparison.frame["code_id"].unique().tolist() == ["A1", "A2", "D1", "D9", "D2", "Z1"]
    assert comparison.codes["category_name"].tolist() == ["Werkwijze"] * 2 + ["Opvolging"] * 3 + ["Los"]
    assert comparison.soorten == ("belemmerend", "bevorderend", "gewenst", "any")
    assert comparison.cell("D9", "jeugd").k == 1


def test_a_code_that_the_codebook_no_longer_holds_keeps_its_codings() -> None:
    study = small()
    study.codings.append(("Q2", "Q2", "OUD", "gewenst", "AB", 1))
    comparison = compare_groups(study, by="groep")
    assert comparison.codes["code_id"].tolist()[-1] == "OUD"
    assert comparison.cell("OUD", "jeugd") == Cell(2, None, 1, 1, 0, "mentioned")


def test_dtypes_are_as_documented() -> None:
    frame = compare_groups(small(), by="groep").frame
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "code_id": "str",
        "code": "str",
        "soort": "str",
        "group": "str",
        "n": "int64",
        "asked": "Int64",
        "k": "int64",
        "mentions": "int64",
        "cases": "int64",
        "status": "str",
    }


def test_without_coverage_silence_is_only_not_mentioned() -> None:
    study = small(coverage=[])
    comparison = compare_groups(study, by="groep")
    assert rows_of(comparison) == oracle(study)
    assert comparison.frame["asked"].isna().all()
    assert set(comparison.frame["status"]) == {"mentioned", "not_mentioned"}
    assert comparison.matrix().loc["A1"].tolist() == ["2 van 2", "niet genoemd", "niet genoemd"]


def test_silence_is_worded_by_what_is_known() -> None:
    comparison = compare_groups(small(), by="groep")
    assert comparison.matrix().loc["A1"].tolist() == ["2 van 2", "gevraagd, niet genoemd", "niet gevraagd"]
    assert comparison.matrix(language="en").loc["A1"].tolist() == [
        "2 of 2",
        "asked, not mentioned",
        "not asked",
    ]
    assert comparison.matrix().loc["D2"].tolist() == ["niet genoemd"] * 3
    assert comparison.matrix(language="en").loc["D2"].tolist() == ["not mentioned"] * 3
    # the base is those asked, not the group
    assert comparison.matrix(soort="any").loc["D1"].tolist() == [
        "1 van 2",
        "1 van 1",
        "gevraagd, niet genoemd",
    ]
    assert comparison.matrix().index.name == "code_id"
    assert list(comparison.matrix().columns) == ["leden", "jeugd", "zorg"]
    silent = comparison.frame["k"] == 0
    assert "mentioned" not in set(comparison.frame.loc[silent, "status"])


def test_a_study_without_facets_has_only_any() -> None:
    study = small(codings=[(*coding[:3], None, *coding[4:]) for coding in small().codings])
    comparison = compare_groups(study, by="groep")
    assert comparison.soorten == ("any",)
    assert rows_of(comparison) == oracle(study)
    empty = comparison.opposites()
    assert list(empty.columns) == ["code_id", "code", "group", "belemmerend", "bevorderend"]
    assert len(empty) == 0


def test_a_study_without_codings_has_rows_of_nothing() -> None:
    study = small(codings=[])
    comparison = compare_groups(study, by="groep")
    assert rows_of(comparison) == oracle(study)
    assert comparison.frame["k"].sum() == 0
    assert comparison.quotations("A1").empty


def test_unused_soorten_of_the_categorical_get_rows() -> None:
    class WithSoorten(Stub):
        def frame(self, name: str) -> pd.DataFrame:
            frame = super().frame(name)
            if name == "codings":
                order = ["gewenst", "beschrijvend", "belemmerend", "bevorderend"]
                frame["soort"] = frame["soort"].cat.set_categories(order)
            return frame

    comparison = compare_groups(WithSoorten(**vars(small())), by="groep")
    assert comparison.soorten == ("gewenst", "beschrijvend", "belemmerend", "bevorderend", "any")
    assert comparison.cell("A1", "leden", soort="beschrijvend").k == 0
    assert comparison.cell("A1", "leden", soort="belemmerend").k == 1


def test_groups_take_the_order_asked_for() -> None:
    comparison = compare_groups(small(), by="groep", groups=["zorg", "leden", "jeugd"])
    assert dict(comparison.n) == {"zorg": 1, "leden": 2, "jeugd": 2}
    assert comparison.frame["group"].tolist()[:3] == ["zorg", "leden", "jeugd"]
    assert comparison.cell("A1", "leden") == compare_groups(small(), by="groep").cell("A1", "leden")


def test_behind_a_cell_are_as_many_quotations_as_mentions_and_as_many_names_as_k() -> None:
    comparison = compare_groups(small(), by="groep")
    for row in comparison.frame.itertuples():
        quotations = comparison.quotations(row.code_id, soort=row.soort, group=row.group)
        assert len(quotations) == row.mentions
        assert len(comparison.participants(row.code_id, soort=row.soort, group=row.group)) == row.k
    found = comparison.quotations("A1", soort="bevorderend", group="leden")
    assert list(found.columns) == ["document_id", "participant", "start", "end", "text", "soort", "oordeel"]
    assert found["text"].tolist() == ["words 2", "words 3"]
    assert comparison.participants("D1") == ["P2", "Q1"]


def test_opposites_are_codes_that_hinder_some_and_promote_others() -> None:
    found = compare_groups(small(), by="groep").opposites()
    assert list(found.itertuples(index=False, name=None)) == [
        ("A1", "Expertise", "leden", 1, 2),
        ("A1", "Expertise", "jeugd", 0, 0),
        ("A1", "Expertise", "zorg", 0, 0),
    ]
    apart = small()
    apart.codings.append(("R1", "R1", "D1", "belemmerend", "AB", 3))
    apart.codings.append(("Q2", "Q2", "D1", "bevorderend", "AB", 3))
    found = compare_groups(apart, by="groep").opposites()
    assert found.loc[found["code_id"] == "D1", ["belemmerend", "bevorderend"]].to_numpy().tolist() == [
        [0, 0],
        [0, 1],
        [1, 0],
    ]


def two_coders() -> Stub:
    study = small()
    study.codings += [("P1a", "P1", "A1", "belemmerend", "CD", 0), ("R1", "R1", "A2", "gewenst", "CD", 0)]
    return study


def test_two_coders_are_never_added_together() -> None:
    with pytest.raises(QualkitError) as caught:
        compare_groups(two_coders(), by="groep")
    assert str(caught.value) == (
        'the study holds codings by 2 coders: AB, CD. Say whose are counted, such as coder="AB"; together, '
        "interviews that two people coded would weigh double."
    )
    by_ab = compare_groups(two_coders(), by="groep", coder="AB")
    assert rows_of(by_ab) == oracle(small())
    assert by_ab.source.filters == ("earlier filter", "only codings by AB, not by CD")
    by_cd = compare_groups(two_coders(), by="groep", coder="CD")
    assert by_cd.cell("A2", "zorg").k == 1
    assert by_cd.quotations("A1")["document_id"].tolist() == ["P1a"]


def test_one_coder_may_be_named_and_then_nothing_is_left_out() -> None:
    comparison = compare_groups(small(), by="groep", coder="AB")
    assert comparison.source == small().provenance


def test_codings_in_documents_without_participant_are_told_not_counted() -> None:
    study = small()
    study.codings.append(("X", None, "A1", "gewenst", "AB", 1))
    comparison = compare_groups(study, by="groep")
    assert (
        comparison.frame["mentions"].tolist()
        == compare_groups(small(), by="groep").frame["mentions"].tolist()
    )
    assert comparison.source.filters[-1] == "left out: 1 coding in documents without a participant"
    study.codings.append(("X", None, "A1", "gewenst", "AB", 2))
    assert compare_groups(study, by="groep").source.filters[-1].startswith("left out: 2 codings in")
    assert comparison.quotations("A1")["document_id"].tolist() == ["P1a", "P1b", "P1b", "P2"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"by": "groups"}, 'attribute "groups" is not known. Closest: "groep".'),
        ({"by": "participant"}, 'attribute "participant" is not known. There are: "groep".'),
        ({"by": "groep", "coder": "XY"}, 'coder "XY" is not known. There are: "AB".'),
        (
            {"by": "groep", "groups": ["leden", "jeugt", "zorg"]},
            'group "jeugt" is not known. Closest: "jeugd".',
        ),
        (
            {"by": "groep", "groups": ["leden"]},
            'groups leaves out: "jeugd", "zorg". Name every group of attribute "groep" once.',
        ),
        (
            {"by": "groep", "groups": ["leden", "zorg", "jeugd", "zorg"]},
            'groups names twice: "zorg". Name every group of attribute "groep" once.',
        ),
    ],
)
def test_a_wrong_choice_is_told_with_the_mend(call: dict, message: str) -> None:
    with pytest.raises(QualkitError) as caught:
        compare_groups(small(), **call)
    assert str(caught.value) == message


def test_participants_without_one_group_are_named() -> None:
    people = small().participants
    with pytest.raises(QualkitError) as caught:
        compare_groups(small(participants=[*people[:3], ("Q2", " "), ("R1", None)]), by="groep")
    assert str(caught.value) == (
        'attribute "groep" is empty for 2 participants: Q2, R1. Fill it in in the table of participants.'
    )
    with pytest.raises(QualkitError) as caught:
        compare_groups(small(participants=[*people[:4], ("R1", "zorg; jeugd")]), by="groep")
    assert str(caught.value) == (
        'attribute "groep" has more than one value for 1 participant: R1. '
        "Compare by an attribute that puts everybody in one group."
    )


@pytest.mark.parametrize("method", ["quotations", "participants"])
def test_unknown_names_are_refused_behind_a_cell(method: str) -> None:
    comparison = compare_groups(small(), by="groep")
    ask = getattr(comparison, method)
    for call in (lambda: ask("A"), lambda: ask("A1", group="lid"), lambda: ask("A1", soort="wens")):
        with pytest.raises(UnknownNameError):
            call()


def test_unknown_names_are_refused_in_cells_and_matrix() -> None:
    comparison = compare_groups(small(), by="groep")
    with pytest.raises(UnknownNameError, match=r'^code "A9" is not known\. Closest: '):
        comparison.cell("A9", "leden")
    with pytest.raises(UnknownNameError, match=r'^group "ledn" is not known\. Closest: "leden"\.$'):
        comparison.cell("A1", "ledn")
    with pytest.raises(UnknownNameError, match=r'^soort "gewens" is not known\. Closest: "gewenst"\.$'):
        comparison.matrix(soort="gewens")
    with pytest.raises(UnknownNameError, match=r'^language "fr" is not known\. There are: "nl", "en"\.$'):
        comparison.matrix(language="fr")  # type: ignore[arg-type]


def test_the_method_says_unit_base_coder_and_what_is_not_coded() -> None:
    method = compare_groups(two_coders(), by="groep", coder="AB").method
    assert method["nl"] == (
        "De eenheid van telling is de respondent (n = 5, in 3 groepen naar groep): per code en groep is "
        "geteld hoeveel respondenten de code minstens één keer noemen, van degenen aan wie ernaar is "
        "gevraagd of bij wie het ter sprake kwam, of, waar dat niet is vastgelegd, van alle respondenten in "
        "de groep; geteld zijn de coderingen van AB; bij 2 van de 5 is niets gecodeerd."
    )
    assert method["en"] == (
        "The unit of counting is the participant (n = 5, in 3 groups by groep): for each code and group we "
        "counted the participants who mention the code at least once, of those who were asked about it or "
        "with whom it came up, or, where that was not recorded, of all participants in the group; the "
        "codings counted are those of AB; nothing was coded for 2 of the 5."
    )
    unasked = compare_groups(small(coverage=[]), by="groep").method
    assert "is niet vastgelegd; bij 2 van de 5" in unasked["nl"]
    assert "who was asked about a code was not recorded; nothing was coded" in unasked["en"]


def test_repr_counts_and_holds_nobodys_words() -> None:
    comparison = compare_groups(small(), by="groep")
    assert repr(comparison) == "<GroupComparison by groep: 6 codes, 3 groups, 5 participants, 8 codings>"
    assert comparison.unit == "participant"


def test_html_is_escaped_and_has_no_colours_scripts_or_percentages() -> None:
    study = small(participants=[(who, f"<{group}>") for who, group in small().participants])
    html = compare_groups(study, by="groep")._repr_html_()
    assert "&lt;leden&gt;<br>n = 2" in html
    assert "Verloop na &lt;advies&gt;" in html
    assert "<caption>" in html and "Eenheid: respondent, n = 5." in html
    assert "<td>2 van 2</td><td>gevraagd, niet genoemd</td><td>niet gevraagd</td>" in html
    for banned in ("<script", "color", "#", "%", "words", "P1", "http"):
        assert banned not in html
    tags: Counter[str] = Counter()

    class Count(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags[tag] += 1

    Count().feed(html)
    assert (tags["tr"], tags["td"], tags["th"]) == (7, 1 + 6 * 3, 3 + 6)


def test_the_result_cannot_be_changed() -> None:
    comparison = compare_groups(small(), by="groep")
    with pytest.raises(FrozenInstanceError):
        comparison.by = "regio"  # type: ignore[misc]
    with pytest.raises(TypeError):
        comparison.n["leden"] = 9  # type: ignore[index]


def test_the_frames_of_the_study_stay_as_they_were() -> None:
    study = small()
    kept = {
        name: study.frame(name)
        for name in ("codings", "participants", "cases", "coverage", "topics", "codes")
    }
    before = {name: frame.copy(deep=True) for name, frame in kept.items()}

    class Kept:
        provenance = study.provenance

        def frame(self, name: str) -> pd.DataFrame:
            return kept[name]

    compare_groups(Kept(), by="groep")
    for name, frame in kept.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_importing_analysis_and_plots_loads_nothing_heavy() -> None:
    code = (
        "import sys, qualkit.analysis, qualkit.plots; "
        "print([m for m in ('pandas', 'numpy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# laws

PEOPLE = [f"P{i}" for i in range(6)]
LEAVES = [key for key, _, _, codable, _ in CODES if codable]
SOORTEN = ["belemmerend", "bevorderend", "gewenst", None]


@st.composite
def studies(draw: st.DrawFn) -> Stub:
    groups = draw(st.lists(st.sampled_from(["g1", "g2", "g3"]), min_size=6, max_size=6))
    documents = {f"{who}{part}": who for who in PEOPLE for part in "ab"}
    coding = st.tuples(
        st.sampled_from(sorted(documents)),
        st.sampled_from(LEAVES),
        st.sampled_from(SOORTEN),
        st.integers(0, 3),
    )
    covered = st.tuples(
        st.sampled_from(sorted(documents)),
        st.sampled_from(["T1", "T2", "T3"]),
        st.sampled_from(["asked", "came_up", "not_asked"]),
    )
    topics = st.tuples(st.sampled_from(["T1", "T2", "T3"]), st.sampled_from(["A", *LEAVES]))
    return Stub(
        participants=list(zip(PEOPLE, groups, strict=True)),
        codings=[(d, documents[d], c, s, "AB", at) for d, c, s, at in draw(st.lists(coding, max_size=25))],
        codes=CODES,
        cases=draw(
            st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["K1", "K2", "K3"])), max_size=8)
        ),
        coverage=[(d, documents[d], t, v) for d, t, v in draw(st.lists(covered, max_size=12))],
        topics=draw(st.lists(topics, max_size=6)),
    )


LAW = settings(max_examples=30, deadline=None)


@LAW
@given(studies())
def test_law_the_numbers_are_those_of_the_oracle(study: Stub) -> None:
    assert rows_of(compare_groups(study, by="groep")) == oracle(study)


@LAW
@given(studies())
def test_law_k_is_within_asked_within_n_and_groups_add_up(study: Stub) -> None:
    frame = compare_groups(study, by="groep").frame
    known = frame.dropna(subset="asked")
    assert (known["k"] <= known["asked"]).all() and (known["asked"] <= known["n"]).all()
    assert (frame["k"] <= frame["n"]).all() and (frame["k"] <= frame["mentions"]).all()
    total = frame[frame["soort"] == "any"].groupby("code_id")[["k", "mentions"]].sum()
    for code in total.index:
        hits = [coding for coding in study.codings if coding[2] == code]
        assert total.loc[code].tolist() == [len({coding[1] for coding in hits}), len(hits)]


@LAW
@given(studies(), st.permutations(LEAVES))
def test_law_new_names_for_coders_and_codes_change_no_number(study: Stub, names: list[str]) -> None:
    new = {old: f"N{place}" for place, old in enumerate(LEAVES)} | {
        "A": "zz",
        "D": "yy",
        "D9": "xx",
        None: None,
    }
    renamed = replace(
        study,
        codings=[(d, p, new[c], s, "Zus", at) for d, p, c, s, _, at in study.codings],
        codes=[(new[key], name, new[above], codable, colour) for key, name, above, codable, colour in CODES],
        topics=[(topic, new[code]) for topic, code in study.topics],
    )
    before, after = (
        compare_groups(one, by="groep").frame.drop(columns="code_id") for one in (study, renamed)
    )
    pd.testing.assert_frame_equal(before, after)


@LAW
@given(studies(), st.sampled_from(PEOPLE))
def test_law_somebody_who_talks_twice_as_much_weighs_no_more(study: Stub, who: str) -> None:
    theirs = [coding for coding in study.codings if coding[1] == who]
    before = compare_groups(study, by="groep").frame
    after = compare_groups(replace(study, codings=study.codings + theirs), by="groep").frame
    pd.testing.assert_frame_equal(before.drop(columns="mentions"), after.drop(columns="mentions"))
    grown = (after["mentions"] - before["mentions"])[after["soort"] == "any"].sum()
    assert grown == len(theirs)


def test_a_million_codings_are_counted_in_seconds_and_exactly() -> None:
    import numpy as np

    rng = np.random.default_rng(7)
    size, people, n_codes = 1_000_000, 5_000, 300
    who, code = rng.integers(0, people, size), rng.integers(0, n_codes, size)
    soort = rng.integers(-1, 4, size)
    names = [f"P{i:04}" for i in range(people)]
    keys = [f"C{i:03}" for i in range(n_codes)]
    study = small(
        participants=[(name, f"g{i % 4}") for i, name in enumerate(names)],
        codes=[(key, key, None, True, None) for key in keys],
        cases=[(name, f"K{i % 900}") for i, name in enumerate(names)],
        coverage=[],
        topics=[],
        codings=[],
    )
    codings = pd.DataFrame(
        {
            "document_id": pd.Categorical.from_codes(who, names),
            "participant": pd.Categorical.from_codes(who, names),
            "code_id": pd.Categorical.from_codes(code, keys),
            "soort": pd.Categorical.from_codes(soort, ["a", "b", "c", "d"]),
            "coder": pd.Categorical.from_codes(np.zeros(size, dtype=int), ["AB"]),
        }
    )

    class Large:
        provenance = study.provenance

        def frame(self, name: str) -> pd.DataFrame:
            return codings if name == "codings" else study.frame(name)

    started = time.process_time()
    comparison = compare_groups(Large(), by="groep")
    assert time.process_time() - started < 5
    assert comparison.frame.loc[comparison.frame["soort"] == "any", "mentions"].sum() == size
    hit = (code == 17) & (who % 4 == 2) & (soort == 1)
    cell = comparison.cell("C017", "g2", soort="b")
    assert (cell.k, cell.mentions) == (len(set(who[hit])), hit.sum())
    assert cell.cases == len({one % 900 for one in set(who[hit])})
