"""A cross-encoder as an ONNX graph: the body of :mod:`qa.training.export` and one score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx

from qa.ranker.package import OUTPUT
from qa.training.export import HEAD, Graph, Shape, body, first_piece

Array = npt.NDArray[np.float32]


def build_ranker(
    weights: Mapping[str, Array], shape: Shape, smoothing: Mapping[str, Array] | None = None
) -> onnx.ModelProto:
    """The graph of a cross-encoder: int64 (1, length) inputs, float (1, 1) ``score``.

    Args:
        weights: by the names of :class:`qa.training.cross_encoder_model.CrossEncoderModel`'s state.
        shape: the encoder's sizes.
        smoothing: see :func:`qa.training.export.build`.
    """
    graph = Graph(weights, smoothing or {})
    first = first_piece(graph, body(graph, shape))
    product = graph.node("MatMul", [first, graph.weight("head.weight", transpose=True)], name=HEAD)
    graph.node("Add", [product, graph.weight("head.bias")], outputs=[OUTPUT])
    return graph.model("ranker", {OUTPUT: [1, 1]})
