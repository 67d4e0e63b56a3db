"""Int8 quantisation of an ONNX reader with ONNX Runtime.

Weights become int8, one scale a column, and activations are quantised as they come, one scale a
tensor. The product after GELU does not bear that: its activations are one-sided with rare peaks.
There weights and activations are quantised in blocks of a row instead, which costs a little time.
The span head stays in float. What int8 costs is measured on every set of the card.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from qa.training.export import HEAD, product_names

_BLOCK = 256
_INT8_ARITHMETIC = 4
"""ONNX Runtime's ``accuracy_level`` that multiplies in int8 rather than in float."""


def quantize(source: Path, target: Path) -> None:
    """Write an int8 copy of a float reader."""
    model = onnx.load(source)
    others = [name for name in product_names(model) if not name.endswith(".narrow")]
    blocks = MatMulNBitsQuantizer(
        model,
        bits=8,
        block_size=_BLOCK,
        is_symmetric=True,
        accuracy_level=_INT8_ARITHMETIC,
        nodes_to_exclude=[HEAD, *others],
    )
    blocks.process()
    with tempfile.TemporaryDirectory() as folder:
        partly = Path(folder) / "partly.onnx"
        blocks.model.save_model_to_file(str(partly), False)
        quantize_dynamic(
            partly,
            target,
            op_types_to_quantize=["MatMul", "Attention"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[HEAD],
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )
