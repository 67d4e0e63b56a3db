"""What ranking metrics come to when a pool of documents is put in random order.

All are exact expectations over the uniformly random order of ``pool`` documents, of which
``judged`` lists the relevance of the judged ones; only the first ``places`` are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import comb, log2

from eval.metrics.ranking import parse

Expectation = Callable[[int, Sequence[int], int], float]


def expected(name: str, pool: int, judged: Sequence[int], depth: int) -> float:
    """The expected value of a metric such as ``recall@10``.

    Args:
        pool: how many documents there are to order, relevant ones included.
        judged: relevance of the judged documents, all of them in the pool.
        depth: how many places a run has at most.

    Raises:
        UnknownMetric: no such metric.
        ValueError: more judged documents than the pool has.
    """
    family, cutoff = parse(name)
    relevant = sum(gain > 0 for gain in judged)
    if len(judged) > pool:
        raise ValueError(f"{len(judged)} judged documents in a pool of {pool}")
    if not relevant:
        return 0.0
    places = min(pool, depth, cutoff or pool)
    value = _EXPECTATIONS[family.definition.name](pool, judged, places)
    if family.definition.name == "precision":
        return value / (cutoff or places)
    return value / _ideal(judged, cutoff) if family.definition.name == "ndcg" else value


def _recall(pool: int, judged: Sequence[int], places: int) -> float:
    return places / pool


def _success(pool: int, judged: Sequence[int], places: int) -> float:
    relevant = _relevant(judged)
    return 1 - comb(pool - relevant, places) / comb(pool, places)


def _found(pool: int, judged: Sequence[int], places: int) -> float:
    return places * _relevant(judged) / pool


def _reciprocal_rank(pool: int, judged: Sequence[int], places: int) -> float:
    """Sum over ranks of P(first relevant there) / rank."""
    relevant = _relevant(judged)
    total, none_before = 0.0, 1.0
    for rank in range(1, min(places, pool - relevant + 1) + 1):
        here = relevant / (pool - rank + 1)
        total += none_before * here / rank
        none_before *= 1 - here
    return total


def _average_precision(pool: int, judged: Sequence[int], places: int) -> float:
    """A relevant document at rank r has (r - 1)(R - 1) / (n - 1) others before it on average."""
    others = (_relevant(judged) - 1) / (pool - 1) if pool > 1 else 0.0
    return sum((1 + (rank - 1) * others) / rank for rank in range(1, places + 1)) / pool


def _discounted(pool: int, judged: Sequence[int], places: int) -> float:
    mean_gain = sum(max(gain, 0) for gain in judged) / pool
    return mean_gain * sum(1 / log2(rank + 1) for rank in range(1, places + 1))


def _ideal(judged: Sequence[int], cutoff: int | None) -> float:
    best = sorted((gain for gain in judged if gain > 0), reverse=True)[:cutoff]
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(best, 1))


def _relevant(judged: Sequence[int]) -> int:
    return sum(gain > 0 for gain in judged)


_EXPECTATIONS: Mapping[str, Expectation] = {
    "recall": _recall,
    "success": _success,
    "precision": _found,
    "mrr": _reciprocal_rank,
    "map": _average_precision,
    "ndcg": _discounted,
}
