"""Teaching a reader to rank: its evidence for a passage that answers, above that for others.

A span loss compares the positions of one window; nothing in it says that the answer of one passage
is better founded than the best span of another. Here the passages of a question compete, with the
log odds of an answer (:func:`evidence`) as their scores, which is what ranks with a reader
(:class:`qa.ranker.scorer.ReaderEvidence`).

Source: Clark and Gardner, "Simple and Effective Multi-Paragraph Reading Comprehension" (ACL 2018),
shared normalisation; Gao, Dai and Callan (ECIR 2021) for the choice of negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from qa.reader.windows import Window, Windower
from qa.training.hard_negatives import Mined, mine_bm25
from qa.training.list_settings import ListSettings
from qa.training.losses import NEVER, context_mask
from qa.training.pairs import Pairs, load_pairs
from qa.training.ranker_batches import RankedList, make_lists
from qa.training.ranking_loss import list_loss
from qa.training.span_model import SpanReader
from qa.training.torch_model import tensors

Lists = tuple[RankedList, ...]


class EvidenceLists:
    """The lists of a stage and the loss of a batch of them."""

    def __init__(
        self, settings: ListSettings, windower: Windower, data: Path, seed: int, pieces: int
    ) -> None:
        """``pieces``: padded pieces that go through the model at a time."""
        self._settings, self._windower, self._pieces = settings, windower, pieces
        self._pairs: Pairs = load_pairs(settings.parts, data, seed)
        self._mined: Mined = mine_bm25(self._pairs, settings.depth)

    def batches(self, seed: int) -> list[Lists]:
        """Those of an epoch; negatives are drawn anew for each ``seed``."""
        return make_lists(self._pairs, self._mined, self._settings, seed)

    def backward(self, reader: SpanReader, batch: Lists) -> float:
        """Add the gradient of a batch's loss, which is returned."""

        def score(windows: list[Window]) -> torch.Tensor:
            start, end = reader(**tensors(windows))
            return evidence(start.float(), end.float(), windows)

        pieces = self._pieces
        loss = list_loss(self._pairs, batch, self._windower, pieces, score)
        loss = self._settings.share * loss
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())


def evidence(start: torch.Tensor, end: torch.Tensor, batch: Sequence[Window]) -> torch.Tensor:
    """(batch,) log odds of an answer anywhere in the context against the null answer.

    Args:
        start, end: (batch, length) logits. All starts and all ends count, so that each learns;
            the best span's, which ranks in the end, is the greatest term.
    """
    outside = ~context_mask(batch, start.shape[1])
    return sum(
        torch.logsumexp(logits.masked_fill(outside, NEVER), dim=-1) - logits[:, 0]
        for logits in (start, end)
    )  # type: ignore[return-value]
