"""EM and F1 against worked examples and the properties their definition implies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.squad import exact_match, f1, normalize_answer

WORDS = st.lists(
    st.sampled_from(["the", "a", "red", "blue", "cat", "dog", "runs,", "fast!", "Über", "3.5"]),
    max_size=6,
)
TEXTS = st.one_of(st.text(max_size=30), WORDS.map(" ".join))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat!", "cat"),
        ("a b an c the d", "b c d"),
        ("theatre", "theatre"),
        ("e-mail", "email"),
        ("It's 3.5", "its 35"),
        ("the", ""),
        ("naïve «quote»", "naïve «quote»"),
        ("\u00a0a\u2003cat\n", "cat"),
    ],
)
def test_normalisation(text: str, normal: str) -> None:
    assert normalize_answer(text) == normal


@pytest.mark.parametrize(
    ("prediction", "golds", "em", "score"),
    [
        ("the cat", ["cat"], 1.0, 1.0),
        ("red cat", ["blue cat"], 0.0, 0.5),
        ("cat cat", ["cat"], 0.0, 2 / 3),
        ("a b c d", ["x y", "b c"], 0.0, 2 * (2 / 3) / (2 / 3 + 1)),
        ("", [], 1.0, 1.0),
        ("cat", [], 0.0, 0.0),
        ("", ["cat"], 0.0, 0.0),
        ("the", ["cat"], 0.0, 0.0),
        ("", ["the", "cat"], 0.0, 0.0),
        ("", ["the"], 1.0, 1.0),
    ],
)
def test_worked_examples(prediction: str, golds: list[str], em: float, score: float) -> None:
    assert exact_match(prediction, golds) == em
    assert f1(prediction, golds) == pytest.approx(score, abs=1e-12)


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_bounds_and_order(prediction: str, golds: list[str]) -> None:
    em, score = exact_match(prediction, golds), f1(prediction, golds)
    assert em in (0.0, 1.0)
    assert em <= score <= 1.0
    assert (em, score) == (exact_match(prediction, golds[::-1]), f1(prediction, golds[::-1]))


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_another_real_gold_never_hurts(prediction: str, golds: list[str], extra: str) -> None:
    if all(map(normalize_answer, golds)):
        assert f1(prediction, [*golds, extra]) >= f1(prediction, golds)


@given(TEXTS)
def test_the_gold_itself_is_perfect(text: str) -> None:
    assert exact_match(text, [text]) == 1.0
    assert f1(text, [text]) == 1.0
