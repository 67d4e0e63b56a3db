"""Questions to SubjQA's CSV: one row per question, review and annotator."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from eval.conversion.atomic import whole_file
from eval.conversion.report import Ledger
from eval.datasets.subjqa import NO_ANSWER
from eval.records import ReadingQuestion, Span

COLUMNS = ("item_id", "domain", "nn_mod", "nn_asp", "query_mod", "query_asp", "q_review_id",
           "q_reviews_id", "question", "question_subj_level", "ques_subj_score",
           "is_ques_subjective", "review_id", "review", "human_ans_spans", "human_ans_indices",
           "answer_subj_level", "ans_subj_score", "is_ans_subjective")  # fmt: skip


def write_subjqa(
    path: Path, questions: Iterable[ReadingQuestion], ledger: Ledger, *, force: bool = False
) -> None:
    """Write the CSV; columns come from ``meta`` (see ``details`` of ``read_subjqa``)."""
    with whole_file(path, force=force) as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for question in questions:
            for row in _rows(question, ledger):
                writer.writerow(row)
                ledger.written["rows"] += 1
            ledger.written["questions"] += 1


def _rows(question: ReadingQuestion, ledger: Ledger) -> Iterable[list[str]]:
    review = _review(question.context)
    for key in question.meta:
        if key.partition("/")[0] not in COLUMNS:
            ledger.lost[f"detail {key!r:.40}"] += 1
    for number, marked in enumerate(question.annotations):
        ledger.lost["further spans of one annotator, written as if another one's"] += max(
            0, len(marked) - 1
        )
        for span in marked or (None,):
            if span is not None:
                _count_unheld(span, ledger)
            own = _own(question, review, number, span)
            yield [own.get(name, _detail(question, name, number)) for name in COLUMNS]


def _own(question: ReadingQuestion, review: str, number: int, span: Span | None) -> dict[str, str]:
    wording = _detail(question, "human_ans_spans", number)
    if span is None:
        end = len(review)
        start, wording = end - len(NO_ANSWER) if review.endswith(NO_ANSWER) else end, NO_ANSWER
    else:
        start, end = span.start, span.end
        wording = span.text if wording in ("", NO_ANSWER) else wording
    return {
        "item_id": question.product_id,
        "q_review_id": question.id,
        "question": question.question,
        "review_id": question.context_id,
        "review": review,
        "human_ans_spans": wording,
        "human_ans_indices": f"({start}, {end})",
    }


def _review(context: str) -> str:
    """With the token that ends every review, unless reading it back would cut off more."""
    if context.endswith(" ") and not context.endswith(NO_ANSWER):
        return context
    return f"{context} {NO_ANSWER}"


def _count_unheld(span: Span, ledger: Ledger) -> None:
    if not span.text.strip() or span.text == NO_ANSWER:
        ledger.lost["spans that readers of SubjQA take for no answer"] += 1
    elif span.text != span.text.strip():
        ledger.lost["white space around spans, which readers of SubjQA trim"] += 1


def _detail(question: ReadingQuestion, name: str, number: int) -> str:
    return question.meta.get(f"{name}/{number}", question.meta.get(name, ""))
