"""A cross-encoder as a torch module: the first piece's vector and one score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from qa.reader.session import length_batches
from qa.reader.windows import Window
from qa.training.backbones import load_backbone
from qa.training.checkpoint import State
from qa.training.device import autocast, device_of, pieces_at_once
from qa.training.span_model import PooledDropout, set_dropout
from qa.training.torch_model import tensors


class CrossEncoderModel(nn.Module):
    """Scores of windows ``[CLS] question [SEP] passage [SEP]``.

    Source: Nogueira and Cho, "Passage Re-ranking with BERT" (2019), with one logit instead of two.
    Embeddings stay frozen, as in :mod:`qa.training.span_model`.
    """

    def __init__(self, backbone: str | Path, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = load_backbone(backbone, "eager")
        self.head = nn.Linear(self.encoder.config.hidden_size, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        set_dropout(self.encoder, PooledDropout(dropout))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """(batch, length) each in; (batch,) scores out."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        scores: torch.Tensor = self.head(hidden[:, 0]).squeeze(-1)
        return scores


def scores_of_null_answers(weights: State) -> State:
    """A reader's weights as a cross-encoder's; others as they are.

    A reader's start and end logits of the first piece are its null answer (Devlin et al., 2019),
    so their negated sum already is a score of whether there is an answer.
    """
    if "span.weight" not in weights:
        return weights
    kept = {name: value for name, value in weights.items() if not name.startswith("span.")}
    for part in ("weight", "bias"):
        kept[f"head.{part}"] = -weights[f"span.{part}"].sum(dim=0, keepdim=True)
    return kept


class TorchWindowModel:
    """Scores by torch on the CPU; ``bfloat16`` only while choosing, never for reported figures."""

    def __init__(self, model: CrossEncoderModel, *, bfloat16: bool = False) -> None:
        self._model, self._bfloat16 = model, bfloat16

    def scores(self, windows: Sequence[Window]) -> list[float]:
        """See :class:`qa.ranker.cross_encoder.WindowModel`."""
        self._model.eval()
        found: dict[int, float] = {}
        device = device_of(self._model)
        lengths = [window.length for window in windows]
        for indices in length_batches(lengths, pieces_at_once(device)):
            batch = tensors([windows[i] for i in indices], device)
            with torch.inference_mode(), autocast(self._bfloat16):
                found.update(zip(indices, self._model(**batch).float().tolist(), strict=True))
        return [found[i] for i in range(len(windows))]
