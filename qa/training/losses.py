"""What a span reader is trained to minimise."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qa.reader.windows import Window
from qa.training.reader_features import Feature

NEVER = -1e4


def span_loss(start: torch.Tensor, end: torch.Tensor, batch: Sequence[Feature]) -> torch.Tensor:
    """Mean cross entropy of (batch, length) start and end logits against soft targets.

    Source: Devlin et al., 2019, with the annotators' shares as the target. A feature whose answer
    is only known to be *somewhere* in its context is scored by the probability of the context as a
    whole (the marginal over all positions), so it moves the null answer and no span.
    """
    device, length = start.device, start.shape[1]
    wanted = targets(batch, length).to(device)
    context = context_mask([item.window for item in batch], length).to(device)
    padding = _padding(batch, length).to(device)
    anywhere = torch.tensor([item.somewhere for item in batch], device=device)
    allowed = context.clone()
    allowed[:, 0] = True
    losses = []
    for logits, target in zip((start, end), wanted, strict=True):
        logs = torch.log_softmax(logits.masked_fill(padding, NEVER), dim=-1)
        exact = -(target * logs).sum(dim=-1)
        inside = torch.log_softmax(logits.masked_fill(~allowed, NEVER), dim=-1)
        somewhere = -torch.logsumexp(inside.masked_fill(~context, NEVER), dim=-1)
        losses.append(torch.where(anywhere, somewhere, exact))
    return (losses[0] + losses[1]).mean() / 2


def targets(batch: Sequence[Feature], length: int) -> torch.Tensor:
    """(2, batch, length): the share of each position as start and as end."""
    wanted = torch.zeros(2, len(batch), length)
    for row, item in enumerate(batch):
        weights = torch.from_numpy(item.weights)
        wanted[0, row].index_add_(0, torch.from_numpy(item.starts), weights)
        wanted[1, row].index_add_(0, torch.from_numpy(item.ends), weights)
        if item.taught is not None:
            wanted[:, row, : item.window.length] += torch.from_numpy(item.taught)
    return wanted


def context_mask(windows: Sequence[Window], length: int) -> torch.Tensor:
    """(windows, length) bool: true on context pieces."""
    first = torch.tensor([window.first for window in windows])[:, None]
    last = torch.tensor([window.length - 1 for window in windows])[:, None]
    positions = torch.arange(length)[None, :]
    return (positions >= first) & (positions < last)


def evidence(start: torch.Tensor, end: torch.Tensor, batch: Sequence[Window]) -> torch.Tensor:
    """(batch,) log odds of an answer anywhere in the context against the null answer.

    Args:
        start, end: (batch, length) logits. All starts and all ends count, so that each learns;
            the best span's, which ranks in the end, is the greatest term.
    """
    outside = ~context_mask(batch, start.shape[1]).to(start.device)
    return sum(
        torch.logsumexp(logits.masked_fill(outside, NEVER), dim=-1) - logits[:, 0]
        for logits in (start, end)
    )  # type: ignore[return-value]


def _padding(batch: Sequence[Feature], length: int) -> torch.Tensor:
    lengths = torch.tensor([item.window.length for item in batch])[:, None]
    return torch.arange(length)[None, :] >= lengths
