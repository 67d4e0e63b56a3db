"""Retrieval sets by name: a data set's questions under a protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from eval.datasets import protocols
from eval.datasets.beir import is_beir, load_beir
from eval.datasets.evidence import JUDGED, SPLITS, load_judged
from eval.datasets.files import open_text
from eval.datasets.registry import also_known, load_reading, names, read_file
from eval.errors import DatasetNotFound, MalformedData
from eval.records import ReadingQuestion, RetrievalSet, Text

PROTOCOLS = ("open", "product", "book", "evidence")


def load_retrieval(
    name: str, split: str, root: Path, protocol: str | None = None, corpus: Path | None = None
) -> RetrievalSet:
    """Queries, texts and judgments of a data set's split.

    Args:
        name: a name that :func:`eval.datasets.registry.load_reading` or
            :func:`eval.datasets.evidence.load_judged` knows, the path of a file of questions, or
            a BEIR folder.
        protocol: :func:`default_protocol`'s when absent; judged evidence is ``evidence`` and
            a BEIR folder ``judged`` always.
        corpus: for a SQuAD file, a JSONL file of ``id``, ``product_id`` and ``text``: texts to
            search besides those that questions were asked on.

    Raises:
        DatasetNotFound: the name, split, protocol or a file is not known.
        MalformedData: a file breaks its format.
    """
    if Path(name).is_dir() and is_beir(Path(name)):
        return load_beir(Path(name), split)
    if name in JUDGED:
        return protocols.evidence_protocol(name, split, load_judged(name, split, root))
    with also_known(*JUDGED, "a BEIR folder"):
        asked = load_reading(name, split, root)
    chosen = protocol or ("product" if corpus else default_protocol(name))
    every = _everything(name, split, root)
    return retrieval_set(name, split, asked, every, chosen, read_texts(corpus) if corpus else ())


def retrieval_set(
    name: str,
    split: str,
    asked: list[ReadingQuestion],
    labelled: list[ReadingQuestion],
    protocol: str,
    texts: Iterable[Text] = (),
) -> RetrievalSet:
    """Questions under a protocol.

    Args:
        asked: the questions.
        labelled: those whose answers make texts relevant under ``product``.
        texts: to search, besides those that questions were asked on.

    Raises:
        DatasetNotFound: no such protocol.
        MalformedData: two different texts with one id.
    """
    make = _MAKERS.get(protocol)
    if make is None:
        raise DatasetNotFound(f"no protocol {protocol!r} for {name}: one of {', '.join(_MAKERS)}")
    return _with_texts(make(name, split, asked, labelled), texts)


def load_pipeline_set(
    name: str,
    split: str,
    root: Path,
    corpus: Path | None = None,
    protocol: str | None = None,
) -> tuple[list[ReadingQuestion], list[Text], bool]:
    """Questions for a whole pipeline, the texts it may answer from, and whether by product.

    Arguments and errors as for :func:`load_retrieval`. SquadShifts is asked of all its texts.
    Protocol ``book`` knows the split alone: its texts, and its spans as gold.
    """
    asked = load_reading(name, split, root)
    if protocol not in (None, "book"):
        raise DatasetNotFound(f"no protocol {protocol!r} for pipelines: 'book', or none")
    every = asked if protocol else _everything(name, split, root)
    texts = {text.id: text for text in protocols.texts_of(every)}
    for text in read_texts(corpus) if corpus else ():
        texts.setdefault(text.id, text)
    questions = protocols.pipeline_questions(asked, every)
    by_product = bool(corpus) or default_protocol(name) == "product"
    return questions, list(texts.values()), by_product


def default_protocol(name: str) -> str:
    """``product`` for SubjQA, by name or as a CSV file, else ``open``."""
    is_subjqa = name.startswith("subjqa:") or name.lower().endswith((".csv", ".csv.gz"))
    return "product" if is_subjqa else "open"


def read_texts(path: Path) -> list[Text]:
    """Texts of a JSONL file with ``id``, ``product_id`` and ``text``.

    Raises:
        MalformedData: a line that is no such object.
    """
    texts = []
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                tree = json.loads(line)
                texts.append(Text(str(tree["id"]), str(tree["product_id"]), str(tree["text"])))
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise MalformedData(f"{path}: line {number}: no text: {error}") from error
    return texts


def retrieval_names() -> list[str]:
    """Every name that :func:`load_retrieval` knows."""
    return [*names(), *JUDGED]


_Maker = Callable[[str, str, list[ReadingQuestion], list[ReadingQuestion]], RetrievalSet]
_MAKERS: dict[str, _Maker] = {
    "open": protocols.open_protocol,
    "product": lambda name, split, asked, every: protocols.product_protocol(
        name, split, asked, every, every
    ),
    "book": lambda name, split, asked, _: protocols.book_protocol(name, split, asked),
}


def _everything(name: str, split: str, root: Path) -> list[ReadingQuestion]:
    """The questions of all splits at hand."""
    if Path(name).is_file():
        return read_file(Path(name))
    found = []
    for other in SPLITS:
        try:
            found += load_reading(name, other, root)
        except DatasetNotFound:
            if other == split:
                raise
    return found


def _with_texts(data: RetrievalSet, extra: Iterable[Text]) -> RetrievalSet:
    known = {text.id: text for text in data.texts}
    for text in extra:
        known.setdefault(text.id, text)
    return replace(data, texts=tuple(known.values()))
