"""A model of :mod:`qa.model_folder` in ONNX Runtime, inputs through it one by one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from qa.errors import ModelError

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What a model may take; graphs of :mod:`qa.training.export` need no mask."""
_SLOW_FUSION = "SkipLayerNormFusion"
"""Joins an addition and a layer normalisation into a kernel that is several times slower
(docs/decisions/0004-int8.md)."""

Ids = Sequence[int] | npt.NDArray[np.int64]
Text = tuple[Ids, int]
"""The pieces of a text or of two, and where the second (segment 1) begins."""
Array = npt.NDArray[np.float32]


class ModelSession:
    """A model with int64 (1, length) :data:`INPUTS`; safe to call from several threads.

    Every text is a run of its own, and ``threads`` run at a time. Dynamic int8 scales activations
    over a whole batch, so in a batch an input's outputs would depend on its company; alone they do
    not, nothing is padded, and it is faster than batches on two cores
    (docs/decisions/0003-one-window-a-run.md).
    """

    def __init__(self, path: Path, outputs: Sequence[str], what: str, threads: int = 0) -> None:
        """
        Args:
            outputs: names of what the model gives.
            what: what it has to be, for messages, such as "encoder".
            threads: inputs run at a time; 0 takes every core this process may use.

        Raises:
            ModelError: ONNX Runtime cannot load the file, or it is another kind of model.
        """
        self._session = _open(path)
        self.shapes = {one.name: one.shape for one in self._session.get_outputs()}
        self._inputs = {one.name for one in self._session.get_inputs()}
        there = {*self.shapes, *self._inputs}
        if missing := [name for name in ("input_ids", *outputs) if name not in there]:
            raise ModelError(f"{path}: no {what}: it lacks {', '.join(missing)}")
        if unknown := sorted(self._inputs.difference(INPUTS)):
            raise ModelError(f"{path}: no {what}: it wants {', '.join(unknown)}")
        self._outputs = list(outputs)
        self._threads = threads or _cores()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=what)

    def run(self, items: Sequence[Text]) -> list[list[Array]]:
        """For each item its outputs, without the batch axis."""
        # The longest first, so that no long input is left to one core at the end.
        left = deque(sorted(range(len(items)), key=lambda i: -len(items[i][0])))
        found: list[list[Array]] = [[] for _ in items]

        def work() -> None:
            while True:
                try:
                    i = left.popleft()
                except IndexError:  # the other workers took the rest
                    return
                found[i] = self._one(items[i])

        workers = min(self._threads, len(items))
        if workers < 2:
            work()
            return found
        try:
            for one in [self._pool.submit(work) for _ in range(workers)]:
                one.result()
        finally:
            left.clear()  # after an error nobody waits for the rest
        return found

    def _one(self, item: Text) -> list[Array]:
        made = self._session.run(self._outputs, feeds(item, self._inputs))
        return [one[0] for one in made]


def feeds(item: Text, names: Collection[str]) -> dict[str, npt.NDArray[np.int64]]:
    """Those of :data:`INPUTS` that are named, of one text, (1, length) each."""
    pieces, second = item
    ids = np.array([pieces], np.int64)
    segments = np.zeros_like(ids)
    segments[:, second:] = 1
    values = zip(INPUTS, (ids, np.ones_like(ids), segments), strict=True)
    return {name: value for name, value in values if name in names}


def _open(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return ort.InferenceSession(
            path, options, ["CPUExecutionProvider"], disabled_optimizers=[_SLOW_FUSION]
        )
    except Exception as error:  # onnxruntime raises a dozen unrelated classes
        raise ModelError(f"{path}: ONNX Runtime cannot load this model: {error}") from error


def _cores() -> int:
    """Cores this process may run on; all of them where the system cannot say."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
