"""What may be asked of a codebook, and that nothing is lost on the way to a study and back."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualkit.codebook import (
    Change,
    Code,
    Codebook,
    FacetValue,
    Question,
    Relation,
    RelationType,
    Text,
    Theme,
)
from qualkit.errors import CodebookError, UnknownNameError


def code(key, parent=None, **more):
    return Code(
        key=key, guid=uuid.uuid5(uuid.NAMESPACE_URL, key).hex, parent=parent, name=Text(f"naam {key}"), **more
    )


@pytest.fixture
def book():
    return Codebook(
        name="proef",
        version="1.0.0",
        codes=(
            code("A", colour="#111111"),
            code(
                "A1",
                "A",
                definition=Text("Over <b>snelheid</b>", "On speed"),
                questions=(1, 2),
                origin="open",
            ),
            code("A1a", "A1", colour="#222222"),
            code("B"),
            code("A2", "A", status="retired"),
            code("C"),
            code("C1", "C", status="retired"),
        ),
        title=Text("Proef & meer"),
    )


def test_a_text_falls_back_on_the_other_language():
    assert Text("ja", "yes").in_("nl") == "ja"
    assert Text("ja", "yes").in_("en") == "yes"
    assert Text("ja").in_("en") == "ja"
    assert Text(en="yes").in_("nl") == "yes"
    assert not Text()
    with pytest.raises(UnknownNameError, match='language "de" is not known'):
        Text("ja").in_("de")


def test_an_unknown_code_names_the_nearest(book):
    assert book.code("A1").key == "A1"
    for ask in (book.code, book.children, book.category, book.colour, book.is_codable):
        with pytest.raises(UnknownNameError) as caught:
            ask("A1b")
        assert str(caught.value) == 'code "A1b" is not known. Closest: "A1", "A1a", "B".'


def test_the_tree(book):
    assert [one.key for one in book.children(None)] == ["A", "B", "C"]
    assert [one.key for one in book.children("A")] == ["A1", "A2"]
    assert book.children("B") == ()
    assert book.category("A1a").key == "A"
    assert book.category("B").key == "B"
    assert [(level, one.key) for level, one in book.walk()] == [
        (1, "A"), (2, "A1"), (3, "A1a"), (2, "A2"), (1, "B"), (1, "C"), (2, "C1"),
    ]  # fmt: skip


def test_a_colour_comes_from_the_nearest_above(book):
    assert [book.colour(key) for key in ("A", "A1", "A1a", "B")] == ["#111111", "#111111", "#222222", None]


def test_which_codes_a_coding_may_use(book):
    assert [one.key for one in book.codable()] == ["A", "A1", "A1a", "B", "C"]
    # C has only a retired code under it: it is a leaf again.
    assert [one.key for one in book.leaves()] == ["A1a", "B", "C"]
    strict = Codebook(name="proef", version="1.0.0", codes=book.codes, code_level="leaves")
    assert [one.key for one in strict.codable()] == ["A1a", "B", "C"]
    assert not strict.is_codable("A")
    assert not strict.is_codable("A2")


def test_the_frame_has_the_columns_it_promises(book):
    frame = book.to_frame()
    assert list(frame.columns) == [
        "code_id", "parent", "category", "level", "code", "definition", "include", "exclude", "example",
        "questions", "origin", "status", "codable", "colour", "guid",
    ]  # fmt: skip
    assert list(frame["code_id"]) == ["A", "A1", "A1a", "B", "A2", "C", "C1"]
    assert list(frame["level"]) == [1, 2, 3, 1, 2, 1, 2]
    assert list(frame["category"]) == ["A", "A", "A", "B", "A", "C", "C"]
    assert list(frame["codable"]) == [True, True, True, True, False, True, False]
    assert frame["parent"].isna().tolist() == [True, False, False, True, False, True, False]
    assert frame["origin"].isna().sum() == 6
    assert frame.loc[1, ["definition", "questions", "colour"]].tolist() == [
        "Over <b>snelheid</b>",
        "1, 2",
        "#111111",
    ]
    assert book.to_frame(language="en").loc[1, "definition"] == "On speed"
    assert frame["level"].dtype == "int64"
    assert frame["codable"].dtype == "bool"
    empty = Codebook(name="leeg", version="0.1.0", codes=()).to_frame()
    assert list(empty.columns) == list(frame.columns)
    assert len(empty) == 0


def test_html_is_escaped_and_shows_every_code(book):
    page = book._repr_html_()
    odd = Codebook(
        name="<p>", version="0.1.0", codes=(Code("<k>", "0" * 32, None, Text("<n>"), exclude=Text("<e>")),)
    )
    assert odd._repr_html_() == (
        '<div class="qualkit-codebook"><p><strong>&lt;p&gt;</strong> &lt;p&gt; 0.1.0</p>'
        '<details style="margin-left:0em"><summary><b>&lt;k&gt;</b> &lt;n&gt;</summary>'
        "<p><i>Niet:</i> &lt;e&gt;</p></details></div>"
    )
    assert "<script" not in page
    assert "Proef &amp; meer" in page
    assert "<p>Over &lt;b&gt;snelheid&lt;/b&gt;</p>" in page
    assert page.count("<details") == 1
    for one in book.codes:
        assert f"<b>{one.key}</b> naam {one.key}" in page
    assert page.count("(buiten gebruik)") == 2
    assert 'style="margin-left:3em"' in page


def test_repr_is_short(book):
    assert repr(book) == "<Codebook proef 1.0.0: 7 codes>"


def test_a_very_deep_branch_is_shown_and_framed():
    deep = (code("0"), *(code(str(n), str(n - 1)) for n in range(1, 3000)))
    book = Codebook(name="diep", version="0.1.0", codes=deep)
    assert [level for level, _ in book.walk()] == list(range(1, 3001))
    assert book._repr_html_().count("<b>") == 3000
    assert Codebook.from_json(book.to_json()).codes == deep


def test_a_guid_comes_from_codebook_and_key_and_never_changes(tmp_path):
    path = tmp_path / "b.yaml"
    path.write_text("codebook: ret-evaluatie\nversion: 0.1.0\ncodes: [{id: D1, name: x}]\n")
    # Worked out apart with hashlib (RFC 9562, version 5): studies hold it, so it may never become another.
    assert Codebook.read(path).code("D1").guid == "fb0ada31b1ed5eac8518993fcccefce6"


# --- JSON ---------------------------------------------------------------------------------------

WORDS = (
    st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda key: key.isprintable() and key == key.strip() and ":" not in key
)


@st.composite
def codebooks(draw):
    both = draw(st.booleans())
    number = iter(range(10_000))

    def text(*, empty=False):
        if empty and draw(st.booleans()):
            return Text()
        # A number behind it keeps names and definitions apart, as the checks ask.
        words = f"{draw(WORDS)} {next(number)}"
        return Text(words, f"{words} en") if both else Text(words)

    keys = draw(st.lists(KEYS, unique=True, max_size=6))
    retired = set()
    codes = []
    for place, key in enumerate(keys):
        parent = draw(st.sampled_from([None, *keys[:place]]))
        if parent in retired or draw(st.booleans()):
            retired.add(key)
        codes.append(
            Code(
                key=key,
                guid=uuid.UUID(int=draw(st.integers(0, 2**100)) * 100 + place).hex,
                parent=parent,
                name=text(),
                definition=text(),
                include=text(empty=True),
                exclude=Text(),
                example=Text(nl=draw(WORDS)) if draw(st.booleans()) else Text(),
                questions=tuple(draw(st.lists(st.sampled_from([1, 2])))),
                origin=draw(st.sampled_from([None, "a priori", "open", "in vivo"])),
                status="retired" if key in retired else "active",
                colour=draw(st.sampled_from([None, "#0072B2"])),
            )
        )
    soort = tuple(
        FacetValue(key, Text(nl=key)) if draw(st.booleans()) else FacetValue(key, text(), text(empty=True))
        for key in draw(st.lists(KEYS, unique=True, max_size=3))
    )
    types = (RelationType("r", text(), text(empty=True), symmetric=draw(st.booleans())),)
    ends = st.tuples(st.sampled_from(keys or [""]), st.sampled_from([None, *(one.key for one in soort)]))
    relations = [Relation(*draw(ends), "r", *draw(ends), text(empty=True)) for _ in range(2 if keys else 0)]
    return Codebook(
        name=draw(KEYS),
        version=draw(st.sampled_from(["0.1.0", "1.0.0", "12.3.45"])),
        codes=tuple(codes),
        previous=draw(st.sampled_from([None, "0.0.1"])),
        date=draw(st.none() | st.dates()),
        title=Text("t", "t") if both else draw(st.sampled_from([Text(), Text("t"), Text(en="t")])),
        code_level=draw(st.sampled_from(["any", "leaves"])),
        soort=soort,
        oordeel=(FacetValue("+", Text(nl="+")),) if draw(st.booleans()) else (),
        coding_rules=tuple(text() for _ in range(draw(st.integers(0, 2)))),
        questions=(Question(1, text()), Question(2, text())),
        themes=(Theme("T", text(), tuple(keys[:1])),),
        relation_types=types,
        relations=tuple(relations),
        changes=(Change("merge", ("x", "y"), tuple(keys[:1]), Text(nl=draw(WORDS))),),
        sha256=draw(st.sampled_from(["", "ab" * 32])),
    )


@given(codebooks())
def test_json_gives_back_the_same_codebook_and_the_same_text(book):
    text = book.to_json()
    again = Codebook.from_json(text)
    assert again == book
    assert again.to_json() == text
    assert hash(again) == hash(book)


def test_json_is_canonical():
    book = Codebook(name="p", version="0.1.0", codes=(Code("A", "0" * 32, None, Text("é")),))
    assert book.to_json() == (
        '{"code_level":"any","codebook":"p","codes":[{"guid":"00000000000000000000000000000000","id":"A",'
        '"name":{"nl":"é"},"status":"active"}],"language":"nl","version":"0.1.0"}'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "codebook in the study: this is not JSON."),
        ("[" * 100_000, "codebook in the study: this is not JSON."),
        (
            "[]",
            "codebook in the study: a codebook should be a mapping, not a list. It has at least: codebook, "
            "version, codes.",
        ),
        (
            '{"codebook":"p","version":"0.1.0","codes":[],"extra":1}',
            'codebook in the study: "extra" is not a field of a codebook. There are: "codebook", '
            '"version", "previous", "date", "title", ….',
        ),
    ],
)
def test_json_that_is_no_codebook_is_refused(text, expected):
    with pytest.raises(CodebookError) as caught:
        Codebook.from_json(text)
    assert [str(fault) for fault in caught.value.faults] == [expected]


def test_json_holds_every_field(book):
    assert set(json.loads(book.to_json())) <= {
        "codebook", "version", "previous", "date", "title", "language", "code_level", "questions", "soort",
        "oordeel", "coding_rules", "themes", "codes", "relation_types", "relations", "changes", "sha256",
    }  # fmt: skip


def test_a_codebook_can_be_sent_to_another_process(book):
    assert pickle.loads(pickle.dumps(book)) == book


def test_importing_loads_nothing_heavy():
    heavy = ("pandas", "ruamel.yaml", "numpy")
    script = f"import sys, qualkit.codebook; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
