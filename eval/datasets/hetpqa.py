"""hetPQA (Shen et al., ECNLP 2022): questions on toys and games, texts of their pages."""

from __future__ import annotations

import csv
from pathlib import Path

from eval.datasets.files import find, open_text
from eval.errors import DatasetNotFound, MalformedData
from eval.records import Candidate, EvidenceQuestion

_COLUMNS = ("ASIN", "question", "candidate", "source")
_JUDGED_COLUMNS = ("qid", "qa_pair_id", *_COLUMNS, "label")
_Rows = list[tuple[int, dict[str, str]]]


def load_hetpqa_answers(root: Path, split: str) -> list[EvidenceQuestion]:
    """The questions that an annotator answered from a text, with that text as the only candidate.

    Raises:
        DatasetNotFound: the file does not exist.
        MalformedData: a column is missing.
    """
    path = find(root / "hetpqa" / f"answers_{split}.tsv")
    questions: dict[tuple[str, str], list[Candidate]] = {}
    for number, row in _rows(path, _COLUMNS):
        if row["candidate"] and row["question"]:
            key = (row["ASIN"], row["question"].strip())
            found = Candidate(str(number), row["candidate"], 2, row["source"])
            questions.setdefault(key, []).append(found)
    return [
        EvidenceQuestion(f"hetpqa:{split}:{number}", question, product, tuple(candidates))
        for number, ((product, question), candidates) in enumerate(questions.items())
    ]


def load_hetpqa_evidence(root: Path, split: str) -> list[EvidenceQuestion]:
    """Questions with the texts that annotators judged: 2 answers, 0 does not (hetPQA's 1 and 0).

    The set publishes the judgements of its dev part alone. They are train here: a third of these
    questions stands in the answers' train as well, so nothing can be measured on them.

    Raises:
        DatasetNotFound: no such split, or the file does not exist.
        MalformedData: a column is missing or a label is not 0 or 1.
    """
    if split != "train":
        raise DatasetNotFound(f"hetpqa:evidence has no split {split!r}: it has train")
    path = find(root / "hetpqa" / "evidence_dev.tsv")
    groups: dict[str, _Rows] = {}
    for number, row in _rows(path, _JUDGED_COLUMNS):
        groups.setdefault(row["qid"], []).append((number, row))
    return [_judged(path, rows) for rows in groups.values()]


def load_hetpqa_pages(root: Path) -> dict[str, dict[str, str]]:
    """By ASIN, the texts of its page at hand in the judged part and the answers' train: sources.

    Raises:
        DatasetNotFound: a file does not exist.
        MalformedData: a column is missing.
    """
    pages: dict[str, dict[str, str]] = {}
    for name in ("evidence_dev", "answers_train"):
        for _, row in _rows(find(root / "hetpqa" / f"{name}.tsv"), _COLUMNS):
            if row["candidate"]:
                pages.setdefault(row["ASIN"], {}).setdefault(row["candidate"], row["source"])
    return pages


def _judged(path: Path, rows: _Rows) -> EvidenceQuestion:
    first = rows[0][1]
    candidates = []
    for number, row in rows:
        if row["label"] not in {"0", "1"}:
            raise MalformedData(f"{path}: line {number}: label is {row['label']!r}, not 0 or 1")
        label = 2 * int(row["label"])
        candidates.append(Candidate(row["qa_pair_id"], row["candidate"], label, row["source"]))
    return EvidenceQuestion(
        f"hetpqa:evidence:{first['qid']}", first["question"], first["ASIN"], tuple(candidates)
    )


def _rows(path: Path, columns: tuple[str, ...]) -> _Rows:
    """The rows, each with the line it ends on; candidates stripped, sources in lower case."""
    with open_text(path) as stream:
        reader = csv.DictReader(stream, delimiter="\t", restval="")
        missing = [c for c in columns if c not in (reader.fieldnames or ())]
        if missing:
            raise MalformedData(f"{path}: not hetPQA: missing column {', '.join(missing)}")
        return [
            (
                reader.line_num,
                row | {"candidate": row["candidate"].strip(), "source": row["source"].lower()},
            )
            for row in reader
        ]
