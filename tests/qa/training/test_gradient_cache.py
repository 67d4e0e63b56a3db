"""The cached gradient against the plain one, in float32."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from qa.training.bi_encoder import BiEncoder
from qa.training.contrastive_loss import contrastive_loss
from qa.training.encoder_recipe import EncoderRecipe
from qa.training.gradient_cache import backward

QUESTIONS = ["what color is the strap?", "is it heavy?", "how long is the cable of this lamp?"]
PASSAGES = ["The strap is red.", "It weighs little, " * 6, "The cable is long.", "I like it."]


def gradients(
    backbone: Path, *, cached: bool, towers: str, dropout: float
) -> tuple[float, dict[str, torch.Tensor]]:
    torch.manual_seed(1)
    recipe = EncoderRecipe(
        backbone=str(backbone), stages=[], selection=[], towers=towers, dropout=dropout
    )  # type: ignore[arg-type]
    model = BiEncoder(recipe)
    model.train()
    torch.manual_seed(2)
    targets, excluded = torch.tensor([0, 1, 2]), torch.zeros(3, 4, dtype=torch.bool)
    loss = backward(
        model,
        model.ids("question", QUESTIONS),
        model.ids("passage", PASSAGES),
        lambda q, p: contrastive_loss(q, p, targets, excluded, 0.05, [16]),
        chunk=40,
        cached=cached,
        bfloat16=False,
    )
    return loss, {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("towers", ["one", "two"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_cached_gradient_equals_the_plain_one(
    backbone: Path, towers: str, dropout: float
) -> None:
    plain_loss, plain = gradients(backbone, cached=False, towers=towers, dropout=dropout)
    cached_loss, cached = gradients(backbone, cached=True, towers=towers, dropout=dropout)
    assert cached_loss == pytest.approx(plain_loss, abs=1e-6)
    assert plain.keys() == cached.keys()
    assert plain
    for name, gradient in plain.items():
        torch.testing.assert_close(cached[name], gradient, rtol=1e-5, atol=1e-5, msg=name)
    assert max(float(g.abs().max()) for g in plain.values()) > 1e-3


def test_dropout_goes_on_after_a_cached_step_as_after_a_plain_one(backbone: Path) -> None:
    after = []
    for cached in (False, True):
        gradients(backbone, cached=cached, towers="one", dropout=0.3)
        after.append(torch.rand(3))
    torch.testing.assert_close(*after)
