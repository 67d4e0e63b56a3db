"""Significance against enumeration, theory and closed forms."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.compare import changes, compare, compare_columns
from eval.errors import NotComparable
from eval.results import Asked, Column, Result
from eval.significance import (
    bootstrap_interval,
    bootstrap_intervals,
    bootstrap_statistics,
    difference_interval,
    randomization_p,
)

SCORES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.sampled_from([0.0, 0.3, 0.7, 1.0])),
    min_size=1,
    max_size=8,
)


@given(SCORES)
def test_small_samples_are_exact(pairs: list[tuple[float, float]]) -> None:
    differences = [b - a for a, b in pairs]
    seen = abs(sum(differences)) - 1e-9
    every = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True))) >= seen
        for signs in product((1, -1), repeat=len(pairs))
    ]
    p = randomization_p([a for a, _ in pairs], [b for _, b in pairs])
    assert p == pytest.approx(sum(every) / len(every))


@given(SCORES)
def test_p_does_not_care_who_is_first(pairs: list[tuple[float, float]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert randomization_p(first, second) == randomization_p(second, first)


@pytest.mark.parametrize(("wins", "losses"), [(30, 10), (25, 20), (60, 25)])
def test_binary_scores_agree_with_the_sign_test(wins: int, losses: int) -> None:
    first = [0.0] * wins + [1.0] * losses + [1.0] * 50
    second = [1.0] * wins + [0.0] * losses + [1.0] * 50
    n = wins + losses
    tail = sum(comb(n, k) for k in range(max(wins, losses), n + 1)) / 2**n
    assert randomization_p(first, second) == pytest.approx(min(1.0, 2 * tail), abs=0.015)


def test_p_is_never_zero_and_one_without_a_difference() -> None:
    assert randomization_p([0.0] * 100, [1.0] * 100) == pytest.approx(1 / 10_001)
    assert randomization_p([0.5] * 30, [0.5] * 30) == 1.0


def test_a_difference_interval_is_as_wide_as_theory_says() -> None:
    rng = np.random.default_rng(2)
    first = rng.random(600)
    second = first + rng.normal(0.1, 0.2, 600)
    low, high = difference_interval(list(first), list(second))
    theory = 1.96 * (second - first).std() / np.sqrt(600)
    assert (high - low) / 2 == pytest.approx(theory, rel=0.06)
    assert (high + low) / 2 == pytest.approx((second - first).mean(), abs=0.1 * theory)


def test_columns_resampled_together_are_what_they_are_alone() -> None:
    rows = np.random.default_rng(4).random((50, 3))
    together = bootstrap_intervals(rows, samples=2000)
    for column, bounds in zip(rows.T, together, strict=True):
        assert bootstrap_interval(list(column), samples=2000) == pytest.approx(bounds)


def test_a_statistic_that_is_a_mean_gets_a_means_interval() -> None:
    scores = np.random.default_rng(6).normal(0, 1, 400)
    ((low, high),) = bootstrap_statistics([lambda times: times @ scores / 400], 400, samples=2000)
    assert (low, high) == pytest.approx(bootstrap_interval(list(scores), samples=2000))
    with pytest.raises(ValueError, match="at least one question"):
        bootstrap_statistics([], 0)


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [1.0, 2.0])])
def test_what_cannot_be_paired_is_refused(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="as many scores of either system"):
        randomization_p(first, second)


def result(scores: dict[str, float], answers: dict[str, str]) -> Result:
    asked = {n: Asked(f"what about {n}?", ("gold",), answers.get(n, "")) for n in scores}
    return Result("reader", {}, (Column("f1", "all", scores, "percent"),), (), asked=asked)


def test_a_comparison_by_hand() -> None:
    one = result({"a": 0.0, "b": 1.0, "c": 0.5}, {"a": "x"})
    other = result({"a": 1.0, "b": 0.75, "c": 0.5}, {"a": "y"})
    (found,) = compare(one, other)
    assert (found.wins, found.losses, found.ties) == (1, 1, 1)
    assert (found.first, found.second) == (50.0, 75.0)
    assert found.difference == pytest.approx(25.0)
    assert found.interval[0] <= 25.0 <= found.interval[1]
    assert found.p == 1.0  # exchanging pairs gives ±1 ±0.25: none is nearer to 0 than 0.75
    assert not found.significant
    first, second = changes(one, other, "all: f1")
    assert (first.id, first.gain, first.first.answer, first.second.answer) == ("a", 1.0, "x", "y")
    assert (second.id, second.gain) == ("b", -0.25)


def test_other_questions_are_no_comparison() -> None:
    with pytest.raises(NotComparable, match="only the first result scores question 'b'"):
        compare(result({"a": 1.0, "b": 1.0}, {}), result({"a": 1.0}, {}))
    with pytest.raises(NotComparable, match="share no such metric; the second has: all: f1"):
        compare(result({"a": 1.0}, {}), result({"a": 1.0}, {}), ["em"])
    with pytest.raises(NotComparable, match="no column 'x'"):
        changes(result({"a": 1.0}, {}), result({"a": 1.0}, {}), "x")
    with pytest.raises(NotComparable, match="no question is scored"):
        compare_columns(Column("f1", "all", {}), Column("f1", "all", {}))
