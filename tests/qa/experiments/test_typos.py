"""The measurement of typos: what it does to questions, and that it measures what ships."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from eval.records import Query, RetrievalSet, Text
from eval.retrieval import set_columns
from qa.experiments.retrieving import run_retriever
from qa.experiments.typos import METRICS, measure, with_typo

WORDS = ("gooseneck", "guylines", "groundsheet", "lumens", "tripod", "earbuds")
TEXTS = tuple(Text(f"t{n}", "p", f"The {word} is fine.") for n, word in enumerate(WORDS))
QUERIES = tuple(Query(f"q{n}", f"How is its {word}?", "p") for n, word in enumerate(WORDS))
DATA = RetrievalSet(
    "small", "dev", "product", TEXTS, QUERIES, {q.id: {f"t{n}": 1} for n, q in enumerate(QUERIES)}
)


@given(st.text(max_size=20) | st.sampled_from([q.text for q in QUERIES]), st.integers(0, 999))
def test_a_typo_is_at_most_one_edit(question: str, seed: int) -> None:
    typed = with_typo(question, random.Random(seed))
    assert DamerauLevenshtein.distance(question, typed) <= 1
    assert typed == with_typo(question, random.Random(seed))


def test_question_words_and_short_words_are_spelt_right() -> None:
    question = "Which of its legs does it fold, where and whose?"
    assert {with_typo(question, random.Random(seed)) for seed in range(50)} == {question}


def test_typos_are_corrected_and_right_questions_measured_as_the_pipeline_does() -> None:
    figures = {setting: (count, means) for setting, count, means in measure(DATA)}
    columns = set_columns(DATA, run_retriever(DATA, "bm25").run, METRICS)
    wanted = [sum(column.scores.values()) / len(QUERIES) for column in columns]
    assert figures["no typos"][1] == figures["no typos, spelling"][1] == pytest.approx(wanted)
    assert figures["no typos, spelling"][0] == figures["typos"][0] == 0
    assert figures["typos, spelling"][0] >= len(WORDS) - 1
    assert figures["typos, spelling"][1][0] > figures["typos"][1][0]
