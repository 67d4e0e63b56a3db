"""ePQA (Shen et al., Findings of ACL 2023): product questions with judged candidate sentences."""

from __future__ import annotations

import csv
from pathlib import Path

from eval.datasets.files import find, open_text
from eval.errors import MalformedData
from eval.records import Candidate, EvidenceQuestion

_COLUMNS = ("qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label")
_FOREIGN_QUESTION = " Question: "


def load_epqa(root: Path, split: str) -> list[EvidenceQuestion]:
    """The questions of a split with their candidates, in file order.

    Community answers carry the question they were given to; it is cut off, it is not evidence.

    Raises:
        DatasetNotFound: the file does not exist.
        MalformedData: a column is missing or a label is not 0, 1 or 2.
    """
    path = find(root / "epqa" / f"{split}.csv")
    groups: dict[str, list[dict[str, str]]] = {}
    with open_text(path) as stream:
        reader = csv.DictReader(stream)
        missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
        if missing:
            raise MalformedData(f"{path}: not ePQA: missing column {', '.join(missing)}")
        for row in reader:
            groups.setdefault(row["qid"], []).append(row)
    return [_question(path, rows) for rows in groups.values()]


def _question(path: Path, rows: list[dict[str, str]]) -> EvidenceQuestion:
    first = rows[0]
    return EvidenceQuestion(
        id=first["qid"],
        question=first["question"],
        product_id=first["ASIN"],
        candidates=tuple(_candidate(path, row) for row in rows),
    )


def _candidate(path: Path, row: dict[str, str]) -> Candidate:
    if row["label"] not in {"0", "1", "2"}:
        raise MalformedData(f"{path}: qid {row['qid']}: label is {row['label']!r}, not 0, 1 or 2")
    text = row["candidate"]
    if row["source"] == "cqa":
        text = text.partition(_FOREIGN_QUESTION)[0]
    return Candidate(row["qa_pair_id"], text.strip(), int(row["label"]), row["source"])
