"""SubjQA (Bjerva et al., EMNLP 2020) as its authors' CSV files hold it.

One row per question, review and annotator; rows of one ``q_review_id`` become one question.
Every review ends in the annotation tool's token ANSWERNOTFOUND, which is not review text.
``human_ans_spans`` holds a re-tokenised copy of the answer, so the offsets are the gold.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eval.datasets.files import find, reading_text
from eval.errors import MalformedData
from eval.records import Annotation, ReadingQuestion, Span

DOMAINS = ("electronics", "grocery", "tripadvisor", "restaurants", "books", "movies")
NO_ANSWER = "ANSWERNOTFOUND"
_INDICES = re.compile(r"\((\d+), (\d+)\)")
_COLUMNS = ("item_id", "review_id", "q_review_id", "q_reviews_id", "question", "review",
            "human_ans_spans", "human_ans_indices")  # fmt: skip
_OWN = frozenset(_COLUMNS) - {"q_reviews_id", "human_ans_spans"}
_META = ("q_reviews_id", "is_ques_subjective", "ques_subj_score", "is_ans_subjective")

csv.field_size_limit(64 * 1024 * 1024)


def load_subjqa(root: Path, domain: str, split: str) -> list[ReadingQuestion]:
    """The questions of one domain and split, in file order.

    Raises:
        DatasetNotFound: the file does not exist.
        MalformedData: a column is missing or an offset does not parse.
    """
    return read_subjqa(find(root / "subjqa" / domain / f"{split}.csv"))


def read_subjqa(path: Path, *, details: bool = False) -> list[ReadingQuestion]:
    """The questions of one SubjQA CSV file.

    Args:
        details: keep in ``meta`` every column that is not the question itself, for conversion.
            Where a later annotator's row says something else than the first, it is under
            ``column/number`` of the annotation, counted from 0.
    """
    rows: dict[str, list[dict[str, str]]] = {}
    for row in _rows(path):
        rows.setdefault(row["q_review_id"], []).append(row)
    questions = [_question(path, group) for group in rows.values()]
    if not details:
        return questions
    return [
        replace(question, meta=_details(group))
        for question, group in zip(questions, rows.values(), strict=True)
    ]


def review_text(raw: str) -> str:
    """The review without the label token that ends every one of them."""
    return raw.removesuffix(NO_ANSWER).rstrip(" ") if raw.endswith(NO_ANSWER) else raw


def _details(group: list[dict[str, str]]) -> dict[str, str]:
    kept = {key: value for key, value in group[0].items() if key not in _OWN}
    for number, row in enumerate(group[1:], 1):
        kept |= {f"{k}/{number}": row[k] for k in kept if "/" not in k and row[k] != group[0][k]}
    return kept


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with reading_text(path) as stream:
        reader = csv.DictReader(stream, restkey="")
        try:
            missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise MalformedData(f"{path}: not SubjQA: missing column {', '.join(missing)}")
            for row in reader:
                if None in row.values() or "" in row:
                    raise MalformedData(
                        f"{path}: line {reader.line_num}: not {len(reader.fieldnames or ())} "
                        "columns as in the header: is a quote missing?"
                    )
                yield row
        except csv.Error as error:
            raise MalformedData(f"{path}: line {reader.line_num}: {error}") from error


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
