"""The loss of a bi-encoder: its positive's share of the softmax over a batch's passages."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from qa.training.contrastive_batches import Batch
from qa.training.pairs import Pairs
from qa.training.ranking_teacher import Lesson


def contrastive_loss(
    questions: torch.Tensor,
    passages: torch.Tensor,
    targets: torch.Tensor,
    excluded: torch.Tensor,
    temperature: float,
    dimensions: Sequence[int] = (),
    *,
    normalized: bool = True,
    lesson: Lesson | None = None,
) -> torch.Tensor:
    """InfoNCE (van den Oord et al., 2018): mean cross entropy of the positives.

    Args:
        questions: (n, dimension), ``passages``: (m, dimension), unit vectors if ``normalized``.
        targets: (n,) the row of each question's positive.
        excluded: (n, m) bool: passages that are no negatives of the question.
        temperature: scores are divided by it.
        dimensions: leading parts of the vectors that must do alone, each with the same weight as
            the whole (Kusupati et al., 2022, Matryoshka).
        lesson: a teacher's part in the loss.
    """
    losses = []
    for size in (questions.shape[1], *dimensions):
        first, second = questions[:, :size], passages[:, :size]
        if normalized and size < questions.shape[1]:
            first, second = (nn.functional.normalize(v, dim=-1) for v in (first, second))
        scores = (first @ second.T / temperature).masked_fill(excluded, -torch.inf)
        each = nn.functional.cross_entropy(scores, targets, reduction="none")
        losses.append((each if lesson is None else lesson.mixed(each, scores)).mean())
    return torch.stack(losses).mean()


def exclusions(pairs: Pairs, batch: Batch) -> torch.Tensor:
    """(questions, passages) bool: true where a passage other than the target may answer."""
    rows = [
        [at != target and pairs.may_answer(pairs.pairs[number], passage)
         for at, passage in enumerate(batch.passages)]
        for number, target in zip(batch.pairs, batch.targets, strict=True)
    ]  # fmt: skip
    return torch.tensor(rows)
