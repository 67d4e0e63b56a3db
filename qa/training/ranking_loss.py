"""The loss of a ranker: its positive's share of the softmax over a question's own passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from qa.ranker.cross_encoder import NO_PIECE
from qa.reader.session import length_batches
from qa.reader.windows import Window, Windower
from qa.training.pairs import Pairs
from qa.training.ranker_batches import RankedList


def list_loss(
    pairs: Pairs,
    batch: Sequence[RankedList],
    windower: Windower,
    pieces: int,
    score: Callable[[list[Window]], torch.Tensor],
) -> torch.Tensor:
    """:func:`listwise_loss` of a batch of lists, whose passages are cut, scored and put together.

    Args:
        pieces: padded pieces that are scored at a time.
        score: (windows,) scores of windows.
    """
    questions = [pairs.pairs[one.pair].question for one in batch]
    texts = [[pairs.passages[n].text for n in one.passages] for one in batch]
    windows = windower.cut(questions, texts)
    found, order = [], []
    for indices in length_batches([w.length for w in windows], pieces):
        with torch.autocast("cpu", torch.bfloat16):
            found.append(score([windows[i] for i in indices]).float())
        order += indices
    places = [(windows[i].question, windows[i].context) for i in order]
    return listwise_loss(best_windows(torch.cat(found), places, [len(o.passages) for o in batch]))


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
