"""ROUGE and BLEU of predictions: who is asked, and against sacreBLEU itself."""

from __future__ import annotations

import random

import numpy as np
import pytest

from eval.errors import UnknownMetric
from eval.evaluator import reading_result
from eval.metrics.overlap import BleuCorpus
from eval.reading import Prediction
from eval.records import ReadingQuestion, Span

CONTEXT = "the strap holds a heavy camera"
QUESTIONS = [
    ReadingQuestion("a", "?", CONTEXT, ((Span(0, 9, "the strap"),),)),
    ReadingQuestion("b", "?", CONTEXT, ((),)),
    ReadingQuestion("c", "?", CONTEXT, ((Span(18, 30, "heavy camera"),),)),
]
PREDICTIONS = {
    "a": Prediction("the strap holds", 2.0),
    "b": Prediction("camera", -1.0),
    "c": Prediction("heavy camera", -3.0),
}


def test_rouge_is_gated_under_all_and_not_under_book() -> None:
    result = reading_result(QUESTIONS, PREDICTIONS, {}, metrics=["rouge1", "bleu"])
    scores = {c.protocol: c.scores for c in result.columns if c.metric == "rouge1"}
    # "the strap" in "the strap holds": 2 of 3 and 2 of 2
    assert scores["book"] == pytest.approx({"a": 0.8, "c": 1.0})
    # b is rightly withheld, c wrongly
    assert scores["all"] == pytest.approx({"a": 0.8, "b": 1.0, "c": 0.0})
    (bleu,) = [figure for figure in result.figures if figure.metric == "bleu"]
    assert (bleu.protocol, bleu.count) == ("book", 2)
    assert bleu.interval[0] <= bleu.value <= bleu.interval[1]


def test_only_what_is_asked_for_is_measured() -> None:
    measured = {figure.metric for figure in reading_result(QUESTIONS, PREDICTIONS, {}).figures}
    assert not measured & {"rouge1", "rouge2", "rougeL", "bleu"}
    with pytest.raises(UnknownMetric, match=r"'meteor' of answers: one of rouge1, .*, bleu"):
        reading_result(QUESTIONS, PREDICTIONS, {}, metrics=["meteor"])


def test_bleu_of_resamples_is_sacrebleus() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = random.Random(3)
    words = ["strap", "holds", "a", "heavy", "camera", "well", "."]

    def text() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 12)))

    predictions = [text() for _ in range(20)]
    golds = [[text() for _ in range(rng.randint(1, 3))] for _ in predictions]
    corpus = BleuCorpus(predictions, golds)
    times = np.array([[rng.randint(0, 2) for _ in predictions] for _ in range(5)])
    for found, row in zip(corpus.resampled(times), times, strict=True):
        at = np.repeat(np.arange(20), row)
        references = [[(golds[i] + [None] * 3)[n] for i in at] for n in range(3)]
        wanted = sacrebleu.corpus_bleu([predictions[i] for i in at], references).score
        assert found == pytest.approx(wanted, abs=1e-9)
