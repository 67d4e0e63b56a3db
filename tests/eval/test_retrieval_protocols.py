"""Protocols of retrieval on sets small enough to judge by eye, and runs scored under them."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

import pytest

from eval.datasets.protocols import (
    book_protocol,
    evidence_protocol,
    open_protocol,
    pipeline_questions,
    product_protocol,
)
from eval.datasets.retrieval import load_pipeline_set, load_retrieval
from eval.errors import DatasetNotFound, MalformedData
from eval.evaluator import retrieval_result
from eval.records import Candidate, EvidenceQuestion, ReadingQuestion, Span, Text
from eval.retrieval import random_columns, retrieval_columns, set_columns
from indexing.sample import questions_path, reviews_path


def asked(
    name: str, question: str, product: str, review: str, text: str, answer: str = ""
) -> ReadingQuestion:
    start = text.index(answer) if answer else 0
    spans = (Span(start, start + len(answer), answer),) if answer else ()
    return ReadingQuestion(name, question, text, (spans,), review, product)


LOUD, QUIET = "It is loud.", "So quiet."
TRAIN = [asked("t1", "loud?", "p", "r1", LOUD, "loud")]
TEST = [
    asked("q1", "loud?", "p", "r2", QUIET, "quiet"),
    asked("q2", "loud?", "p", "r3", "No idea."),
    asked("q3", "red?", "p", "r2", QUIET),
    asked("q4", "loud?", "other", "r9", "Loud and red.", "Loud"),
]


def test_product_takes_answers_of_all_splits_and_asks_each_question_once() -> None:
    data = product_protocol("d", "test", TEST, [*TRAIN, *TEST], [*TRAIN, *TEST])
    assert [(q.id, q.product_id) for q in data.queries] == [("q1", "p"), ("q4", "other")]
    assert data.qrels == {"q1": {"r1": 1, "r2": 1}, "q4": {"r9": 1}}
    assert {text.id for text in data.texts} == {"r1", "r2", "r3", "r9"}
    assert (data.left_out, data.scope) == (1, "product")


def test_open_asks_every_answerable_question_of_all_texts() -> None:
    data = open_protocol("d", "test", TEST, [*TRAIN, *TEST])
    assert data.qrels == {"q1": {"r2": 1}, "q4": {"r9": 1}}
    assert (data.left_out, data.scope, len(data.texts)) == (2, "open", 4)


def test_book_counts_the_unanswerable_as_hits() -> None:
    data = book_protocol("d", "test", TEST)
    assert data.qrels == {"q1": {"r2": 1}, "q3": {}, "q4": {"r9": 1}}
    assert data.unanswerable == {"q3"}
    run = {"q1": {"r3": 2.0, "r2": 1.0}, "q4": {"r9": 1.0}}
    values = {c.name: mean(c.scores.values()) for c in set_columns(data, run)}
    assert values["book: success@1"] == pytest.approx(2 / 3)
    assert values["book (answerable): success@1"] == pytest.approx(1 / 2)
    assert values["book: success@3"] == 1
    chance = {c.name: mean(c.scores.values()) for c in random_columns(data)}
    assert chance["book: success@1"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert chance["book (answerable): success@1"] == pytest.approx(3 / 4)


def test_evidence_grades_gains_but_only_answers_are_relevant() -> None:
    pool = (
        Candidate("1", "a", 2, "review"),
        Candidate("2", "b", 1, "cqa"),
        Candidate("3", "c", 0, "review"),
    )
    all_right = (Candidate("1", "a", 2, "review"),)
    questions = [EvidenceQuestion("q", "?", "p", pool), EvidenceQuestion("z", "?", "p", all_right)]
    data = evidence_protocol("epqa", "dev", questions)
    assert data.qrels == {"q": {"q/1": 2, "q/2": 1, "q/3": 0}}
    assert data.left_out == 1
    columns = set_columns(data, {"q": {"q/2": 2.0, "q/1": 1.0}}, ["mrr", "precision@1", "ndcg@10"])
    assert [c.scores["q"] for c in columns[:2]] == [0.5, 0.0]
    assert columns[2].scores["q"] == pytest.approx(
        (1 + 2 / 1.584962500721156) / (2 + 1 / 1.584962500721156)
    )


def test_evidence_of_one_source(tmp_path: Path) -> None:
    columns = ("qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label")
    pool = [("1", "a", 2, "review"), ("2", "b", 1, "cqa"), ("3", "c", 0, "review")]
    lines = [
        ",".join(columns),
        *(f"q,?,p,{t},{source},{i},{label}" for i, t, label, source in pool),
    ]
    (tmp_path / "epqa").mkdir()
    (tmp_path / "epqa" / "dev.csv").write_text("\n".join(lines) + "\n", "utf-8")
    only = load_retrieval("epqa:review", "dev", tmp_path)
    assert only.qrels == {"q": {"q/1": 2, "q/3": 0}}


def test_a_query_the_run_lacks_scores_zero_and_is_counted() -> None:
    data = open_protocol("d", "test", TEST, TEST)
    found = retrieval_result(data, {"q1": {"r2": 1.0}}, {"system": "s"})
    values = {f.metric: f.value for f in found.figures}
    assert values["recall@1"] == values["mrr"] == 0.5
    assert found.header["without_results"] == 1
    assert found.asked["q1"].answer == QUIET
    assert found.asked["q4"].ranked == ()
    assert {f.metric: f.value for f in found.baselines}["recall@1"] == pytest.approx(1 / 3)


def test_unknown_queries_and_split_ids_are_refused() -> None:
    with pytest.raises(MalformedData, match="the run has query 'q9', which is not judged"):
        retrieval_columns({"q1": {"d": 1}}, {"q9": {"d": 1.0}})
    with pytest.raises(MalformedData, match="two different texts have the id 'r1'"):
        open_protocol("d", "test", [], [Text("r1", "p", "one"), Text("r1", "p", "two")])


def test_a_pipeline_is_asked_once_and_may_answer_from_any_review() -> None:
    questions = pipeline_questions(TEST, [*TRAIN, *TEST])
    assert [q.id for q in questions] == ["q1", "q3", "q4"]
    assert [span.text for span in questions[0].gold()] == ["loud", "quiet"]
    assert questions[1].gold() == ()
    assert questions[0].context == ""


def beir(folder: Path, corpus: str, queries: str, qrels: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(corpus, "utf-8")
    (folder / "queries.jsonl").write_text(queries, "utf-8")
    (folder / "qrels" / "test.tsv").write_text(qrels, "utf-8")
    return folder


CORPUS = '{"_id": "d1", "title": "T", "text": "one"}\n{"_id": "d2", "text": "two"}\n'
QUERIES = '{"_id": "q1", "text": "one?"}\n{"_id": "q2", "text": "two?"}\n'
HEAD = "query-id\tcorpus-id\tscore\n"


def test_a_beir_folder_is_read(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set", CORPUS, QUERIES, f"{HEAD}q1\td1\t2\nq1\td2\t0\nq2\td2\t0\n")
    data = load_retrieval(str(folder), "test", tmp_path)
    assert [text.text for text in data.texts] == ["T\none", "two"]
    assert data.qrels == {"q1": {"d1": 2, "d2": 0}}
    assert (data.left_out, data.scope, data.protocol) == (1, "open", "judged")
    with pytest.raises(DatasetNotFound, match=r"none of qrels/dev.tsv"):
        load_retrieval(str(folder), "dev", tmp_path)


@pytest.mark.parametrize(
    ("corpus", "qrels", "complaint"),
    [
        (CORPUS * 2, f"{HEAD}q1\td1\t1\n", r"corpus.jsonl: line 3: id 'd1' occurs twice"),
        (CORPUS, f"{HEAD}q7\td1\t1\n", r"test.tsv: query 'q7' is not in queries.jsonl"),
        (CORPUS, f"{HEAD}q1\td7\t1\n", r"test.tsv: query 'q1': no text 'd7' in corpus.jsonl"),
        (CORPUS + "{\n", f"{HEAD}q1\td1\t1\n", r"corpus.jsonl: line 3: Expecting"),
        ('{"_id": "d1"}\n', f"{HEAD}q1\td1\t1\n", r"corpus.jsonl: line 1: no object with"),
        (CORPUS, HEAD, r"test.tsv: no judgments"),
    ],
)
def test_broken_beir_folders_name_file_and_id(
    tmp_path: Path, corpus: str, qrels: str, complaint: str
) -> None:
    folder = beir(tmp_path / "set", corpus, QUERIES, qrels)
    with pytest.raises(MalformedData, match=complaint):
        load_retrieval(str(folder), "test", tmp_path)


def test_the_sample_is_searched_whole() -> None:
    path = str(questions_path())
    data = load_retrieval(path, "test", Path(), corpus=reviews_path())
    reviews = [json.loads(line)["id"] for line in reviews_path().read_text("utf-8").splitlines()]
    assert {text.id for text in data.texts} == set(reviews)
    assert data.protocol == data.scope == "product"
    assert set().union(*data.qrels.values()) <= set(reviews)
    questions, texts, by_product = load_pipeline_set(path, "test", Path(), reviews_path())
    assert len(questions) == len(data.queries) + data.left_out
    assert (len(texts), by_product) == (len(reviews), True)
    with pytest.raises(DatasetNotFound, match="no protocol 'x'"):
        load_retrieval(path, "test", Path(), "x")


@pytest.mark.data
def test_random_order_of_the_book_is_what_was_published_on_it(data_root: Path) -> None:
    data = load_retrieval("subjqa:electronics", "test", data_root, "book")
    chance = {c.name: mean(c.scores.values()) for c in random_columns(data)}
    for k, published in ((1, 0.62), (3, 0.87), (5, 0.93), (10, 0.98)):
        assert chance[f"book (answerable): success@{k}"] == pytest.approx(published, abs=0.03)
