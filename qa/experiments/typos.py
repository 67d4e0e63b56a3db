"""Measures what spelling correction gives BM25, on the dev parts of data sets.

``python -m qa.experiments.typos --data DATA`` prints, for questions as they are and with one random
edit in each, how many the shipped ``bm25`` corrects and its figures without and with that, lists of
100 passages. Test parts are not read.
"""

from __future__ import annotations

import argparse
import random
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from eval.datasets.retrieval import load_retrieval
from eval.records import Query, RetrievalSet
from eval.retrieval import set_columns
from qa.components.bm25_retriever import BM25PassageRetriever
from qa.experiments.retrievers import searchable
from qa.pipelines.loader import load_pipeline
from qa.rewriting import QUESTION_WORDS

DATASETS = ("squadshifts:amazon", "epqa", "subjqa:electronics", "subjqa:movies", "subjqa:books")
METRICS = ("recall@1", "recall@10", "mrr")
DEPTH = 100
SEED = 5

_LETTERS = string.ascii_lowercase
_WORD = re.compile(r"[a-zA-Z]{5,}")

Run = dict[str, dict[str, float]]


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dataset", action="append", help=f"{', '.join(DATASETS)} if absent")
    given = parser.parse_args()
    for name in given.dataset or DATASETS:
        data = load_retrieval(name, "dev", given.data)
        print(f"{name} dev, {data.protocol}: corrected, {', '.join(METRICS)}")  # noqa: T201
        for setting, count, values in measure(data):
            figures = " ".join(f"{value:.4f}" for value in values)
            print(f"  {setting:24} {count:5} {figures}", flush=True)  # noqa: T201


def measure(data: RetrievalSet) -> Iterator[tuple[str, int, list[float]]]:
    """Each setting, how many questions it corrects, and the means of :data:`METRICS`."""
    rng = random.Random(SEED)  # noqa: S311
    with_typos = [replace(query, text=with_typo(query.text, rng)) for query in data.queries]
    retriever: BM25PassageRetriever = load_pipeline("bm25").get_component("retriever")
    with searchable(None, data.texts) as (engine, twins):
        retriever.bind(engine)
        for kind, queries in (("no typos", data.queries), ("typos", with_typos)):
            for spelling in (False, True):
                retriever.spelling = spelling
                run, corrected = _retrieved(retriever, queries, twins)
                columns = {
                    column.metric: column.scores for column in set_columns(data, run, METRICS)
                }
                means = [sum(columns[m].values()) / max(1, len(columns[m])) for m in METRICS]
                yield f"{kind}{', spelling' if spelling else ''}", corrected, means


def with_typo(question: str, rng: random.Random) -> str:
    """The question with one edit inside one word of five letters or more.

    Left out, swapped, replaced or put in, all as likely; the word's first letter and the question
    words stay.
    """
    words = [word for word in _WORD.finditer(question) if word[0].lower() not in QUESTION_WORDS]
    if not words:
        return question
    word = rng.choice(words)
    at = word.start() + rng.randrange(1, len(word[0]) - 1)
    before, letter, after = question[:at], question[at], question[at + 1 :]
    edited = rng.choice(
        (
            after,
            after[0] + letter + after[1:],
            rng.choice(_LETTERS) + after,
            rng.choice(_LETTERS) + letter + after,
        )
    )
    return before + edited


def _retrieved(
    retriever: BM25PassageRetriever, queries: Sequence[Query], twins: Mapping[str, tuple[str, ...]]
) -> tuple[Run, int]:
    """Scores of texts by query, a text's being its best passage's; how many were corrected."""
    run: Run = {}
    corrected = 0
    for query in queries:
        result = retriever.run(query.text, query.product_id, DEPTH)
        corrected += bool(result["corrections"])
        found = run.setdefault(query.id, {})
        for document in result["documents"]:
            review = document.meta["review_id"]
            for text in twins.get(review, (review,)):
                found.setdefault(text, document.score)
    return run, corrected


if __name__ == "__main__":
    main()
