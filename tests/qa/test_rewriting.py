"""Questions as BM25 gets them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.rewriting import QUESTION_WORDS, without_question_words


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("How long does the battery last?", "long the battery last?"),
        ("What's in the box, and who\u2019d want it?", "in the box, and want it?"),
        ("WHICH is louder?", "is louder?"),
        ("Does it doze? Somehow, whatever, don't.", "it doze? Somehow, whatever, don't."),
        ("Is the screen bright?", "Is the screen bright?"),
        ("battery life", "battery life"),
    ],
)
def test_only_question_words_go(question: str, searched: str) -> None:
    assert without_question_words(question) == searched


@pytest.mark.parametrize("question", ["Why?", "How do who what's", "", " \n", "?!", "what _?"])
def test_a_question_of_nothing_else_stays(question: str) -> None:
    assert without_question_words(question) == question


_words = st.sampled_from([*QUESTION_WORDS, "battery", "loud", "it's", "n\u00e9", "?", '5"', "_"])


@given(st.lists(_words).map(" ".join) | st.text(max_size=30))
def test_no_question_is_emptied_and_no_word_made_up(question: str) -> None:
    searched = without_question_words(question)
    assert set(re.findall(r"[^\W_]+", searched)) <= set(re.findall(r"[^\W_]+", question))
    assert bool(re.search(r"[^\W_]", searched)) == bool(re.search(r"[^\W_]", question))
    assert without_question_words(searched) == searched
