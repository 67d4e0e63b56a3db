"""What an evaluation measures on, and where its files go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eval.records import MergeRule
from eval.results import Published


@dataclass(frozen=True, slots=True)
class Job:
    """What to measure on.

    Attributes:
        dataset: a name of :func:`eval.datasets.retrieval.load_retrieval`, a path, or
            ``store:DIR`` for the labels of a store.
        split: which of its splits.
        root: the folder of the public data sets.
        out: results go to ``out/<kind>/<dataset and split>/<system>``; nowhere if None.
        corpus: more texts to search, see :func:`eval.datasets.retrieval.load_retrieval`.
        limit: only so many questions, the first ones.
        merge: which annotators' spans are gold.
        folds: cross-tune the threshold over so many folds, grouped by product; 0: do not.
        title: how results call the data set; its name if empty.
        label: how results call the system; its name if empty.
        metrics: of a retriever instead of the usual ones, of answers besides them.
        published: what others reported on the same; it goes with the result.
    """

    dataset: str
    split: str
    root: Path
    out: Path | None = None
    corpus: Path | None = None
    limit: int | None = None
    merge: MergeRule = "any"
    folds: int = 0
    title: str = ""
    label: str = ""
    metrics: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()

    @property
    def name(self) -> str:
        """How results call the data set."""
        return self.title or self.dataset

    def folder(self, kind: str, system: str, *more: str) -> Path | None:
        """Where a system's files go; ``more`` tells apart what the job does not."""
        if self.out is None:
            return None
        path = "/" in self.name and not self.name.startswith("store:")
        name = Path(self.name).stem if path else self.name
        merge = () if self.merge == "any" else (self.merge,)
        parts = [_slug(name), self.split, *more, *merge]
        return self.out / kind / "-".join(parts) / _slug(self.label or system)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "_"
