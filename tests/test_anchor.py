"""Spans, quotations and UTF-16 offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualkit.anchor import Span, Utf16, commitment, find_quote
from qualkit.errors import AnchorError

texts = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("😀é́אב\u202e \n'’“…-")),
    max_size=80,
)


@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 2), (-1, 2)])
def test_span_that_is_no_stretch_is_refused(start, end):
    with pytest.raises(AnchorError, match=f"a span needs 0 <= start < end; found start {start}, end {end}."):
        Span(start, end)


def test_span_beyond_the_text_names_both_lengths():
    with pytest.raises(AnchorError, match="span 2–9 ends beyond the text, which has 5 characters."):
        Span(2, 9).of("abcde")


@given(texts, st.integers(0, 79), st.integers(1, 40))
def test_words_of_a_span_are_found_again(text, start, length):
    if start + length > len(text) or not text[start : start + length].strip():
        return
    span = Span(start, start + length)
    quote = span.of(text)
    found = find_quote(text, quote)
    if quote == quote.strip():
        assert span in found or any(one.overlaps(span) for one in found)
        if text.count(quote) == 1 and len(found) == 1:
            assert found == [span]
    for one in found:
        assert one.end <= len(text)


def test_people_retype_what_they_quote():
    text = "Hij zei: ‘ga maar’ –\n  en toen… niks."
    assert [one.of(text) for one in find_quote(text, "'ga maar' - en toen... niks.")] == [
        "‘ga maar’ –\n  en toen… niks."
    ]


def test_quote_that_occurs_twice_gives_both_places():
    assert find_quote("ja, ja.", "ja") == [Span(0, 2), Span(4, 6)]


def test_capitals_must_be_equal_and_nothing_is_nowhere():
    assert find_quote("Ja.", "ja") == []
    assert find_quote("Ja.", "   ") == []


def test_touching_spans_do_not_overlap():
    assert not Span(0, 3).overlaps(Span(3, 5))
    assert Span(0, 4).overlaps(Span(3, 5))
    assert Span(0, 5).encloses(Span(0, 5))
    assert len(Span(2, 5)) == 3


@given(texts)
def test_utf16_offsets_come_back(text):
    units = Utf16(text)
    for offset in range(len(text) + 1):
        expected = len(text[:offset].encode("utf-16-le")) // 2
        assert units.to_units(offset) == expected
        assert units.to_code_points(expected) == offset


def test_utf16_offset_within_a_character_is_refused():
    with pytest.raises(AnchorError, match="UTF-16 offset 2 lies within one character."):
        Utf16("a😀b").to_code_points(2)
    with pytest.raises(AnchorError, match="offset 9 lies outside a text of 3 characters."):
        Utf16("a😀b").to_units(9)
    with pytest.raises(AnchorError, match="UTF-16 offset 5 lies outside the text."):
        Utf16("a😀b").to_code_points(5)


def test_commitment_depends_on_words_and_salt():
    # HMAC-SHA256 with key "key", RFC-style test value published with the algorithm
    words = "The quick brown fox jumps over the lazy dog"
    assert commitment(words, b"key") == "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    assert commitment(words, b"kez") != commitment(words, b"key")
    assert commitment(words.encode(), b"key") == commitment(words, b"key")
