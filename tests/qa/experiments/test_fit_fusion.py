"""The sweep measures what the shipped pipelines do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.records import Query, RetrievalSet, Text
from eval.retrieval import set_columns
from qa.encoders.fake import FakeEncoder
from qa.experiments.fit_fusion import METRICS, measure
from qa.experiments.retrieving import run_retriever

WORDS = ("strap", "camera", "heavy", "loud", "battery", "lasts", "how", "does")
TEXTS = tuple(
    Text(f"t{n}", f"p{n % 2}", " ".join(WORDS[(n * step) % 8] for step in range(1, 2 + n % 5)))
    if n % 3
    else Text(f"t{n}", f"p{n % 2}", " ".join(f"{WORDS[(n + s) % 8]}." for s in range(50 + 60 * n)))
    for n in range(24)
)
QUERIES = tuple(
    Query(f"q{n}", f"How does the {WORDS[n]} {WORDS[n + 1]} last?", f"p{n % 2}") for n in range(6)
)
DATA = RetrievalSet(
    "small",
    "dev",
    "product",
    TEXTS,
    QUERIES,
    {q.id: {f"t{n + 4}": 1} for n, q in enumerate(QUERIES)},
)

OPEN = replace(
    DATA, protocol="open", queries=tuple(replace(query, product_id=None) for query in QUERIES)
)


@pytest.mark.parametrize(
    ("setting", "system", "data"),
    [
        ("bm25, all words, phrases 0.0", "bm25-plain", DATA),
        ("bm25, no question words, phrases 0.3", "bm25", DATA),
        ("dense", "dense:fake:16", DATA),
        ("phrases 0.3, linear, 75, long_review_penalty 2.0", "hybrid:fake:16", DATA),
        ("phrases 0.3, linear, 30, long_review_penalty 2.0", "hybrid:fake:16", OPEN),
    ],
)
def test_a_setting_measures_as_the_pipeline_that_has_it(
    setting: str, system: str, data: RetrievalSet
) -> None:
    swept = dict(measure(data, FakeEncoder(16), "fake:16", 0.3))
    columns = set_columns(data, run_retriever(data, system).run, METRICS)
    wanted = [sum(column.scores.values()) / len(QUERIES) for column in columns]
    assert swept[setting] == pytest.approx(wanted)
    assert len({tuple(values) for values in swept.values()}) > 1
