"""The span reader as a torch module: a BERT-like encoder and two scores per word piece.

Source: Devlin et al., 2019 (BERT), Wang et al., 2020 (MiniLM). Word, position and segment
embeddings stay frozen: fine-tuning them costs a third of the time on a CPU and gains nothing on
sets this small.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from qa.training.backbones import load_reading_backbone


class PooledDropout(nn.Module):
    """Dropout whose mask is cut from a pool of random numbers made once.

    Drawing fresh Bernoulli variables takes half of a training step on a CPU; a random cut of a
    large pool is as good and costs a multiplication.
    """

    def __init__(self, p: float, size: int = 1 << 23) -> None:
        super().__init__()
        self.p = p
        self._size = size
        self.register_buffer("pool", self._drawn(), persistent=False)

    def _drawn(self) -> torch.Tensor:
        keep = torch.rand(self._size) >= self.p
        return keep.to(torch.bfloat16) / (1 - self.p)

    def change(self, p: float) -> None:
        """Drop another share from now on."""
        if p != self.p:
            self.p = p
            self.pool = self._drawn()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same shape as ``x``; the identity outside training."""
        if not self.training or self.p == 0:
            return x
        pool: torch.Tensor = self.pool  # type: ignore[assignment]
        n = x.numel()
        if x.is_cuda or n > pool.numel():  # a GPU draws fast
            return nn.functional.dropout(x, self.p)
        at = int(torch.randint(0, pool.numel() - n + 1, (1,)))
        return x * pool[at : at + n].view_as(x).to(x.dtype)


class SpanReader(nn.Module):
    """Start and end logits of every piece of a window."""

    def __init__(
        self, backbone: str | Path, dropout: float = 0.1, tokenizer: str | Path | None = None
    ) -> None:
        """``tokenizer``: the folder that windows are cut with, the backbone's own if None."""
        super().__init__()
        self.encoder = load_reading_backbone(backbone, tokenizer)
        self.span = nn.Linear(self.encoder.config.hidden_size, 2)
        nn.init.normal_(self.span.weight, std=0.02)
        nn.init.zeros_(self.span.bias)
        set_dropout(self.encoder, PooledDropout(dropout))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, length) each in; start and end logits, (batch, length) each, out."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        start, end = self.span(hidden).unbind(-1)
        return start, end


def set_dropout(encoder: nn.Module, dropout: PooledDropout) -> None:
    """Hidden dropout from the pool; attention dropout off, it would leave the fused kernel."""
    for module in list(encoder.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Dropout):
                attention = module.__class__.__name__.endswith("SelfAttention")
                child.p = 0.0
                if not attention:
                    setattr(module, name, dropout)
