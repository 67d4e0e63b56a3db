"""Contrastive steps on batches that do not fit: embeddings first, gradients chunk by chunk.

The loss needs all embeddings at once but not all activations. They are computed without a graph,
the loss gives the gradient of each embedding, and each chunk is run again to carry its part
through the encoder. Same gradient, memory of one chunk, a third more time.

Source: Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"
(RepL4NLP 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from qa.reader.session import length_batches
from qa.training.bi_encoder import BiEncoder, Ids, Kind, padded_ids
from qa.training.device import autocast, device_of, random_state, set_random_state

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(questions, dimension) and (passages, dimension) vectors to a scalar."""

_Chunk = tuple[Kind, list[int]]


def backward(
    model: BiEncoder,
    questions: Sequence[Ids],
    passages: Sequence[Ids],
    loss: Loss,
    *,
    chunk: int = 4096,
    cached: bool = False,
    bfloat16: bool = True,
) -> float:
    """Add the gradient of the loss to the model's parameters; returns the loss.

    Args:
        chunk: padded pieces that go through the model at a time.
        cached: keep no activations but those of one chunk. Dropout is drawn alike both times.
    """
    items: dict[Kind, Sequence[Ids]] = {"question": questions, "passage": passages}
    chunks: list[_Chunk] = [
        (kind, indices)
        for kind, texts in items.items()
        for indices in length_batches([len(ids) for ids in texts], chunk)
    ]

    device = device_of(model)

    def embed(one: _Chunk) -> torch.Tensor:
        kind, indices = one
        with autocast(bfloat16):
            vectors: torch.Tensor = model.tower(kind)(
                *padded_ids([items[kind][i] for i in indices], device)
            )
        return vectors

    if not cached:
        total = loss(*_joined(chunks, [embed(one) for one in chunks]))
        total.backward()
        return float(total.detach())
    return _cached(chunks, embed, loss)


def _cached(chunks: Sequence[_Chunk], embed: Callable[[_Chunk], torch.Tensor], loss: Loss) -> float:
    states, leaves = [], []
    for one in chunks:
        states.append(random_state())
        with torch.no_grad():
            leaves.append(embed(one).requires_grad_())
    after = random_state()
    total = loss(*_joined(chunks, leaves))
    total.backward()
    for one, state, leaf in zip(chunks, states, leaves, strict=True):
        set_random_state(state)
        assert leaf.grad is not None
        (embed(one) * leaf.grad).sum().backward()
    set_random_state(after)
    return float(total.detach())


def _joined(
    chunks: Sequence[_Chunk], vectors: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Vectors of all chunks in the order of the questions and of the passages."""
    joined = []
    for kind in ("question", "passage"):
        own = [(ids, v) for (k, ids), v in zip(chunks, vectors, strict=True) if k == kind]
        vectors_of_kind = torch.cat([v for _, v in own])
        order = torch.tensor([i for ids, _ in own for i in ids], device=vectors_of_kind.device)
        joined.append(vectors_of_kind[torch.argsort(order)])
    return joined[0], joined[1]
