"""hetPQA (Shen et al., ECNLP 2022): questions on toys and games, each with a text that answers."""

from __future__ import annotations

import csv
from pathlib import Path

from eval.datasets.files import find, open_text
from eval.errors import MalformedData
from eval.records import Candidate, EvidenceQuestion

_COLUMNS = ("ASIN", "question", "candidate", "source")


def load_hetpqa_answers(root: Path, split: str) -> list[EvidenceQuestion]:
    """The questions that an annotator answered from a text, with that text as the only candidate.

    Raises:
        DatasetNotFound: the file does not exist.
        MalformedData: a column is missing.
    """
    path = find(root / "hetpqa" / f"answers_{split}.tsv")
    questions: dict[tuple[str, str], list[Candidate]] = {}
    with open_text(path) as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
        if missing:
            raise MalformedData(f"{path}: not hetPQA: missing column {', '.join(missing)}")
        for number, row in enumerate(reader):
            text = (row["candidate"] or "").strip()
            if text and row["question"]:
                key = (row["ASIN"], row["question"].strip())
                source = (row["source"] or "").lower()
                questions.setdefault(key, []).append(Candidate(str(number), text, 2, source))
    return [
        EvidenceQuestion(f"hetpqa:{split}:{number}", question, product, tuple(candidates))
        for number, ((product, question), candidates) in enumerate(questions.items())
    ]
