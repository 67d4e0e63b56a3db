"""Sentence rules by example; what holds for every text by property."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexing.splitter import (
    SplitterSettings,
    may_end_sentence,
    sentence_at,
    sentence_ends,
    sentences,
    split,
)

SENTENCES = [
    ("One. Two! Three?", ["One.", "Two!", "Three?"]),
    ("It costs 3.5 dollars. Fine.", ["It costs 3.5 dollars.", "Fine."]),
    ("Use it e.g. At home, i.e. There.", ["Use it e.g. At home, i.e. There."]),
    ("Mr. Smith met Dr. Who. They ran.", ["Mr. Smith met Dr. Who.", "They ran."]),
    ("J. R. Tolkien wrote. I read.", ["J. R. Tolkien wrote.", "I read."]),
    ("So do I. But not him.", ["So do I.", "But not him."]),
    ("well... maybe not... But yes.", ["well... maybe not...", "But yes."]),
    ("Great!! love it. it broke", ["Great!!", "love it.", "it broke"]),
    ("It was bad.Great cable though.", ["It was bad.", "Great cable though."]),
    ("See Amazon.com or version 2.0a now", ["See Amazon.com or version 2.0a now"]),
    ('He said "no." Then left.', ['He said "no."', "Then left."]),
    ("(Really.) Yes.", ["(Really.)", "Yes."]),
    ("First<br /><br/>Second", ["First<br /><br/>", "Second"]),
    ("A line\nNew line\n\nand a paragraph", ["A line", "New line", "and a paragraph"]),
    ("wrapped\nline goes on", ["wrapped\nline goes on"]),
    ("Love it \U0001f60d\U0001f60d Will buy", ["Love it \U0001f60d\U0001f60d", "Will buy"]),
    ("1. Good. 2. Cheap.", ["1. Good.", "2. Cheap."]),
    ("at 5 p.m. we left. At 6 p.m. They came.", ["at 5 p.m. we left.", "At 6 p.m.", "They came."]),
    ("这很好。很便宜！", ["这很好。", "很便宜！"]),
    ("   ", []),
    ("", []),
]
any_text = st.text() | st.text(alphabet="ab.!? \nA1\u3000\ud800<br/>", max_size=400)
sizes = st.tuples(st.integers(1, 60), st.integers(0, 60)).map(
    lambda pair: SplitterSettings(pair[0], sum(pair))
)


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=range(len(SENTENCES)))
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(any_text)
def test_sentences_cover_everything_but_white_space(text: str) -> None:
    _assert_covering(text, list(sentences(text)))


@given(any_text)
def test_ends_part_the_sentences(text: str) -> None:
    edges = [0, *sentence_ends(text), len(text)]
    parts = [text[a:b].strip() for a, b in itertools.pairwise(edges)]
    assert [part for part in parts if part] == [text[a:b] for a, b in sentences(text)]
    assert may_end_sentence(text) or not sentence_ends(text)


@given(any_text, sizes)
@example("x" * 50, SplitterSettings(3, 7))
def test_passages_cover_everything_and_are_never_too_long(
    text: str, settings: SplitterSettings
) -> None:
    passages = split(text, settings)
    _assert_covering(text, passages)
    assert all(end - start <= settings.maximum for start, end in passages)


@given(any_text, sizes)
def test_passages_are_packed(text: str, settings: SplitterSettings) -> None:
    """No two neighbours could have been one passage of the target size."""
    passages = split(text, settings)
    for before, after in itertools.pairwise(passages):
        assert after[1] - before[0] > settings.target


@given(any_text, st.integers(-5, 400), st.integers(-5, 400))
def test_sentence_at_holds_the_span_and_whole_sentences(text: str, start: int, end: int) -> None:
    found_start, found_end = sentence_at(text, start, end)
    assert 0 <= found_start <= found_end <= len(text)
    inside_start = min(max(start, 0), len(text))
    inside_end = max(inside_start, min(end, len(text)))
    assert found_start <= inside_start
    assert found_end >= inside_end
    for sentence in sentences(text):
        overlaps = sentence[0] < inside_end and inside_start < sentence[1]
        assert not overlaps or (found_start <= sentence[0] and sentence[1] <= found_end)


def test_sentence_at_gives_the_sentence_around_an_answer() -> None:
    text = "It arrived late. The battery lasts 3.5 hours, e.g. on trains. I like it."
    start = text.index("3.5")
    found = sentence_at(text, start, start + 9)
    assert text[slice(*found)] == "The battery lasts 3.5 hours, e.g. on trains."
    assert sentence_at("", 0, 0) == (0, 0)


def test_the_fingerprint_tells_settings_apart() -> None:
    assert SplitterSettings().fingerprint == SplitterSettings(600, 900).fingerprint
    assert SplitterSettings().fingerprint != SplitterSettings(500, 900).fingerprint
    with pytest.raises(ValueError, match="target"):
        SplitterSettings(700, 600)


def test_a_megabyte_without_a_stop_is_cut_in_linear_time() -> None:
    text = "word " * 100_000 + "x" * 500_000 + " " * 100_000 + "\n" * 100_000
    passages = split(text)
    _assert_covering(text, passages)
    assert max(end - start for start, end in passages) == 900


def _assert_covering(text: str, spans: list[tuple[int, int]]) -> None:
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        position = end
    assert not text[position:].strip()
