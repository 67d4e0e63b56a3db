"""Teaching a reader to rank: its evidence for a passage that answers, above that for others.

A span loss compares the positions of one window; nothing in it says that the answer of one passage
is better founded than the best span of another. Here the passages of a question compete, with the
log odds of an answer (:func:`qa.training.losses.evidence`) as their scores, which is what ranks
with a reader (:class:`qa.ranker.scorer.ReaderEvidence`). Teachers, where there are any, say how
they would order the same passages.

Source: Clark and Gardner, "Simple and Effective Multi-Paragraph Reading Comprehension" (ACL 2018),
shared normalisation; Gao, Dai and Callan (ECIR 2021) for the choice of negatives; Ren et al.,
"RocketQAv2" (EMNLP 2021) for the divergence from a teacher's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from qa.reader.windows import Window, Windower
from qa.training.device import device_of
from qa.training.hard_negatives import Mined, mine_bm25
from qa.training.list_settings import ListSettings
from qa.training.losses import evidence
from qa.training.pairs import Pairs, load_pairs
from qa.training.ranker_batches import RankedList, make_lists
from qa.training.ranking_loss import listwise_divergence, listwise_loss, scored_lists
from qa.training.span_model import SpanReader
from qa.training.torch_model import tensors

Lists = tuple[RankedList, ...]


class EvidenceLists:
    """The lists of a stage and the loss of a batch of them."""

    def __init__(
        self,
        settings: ListSettings,
        windower: Windower,
        data: Path,
        seed: int,
        pieces: int,
        teachers: Sequence[SpanReader] = (),
    ) -> None:
        """``pieces``: padded pieces that go through the model at a time."""
        self._settings, self._windower, self._pieces = settings, windower, pieces
        self._teachers = teachers
        self._pairs: Pairs = load_pairs(settings.parts, data, seed)
        self._mined: Mined = mine_bm25(self._pairs, settings.depth)

    def batches(self, seed: int) -> list[Lists]:
        """Those of an epoch; negatives are drawn anew for each ``seed``."""
        return make_lists(self._pairs, self._mined, self._settings, seed)

    def backward(self, reader: SpanReader, batch: Lists) -> float:
        """Add the gradient of a batch's loss, which is returned."""
        scores = self._scores(reader, batch)
        loss = listwise_loss(scores)
        if self._teachers:
            with torch.no_grad():
                told = torch.stack([self._scores(one, batch) for one in self._teachers]).mean(0)
            taught = listwise_divergence(scores, told, self._settings.teacher_temperature)
            share = self._settings.teacher_share
            loss = (1 - share) * loss + share * taught
        loss = self._settings.share * loss
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _scores(self, reader: SpanReader, batch: Lists) -> torch.Tensor:
        def score(windows: list[Window]) -> torch.Tensor:
            start, end = reader(**tensors(windows, device_of(reader)))
            return evidence(start.float(), end.float(), windows)

        return scored_lists(self._pairs, batch, self._windower, self._pieces, score)
