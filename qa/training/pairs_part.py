"""The part of a recipe that names a data set of questions and the passages that answer them."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.training.settings_tree import ADDED


@checked_dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class PairsPart:
    """One data set of questions and the passages that answer them.

    ``dataset``: a name of :mod:`eval.datasets.registry` or :mod:`eval.datasets.evidence`, or
    ``dpr:FILE`` for a file of DPR's training JSON. ``holdout``: the share of products kept out of
    training. ``taught``: ask a stage's teacher about its questions, too. ``helpful``: what a
    sentence is that was judged to help (1) where another answers (2).
    ``sentences``: passages are single sentences, and the text's others do not answer, unless an
    answer's words occur in them; for sets of spans.
    ``closed``: only what was judged is a negative, since a sentence on another product's page may
    answer as well.
    """

    dataset: str
    split: str = "train"
    holdout: float = 0.0
    limit: int | None = None
    repeat: int = 1
    taught: bool = True
    helpful: Literal["unused", "negative"] = "unused"
    sentences: bool = field(default=False, metadata=ADDED)
    closed: bool = field(default=False, metadata=ADDED)
