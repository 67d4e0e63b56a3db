"""Trained readers that teach: opened from a run's weights, asked about spans and about passages."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qa.encoders.weights import weights_fingerprint
from qa.ranker.scorer import NO_SPAN
from qa.reader.session import length_batches
from qa.reader.windows import Window, Windower
from qa.training.device import autocast, device_of, pieces_at_once, training_device
from qa.training.losses import evidence
from qa.training.span_model import SpanReader
from qa.training.teacher_settings import TeacherModel
from qa.training.torch_model import tensors
from qa.training.warm_start import start_from


def open_teacher(settings: TeacherModel, backbone: str, tokenizer: str) -> SpanReader:
    """A teacher on the training device, without dropout.

    Args:
        backbone: the folder or name that ``settings.backbone`` stands for.
        tokenizer: the folder that the student's windows are cut with.

    Raises:
        QAError: there are no such weights, or they are of another model.
    """
    model = SpanReader(backbone, 0.0, tokenizer)
    start_from(model, [settings.weights], backbone=tokenizer)
    model.eval()
    model.to(training_device())
    return model


class TeachersEvidence:
    """The mean of teachers' log odds of an answer in each passage.

    A :class:`qa.ranker.scorer.PassageScorer`; of a long passage the best window counts.
    """

    def __init__(self, teachers: Sequence[SpanReader], windower: Windower) -> None:
        self._teachers, self._windower = teachers, windower
        self.fingerprint = weights_fingerprint(teachers, ())

    def score(
        self, questions: Sequence[str], passages: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """See :class:`qa.ranker.scorer.PassageScorer`."""
        windows = self._windower.cut(questions, passages)
        found = [[NO_SPAN] * len(group) for group in passages]
        for window, score in zip(windows, self._scores(windows), strict=True):
            row = found[window.question]
            row[window.context] = max(row[window.context], score)
        return found

    def _scores(self, windows: Sequence[Window]) -> list[float]:
        scores = torch.zeros(len(windows))
        pieces = pieces_at_once(training_device())
        for indices in length_batches([w.length for w in windows], pieces):
            batch = [windows[i] for i in indices]
            scores[indices] = torch.stack([_asked(one, batch) for one in self._teachers]).mean(0)
        return [float(score) for score in scores]


def _asked(teacher: SpanReader, batch: Sequence[Window]) -> torch.Tensor:
    with torch.inference_mode(), autocast():
        start, end = teacher(**tensors(batch, device_of(teacher)))
    return evidence(start.float(), end.float(), batch).cpu()
