"""What scores passages for a question by reading both: a cross-encoder, or a reader's evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from qa.errors import ModelError
from qa.model_folder import kind_of
from qa.ranker import package
from qa.ranker.cross_encoder import CrossEncoder
from qa.reader.package import KIND, SHIPPED
from qa.reader.reader import Reader
from qa.reader.spans import ScoredSpan

SHIPPED_NAME = "shipped"
NO_SPAN = -20.0
"""Log odds of a passage without a word to mark; farther off they would level all others."""


class PassageScorer(Protocol):
    """Scores of a question's own passages, more is better; comparable for one question."""

    @property
    def fingerprint(self) -> str: ...

    def score(
        self, questions: Sequence[str], passages: Sequence[Sequence[str]]
    ) -> list[list[float]]: ...


class ReaderEvidence:
    """The log odds of the best answer span that a reader finds in each passage."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.fingerprint = reader.manifest.fingerprint

    def score(
        self, questions: Sequence[str], passages: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """See :class:`PassageScorer`."""
        return [log_odds(reading.spans) for reading in self._reader.read(questions, passages)]


def log_odds(spans: Sequence[Sequence[ScoredSpan]]) -> list[float]:
    """Those of each passage's best span."""
    return [best[0].score if best else NO_SPAN for best in spans]


def open_scorer(name: str = SHIPPED_NAME, *, threads: int = 0) -> PassageScorer:
    """A scorer by name.

    Args:
        name: ``shipped`` for the reader that ships, or the folder of a reader or of a ranker.
        threads: of the CPU; 0 takes every core.

    Raises:
        ModelError: no such folder, or neither a reader nor a ranker in it.
    """
    folder = SHIPPED if name == SHIPPED_NAME else Path(name)
    kind = kind_of(folder)
    if kind == KIND:
        return ReaderEvidence(Reader.load(folder, threads=threads))
    if kind == package.KIND:
        return CrossEncoder.load(folder, threads=threads)
    raise ModelError(f"{folder}: neither a reader nor a ranker but {kind or 'no kind'!r}")
