"""Two people code the same interviews: blind, compared, and agreed on."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qualkit as qk
from qualkit.analysis.disagreement import disagreement_frame
from qualkit.errors import StoreError, UnknownNameError


@pytest.fixture
def two(study: qk.Study) -> qk.Study:
    """The small study, coded by CD as well."""
    study.close()
    with qk.Study.open(study.path, coder="CD") as one:
        one.add_coding("P-1", quote="Het advies paste goed.", code="A2")  # another code
        one.add_coding("P-1", quote="het stil 😀 weken", code="B1")  # another boundary
        one.add_coding("P-1", quote="Ja. Maanden zelfs.", code="B1")  # AB left it open
        one.add_coding("P-2", quote="Wij wachtten lang.", code="B1")  # the same
        one.add_memo("Voor mijzelf.", kind="reflexive")
    return study


def test_disagreements_by_kind(two):
    with qk.Study.open(two.path, read_only=True) as one:
        frame = one.disagreements(coders=("AB", "CD"))
        assert list(zip(frame["document_id"], frame["kind"], frame["left"], frame["right"], strict=True)) == [
            ("P-1", "code", "A1", "A2"),
            ("P-1", "boundary", "B1", "B1"),
            ("P-1", "omission", "", "B1"),
            ("P-2", "omission", "B1", ""),
        ]
        with pytest.raises(UnknownNameError):
            one.disagreements(coders=("AB", "ZZ"))


# the kinds, told again in another way: character by character instead of span by span

rows = st.lists(
    st.tuples(
        st.sampled_from(["D", "E"]),
        st.integers(0, 12),
        st.integers(1, 4),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["s", "t"]),
        st.sampled_from(["AB", "CD"]),
    ),
    max_size=8,
    unique=True,
)


def oracle(codings: list[tuple[str, int, int, str, str, str]]) -> list[tuple[str, int, int, str]]:
    found = []
    for document in "DE":
        here = [one for one in codings if one[0] == document]
        if {one[5] for one in here} != {"AB", "CD"}:
            continue
        # two neighbouring characters hang together when one coding covers both
        bonds = {place for _, at, size, *_ in here for place in range(at, at + size - 1)}
        covered = sorted({place for _, at, size, *_ in here for place in range(at, at + size)})
        while covered:
            start = end = covered[0]
            while end in bonds:
                end += 1
            covered = [place for place in covered if place > end]
            inside = [one for one in here if start <= one[1] <= end]
            left, right = ([one for one in inside if one[5] == coder] for coder in ("AB", "CD"))
            for kind, differs in (
                ("omission", not left or not right),
                ("code", {one[3] for one in left} != {one[3] for one in right}),
                ("soort", {one[3:5] for one in left} != {one[3:5] for one in right}),
                ("boundary", {one[1:4] for one in left} != {one[1:4] for one in right}),
            ):
                if differs:
                    found.append((document, start, end + 1, kind))
                    break
    return found


@given(rows)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_kinds_of_disagreement_are_those_of_the_oracle(codings):
    import pandas as pd

    frame = pd.DataFrame(
        [
            (str(n), d, at, at + size, "x" * size, code, soort, None, coder)
            for n, (d, at, size, code, soort, coder) in enumerate(codings)
        ],
        columns=["coding_id", "document_id", "start", "end", "text", "code_id", "soort", "oordeel", "coder"],
    )
    if set(frame["coder"]) != {"AB", "CD"}:
        return
    found = disagreement_frame(frame, ("AB", "CD"))
    assert list(found[["document_id", "start", "end", "kind"]].itertuples(index=False, name=None)) == oracle(
        codings
    )


# agreeing


def test_consensus_keeps_its_parents_and_cites_a_meeting(two):
    with qk.Study.open(two.path, coder="AB") as one:
        frame = one.codings().query("text == 'Het advies paste goed.'")
        parents = list(frame["coding_id"])
        meeting = one.add_meeting(date="2021-11-30", present=["AB", "CD"], report="Het gaat om gewicht.")
        id_ = one.adjudicate(parents, code="A2", reason="zwaarte", meeting=meeting)
        after = one.codings().set_index("coding_id")
        assert (after["coder"][id_], after["code_id"][id_], after["text"][id_]) == (
            *("consensus", "A2"),
            "Het advies paste goed.",
        )
        assert set(parents) <= set(after.index)
        assert sorted(one._file.query("SELECT parent FROM parent WHERE coding = ?", (id_,))) == sorted(
            (parent,) for parent in parents
        )
        last = list(one._file.events())[-1]
        assert last.data["meeting"] == meeting
        assert one.history()["why"].iloc[-1] == "zwaarte"
        assert one.verify().fault is None
        one.undo()
        assert set(one.codings()["coding_id"]) == set(after.index) - {id_}


def test_consensus_is_refused_without_fit_parents(two):
    with qk.Study.open(two.path, coder="AB") as one:
        frame = one.codings()
        first = frame["coding_id"].iloc[0]
        elsewhere = frame.query("document_id == 'P-2'")["coding_id"].iloc[0]
        with pytest.raises(
            StoreError, match="^a consensus coding comes from at least one coding. Name its parents.$"
        ):
            one.adjudicate([], code="A1", reason="x")
        with pytest.raises(
            StoreError, match="^P-2 and P-1: a consensus coding comes from codings of one document.$"
        ):
            one.adjudicate([first, elsewhere], code="A1", reason="x")
        with pytest.raises(UnknownNameError, match='^coding "geen" is not known'):
            one.adjudicate([first, "geen"], code="A1", reason="x")
        with pytest.raises(UnknownNameError, match='^meeting "geen" is not known'):
            one.adjudicate([first], code="A1", reason="x", meeting="geen")


# blind


def test_blind_shows_only_own_work_and_says_so(two):
    with qk.Study.open(two.path, coder="CD", blind=True) as one:
        assert set(one.codings()["coder"]) == {"CD"}
        assert len(one.codings()) == 4
        assert set(one.codings()["code_id"].cat.categories) == {"A2", "B1"}
        assert list(one.memos()["text"]) == ["Voor mijzelf."]
        assert len(one.documents()) == 3
        assert repr(one) == (
            "<Study klein.qualkit: 3 documents, 3 participants, 8 codings, blind: only what CD made>"
        )
        assert "blind: only what CD made" in one._repr_html_()
        assert one.provenance.filters == ("blind: CD",)
        with pytest.raises(StoreError, match="^disagreements are not shown to who codes blind"):
            one.disagreements(coders=("AB", "CD"))
    with qk.Study.open(two.path, coder="EF", blind=True) as one:
        assert one.codings().empty
        assert one.memos().empty
    with qk.Study.open(two.path, coder="CD") as one:
        assert len(one.codings()) == 8
        assert "blind" not in repr(one)
        assert one.provenance.filters == ()


def test_blind_changes_nothing_but_what_is_shown(two):
    with qk.Study.open(two.path, coder="CD") as one:
        whole, history = one.content_hash, one.history()
    with qk.Study.open(two.path, coder="CD", blind=True) as one:
        assert one.content_hash == whole
        assert one.history().equals(history)
        with one.as_of(history["at"].iloc[-1]) as then:
            assert set(then.codings()["coder"]) == {"CD"}
            assert "blind" in repr(then)
        one.revise("P-1", one.document("P-1").text.replace("paste", "past"), reason="gehoord")
        assert set(one.review()["coder"]) == {"CD"}
        one.undo()
        assert one.content_hash == whole
        assert one.verify().fault is None


def test_blind_asks_who(two):
    with pytest.raises(StoreError, match="^who codes blind must be named. Open the study with coder=.$"):
        qk.Study.open(two.path, blind=True)
