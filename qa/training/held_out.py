"""What a reader is calibrated on when all there is are labelled questions of one's own.

The reader that ships is calibrated on public sets besides (:mod:`qa.training.package`). Where they
are not at hand, a text about another product stands in for a text that does not answer, and nine of
them beside a question's own text for the passages of its product.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from eval.records import Candidate, EvidenceQuestion, ReadingQuestion

OTHERS = 9
_SEED = 7


def on_other_texts(questions: Sequence[ReadingQuestion], share: float) -> list[ReadingQuestion]:
    """A share of the questions, each on a text about another product: without an answer."""
    rng = random.Random(_SEED)  # noqa: S311 - sampling, not secrets
    picked = rng.sample(list(questions), round(share * len(questions)))
    pairs = []
    for question in picked:
        others = _elsewhere(question, questions)
        if others:
            text = rng.choice(others)
            absent = replace(question, id=f"{question.id}:elsewhere", context=text,
                             annotations=((),))  # fmt: skip
            pairs.append(absent)
    return pairs


def stand_in_products(questions: Sequence[ReadingQuestion]) -> list[EvidenceQuestion]:
    """Each question with its text, which answers or not, among texts about other products."""
    rng = random.Random(_SEED)  # noqa: S311 - sampling, not secrets
    made = []
    for question in questions:
        others = _elsewhere(question, questions)
        texts = rng.sample(others, min(OTHERS, len(others)))
        own = Candidate("own", question.context, 2 if question.gold("any") else 0, "review")
        rest = [Candidate(f"other{n}", text, 0, "review") for n, text in enumerate(texts)]
        made.append(
            EvidenceQuestion(question.id, question.question, question.product_id, (own, *rest))
        )
    return made


def _elsewhere(question: ReadingQuestion, among: Sequence[ReadingQuestion]) -> list[str]:
    texts = (
        other.context
        for other in among
        if other.product_id != question.product_id and other.context != question.context
    )
    return list(dict.fromkeys(texts))
