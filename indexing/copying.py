"""Copies a store into another, of whichever engine, and compares the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from indexing.engines.base import Engine, IngestEngine, LabelEngine, VectorEngine
from indexing.errors import StoreError
from indexing.records import Passage

_PASSAGES = 1000


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What the target has now. Labels of reviews that have changed since are left out."""

    reviews: int
    passages: int
    vectors: int
    labels: int
    labels_left_out: int
    fingerprint: str


def copy(
    source: Engine, target: Engine, progress: Callable[[int, int], None] | None = None
) -> CopyReport:
    """Copy reviews, vectors and labels; run again after a break, it goes on where it was.

    Args:
        progress: told how many of how many reviews are copied.

    Raises:
        StoreError: one of the engines cannot, or the target is not the source's equal in the
            end: it had other reviews before, or the source was written meanwhile.
    """
    if not isinstance(source, IngestEngine) or not isinstance(target, IngestEngine):
        raise StoreError(f"{source.name} stores cannot be copied to {target.name} stores")
    with target.exclusive():
        total, done = source.info().reviews, 0
        for page in source.review_pages():
            target.restore(page)
            done += len(page)
            if progress is not None:
                progress(done, total)
        target.sync()
        _copy_vectors(source, target)
        copied, left_out = _copy_labels(source, target)
        target.sync()
    _require_equal(source, target)
    about = target.info()
    return CopyReport(
        about.reviews, about.passages, about.vectors, copied, left_out, about.fingerprint
    )


def _copy_vectors(source: Engine, target: Engine) -> None:
    if not isinstance(source, VectorEngine) or not isinstance(target, VectorEngine):
        return
    space = source.vector_space()
    if space is None:
        return
    for page in target.passages_without_vectors():
        for some in _pieces(page):
            found = source.vectors_of([passage.id for passage in some])
            if found:
                target.put_vectors(space, list(found), np.stack(list(found.values())))


def _pieces(page: list[Passage]) -> Iterator[list[Passage]]:
    return (page[at : at + _PASSAGES] for at in range(0, len(page), _PASSAGES))


def _copy_labels(source: Engine, target: Engine) -> tuple[int, int]:
    """How many were copied, and how many not."""
    if not isinstance(source, LabelEngine) or not isinstance(target, LabelEngine):
        return 0, 0
    stored = source.labels.all()
    current = [one.label for one in stored if one.state == "current"]
    target.labels.write(current)
    return len(current), len(stored) - len(current)


def _require_equal(source: Engine, target: Engine) -> None:
    one, other = source.info(), target.info()
    for what in ("reviews", "passages", "vectors", "fingerprint"):
        if getattr(one, what) != getattr(other, what):
            raise StoreError(
                f"{other.location} is no copy of {one.location}: {what} {getattr(other, what)} "
                f"instead of {getattr(one, what)}; it had others before, or the source was "
                "written meanwhile. Copy again, into a new store"
            )
