"""Data sets of judged evidence by name: questions on a product's page, with labelled candidates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from eval.datasets import shoppers
from eval.datasets.epqa import load_epqa
from eval.datasets.hetpqa import load_hetpqa_answers, load_hetpqa_evidence
from eval.datasets.shoppers_mined import MINED, load_shoppers_mined
from eval.datasets.shoppers_pages import PAGES, load_shoppers_pages
from eval.records import EvidenceQuestion

SPLITS = ("train", "dev", "test")
EVIDENCE: dict[str, Callable[[Path, str], list[EvidenceQuestion]]] = {
    "epqa": load_epqa,
    "hetpqa": load_hetpqa_answers,
    "hetpqa:evidence": load_hetpqa_evidence,
    shoppers.PRODUCTS: shoppers.load_shoppers_products,
    shoppers.REWORDINGS: shoppers.load_shoppers_rewordings,
    PAGES: load_shoppers_pages,
    MINED: load_shoppers_mined,
}
"""By name, what loads a split from a data root; see the loaders for what they raise."""
JUDGED = (
    "epqa",
    "epqa:review",
    "hetpqa:evidence",
    shoppers.PRODUCTS,
    shoppers.REWORDINGS,
    PAGES,
    MINED,
)
"""Names that :func:`load_judged` knows: sets whose candidates are right or wrong, to rank them."""
_SPLITS = {"epqa": SPLITS} | dict.fromkeys((shoppers.PRODUCTS, PAGES, MINED), shoppers.SPLITS)
"""Of those that have more than ``train``."""


def load_judged(name: str, split: str, root: Path) -> list[EvidenceQuestion]:
    """The questions of a set that retrievers are measured on.

    Args:
        name: one of ``JUDGED``; ``epqa:review`` has the candidates of that source alone.
        split: ``all`` takes every split that the set has.

    Raises:
        DatasetNotFound: the split or its file is not there.
        MalformedData: the file breaks its format.
    """
    whole, source = (name, "") if name in EVIDENCE else name.split(":")
    every = _SPLITS.get(whole, ("train",))
    found = [q for s in (every if split == "all" else (split,)) for q in EVIDENCE[whole](root, s)]
    return found if not source else [_of_source(question, source) for question in found]


def _of_source(question: EvidenceQuestion, source: str) -> EvidenceQuestion:
    return replace(question, candidates=tuple(c for c in question.candidates if c.source == source))
