"""Running windows through a model: the protocol, and ONNX Runtime behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from qa.model_session import INPUTS, ModelSession
from qa.reader.spans import FloatArray
from qa.reader.windows import IntArray, Window

Logits = tuple[FloatArray, FloatArray]


class SpanModel(Protocol):
    """Start and end logits, (length,) each, of every window, in the order given."""

    def logits(self, windows: Sequence[Window]) -> list[Logits]: ...


class OnnxSpanModel:
    """A span reader in ONNX: int64 (1, length) inputs, float (1, length) logits."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """
        Args:
            threads: windows read at a time; 0 takes every core this process may use.

        Raises:
            ModelError: ONNX Runtime cannot load the file.
        """
        self._session = ModelSession(path, ["start", "end"], "reader", threads)

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """Logits in the order of ``windows``; safe to call from several threads."""
        found = self._session.run([(window.input_ids, window.first) for window in windows])
        return [(start, end) for start, end in found]


def length_batches(lengths: Sequence[int], pieces: int) -> Iterator[list[int]]:
    """Indices in batches of like length, each of at most ``pieces`` padded pieces (or one item)."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > pieces:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def padded(batch: Sequence[Window]) -> Iterator[tuple[str, IntArray]]:
    """Named model inputs, each (batch, longest), padded with zeros on the right."""
    shape = (len(batch), max(w.length for w in batch))
    ids, mask, segments = (np.zeros(shape, np.int64) for _ in range(3))
    for row, window in enumerate(batch):
        ids[row, : window.length] = window.input_ids
        mask[row, : window.length] = 1
        segments[row, window.first : window.length] = 1
    yield from zip(INPUTS, (ids, mask, segments), strict=True)
