"""What every text encoder does: texts in, vectors out whose inner product is their similarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
"""(texts, dimension), one row a text, in the order given."""


class Encoder(Protocol):
    """A bi-encoder; safe to call from several threads.

    A text has the same vector whatever its company. ``fingerprint`` is of everything that decides
    a passage's vector: vectors of two fingerprints must never be compared. ``normalized``:
    whether every vector has length 1, so that the inner product is the cosine. ``max_length``: in
    the encoder's own pieces; the rest of a text is not read.
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_length(self) -> int: ...

    @property
    def normalized(self) -> bool: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Float32 (texts, dimension)."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Float32 (texts, dimension)."""
        ...
