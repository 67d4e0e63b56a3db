"""Measuring an encoder on the sets its card names; every figure as data."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.datasets.retrieval import load_retrieval
from eval.errors import DatasetNotFound
from eval.results import Column
from eval.retrieval import random_columns, set_columns
from eval.significance import bootstrap_interval, randomization_p
from qa.training.encoder_selection import (
    FloatArray,
    Searched,
    dense_scores,
    linear,
    reciprocal_ranks,
    searched,
)
from qa.training.hard_negatives import Encodes

OPEN = ("recall@1", "recall@3", "recall@10", "recall@100", "mrr")
EVIDENCE = ("precision@1", "mrr", "map", "ndcg@10")
PRODUCT = ("success@1", "success@3", "mrr")
_DEPTH = 1000
_REPEATS = 5
Say = Callable[[str], None]
Fusion = Callable[[FloatArray, Searched], FloatArray]
FUSIONS: Mapping[str, Fusion] = {
    "hybrid": linear,
    "hybrid RRF 60": reciprocal_ranks,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A set of the card; ``cut``: its texts are searched as the passages of a store."""

    name: str
    split: str
    protocol: str
    metrics: tuple[str, ...]
    cut: bool = True

    @property
    def corpus(self) -> str:
        """How figures name what is searched."""
        return "passages of the texts" if self.cut else "whole texts"


CARD_SETS = (
    Measured("squadshifts:amazon", "test", "open", OPEN, cut=False),
    Measured("squadshifts:amazon", "test", "open", OPEN),
    Measured("epqa", "test", "evidence", EVIDENCE),
    Measured("epqa:review", "test", "evidence", EVIDENCE),
    *(
        Measured(f"subjqa:{domain}", split, "product", PRODUCT)
        for domain, split in (
            ("electronics", "test"), ("grocery", "test"), ("books", "test"), ("movies", "test"),
            ("tripadvisor", "dev"), ("restaurants", "dev"),
        )
    ),
)  # fmt: skip


def measure(encoders: Mapping[str, Encodes], data: Path, say: Say) -> Iterator[dict[str, Any]]:
    """Figures of encoders on every set of the card that ``data`` holds.

    Beside them BM25, and random order where few texts are searched; each is set against BM25 by a
    paired randomisation test. Under ``product``, which tells encoders apart least and has most to
    encode, only the first encoder is measured.
    """
    for one in CARD_SETS:
        try:
            found = load_retrieval(one.name, one.split, data, one.protocol)
        except DatasetNotFound as error:
            say(f"{one.name}: left out, {error}")
            continue
        say(f"{one.name} {one.split} ({one.corpus}): {len(found.queries)} questions")
        yield from _figures(one, searched(found, cut=one.cut), encoders)


def _figures(
    one: Measured, found: Searched, encoders: Mapping[str, Encodes]
) -> Iterator[dict[str, Any]]:
    if one.protocol != "open":
        order = random_columns(found.data, one.metrics, depth=_DEPTH)
        yield from entries(one, "random order", order)
    bm25 = best_columns(one, found, np.where(found.bm25 > 0, found.bm25, -np.inf))
    yield from entries(one, "bm25", bm25)
    lexical = best_columns(one, found, np.where(found.lexical > 0, found.lexical, -np.inf))
    yield from entries(one, "bm25 with phrases", lexical, bm25)
    several = encoders if one.protocol != "product" else dict([next(iter(encoders.items()))])
    for name, encoder in several.items():
        dense = dense_scores(found, encoder)
        yield from entries(one, f"encoder {name}", best_columns(one, found, dense), bm25)
        for fusion, combine in FUSIONS.items():
            columns = best_columns(one, found, combine(dense, found))
            yield from entries(one, f"{fusion} {name}", columns, bm25)


def best_columns(one: Measured, found: Searched, scores: FloatArray) -> list[Column]:
    """Per-question values of a set's metrics for (queries, texts) scores; -inf is not found."""
    run = {
        query.id: _best(row, found)
        for query, row in zip(
            found.data.queries, np.where(found.allowed, scores, -np.inf), strict=True
        )
    }
    return set_columns(found.data, run, one.metrics)


def _best(row: npt.NDArray[np.float32], found: Searched) -> dict[str, float]:
    order = np.argsort(-row, kind="stable")[:_DEPTH].tolist()
    return {found.data.texts[at].id: float(row[at]) for at in order if np.isfinite(row[at])}


def entries(
    one: Measured,
    system: str,
    columns: Sequence[Column],
    baseline: Sequence[Column] = (),
) -> Iterator[dict[str, Any]]:
    """Figures of a system as data, set against BM25's where those are given."""
    against = {column.metric: column for column in baseline}
    for column in columns:
        scores = list(column.scores.values())
        entry: dict[str, Any] = {
            "dataset": one.name,
            "split": one.split,
            "protocol": one.protocol,
            "corpus": one.corpus,
            "metric": column.metric,
            "value": round(statistics.fmean(scores), 4),
            "interval": [round(bound, 4) for bound in bootstrap_interval(scores)],
            "questions": len(scores),
            "system": system,
        }
        if column.metric in against:
            other = against[column.metric].scores
            p = randomization_p([other[name] for name in column.scores], scores)
            entry |= {"baseline": "bm25", "p": round(p, 5)}
        yield entry


def throughput(encoder: Encodes, backbone: str, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Texts a second against sentence-transformers on the same texts, in turns; a ratio.

    Empty where that library is not installed. ``backbone``: a model of the same architecture.
    """
    if find_spec("sentence_transformers") is None:
        return []
    from qa.encoders.sentence_transformer import SentenceTransformerEncoder

    peer = SentenceTransformerEncoder(backbone)
    both: dict[str, Encodes] = {"ours": encoder, "theirs": peer}
    times: dict[str, list[float]] = {name: [] for name in both}
    for _ in range(_REPEATS + 1):
        for name, one in both.items():
            started = time.perf_counter()
            one.encode_passages(texts)
            times[name].append(time.perf_counter() - started)
    # The first round warms up.
    ours, theirs = (statistics.median(times[name][1:]) for name in ("ours", "theirs"))
    ratios = [b / a for a, b in zip(times["ours"][1:], times["theirs"][1:], strict=True)]
    return [
        {
            "dataset": "squadshifts:amazon",
            "split": "dev",
            "protocol": f"{len(texts)} passages, medians of {_REPEATS} turns",
            "metric": "throughput_ratio",
            "value": round(theirs / ours, 2),
            "interval": [round(min(ratios), 2), round(max(ratios), 2)],
            "texts_per_second": round(len(texts) / ours, 1),
            "system": "encoder int8",
            "baseline": "sentence-transformers",
        }
    ]
