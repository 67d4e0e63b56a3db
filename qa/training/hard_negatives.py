"""Hard negatives: passages that look like an answer and hold none.

Ranked by BM25 (Karpukhin et al., 2020, DPR) or by the encoder itself (Xiong et al., 2021, ANCE),
and filtered, since what ranks high often does answer: see :meth:`Pairs.may_answer`, and for a
model's ranks the score, which has to stay below a share of the positive's (Moreira et al., 2024,
"NV-Retriever", TopK-PercPos).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, zip_longest
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexing.engines.embedded.bm25_index import Bm25Index
from qa.training.pairs import Pair, Pairs

Mined = list[tuple[int, ...]]
"""By pair: passages by number, hardest first."""


class Encodes(Protocol):
    """The half of :class:`qa.encoders.protocol.Encoder` that mining and measuring need."""

    def encode_queries(self, texts: Sequence[str]) -> FloatArray: ...
    def encode_passages(self, texts: Sequence[str]) -> FloatArray: ...


FloatArray = npt.NDArray[np.float32]
_ROWS = 1024


def kept_negatives(path: Path, going_on: bool, mine: Callable[[], Mined]) -> Mined:
    """Mined negatives, kept in a file for a run that goes on: what mined them may have changed."""
    if going_on:
        return [tuple(numbers) for numbers in json.loads(path.read_text("utf-8"))]
    mined = mine()
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(mined), "utf-8")
    partial.replace(path)
    return mined


def in_turns(one: Mined, other: Mined, depth: int) -> Mined:
    """The first ``depth`` of both, hardest first, each passage once."""
    return [
        tuple(dict.fromkeys(n for both in zip_longest(a, b) for n in both if n is not None))[:depth]
        for a, b in zip(one, other, strict=True)
    ]


def mine_bm25(pairs: Pairs, depth: int) -> Mined:
    """The first ``depth`` passages that BM25 finds for each question and that may not answer."""
    index = Bm25Index(None)
    index.update(((n, "", p.text) for n, p in enumerate(pairs.passages, 1)), [])

    def mined(pair: Pair) -> tuple[int, ...]:
        wanted = depth + len(pair.positives)
        groups = index.search(pair.question, wanted, None)
        ranked = islice((key - 1 for group in groups for key, _ in group), wanted)
        return tuple(n for n in ranked if not pairs.may_answer(pair, n))[:depth]

    with ThreadPoolExecutor() as pool:
        return list(pool.map(mined, pairs.pairs))


def mine_encoder(pairs: Pairs, encoder: Encodes, depth: int, near: float) -> Mined:
    """As :func:`mine_vectors`, of passages that answer some question, by an encoder's vectors."""
    numbers = candidates(pairs)
    return mine_vectors(
        pairs,
        encoder.encode_queries([pair.question for pair in pairs.pairs]),
        numbers,
        encoder.encode_passages([pairs.passages[number].text for number in numbers]),
        depth,
        near,
    )


def candidates(pairs: Pairs) -> list[int]:
    """Passages that answer some question: a mined one of these brings its own to a batch."""
    return sorted({passage for pair in pairs.pairs for passage in pair.positives})


def mine_vectors(
    pairs: Pairs,
    questions: FloatArray,
    numbers: Sequence[int],
    passages: FloatArray,
    depth: int,
    near: float,
) -> Mined:
    """The nearest ``depth`` passages of each question that may not answer.

    Args:
        questions: (pairs, dimension) in the order of ``pairs.pairs``.
        numbers: the passages to choose from, every positive among them.
        passages: (numbers, dimension) their vectors.
        near: passages that score above this share of the best positive's score are left out.
    """
    places = {number: place for place, number in enumerate(numbers)}
    mined: Mined = []
    for begin in range(0, len(questions), _ROWS):
        scores = questions[begin : begin + _ROWS] @ passages.T
        for row, pair in zip(scores, pairs.pairs[begin:], strict=False):
            positive = float(row[[places[n] for n in pair.positives]].max())
            # Of a negative score a share below 1 would be the greater number.
            bound = positive - (1 - near) * abs(positive)
            wanted = min(len(row), 2 * depth + len(pair.positives))
            nearest = np.argpartition(-row, wanted - 1)[:wanted]
            ordered = nearest[np.argsort(-row[nearest], kind="stable")]
            below = (numbers[place] for place in ordered.tolist() if row[place] < bound)
            mined.append(tuple(n for n in below if not pairs.may_answer(pair, n))[:depth])
    return mined
