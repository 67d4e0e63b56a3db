"""Protocols of reading, against counts made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import MalformedData
from eval.metrics.calibration import brier_score, expected_calibration_error
from eval.reading import Prediction, score_reading
from eval.records import ReadingQuestion, Span
from eval.significance import bootstrap_interval


def question(name: str, *annotations: str) -> ReadingQuestion:
    spans = tuple((Span(0, len(text), text),) if text else () for text in annotations)
    return ReadingQuestion(id=name, question="?", context="irrelevant", annotations=spans)


QUESTIONS = [question("a", "red cat", ""), question("b", "", ""), question("c", "dog", "big dog")]
PREDICTIONS = {
    "a": Prediction("cat", -1.0),
    "b": Prediction("cat", 2.0),
    "c": Prediction("dog", 3.0),
}


def test_protocols_by_hand() -> None:
    figures = {(f.protocol, f.metric): f for f in score_reading(QUESTIONS, PREDICTIONS)}
    values = {key: figure.value for key, figure in figures.items()}
    assert values["all", "em"] == pytest.approx(100 / 3)
    assert values["has_answer", "f1"] == pytest.approx(50)
    assert values["no_answer", "em"] == 0
    assert values["book", "f1"] == pytest.approx(100 * (2 / 3 + 1) / 2)
    # one annotator at a time: a: (0 + 1) / 2, b: 0, c: (1 + 0) / 2
    assert values["single", "em"] == pytest.approx(100 * (0.5 + 0 + 0.5) / 3)
    assert figures["no_answer", "em"].count == 1


def test_a_threshold_turns_answers_into_none() -> None:
    figures = score_reading(QUESTIONS, PREDICTIONS, threshold=2.5)
    values = {(f.protocol, f.metric): f.value for f in figures}
    assert values["no_answer", "em"] == 100
    assert values["has_answer", "em"] == 50


def test_the_first_rule_looks_at_one_annotator() -> None:
    only = score_reading([question("a", "", "red")], {"a": Prediction("", 0)}, merge="first")
    assert {f.protocol for f in only} == {"all", "no_answer", "single"}


def test_ids_must_match() -> None:
    with pytest.raises(MalformedData, match="no prediction for question 'c'"):
        score_reading(QUESTIONS, {k: v for k, v in PREDICTIONS.items() if k != "c"})
    with pytest.raises(MalformedData, match="unknown question 'z'"):
        score_reading(QUESTIONS, PREDICTIONS | {"z": Prediction("", 0)})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_intervals_hold_the_mean_and_stay_in_range(scores: list[float]) -> None:
    low, high = bootstrap_interval(scores, samples=500)
    assert min(scores) - 1e-9 <= low <= high <= max(scores) + 1e-9


def test_an_interval_is_as_wide_as_theory_says() -> None:
    scores = np.random.default_rng(3).normal(0, 1, 2000)
    low, high = bootstrap_interval(list(scores))
    assert high - low == pytest.approx(2 * 1.96 * scores.std() / np.sqrt(2000), rel=0.05)


def test_calibration_errors_by_hand() -> None:
    p, y = [0.9, 0.9, 0.2, 0.2], [1, 0, 0, 0]
    assert expected_calibration_error(p, y, bins=2) == pytest.approx((0.4 + 0.2) / 2)
    assert brier_score(p, y) == pytest.approx((0.01 + 0.81 + 0.04 + 0.04) / 4)
    with pytest.raises(ValueError, match="as many outcomes"):
        brier_score([0.1], [1, 0])
