"""A BERT-like encoder, and a span reader, as an ONNX graph of fused operators.

The graph is written out rather than traced: ONNX Runtime's ``Attention`` and ``BiasGelu`` are what
makes it fast on a CPU, and its pattern matcher finds no attention in graphs that today's exporters
trace. The word embeddings are stored as int8 with one scale a row (symmetric), half of the file at
no loss that shows in the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]
_CONTRIB = "com.microsoft"
_PRODUCTS = {"Attention", "MatMul"}
LEVELLED = ".narrow"
"""Ends the names of the products after GELU."""
_LEAST_PEAK = 0.01
SIZES = ["batch", "length"]
HEAD = "head_matmul"
"""The last matrix product, which stays in float: a column or two decide every answer."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a BERT-like encoder."""

    layers: int
    heads: int
    epsilon: float
    positions: int


def build(
    weights: Mapping[str, Array], shape: Shape, smoothing: Mapping[str, Array] | None = None
) -> onnx.ModelProto:
    """The graph of a span reader.

    Inputs ``input_ids``, ``attention_mask``, ``token_type_ids``: int64 (batch, length).
    Outputs ``start``, ``end``: float (batch, length).

    Args:
        weights: by the names of :class:`qa.training.span_model.SpanReader`'s state.
        shape: the encoder's sizes; positions beyond ``shape.positions`` are dropped.
        smoothing: by product name (:func:`smoothable_products`), what its input is divided and its
            weight multiplied with, a scale a channel; changes nothing before quantisation.
    """
    graph = Graph(weights, smoothing or {})
    _head(graph, body(graph, shape))
    return graph.model("span_reader", {"start": SIZES, "end": SIZES})


def body(graph: Graph, shape: Shape) -> str:
    """Add a BERT-like encoder; returns the name of its (batch, length, width) hidden states."""
    hidden = _embeddings(graph, shape)
    mask = graph.node("Cast", ["attention_mask"], to=TensorProto.INT32)
    for layer in range(shape.layers):
        hidden = _layer(graph, f"encoder.encoder.layer.{layer}", hidden, mask, shape)
    return hidden


def first_piece(graph: Graph, hidden: str) -> str:
    """The (batch, width) vectors of the first piece."""
    zero = graph.constant("first_piece", np.array([0], np.int64))
    along = graph.constant("pooled_axis", np.array([1], np.int64))
    return graph.node("Squeeze", [graph.node("Gather", [hidden, zero], axis=1), along])


def smoothable_products(model: onnx.ModelProto) -> list[str]:
    """Names of the products that ``smoothing`` may name; those after GELU are levelled instead."""
    names = [n.name for n in model.graph.node if n.op_type in _PRODUCTS and n.name != HEAD]
    return [name for name in names if not name.endswith(LEVELLED)]


def save(model: onnx.ModelProto, path: Path) -> None:
    """Check and write one self-contained file."""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


