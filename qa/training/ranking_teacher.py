"""What a retrieval encoder learns from a model that reads question and passage together.

A reader's evidence or a cross-encoder scores each question's positives and some of its negatives,
once a stage. In a batch the student's softmax over those of them that are there is drawn towards
the teacher's.

Source: the listwise divergence between the two is that of Ren et al., "RocketQAv2" (EMNLP 2021),
here with a teacher that stays as it is, whose scores are computed beforehand as in Hofstätter et
al., "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation"
(2020).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from qa.experiments.journal import Journal
from qa.ranker.scorer import PassageScorer
from qa.training.contrastive_batches import Batch
from qa.training.device import training_device
from qa.training.hard_negatives import Mined
from qa.training.pairs import Pairs

Lessons = Mapping[int, Mapping[int, float]]
"""By pair number, the teacher's score by passage number."""

_AT_ONCE = {"cpu": 16, "cuda": 512}
"""Questions scored between two writes, by device."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the teacher says about one batch.

    Attributes:
        shares: (questions, passages) the teacher's softmax over what it knows; a row of zeros
            where it knows nothing to compare.
        known: (questions, passages) bool: true where ``shares`` means something.
        weight: of the divergence in the loss of a taught question; the rest is the labels'.
    """

    shares: torch.Tensor
    known: torch.Tensor
    weight: float

    def to(self, device: torch.device) -> Lesson:
        """The same on another device."""
        return Lesson(self.shares.to(device), self.known.to(device), self.weight)

    def mixed(self, losses: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """(questions,) losses with the divergence KL(teacher || student) mixed in.

        Args:
            losses: (questions,) by the labels.
            scores: (questions, passages) of the student, in its own temperature.
        """
        logs = torch.log_softmax(scores.masked_fill(~self.known, -torch.inf), dim=-1)
        # Of rows without anything known the softmax is undefined, and they are not taught.
        logs = torch.where(self.known, logs, 0.0)
        divergence = (torch.xlogy(self.shares, self.shares) - self.shares * logs).sum(dim=-1)
        weight = self.weight * self.known.any(dim=-1)
        return (1 - weight) * losses + weight * divergence


def lesson(
    batch: Batch, lessons: Lessons, excluded: torch.Tensor, temperature: float, weight: float
) -> Lesson:
    """The teacher's part of a batch; a question counts where it knows the target and another.

    Args:
        excluded: (questions, passages) bool: what may answer and is not the target.
        temperature: the teacher's scores are divided by it.
    """
    scores = torch.full(excluded.shape, -torch.inf)
    for row, (number, target) in enumerate(zip(batch.pairs, batch.targets, strict=True)):
        told = lessons.get(number, {})
        there = [at for at, passage in enumerate(batch.passages) if passage in told]
        there = [at for at in there if not excluded[row, at]]
        if target in there and len(there) > 1:
            scores[row, there] = torch.tensor([told[batch.passages[at]] for at in there])
    known = scores > -torch.inf
    shares = torch.softmax(scores / temperature, dim=-1).nan_to_num(0.0)
    return Lesson(shares, known, weight)


def candidates(pairs: Pairs, mined: Mined, most: int) -> dict[int, tuple[int, ...]]:
    """By pair number, what the teacher has to score: positives, judged and mined negatives."""
    found = {}
    for number, pair in enumerate(pairs.pairs):
        if pair.taught:
            several = dict.fromkeys((*pair.positives, *pair.negatives, *mined[number]))
            found[number] = tuple(several)[:most]
    return {number: passages for number, passages in found.items() if len(passages) > 1}


def ask(
    pairs: Pairs,
    wanted: Mapping[int, Sequence[int]],
    teacher: PassageScorer,
    path: Path,
    report: Callable[[dict[str, Any]], None],
) -> Lessons:
    """The teacher's scores of what is wanted, kept in a file that an interrupted call goes on with.

    Args:
        path: JSON Lines; what another teacher or other passages left there is begun anew.
    """
    with Journal(path, _identity(pairs, wanted, teacher)) as journal:
        todo = [number for number in wanted if str(number) not in journal.entries]
        done, started = len(wanted) - len(todo), time.monotonic()
        at_once = _AT_ONCE[training_device().type]
        for begin in range(0, len(todo), at_once):
            part = todo[begin : begin + at_once]
            for number, scores in _scored(pairs, wanted, teacher, part):
                journal.add({"id": str(number), "scores": [round(s, 4) for s in scores]})
            taken = time.monotonic() - started
            left = taken / (begin + len(part)) * (len(todo) - begin - len(part))
            report({"event": "teacher", "questions": done + begin + len(part),
                    "of": len(wanted), "eta": round(left)})  # fmt: skip
        return {
            number: dict(zip(passages, journal.entries[str(number)]["scores"], strict=True))
            for number, passages in wanted.items()
        }


def _scored(
    pairs: Pairs, wanted: Mapping[int, Sequence[int]], teacher: PassageScorer, part: Sequence[int]
) -> Iterator[tuple[int, list[float]]]:
    questions = [pairs.pairs[number].question for number in part]
    texts = [[pairs.passages[n].text for n in wanted[number]] for number in part]
    yield from zip(part, teacher.score(questions, texts), strict=True)


def _identity(pairs: Pairs, wanted: Mapping[int, Sequence[int]], teacher: PassageScorer) -> str:
    digest = hashlib.sha256()
    for number, passages in wanted.items():
        texts = [pairs.passages[n].text for n in passages]
        digest.update(json.dumps([pairs.pairs[number].question, *texts]).encode())
    return f"{teacher.fingerprint} {digest.hexdigest()[:16]}"
