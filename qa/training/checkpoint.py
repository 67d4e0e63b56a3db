"""Training state on disk: written whole or not at all, and read back to go on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

State = dict[str, torch.Tensor]


@dataclass(slots=True)
class Position:
    """Where training stands: the next batch of an epoch of a stage."""

    stage: int = 0
    epoch: int = 0
    batch: int = 0


def save(path: Path, state: dict[str, Any]) -> None:
    """Write beside the target, then rename over it, so that a kill leaves the old one whole."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path) -> dict[str, Any]:
    """The saved state, on the CPU; tensors and plain values only."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def mean_weights(states: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of models of one shape; what is no float is the first one's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }


class WeightAverage:
    """Exponential moving average of the trained weights (Polyak and Juditsky, 1992)."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._steps = 0
        self.weights = {
            name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad
        }

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take the present weights in; early on the average follows them closely."""
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        present = dict(model.named_parameters())
        torch._foreach_lerp_(
            list(self.weights.values()), [present[name] for name in self.weights], 1 - decay
        )

    def copy_to(self, model: nn.Module) -> dict[str, torch.Tensor]:
        """Put the average into the model; returns the weights it replaces."""
        kept = {}
        for name, parameter in model.named_parameters():
            if name in self.weights:
                kept[name] = parameter.detach().clone()
                parameter.data.copy_(self.weights[name])
        return kept

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs."""
        return {"steps": self._steps, "weights": self.weights}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a saved average."""
        self._steps = state["steps"]
        for name, weights in state["weights"].items():
            self.weights[name].copy_(weights)
