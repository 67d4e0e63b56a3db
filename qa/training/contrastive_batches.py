"""Batches in which passages are each other's hard negatives.

A negative that is added to a batch costs a passage's encoding and serves one question. A negative
that brings its own questions costs the same and serves both, so batches are put together of small
groups of passages that were mined for each other's questions (compare Hofstätter et al., 2021,
topic-aware sampling).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.training.encoder_recipe import EncoderStage
from qa.training.hard_negatives import Mined
from qa.training.pairs import Pairs


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions by pair number, passages by number, and which passage answers which question."""

    pairs: tuple[int, ...]
    passages: tuple[int, ...]
    targets: tuple[int, ...]
    """By question: the position of its positive in ``passages``."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A passage with some of its questions."""

    passage: int
    pairs: tuple[int, ...]


def make_batches(pairs: Pairs, mined: Mined, stage: EncoderStage, seed: int) -> list[Batch]:
    """The batches of one epoch; the same for the same ``seed``. Every question is in one."""
    rng = random.Random(seed)  # noqa: S311 - sampling, not secrets
    units = _units(pairs, stage.questions, rng)
    ordered = [unit for cluster in _clusters(units, mined, stage.cluster, rng) for unit in cluster]
    size = stage.passages
    groups = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    if len(groups) > 1 and len(groups[-1]) < size // 2:
        groups[-2:] = [groups[-2] + groups[-1]]
    rng.shuffle(groups)
    return [_batch(pairs, mined, group, stage, rng) for group in groups]


def _units(pairs: Pairs, most: int, rng: random.Random) -> list[_Unit]:
    """Questions under one of their positives; a drawn order of passages keeps them together."""
    order = [rng.random() for _ in pairs.passages]
    asked: dict[int, list[int]] = {}
    for number, pair in enumerate(pairs.pairs):
        asked.setdefault(max(pair.positives, key=order.__getitem__), []).append(number)
    units = []
    for passage, numbers in asked.items():
        rng.shuffle(numbers)
        units += [
            _Unit(passage, tuple(numbers[i : i + most])) for i in range(0, len(numbers), most)
        ]
    return units


def _clusters(
    units: Sequence[_Unit], mined: Mined, size: int, rng: random.Random
) -> Iterator[list[_Unit]]:
    """Each unit once, in random order, with the units of the passages mined most for it."""
    waiting: dict[int, list[_Unit]] = {}
    for unit in units:
        waiting.setdefault(unit.passage, []).append(unit)
    order = list(waiting)
    rng.shuffle(order)
    for seed in order:
        while waiting.get(seed):
            cluster = [waiting[seed].pop()]
            for other in _neighbours(cluster[0], mined):
                if len(cluster) == size:
                    break
                if other != seed and waiting.get(other):
                    cluster.append(waiting[other].pop())
            yield cluster


def _neighbours(unit: _Unit, mined: Mined) -> list[int]:
    """Passages mined for the unit's questions, those of high ranks for many questions first."""
    votes: Counter[int] = Counter()
    for number in unit.pairs:
        for rank, passage in enumerate(mined[number]):
            votes[passage] += 1000 // (rank + 1)
    return [passage for passage, _ in votes.most_common()]


def _batch(
    pairs: Pairs, mined: Mined, units: Sequence[_Unit], stage: EncoderStage, rng: random.Random
) -> Batch:
    numbers = list(dict.fromkeys(unit.passage for unit in units))
    seat = {passage: at for at, passage in enumerate(numbers)}
    extra = dict.fromkeys(n for unit in units for n in _extra(pairs, mined, unit, stage, rng))
    numbers += [n for n in extra if n not in seat]
    asked = [(number, seat[unit.passage]) for unit in units for number in unit.pairs]
    return Batch(tuple(n for n, _ in asked), tuple(numbers), tuple(at for _, at in asked))


def _extra(
    pairs: Pairs, mined: Mined, unit: _Unit, stage: EncoderStage, rng: random.Random
) -> Iterator[int]:
    for number in unit.pairs:
        judged = pairs.pairs[number].negatives
        yield from rng.sample(judged, min(stage.judged, len(judged)))
    pool = list(dict.fromkeys(n for number in unit.pairs for n in mined[number]))
    yield from rng.sample(pool, min(stage.hard, len(pool)))
