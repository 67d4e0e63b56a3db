"""Scores that choose between a ranker's checkpoints: first texts of dev questions, ranked again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval.datasets.retrieval import load_retrieval
from eval.records import RetrievalSet
from qa.encoders.registry import open_encoder
from qa.ranker.scorer import PassageScorer
from qa.training.encoder_selection import (
    FloatArray,
    Searched,
    dense_scores,
    linear,
    measured,
    searched,
)
from qa.training.ranker_recipe import RankerRecipe

_SEED = 13


@dataclass(frozen=True, slots=True)
class Reranked:
    """A searched set; ``first``: (queries, texts) scores of the first ranking, -inf not found.

    ``top``: by query, the numbers of the texts that are ranked again, best first.
    ``passages``: by text.
    """

    found: Searched
    first: FloatArray
    top: tuple[tuple[int, ...], ...]
    passages: tuple[tuple[str, ...], ...]


def reranked(found: Searched, top_n: int, encoder: str | None = None) -> Reranked:
    """The best texts of BM25 or, with an encoder, of both, as the shipped pipelines search."""
    first = found.lexical
    if encoder is not None:
        first = linear(dense_scores(found, open_encoder(encoder)), found)
    first = np.where(found.allowed, first, -np.inf).astype(np.float32)
    order = np.argsort(-first, axis=1, kind="stable")[:, :top_n]
    top = [
        tuple(at for at in places.tolist() if found.allowed[row, at])
        for row, places in enumerate(order)
    ]
    passages: list[list[str]] = [[] for _ in found.data.texts]
    for owner, passage in zip(found.owners.tolist(), found.passages, strict=True):
        passages[owner].append(passage)
    return Reranked(found, first, tuple(top), tuple(map(tuple, passages)))


def sample(data: RetrievalSet, limit: int | None) -> RetrievalSet:
    """The set with so many of its queries, always the same."""
    if limit is None or limit >= len(data.queries):
        return data
    rng = random.Random(_SEED)  # noqa: S311 - sampling, not secrets
    kept = sorted(rng.sample(range(len(data.queries)), limit))
    return replace(data, queries=tuple(data.queries[at] for at in kept))


def rank_again(one: Reranked, scorer: PassageScorer, mix: float) -> dict[str, FloatArray]:
    """(queries, texts) scores: the scorer's ``alone``, and ``mixed`` with the first ranking's.

    What is not ranked again stays below, in its order. A text scores as its best passage does.
    """
    tables = {name: _below(one.first) for name in ("alone", "mixed")}
    for row, (query, top) in enumerate(zip(one.found.data.queries, one.top, strict=True)):
        places = list(top)
        now = _unit(_scores(one, scorer, query.text, places))
        before = _unit(one.first[row, places])
        tables["alone"][row, places] = now
        tables["mixed"][row, places] = (1 - mix) * before + mix * now
    return tables


def _scores(one: Reranked, scorer: PassageScorer, query: str, places: Sequence[int]) -> FloatArray:
    groups = [one.passages[at] or ("",) for at in places]
    (flat,) = scorer.score([query], [[passage for group in groups for passage in group]])
    ends = np.cumsum([len(group) for group in groups])
    return np.maximum.reduceat(np.array(flat, np.float32), ends - [len(g) for g in groups])


def _unit(scores: FloatArray) -> FloatArray:
    """Stretched to [0, 1]."""
    low, high = scores.min(), scores.max()
    unit: FloatArray = (scores - low) / max(float(high - low), 1e-9)
    return unit


def _below(first: FloatArray) -> FloatArray:
    """The first ranking's scores in its order, all of them below 0."""
    high = first.max(axis=1, keepdims=True)
    below: FloatArray = (first - high - 1).astype(np.float32)
    return below


def selection_sets(recipe: RankerRecipe, data: Path) -> dict[str, Reranked]:
    """The sets that a recipe chooses by."""
    return {
        one.dataset: reranked(
            searched(sample(load_retrieval(one.dataset, one.split, data, one.protocol), one.limit)),
            recipe.top_n,
            one.encoder,
        )
        for one in recipe.selection
    }


def score_sets(
    sets: dict[str, Reranked], scorer: PassageScorer, mix: float
) -> dict[str, dict[str, float]]:
    """What the scorer reaches on each set, alone and mixed."""
    result: dict[str, dict[str, float]] = {}
    for name, one in sets.items():
        for system, scores in rank_again(one, scorer, mix).items():
            values = measured(scores, one.found)
            result[f"{name} {system}"] = {k: round(v, 4) for k, v in values.items()}
    return result
