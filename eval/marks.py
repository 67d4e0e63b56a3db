"""Where gold and predicted answers stand, so that people can look at them in their texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from eval.reading import Prediction
from eval.records import MergeRule, ReadingQuestion, Text
from eval.results import Mark


class Marker:
    """Marks answers and collects in ``texts``, by id, the texts that have marks.

    Args:
        corpus: where the answers to questions without a context stand.
        merge: which annotators' spans are gold.
    """

    def __init__(self, corpus: Sequence[Text], merge: MergeRule) -> None:
        self.merge = merge
        self.texts: dict[str, str] = {}
        self._corpus = {text.id: text.text for text in corpus}
        self._shelves: dict[str, list[Text]] = defaultdict(list)
        for text in corpus:
            self._shelves[text.product_id].append(text)

    def gold(self, question: ReadingQuestion) -> tuple[Mark, ...]:
        """The gold spans; without a context, in every text of the product that holds them.

        A span of such a question does not say whose it is: the texts that have its words at its
        very offset are taken.
        """
        spans = question.gold(self.merge)
        if question.context:
            kept = self._keep(question.context_id or question.id, question.context, question.id)
            return tuple(Mark(kept, span.start, span.end) for span in spans)
        return tuple(
            Mark(self._keep(text.id, text.text, question.id), span.start, span.end)
            for span in spans
            for text in self._shelves[question.product_id]
            if text.text[span.start : span.end] == span.text
        )

    def answer(self, question: ReadingQuestion, prediction: Prediction) -> Mark | None:
        """The predicted span; where its offset is not known, the occurrence nearest to a gold.

        None for no text, and for a text that does not stand where it is said to.
        """
        name = prediction.context_id or question.context_id or question.id
        context = question.context or self._corpus.get(name, "")
        if not prediction.text or not context:
            return None
        start = prediction.start
        if start is None:
            start = _nearest(context, prediction.text, [s.start for s in question.gold(self.merge)])
        end = start + len(prediction.text)
        if start < 0 or context[start:end] != prediction.text:
            return None
        return Mark(self._keep(name, context, question.id), start, end)

    def _keep(self, name: str, text: str, question_id: str) -> str:
        """The id under which a text is kept: its own, unless another text has it already."""
        if self.texts.setdefault(name, text) == text:
            return name
        own = f"{name}/{question_id}"
        self.texts[own] = text
        return own


def _nearest(context: str, text: str, wanted: Sequence[int]) -> int:
    def distance(at: int) -> tuple[int, int]:
        return min((abs(at - start) for start in wanted), default=0), at

    return min(_occurrences(context, text), key=distance, default=-1)


def _occurrences(context: str, text: str) -> Iterator[int]:
    at = context.find(text)
    while at >= 0:
        yield at
        at = context.find(text, at + 1)
