"""The loss of a ranker: its positive's share of the softmax over a question's own passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from qa.ranker.cross_encoder import NO_PIECE
from qa.reader.session import length_batches
from qa.reader.windows import Window, Windower
from qa.training.device import autocast
from qa.training.pairs import Pairs
from qa.training.ranker_batches import RankedList


def scored_lists(
    pairs: Pairs,
    batch: Sequence[RankedList],
    windower: Windower,
    pieces: int,
    score: Callable[[list[Window]], torch.Tensor],
) -> torch.Tensor:
    """(questions, longest list) scores of a batch's passages; -inf beyond a list's end.

    Args:
        pieces: padded pieces that are scored at a time.
        score: (windows,) scores of windows.
    """
    questions = [pairs.pairs[one.pair].question for one in batch]
    texts = [[pairs.passages[n].text for n in one.passages] for one in batch]
    windows = windower.cut(questions, texts)
    found, order = [], []
    for indices in length_batches([w.length for w in windows], pieces):
        with autocast():
            found.append(score([windows[i] for i in indices]).float())
        order += indices
    places = [(windows[i].question, windows[i].context) for i in order]
    return best_windows(torch.cat(found), places, [len(one.passages) for one in batch])


def listwise_loss(scores: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy of the first column of (questions, passages); -inf is no passage.

    Source: Gao, Dai and Callan, "Rethink Training of BERT Rerankers in Multi-Stage Retrieval
    Pipeline" (ECIR 2021), localised contrastive estimation.
    """
    return nn.functional.cross_entropy(
        scores, torch.zeros(len(scores), dtype=torch.long, device=scores.device)
    )


def listwise_divergence(
    scores: torch.Tensor, told: torch.Tensor, temperature: float = 1.0
) -> torch.Tensor:
    """Mean KL(teacher || student) of (questions, passages) scores; -inf in both is no passage.

    Args:
        temperature: the teacher's scores are divided by it.
    """
    there = told > -torch.inf
    shares = torch.softmax(told / temperature, dim=-1)
    logs = torch.where(there, torch.log_softmax(scores, dim=-1), 0.0)
    return (torch.xlogy(shares, shares) - shares * logs).sum(dim=-1).mean()


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
    numbers = [question * width + passage for question, passage in places]
    at = torch.tensor(numbers, device=scores.device)
    best = table.flatten().scatter_reduce(0, at, scores, "amax", include_self=False)
    return best.view(table.shape)
