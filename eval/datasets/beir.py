"""A BEIR folder (Thakur et al., NeurIPS 2021), or TREC judgments beside such files.

``corpus.jsonl`` with ``_id``, ``text`` and perhaps ``title``; ``queries.jsonl`` with ``_id`` and
``text``; judgments in ``qrels/<split>.tsv`` (BEIR's or TREC's columns) or ``qrels.txt``. Objects
may carry ``metadata.product_id``: in a corpus it says whose a text is, in a query it filters.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.datasets.files import find, reading_text
from eval.datasets.jsonl import json_line
from eval.datasets.protocols import safe_id
from eval.errors import DatasetNotFound, MalformedData
from eval.formats.trec import read_qrels
from eval.records import Query, RetrievalSet, Text


def is_beir(folder: Path) -> bool:
    """Whether there is a corpus in the folder."""
    return any((folder / name).is_file() for name in ("corpus.jsonl", "corpus.jsonl.gz"))


def load_beir(folder: Path, split: str) -> RetrievalSet:
    """The judged queries of a split; judgments of 0 stay judgments.

    Raises:
        DatasetNotFound: a file is missing.
        MalformedData: a line that is no such object, an id that occurs twice, a judgment of a
            query or text that does not exist.
    """
    texts = {i: _text(i, tree) for i, tree in beir_objects(folder / "corpus.jsonl")}
    queries = dict(beir_objects(folder / "queries.jsonl"))
    path = qrels_path(folder, split)
    qrels = read_qrels(path)
    for query, judged in qrels.items():
        if query not in queries:
            raise MalformedData(f"{path}: query {query!r} is not in queries.jsonl")
        for name in judged.keys() - texts.keys():
            raise MalformedData(f"{path}: query {query!r}: no text {name!r} in corpus.jsonl")
    asked = [q for q, judged in qrels.items() if any(value > 0 for value in judged.values())]
    return RetrievalSet(
        dataset=folder.name,
        split=split,
        protocol="judged",
        texts=tuple(texts.values()),
        queries=tuple(Query(q, queries[q]["text"], product_of(queries[q])) for q in asked),
        qrels={q: qrels[q] for q in asked},
        left_out=len(qrels) - len(asked),
    )


def qrels_path(folder: Path, split: str) -> Path:
    """The judgments of a split: BEIR's file, or TREC's for the whole folder."""
    names = (f"qrels/{split}.tsv", "qrels.txt", "qrels.tsv")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DatasetNotFound(f"{folder}: no judgments: none of {', '.join(names)}")


def beir_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ids and objects of ``corpus.jsonl`` or ``queries.jsonl``, one at a time.

    Raises:
        DatasetNotFound: no such file.
        MalformedData: a line that is no such object, an id with white space or that occurs twice.
    """
    seen: set[str] = set()
    with reading_text(find(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            tree = _parsed(path, number, line)
            name = str(tree["_id"])
            if name in seen or safe_id(name) != name:
                fault = "occurs twice" if name in seen else "has white space"
                raise MalformedData(f"{path}: line {number}: id {name!r} {fault}")
            seen.add(name)
            yield name, tree


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    tree = json_line(path, number, line)
    if not isinstance(tree, dict) or not isinstance(tree.get("text"), str) or "_id" not in tree:
        raise MalformedData(f"{path}: line {number}: no object with '_id' and 'text'")
    return tree


def _text(name: str, tree: dict[str, Any]) -> Text:
    title = str(tree.get("title") or "")
    return Text(name, product_of(tree) or "", f"{title}\n{tree['text']}" if title else tree["text"])


def product_of(tree: dict[str, Any]) -> str | None:
    """``metadata.product_id`` of a text or query."""
    metadata = tree.get("metadata")
    found = metadata.get("product_id") if isinstance(metadata, dict) else None
    return None if found is None else str(found)
