"""One text encoder in ONNX Runtime, texts through it one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.encoders.package import OUTPUT, load_encoder_manifest
from qa.encoders.protocol import Vectors
from qa.errors import ModelError
from qa.model_folder import MODEL, load_tokenizer
from qa.model_session import ModelSession

_CHUNK = 4096
"""Texts tokenised at a time: tokens of a whole corpus need not be in memory together."""


class Tower:
    """An encoder folder, loaded; safe to call from several threads."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """
        Args:
            threads: texts encoded at a time; 0 takes every core this process may use.

        Raises:
            ModelError: the folder cannot be used.
        """
        self.manifest = load_encoder_manifest(folder)
        self._tokenizer = load_tokenizer(folder)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.manifest.max_length)
        self._session = ModelSession(folder / MODEL, [OUTPUT], "encoder", threads)
        given, dimension = self._session.shapes[OUTPUT][-1], self.manifest.dimension
        if isinstance(given, int) and given != dimension:
            raise ModelError(
                f"{folder / MODEL}: gives {given} dimensions, the manifest says {dimension}"
            )

    def encode(self, texts: Sequence[str], prefix: str) -> Vectors:
        """Float32 (texts, dimension), in the order of ``texts``."""
        result = np.empty((len(texts), self.manifest.dimension), np.float32)
        for begin in range(0, len(texts), _CHUNK):
            part = [prefix + text for text in texts[begin : begin + _CHUNK]]
            pieces = [one.ids for one in self._tokenizer.encode_batch_fast(part)]
            found = self._session.run([(ids, len(ids)) for ids in pieces])
            for row, (vector,) in enumerate(found, begin):
                result[row] = vector
        return result
