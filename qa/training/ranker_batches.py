"""Batches of questions, each with a passage that answers it and some that do not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qa.training.hard_negatives import Mined
from qa.training.pairs import Pair, Pairs


class ListShape(Protocol):
    """How long lists are; see :class:`qa.training.ranker_recipe.RankerStage`."""

    @property
    def negatives(self) -> int: ...
    @property
    def judged(self) -> int: ...
    @property
    def questions(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RankedList:
    """A question by pair number, and its passages by number, the one that answers first."""

    pair: int
    passages: tuple[int, ...]


def make_lists(
    pairs: Pairs, mined: Mined, shape: ListShape, seed: int
) -> list[tuple[RankedList, ...]]:
    """The batches of one epoch; the same for the same ``seed``. Every question is in one.

    Negatives are drawn anew each epoch: judged ones first, then mined ones of any rank. A question
    with neither is left out.
    """
    rng = random.Random(seed)  # noqa: S311 - sampling, not secrets
    lists = [
        RankedList(number, (rng.choice(pair.positives), *negatives))
        for number, pair in enumerate(pairs.pairs)
        if (negatives := _negatives(pair, mined[number], shape, rng))
    ]
    rng.shuffle(lists)
    return [tuple(lists[i : i + shape.questions]) for i in range(0, len(lists), shape.questions)]


def _negatives(pair: Pair, mined: Sequence[int], shape: ListShape, rng: random.Random) -> list[int]:
    judged = rng.sample(pair.negatives, min(shape.judged, shape.negatives, len(pair.negatives)))
    others = [number for number in mined if number not in judged]
    return judged + rng.sample(others, min(shape.negatives - len(judged), len(others)))
