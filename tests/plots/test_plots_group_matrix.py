"""The dot matrix: its frame exactly, its drawing by what stands in it, its alt text word for word."""

from __future__ import annotations

import io
import time
from collections import Counter

import pytest
from analysis_frames import Stub, small
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

from qualkit.analysis import GroupComparison, compare_groups
from qualkit.errors import QualkitError, UnknownNameError
from qualkit.plots import alt_text, group_matrix, group_matrix_frame

LABELS = {"leden": "RET-leden", "jeugd": "cliënten/jeugdigen"}


@pytest.fixture(scope="module")
def comparison() -> GroupComparison:
    return compare_groups(small(), by="groep")


def large(n_codes: int) -> GroupComparison:
    codes = [(f"H{i // 8}", f"Hoofdstuk {i // 8}", None, False, None) for i in range(0, n_codes, 8)]
    codes += [
        (f"C{i}", f"Samenwerking met partij nummer {i}", f"H{i // 8}", True, None) for i in range(n_codes)
    ]
    people = [(f"P{i}", f"groep_{i % 4}") for i in range(18)]
    codings = [
        (who, who, f"C{i}", "gewenst", "AB", 0)
        for i in range(n_codes)
        for place, (who, _) in enumerate(people)
        if (place * 7 + i) % 5 < 2
    ]
    return compare_groups(Stub(people, codings, codes), by="groep")


def words(figure: Figure) -> Counter[str]:
    return Counter(text.get_text() for text in figure.axes[0].texts)


def dots(figure: Figure) -> list[PathCollection]:
    return [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]


def test_the_frame_holds_what_is_drawn(comparison: GroupComparison) -> None:
    frame = group_matrix_frame(comparison, codes=["D1", "A1"])
    columns = [
        "category",
        "category_name",
        "code_id",
        "code",
        "group",
        "n",
        "k",
        "asked",
        "base",
        "status",
        "colour",
    ]
    assert list(frame.columns) == columns
    assert frame[["code_id", "group", "k", "base", "status"]].to_numpy().tolist() == [
        ["A1", "leden", 2, 2, "mentioned"],
        ["A1", "jeugd", 0, 2, "asked_not_mentioned"],
        ["A1", "zorg", 0, 0, "not_asked"],
        ["D1", "leden", 1, 2, "mentioned"],
        ["D1", "jeugd", 1, 1, "mentioned"],
        ["D1", "zorg", 0, 1, "asked_not_mentioned"],
    ]
    assert frame["colour"].tolist()[0] == "#112299"
    assert frame["colour"].isna().tolist() == [False] * 3 + [True] * 3


def test_where_asking_is_not_recorded_the_base_is_the_group(comparison: GroupComparison) -> None:
    frame = group_matrix_frame(comparison, codes=["D2"])
    assert frame["base"].tolist() == [2, 2, 1]
    assert frame["asked"].isna().all()


def test_codes_of_a_category_stand_together_wherever_the_codebook_has_them() -> None:
    codes = [
        ("A", "Een", None, False, None),
        ("A1", "een een", "A", True, None),
        ("B", "Twee", None, False, None),
        ("B1", "twee een", "B", True, None),
        ("A2", "een twee", "A", True, None),
    ]
    comparison = compare_groups(small(codes=codes, codings=[], topics=[]), by="groep")
    assert group_matrix_frame(comparison)["code_id"].unique().tolist() == ["A1", "A2", "B1"]
    assert words(group_matrix(comparison))["A  Een"] == 1


