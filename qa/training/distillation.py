"""Learning from a teacher beside the annotators.

What one stage has learnt on some questions (its stage's weights are the teacher) is kept while
another stage learns something else: the teacher's distribution over positions is part of the
target. It is also less noisy than a single annotator's span.

Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015), at
temperature 1; Furlanello et al., "Born-Again Neural Networks" (ICML 2018); several teachers as in
Fukuda et al., "Efficient Knowledge Distillation from an Ensemble of Teachers" (Interspeech 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qa.reader.session import Logits, SpanModel
from qa.reader.spans import FloatArray
from qa.training.reader_features import Feature


def taught(items: Sequence[Feature], teachers: Sequence[SpanModel], share: float) -> list[Feature]:
    """The features with ``share`` of every target from the teachers' mean, the rest as it was.

    Of unlabelled features all of it. Those that are only known to be answered *somewhere* stay as
    they are.
    """
    exact = [item for item in items if not item.somewhere]
    windows = [item.window for item in exact]
    asked = zip(*(teacher.logits(windows) for teacher in teachers), strict=True)
    learnt = [
        _mixed(item, _mean([_shares(one) for one in answers]), 1.0 if item.unlabelled else share)
        for item, answers in zip(exact, asked, strict=True)
    ]
    return learnt + [item for item in items if item.somewhere]


def _mixed(item: Feature, told: FloatArray, share: float) -> Feature:
    kept = (item.weights * (1 - share)).astype(np.float32)
    return replace(item, weights=kept, taught=share * told)


def _mean(shares: Sequence[FloatArray]) -> FloatArray:
    mean: FloatArray = np.stack(shares).mean(axis=0)
    return mean


def _shares(logits: Logits) -> FloatArray:
    """(2, length): each position's share as start and as end."""
    raised = np.exp([row - row.max() for row in logits])
    shares: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return shares
