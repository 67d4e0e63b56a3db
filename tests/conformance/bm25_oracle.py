"""BM25 by brute force, from the formula: what any engine's ranking is held against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

K1, B = 1.2, 0.75


def stored_length(length: int) -> int:
    """Lengths are kept in one byte, as Lucene does: exact up to 40, then four significant bits."""
    if length < 40:
        return length
    number = length - 24
    shift = number.bit_length() - 4
    return 24 + ((number >> shift) << shift)


def rank(
    passages: Mapping[str, str], query: str, analyze: Callable[[str], Sequence[str]]
) -> list[tuple[str, float]]:
    """``(id, score)`` of the passages with a term of the query, best first, ties by id."""
    terms = {name: Counter(analyze(text)) for name, text in passages.items()}
    average = sum(sum(counts.values()) for counts in terms.values()) / max(len(terms), 1)
    scores: Counter[str] = Counter()
    for term in dict.fromkeys(analyze(query)):
        holders = [name for name, counts in terms.items() if term in counts]
        idf = math.log(1 + (len(terms) - len(holders) + 0.5) / (len(holders) + 0.5))
        for name in holders:
            count, length = terms[name][term], stored_length(sum(terms[name].values()))
            norm = K1 * (1 - B + B * length / average)
            scores[name] += idf * count * (K1 + 1) / (count + norm)
    return sorted(scores.items(), key=lambda item: (-round(item[1], 5), item[0]))
