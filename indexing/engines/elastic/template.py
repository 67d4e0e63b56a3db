"""The two indices of a store, their mappings, and the analysis that BM25 ranks by.

``NAME`` holds the truth: reviews, labels, checkpoints and the store's own state. The alias
``NAME-passages`` names the index derived from it, in which passages are searched.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from indexing.engines.elastic.settings import ElasticSettings

FORMAT = 1
MAX_QUERY_TERMS = 256
LONGEST_WORD = 39
"""Characters; the embedded engine leaves out the same words."""
LONGEST_TITLE = 8_000
WINDOW = 10_000
"""Most hits of one page, ``index.max_result_window``."""

# The steps of the embedded engine's analyzer, so that both rank alike: runs of letters and
# digits, lower case, accents folded, Snowball's English stems, no stop words.
_STEPS = ["shorter_words", "lowercase", "asciifolding", "english_stems"]
_ANALYSIS: dict[str, Any] = {
    "tokenizer": {
        "letters_and_digits": {"type": "pattern", "pattern": r"[^\p{IsAlphabetic}\p{N}]+"}
    },
    "filter": {
        "shorter_words": {"type": "length", "max": LONGEST_WORD},
        "english_stems": {"type": "stemmer", "language": "porter2"},
        "first_terms": {"type": "limit", "max_token_count": MAX_QUERY_TERMS},
    },
    "analyzer": {
        "reviewqa_en": {"type": "custom", "tokenizer": "letters_and_digits", "filter": _STEPS},
        # A repeated word of a query counts once.
        "reviewqa_en_query": {
            "type": "custom",
            "tokenizer": "letters_and_digits",
            "filter": [*_STEPS, "unique", "first_terms"],
        },
    },
}

ANALYZER = hashlib.sha256(json.dumps(_ANALYSIS, sort_keys=True).encode()).hexdigest()[:16]
"""Changes when the same text might give other terms."""


def truth(settings: ElasticSettings) -> dict[str, Any]:
    """The index of the truth: only what is looked up or summed is indexed, the rest is kept."""
    keyword = {"type": "keyword"}
    integer = {"type": "integer"}
    return {
        "settings": {**_sizes(settings), "codec": "best_compression"},
        "mappings": {
            "dynamic": False,
            "_meta": {"reviewqa": {"format": FORMAT, "role": "truth"}},
            "properties": {
                "kind": keyword,
                "id": keyword,
                "product_id": keyword,
                "product_title": {"type": "keyword", "ignore_above": LONGEST_TITLE},
                "folded": {"type": "keyword", "ignore_above": LONGEST_TITLE},
                "rating": {"type": "double"},
                "text_hash": keyword,
                "simhash": {"type": "long"},
                "passages": integer,
                "print": {"properties": dict.fromkeys(PRINT_PARTS, integer)},
            },
        },
    }


PRINT_PARTS = ("a", "b", "c", "d")
"""A review's part of the fingerprint in four pieces of 16 bits, whose sums no double rounds."""


def passages(settings: ElasticSettings) -> dict[str, Any]:
    """An index of passages, laid out so that Haystack's own document store reads it, too."""
    keyword = {"type": "keyword"}
    number = {"type": "integer", "index": False, "doc_values": False}
    return {
        "settings": {
            **_sizes(settings),
            "analysis": _ANALYSIS,
            "merge": {"policy": {"expunge_deletes_allowed": 0}},
        },
        "mappings": {
            "dynamic": False,
            "_meta": {"reviewqa": {"format": FORMAT, "role": "passages", "analyzer": ANALYZER}},
            # Vectors are read from their columns; in the source they would be kept twice.
            "_source": {"excludes": ["vectors"]},
            "properties": {
                "id": keyword,
                "review_id": keyword,
                "product_id": keyword,
                "ordinal": {"type": "integer"},
                "start": number,
                "end": number,
                "content": {
                    "type": "text",
                    "analyzer": "reviewqa_en",
                    "search_analyzer": "reviewqa_en_query",
                    "search_quote_analyzer": "reviewqa_en",
                },
                "vectors": {"type": "object", "dynamic": False, "properties": {}},
            },
        },
    }


def vector_field(name: str, dimension: int, *, graph: bool) -> dict[str, Any]:
    """The mapping of one more field of vectors: exact values in columns, perhaps 8-bit HNSW."""
    field: dict[str, Any] = {"type": "dense_vector", "dims": dimension, "index": graph}
    if graph:
        field["similarity"] = "max_inner_product"
        field["index_options"] = {"type": "int8_hnsw"}
    return {"vectors": {"type": "object", "properties": {name: field}}}


def alias(name: str) -> str:
    return f"{name}-passages"


def new_passages_name(name: str) -> str:
    """A name for one more index behind the alias."""
    return f"{alias(name)}-{uuid.uuid4().hex[:12]}"


def _sizes(settings: ElasticSettings) -> dict[str, Any]:
    copies = (
        {"auto_expand_replicas": settings.replicas}
        if "-" in settings.replicas
        else {"number_of_replicas": settings.replicas}
    )
    return {
        "number_of_shards": settings.shards,
        "refresh_interval": settings.refresh,
        "max_result_window": WINDOW,
        **copies,
    }
