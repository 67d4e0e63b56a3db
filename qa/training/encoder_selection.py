"""Scores that choose between an encoder's checkpoints: alone, and added to BM25's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval.datasets.retrieval import load_retrieval
from eval.records import RetrievalSet
from indexing.engines.embedded.bm25_index import Bm25Index
from indexing.splitter import split
from qa.fusion import (
    LONG_REVIEW_PENALTY,
    PRODUCT_SIMILARITY_WEIGHT,
    SIMILARITY_WEIGHT,
    lengths_beyond_one,
)
from qa.rewriting import without_question_words
from qa.training.encoder_recipe import EncoderRecipe
from qa.training.hard_negatives import Encodes

FloatArray = npt.NDArray[np.float32]
_CUTOFFS = (1, 10, 100)
PHRASE_BOOST = 0.3
"""As the shipped pipelines have it."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A retrieval set cut into passages, with BM25's scores.

    Attributes:
        owners: by passage, the number of its text in ``data.texts``.
        allowed: (queries, texts) bool: what a query searches.
        relevant: (queries, texts) bool.
        bm25: (queries, texts): a text scores as its best passage does, 0 without a common word.
        lexical: the same as the shipped pipelines search: no question words, but phrases.
    """

    data: RetrievalSet
    passages: tuple[str, ...]
    owners: npt.NDArray[np.int64]
    allowed: npt.NDArray[np.bool_]
    relevant: npt.NDArray[np.bool_]
    bm25: FloatArray
    lexical: FloatArray


def searched(data: RetrievalSet, *, cut: bool = True) -> Searched:
    """Cut the texts as a store does, or not, and search them with BM25 in both ways."""
    passages, owners = [], []
    for number, text in enumerate(data.texts):
        for begin, end in split(text.text) if cut else [(0, len(text.text))]:
            passages.append(text.text[begin:end])
            owners.append(number)
    place = {text.id: at for at, text in enumerate(data.texts)}
    relevant = np.zeros((len(data.queries), len(data.texts)), np.bool_)
    allowed = np.ones_like(relevant)
    products: npt.NDArray[np.str_] = np.array([text.product_id for text in data.texts])
    for row, query in enumerate(data.queries):
        for name, grade in data.qrels[query.id].items():
            relevant[row, place[name]] = grade >= data.level
        if query.product_id is not None:
            allowed[row] = products == query.product_id
    numbers = np.array(owners, np.int64)
    index = Bm25Index(None)
    index.update(
        (
            (at + 1, data.texts[owner].product_id, passage)
            for at, (owner, passage) in enumerate(zip(owners, passages, strict=True))
        ),
        [],
    )
    plain = [query.text for query in data.queries]
    rewritten = [without_question_words(text) for text in plain]
    return Searched(
        data,
        tuple(passages),
        numbers,
        allowed,
        relevant,
        bm25=_bm25(data, index, plain, numbers),
        lexical=_bm25(data, index, rewritten, numbers, PHRASE_BOOST),
    )


def _bm25(
    data: RetrievalSet,
    index: Bm25Index,
    asked: Sequence[str],
    owners: npt.NDArray[np.int64],
    boost: float = 0.0,
) -> FloatArray:
    scores = np.zeros((len(data.queries), len(data.texts)), np.float32)
    for row, (query, text) in enumerate(zip(data.queries, asked, strict=True)):
        for group in index.search(text, len(owners), query.product_id, boost):
            for key, score in group:
                owner = owners[key - 1]
                scores[row, owner] = max(scores[row, owner], score)
    return scores


def dense_scores(found: Searched, encoder: Encodes) -> FloatArray:
    """(queries, texts): the inner product with the text's best passage; -inf if not searched."""
    queries = encoder.encode_queries([query.text for query in found.data.queries])
    wanted = np.logical_or.reduce(found.allowed, axis=0)
    used = np.flatnonzero(wanted[found.owners])
    inner = queries @ encoder.encode_passages([found.passages[at] for at in used.tolist()]).T
    owners = found.owners[used]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    scores = np.full(found.allowed.shape, -np.inf, np.float32)
    scores[:, owners[starts]] = np.maximum.reduceat(inner, starts, axis=1)
    return np.where(found.allowed, scores, -np.inf)


def reciprocal_ranks(dense: FloatArray, found: Searched, k: int = 60) -> FloatArray:
    """Reciprocal rank fusion (Cormack et al., SIGIR 2009); BM25 ranks what shares a word."""
    known = np.where(found.bm25 > 0, found.bm25, -np.inf)
    return _reciprocal(dense, k) + _reciprocal(known, k)


def _reciprocal(scores: FloatArray, k: int) -> FloatArray:
    places = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
    shares: FloatArray = np.where(np.isfinite(scores), 1 / (k + 1 + places), 0).astype(np.float32)
    return shares


def linear(dense: FloatArray, found: Searched) -> FloatArray:
    """The sum that the shipped pipelines join by: :func:`qa.fusion.linear_fusion`."""
    known = np.where(np.isfinite(dense), np.abs(dense), 0)
    greatest = np.maximum(known.max(axis=1, keepdims=True), 1)
    points = [
        SIMILARITY_WEIGHT if query.product_id is None else PRODUCT_SIMILARITY_WEIGHT
        for query in found.data.queries
    ]
    weights = np.array(points, np.float32)[:, np.newaxis]
    beyond = np.array([lengths_beyond_one(len(text.text)) for text in found.data.texts], np.float32)
    joined = found.lexical + weights * dense / greatest - LONG_REVIEW_PENALTY * beyond
    total: FloatArray = joined.astype(np.float32)
    return total


def ranks(scores: FloatArray, found: Searched) -> npt.NDArray[np.int64]:
    """(queries,): the rank of the best relevant text, 1 the first; ties count against it."""
    open_scores = np.where(found.allowed, scores, -np.inf)
    best = np.where(found.relevant, open_scores, -np.inf).max(axis=1, keepdims=True)
    ahead = (open_scores >= best) & ~found.relevant & found.allowed
    first: npt.NDArray[np.int64] = 1 + ahead.sum(axis=1)
    return first


def measured(scores: FloatArray, found: Searched) -> dict[str, float]:
    """MRR and success at 1, 10 and 100."""
    first = ranks(scores, found)
    result = {f"success@{k}": float((first <= k).mean()) for k in _CUTOFFS}
    return result | {"mrr": float((1 / first).mean())}


def selection_sets(recipe: EncoderRecipe, data: Path) -> dict[str, Searched]:
    """The sets that a recipe chooses by."""
    return {
        one.dataset: searched(load_retrieval(one.dataset, one.split, data, one.protocol))
        for one in recipe.selection
    }


def score_sets(sets: dict[str, Searched], encoder: Encodes) -> dict[str, dict[str, float]]:
    """What the encoder reaches on each set alone (``dense``) and with BM25 (``hybrid``)."""
    result: dict[str, dict[str, float]] = {}
    for name, found in sets.items():
        dense = dense_scores(found, encoder)
        for system, scores in (("dense", dense), ("hybrid", linear(dense, found))):
            values = measured(scores, found)
            result[f"{name} {system}"] = {k: round(v, 4) for k, v in values.items()}
    return result
