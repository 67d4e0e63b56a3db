"""Data sets of judged evidence by name: questions on a product's page, with labelled candidates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from eval.datasets.epqa import load_epqa
from eval.datasets.hetpqa import load_hetpqa_answers
from eval.datasets.shoppers import PRODUCTS, load_shoppers_products
from eval.records import EvidenceQuestion

EVIDENCE: dict[str, Callable[[Path, str], list[EvidenceQuestion]]] = {
    "epqa": load_epqa,
    "hetpqa": load_hetpqa_answers,
    PRODUCTS: load_shoppers_products,
}
"""By name, what loads a split from a data root; see the loaders for what they raise."""
