"""Running windows through a model: the protocol, and ONNX Runtime behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

from qa.errors import ModelError
from qa.reader.spans import FloatArray
from qa.reader.windows import IntArray, Window

Logits = tuple[FloatArray, FloatArray]


class SpanModel(Protocol):
    """Start and end logits, (length,) each, of every window, in the order given."""

    def logits(self, windows: Sequence[Window]) -> list[Logits]: ...


class OnnxSpanModel:
    """A span reader in ONNX: int64 (batch, length) inputs, float (batch, length) logits."""

    def __init__(self, path: Path, *, threads: int = 0, batch_pieces: int = 2048) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises a dozen unrelated classes
            raise ModelError(f"{path}: ONNX Runtime cannot load this model: {error}") from error
        self._batch_pieces = batch_pieces

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """Logits in the order of ``windows``; batches hold windows of like length."""
        result: list[Logits | None] = [None] * len(windows)
        for indices in length_batches([w.length for w in windows], self._batch_pieces):
            batch = [windows[i] for i in indices]
            start, end = self._session.run(["start", "end"], dict(padded(batch)))
            for row, (index, window) in enumerate(zip(indices, batch, strict=True)):
                result[index] = (start[row, : window.length], end[row, : window.length])
        return [pair for pair in result if pair is not None]


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
    yield from (("input_ids", ids), ("attention_mask", mask), ("token_type_ids", segments))
