"""Running windows through a model: the protocol, and ONNX Runtime behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

from qa.errors import ModelError
from qa.reader.spans import FloatArray
from qa.reader.windows import IntArray, Window

Logits = tuple[FloatArray, FloatArray]
_SLOW_FUSION = "SkipLayerNormFusion"
"""Joins an addition and a layer normalisation into a kernel that is several times slower."""


class SpanModel(Protocol):
    """Start and end logits, (length,) each, of every window, in the order given."""

    def logits(self, windows: Sequence[Window]) -> list[Logits]: ...


class OnnxSpanModel:
    """A span reader in ONNX: int64 (batch, length) inputs, float (batch, length) logits.

    Every window is a run of its own, and ``threads`` windows run at a time. Dynamic int8 scales
    activations over a whole batch, so in a batch a window's logits would depend on its company;
    alone they do not, nothing is padded, and it is faster than batches on two cores
    (docs/decisions/0003-one-window-a-run.md).
    """

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """
        Args:
            threads: windows read at a time; 0 takes every core this process may use.

        Raises:
            ModelError: ONNX Runtime cannot load the file.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=[_SLOW_FUSION],
            )
        except Exception as error:  # onnxruntime raises a dozen unrelated classes
            raise ModelError(f"{path}: ONNX Runtime cannot load this model: {error}") from error
        self._threads = threads or _cores()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="reader")

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """Logits in the order of ``windows``; safe to call from several threads."""
        if self._threads == 1 or len(windows) == 1:
            return [self._run(window) for window in windows]
        # The longest first, so that no long window is left to one core at the end.
        order = sorted(range(len(windows)), key=lambda i: -windows[i].length)
        found = dict(
            zip(order, self._pool.map(self._run, (windows[i] for i in order)), strict=True)
        )
        return [found[i] for i in range(len(windows))]

    def _run(self, window: Window) -> Logits:
        start, end = self._session.run(["start", "end"], dict(padded([window])))
        return start[0], end[0]


def _cores() -> int:
    """Cores this process may run on; all of them where the system cannot say."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


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