def test_the_figure_shows_every_number_group_category_unit_and_n(comparison: GroupComparison) -> None:
    shown = words(group_matrix(comparison, labels=LABELS, title="Wie noemt wat? $5, $6"))
    for expected in (
        "Wie noemt wat? $5, $6",
        "RET-leden\nn = 2",
        "cliënten/\njeugdigen\nn = 2",
        "zorg\nn = 1",
        "A  Werkwijze",
        "D  Opvolging",
        "D1  Verloop na <advies>",
        "genoemd: hoe groter, hoe groter het deel",
        "gevraagd, niet genoemd",
        "niet gevraagd",
        "niet genoemd; of ernaar is gevraagd, is onbekend",
    ):
        assert shown[expected] == 1, expected
    # a code that is its own category needs no heading
    assert "Z1  Los" in shown and list(shown).count("Z1  Los") == 1
    assert shown["2/2"] == 1
    # D1 among leden, of those asked; D9 among jeugd, of the group
    assert shown["1/2"] == 2
    joined = " ".join(shown)
    assert "Eenheid: respondent, n = 5. Alle soorten samen." in joined
    assert "%" not in joined


def test_the_four_states_have_four_marks(comparison: GroupComparison) -> None:
    figure = group_matrix(comparison)
    counts = group_matrix_frame(comparison)["status"].value_counts()
    # each mark stands once more in the key
    full = (0.29 / 2.54 * 72) ** 2
    marks = Counter()
    for collection in dots(figure):
        filled = collection.get_facecolors()[0].tolist() != [1, 1, 1, 1]
        small_speck = collection.get_sizes()[0] == pytest.approx(full * 0.03)
        name = "ring" if not filled else "speck" if small_speck else "dot"
        marks[name] += len(collection.get_offsets())
    assert marks == {
        "dot": counts["mentioned"] + 1,
        "ring": counts["asked_not_mentioned"] + 1,
        "speck": counts["not_mentioned"] + 1,
    }
    lines = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    short = [s for one in lines for s in one.get_segments() if abs(s[1][0] - s[0][0]) < 0.2]
    assert len(short) == counts["not_asked"] + 1


def test_the_area_of_a_dot_is_the_part_of_those_asked(comparison: GroupComparison) -> None:
    figure = group_matrix(comparison, codes=["A1", "D1"])
    (cells,) = [one for one in dots(figure) if len(one.get_offsets()) == 3]
    full, half, whole = cells.get_sizes()
    assert full == whole == pytest.approx(2 * half)


def test_colours_are_those_of_the_codebook_or_one_safe_blue(comparison: GroupComparison) -> None:
    from matplotlib.colors import to_rgba

    (cells,) = [
        one for one in dots(group_matrix(comparison, codes=["A1", "D1"])) if len(one.get_offsets()) == 3
    ]
    assert [tuple(one) for one in cells.get_facecolors()] == [
        to_rgba("#112299"),
        to_rgba("#0072B2"),
        to_rgba("#0072B2"),
    ]


def test_english_and_one_soort(comparison: GroupComparison) -> None:
    joined = " ".join(words(group_matrix(comparison, soort="gewenst", language="en", codes=["D1"])))
    assert "Unit: participant, n = 5. Kind: gewenst. Beside the dot:" in joined
    assert "asked, not mentioned" in joined


def test_nothing_hangs_over_the_edge_or_over_another_text() -> None:
    comparison = large(60)
    labels = {"groep_0": "RET-leden", "groep_1": "casus-inbrengers", "groep_2": "zorgaanbieders"}
    figure = group_matrix(comparison, labels={**labels, "groep_3": "cliënten/jeugdigen"}, title="Titel")
    width, height = figure.get_size_inches() * 2.54
    assert width == pytest.approx(16) and 20 < height < 25.7
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    page = figure.bbox
    for box in boxes:
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            up = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert across <= 0 or up <= 3
    assert min(text.get_fontsize() for text in figure.axes[0].texts[:-8]) >= 7


def test_height_follows_the_number_of_codes() -> None:
    heights = [group_matrix(large(n)).get_size_inches()[1] for n in (8, 16, 32)]
    assert heights[2] - heights[1] == pytest.approx(2 * (heights[1] - heights[0]))


def test_drawing_is_quick() -> None:
    comparison = large(20)
    group_matrix(comparison).savefig(io.BytesIO(), format="png")
    started = time.process_time()
    group_matrix(comparison)
    assert time.process_time() - started < 0.7


