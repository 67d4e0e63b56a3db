"""What a format cannot hold is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.datasets.jsonl import read_jsonl
from eval.datasets.retrieval import load_retrieval
from eval.errors import NotConvertible
from eval.records import Span
from tests.eval.conversion.pieces import LISTED, assert_is_squad, turned, written


def test_what_squad_1_cannot_hold_is_counted(tmp_path: Path) -> None:
    report = turned(written(tmp_path, LISTED), tmp_path / "one.json", "squad-1.1")
    assert report.read == {"questions": 3}
    assert report.written == {"questions": 2}
    assert report.dropped == {"unanswerable, which SQuAD 1.1 cannot say": 1}
    assert report.lost == {
        "annotators' 'no answer' beside other annotators' spans": 1,
    }
    tree = json.loads((tmp_path / "one.json").read_text("utf-8"))
    assert_is_squad(tree, "1.1")
    (paragraph,) = tree["data"][0]["paragraphs"]
    assert [qa["id"] for qa in paragraph["qas"]] == ["a", "c"]
    assert "is_impossible" not in paragraph["qas"][0]


def test_plausible_answers_are_counted(tmp_path: Path) -> None:
    entry = {"id": "1", "question": "q", "answers": [], "is_impossible": True}
    entry["plausible_answers"] = [{"text": "loud", "answer_start": 6}]
    paragraph = {"context": "It is loud.", "qas": [entry]}
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}), "utf-8")
    report = turned(path, tmp_path / "q.jsonl", "jsonl")
    assert report.lost == {"plausible answers of unanswerable questions": 1}


FOREIGN = [
    {
        "dataset": "nq_dev_psgs_w100",
        "question": "who sings?",
        "answers": ["Ann Lee", "Lee"],
        "positive_ctxs": [
            {"title": "T", "text": "It is 👍 Ann Lee.", "score": 1000, "passage_id": "7"},
            {"title": "U", "text": "Nobody knows.", "score": 9, "passage_id": "8"},
        ],
        "negative_ctxs": [{"title": "", "text": "Far off."}],
        "hard_negative_ctxs": [{"title": "H", "text": "Near.", "psg_id": "9"}],
    },
    {"question": "none?", "answers": [], "positive_ctxs": [], "negative_ctxs": []},
]


def test_others_dpr_files_give_spans_where_an_answer_stands_in_a_positive_text(
    tmp_path: Path,
) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(FOREIGN), "utf-8")
    report = turned(path, tmp_path / "out.jsonl", "jsonl")
    (question,) = read_jsonl(tmp_path / "out.jsonl")
    assert (question.id, question.context_id) == ("1#7", "7")
    assert question.annotations == ((Span(8, 15, "Ann Lee"),), (Span(12, 15, "Lee"),))
    assert report.read == {"questions": 2, "readings": 1}
    assert report.dropped == {
        "positive texts in which no answer occurs as it is written": 1,
        "without a positive text": 1,
    }
    assert sum(report.lost.values()) == 2


def test_dpr_to_beir_keeps_titles_and_judges_hard_negatives(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(FOREIGN), "utf-8")
    report = turned(path, tmp_path / "beir", "beir", split="train")
    data = load_retrieval(str(tmp_path / "beir"), "train", tmp_path)
    assert data.qrels == {"1": {"7": 1, "8": 1, "9": 0}}
    assert {t.id: t.text for t in data.texts}["7"] == "T\nIt is 👍 Ann Lee."
    assert len(data.texts) == 4
    assert report.lost == {"negative texts, which become unjudged": 1}


def test_a_beir_folder_of_others_holds_no_spans(tmp_path: Path) -> None:
    folder = tmp_path / "scifact"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "T", "text": "x"}\n{"_id": "d2", "text": "y"}\n', "utf-8"
    )
    (folder / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "?"}\n{"_id": "q2", "text": "!"}\n', "utf-8"
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\n", "utf-8")
    with pytest.raises(NotConvertible, match="convert it to dpr"):
        turned(folder, tmp_path / "out.json", "squad-2.0")
    assert not list(tmp_path.glob("out*"))
    report = turned(folder, tmp_path / "dpr.json", "dpr")
    (entry,) = json.loads((tmp_path / "dpr.json").read_text("utf-8"))
    (positive,) = entry["positive_ctxs"]
    assert (positive["title"], positive["relevance"]) == ("T", 2)
    assert report.dropped == {"queries that test.tsv does not judge": 1}
    assert report.lost == {"texts that no question refers to": 1}
