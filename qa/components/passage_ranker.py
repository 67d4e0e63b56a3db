"""What rankers of passages share: settings, the time budget, mixing with what came before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any, ClassVar

from haystack import Document

from qa.components.origin import with_origin
from qa.fusion import best_first, min_max

_BATCH = 8
"""Passages scored between two looks at the clock."""
_BELOW = 2.0
"""Puts the scores of what was not scored, stretched to [0, 1], below those of what was."""


Score = Callable[[list[str]], list[float]]
"""How well each text answers, more is better."""


class PassageRanker:
    """Ranks the first passages by a model's scores and the scores that they come with."""

    origin: ClassVar[str]
    """How documents name the ranker in their origin."""

    def __init__(
        self, top_n: int, milliseconds: float | None, weight: float, top_k: int, threads: int
    ) -> None:
        """
        Args:
            top_n: so many of the first passages are scored; the rest follows as it came.
            milliseconds: stop scoring when so much time has gone; None scores all ``top_n``, which
                alone makes the order the same on every machine.
            weight: the model's share in [0, 1]; the score that passages come with has the rest.
            top_k: documents to return when a run does not say.
            threads: CPU threads of the model; 0 takes every core.
        """
        for name, value in (("top_n", top_n), ("top_k", top_k)):
            if value < 1:
                raise ValueError(f"{name} is {value}, it must be at least 1")
        if milliseconds is not None and milliseconds <= 0:
            raise ValueError(f"milliseconds is {milliseconds}, it must be more than 0")
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}, it must be between 0 and 1")
        self.top_n = top_n
        self.milliseconds = milliseconds
        self.weight = weight
        self.top_k = top_k
        self.threads = threads

    def ranked(self, score: Score, documents: list[Document], top_k: int | None) -> dict[str, Any]:
        """The passages that were scored, best first, then the others in their order."""
        started = perf_counter()
        scores = self._in_time(score, documents[: self.top_n], started)
        rest = documents[len(scores) :]
        after = min_max({document.id: document.score or 0.0 for document in rest})
        others = [replace(document, score=after[document.id] - _BELOW) for document in rest]
        limit = self.top_k if top_k is None else top_k
        return {
            "documents": [*self._mixed(documents, scores), *others][:limit],
            "milliseconds": 1000 * (perf_counter() - started),
        }

    def _mixed(self, documents: list[Document], scores: list[float]) -> list[Document]:
        """Those that were scored; their new scores are in [0, 1]."""
        known = {d.id: (d, score) for d, score in zip(documents, scores, strict=False)}
        before = min_max({name: d.score or 0.0 for name, (d, _) in known.items()})
        now = min_max({name: score for name, (_, score) in known.items()})
        total = {n: (1 - self.weight) * before[n] + self.weight * now[n] for n in known}
        return [
            replace(with_origin(known[name][0], self.origin, rank, known[name][1]), score=score)
            for rank, (name, score) in enumerate(best_first(total).items(), 1)
        ]

    def _in_time(self, score: Score, documents: list[Document], started: float) -> list[float]:
        """Scores of the first documents, as far as time reaches; at least one batch's."""
        batch = _BATCH if self.milliseconds is not None else max(1, len(documents))
        found: list[float] = []
        for begin in range(0, len(documents), batch):
            gone = 1000 * (perf_counter() - started)
            if begin and self.milliseconds is not None and gone >= self.milliseconds:
                break
            found += score([d.content or "" for d in documents[begin : begin + batch]])
        return found
