"""Int8 quantisation of an ONNX reader, encoder or ranker with ONNX Runtime.

Weights become int8, one scale a column. Activations are quantised as they come: one scale a
tensor where the graph is prepared for it (:mod:`qa.training.smoothing`), one scale a token after
GELU, which lets rare peaks through (docs/decisions/0004-int8.md). The head stays in float. What
int8 costs is measured on every set of the card.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from qa.training.export import AFTER_GELU, HEAD

_ZERO = 32
"""The code of 0 among the 256 of a token. GELU goes down to -0.17 and as far up as it will: this
holds -0.17 for every token whose peak is above 1.2, and leaves 223 codes for what is positive."""
_LEAST_PEAK = 0.01


def quantize(source: Path, target: Path) -> None:
    """Write an int8 copy of a float graph."""
    nodes = onnx.load(str(source), load_external_data=False).graph.node
    after_gelu = [node.name for node in nodes if node.name.endswith(AFTER_GELU)]
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[HEAD, *after_gelu],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
    model = onnx.load(str(target))
    _quantize_rows(model.graph, set(after_gelu))
    onnx.save(model, str(target))


def _quantize_rows(graph: onnx.GraphProto, products: set[str]) -> None:
    """Give the (1, length, channels) inputs of the products a scale for each row."""
    weights = {one.name: one for one in graph.initializer}
    shared = _Constants(graph)
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name in products:
            tensor = weights[node.input[1]]
            graph.initializer.remove(tensor)
            nodes += _by_rows(node, numpy_helper.to_array(tensor), shared)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


class _Constants:
    """Values that are added to a graph once, whoever asks for them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._names: set[str] = set()

    def add(self, name: str, value: npt.NDArray[np.generic]) -> str:
        if name not in self._names:
            self._names.add(name)
            self._graph.initializer.append(numpy_helper.from_array(value, name))
        return name


def _by_rows(
    node: onnx.NodeProto, weight: npt.NDArray[np.float32], constants: _Constants
) -> list[onnx.NodeProto]:
    """A product whose rows are quantised by their own peaks."""
    name, value = node.name, node.input[0]
    scales = np.maximum(np.abs(weight).max(axis=0) / 127, 1e-12).astype(np.float32)
    codes = constants.add(f"{name}.codes", np.round(weight / scales).astype(np.int8))
    columns = constants.add(f"{name}.scales", scales)
    least = constants.add("least_peak", np.array(_LEAST_PEAK, np.float32))
    step = constants.add("code_step", np.array(1 / (255 - _ZERO), np.float32))
    flat = constants.add("flat", np.array([-1], np.int64))
    one = constants.add("unit_scale", np.array(1, np.float32))
    zero = constants.add("zero_code", np.array(_ZERO, np.uint8))
    zeros = helper.make_tensor("zero_code", TensorProto.UINT8, [1], [_ZERO])
    part = {
        key: f"{name}.{key}"
        for key in ("peak", "high", "scale", "row", "rows", "zero", "in", "out")
    }

    def made(kind: str, inputs: list[str], output: str, **more: object) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [output], f"{output}_{kind}", **more)

    return [
        made("ReduceMax", [value], part["peak"], axes=[-1], keepdims=1),
        made("Max", [part["peak"], least], part["high"]),
        made("Mul", [part["high"], step], part["scale"]),
        made("Reshape", [part["scale"], flat], part["row"]),
        made("Shape", [part["row"]], part["rows"]),
        made("ConstantOfShape", [part["rows"]], part["zero"], value=zeros),
        made("QuantizeLinear", [value, part["row"], part["zero"]], part["in"], axis=1),
        made(
            "MatMulIntegerToFloat",
            [part["in"], codes, one, columns, zero],
            part["out"],
            domain="com.microsoft",
        ),
        made("Mul", [part["out"], part["scale"]], node.output[0]),
    ]
