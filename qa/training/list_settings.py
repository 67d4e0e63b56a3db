"""The part of a reader's recipe that says what it learns to rank."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.training.pairs_part import PairsPart
from qa.training.settings_tree import ADDED

Count = Annotated[int, Field(ge=1)]


@checked_dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class ListSettings:
    """Questions whose passages a reader learns to rank, besides reading.

    Attributes:
        depth: so many passages that BM25 finds are kept for a question, to draw from.
        negatives: passages that do not answer, of a question in a batch.
        judged: so many of them, at most, are passages that somebody judged not to answer.
        questions: questions of a batch.
        share: what the loss counts, a batch of readings counts 1.
        teachers: readers whose order of the passages it learns, too; named as a part's.
        teacher_share: what their order counts of the loss.
        teacher_temperature: their scores are divided by it.
    """

    parts: list[PairsPart]
    depth: Count = 30
    negatives: Count = 7
    judged: Annotated[int, Field(ge=0)] = 7
    questions: Count = 4
    share: Annotated[float, Field(gt=0)] = 1.0
    teachers: tuple[str, ...] = field(default=(), metadata=ADDED)
    teacher_share: Annotated[float, Field(ge=0, le=1)] = field(default=0.5, metadata=ADDED)
    teacher_temperature: Annotated[float, Field(gt=0)] = field(default=1.0, metadata=ADDED)
