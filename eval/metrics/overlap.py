"""ROUGE and BLEU of written answers, through the libraries that papers use.

They come with ``pip install 'reviewqa[eval]'`` and are imported on first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.errors import MissingLibrary
from eval.metrics.definition import Definition

ROUGE = ("rouge1", "rouge2", "rougeL")
DEFINITIONS = (
    *(
        Definition(
            name,
            f"F measure of {what} shared with a gold answer, stemmed; the best gold counts.",
            "fraction",
            "Lin, 2004; rouge-score (Google)",
        )
        for name, what in zip(
            ROUGE, ("words", "word pairs", "the longest common subsequence"), strict=True
        )
    ),
    Definition(
        "bleu",
        "Corpus BLEU-4 with brevity penalty against all gold answers.",
        "percent",
        "Papineni et al., ACL 2002; sacreBLEU (Post, WMT 2018)",
    ),
)


def rouge(prediction: str, golds: Sequence[str]) -> dict[str, float]:
    """ROUGE-1, -2 and -L F measures in [0, 1] by name; the best gold counts, for each.

    No golds means unanswerable: 1.0 for an empty prediction, else 0.0.

    Raises:
        MissingLibrary: rouge-score is not installed.
    """
    if not golds or not prediction.strip():
        return dict.fromkeys(ROUGE, float(not golds and not prediction.strip()))
    found = _scorer().score_multi(list(golds), prediction)
    return {name: float(found[name].fmeasure) for name in ROUGE}


def bleu(predictions: Sequence[str], golds: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU in percent, 13a tokens; every question needs a gold answer.

    Raises:
        MissingLibrary: sacrebleu is not installed.
        ValueError: no questions, or one without gold answers.
    """
    return BleuCorpus(predictions, golds).score


class BleuCorpus:
    """A corpus whose BLEU is wanted again and again, of many choices of its questions.

    Raises:
        MissingLibrary, ValueError: as :func:`bleu` does.
    """

    def __init__(self, predictions: Sequence[str], golds: Sequence[Sequence[str]]) -> None:
        if not predictions or len(predictions) != len(golds) or not all(golds):
            raise ValueError("BLEU needs questions with a prediction and a gold answer each")
        self._metric = _library("sacrebleu").BLEU()
        self._counts = np.array(
            [self._counted(text, gold) for text, gold in zip(predictions, golds, strict=True)]
        )
        self.score = self._of(self._counts.sum(axis=0))

    def resampled(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """BLEU in percent (b,) of b resamples, from how often each question is in them (b, n)."""
        return np.array([self._of(sums) for sums in times @ self._counts])

    def _counted(self, text: str, golds: Sequence[str]) -> list[int]:
        """Matches and totals of word runs up to 4, and both lengths: sums of these make BLEU."""
        one = self._metric.corpus_score([text], [[gold] for gold in golds])
        return [*one.counts, *one.totals, one.sys_len, one.ref_len]

    def _of(self, sums: npt.NDArray[np.int64]) -> float:
        order = (len(sums) - 2) // 2
        correct, total, lengths = sums[:order], sums[order : 2 * order], sums[2 * order :]
        found = self._metric.compute_bleu(
            correct.tolist(), total.tolist(), *lengths.tolist(), smooth_method="exp"
        )
        return float(found.score)


def bleu_signature(references: int) -> str:
    """How sacreBLEU describes the settings of :func:`bleu` with so many golds per question."""
    metric = _library("sacrebleu").BLEU()
    metric.corpus_score(["a"], [["a"]] * references)
    return str(metric.get_signature())


@cache
def _scorer() -> Any:
    return _library("rouge_score.rouge_scorer").RougeScorer(list(ROUGE), use_stemmer=True)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        library = name.partition(".")[0].replace("_", "-")
        raise MissingLibrary(f"{library} is not installed: pip install 'reviewqa[eval]'") from error
