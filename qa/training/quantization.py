"""Dynamic int8 quantisation of an ONNX reader with ONNX Runtime.

Weights become int8, one scale a column; activations are quantised as they come. On CPUs without
VNNI the products of full-range int8 weights can saturate, so ``reduce_range`` keeps weights to 7
bits; what that costs is measured, not assumed.
"""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic

from qa.training.export import HEAD


def quantize(source: Path, target: Path, *, reduce_range: bool = False) -> None:
    """Write an int8 copy of a float reader; the span head stays in float."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        reduce_range=reduce_range,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[HEAD],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
