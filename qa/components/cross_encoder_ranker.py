"""A cross-encoder's ranking of passages, as a Haystack component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from haystack import Document, component

from qa.components.origin import CROSS_ENCODER
from qa.components.passage_ranker import PassageRanker
from qa.ranker.cross_encoder import CrossEncoder


@component
class CrossEncoderRanker(PassageRanker):
    """Ranks passages by the scores of a cross-encoder; none ships, ``train ranker`` makes one."""

    origin = CROSS_ENCODER

    def __init__(
        self,
        model: str,
        top_n: int = 30,
        milliseconds: float | None = None,
        weight: float = 0.75,
        top_k: int = 10,
        threads: int = 0,
    ) -> None:
        """
        Args:
            model: a ranker folder.
            top_n, milliseconds, weight, top_k, threads: see :class:`PassageRanker`.
        """
        self.model = model
        self._encoder: CrossEncoder | None = None
        PassageRanker.__init__(self, top_n, milliseconds, weight, top_k, threads)

    def warm_up(self) -> None:
        """Load the model; raises :class:`qa.errors.ModelError`."""
        if self._encoder is None:
            self._encoder = CrossEncoder.load(Path(self.model), threads=self.threads)

    def close(self) -> None:
        """Let go of the model."""
        self._encoder = None

    @property
    def encoder(self) -> CrossEncoder:
        """The loaded model."""
        self.warm_up()
        assert self._encoder is not None
        return self._encoder

    @property
    def fingerprint(self) -> str:
        """Of the model, which is loaded if need be."""
        return self.encoder.fingerprint

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self, query: str, documents: list[Document], top_k: int | None = None
    ) -> dict[str, Any]:
        """The passages that were scored, best first, then the others in their order."""

        def scores(texts: list[str]) -> list[float]:
            (found,) = self.encoder.score([query], [texts])
            return found

        return self.ranked(scores, documents, top_k)
