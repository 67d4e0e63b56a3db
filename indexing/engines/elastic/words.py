"""Pairs of neighbouring words of a query; what the words are indexed as, the server decides."""

from __future__ import annotations

from itertools import pairwise

from indexing.engines.embedded import analyzer as english


def neighbours(query: str) -> list[str]:
    """The distinct pairs of neighbouring terms, each as two words, in order.

    Words are those of the embedded engine's analyzer, pairs that it gives the same stems are one,
    and those of two function words are none, so that both engines weigh the same phrases.
    """
    text = english.encodable(query[: english.MAX_QUERY_CHARACTERS])
    words, stems = english.build_unstemmed().analyze(text), english.build().analyze(text)
    pairs: dict[tuple[str, str], str] = {}
    for spelled, stemmed in zip(pairwise(words), pairwise(stems), strict=True):
        if not english.FUNCTION_TERMS.issuperset(stemmed):
            pairs.setdefault(stemmed, " ".join(spelled))
    return list(pairs.values())[: english.MAX_QUERY_PAIRS]
