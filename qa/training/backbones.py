"""Encoders that readers are made of, also those that number BERT's pieces in their own way.

A teacher and its student compare positions one by one, so both have to cut texts into the same
pieces. MPNet (Song et al., 2020), the base of strong sentence encoders, has BERT's vocabulary under
other numbers: :class:`Renumbered` lets it read windows that a BERT-like tokenizer has cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging

from qa.errors import QAError
from qa.model_folder import TOKENIZER

_SPECIAL = {"[CLS]": "cls", "[SEP]": "sep", "[PAD]": "pad", "[UNK]": "unk"}
MPNET = "mpnet"


def load_backbone(backbone: str | Path, attention: str = "sdpa") -> Any:
    """An encoder of a folder or hub name, with its embeddings frozen.

    Raises:
        QAError: it cannot be loaded.
    """
    try:
        with hushed():  # about a pooling layer that is not wanted
            mpnet = AutoConfig.from_pretrained(str(backbone)).model_type == MPNET
            encoder: Any = AutoModel.from_pretrained(
                str(backbone),
                attn_implementation="eager" if mpnet else attention,
                add_pooling_layer=False,
                dtype=torch.float32,
            )
    except (OSError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        raise QAError(
            f"backbone {backbone}: no folder or hub model that can be loaded here: {first}"
        ) from error
    frozen = [encoder.embeddings]
    if mpnet:
        frozen.append(encoder.encoder.relative_attention_bias)
        for layer in encoder.encoder.layer:
            layer.attention.attn = BiasedAttention(layer.attention.attn)
    for module in frozen:
        for parameter in module.parameters():
            parameter.requires_grad = False
    return encoder


@contextmanager
def hushed() -> Iterator[None]:
    """Without the Transformers library's bars and reports of loading."""
    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()


def load_reading_backbone(backbone: str | Path, tokenizer: str | Path | None) -> Any:
    """As :func:`load_backbone`; ``tokenizer``: the folder whose pieces it has to read.

    Raises:
        QAError: the backbone's vocabulary lacks a piece of the tokenizer.
    """
    encoder = load_backbone(backbone)
    if tokenizer is None or str(tokenizer) == str(backbone):
        return encoder
    return Renumbered(encoder, numbers(tokenizer, backbone))


class Renumbered(nn.Module):
    """An encoder that reads another tokenizer's pieces; it has no segments."""

    def __init__(self, encoder: Any, table: torch.Tensor) -> None:
        """``table``: (pieces,) the encoder's number of each of the tokenizer's pieces."""
        super().__init__()
        self.model = encoder
        self.config = encoder.config
        self.register_buffer("table", table)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Any:
        """(batch, length) each in; what the encoder gives out."""
        table: torch.Tensor = self.table  # type: ignore[assignment]
        ids = table[input_ids].masked_fill(attention_mask == 0, self.config.pad_token_id)
        return self.model(input_ids=ids, attention_mask=attention_mask)


class BiasedAttention(nn.Module):
    """MPNet's attention by torch's fused kernel; dropout of attention is left out."""

    def __init__(self, written_out: Any) -> None:
        super().__init__()
        self.heads = written_out.num_attention_heads
        self.q, self.k = written_out.q, written_out.k
        self.v, self.o = written_out.v, written_out.o

    def forward(
        self,
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_bias: torch.Tensor | None = None,
        output_attentions: bool = False,
        **_: Any,
    ) -> tuple[torch.Tensor]:
        """(batch, length, width) in and out; biases broadcast to (batch, heads, length, length)."""
        batch, length, width = hidden_states.shape
        query, key, value = (
            part(hidden_states).view(batch, length, self.heads, -1).transpose(1, 2)
            for part in (self.q, self.k, self.v)
        )
        biases = [one for one in (position_bias, attention_mask) if one is not None]
        bias = sum(biases).to(query.dtype) if biases else None
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return (self.o(mixed.transpose(1, 2).reshape(batch, length, width)),)


def numbers(tokenizer: str | Path, backbone: str | Path) -> torch.Tensor:
    """(pieces,) by the number of a piece in a BERT-like tokenizer, its number in a backbone's.

    Raises:
        QAError: the backbone's vocabulary lacks a piece.
    """
    wanted = _vocabulary(tokenizer)
    own = AutoTokenizer.from_pretrained(str(backbone))
    known = own.get_vocab()
    special = {piece: getattr(own, f"{name}_token_id") for piece, name in _SPECIAL.items()}
    table = torch.full((max(wanted.values()) + 1,), special["[UNK]"], dtype=torch.long)
    for piece, number in wanted.items():
        found = special.get(piece, known.get(piece))
        if found is None and not piece.startswith("["):
            raise QAError(
                f"{backbone} cannot read the pieces of {tokenizer}: it has no {piece!r}; "
                "choose a backbone with the same vocabulary"
            )
        table[number] = special["[UNK]"] if found is None else found
    return table


def _vocabulary(folder: str | Path) -> dict[str, int]:
    tree = json.loads((Path(folder) / TOKENIZER).read_text("utf-8"))
    found: dict[str, int] = tree["model"]["vocab"]
    return found
