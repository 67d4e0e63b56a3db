"""What occurs twice in a set, and what stands in two sets that should share nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from eval.records import ReadingQuestion
from eval.statistics.near_duplicates import groups, near_pairs

_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Repeats:
    """Surplus: how many would have to go for each to occur once.

    Attributes:
        pairs: the same question on the same context, to the letter.
        pairs_normalised: the same but for case, punctuation and white space.
        contexts: distinct contexts by id that repeat another's text to the letter.
        contexts_normalised: the same but for case, punctuation and white space.
        contexts_near: distinct texts that are near another one (similarity 0.8 of word shingles).
    """

    pairs: int
    pairs_normalised: int
    contexts: int
    contexts_normalised: int
    contexts_near: int


@dataclass(frozen=True, slots=True)
class Leak:
    """One kind of thing that two parts share.

    ``shared``: distinct values on both sides. ``first`` and ``second``: questions of either part
    that have one of them.
    """

    kind: str
    shared: int
    first: int
    second: int


def normalised(text: str) -> str:
    """The words, in lower case."""
    return " ".join(_WORDS.findall(text.casefold()))


def repeats(questions: Sequence[ReadingQuestion]) -> Repeats:
    """Count what occurs twice."""
    by_id = {(q.product_id, q.context_id, q.context) for q in questions}
    texts = list(dict.fromkeys(q.context for q in questions))
    tidy = {text: normalised(text) for text in texts}
    distinct = list(dict.fromkeys(tidy.values()))
    near = groups(len(distinct), [(i, j) for i, j, _ in near_pairs(distinct)])
    return Repeats(
        _surplus((q.question, q.context) for q in questions),
        _surplus((normalised(q.question), tidy[q.context]) for q in questions),
        _surplus(key[2] for key in by_id),
        _surplus(tidy[key[2]] for key in by_id),
        len(near) - len(set(near)),
    )


def leaks(parts: Mapping[str, Sequence[ReadingQuestion]]) -> dict[tuple[str, str], list[Leak]]:
    """What each two parts share; kinds of which they share nothing are left out."""
    keys = [_keys(questions) for questions in parts.values()]
    near = _near_texts([q.context for questions in parts.values() for q in questions])
    for found, questions in zip(keys, parts.values(), strict=True):
        found["contexts, near ones included"] = [near.get(q.context) for q in questions]
    named = list(zip(parts, keys, strict=True))
    return {
        (a, b): shared
        for (a, first), (b, second) in combinations(named, 2)
        if (shared := _shared(first, second))
    }


def _keys(questions: Sequence[ReadingQuestion]) -> dict[str, list[Hashable]]:
    """By kind the value of each question, None where it has none."""
    return {
        "questions with their contexts": [
            (normalised(q.question), normalised(q.context)) for q in questions
        ],
        "contexts": [q.context or None for q in questions],
        "contexts but for case and punctuation": [normalised(q.context) or None for q in questions],
        "products": [q.product_id or None for q in questions],
    }


def _near_texts(contexts: Iterable[str]) -> dict[str, int]:
    """A number for each text that is near or equal to another; equal numbers are near."""
    texts = [text for text in dict.fromkeys(contexts) if normalised(text)]
    return dict(
        zip(texts, groups(len(texts), [(i, j) for i, j, _ in near_pairs(texts)]), strict=True)
    )


def _shared(
    first: Mapping[str, Sequence[Hashable]], second: Mapping[str, Sequence[Hashable]]
) -> list[Leak]:
    found = []
    for kind, values in first.items():
        others = second[kind]
        both = (set(values) & set(others)) - {None}
        if both:
            sizes = [sum(value in both for value in side) for side in (values, others)]
            found.append(Leak(kind, len(both), *sizes))
    return found


def _surplus(values: Iterable[Hashable]) -> int:
    return sum(count - 1 for count in Counter(values).values())
