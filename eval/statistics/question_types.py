"""What a question asks for, by its first word, as chapter 7 of *NLP with Transformers* counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

TYPES = ("What", "How", "Is", "Does", "Do", "Was", "Where", "Why")
"""The book's eight; other frequent beginnings keep their own word in :func:`first_words`."""
OTHER = "other"
_WORD = re.compile(r"\w+")


def first_word(question: str) -> str:
    """The first word in the case of a name (``Isn't`` is ``Isn``); ``other`` if there is none."""
    found = _WORD.search(question)
    return found[0].capitalize() if found else OTHER


def question_type(question: str) -> str:
    """One of :data:`TYPES`, or ``other``."""
    word = first_word(question)
    return word if word in TYPES else OTHER


def first_words(questions: Iterable[str], most: int = 12) -> dict[str, int]:
    """How many questions begin with each word, the frequent ones first.

    The book's types are always named; of the others only the ``most`` frequent are, the rest
    counts as ``other``.
    """
    counts = Counter(map(first_word, questions))
    rest = counts.pop(OTHER, 0)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    named = [word for word in ranked if word in TYPES or word in ranked[:most]]
    rest += sum(counts[word] for word in ranked if word not in named)
    return {word: counts[word] for word in named} | ({OTHER: rest} if rest else {})
