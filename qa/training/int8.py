"""From torch weights to an int8 file with a smaller vocabulary, for every kind of model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from qa.model_folder import TOKENIZER
from qa.model_session import Text
from qa.training.export import Shape, save
from qa.training.quantization import quantize
from qa.training.smoothing import smoothing_scales
from qa.training.vocabulary import kept_ids, pruned_tokenizer

Array = npt.NDArray[np.float32]
WORDS = "encoder.embeddings.word_embeddings.weight"
MakeGraph = Callable[[Mapping[str, Array] | None], onnx.ModelProto]
"""Builds the float graph with a smoothing, or without one."""


def pruned_weights(model: nn.Module, backbone: Path, tokenizer: Path) -> dict[str, Array]:
    """A model's weights with the rows of the pieces that stay; writes the tokenizer for them.

    Args:
        model: its word embeddings are :data:`WORDS` in its state.
        backbone: the folder of the full tokenizer.
        tokenizer: where the smaller one is written.
    """
    tree = json.loads((backbone / TOKENIZER).read_text("utf-8"))
    kept = kept_ids(tree["model"]["vocab"])
    weights = {
        name: tensor.numpy()
        for name, tensor in model.state_dict().items()
        if tensor.dtype == torch.float32
    }
    weights[WORDS] = np.ascontiguousarray(weights[WORDS][kept])
    smaller = pruned_tokenizer(tree, kept)
    compact = json.dumps(smaller, ensure_ascii=False, separators=(",", ":"))
    tokenizer.write_text(compact, "utf-8")
    return weights


def shape_of(encoder: Any, positions: int) -> Shape:
    """The sizes of a transformers encoder, for texts of at most ``positions`` pieces."""
    config = encoder.config
    return Shape(
        config.num_hidden_layers, config.num_attention_heads, config.layer_norm_eps, positions
    )


def export_int8(make: MakeGraph, seen: Sequence[Text], target: Path) -> None:
    """Smooth by what ``seen`` shows, quantise, and write the file."""
    scales = smoothing_scales(make(None), seen)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float.onnx"
        save(make(scales), plain)
        quantize(plain, target)
