"""Pages of products that do not exist, with questions and judged sentences (CC0).

Written whole by a language model for this project, a file a department in ``shoppers_data/pages``:
nothing of them lies in a data root. Sentences that answer a question and sentences that only
share its words or its matter look alike on purpose, so that meaning tells them apart. Embedding
models have long learnt from such triples (Wang et al., ACL 2024, "Improving Text Embeddings with
Large Language Models").
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.datasets.shoppers import FOLDER, LABELS, rows_of
from eval.records import Candidate, EvidenceQuestion

PAGES = "shoppers:pages"


def load_shoppers_pages(
    root: Path, split: str, folder: Path = FOLDER / "pages"
) -> list[EvidenceQuestion]:
    """The questions of a split; candidates are their page's sentences, in the order of the file.

    What was written for another question of the page is 0 here, as it does not answer this one.

    Args:
        root: not read; the pages ship with the package.

    Raises:
        DatasetNotFound: no such split.
    """
    pages = rows_of(PAGES, sorted(folder.glob("*.jsonl")), split, "product")
    return [question for _, page in pages for question in _questions(page)]


def _questions(page: dict[str, Any]) -> Iterator[EvidenceQuestion]:
    product, asked = page["product"], page["asked"]
    texts = [text for lists in asked.values() for name in LABELS for text in lists[name]]
    for number, (question, lists) in enumerate(asked.items()):
        labels = {text: label for name, label in LABELS.items() for text in lists[name]}
        candidates = tuple(
            Candidate(f"{product}#{at}", text, labels.get(text, 0), "written")
            for at, text in enumerate(texts)
        )
        yield EvidenceQuestion(f"{PAGES}:{product}:{number}", question, product, candidates)
