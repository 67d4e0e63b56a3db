"""An encoder that keeps passages' vectors, for measuring several systems on the same texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.encoders.protocol import Encoder, Vectors


class RememberingEncoder:
    """Another encoder's vectors; each distinct passage is encoded once.

    Memory grows by a vector for each passage, so it is for measuring, not for serving.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    @property
    def max_length(self) -> int:
        return self._encoder.max_length

    @property
    def normalized(self) -> bool:
        return self._encoder.normalized

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode_passages(new), strict=True))
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return np.stack([self._known[text] for text in texts])
