"""What went wrong, question by question: of which kind, how much it cost, and in which text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from eval.report.model import Excerpt, Failure, Segment
from eval.report.runs import READING, Run
from eval.results import Asked, Column, Mark

KINDS = {
    "missed": "missed by the retriever",
    "span": "wrong span",
    "abstained": "wrong abstention",
    "answered": "answered the unanswerable",
    "low": "ranked too low",
}
"""The kinds of failure and what people call them."""

AROUND = 700
"""Code points of a long text that are shown on either side of its marks."""


def main_column(run: Run) -> Column | None:
    """The scores by which failures are sorted: F1 over all questions, or MRR of a retriever."""
    if run.kind in READING:
        return run.column("all", "f1")
    columns = run.result.columns
    return next((one for one in columns if one.metric == "mrr"), columns[0] if columns else None)


def failures(run: Run) -> list[Failure]:
    """Every question that lost something: the costliest first, and of these the surest first."""
    column = main_column(run)
    if column is None:
        return []
    found = [
        _failure(run, name, asked, 1 - column.scores[name])
        for name, asked in run.result.asked.items()
        if column.scores.get(name, 1.0) < 1.0
    ]
    given = run.result.header.get("threshold")
    threshold = given if isinstance(given, int | float) else 0.0
    return sorted(found, key=lambda f: (-f.loss, -_sureness(f, threshold), f.id))


def worst(found: Sequence[Failure], limit: int) -> list[Failure]:
    """The first ``limit`` failures of every kind, in the order they were in."""
    left = dict.fromkeys(KINDS, limit)
    kept = []
    for failure in found:
        left[failure.kind] -= 1
        if left[failure.kind] >= 0:
            kept.append(failure)
    return kept


def segments(text: str, gold: Sequence[Mark], said: Mark | None) -> tuple[Segment, ...]:
    """The text cut where marks begin and end; marks beyond its end are cut off.

    A long text is shown from :data:`AROUND` before its first mark to as much after its last, or,
    without a mark, from its beginning.
    """
    marks = [*gold, *([said] if said else [])]
    low, high = _window(text, marks)
    cuts = {low, high, *(min(max(at, low), high) for m in marks for at in (m.start, m.end))}
    pieces = [
        Segment(text[a:b], _over(gold, a, b), said is not None and _over([said], a, b))
        for a, b in pairwise(sorted(cuts))
    ]
    before, after = [Segment("… ")] * (low > 0), [Segment(" …")] * (high < len(text))
    return (*before, *pieces, *after)


def kind_of(run: Run, asked: Asked) -> str:
    """The kind of a question that lost something."""
    found = not asked.relevant or bool(set(asked.relevant) & set(asked.ranked))
    if run.kind not in READING:
        return "low" if found else "missed"
    if not asked.gold:
        return "answered"
    if run.kind == "pipeline" and not found:
        return "missed"
    return "span" if asked.answer else "abstained"


def _failure(run: Run, name: str, asked: Asked, loss: float) -> Failure:
    texts = run.result.texts
    withheld = ""
    if run.kind in READING and not asked.answer and asked.answer_at is not None:
        mark = asked.answer_at
        withheld = texts.get(mark.text_id, "")[mark.start : mark.end]
    return Failure(
        name,
        run.name,
        run.dataset,
        kind_of(run, asked),
        loss,
        asked.question,
        asked.product_id,
        tuple(dict.fromkeys(asked.gold)) if run.kind in READING else (),
        asked.answer if run.kind in READING else "",
        withheld,
        asked.score,
        tuple(_excerpts(run, asked)),
    )


def _excerpts(run: Run, asked: Asked) -> Iterator[Excerpt]:
    texts, said = run.result.texts, asked.answer_at
    if run.kind not in READING:
        yield from _ranked_excerpts(asked, texts)
        return
    ids = dict.fromkeys(mark.text_id for mark in asked.gold_at)
    if said is not None:
        ids = dict.fromkeys([said.text_id, *ids])
    for name in list(ids or [n for n in asked.relevant if n in texts][:1])[:3]:
        gold = [mark for mark in asked.gold_at if mark.text_id == name]
        own = said if said is not None and said.text_id == name else None
        role = "the review" if len(ids) < 2 else "it answered from" if own else "gold"
        yield Excerpt(name, role, segments(texts.get(name, ""), gold, own))


def _ranked_excerpts(asked: Asked, texts: Mapping[str, str]) -> Iterator[Excerpt]:
    """What a retriever put first, and the wanted text that it put highest."""
    if asked.ranked and asked.ranked[0] in texts:
        yield Excerpt(asked.ranked[0], "first", segments(texts[asked.ranked[0]], (), None))
    places = {name: place for place, name in enumerate(asked.ranked, 1)}
    known = [name for name in asked.relevant if name in texts]
    if known:
        name = min(known, key=lambda one: places.get(one, len(places) + 1))
        where = f"at rank {places[name]}" if name in places else f"not among {len(places)}"
        yield Excerpt(name, f"relevant, {where}", segments(texts[name], (), None))


def _window(text: str, marks: Sequence[Mark]) -> tuple[int, int]:
    if len(text) <= 3 * AROUND:
        return 0, len(text)
    first = min((mark.start for mark in marks), default=0)
    last = max((mark.end for mark in marks), default=AROUND)
    return max(0, first - AROUND), min(len(text), last + AROUND)


def _over(marks: Sequence[Mark], start: int, end: int) -> bool:
    return any(mark.start <= start and end <= mark.end for mark in marks)


def _sureness(failure: Failure, threshold: float) -> float:
    return abs((failure.score or 0.0) - threshold)
