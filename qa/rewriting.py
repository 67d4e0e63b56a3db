"""Rewriting a question for term matching: what makes it a question is no word to search for.

A review that answers seldom asks; the one that holds a rare "whose" or "which" is no likelier to
answer. Verbs that carry meaning in reviews, too ("is", "has"), stay, and so do articles: BM25
gives them next to no weight.
"""

from __future__ import annotations

import re

QUESTION_WORDS = (
    *("what", "who", "whom", "whose", "where", "when", "why", "how", "which"),
    *("do", "does", "did"),
)
"""Interrogatives, and the auxiliary that English makes questions with."""

_CONTRACTED = r"(?:['\u2019](?:s|re|d|ll|ve)\b)?"
_QUESTION_WORD = re.compile(rf"\b(?:{'|'.join(QUESTION_WORDS)})\b{_CONTRACTED}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]")


def without_question_words(question: str) -> str:
    """The question without its question words, for BM25; as it is where nothing else is in it."""
    rest = " ".join(_QUESTION_WORD.sub(" ", question).split())
    return rest if _WORD.search(rest) else question
