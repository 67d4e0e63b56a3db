"""Batches of questions, each with a passage that answers it and some that do not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from qa.training.hard_negatives import Mined
from qa.training.pairs import Pair, Pairs
from qa.training.ranker_recipe import RankerStage


@dataclass(frozen=True, slots=True)
class RankedList:
    """A question by pair number, and its passages by number, the one that answers first."""

    pair: int
    passages: tuple[int, ...]


def make_lists(
    pairs: Pairs, mined: Mined, stage: RankerStage, seed: int
) -> list[tuple[RankedList, ...]]:
    """The batches of one epoch; the same for the same ``seed``. Every question is in one.

    Negatives are drawn anew each epoch: judged ones first, then mined ones of any rank. A question
    with neither is left out.
    """
    rng = random.Random(seed)  # noqa: S311 - sampling, not secrets
    lists = [
        RankedList(number, (rng.choice(pair.positives), *negatives))
        for number, pair in enumerate(pairs.pairs)
        if (negatives := _negatives(pair, mined[number], stage, rng))
    ]
    rng.shuffle(lists)
    return [tuple(lists[i : i + stage.questions]) for i in range(0, len(lists), stage.questions)]


def _negatives(
    pair: Pair, mined: Sequence[int], stage: RankerStage, rng: random.Random
) -> list[int]:
    judged = rng.sample(pair.negatives, min(stage.judged, stage.negatives, len(pair.negatives)))
    others = [number for number in mined if number not in judged]
    return judged + rng.sample(others, min(stage.negatives - len(judged), len(others)))
