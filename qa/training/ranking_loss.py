"""The loss of a ranker: its positive's share of the softmax over a question's own passages."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from qa.ranker.cross_encoder import NO_PIECE


def listwise_loss(scores: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy of the first column of (questions, passages); -inf is no passage.

    Source: Gao, Dai and Callan, "Rethink Training of BERT Rerankers in Multi-Stage Retrieval
    Pipeline" (ECIR 2021), localised contrastive estimation.
    """
    return nn.functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long))


def best_windows(
    scores: torch.Tensor, places: Sequence[tuple[int, int]], sizes: Sequence[int]
) -> torch.Tensor:
    """(questions, longest list): each passage's best window (MaxP); -inf beyond a list's end.

    Args:
        scores: (windows,).
        places: by window, question and passage of that question.
        sizes: passages by question.
    """
    width = max(sizes)
    table = scores.new_full((len(sizes), width), NO_PIECE)
    for row, size in enumerate(sizes):
        table[row, size:] = -torch.inf
    at = torch.tensor([question * width + passage for question, passage in places])
    best = table.flatten().scatter_reduce(0, at, scores, "amax", include_self=False)
    return best.view(table.shape)
