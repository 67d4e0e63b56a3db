"""Pairs of neighbouring words of a query; what the words are indexed as, the server decides."""

from __future__ import annotations

from itertools import pairwise

from indexing.engines.embedded import analyzer as english

_SPELLED, _STEMMED = english.build_unstemmed(), english.build()


def neighbours(query: str) -> list[str]:
    """The distinct pairs of neighbouring terms, each as two words, in order.

    They are the embedded engine's: pairs of which it makes the same stems are one.
    """
    text = english.encodable(query[: english.MAX_QUERY_CHARACTERS])
    words, stems = _SPELLED.analyze(text), _STEMMED.analyze(text)
    spelled: dict[tuple[str, str], str] = {}
    for pair, stemmed in zip(pairwise(words), pairwise(stems), strict=True):
        spelled.setdefault(stemmed, " ".join(pair))
    return [spelled[pair] for pair in english.query_pairs(_STEMMED, text)]
