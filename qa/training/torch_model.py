"""A torch span reader behind the reader's protocol: training and serving score alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qa.reader.session import Logits, length_batches, padded
from qa.reader.windows import Window
from qa.training.span_model import SpanReader


class TorchSpanModel:
    """Logits by torch on the CPU; ``bfloat16`` only while choosing, never for reported figures."""

    def __init__(self, model: SpanReader, *, pieces: int = 4096, bfloat16: bool = False) -> None:
        self._model = model
        self._pieces = pieces
        self._bfloat16 = bfloat16

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """See :class:`qa.reader.session.SpanModel`."""
        self._model.eval()
        result: dict[int, Logits] = {}
        for indices in length_batches([w.length for w in windows], self._pieces):
            batch = [windows[i] for i in indices]
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, self._bfloat16):
                start, end = self._model(**tensors(batch))
            for row, index in enumerate(indices):
                n = windows[index].length
                result[index] = (start[row, :n].float().numpy(), end[row, :n].float().numpy())
        return [result[i] for i in range(len(windows))]


def tensors(batch: Sequence[Window]) -> dict[str, torch.Tensor]:
    """Model inputs of a batch as torch tensors, (batch, longest) each."""
    return {name: torch.from_numpy(array) for name, array in padded(batch)}
