"""How text becomes index terms, the same for passages and queries."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import tantivy

from indexing.function_words import FUNCTION_WORDS

NAME = "reviewqa_en"
LONGEST_TERM = 40
MAX_QUERY_TERMS = 256
"""Distinct terms of one query that count; later ones are ignored, so that no text is too long."""

MAX_QUERY_PAIRS = 64
"""Distinct pairs of neighbouring terms that count as phrases; later ones are ignored."""

MAX_QUERY_CHARACTERS = 100_000

# Words of letters and digits, lower case, accents folded, English stems. No stop words: BM25
# gives them next to no weight, and "it" or "not" may be all that a short question has.
_STEPS = ("simple", f"remove_long {LONGEST_TERM}", "lowercase", "ascii_fold", "stem English")

FINGERPRINT = hashlib.sha256(
    repr((tantivy.__version__.split(".")[:2], _STEPS)).encode()
).hexdigest()[:16]
"""Changes when the same text might give other terms."""


def build() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(LONGEST_TERM))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("English"))
        .build()
    )


def build_unstemmed() -> tantivy.TextAnalyzer:
    """The same words in lower case, as they are spelled; as many as :func:`build` gives terms."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(LONGEST_TERM))
        .filter(tantivy.Filter.lowercase())
        .build()
    )


_FUNCTION_TERMS = frozenset(build().analyze(" ".join(FUNCTION_WORDS)))


def encodable(text: str) -> str:
    """Lone surrogates, which no UTF-8 library takes, become question marks."""
    return text.encode("utf-8", "replace").decode()


def query_terms(analyzer: tantivy.TextAnalyzer, text: str) -> list[str]:
    """The distinct terms of ``text`` in order of appearance, at most :data:`MAX_QUERY_TERMS`."""
    return list(dict.fromkeys(_terms(analyzer, text)))[:MAX_QUERY_TERMS]


def query_pairs(analyzer: tantivy.TextAnalyzer, text: str) -> list[tuple[str, str]]:
    """The distinct pairs of neighbouring terms, in order, at most :data:`MAX_QUERY_PAIRS`.

    Without those of two function words.
    """
    pairs = dict.fromkeys(pairwise(_terms(analyzer, text)))
    return [pair for pair in pairs if not _FUNCTION_TERMS.issuperset(pair)][:MAX_QUERY_PAIRS]


def _terms(analyzer: tantivy.TextAnalyzer, text: str) -> list[str]:
    terms: list[str] = analyzer.analyze(encodable(text[:MAX_QUERY_CHARACTERS]))
    return terms
