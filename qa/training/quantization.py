"""Int8 quantisation of an ONNX reader with ONNX Runtime.

Weights become int8, one scale a column, and activations are quantised as they come, one scale a
tensor; the graph is prepared for that (:mod:`qa.training.smoothing`, and rows levelled after GELU
in :mod:`qa.training.export`). The span head stays in float. What int8 costs is measured on every
set of the card.
"""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic

from qa.training.export import HEAD


def quantize(source: Path, target: Path) -> None:
    """Write an int8 copy of a float reader."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[HEAD],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
