"""Which questions a reader is trained on, and which are held out to choose with.

A part of a recipe names a data set; options say how it is used. Held-out questions of the training
splits (``holdout``) carry the two annotators that the dev splits lack. They are chosen by a hash of
the product where its id is an ASIN, else of the review, so that nothing read stands on both sides.
"""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from eval.datasets.evidence import EVIDENCE
from eval.datasets.registry import load_reading
from eval.records import Candidate, EvidenceQuestion, ReadingQuestion, Span
from qa.training.detokenize import detokenized
from qa.training.settings_tree import ADDED

SOMEWHERE = "somewhere"
"""Marks a question whose context is known to answer it, but not where."""
UNLABELLED = "unlabelled"
"""Marks a question on a text that nobody has read for it: only a teacher says what it answers."""


@dataclass(frozen=True, slots=True)
class Part:
    """One data set of a training stage.

    ``unanswerable``: per question, how many pairs with a paragraph of the same title are added.
    ``detokenized``: use the text as people write it too. ``holdout``: the share of products kept
    out of training. ``exclude``: data sets (``name@split``) whose texts must not occur.
    ``teachers``: the earlier stages, or the recipe's teachers, the mean of whose predictions is a
    share of the targets. ``unlabelled``: per question, how many pairs with another text about the
    same product are added, of which the teachers say all there is to learn.
    """

    dataset: str
    split: str = "train"
    unanswerable: float = 0.0
    detokenized: bool = False
    holdout: float = 0.0
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    repeat: int = 1
    teachers: tuple[str, ...] = ()
    unlabelled: float = field(default=0.0, metadata=ADDED)


def training_questions(part: Part, root: Path, seed: int) -> list[ReadingQuestion]:
    """The questions of a part to train on, negatives and detokenised copies included."""
    questions = [q for q in _allowed(part, root) if not is_held_out(q, part.holdout)]
    rng = random.Random(f"{seed}:{part.dataset}")  # noqa: S311 - sampling, not secrets
    if part.limit is not None and len(questions) > part.limit:
        questions = rng.sample(questions, part.limit)
    extra = [detokenized(q) for q in questions] if part.detokenized else []
    labelled = questions + extra + _unanswerable(questions, part.unanswerable, rng)
    return labelled * part.repeat + _unlabelled(questions, part.unlabelled, rng)


def held_out_questions(part: Part, root: Path) -> list[ReadingQuestion]:
    """The questions of a part that training never sees."""
    return [q for q in _allowed(part, root) if is_held_out(q, part.holdout)]


def evidence_questions(questions: list[EvidenceQuestion]) -> list[ReadingQuestion]:
    """Judged sentences as contexts: 0 holds no answer, 2 holds one *somewhere*, 1 is left out.

    Attributes ("color: {...}") are not prose and are left out too.
    """
    return [
        _evidence(question, candidate)
        for question in questions
        for candidate in question.candidates
        if candidate.label != 1 and candidate.source != "attribute" and candidate.text
    ]


def _evidence(question: EvidenceQuestion, candidate: Candidate) -> ReadingQuestion:
    whole = Span(0, len(candidate.text), candidate.text)
    return ReadingQuestion(
        id=f"{question.id}:{candidate.id}",
        question=question.question,
        context=candidate.text,
        annotations=((whole,) if candidate.label == 2 else (),),
        product_id=question.product_id,
        meta={SOMEWHERE: "yes"} if candidate.label == 2 else {},
    )


def text_key(text: str) -> str:
    """Equal for texts that differ in white space and case only."""
    return re.sub(r"\W+", "", text).lower()


def _allowed(part: Part, root: Path) -> list[ReadingQuestion]:
    if part.dataset in EVIDENCE:
        return evidence_questions(EVIDENCE[part.dataset](root, part.split))
    questions = load_reading(part.dataset, part.split, root)
    banned = {
        text_key(q.context)
        for name in part.exclude
        for q in load_reading(name.partition("@")[0], name.partition("@")[2], root)
    }
    return [q for q in questions if text_key(q.context) not in banned]


def is_held_out(question: ReadingQuestion, share: float) -> bool:
    """Whether a share of products (texts, where products have no ASIN) that is kept has it."""
    if share == 0:
        return False
    group = (
        question.product_id if question.product_id.startswith("B0") else text_key(question.context)
    )
    digest = hashlib.sha1(group.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) / 0x100000000 < share


def _unlabelled(
    questions: list[ReadingQuestion], rate: float, rng: random.Random
) -> list[ReadingQuestion]:
    """Questions on other texts about the same product; no pair twice, and none that has a label."""
    texts: dict[str, list[ReadingQuestion]] = {}
    for question in {(q.product_id, q.context): q for q in questions}.values():
        texts.setdefault(question.product_id, []).append(question)
    known = {(q.product_id, q.question, q.context) for q in questions}
    pairs = []
    for question in questions:
        product, asked = question.product_id, question.question
        others = [q for q in texts[product] if (product, asked, q.context) not in known]
        wanted = int(rate) + (rng.random() < rate % 1)
        for other in rng.sample(others, min(wanted, len(others))):
            pair = replace(
                question,
                id=f"{question.id}:on:{other.context_id}",
                context=other.context,
                context_id=other.context_id,
                annotations=((),),
                meta={**question.meta, UNLABELLED: "yes"},
            )
            pairs.append(pair)
            known.add((product, asked, other.context))
    return pairs


def _unanswerable(
    questions: list[ReadingQuestion], rate: float, rng: random.Random
) -> list[ReadingQuestion]:
    """Questions paired with another paragraph of their title, the nearest thing to a miss."""
    by_title: dict[str, list[ReadingQuestion]] = {}
    for question in questions:
        by_title.setdefault(question.meta.get("title", ""), []).append(question)
    pairs = []
    for question in questions:
        others = by_title[question.meta.get("title", "")]
        other = rng.choice(others)
        if rng.random() < rate and other.context != question.context:
            pairs.append(
                replace(
                    question,
                    id=f"{question.id}:elsewhere",
                    context=other.context,
                    context_id=other.context_id,
                    annotations=((),),
                )
            )
    return pairs