class Graph:
    """Nodes and initializers of a graph as they are added."""

    def __init__(self, weights: Mapping[str, Array], smoothing: Mapping[str, Array]) -> None:
        self._weights = weights
        self._smoothing = smoothing
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name: str, *, transpose: bool = False) -> str:
        value = self._weights[name]
        return self.constant(name, value.T if transpose else value)

    def raw(self, name: str) -> Array:
        return self._weights[name]

    def node(self, kind: str, inputs: Sequence[str], *, name: str = "", domain: str = "",
             outputs: Sequence[str] = (), **attributes: object) -> str:  # fmt: skip
        name = name or f"{kind}_{len(self._nodes)}"
        made = list(outputs) or [f"{name}_out"]
        self._nodes.append(
            helper.make_node(kind, list(inputs), made, name, domain=domain, **attributes)
        )
        return made[0]

    def smoothed(self, product: str, value: str, weight: Array) -> tuple[str, str]:
        """Input and weight of a product, with its smoothing moved from one to the other."""
        scale = self._smoothing.get(product)
        if scale is None:
            return value, self.constant(f"{product}.weight", weight)
        inverse = self.constant(f"{product}.inverse", (1 / scale).astype(np.float32))
        name = self.constant(f"{product}.weight", weight * scale[:, None])
        return self.node("Mul", [value, inverse], name=f"{product}.smoother"), name

    def product(self, product: str, value: str, weight: str) -> str:
        """``value`` times the transpose of a weight, as torch's Linear does."""
        inputs = self.smoothed(product, value, self._weights[weight].T)
        return self.node("MatMul", inputs, name=product)

    def levelled(self, product: str, value: str, weight: str) -> str:
        """A product whose rows are divided by their peaks before it and multiplied after.

        It changes nothing before quantisation, after it every token has an int8 scale of its own.
        """
        least = self.constant("least_peak", np.array(_LEAST_PEAK, np.float32))
        peak = self.node("ReduceMax", [value], axes=[-1], keepdims=1)
        peak = self.node("Max", [peak, least])
        level = self.node("Div", [value, peak])
        made = self.node(
            "MatMul",
            [level, self.constant(f"{product}.weight", self._weights[weight].T)],
            name=product,
        )
        return self.node("Mul", [made, peak])

    def model(self, name: str, outputs: Mapping[str, Sequence[str | int]]) -> onnx.ModelProto:
        """The model with float outputs of the given sizes."""
        inputs = [
            helper.make_tensor_value_info(one, TensorProto.INT64, SIZES)
            for one in ("input_ids", "attention_mask", "token_type_ids")
        ]
        made = [
            helper.make_tensor_value_info(one, TensorProto.FLOAT, list(sizes))
            for one, sizes in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, name, inputs, made, list(self._constants.values()))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _embeddings(graph: Graph, shape: Shape) -> str:
    prefix = "encoder.embeddings"
    word = _rows(graph, "words", graph.raw(f"{prefix}.word_embeddings.weight"), "input_ids")
    length = graph.node("Shape", ["input_ids"], start=1, end=2)
    axis = graph.constant("first_axis", np.zeros(1, np.int64))
    scalar = graph.node("Squeeze", [length, axis])
    zero, one = (graph.constant(f"int_{i}", np.array(i, np.int64)) for i in (0, 1))
    numbers = graph.node("Range", [zero, scalar, one])
    positions = graph.raw(f"{prefix}.position_embeddings.weight")[: shape.positions]
    position = _rows(graph, "positions", positions, numbers)
    segment = graph.node(
        "Gather", [graph.weight(f"{prefix}.token_type_embeddings.weight"), "token_type_ids"]
    )
    total = graph.node("Add", [graph.node("Add", [word, segment]), position])
    return _layer_norm(graph, prefix, total, shape)


def _rows(graph: Graph, name: str, table: Array, indices: str) -> str:
    """Rows of a table that is stored as int8 with one scale a row."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-12)
    codes = graph.constant(name, np.round(table / scale).astype(np.int8))
    scales = graph.constant(f"{name}_scales", scale.astype(np.float32))
    rows = graph.node("Cast", [graph.node("Gather", [codes, indices])], to=TensorProto.FLOAT)
    return graph.node("Mul", [rows, graph.node("Gather", [scales, indices])])


def _layer(graph: Graph, name: str, hidden: str, mask: str, shape: Shape) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    joint = np.concatenate([graph.raw(f"{part}.weight").T for part in parts], axis=1)
    biases = np.concatenate([graph.raw(f"{part}.bias") for part in parts])
    biases_name = graph.constant(f"{name}.qkv.bias", biases)
    attended = graph.node(
        "Attention",
        [*graph.smoothed(f"{name}.qkv", hidden, joint), biases_name, mask],
        name=f"{name}.qkv",
        domain=_CONTRIB,
        num_heads=shape.heads,
    )
    mixed = graph.product(f"{name}.mix", attended, f"{name}.attention.output.dense.weight")
    hidden = _norm(graph, f"{name}.attention.output", mixed, hidden, shape)
    wide = graph.product(f"{name}.widen", hidden, f"{name}.intermediate.dense.weight")
    active = graph.node(
        "BiasGelu", [wide, graph.weight(f"{name}.intermediate.dense.bias")], domain=_CONTRIB
    )
    narrow = graph.levelled(f"{name}{LEVELLED}", active, f"{name}.output.dense.weight")
    return _norm(graph, f"{name}.output", narrow, hidden, shape)


def _norm(graph: Graph, name: str, value: str, skip: str, shape: Shape) -> str:
    total = graph.node("Add", [value, graph.weight(f"{name}.dense.bias")])
    return _layer_norm(graph, name, graph.node("Add", [total, skip]), shape)


def _layer_norm(graph: Graph, name: str, value: str, shape: Shape) -> str:
    norm = [graph.weight(f"{name}.LayerNorm.{part}") for part in ("weight", "bias")]
    return graph.node("LayerNormalization", [value, *norm], epsilon=shape.epsilon, axis=-1)


def _head(graph: Graph, hidden: str) -> None:
    both = graph.node("MatMul", [hidden, graph.weight("span.weight", transpose=True)], name=HEAD)
    both = graph.node("Add", [both, graph.weight("span.bias")])
    axis = graph.constant("last_axis", np.array([-1], np.int64))
    graph.node("Split", [both], outputs=["start_column", "end_column"], axis=-1)
    graph.node("Squeeze", ["start_column", axis], outputs=["start"])
    graph.node("Squeeze", ["end_column", axis], outputs=["end"])
