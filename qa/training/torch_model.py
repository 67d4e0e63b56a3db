"""A torch span reader behind the reader's protocol: training and serving score alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qa.reader.session import Logits, length_batches, padded
from qa.reader.windows import Window
from qa.training.device import autocast, device_of, pieces_at_once
from qa.training.span_model import SpanReader


class TorchSpanModel:
    """Logits by torch, where the model is; ``bfloat16`` never for figures that are reported."""

    def __init__(
        self, model: SpanReader, *, pieces: int | None = None, bfloat16: bool = False
    ) -> None:
        self._model = model
        self._pieces = pieces or pieces_at_once(device_of(model))
        self._bfloat16 = bfloat16

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """See :class:`qa.reader.session.SpanModel`."""
        self._model.eval()
        device = device_of(self._model)
        result: dict[int, Logits] = {}
        for indices in length_batches([w.length for w in windows], self._pieces):
            batch = [windows[i] for i in indices]
            with torch.inference_mode(), autocast(self._bfloat16):
                start, end = self._model(**tensors(batch, device))
            starts, ends = start.float().cpu().numpy(), end.float().cpu().numpy()
            for row, index in enumerate(indices):
                n = windows[index].length
                result[index] = (starts[row, :n], ends[row, :n])
        return [result[i] for i in range(len(windows))]


def tensors(batch: Sequence[Window], device: torch.device) -> dict[str, torch.Tensor]:
    """Model inputs of a batch as torch tensors, (batch, longest) each."""
    return {name: torch.from_numpy(array).to(device) for name, array in padded(batch)}
