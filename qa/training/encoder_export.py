"""A text encoder as an ONNX graph: the body of :mod:`qa.training.export`, pooled in float."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx

from qa.encoders.package import OUTPUT
from qa.training.export import Graph, Shape, body, first_piece

Array = npt.NDArray[np.float32]
_LEAST_LENGTH = 1e-12
"""What torch's ``normalize`` divides by at least."""


def build_encoder(
    weights: Mapping[str, Array],
    shape: Shape,
    smoothing: Mapping[str, Array] | None = None,
    *,
    pooling: str = "mean",
    normalized: bool = True,
) -> onnx.ModelProto:
    """The graph of a tower: int64 (1, length) inputs, float (1, width) ``embedding``.

    Args:
        weights: by the names of :class:`qa.training.bi_encoder.Tower`'s state.
        shape: the encoder's sizes.
        smoothing: see :func:`qa.training.export.build`.
        pooling: ``mean`` over the pieces, or ``cls``, the first piece's vector.
        normalized: divide each vector by its length.
    """
    graph = Graph(weights, smoothing or {})
    hidden = body(graph, shape)
    pooled = (
        graph.node("ReduceMean", [hidden], axes=[1], keepdims=0)
        if pooling == "mean"
        else first_piece(graph, hidden)
    )
    if normalized:
        length = graph.node("ReduceL2", [pooled], axes=[-1], keepdims=1)
        least = graph.constant("least_length", np.array(_LEAST_LENGTH, np.float32))
        pooled = graph.node("Div", [pooled, graph.node("Max", [length, least])])
    graph.node("Identity", [pooled], outputs=[OUTPUT])
    return graph.model("encoder", {OUTPUT: [1, hidden_size(weights)]})


def hidden_size(weights: Mapping[str, Array]) -> int:
    """The width of the vectors."""
    return int(weights["encoder.embeddings.LayerNorm.weight"].shape[0])
