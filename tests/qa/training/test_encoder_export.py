"""The ONNX encoder against torch: the same vectors in float, pooled either way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch

from qa.training.bi_encoder import BiEncoder, Tower
from qa.training.encoder_export import build_encoder
from qa.training.encoder_recipe import EncoderRecipe
from qa.training.int8 import shape_of

TEXTS = ["The strap is red.", "x", "What color is the lamp, " * 5]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalized", [True, False])
def test_float_vectors_equal_torch(backbone: Path, pooling: str, normalized: bool) -> None:
    recipe = EncoderRecipe(
        backbone=str(backbone), stages=[], selection=[], pooling=pooling, normalized=normalized
    )  # type: ignore[arg-type]
    model = BiEncoder(recipe)
    tower = model.tower("passage")
    _make_exact(tower)
    weights = {n: t.numpy() for n, t in tower.state_dict().items() if t.dtype == torch.float32}
    graph = build_encoder(
        weights, shape_of(tower.encoder, 96), pooling=pooling, normalized=normalized
    )
    session = ort.InferenceSession(graph.SerializeToString())
    theirs = model.vectors("passage", TEXTS)
    ours = np.concatenate([_vector(session, ids) for ids in model.ids("passage", TEXTS)])
    np.testing.assert_allclose(ours, theirs, atol=2e-4)
    lengths = np.linalg.norm(ours, axis=1)
    assert np.allclose(lengths, 1, atol=1e-5) == normalized


def _vector(session: ort.InferenceSession, ids: list[int]) -> Any:
    row = np.array([ids], np.int64)
    feeds = {"input_ids": row, "token_type_ids": np.zeros_like(row)}
    return session.run(["embedding"], feeds)[0]


def _make_exact(tower: Tower) -> None:
    """Embeddings that int8 rows hold exactly, and other weights that are not small."""
    torch.manual_seed(3)
    for name, parameter in tower.named_parameters():
        if not name.startswith("encoder.embeddings"):
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
    embeddings = tower.encoder.embeddings
    for table in (embeddings.word_embeddings, embeddings.position_embeddings):
        codes = torch.randint(-127, 128, table.weight.shape).float()
        codes[:, 0] = 127
        table.weight.data.copy_(codes / 1000)
