"""An encoder without a model, for tests: texts that share words are similar, always the same way.

Every word has a direction that a digest of it decides; a text is the normalised sum of its words'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from qa.encoders.protocol import Vectors

_WORD = re.compile(r"\w+")


class FakeEncoder:
    """Deterministic on every machine; knows no language."""

    normalized = True
    max_length = 512

    def __init__(self, dimension: int = 32) -> None:
        """Raises ``ValueError`` for a dimension below 1."""
        if dimension < 1:
            raise ValueError(f"dimension is {dimension}, it must be at least 1")
        self.dimension = dimension
        self.name = f"fake:{dimension}"
        self.fingerprint = f"fake-{dimension}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As passages: question and passage in the same words are the same."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Float32 (texts, dimension), each row of length 1; a text without a word is the first
        axis."""
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            words = _WORD.findall(text.lower())[: self.max_length]
            total = np.sum([self._direction(word) for word in words] or [np.zeros(1)], axis=0)
            length = float(np.linalg.norm(total))
            if length:
                row[:] = total / length
            else:
                row[0] = 1
        return rows

    def _direction(self, word: str) -> np.ndarray:
        seed = int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())
        return np.random.default_rng(seed).standard_normal(self.dimension)
