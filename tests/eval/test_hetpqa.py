"""hetPQA's answered questions: one question per product and wording, its texts as evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.datasets.hetpqa import load_hetpqa_answers, load_hetpqa_evidence, load_hetpqa_pages
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


JUDGED = "qid\tASIN\tqa_pair_id\tquestion\tcandidate\tlabel\tsource\tconfidence\n"


def judged(root: Path, *rows: str) -> None:
    (root / "hetpqa").mkdir(exist_ok=True)
    (root / "hetpqa" / "evidence_dev.tsv").write_text(JUDGED + "\n".join(rows) + "\n", "utf-8")


def test_what_annotators_judged_answers_or_does_not(tmp_path: Path) -> None:
    judged(
        tmp_path,
        "1\tB1\t11\tis it loud?\tquiet as a mouse\t1\treview\thigh",
        "1\tB1\t12\tis it loud?\tcolor: red\t0\tattribute\tmid",
        "2\tB2\t21\tis it red?\tsee above\t0\tDesc\tmid",
    )
    loud, red = load_hetpqa_evidence(tmp_path, "train")
    assert [(c.id, c.text, c.label) for c in loud.candidates] == [
        ("11", "quiet as a mouse", 2), ("12", "color: red", 0)]  # fmt: skip
    assert (red.product_id, red.question, red.candidates[0].source) == ("B2", "is it red?", "desc")
    with pytest.raises(DatasetNotFound, match="no split 'dev'"):
        load_hetpqa_evidence(tmp_path, "dev")


def test_a_label_of_another_kind_is_refused_by_its_line(tmp_path: Path) -> None:
    judged(tmp_path, "1\tB1\t11\tloud?\tquiet\t1\treview\thigh", "1\tB1\t12\tloud?\tred\t2\tx\tx")
    with pytest.raises(MalformedData, match=r"line 3: label is '2', not 0 or 1"):
        load_hetpqa_evidence(tmp_path, "train")


def test_a_page_is_every_text_of_its_product_once(tmp_path: Path) -> None:
    judged(tmp_path, "1\tB1\t11\tloud?\tblue\t1\treview\thigh", "1\tB1\t12\tloud?\tred\t0\tDesc\tx")
    (tmp_path / "hetpqa" / "answers_train.tsv").write_text(HEADER + "\n".join(ROWS) + "\n", "utf-8")
    pages = load_hetpqa_pages(tmp_path)
    assert pages["B1"] == {"blue": "review", "red": "desc", 'it is "sky" blue': "cqa"}
    assert pages["B2"] == {"red": "review"}
