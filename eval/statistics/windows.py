"""How questions and contexts fit a reader that sees so many tokens at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.records import ReadingQuestion
from eval.statistics.summary import Summary, summarise

TokenCounter = Callable[[Sequence[str]], list[int]]
"""The number of tokens of each text, special ones not counted."""
SPECIAL = 3  # [CLS] question [SEP] context [SEP]


@dataclass(frozen=True, slots=True)
class WindowShape:
    """A reader's windows, in tokens; ``overlap`` stand in two neighbouring ones.

    A question longer than ``max_question`` is cut.
    """

    max_length: int
    overlap: int
    max_question: int

    def windows(self, question: int, context: int) -> int:
        """Windows of one pair of so many tokens; a context without a token has none."""
        if not context:
            return 0
        room = self.max_length - min(question, self.max_question) - SPECIAL
        step = max(1, room - self.overlap)
        return 1 if context <= room else 1 + -(-(context - room) // step)


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """Lengths in the reader's tokens.

    ``pairs``: question, context and the special tokens together, per question. ``longer_pairs``:
    pairs that do not fit one window; ``longer_contexts``: distinct contexts that have such a pair.
    ``cut_questions``: questions longer than the window allows.
    """

    shape: WindowShape
    questions: Summary | None
    contexts: Summary | None
    pairs: Summary | None
    windows: Summary | None
    distinct_contexts: int
    longer_contexts: int
    longer_pairs: int
    cut_questions: int


def window_statistics(
    questions: Sequence[ReadingQuestion], count: TokenCounter, shape: WindowShape
) -> WindowStatistics:
    """Measure every pair; each distinct text is tokenised once."""
    tokens = token_counts([t for q in questions for t in (q.question, q.context)], count)
    pairs = [(tokens[q.question], tokens[q.context]) for q in questions]
    windows = [shape.windows(*pair) for pair in pairs]
    longer = {q.context for q, n in zip(questions, windows, strict=True) if n > 1}
    contexts = dict.fromkeys(q.context for q in questions)
    return WindowStatistics(
        shape,
        summarise([pair[0] for pair in pairs]),
        summarise([tokens[text] for text in contexts]),
        summarise([sum(pair) + SPECIAL for pair in pairs]),
        summarise(windows),
        len(contexts),
        len(longer),
        sum(n > 1 for n in windows),
        sum(pair[0] > shape.max_question for pair in pairs),
    )


def token_counts(texts: Sequence[str], count: TokenCounter) -> dict[str, int]:
    """Tokens by text."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, count(distinct), strict=True))
