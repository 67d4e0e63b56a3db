"""Judged questions to and from a BEIR folder.

Standard fields are BEIR's. ``metadata`` of a query also holds ``product_id``, ``answers`` and
``readings`` (:mod:`eval.conversion.readings`), of a text ``product_id``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.conversion.atomic import dumps, whole_file, whole_folder
from eval.conversion.judged import JudgedQuestion, JudgedSet, Passage
from eval.conversion.readings import FIELD, reading_tree, readings_from
from eval.conversion.report import Ledger
from eval.datasets.beir import beir_objects, product_of, qrels_path
from eval.datasets.protocols import safe_id
from eval.errors import MalformedData
from eval.formats.trec import BEIR_HEADER, read_qrels
from eval.records import ReadingQuestion


class SafeIds:
    """Ids that judgment files can hold: not empty, without white space, still distinct."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._taken: set[str] = set()

    def __call__(self, name: str) -> str:
        """The same id for the same name, always."""
        if name not in self._made:
            base = safe_id(name) or "_"
            made, number = base, 1
            while made in self._taken:
                number += 1
                made = f"{base}-{number}"
            self._made[name] = made
            self._taken.add(made)
        return self._made[name]


def read_beir(folder: Path, split: str, ledger: Ledger, *, every_text: bool) -> JudgedSet:
    """The judged questions of a split.

    Args:
        every_text: also texts that no judgment of the split refers to; without, the corpus may be
            larger than memory.

    Raises:
        DatasetNotFound: a file is missing.
        MalformedData: a broken line, or a judgment of a query or text that does not exist.
    """
    path = qrels_path(folder, split)
    qrels = read_qrels(path)
    queries = dict(beir_objects(folder / "queries.jsonl"))
    for unknown in qrels.keys() - queries.keys():
        raise MalformedData(f"{path}: query {unknown!r} is not in queries.jsonl")
    wanted = {name for judged in qrels.values() for name in judged}
    passages = {p.id: p for p in _passages(folder, ledger) if every_text or p.id in wanted}
    for unknown in sorted(wanted - passages.keys()):
        raise MalformedData(f"{path}: no text {unknown!r} in corpus.jsonl")
    ledger.lost["texts that no question refers to"] += ledger.read["texts"] - len(passages)
    ledger.read["queries"] += len(queries)
    ledger.read["judgments"] += sum(map(len, qrels.values()))
    ledger.dropped[f"queries that {path.name} does not judge"] += len(queries) - len(qrels)
    questions = tuple(
        _question(folder, name, queries[name], judged, passages) for name, judged in qrels.items()
    )
    return JudgedSet(passages, questions)


def write_beir(
    folder: Path, split: str, data: JudgedSet, ledger: Ledger, *, force: bool = False
) -> None:
    """Write ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/<split>.tsv``."""
    texts, queries = SafeIds(), SafeIds()
    with whole_folder(folder, force=force) as made:
        with whole_file(made / "corpus.jsonl") as stream:
            for passage in data.passages.values():
                stream.write(dumps(_passage_tree(passage, texts(passage.id))) + "\n")
                ledger.written["texts"] += 1
        with whole_file(made / "queries.jsonl") as stream:
            for question in data.questions:
                tree = _query_tree(question, queries(question.id), texts)
                stream.write(dumps(tree) + "\n")
                ledger.written["queries"] += 1
                _count_losses(question, data.level, ledger)
        with whole_file(made / "qrels" / f"{split}.tsv") as stream:
            stream.write("\t".join(BEIR_HEADER) + "\n")
            for question in data.questions:
                for name, grade in question.relevance.items():
                    stream.write(f"{queries(question.id)}\t{texts(name)}\t{grade}\n")
                    ledger.written["judgments"] += 1


def _count_losses(question: JudgedQuestion, level: int, ledger: Ledger) -> None:
    ledger.lost["negative texts, which become unjudged"] += len(question.negatives)
    helpful = sum(0 < grade < level for grade in question.relevance.values())
    ledger.lost[f"that a grade below {level} is not relevant, which BEIR cannot say"] += helpful


def _passages(folder: Path, ledger: Ledger) -> Iterator[Passage]:
    for name, tree in beir_objects(folder / "corpus.jsonl"):
        ledger.read["texts"] += 1
        yield Passage(name, tree["text"], str(tree.get("title") or ""), product_of(tree) or "")


def _question(
    folder: Path,
    name: str,
    tree: dict[str, Any],
    judged: dict[str, int],
    passages: dict[str, Passage],
) -> JudgedQuestion:
    place = f"{folder / 'queries.jsonl'}: query {name!r}"
    metadata = tree.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    answers = metadata.get("answers", [])
    if not isinstance(answers, list) or not all(isinstance(text, str) for text in answers):
        raise MalformedData(f"{place}: 'answers' is no list of texts")
    readings: tuple[ReadingQuestion, ...] = ()
    if FIELD in metadata:
        texts = {i: passages[i].text for i in judged}
        readings = readings_from(place, metadata[FIELD], texts.get)
    return JudgedQuestion(
        name, tree["text"], product_of(tree), tuple(answers), judged, readings=readings
    )


def _passage_tree(passage: Passage, name: str) -> dict[str, Any]:
    metadata = {"product_id": passage.product_id} if passage.product_id else {}
    return {"_id": name, "title": passage.title, "text": passage.text, "metadata": metadata}


def _query_tree(question: JudgedQuestion, name: str, texts: SafeIds) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if question.product_id is not None:
        metadata["product_id"] = question.product_id
    if question.answers:
        metadata["answers"] = list(question.answers)
    if question.readings:
        metadata[FIELD] = [
            reading_tree(reading, texts(safe_id(reading.context_id)))
            for reading in question.readings
        ]
    return {"_id": name, "text": question.question, "metadata": metadata}
