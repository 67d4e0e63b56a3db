"""Which words of a query stand in a text, by the stems that BM25 goes by."""

from __future__ import annotations

import re

from indexing.engines.embedded import analyzer

_WORD = re.compile(r"\w+")


class WordMatcher:
    """Compares one query with many texts."""

    def __init__(self, query: str) -> None:
        self._analyzer = analyzer.build()
        words = dict.fromkeys(_WORD.findall(query[: analyzer.MAX_QUERY_CHARACTERS]))
        self._stems = {word: self._terms(word) for word in words}

    def words_in(self, text: str) -> tuple[str, ...]:
        """Those of the query's words, as it spells them, whose stem the text has."""
        found = self._terms(text)
        seen: dict[frozenset[str], str] = {}
        for word, stems in self._stems.items():
            if stems and stems <= found:
                seen.setdefault(stems, word)
        return tuple(seen.values())

    def _terms(self, text: str) -> frozenset[str]:
        return frozenset(self._analyzer.analyze(analyzer.encodable(text)))
