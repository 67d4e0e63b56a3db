"""Questions as model inputs with soft start and end targets, and batches of even length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.records import Annotation, ReadingQuestion
from qa.reader.windows import IntArray, Window, Windower
from qa.training.reader_data import SOMEWHERE, UNLABELLED


@dataclass(frozen=True, slots=True)
class Feature:
    """One window and its targets: positions (k,), their weights (k,) summing to one, twice.

    ``somewhere``: any span of the context will do, only the null answer is wrong.
    ``unlabelled``: the targets mean nothing until a teacher has given others.
    ``taught``: (2, length), what a teacher adds to the targets of every position as start and as
    end; the weights then sum to one less its share.
    """

    window: Window
    starts: IntArray
    ends: IntArray
    weights: np.ndarray[tuple[int], np.dtype[np.float32]]
    somewhere: bool = False
    unlabelled: bool = False
    taught: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None = None


def features(questions: Sequence[ReadingQuestion], windower: Windower) -> list[Feature]:
    """Windows of all questions with their targets.

    Each annotation gives its share of the target; one without a span inside the window gives it to
    the null position, so annotators who disagree leave a soft target, not two hard examples.
    """
    windows = windower.cut([q.question for q in questions], [[q.context] for q in questions])
    return [_feature(window, questions[window.question]) for window in windows]


def batches(items: Sequence[Feature], tokens: int, seed: int) -> Iterator[list[Feature]]:
    """Shuffled batches of at most ``tokens`` padded pieces, each of windows of like length."""
    rng = random.Random(seed)  # noqa: S311 - shuffling, not secrets
    order = list(items)
    rng.shuffle(order)
    pool = max(1, 50 * tokens // max(f.window.length for f in order))
    chunks = [sorted(order[i : i + pool], key=_length) for i in range(0, len(order), pool)]
    result = [batch for chunk in chunks for batch in _by_budget(chunk, tokens)]
    rng.shuffle(result)
    yield from result


def _by_budget(chunk: list[Feature], tokens: int) -> Iterator[list[Feature]]:
    batch: list[Feature] = []
    for item in chunk:
        if batch and (len(batch) + 1) * item.window.length > tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _length(item: Feature) -> int:
    return item.window.length


def _feature(window: Window, question: ReadingQuestion) -> Feature:
    annotations = question.annotations
    targets: dict[tuple[int, int], float] = {}
    for spans in annotations:
        for pair in _positions(window, spans):
            targets[pair] = targets.get(pair, 0.0) + 1.0 / len(annotations)
    pairs = np.asarray(list(targets), np.int64)
    weights = np.asarray(list(targets.values()), np.float32)
    return Feature(
        window,
        pairs[:, 0],
        pairs[:, 1],
        weights / weights.sum(),
        somewhere=SOMEWHERE in question.meta,
        unlabelled=UNLABELLED in question.meta,
    )


def _positions(window: Window, spans: Annotation) -> list[tuple[int, int]]:
    """The piece range of the first span inside the window, else the null answer's."""
    low, high = int(window.offsets[0, 0]), int(window.offsets[-1, 1])
    for span in spans:
        if low <= span.start and span.end <= high:
            first = int(np.searchsorted(window.offsets[:, 1], span.start, side="right"))
            last = int(np.searchsorted(window.offsets[:, 0], span.end, side="left")) - 1
            if first <= last:
                return [(window.first + first, window.first + last)]
    return [(0, 0)]
