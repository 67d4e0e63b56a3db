"""What rankers of passages share: settings, the time budget, mixing with what came before."""

from __future__ import annotations

import math
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
"""Puts the scores of what was not scored, stretched to [0, 1], below the least of what was."""

Score = Callable[[list[str]], list[float]]
"""How well each text answers, more is better."""


class PassageRanker:
    """Ranks the first passages by a model's scores and the scores that they come with."""

    origin: ClassVar[str]
    """How documents name the ranker in their origin."""

    def __init__(
        self,
        top_n: int,
        milliseconds: float | None,
        weight: float,
        top_k: int,
        threads: int,
        points: float | None,
        product_points: float | None,
    ) -> None:
        """
        Args:
            top_n: so many of the first passages are scored; the rest follows as it came.
            milliseconds: stop scoring when so much time has gone; None scores all ``top_n``, which
                alone makes the order the same on every machine.
            weight: the model's share in [0, 1]; the score that passages come with has the rest.
            top_k: documents to return when a run does not say.
            threads: CPU threads of the model; 0 takes every core.
            points: what 1 of the model's score is worth beside the score that passages come with:
                they are summed as they are. Absent, both are stretched to [0, 1] per question and
                mixed by ``weight``.
            product_points: the same where a run searches one product; as ``points`` if absent.
        """
        for name, value in (("top_n", top_n), ("top_k", top_k)):
            if value < 1:
                raise ValueError(f"{name} is {value}, it must be at least 1")
        if milliseconds is not None and milliseconds <= 0:
            raise ValueError(f"milliseconds is {milliseconds}, it must be more than 0")
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}, it must be between 0 and 1")
        for name, worth in (("points", points), ("product_points", product_points)):
            if worth is not None and not (math.isfinite(worth) and worth >= 0):
                raise ValueError(f"{name} is {worth}, it must be a number of 0 or more")
        if points is None and product_points is not None:
            raise ValueError("product_points is given, so points must be, too")
        self.top_n = top_n
        self.milliseconds = milliseconds
        self.weight = weight
        self.top_k = top_k
        self.threads = threads
        self.points = points
        self.product_points = product_points

    def ranked(
        self,
        score: Score,
        documents: list[Document],
        top_k: int | None,
        product_id: str | None,
    ) -> dict[str, Any]:
        """The passages that were scored, best first, then the others in their order."""
        started = perf_counter()
        scores = self._in_time(score, documents[: self.top_n], started)
        rest = documents[len(scores) :]
        after = min_max({document.id: document.score or 0.0 for document in rest})
        mixed = self._mixed(documents, scores, of_product=product_id is not None)
        least = min((document.score or 0.0 for document in mixed), default=0.0)
        others = [replace(one, score=least + after[one.id] - _BELOW) for one in rest]
        limit = self.top_k if top_k is None else top_k
        return {
            "documents": [*mixed, *others][:limit],
            "milliseconds": 1000 * (perf_counter() - started),
        }

    def _mixed(
        self, documents: list[Document], scores: list[float], *, of_product: bool
    ) -> list[Document]:
        """Those that were scored, with the joint score."""
        known = {d.id: (d, score) for d, score in zip(documents, scores, strict=False)}
        before = {name: d.score or 0.0 for name, (d, _) in known.items()}
        now = {name: score for name, (_, score) in known.items()}
        weights = (1.0, self._worth(of_product))
        if self.points is None:
            before, now, weights = min_max(before), min_max(now), (1 - self.weight, self.weight)
        total = {n: weights[0] * before[n] + weights[1] * now[n] for n in known}
        return [
            replace(with_origin(known[name][0], self.origin, rank, known[name][1]), score=score)
            for rank, (name, score) in enumerate(best_first(total).items(), 1)
        ]

    def _worth(self, of_product: bool) -> float:
        own = self.product_points if of_product else None
        return (self.points or 0.0) if own is None else own

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
