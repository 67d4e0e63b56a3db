"""Learning from a teacher beside the annotators.

What one stage has learnt on some questions (its stage's weights are the teacher) is kept while
another stage learns something else: the teacher's distribution over positions is part of the
target. It is also less noisy than a single annotator's span.

Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015), at
temperature 1; Furlanello et al., "Born-Again Neural Networks" (ICML 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qa.reader.session import SpanModel
from qa.reader.spans import FloatArray
from qa.training.reader_features import Feature


def taught(items: Sequence[Feature], teacher: SpanModel, share: float) -> list[Feature]:
    """The features with ``share`` of every target from the teacher, the rest as it was.

    Features that are only known to be answered *somewhere* stay as they are.
    """
    exact = [item for item in items if not item.somewhere]
    logits = teacher.logits([item.window for item in exact])
    learnt = [
        replace(
            item,
            weights=(item.weights * (1 - share)).astype(np.float32),
            taught=share * np.stack([_softmax(start), _softmax(end)]),
        )
        for item, (start, end) in zip(exact, logits, strict=True)
    ]
    return learnt + [item for item in items if item.somewhere]


def _softmax(logits: FloatArray) -> FloatArray:
    raised = np.exp(logits - logits.max())
    shares: FloatArray = raised / raised.sum()
    return shares
