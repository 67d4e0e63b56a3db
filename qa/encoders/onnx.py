"""Encoders in ONNX: one tower for questions and passages, or one for each (DPR)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from qa.encoders.package import PASSAGE_TOWER, QUERY_TOWER, SHIPPED, has_two_towers
from qa.encoders.protocol import Vectors
from qa.encoders.session import Tower
from qa.errors import ModelError


class OnnxEncoder:
    """An encoder folder of this project; needs no torch."""

    def __init__(self, queries: Tower, passages: Tower) -> None:
        """Raises :class:`ModelError` when two towers do not belong together."""
        asked, told = queries.manifest, passages.manifest
        if (asked.dimension, asked.normalized) != (told.dimension, told.normalized):
            raise ModelError(
                f"the towers of {told.name} do not fit: {asked.dimension} dimensions, normalised "
                f"{asked.normalized}, against {told.dimension}, {told.normalized}"
            )
        self._queries, self._passages = queries, passages
        self.manifest = told
        self.name = told.name
        self.dimension = told.dimension
        self.max_length = told.max_length
        self.normalized = told.normalized
        self.fingerprint = told.fingerprint
        if queries is not passages:
            both = f"{asked.fingerprint} {told.fingerprint}"
            self.fingerprint = sha256(both.encode()).hexdigest()[:16]

    @classmethod
    def load(cls, folder: Path | None = None, *, threads: int = 0) -> OnnxEncoder:
        """Open an encoder folder, the shipped one by default; ``threads`` 0 takes every core.

        Raises:
            ModelError: the folder cannot be used.
        """
        folder = folder or SHIPPED
        if has_two_towers(folder):
            towers = [Tower(folder / name, threads) for name in (QUERY_TOWER, PASSAGE_TOWER)]
            return cls(*towers)
        tower = Tower(folder, threads)
        return cls(tower, tower)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See :class:`qa.encoders.protocol.Encoder`."""
        return self._queries.encode(texts, self._queries.manifest.query_prefix)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See :class:`qa.encoders.protocol.Encoder`."""
        return self._passages.encode(texts, self._passages.manifest.passage_prefix)
