"""Matched words are those whose stem the text has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexing.matching import WordMatcher


def test_words_are_matched_by_stem_and_given_as_asked() -> None:
    matcher = WordMatcher("Do the Batteries last, and do batteries fit a café?")
    assert matcher.words_in("This battery fits the Cafe.") == ("the", "Batteries", "fit", "café")
    assert matcher.words_in("") == ()


@given(query=st.text(), text=st.text())
def test_any_text_is_text(query: str, text: str) -> None:
    for word in WordMatcher(query).words_in(text):
        assert word in query
