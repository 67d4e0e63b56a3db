"""A BERT-like encoder, and a span reader, as an ONNX graph of fused operators.

The graph is written out rather than traced: ONNX Runtime's ``Attention`` and ``BiasGelu``
are what makes it fast on a CPU, and its pattern matcher finds no attention in graphs that today's
exporters trace. It takes one text a run (:mod:`qa.model_session`), so nothing is padded and there
is no mask. The word embeddings are stored as int8 with one scale a row (symmetric), half of the
file at no loss that shows in the scores.
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
AFTER_GELU = ".narrow"
"""Ends the names of the products after GELU, which need an int8 scale a token."""
SIZES: list[str | int] = [1, "length"]
"""Of the inputs, and of the logits."""
NO_ANSWER = -10_000.0
"""The logit of pieces of the question, where no answer begins or ends."""
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

    Inputs ``input_ids``, ``token_type_ids``: int64 (1, length).
    Outputs ``start``, ``end``: float (1, length); :data:`NO_ANSWER` at the pieces of segment 0
    but the first, which end no answer and are not followed through the last layer.

    Args:
        weights: by the names of :class:`qa.training.span_model.SpanReader`'s state.
        shape: the encoder's sizes; positions beyond ``shape.positions`` are dropped.
        smoothing: by product name (:func:`smoothable_products`), what its input is divided and its
            weight multiplied with, a scale a channel; changes nothing before quantisation.
    """
    graph = Graph(weights, smoothing or {})
    rows = _answering_rows(graph)
    _head(graph, body(graph, shape, rows), rows)
    return graph.model("span_reader", {"start": SIZES, "end": SIZES})


def body(graph: Graph, shape: Shape, rows: str | None = None) -> str:
    """Add a BERT-like encoder; returns the name of its (1, length, width) hidden states.

    Args:
        rows: the pieces whose last states are wanted, a 1-d int64 value; all if None.
    """
    hidden = _embeddings(graph, shape)
    for layer in range(shape.layers):
        wanted = rows if layer == shape.layers - 1 else None
        hidden = _layer(graph, f"encoder.encoder.layer.{layer}", hidden, shape, wanted)
    return hidden


def first_piece(graph: Graph, hidden: str) -> str:
    """The (1, width) vector of the first piece."""
    zero = graph.constant("first_piece", np.array([0], np.int64))
    along = graph.constant("pooled_axis", np.array([1], np.int64))
    return graph.node("Squeeze", [graph.node("Gather", [hidden, zero], axis=1), along])


