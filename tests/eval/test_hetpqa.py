"""hetPQA's answered questions: one question per product and wording, its texts as evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.datasets.hetpqa import load_hetpqa_answers
from eval.errors import DatasetNotFound, MalformedData

HEADER = "ASIN\tquestion\tcandidate\tanswer\tsource\n"
ROWS = [
    'B1\tis it blue?\t"it is ""sky"" blue"\tyes\tCQA',
    "B1\tis it blue?\tblue\tyes\treview",
    "B2\tis it blue?\tred\tno\treview",
    "B2\tis it big?\t\tno\tDesc",
]


def test_texts_of_one_question_are_its_candidates(tmp_path: Path) -> None:
    path = tmp_path / "hetpqa" / "answers_train.tsv"
    path.parent.mkdir()
    path.write_text(HEADER + "\n".join(ROWS) + "\n", "utf-8")
    first, second = load_hetpqa_answers(tmp_path, "train")
    assert first.product_id == "B1"
    assert [c.text for c in first.candidates] == ['it is "sky" blue', "blue"]
    assert [c.source for c in first.candidates] == ["cqa", "review"]
    assert {c.label for c in (*first.candidates, *second.candidates)} == {2}
    assert first.id != second.id


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound):
        load_hetpqa_answers(tmp_path, "train")
    (tmp_path / "hetpqa").mkdir()
    (tmp_path / "hetpqa" / "answers_dev.tsv").write_text("question\tcandidate\n", "utf-8")
    with pytest.raises(MalformedData, match="ASIN, source"):
        load_hetpqa_answers(tmp_path, "dev")
