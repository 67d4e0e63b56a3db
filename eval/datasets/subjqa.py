"""SubjQA (Bjerva et al., EMNLP 2020) as its authors' CSV files hold it.

One row per question, review and annotator; rows of one ``q_review_id`` become one question.
Every review ends in the annotation tool's token ANSWERNOTFOUND, which is not review text.
``human_ans_spans`` holds a re-tokenised copy of the answer, so the offsets are the gold.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from eval.datasets.files import find, open_text
from eval.errors import MalformedData
from eval.records import Annotation, ReadingQuestion, Span

DOMAINS = ("electronics", "grocery", "tripadvisor", "restaurants", "books", "movies")
NO_ANSWER = "ANSWERNOTFOUND"
_INDICES = re.compile(r"\((\d+), (\d+)\)")
_COLUMNS = ("item_id", "review_id", "q_review_id", "q_reviews_id", "question", "review",
            "human_ans_spans", "human_ans_indices")  # fmt: skip
_META = ("q_reviews_id", "is_ques_subjective", "ques_subj_score", "is_ans_subjective")

csv.field_size_limit(64 * 1024 * 1024)


def load_subjqa(root: Path, domain: str, split: str) -> list[ReadingQuestion]:
    """The questions of one domain and split, in file order.

    Raises:
        DatasetNotFound: the file does not exist.
        MalformedData: a column is missing or an offset does not parse.
    """
    return read_subjqa(find(root / "subjqa" / domain / f"{split}.csv"))


def read_subjqa(path: Path) -> list[ReadingQuestion]:
    """The questions of one SubjQA CSV file."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in _rows(path):
        rows.setdefault(row["q_review_id"], []).append(row)
    return [_question(path, group) for group in rows.values()]


def review_text(raw: str) -> str:
    """The review without the label token that ends every one of them."""
    return raw.removesuffix(NO_ANSWER).rstrip(" ") if raw.endswith(NO_ANSWER) else raw


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with open_text(path) as stream:
        reader = csv.DictReader(stream)
        missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
        if missing:
            raise MalformedData(f"{path}: not SubjQA: missing column {', '.join(missing)}")
        yield from reader


def _question(path: Path, group: list[dict[str, str]]) -> ReadingQuestion:
    first = group[0]
    context = review_text(first["review"])
    return ReadingQuestion(
        id=first["q_review_id"],
        question=first["question"].strip(),
        context=context,
        annotations=tuple(_annotation(path, row, context) for row in group),
        context_id=first["review_id"],
        product_id=first["item_id"],
        meta={key: first.get(key, "") for key in _META},
    )


def _annotation(path: Path, row: dict[str, str], context: str) -> Annotation:
    if row["human_ans_spans"] == NO_ANSWER:
        return ()
    match = _INDICES.fullmatch(row["human_ans_indices"].strip())
    if match is None:
        raise MalformedData(
            f"{path}: {row['q_review_id']}: human_ans_indices is {row['human_ans_indices']!r}, "
            "expected '(start, end)'"
        )
    start, end = int(match[1]), min(int(match[2]), len(context))
    text = context[start:end]
    trimmed = text.strip()
    if not trimmed:
        return ()
    start += len(text) - len(text.lstrip())
    return (Span(start, start + len(trimmed), trimmed),)
