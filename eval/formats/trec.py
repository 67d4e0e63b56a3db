"""TREC runs (``query Q0 document rank score tag``) and judgments (``query 0 document relevance``).

Judgments are also read as BEIR has them: tab separated with the header
``query-id corpus-id score``. Files may be gzipped. Empty lines are skipped.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from eval.datasets.files import find, open_text
from eval.errors import MalformedData
from eval.metrics.ranking import ranking

Run = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]
BEIR_HEADER = ["query-id", "corpus-id", "score"]


def read_run(path: Path) -> Run:
    """Scores by query and document; ranks are not looked at, as in trec_eval.

    Raises:
        MalformedData: a line without six fields, a score that is no number, a document that
            occurs twice for a query; the message names file, line and ids.
    """
    run: Run = {}
    for number, fields in _lines(path):
        if len(fields) != 6:
            raise _wrong(path, number, f"{len(fields)} fields, a TREC run has 6")
        query, _, document, _, score, _ = fields
        value = _number(score)
        if value is None:
            raise _wrong(path, number, f"query {query!r}: score of {document!r} is {score!r}")
        if document in run.setdefault(query, {}):
            raise _wrong(path, number, f"query {query!r}: document {document!r} occurs twice")
        run[query][document] = value
    return run


def write_run(path: Path, run: Mapping[str, Mapping[str, float]], tag: str) -> None:
    """Write a run, best documents first, in the order of the queries given.

    Raises:
        MalformedData: an id with white space, which the format cannot hold.
    """
    lines = []
    for query, scores in run.items():
        for rank, document in enumerate(ranking(scores), 1):
            lines.append(
                f"{_id(path, query)} Q0 {_id(path, document)} {rank} {scores[document]!r} {tag}"
            )
    _write(path, lines)


def read_qrels(path: Path) -> Qrels:
    """Relevance by query and document.

    Raises:
        MalformedData: no judgments, a line of the wrong form, a relevance that is no whole
            number, a document judged twice for a query.
    """
    qrels: Qrels = {}
    width, place = 4, "query 0 document relevance"
    for number, fields in _lines(path):
        if fields == BEIR_HEADER and not qrels:
            width, place = 3, " ".join(BEIR_HEADER)
            continue
        if len(fields) != width:
            raise _wrong(path, number, f"{len(fields)} fields, expected '{place}'")
        query, document, relevance = fields[0], fields[-2], fields[-1]
        if not relevance.removeprefix("-").isdecimal():
            raise _wrong(path, number, f"query {query!r}: relevance of {document!r}: {relevance!r}")
        if document in qrels.setdefault(query, {}):
            raise _wrong(path, number, f"query {query!r}: document {document!r} is judged twice")
        qrels[query][document] = int(relevance)
    if not qrels:
        raise MalformedData(f"{path}: no judgments in it")
    return qrels


def write_qrels(path: Path, qrels: Mapping[str, Mapping[str, int]]) -> None:
    """Write judgments in TREC's form; raises as :func:`write_run` does."""
    _write(
        path,
        [
            f"{_id(path, query)} 0 {_id(path, document)} {relevance}"
            for query, judged in qrels.items()
            for document, relevance in judged.items()
        ],
    )


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with open_text(find(path)) as stream:
            for number, line in enumerate(stream, 1):
                fields = line.split()
                if fields:
                    yield number, fields
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise MalformedData(f"{path}: not readable as UTF-8 text: {error}") from error


def _wrong(path: Path, line: int, what: str) -> MalformedData:
    return MalformedData(f"{path}: line {line}: {what}")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _id(path: Path, name: str) -> str:
    if len(name.split()) != 1 or name.split()[0] != name:
        raise MalformedData(f"{path}: id {name!r}: TREC files hold no ids with white space")
    return name


def _write(path: Path, lines: list[str]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    partial.replace(path)
