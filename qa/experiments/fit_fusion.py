"""Measures phrase boosts and ways of joining BM25 with an encoder, on the dev parts of data sets.

``python -m qa.experiments.fit_fusion --data DATA --encoder shipped`` prints a line a setting: mean
reciprocal rank and recall on each set, lists of 100 passages as the shipped pipelines take them.
What measures best goes into ``qa/pipelines/yaml``. Test parts are not read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from eval.datasets.retrieval import load_retrieval
from eval.datasets.subjqa import DOMAINS
from eval.records import RetrievalSet
from eval.retrieval import set_columns
from indexing.engines.base import Engine, VectorEngine
from indexing.records import Hit
from qa.embedding import embed
from qa.encoders.protocol import Encoder
from qa.encoders.registry import SHIPPED_NAME, open_encoder
from qa.experiments.retrievers import searchable
from qa.fusion import (
    PRODUCT_SIMILARITY_WEIGHT,
    SIMILARITY_WEIGHT,
    Scores,
    lengths_beyond_one,
    linear_fusion,
    reciprocal_rank_fusion,
    weighted_fusion,
    within_one,
)
from qa.rewriting import without_question_words

DATASETS = (
    "squadshifts:amazon",
    "epqa",
    "epqa:review",
    "shoppers:products",
    *(f"subjqa:{name}" for name in DOMAINS),
)
METRICS = ("recall@1", "recall@10", "recall@100", "mrr")
BOOSTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
POINTS = (10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 90.0)
PENALTIES = (1.0, 1.5, 2.0, 2.5, 3.0)
SHARES = (0.3, 0.4, 0.5, 0.6)
DEPTH = 100

Lists = list[Scores]
"""Scores of passages, best first, of each query of a set."""


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", default=SHIPPED_NAME)
    parser.add_argument("--dataset", action="append", help=f"{', '.join(DATASETS)} if absent")
    parser.add_argument("--boost", type=float, default=0.3, help="of phrases in what is joined")
    given = parser.parse_args()
    encoder = open_encoder(given.encoder)
    for name in given.dataset or DATASETS:
        data = load_retrieval(name, "dev", given.data)
        print(f"{name} dev, {data.protocol}: {', '.join(METRICS)}")  # noqa: T201
        for setting, values in measure(data, encoder, given.encoder, given.boost):
            figures = " ".join(f"{value:.4f}" for value in values)
            print(f"  {setting:44} {figures}", flush=True)  # noqa: T201


def measure(
    data: RetrievalSet, encoder: Encoder, name: str, boost: float
) -> Iterator[tuple[str, list[float]]]:
    """Each setting and the means of :data:`METRICS` with it."""
    with searchable(None, data.texts) as (engine, twins):
        embed(engine, encoder, name)
        owners: dict[str, tuple[str, ...]] = {}
        lengths = {text.id: lengths_beyond_one(len(text.text)) for text in data.texts}
        beyond: dict[str, float] = {}

        def kept(hits: Sequence[Hit]) -> Scores:
            for hit in hits:
                review = hit.passage.review_id
                owners[hit.passage.id] = twins.get(review, (review,))
                beyond[hit.passage.id] = lengths[owners[hit.passage.id][0]]
            return {hit.passage.id: hit.score for hit in hits}

        dense = [kept(hits) for hits in _dense(engine, data, encoder)]
        lexical = {}
        for rewrite in (False, True):
            for one in BOOSTS:
                lists = [kept(hits) for hits in _lexical(engine, data, rewrite, one)]
                lexical[rewrite, one] = lists
                words = "no question words" if rewrite else "all words"
                yield f"bm25, {words}, phrases {one}", _means(data, lists, owners)
        if (True, boost) not in lexical:
            lexical[True, boost] = [kept(h) for h in _lexical(engine, data, True, boost)]
        yield "dense", _means(data, dense, owners)
        for setting, lists in _joined(lexical[True, boost], dense):
            yield f"phrases {boost}, {setting}", _means(data, lists, owners)
        for points, setting, lists in _penalised(data, lexical[True, boost], dense, beyond):
            yield f"phrases {boost}, linear, {points:g}, {setting}", _means(data, lists, owners)


def _lexical(
    engine: Engine, data: RetrievalSet, rewrite: bool, boost: float
) -> Iterator[list[Hit]]:
    for query in data.queries:
        text = without_question_words(query.text) if rewrite else query.text
        yield engine.search_bm25(text, k=DEPTH, product_id=query.product_id, phrase_boost=boost)


def _dense(engine: Engine, data: RetrievalSet, encoder: Encoder) -> Iterator[list[Hit]]:
    assert isinstance(engine, VectorEngine)
    vectors = encoder.encode_queries([query.text for query in data.queries])
    for query, vector in zip(data.queries, vectors, strict=True):
        yield engine.search_vectors(vector, k=DEPTH, product_id=query.product_id)


def _joined(bm25: Lists, dense: Lists) -> Iterator[tuple[str, Lists]]:
    pairs = list(zip(bm25, dense, strict=True))
    for points in POINTS:
        yield (
            f"linear, similarity_weight {points}",
            [linear_fusion([a, within_one(b)], (1, points)) for a, b in pairs],
        )
    for share in SHARES:
        weights = (1 - share, share)
        yield f"weighted, weight {share}", [weighted_fusion(pair, weights) for pair in pairs]
    yield "reciprocal_rank", [reciprocal_rank_fusion(pair, (1, 1)) for pair in pairs]


def _penalised(
    data: RetrievalSet, bm25: Lists, dense: Lists, beyond: Scores
) -> Iterator[tuple[float, str, Lists]]:
    within = any(query.product_id is not None for query in data.queries)
    points = PRODUCT_SIMILARITY_WEIGHT if within else SIMILARITY_WEIGHT
    for penalty in PENALTIES:
        lists: Lists = []
        for a, b in zip(bm25, dense, strict=True):
            lost = {name: penalty * beyond[name] for name in a.keys() | b.keys()}
            lists.append(linear_fusion([a, within_one(b)], (1, points), lost))
        yield points, f"long_review_penalty {penalty}", lists


def _means(data: RetrievalSet, lists: Lists, owners: Mapping[str, tuple[str, ...]]) -> list[float]:
    run: dict[str, dict[str, float]] = {}
    for query, scores in zip(data.queries, lists, strict=True):
        found: dict[str, float] = {}
        for passage, score in scores.items():
            for text in owners[passage]:
                found.setdefault(text, score)
        run[query.id] = dict(list(found.items())[:DEPTH])
    columns = {column.metric: column.scores for column in set_columns(data, run, METRICS)}
    return [sum(columns[name].values()) / max(1, len(columns[name])) for name in METRICS]


if __name__ == "__main__":
    main()
