"""Moving the difficulty of quantisation from activations to weights.

Activations get one int8 scale a tensor, and a few channels of a Transformer's are far larger than
the rest. Dividing each channel by a scale and multiplying its row of the weight with the same
leaves the product as it is and both sides easy to quantise.

Source: Xiao et al., "SmoothQuant" (ICML 2023), with their migration strength alpha.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from qa.model_session import Text, feeds
from qa.training.export import smoothable_products

Array = npt.NDArray[np.float32]
STRENGTH = 0.8
"""Alpha: the share of the difficulty that moves. 0.7 to 0.9 measured alike, less was worse."""
_LEAST = 1e-5


def smoothing_scales(
    model: onnx.ModelProto, seen: Sequence[Text], strength: float = STRENGTH
) -> dict[str, Array]:
    """A scale for every input channel of every product, by product name.

    Args:
        model: the float graph, without smoothing.
        seen: held-in texts, to see activations on.
    """
    nodes = {n.name: n for n in model.graph.node if n.name in set(smoothable_products(model))}
    largest = _largest_activations(model, sorted({n.input[0] for n in nodes.values()}), seen)
    weights = {i.name: i for i in model.graph.initializer}
    scales = {}
    for name, node in nodes.items():
        weight = np.abs(numpy_helper.to_array(weights[node.input[1]])).max(axis=1)
        activation = np.maximum(largest[node.input[0]], _LEAST)
        scale = activation**strength / np.maximum(weight, _LEAST) ** (1 - strength)
        scales[name] = scale.astype(np.float32)
    return scales


def _largest_activations(
    model: onnx.ModelProto, tensors: list[str], seen: Sequence[Text]
) -> dict[str, Array]:
    """The largest absolute value of every channel of the tensors."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    for name in tensors:
        watched.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    taken = {one.name for one in session.get_inputs()}
    largest: dict[str, Array] = {}
    for text in seen:
        values = session.run(tensors, feeds(text, taken))
        for name, value in zip(tensors, values, strict=True):
            peak = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, peak), peak)
    return largest
