"""Mined negatives against brute force and bm25s; what may answer is never among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.training.hard_negatives import candidates, mine_bm25, mine_vectors
from qa.training.pairs import Pair, Pairs, load_pairs, words
from qa.training.pairs_part import PairsPart

PARTS = [
    PairsPart("squadshifts:amazon"),
    PairsPart("subjqa:electronics"),
    PairsPart("epqa"),
]


def test_mined_negatives_never_answer(tiny_data: Path) -> None:
    pairs = load_pairs(PARTS, tiny_data, 0, cut="both")
    mined = mine_bm25(pairs, 20)
    assert sum(map(len, mined)) > 100
    for pair, found in zip(pairs.pairs, mined, strict=True):
        sources = {pairs.passages[p].source for p in pair.positives}
        for number in found:
            passage = pairs.passages[number]
            assert number not in pair.positives
            assert passage.source not in sources
            assert not any(answer.strip() in words(passage.text).split() for answer in pair.answers)


def test_bm25_ranks_what_shares_rare_words_first() -> None:
    pairs = Pairs()
    for text in ("The strap is red.", "The strap broke.", "Zebra strap.", "Nothing at all."):
        pairs.number(text, text)
    pairs.pairs.append(Pair("a zebra strap?", (0,)))
    assert mine_bm25(pairs, 2) == [(2, 1)]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([0.5, 0.95, 1.0]))
def test_vectors_are_mined_as_by_brute_force(seed: int, depth: int, near: float) -> None:
    rng = np.random.default_rng(seed)
    pairs = Pairs()
    for at in range(12):
        pairs.number(f"text {at}", f"source {at // 2}")
    for _ in range(5):
        pairs.pairs.append(Pair("?", tuple(rng.choice(12, 2, replace=False).tolist())))
    questions, passages = (rng.normal(size=(n, 4)).astype(np.float32) for n in (5, 12))
    mined = mine_vectors(pairs, questions, range(12), passages, depth, near)
    for pair, vector, found in zip(pairs.pairs, questions, mined, strict=True):
        scores = passages @ vector
        best = max(scores[p] for p in pair.positives)
        bound = best - (1 - near) * abs(best)
        sources = {p // 2 for p in pair.positives}
        order = sorted(range(12), key=lambda n: -scores[n])[: 2 * depth + 2]
        expected = [n for n in order if n // 2 not in sources and scores[n] < bound]
        assert list(found) == expected[:depth]


def test_candidates_are_what_answers_some_question() -> None:
    pairs = Pairs()
    for at in range(5):
        pairs.number(str(at), str(at))
    pairs.pairs += [Pair("a", (3, 1)), Pair("b", (1,), (4,))]
    assert candidates(pairs) == [1, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("It's RED, 5\" wide.", " it s red 5 wide "), ("a_b", " a b "), ("", "  ")],
)
def test_words_are_separated_by_single_spaces(text: str, expected: str) -> None:
    assert words(text) == expected
