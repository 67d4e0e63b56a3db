"""The float weights of an int8 model that this project has made, to train on from.

What ships is int8 alone. Its codes times their scales are the weights that were quantised, off by
at most half a step; what smoothed a product's input (:mod:`qa.training.smoothing`) goes back into
the weight. Where the values of attention carry the smoothing of the product after them, both are
brought to the same length, channel by channel: any such split computes the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper

from qa.errors import QAError
from qa.model_folder import MODEL, TOKENIZER
from qa.training.checkpoint import State

Array = npt.NDArray[np.float32]
_EMBEDDINGS = "encoder.embeddings."
_WORDS = f"{_EMBEDDINGS}word_embeddings.weight"
_POSITIONS = f"{_EMBEDDINGS}position_embeddings.weight"
_LAYER = "encoder.encoder.layer."
_PRODUCTS = {
    "mix": "attention.output.dense",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
}
_HEADS = ("span", "head")


def float_weights(folder: Path, own: Mapping[str, torch.Tensor], backbone: Path) -> State:
    """The state of a reader, ranker or tower of an encoder, by the names it was trained under.

    Args:
        folder: a model folder with one int8 model.
        own: the state of such a model on the backbone; keeps its embeddings of pieces and positions
            that the folder's model has none of.
        backbone: the folder whose tokenizer numbers the rows of ``own``.

    Raises:
        QAError: no model there, or none that this project has quantised for such a backbone.
    """
    if not (folder / MODEL).is_file():
        raise QAError(f"{folder}: no {MODEL} in it: name a model folder, a run's best.pt or stage")
    graph = onnx.load(str(folder / MODEL)).graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    try:
        found = _embeddings(values, own, _pieces(folder), _pieces(backbone))
        found |= {name: torch.from_numpy(array.copy()) for name, array in _plain(values)}
        for layer in range(_layers(values)):
            for name, array in _layer(values, f"{_LAYER}{layer}."):
                found[name] = torch.from_numpy(np.ascontiguousarray(array, np.float32))
        _check(found, own)
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        raise QAError(f"{folder}: not an int8 model of such a backbone: {error}") from error
    return found


def _check(found: State, own: Mapping[str, torch.Tensor]) -> None:
    for name, tensor in found.items():
        if name in own and own[name].shape != tensor.shape:
            raise ValueError(f"{name} is {tuple(tensor.shape)}, not {tuple(own[name].shape)}")


def _pieces(folder: Path) -> dict[str, int]:
    pieces: dict[str, int] = json.loads((folder / TOKENIZER).read_text("utf-8"))["model"]["vocab"]
    return pieces


def _embeddings(
    values: Mapping[str, Any],
    own: Mapping[str, torch.Tensor],
    here: Mapping[str, int],
    there: Mapping[str, int],
) -> State:
    words = own[_WORDS].clone()
    kept = {there[piece]: row for piece, row in here.items()}
    rows = torch.from_numpy(values["words"] * values["words_scales"])
    words[list(kept)] = rows[list(kept.values())]
    positions = own[_POSITIONS].clone()
    table = torch.from_numpy(values["positions"] * values["positions_scales"])
    positions[: len(table)] = table[: len(positions)]
    return {_WORDS: words, _POSITIONS: positions}


def _plain(values: Mapping[str, Any]) -> Iterator[tuple[str, Array]]:
    """What is float in the file under the name it has in the model; heads are transposed."""
    for name, value in values.items():
        if name.startswith((_EMBEDDINGS, _LAYER)) and name.endswith((".weight", ".bias")):
            if ".qkv." not in name:
                yield name, value
        elif name.split(".")[0] in _HEADS:
            yield name, value.T if name.endswith(".weight") else value


def _layers(values: Mapping[str, Any]) -> int:
    names = [name.removeprefix(_LAYER) for name in values if name.startswith(_LAYER)]
    return 1 + max(int(name.split(".")[0]) for name in names)


def _layer(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Array]]:
    products = {name: _product(values, f"{prefix}{name}") for name in ("qkv", *_PRODUCTS)}
    joint, bias, mix = products["qkv"], values[f"{prefix}qkv.bias"], products["mix"]
    width = joint.shape[1] // 3
    carried: Array = np.ones(width, np.float32)
    if f"{prefix}mix.inverse" not in values:
        value = np.linalg.norm(joint[:, 2 * width :], axis=0)
        balance = np.sqrt(np.linalg.norm(mix, axis=1) / np.maximum(value, 1e-12))
        carried = balance.astype(np.float32)
    for at, part in enumerate(("query", "key", "value")):
        columns = slice(at * width, (at + 1) * width)
        scale = carried if part == "value" else np.ones(width, np.float32)
        name = f"{prefix}attention.self.{part}"
        yield f"{name}.weight", (joint[:, columns] * scale).T
        yield f"{name}.bias", bias[columns] * scale
    yield f"{prefix}{_PRODUCTS['mix']}.weight", (mix / carried[:, None]).T
    for short in ("widen", "narrow"):
        yield f"{prefix}{_PRODUCTS[short]}.weight", products[short].T


def _product(values: Mapping[str, Any], name: str) -> Array:
    """A (channels, outputs) weight."""
    if f"{name}.codes" in values:
        weight: Array = values[f"{name}.codes"] * values[f"{name}.scales"]
    else:
        weight = values[f"{name}.weight_quantized"] * values[f"{name}.weight_scale"]
    inverse = values.get(f"{name}.inverse")
    return weight if inverse is None else weight * inverse[:, None]
