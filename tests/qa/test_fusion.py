"""Fusion against numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.fusion import (
    linear_fusion,
    min_max,
    reciprocal_rank_fusion,
    weighted_fusion,
    within_one,
)

FIRST = {"a": 9.0, "b": 5.0, "c": 1.0}
SECOND = {"c": 0.8, "a": 0.7, "d": 0.6}


def test_reciprocal_ranks_are_summed() -> None:
    found = reciprocal_rank_fusion([FIRST, SECOND], (1, 1), 60)
    assert list(found) == ["a", "c", "b", "d"]
    assert found["a"] == pytest.approx(1 / 61 + 1 / 62)
    assert found["c"] == pytest.approx(1 / 63 + 1 / 61)
    assert found["d"] == pytest.approx(1 / 63)


def test_scores_are_stretched_and_weighed() -> None:
    found = weighted_fusion([FIRST, SECOND], (0.75, 0.25))
    assert found == pytest.approx(
        {"a": 0.75 + 0.25 * 0.5, "b": 0.75 * 0.5, "c": 0.25, "d": 0.0}, abs=1e-12
    )
    assert list(found) == ["a", "b", "c", "d"]


def test_scores_are_summed_as_they_are() -> None:
    found = linear_fusion([FIRST, SECOND], (1, 10))
    assert found == pytest.approx({"a": 9 + 7, "b": 5 + 6, "c": 1 + 8, "d": 1 + 6})
    assert list(found) == ["a", "b", "c", "d"]
    assert linear_fusion([{}, {}], (1, 10)) == {}
    lighter = linear_fusion([FIRST, SECOND], (1, 10), {"a": 6, "d": 0.5})
    assert lighter == pytest.approx({"b": 11, "a": 10, "c": 9, "d": 6.5})
    assert list(lighter) == ["b", "a", "c", "d"]
    assert linear_fusion([{}, SECOND], (1, 10)) == pytest.approx({"c": 8, "a": 7, "d": 6})


def test_only_what_is_beyond_one_is_scaled() -> None:
    assert within_one(SECOND) == SECOND
    assert within_one({"a": 80.0, "b": 60.0, "c": -20.0}) == {"a": 1.0, "b": 0.75, "c": -0.25}
    assert within_one({}) == {}


def test_nothing_and_equals_are_no_trouble() -> None:
    assert weighted_fusion([{}, {}], (0.5, 0.5)) == {}
    assert min_max({"a": 3.0, "b": 3.0}) == {"a": 1.0, "b": 1.0}
    assert weighted_fusion([{}, SECOND], (0.5, 0.5))["c"] == 0.5


_rankings = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.floats(-50, 50))


@given(scores=_rankings)
def test_the_best_is_one_and_the_worst_is_zero(scores: dict[str, float]) -> None:
    found = min_max(scores)
    assert all(0 <= value <= 1 for value in found.values())
    if len(set(scores.values())) > 1:
        assert found[max(scores, key=scores.__getitem__)] == 1
        assert found[min(scores, key=scores.__getitem__)] == 0


@given(first=_rankings, second=_rankings, points=st.floats(0, 60))
def test_a_sum_is_monotonic_in_each_ranking(
    first: dict[str, float], second: dict[str, float], points: float
) -> None:
    found = linear_fusion([first, second], (1, points))
    assert found.keys() == first.keys() | second.keys()
    least = [min(scores.values(), default=0.0) for scores in (first, second)]
    for one in found:
        for other in found:
            if all(
                scores.get(one, low) <= scores.get(other, low)
                for scores, low in zip((first, second), least, strict=True)
            ):
                assert found[one] <= found[other]


@given(first=_rankings, second=_rankings)
def test_a_weight_of_zero_leaves_the_other_order(
    first: dict[str, float], second: dict[str, float]
) -> None:
    found = weighted_fusion([first, second], (1.0, 0.0))
    order = [name for name in found if name in first]
    assert order == sorted(first, key=lambda n: (-min_max(first)[n], n))
