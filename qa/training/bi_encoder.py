"""A bi-encoder as a torch module: questions and passages to vectors, by one tower or by two.

Source: Reimers and Gurevych, 2019 (one tower, mean pooling), Karpukhin et al., 2020 (DPR: two
towers, the first piece's vector, inner product). Embeddings stay frozen, as in
:mod:`qa.training.span_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import nn

from qa.reader.session import length_batches
from qa.training.backbones import load_backbone
from qa.training.device import autocast, device_of, pieces_at_once
from qa.training.encoder_recipe import EncoderRecipe
from qa.training.recipe import backbone_path
from qa.training.span_model import PooledDropout, set_dropout

Kind = Literal["question", "passage"]
Ids = list[int]
FloatArray = npt.NDArray[np.float32]
SHARED = "towers.shared."
"""Before the names of the one tower's weights."""


class Tower(nn.Module):
    """Texts to vectors."""

    def __init__(self, backbone: str | Path, dropout: PooledDropout, pooling: str,
                 normalized: bool) -> None:  # fmt: skip
        super().__init__()
        # On texts this short, written-out attention trains in two thirds of the time that the
        # fused kernel takes on a CPU.
        self.encoder = load_backbone(backbone, "eager")
        set_dropout(self.encoder, dropout)
        self.pooling, self.normalized = pooling, normalized

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(batch, length) ids and mask to (batch, dimension) vectors in float32."""
        hidden = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=torch.zeros_like(input_ids),
        ).last_hidden_state.float()
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weights = attention_mask[..., None].float()
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return nn.functional.normalize(pooled, dim=-1) if self.normalized else pooled


class BiEncoder(nn.Module):
    """The towers of a recipe with their tokenizer."""

    def __init__(self, recipe: EncoderRecipe) -> None:
        super().__init__()
        backbone = backbone_path(recipe.backbone)
        self.dropout = PooledDropout(recipe.dropout)
        names = ("shared",) if recipe.towers == "one" else ("question", "passage")
        self.towers = nn.ModuleDict(
            {
                name: Tower(backbone, self.dropout, recipe.pooling, recipe.normalized)
                for name in names
            }
        )
        self._tokenizers = {
            "question": _tokenizer(backbone, recipe.max_question),
            "passage": _tokenizer(backbone, recipe.max_passage),
        }

    def tower(self, kind: Kind) -> Tower:
        """The tower that encodes texts of this kind."""
        found: Any = self.towers["shared" if "shared" in self.towers else kind]
        assert isinstance(found, Tower)
        return found

    def ids(self, kind: Kind, texts: Sequence[str]) -> list[Ids]:
        """Piece numbers of the texts, cut at the recipe's greatest length."""
        return [e.ids for e in self._tokenizers[kind].encode_batch(list(texts))]

    def vectors(self, kind: Kind, texts: Sequence[str], *, bfloat16: bool = False) -> FloatArray:
        """(texts, dimension): without dropout and gradients; ``bfloat16`` only to choose by."""
        self.eval()
        items = self.ids(kind, texts)
        found: dict[int, FloatArray] = {}
        tower, device = self.tower(kind), device_of(self)
        with torch.inference_mode(), autocast(bfloat16):
            for chunk in length_batches([len(i) for i in items], pieces_at_once(device)):
                rows = tower(*padded_ids([items[i] for i in chunk], device)).cpu().numpy()
                found.update(zip(chunk, rows, strict=True))
        return np.stack([found[i] for i in range(len(items))])


def padded_ids(items: Sequence[Ids], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, (batch, longest) each, filled with zeros on the right."""
    ids = torch.zeros(len(items), max(map(len, items)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, item in enumerate(items):
        ids[row, : len(item)] = torch.tensor(item)
        mask[row, : len(item)] = 1
    return ids.to(device), mask.to(device)


def _tokenizer(backbone: str, longest: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(Path(backbone) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer
