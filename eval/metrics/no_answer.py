"""When to say nothing: thresholds on the score of an answer, as SQuAD 2.0's evaluation has them.

Source: the official SQuAD 2.0 evaluation (Rajpurkar, Jia and Liang, ACL 2018), which gates on the
probability of no answer; here a higher score means a surer answer, so the probability is its
negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.metrics.definition import Definition

BEST_EM = Definition(
    "best_em",
    "EM over all questions at the threshold that suits them best; an upper bound, not a result.",
    "percent",
    "official SQuAD 2.0 evaluation, find_best_thresh",
)
BEST_F1 = Definition("best_f1", BEST_EM.meaning.replace("EM", "F1"), "percent", BEST_EM.source)
DEFINITIONS = (BEST_EM, BEST_F1)


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's best answer.

    ``value``: EM or F1 of the text as predicted, in [0, 1]. ``empty``: nothing was predicted.
    ``answerable``: whether the gold has an answer. ``score``: how sure the answer is.
    """

    value: float
    score: float
    answerable: bool
    empty: bool = False


def gated(judged: Judged, threshold: float) -> float:
    """EM or F1 when an answer with a score below the threshold counts as none."""
    return judged.value if judged.score >= threshold else float(not judged.answerable)


@dataclass(frozen=True, slots=True)
class Point:
    """The mean value, in [0, 1], when exactly the answers that score ``threshold`` are kept."""

    threshold: float
    value: float


def threshold_curve(judged: Sequence[Judged]) -> list[Point]:
    """The mean value at every threshold there is, highest threshold first.

    The first point keeps no answer at all (its threshold is infinite). Questions of equal score
    pass together, so every point can be reached by a threshold.

    Raises:
        ValueError: no questions.
    """
    if not judged:
        raise ValueError("no questions: a threshold needs at least one")
    total = float(sum(not one.answerable for one in judged))
    points = [Point(float("inf"), total / len(judged))]
    for one in sorted(judged, key=lambda one: -one.score):
        total += one.value - float(not one.answerable)
        point = Point(one.score, total / len(judged))
        if points[-1].threshold == point.threshold:
            points[-1] = point
        else:
            points.append(point)
    return points


def best_threshold(judged: Sequence[Judged]) -> Point:
    """The highest point of :func:`threshold_curve`; of equal ones the one that answers least."""
    return max(threshold_curve(judged), key=lambda point: point.value)


def official_best(judged: Sequence[Judged]) -> Point:
    """``find_best_thresh`` of the official evaluation, whose figures papers print.

    It differs from :func:`best_threshold` in two ways: it also stops between questions of equal
    score, taken in the order given, so that its value may not be reachable; and its threshold is
    that of no-answer probabilities (the negative of a score), 0 where keeping nothing is best.

    Raises:
        ValueError: no questions.
    """
    if not judged:
        raise ValueError("no questions: a threshold needs at least one")
    total = float(sum(not one.answerable for one in judged))
    best, threshold = total, 0.0
    for one in sorted(judged, key=lambda one: -one.score):
        if one.answerable:
            total += one.value
        elif not one.empty:
            total -= 1
        if total > best:
            best, threshold = total, -one.score
    return Point(threshold, best / len(judged))


def smoothed_threshold(judged: Sequence[Judged], neighbours: int = 20) -> float:
    """The threshold to use elsewhere: the top of the curve after a running mean.

    A single step of the curve is luck; the mean over ``neighbours`` points either side is not
    moved by it. Finite wherever a score is.
    """
    curve = [point for point in threshold_curve(judged) if abs(point.threshold) != float("inf")]
    if not curve:
        return 0.0
    sums = [0.0]
    for point in curve:
        sums.append(sums[-1] + point.value)

    def mean(at: int) -> float:
        low, high = max(0, at - neighbours), min(len(curve), at + neighbours + 1)
        return (sums[high] - sums[low]) / (high - low)

    return curve[max(range(len(curve)), key=mean)].threshold
