"""Scoring runs against judgments, with the same list in random order beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from eval.errors import MalformedData
from eval.metrics.random_order import expected
from eval.metrics.ranking import CUTOFFS, STANDARD, parse, ranking, standard
from eval.records import RetrievalSet
from eval.results import Column

RANDOM = "random order"
BOOK_METRICS = tuple(f"success@{k}" for k in CUTOFFS)


def retrieval_columns(
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Mapping[str, float]],
    metrics: Sequence[str] = STANDARD,
    *,
    protocol: str = "judged",
    level: int = 1,
    unanswerable: frozenset[str] = frozenset(),
) -> list[Column]:
    """Scores of every judged query; one that the run lacks scores 0.

    Args:
        level: the least relevance that counts as relevant; nDCG takes all gains.
        unanswerable: queries that score 1 whatever was retrieved.

    Raises:
        MalformedData: a query in the run that is not judged.
        UnknownMetric: no such metric.
    """
    for unknown in sorted(run.keys() - qrels.keys()):
        raise MalformedData(f"the run has query {unknown!r}, which is not judged")
    ranked = {query: ranking(run.get(query, {})) for query in qrels}
    columns = []
    for name in metrics:
        family, k = parse(name)
        scores = {}
        for query, judged in qrels.items():
            floor = 0 if family.definition.name == "ndcg" else level
            gains = [_gain(judged.get(document, 0), floor) for document in ranked[query]]
            relevance = [_gain(value, floor) for value in judged.values()]
            scores[query] = 1.0 if query in unanswerable else family.function(gains, relevance, k)
        columns.append(Column(name, protocol, scores))
    return columns


def metrics_of(data: RetrievalSet, wanted: Sequence[str], depth: int) -> Sequence[str]:
    """What to measure of a set whose runs have ``depth`` texts per query.

    Protocol ``book`` has its own metrics whatever is wanted.
    """
    return BOOK_METRICS if data.protocol == "book" else wanted or standard(depth)


def set_columns(
    data: RetrievalSet, run: Mapping[str, Mapping[str, float]], metrics: Sequence[str] = ()
) -> list[Column]:
    """:func:`retrieval_columns` under the set's own protocol.

    Protocol ``book`` is scored by success alone, and once more over its answerable questions.
    """
    if data.protocol != "book":
        return retrieval_columns(
            data.qrels, run, metrics or STANDARD, protocol=data.protocol, level=data.level
        )
    columns = retrieval_columns(
        data.qrels, run, BOOK_METRICS, protocol="book", unanswerable=data.unanswerable
    )
    return columns + _answerable(data, columns)


def random_columns(
    data: RetrievalSet, metrics: Sequence[str] = (), depth: int = 100
) -> list[Column]:
    """What every query scores on average when its texts come in random order."""
    pools = Counter(text.product_id for text in data.texts)
    sizes = {
        q.id: len(data.texts) if q.product_id is None else pools[q.product_id] for q in data.queries
    }
    columns = []
    for name in metrics or (BOOK_METRICS if data.protocol == "book" else STANDARD):
        floor = 0 if name.startswith("ndcg") else data.level
        cache: dict[tuple[int, tuple[int, ...]], float] = {}
        scores = {}
        for query, size in sizes.items():
            judged = tuple(sorted(_gain(v, floor) for v in data.qrels[query].values()))
            if (size, judged) not in cache:
                cache[size, judged] = expected(name, size, judged, depth)
            scores[query] = 1.0 if query in data.unanswerable else cache[size, judged]
        columns.append(Column(name, data.protocol, scores))
    return columns + (_answerable(data, columns) if data.protocol == "book" else [])


def without_results(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Judged queries for which nothing was retrieved; they score 0."""
    return [query for query in qrels if not run.get(query)]


def _gain(value: int, floor: int) -> int:
    """Relevance as gain; where there is a floor, whether it is reached."""
    return int(value >= floor) if floor else max(value, 0)


def _answerable(data: RetrievalSet, columns: Sequence[Column]) -> list[Column]:
    return [
        Column(
            column.metric,
            f"{column.protocol} (answerable)",
            {n: v for n, v in column.scores.items() if n not in data.unanswerable},
        )
        for column in columns
    ]
