"""Where training runs: on a CUDA GPU if torch sees one, else on the CPU; in bfloat16 on either."""

from __future__ import annotations

import torch
from torch import nn


def training_device() -> torch.device:
    """The device of models and batches; ``CUDA_VISIBLE_DEVICES=`` keeps training on the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pieces_at_once(device: torch.device) -> int:
    """How many padded pieces go through a model at a time when nothing is learnt."""
    return 32768 if device.type == "cuda" else 4096


def device_of(model: nn.Module) -> torch.device:
    """Where a model is."""
    return next(model.parameters()).device


def autocast(enabled: bool = True) -> torch.autocast:
    """Matrix products in bfloat16 on the training device."""
    return torch.autocast(training_device().type, torch.bfloat16, enabled)


def random_state() -> dict[str, torch.Tensor]:
    """What :func:`set_random_state` needs to draw the same numbers again."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: dict[str, torch.Tensor]) -> None:
    """Go back to a state; one drawn on a GPU restores what a CPU has, and the other way round."""
    torch.set_rng_state(state["cpu"].cpu())
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())
