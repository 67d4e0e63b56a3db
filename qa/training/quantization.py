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
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from qa.training.export import AFTER_GELU, HEAD

_ZERO = 32
"""The code of 0 among the 256 of a token. GELU goes down to -0.17 and as far up as it will: this
holds -0.17 for every token whose peak is above 1.2, and leaves 223 codes for what is positive."""
_SHARED: dict[str, npt.NDArray[np.generic]] = {
    "least_peak": np.array(0.01, np.float32),
    "code_step": np.array(1 / (255 - _ZERO), np.float32),
    "flat": np.array([-1], np.int64),
    "unit_scale": np.array(1, np.float32),
    "zero_code": np.array(_ZERO, np.uint8),
}


def quantize(source: Path, target: Path) -> None:
    """Write an int8 copy of a float graph."""
    model = onnx.load(str(source))
    add_pre_process_metadata(model)  # or ONNX Runtime advises to optimise what is written out
    after_gelu = [node.name for node in model.graph.node if node.name.endswith(AFTER_GELU)]
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[HEAD, *after_gelu],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
    model = onnx.load(str(target))
    del model.metadata_props[:]
    _quantize_rows(model.graph, set(after_gelu))
    onnx.save(model, str(target))


def _quantize_rows(graph: onnx.GraphProto, products: set[str]) -> None:
    """Give the (1, length, channels) inputs of the products a scale for each row."""
    weights = {one.name: one for one in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name not in products:
            nodes.append(node)
            continue
        weight = weights.pop(node.input[1])
        columns = _columns(node.name, numpy_helper.to_array(weight))
        weights |= {one.name: one for one in columns}
        nodes += _by_rows(node, [one.name for one in columns])
    shared = [numpy_helper.from_array(value, name) for name, value in _SHARED.items()]
    for field, values in ((graph.node, nodes), (graph.initializer, [*weights.values(), *shared])):
        del field[:]
        field.extend(values)


def _columns(product: str, weight: npt.NDArray[np.float32]) -> list[onnx.TensorProto]:
    """A (channels, outputs) weight as int8 codes and a scale for each column."""
    scales = np.maximum(np.abs(weight).max(axis=0) / 127, 1e-12).astype(np.float32)
    codes = np.round(weight / scales).astype(np.int8)
    return [
        numpy_helper.from_array(codes, f"{product}.codes"),
        numpy_helper.from_array(scales, f"{product}.scales"),
    ]


def _by_rows(product: onnx.NodeProto, columns: list[str]) -> list[onnx.NodeProto]:
    """A product whose rows are quantised by their own peaks."""
    codes, scales = columns
    value, of = product.input[0], f"{product.name}."
    zeros = helper.make_tensor("zeros", TensorProto.UINT8, [1], [_ZERO])
    parts = [
        ("ReduceMax", [value], "peak", {"axes": [-1], "keepdims": 1}),
        ("Max", [f"{of}peak", "least_peak"], "high", {}),
        ("Mul", [f"{of}high", "code_step"], "scale", {}),
        ("Reshape", [f"{of}scale", "flat"], "row", {}),
        ("Shape", [f"{of}row"], "rows", {}),
        ("ConstantOfShape", [f"{of}rows"], "zeros", {"value": zeros}),
        ("QuantizeLinear", [value, f"{of}row", f"{of}zeros"], "in", {"axis": 1}),
        (
            "MatMulIntegerToFloat",
            [f"{of}in", codes, "unit_scale", scales, "zero_code"],
            "out",
            {"domain": "com.microsoft"},
        ),
    ]
    nodes = [
        helper.make_node(kind, inputs, [of + name], f"{of}{name}_node", **more)
        for kind, inputs, name, more in parts
    ]
    levelled = helper.make_node("Mul", [f"{of}out", f"{of}scale"], [product.output[0]])
    return [*nodes, levelled]
