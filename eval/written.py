"""ROUGE and BLEU of predicted answers, for whoever asks for them.

ROUGE is per question: protocol ``book`` takes the best span of answerable questions, ``all`` every
question with answers below the threshold taken for none, as EM and F1 do. BLEU is of the corpus,
over the answerable questions only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.errors import UnknownMetric
from eval.metrics.overlap import DEFINITIONS as DECLARED
from eval.metrics.overlap import BleuCorpus, rouge
from eval.reading import Prediction
from eval.records import MergeRule, ReadingQuestion
from eval.results import Column, Figure
from eval.significance import bootstrap_statistics

BLEU = "bleu"
FURTHER = tuple(definition.name for definition in DECLARED)
"""What is measured of answers when it is asked for."""


def require_further(metrics: Sequence[str]) -> None:
    """Raises :class:`UnknownMetric` for a name that is not in :data:`FURTHER`."""
    for name in metrics:
        if name not in FURTHER:
            raise UnknownMetric(
                f"no further metric {name!r} of answers: one of {', '.join(FURTHER)} "
                "(EM, F1 and the figures of confidence are always measured)"
            )


def further_columns(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    metrics: Sequence[str],
    merge: MergeRule = "any",
    threshold: float = 0.0,
) -> list[Column]:
    """ROUGE per question, of those of ``metrics`` that are ROUGE.

    Raises:
        MissingLibrary: rouge-score is not installed.
    """
    names = [name for name in metrics if name != BLEU]
    if not names:
        return []
    golds = {q.id: [span.text for span in q.gold(merge)] for q in questions}
    said = {n: p.text if p.score >= threshold else "" for n, p in predictions.items()}
    every = {name: rouge(said[name], golds[name]) for name in golds}
    book = {name: rouge(predictions[name].text, gold) for name, gold in golds.items() if gold}
    return [
        Column(metric, protocol, {name: one[metric] for name, one in scores.items()})
        for metric in names
        for protocol, scores in (("all", every), ("book", book))
        if scores
    ]


def further_figures(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    metrics: Sequence[str],
    merge: MergeRule = "any",
) -> list[Figure]:
    """BLEU, where it is among ``metrics`` and a question has an answer.

    Raises:
        MissingLibrary: sacrebleu is not installed.
    """
    answerable = [q for q in questions if q.gold(merge)]
    if BLEU not in metrics or not answerable:
        return []
    golds = [[span.text for span in q.gold(merge)] for q in answerable]
    corpus = BleuCorpus([predictions[q.id].text for q in answerable], golds)
    (interval,) = bootstrap_statistics([corpus.resampled], len(answerable))
    return [Figure(BLEU, "book", corpus.score, interval, len(answerable))]
