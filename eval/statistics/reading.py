"""Statistics of questions with annotated answers: one part (a split) of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.records import ReadingQuestion, Span
from eval.statistics.agreement import Agreement, agreement
from eval.statistics.question_types import first_words
from eval.statistics.repeats import Repeats, repeats
from eval.statistics.summary import Summary, summarise
from eval.statistics.windows import (
    TokenCounter,
    WindowShape,
    WindowStatistics,
    token_counts,
    window_statistics,
)


@dataclass(frozen=True, slots=True)
class AnswerStatistics:
    """Distinct gold spans under merge rule ``any``.

    ``position``: where a span starts, as a share of its context's length in characters.
    ``per_question``: distinct spans of each answerable question.
    """

    spans: int
    characters: Summary | None
    tokens: Summary | None
    position: Summary | None
    per_question: Summary | None


@dataclass(frozen=True, slots=True)
class ReadingStatistics:
    """One part of a data set.

    ``answerable_any`` and ``answerable_first``: questions with a gold span under either merge
    rule. ``contexts``: distinct texts; ``products``: distinct ids, the empty one not counted.
    ``characters``: length of distinct contexts.
    """

    dataset: str
    split: str
    questions: int
    distinct_questions: int
    contexts: int
    products: int
    answerable_any: int
    answerable_first: int
    first_words: dict[str, int]
    characters: Summary | None
    windows: WindowStatistics
    answers: AnswerStatistics
    agreement: Agreement
    repeats: Repeats
    kind: str = "reading"

    @property
    def name(self) -> str:
        """``data set split``; a file has no split."""
        return f"{self.dataset} {self.split}".strip()


def reading_statistics(
    dataset: str,
    split: str,
    questions: Sequence[ReadingQuestion],
    count: TokenCounter,
    shape: WindowShape,
) -> ReadingStatistics:
    """Measure a part.

    Args:
        count: the tokens of texts in the reader whose windows are of ``shape``.
    """
    contexts = dict.fromkeys(q.context for q in questions)
    return ReadingStatistics(
        dataset,
        split,
        len(questions),
        len({q.question for q in questions}),
        len(contexts),
        len({q.product_id for q in questions} - {""}),
        sum(bool(q.gold("any")) for q in questions),
        sum(bool(q.gold("first")) for q in questions),
        first_words(q.question for q in questions),
        summarise([len(text) for text in contexts]),
        window_statistics(questions, count, shape),
        _answers(questions, count),
        agreement(questions),
        repeats(questions),
    )


def _answers(questions: Sequence[ReadingQuestion], count: TokenCounter) -> AnswerStatistics:
    golds = [(q, q.gold()) for q in questions]
    spans = [(question, span) for question, gold in golds for span in gold]
    tokens = token_counts([span.text for _, span in spans], count)
    return AnswerStatistics(
        len(spans),
        summarise([len(span.text) for _, span in spans]),
        summarise([tokens[span.text] for _, span in spans]),
        summarise([_position(q, span) for q, span in spans], bins=10, span=(0.0, 1.0)),
        summarise([len(gold) for _, gold in golds if gold]),
    )


def _position(question: ReadingQuestion, span: Span) -> float:
    return span.start / max(1, len(question.context))
