"""Joining rankings of the same question: by ranks, by scores made comparable, or as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from indexing.splitter import SplitterSettings

RANK_CONSTANT = 60
"""Of reciprocal rank fusion (Cormack et al., 2009), whose authors chose it."""
SIMILARITY_WEIGHT = 30.0
"""Of a similarity beside a BM25 score (docs/decisions/0008-phrases-and-sums.md)."""
PRODUCT_SIMILARITY_WEIGHT = 75.0
"""The same among the passages of one product, which share the product's words
(docs/decisions/0015-judged-evidence.md)."""
LONG_REVIEW_PENALTY = 2.0
"""Points of BM25 for each :func:`lengths_beyond_one`
(docs/decisions/0016-long-reviews-and-written-pages.md)."""

Scores = Mapping[str, float]
"""Score by id, best first."""
_PASSAGE = SplitterSettings().target


def reciprocal_rank_fusion(
    rankings: Sequence[Scores], weights: Sequence[float], constant: float = RANK_CONSTANT
) -> dict[str, float]:
    """Sum of ``weight / (constant + rank)`` over the rankings that have an id, ranks from 1."""
    total: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, name in enumerate(ranking, 1):
            total[name] = total.get(name, 0.0) + weight / (constant + rank)
    return best_first(total)


def weighted_fusion(rankings: Sequence[Scores], weights: Sequence[float]) -> dict[str, float]:
    """Sum of ``weight * score``, the scores of each ranking stretched to [0, 1].

    An id that a ranking lacks counts as its worst.
    """
    total: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for name, score in min_max(ranking).items():
            total[name] = total.get(name, 0.0) + weight * score
    return best_first(total)


def linear_fusion(
    rankings: Sequence[Scores],
    weights: Sequence[float],
    lost: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Sum of ``weight * score``, the scores as they are; their scales are the weights' affair.

    An id that a ranking lacks counts as its worst. ``lost`` is by id what is taken off the sum. How
    far a question's best score stands out stays in the sum, which stretching takes away (Bruch, Gai
    and Ingber, 2023, compare both).
    """
    total = dict.fromkeys((name for ranking in rankings for name in ranking), 0.0)
    for ranking, weight in zip(rankings, weights, strict=True):
        least = min(ranking.values(), default=0.0)
        for name in total:
            total[name] += weight * ranking.get(name, least)
    for name, points in (lost or {}).items():
        total[name] -= points
    return best_first(total)


def lengths_beyond_one(characters: int) -> float:
    """How often, in factors of e, a review is longer than one passage; 0 where it is not.

    A review is as good as its best passage, and the best of many passages is good by chance.
    """
    return math.log(max(1.0, characters / _PASSAGE))


def within_one(scores: Scores) -> dict[str, float]:
    """Divided by the greatest where that is beyond 1: inner products of vectors of any length."""
    greatest = max((abs(score) for score in scores.values()), default=0.0)
    return {name: score / max(1.0, greatest) for name, score in scores.items()}


def min_max(scores: Scores) -> dict[str, float]:
    """Stretched so that the best is 1 and the worst 0; all 1 where they are equal."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {name: (score - low) / (high - low) for name, score in scores.items()}


def best_first(scores: Scores) -> dict[str, float]:
    """By score, equal ones by id."""
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
