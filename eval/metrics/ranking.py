"""Metrics of ranked lists, equal to trec_eval's to the last digit but rounding.

Each function takes ``gains``, the relevance of the ranked documents, best first (0 for unjudged
ones), ``judged``, the relevance of every judged document of the query, and a cut-off ``k``
(None: the whole list). Relevance above 0 is relevant. A query without a relevant document scores
0, as in trec_eval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from eval.errors import UnknownMetric
from eval.metrics.definition import Definition

Metric = Callable[[Sequence[int], Sequence[int], int | None], float]
CUTOFFS = (1, 3, 5, 10, 20)


def ranking(scores: Mapping[str, float]) -> list[str]:
    """Document ids, best first: score descending, then id descending, as trec_eval orders them.

    Scores are compared as 32-bit floats, which is what trec_eval keeps of them.
    """
    with np.errstate(over="ignore"):
        kept = np.asarray(list(scores.values()), np.float64).astype(np.float32)
    pairs = zip(kept.tolist(), scores, strict=True)
    return [name for _, name in sorted(pairs, reverse=True)]


def recall(gains: Sequence[int], judged: Sequence[int], k: int | None = None) -> float:
    """Share of the relevant documents among the first k, in [0, 1]."""
    relevant = _relevant(judged)
    return _relevant(gains[:k]) / relevant if relevant else 0.0


def success(gains: Sequence[int], judged: Sequence[int], k: int | None = None) -> float:
    """1.0 if a relevant document is among the first k, else 0.0."""
    return float(_relevant(gains[:k]) > 0)


def precision(gains: Sequence[int], judged: Sequence[int], k: int | None = None) -> float:
    """Share of relevant documents among the first k, short lists filled with irrelevant ones."""
    places = len(gains) if k is None else k
    return _relevant(gains[:k]) / places if places else 0.0


def reciprocal_rank(gains: Sequence[int], judged: Sequence[int], k: int | None = None) -> float:
    """One over the rank of the first relevant document, 0.0 without one."""
    return next((1 / rank for rank, gain in enumerate(gains[:k], 1) if gain > 0), 0.0)


def average_precision(gains: Sequence[int], judged: Sequence[int], k: int | None = None) -> float:
    """Mean over the relevant documents of the precision at their ranks, 0 where not ranked."""
    total, found = 0.0, 0
    for rank, gain in enumerate(gains[:k], 1):
        if gain > 0:
            found += 1
            total += found / rank
    relevant = _relevant(judged)
    return total / relevant if relevant else 0.0


def ndcg(gains: Sequence[int], judged: Sequence[int], k: int | None = None) -> float:
    """Discounted gain over that of the best order: relevance as gain, 1 / log2(rank + 1)."""
    ideal = _discounted(sorted(judged, reverse=True)[:k])
    return _discounted(gains[:k]) / ideal if ideal else 0.0


def _relevant(values: Sequence[int]) -> int:
    return sum(value > 0 for value in values)


def _discounted(gains: Sequence[int]) -> float:
    return sum(max(gain, 0) / log2(rank + 1) for rank, gain in enumerate(gains, 1))


@dataclass(frozen=True, slots=True)
class Family:
    """A metric at several cut-offs; ``trec`` is its name in trec_eval."""

    definition: Definition
    function: Metric
    trec: str
    whole: bool
    """Whether it is also defined without a cut-off."""


def _family(name: str, function: Metric, trec: str, source: str, *, whole: bool) -> Family:
    meaning = (function.__doc__ or "").splitlines()[0]
    return Family(Definition(name, meaning, "fraction", source), function, trec, whole)


_TREC = "trec_eval (Buckley, NIST)"
_FAMILIES = (
    _family("recall", recall, "recall", _TREC, whole=False),
    _family("success", success, "success", _TREC, whole=False),
    _family("precision", precision, "P", _TREC, whole=False),
    _family("mrr", reciprocal_rank, "recip_rank", "Voorhees, TREC-8 (1999)", whole=True),
    _family("map", average_precision, "map", "Buckley and Voorhees, SIGIR 2000", whole=True),
    _family("ndcg", ndcg, "ndcg", "Järvelin and Kekäläinen, TOIS 2002; linear gains", whole=True),
)
FAMILIES: Mapping[str, Family] = {family.definition.name: family for family in _FAMILIES}
DEFINITIONS = tuple(family.definition for family in _FAMILIES)
STANDARD = (
    *(f"recall@{k}" for k in (*CUTOFFS, 100)),
    *(f"success@{k}" for k in CUTOFFS),
    *(f"precision@{k}" for k in CUTOFFS),
    "mrr",
    "map",
    "ndcg@10",
)
"""What is measured when nobody asks for anything else."""


def standard(depth: int) -> tuple[str, ...]:
    """Those of :data:`STANDARD` that lists of ``depth`` documents are long enough for."""
    return tuple(name for name in STANDARD if (parse(name)[1] or 1) <= depth)


def parse(name: str) -> tuple[Family, int | None]:
    """The family and cut-off of a name such as ``recall@10`` or ``mrr``.

    Raises:
        UnknownMetric: no such metric, or a cut-off that is missing or no positive number.
    """
    word, at, cutoff = name.partition("@")
    family = FAMILIES.get(word)
    usable = cutoff.isdecimal() and int(cutoff) > 0 if at else family is not None and family.whole
    if family is None or not usable:
        known = ", ".join(f"{n}@k" for n in FAMILIES)
        raise UnknownMetric(f"no metric {name!r}: one of {known}, mrr, map, ndcg")
    return family, int(cutoff) if at else None