def test_the_same_data_give_the_same_bytes(comparison: GroupComparison) -> None:
    def png() -> bytes:
        out = io.BytesIO()
        group_matrix(comparison).savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()

    assert png() == png()


def test_given_axes_are_drawn_in_and_pyplot_stays_out(comparison: GroupComparison) -> None:
    import subprocess
    import sys

    figure = Figure(figsize=(8, 4))
    ax: Axes = figure.add_subplot(1, 2, 1)
    assert group_matrix(comparison, ax=ax) is figure
    assert comparison.plot(ax=figure.add_subplot(1, 2, 2), language="en") is figure
    code = (
        "import qualkit.plots.group_matrix, matplotlib.figure, sys; print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_unknown_names_are_refused(comparison: GroupComparison) -> None:
    for draw in (group_matrix, alt_text, group_matrix_frame):
        with pytest.raises(UnknownNameError, match=r'^code "A3" is not known\. Closest: '):
            draw(comparison, codes=["A1", "A3"])
        with pytest.raises(UnknownNameError, match=r'^soort "wens" is not known\. '):
            draw(comparison, soort="wens")
        with pytest.raises(QualkitError) as caught:
            draw(comparison, codes=[])
        assert str(caught.value) == (
            "there is no code to show. Name at least one, or give codes=None for all of them."
        )
    with pytest.raises(UnknownNameError, match=r'^language "de" is not known\.'):
        group_matrix(comparison, language="de")  # type: ignore[arg-type]


def test_alt_text_word_for_word(comparison: GroupComparison) -> None:
    assert alt_text(comparison, labels=LABELS) == (
        "Stippenmatrix van 6 codes naar 3 groepen: RET-leden (n = 2), cliënten/jeugdigen (n = 2), zorg "
        "(n = 1). Een stip toont hoeveel respondenten een code noemen van wie ernaar is gevraagd. "
        "Het breedst genoemd: A1 Expertise (2 van 4), D1 Verloop na <advies> (2 van 4), D9 Vervallen "
        "(1 van 5). Gevraagd, door niemand genoemd: A2. "
        "Door niemand genoemd, onbekend of ernaar is gevraagd: D2, Z1."
    )
    assert alt_text(comparison, soort="gewenst", codes=["D1"], language="en") == (
        "Dot matrix of 1 code by 3 groups: leden (n = 2), jeugd (n = 2), zorg (n = 1). Kind: gewenst. "
        "A dot shows how many participants mention a code, of those who were asked about it. "
        "Most widely mentioned: D1 Verloop na <advies> (1 of 4). Every code is mentioned by somebody."
    )


def test_alt_text_tells_a_code_nobody_was_asked_about_apart() -> None:
    study = small(coverage=[("Q1", "Q1", "T1", "not_asked"), ("R1", "R1", "T2", "asked")])
    assert " Aan niemand gevraagd: A2." in alt_text(compare_groups(study, by="groep"))
    study = small(coverage=[])
    assert " Een stip toont hoeveel respondenten van de groep een code noemen." in alt_text(
        compare_groups(study, by="groep")
    )


def test_alt_text_of_anything_stays_under_600_characters_and_counts_what_it_leaves_out() -> None:
    people = [(f"P{i}", f"een groep met een lange naam nummer {i}") for i in range(20)]
    codes = [(f"CODE{i}", "naam " * 30, None, True, None) for i in range(200)]
    comparison = compare_groups(Stub(people, [("P1", "P1", "CODE3", None, "AB", 0)], codes), by="groep")
    written = alt_text(comparison)
    assert len(written) < 600
    assert "200 codes naar 20 groepen" in written and "en nog" in written and "CODE3 naam" in written
    silent = written.split("gevraagd: ")[1].rstrip(".").split(", ")
    assert int(silent[-1].removeprefix("en nog ")) + len(silent) - 1 == 199
