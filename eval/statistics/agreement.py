"""How far annotators agree: whether there is an answer, and which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from eval.annotators import leave_one_out
from eval.records import ReadingQuestion
from eval.results import Figure, figures


@dataclass(frozen=True, slots=True)
class Agreement:
    """Among the questions with several annotations.

    Attributes:
        annotations: questions by how many annotations they have.
        questions: those with two at least.
        unanimous: of them, those on which all say that there is an answer, or all that there is
            none, as a share.
        alpha: Krippendorff's alpha (nominal) of "there is an answer"; None where nothing varies.
        figures: leave-one-out EM, F1 and agreement, see :mod:`eval.annotators`.
    """

    annotations: dict[int, int]
    questions: int
    unanimous: float | None
    alpha: float | None
    figures: tuple[Figure, ...]


def agreement(questions: Sequence[ReadingQuestion]) -> Agreement:
    """Measure agreement."""
    counts = Counter(len(question.annotations) for question in questions)
    votes = [[bool(marked) for marked in q.annotations] for q in questions]
    several = [vote for vote in votes if len(vote) > 1]
    same = sum(len(set(vote)) == 1 for vote in several)
    return Agreement(
        dict(sorted(counts.items())),
        len(several),
        same / len(several) if several else None,
        krippendorff_alpha(several),
        tuple(figures(leave_one_out(questions))),
    )


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal values; units with fewer than two values do not count.

    1 is agreement, 0 what chance would give. None if no two values differ or nothing counts.
    Source: Krippendorff, *Computing Krippendorff's Alpha-Reliability*, 2011.
    """
    totals: Counter[Hashable] = Counter()
    disagreeing = 0.0
    for values in units:
        size = len(values)
        if size < 2:
            continue
        counts = Counter(values)
        totals.update(counts)
        disagreeing += (size * size - sum(n * n for n in counts.values())) / (size - 1)
    n = sum(totals.values())
    expected = n * n - sum(count * count for count in totals.values())
    return 1 - (n - 1) * disagreeing / expected if expected else None
