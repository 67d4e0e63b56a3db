"""Exact match and token F1 as the official SQuAD 2.0 evaluation defines them.

Source: Rajpurkar, Jia and Liang, "Know What You Don't Know" (ACL 2018). Lower case, no
punctuation, no articles, white space folded; the best over the gold answers, per question.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from eval.metrics.definition import Definition

DEFINITIONS = (
    Definition(
        "em",
        "Whether the normalised answer equals a gold one; at n: whether one of the first n does.",
        "percent",
        "Rajpurkar, Jia and Liang, ACL 2018",
    ),
    Definition(
        "f1",
        "Token F1 with the nearest gold answer; at n: the best of the first n answers.",
        "percent",
        "Rajpurkar, Jia and Liang, ACL 2018",
    ),
    Definition(
        "agreement",
        "How often two annotators agree whether there is an answer.",
        "percent",
        "Bjerva et al., EMNLP 2020",
    ),
)
_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)
_PUNCTUATION = frozenset(string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower-cased, without punctuation and articles, single spaces."""
    without = "".join(ch for ch in text.lower() if ch not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", without).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1.0 if the normalised prediction equals a normalised gold answer, else 0.0.

    No golds (or only empty ones) means unanswerable: then only an empty prediction matches.
    """
    predicted = normalize_answer(prediction)
    return float(any(predicted == normalize_answer(gold) for gold in _usable(golds)))


def f1(prediction: str, golds: Sequence[str]) -> float:
    """The best token F1 against the gold answers, in [0, 1]; see :func:`exact_match`."""
    return max(_f1(prediction, gold) for gold in _usable(golds))


def _usable(golds: Sequence[str]) -> Sequence[str]:
    """Golds that survive normalisation, as the official script keeps them; else one empty."""
    return [gold for gold in golds if normalize_answer(gold)] or [""]


def _f1(prediction: str, gold: str) -> float:
    predicted, wanted = normalize_answer(prediction).split(), normalize_answer(gold).split()
    if not predicted or not wanted:
        return float(predicted == wanted)
    common = sum((Counter(predicted) & Counter(wanted)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(predicted), common / len(wanted)
    return 2 * precision * recall / (precision + recall)