def smoothable_products(model: onnx.ModelProto) -> list[str]:
    """Names of the products that ``smoothing`` may name: all but the head and those after GELU."""
    kinds = ("MatMul", "Attention")
    names = [n.name for n in model.graph.node if n.op_type in kinds and n.name != HEAD]
    return [name for name in names if not name.endswith(AFTER_GELU)]


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

    def smoothing(self, product: str) -> Array | None:
        """What the channels of a product's input are divided by, if anything."""
        return self._smoothing.get(product)

    def product(self, product: str, value: str, weight: Array) -> str:
        """``value`` times a (channels, outputs) weight, smoothed where that is asked for."""
        return self.plain(product, *self.smoothed(product, value, weight))

    def smoothed(self, product: str, value: str, weight: Array) -> tuple[str, Array]:
        """A product's input and weight, with what makes it smooth where that is asked for."""
        scale = self.smoothing(product)
        if scale is not None:
            inverse = self.constant(f"{product}.inverse", (1 / scale).astype(np.float32))
            value = self.node("Mul", [value, inverse], name=f"{product}.smoother")
            weight = weight * scale[:, None]
        return value, weight

    def plain(self, product: str, value: str, weight: Array) -> str:
        """``value`` times a weight as it is."""
        return self.node(
            "MatMul", [value, self.constant(f"{product}.weight", weight)], name=product
        )

    def model(self, name: str, outputs: Mapping[str, Sequence[str | int]]) -> onnx.ModelProto:
        """The model with float outputs of the given sizes."""
        inputs = [
            helper.make_tensor_value_info(one, TensorProto.INT64, SIZES)
            for one in ("input_ids", "token_type_ids")
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
    zero = graph.constant("int_0", np.array(0, np.int64))
    numbers = _range(graph, zero, _length(graph))
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


def _layer(graph: Graph, name: str, hidden: str, shape: Shape, rows: str | None) -> str:
    attended, mix = _attention(graph, name, hidden, shape)
    if rows is not None:
        attended, hidden = (graph.node("Gather", [one, rows], axis=1) for one in (attended, hidden))
    mixed = graph.plain(f"{name}.mix", attended, mix)
    hidden = _norm(graph, f"{name}.attention.output", mixed, hidden, shape)
    wide = graph.product(f"{name}.widen", hidden, graph.raw(f"{name}.intermediate.dense.weight").T)
    active = graph.node(
        "BiasGelu", [wide, graph.weight(f"{name}.intermediate.dense.bias")], domain=_CONTRIB
    )
    dense = graph.raw(f"{name}.output.dense.weight").T
    narrow = graph.plain(f"{name}{AFTER_GELU}", active, dense)
    return _norm(graph, f"{name}.output", narrow, hidden, shape)


def _attention(graph: Graph, name: str, hidden: str, shape: Shape) -> tuple[str, Array]:
    """Attention, and the weight of the product after it, whose smoothing the values carry."""
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    weights = [graph.raw(f"{part}.weight").T for part in parts]
    biases = [graph.raw(f"{part}.bias") for part in parts]
    mix = graph.raw(f"{name}.attention.output.dense.weight").T
    scale = graph.smoothing(f"{name}.mix")
    if scale is not None:
        weights[2], biases[2], mix = weights[2] / scale, biases[2] / scale, mix * scale[:, None]
    hidden, joint = graph.smoothed(f"{name}.qkv", hidden, np.concatenate(weights, axis=1))
    weight = graph.constant(f"{name}.qkv.weight", joint)
    bias = graph.constant(f"{name}.qkv.bias", np.concatenate(biases))
    attended = graph.node(
        "Attention",
        [hidden, weight, bias],
        name=f"{name}.qkv",
        domain=_CONTRIB,
        num_heads=shape.heads,
    )
    return attended, mix


def _norm(graph: Graph, name: str, value: str, skip: str, shape: Shape) -> str:
    total = graph.node("Add", [value, graph.weight(f"{name}.dense.bias")])
    return _layer_norm(graph, name, graph.node("Add", [total, skip]), shape)


def _layer_norm(graph: Graph, name: str, value: str, shape: Shape) -> str:
    norm = [graph.weight(f"{name}.LayerNorm.{part}") for part in ("weight", "bias")]
    return graph.node("LayerNormalization", [value, *norm], epsilon=shape.epsilon, axis=-1)


def _answering_rows(graph: Graph) -> str:
    """The first piece, which stands for no answer, and those of segment 1."""
    first = graph.constant("first_piece", np.zeros(1, np.int64))
    length = _length(graph)
    context = graph.node("ReduceSum", ["token_type_ids"], keepdims=0)
    begin = graph.node("Sub", [length, context])
    return graph.node("Concat", [first, _range(graph, begin, length)], axis=0)


def _length(graph: Graph) -> str:
    """How many pieces the text has."""
    axis = graph.constant("first_axis", np.zeros(1, np.int64))
    return graph.node("Squeeze", [graph.node("Shape", ["input_ids"], start=1, end=2), axis])


def _range(graph: Graph, begin: str, end: str) -> str:
    one = graph.constant("int_1", np.array(1, np.int64))
    return graph.node("Range", [begin, end, one])


def _head(graph: Graph, hidden: str, rows: str) -> None:
    both = graph.node("MatMul", [hidden, graph.weight("span.weight", transpose=True)], name=HEAD)
    both = graph.node("Add", [both, graph.weight("span.bias")])
    last = graph.constant("last_axis", np.array([-1], np.int64))
    first = graph.constant("first_axis", np.zeros(1, np.int64))
    places = graph.node("Unsqueeze", [rows, first])
    sizes = graph.node("Shape", ["input_ids"])
    nowhere = helper.make_tensor("nowhere", TensorProto.FLOAT, [1], [NO_ANSWER])
    empty = graph.node("ConstantOfShape", [sizes], value=nowhere)
    graph.node("Split", [both], outputs=["start_column", "end_column"], axis=-1)
    for side in ("start", "end"):
        column = graph.node("Squeeze", [f"{side}_column", last])
        graph.node("ScatterElements", [empty, places, column], outputs=[side], axis=1)
