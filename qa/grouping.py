"""The same answer in several reviews, said once with all its support.

Two spans say the same when the same content words are left after SQuAD normalisation and without
function words. Negations and numbers count as content, so "not loud" never joins "loud".
"""

from __future__ import annotations

from collections.abc import Iterable

from eval.metrics.squad import normalize_answer
from qa.records import Answer, Support

_FUNCTION_WORDS = frozenset(
    [
        "am",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "i",
        "my",
        "me",
        "we",
        "our",
        "us",
        "you",
        "your",
        "he",
        "she",
        "they",
        "their",
        "them",
        "and",
        "or",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "by",
        "from",
        "as",
        "so",
        "very",
        "really",
        "quite",
        "just",
        "also",
        "too",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "there",
        "here",
        "which",
        "who",
    ]
)


def answer_key(text: str) -> frozenset[str]:
    """What two spans share when they say the same; never empty for a span with a letter."""
    words = normalize_answer(text).split()
    content = frozenset(word for word in words if word not in _FUNCTION_WORDS)
    return content or frozenset(words) or frozenset([text])


def group_answers(support: Iterable[Support]) -> list[Answer]:
    """Answers with all their support, surest first; one span per review and answer.

    An answer is worded, and is as sure, as its surest support: reviews of one product are no
    independent witnesses, so their probabilities are not multiplied.
    """
    groups: dict[frozenset[str], list[Support]] = {}
    for item in sorted(support, key=_surest_first):
        group = groups.setdefault(answer_key(item.text), [])
        if all(other.review.id != item.review.id for other in group):
            group.append(item)
    return [Answer(g[0].text, g[0].confidence, tuple(g)) for g in groups.values()]


def _surest_first(item: Support) -> tuple[float, str, int, int, str]:
    return (-item.confidence, item.review.id, item.start, item.end, item.text)
