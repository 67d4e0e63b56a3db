"""Measuring a ranker on the sets its card names; every figure as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eval.datasets.retrieval import load_retrieval
from eval.errors import DatasetNotFound
from qa.ranker.scorer import PassageScorer
from qa.training.encoder_figures import EVIDENCE, OPEN, Measured, Say, best_columns, entries
from qa.training.encoder_selection import searched
from qa.training.ranker_recipe import RankerRecipe
from qa.training.ranker_selection import Reranked, rank_again, reranked, sample

CARD_SETS = (
    Measured("squadshifts:amazon", "test", "open", OPEN),
    Measured("epqa", "test", "evidence", EVIDENCE),
    Measured("epqa:review", "test", "evidence", EVIDENCE),
)


def measure(
    scorers: Mapping[str, PassageScorer], recipe: RankerRecipe, data: Path, say: Say
) -> Iterator[dict[str, Any]]:
    """Figures of scorers that rank BM25's first texts again, on the sets that ``data`` holds."""
    for one in CARD_SETS:
        try:
            found = load_retrieval(one.name, one.split, data, one.protocol)
        except DatasetNotFound as error:
            say(f"{one.name}: left out, {error}")
            continue
        asked = sample(found, recipe.measured)
        say(f"{one.name} {one.split}: {len(asked.queries)} questions")
        yield from _figures(one, reranked(searched(asked), recipe.top_n), scorers, recipe)


def _figures(
    one: Measured, first: Reranked, scorers: Mapping[str, PassageScorer], recipe: RankerRecipe
) -> Iterator[dict[str, Any]]:
    found = first.found
    bm25 = best_columns(one, found, np.where(found.bm25 > 0, found.bm25, -np.inf))
    yield from entries(one, "bm25", bm25)
    for name, scorer in scorers.items():
        for kind, scores in rank_again(first, scorer, recipe.mix).items():
            system = f"{name} on the first {recipe.top_n}, {_described(kind, recipe.mix)}"
            columns = best_columns(one, found, scores)
            yield from entries(one, system, columns, bm25)


def _described(kind: str, mix: float) -> str:
    return "alone" if kind == "alone" else f"{mix:g} of the score"
