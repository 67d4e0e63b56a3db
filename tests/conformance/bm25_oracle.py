"""BM25 by brute force, from the formula: what any engine's ranking is held against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

K1, B = 1.2, 0.75


def stored_length(length: int) -> int:
    """Lengths are kept in one byte, as Lucene does: exact up to 40, then four significant bits."""
    if length < 40:
        return length
    number = length - 24
    shift = number.bit_length() - 4
    return 24 + ((number >> shift) << shift)


def rank(
    passages: Mapping[str, str],
    query: str,
    analyze: Callable[[str], Sequence[str]],
    phrase_boost: float = 0.0,
    ignored: frozenset[str] = frozenset(),
) -> list[tuple[str, float]]:
    """``(id, score)`` of the passages with a term of the query, best first, ties by id.

    Each distinct pair of neighbouring terms of the query is weighed as Lucene weighs a phrase:
    the sum of its terms' idf, and how often they stand side by side as its frequency. Pairs of two
    ignored terms are none.
    """
    terms = {name: list(analyze(text)) for name, text in passages.items()}
    average = sum(map(len, terms.values())) / max(len(terms), 1)
    asked = list(analyze(query))
    idf = {term: _idf(term, terms) for term in asked}
    scores: Counter[str] = Counter()
    for name, words in terms.items():
        norm = K1 * (1 - B + B * stored_length(len(words)) / average)
        for term in set(asked) & set(words):
            scores[name] += idf[term] * _saturated(words.count(term), norm)
        neighbours = list(pairwise(words))
        for pair in set(pairwise(asked)) & set(neighbours):
            if ignored.issuperset(pair):
                continue
            weight = phrase_boost * (idf[pair[0]] + idf[pair[1]])
            scores[name] += weight * _saturated(neighbours.count(pair), norm)
    return sorted(scores.items(), key=lambda item: (-round(item[1], 5), item[0]))


def _idf(term: str, terms: Mapping[str, Sequence[str]]) -> float:
    holders = sum(term in words for words in terms.values())
    return math.log(1 + (len(terms) - holders + 0.5) / (holders + 0.5))


def _saturated(count: int, norm: float) -> float:
    return count * (K1 + 1) / (count + norm)
