"""One text encoder in ONNX Runtime, texts through it one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from qa.encoders.package import INPUTS, MODEL, OUTPUT, TOKENIZER, load_encoder_manifest
from qa.encoders.protocol import Vectors
from qa.errors import ModelError

_SLOW_FUSION = "SkipLayerNormFusion"  # see docs/decisions/0004-int8.md
_CHUNK = 4096
"""Texts tokenised at a time: tokens of a whole corpus need not be in memory together."""


class Tower:
    """An encoder folder, loaded; safe to call from several threads.

    Every text is a run of its own and ``threads`` run at a time, because dynamic int8 scales
    activations over a whole batch (docs/decisions/0003-one-window-a-run.md).
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """
        Args:
            threads: texts encoded at a time; 0 takes every core this process may use.

        Raises:
            ModelError: the folder cannot be used.
        """
        self.manifest = load_encoder_manifest(folder)
        self._tokenizer = _tokenizer(folder / TOKENIZER, self.manifest.max_length)
        self._session = _session(folder / MODEL, self.manifest.dimension)
        self._threads = threads or _cores()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="encoder")

    def encode(self, texts: Sequence[str], prefix: str) -> Vectors:
        """Float32 (texts, dimension), in the order of ``texts``."""
        result = np.empty((len(texts), self.manifest.dimension), np.float32)
        for begin in range(0, len(texts), _CHUNK):
            part = [prefix + text for text in texts[begin : begin + _CHUNK]]
            self._encode(part, result[begin : begin + _CHUNK])
        return result

    def _encode(self, texts: list[str], rows: Vectors) -> None:
        pieces = [one.ids for one in self._tokenizer.encode_batch_fast(texts)]
        # The longest first, so that no long text is left to one core at the end.
        order = sorted(range(len(pieces)), key=lambda i: -len(pieces[i]))
        alone = self._threads == 1 or len(order) == 1
        over: Callable[..., Iterable[Any]] = map if alone else self._pool.map
        found = over(self._run, (pieces[i] for i in order))
        for index, vector in zip(order, found, strict=True):
            rows[index] = vector

    def _run(self, ids: Sequence[int]) -> Any:
        row = np.array([ids], np.int64)
        values = (row, np.ones_like(row), np.zeros_like(row))
        return self._session.run([OUTPUT], dict(zip(INPUTS, values, strict=True)))[0][0]


def _tokenizer(path: Path, max_length: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length)
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(f"{path}: not a usable tokenizer: {error}") from error
    return tokenizer


def _session(path: Path, dimension: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(
            path, options, ["CPUExecutionProvider"], disabled_optimizers=[_SLOW_FUSION]
        )
    except Exception as error:  # onnxruntime raises a dozen unrelated classes
        raise ModelError(f"{path}: ONNX Runtime cannot load this model: {error}") from error
    shapes = {one.name: one.shape for one in session.get_outputs()}
    missing = set(INPUTS) - {one.name for one in session.get_inputs()}
    if missing or OUTPUT not in shapes:
        raise ModelError(f"{path}: no encoder: it lacks {', '.join(sorted(missing)) or OUTPUT}")
    if shapes[OUTPUT][-1] not in (dimension, None) and not isinstance(shapes[OUTPUT][-1], str):
        raise ModelError(
            f"{path}: gives {shapes[OUTPUT][-1]} dimensions, the manifest says {dimension}"
        )
    return session


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
