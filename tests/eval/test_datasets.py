"""Gold data loaders: what a file says is what comes out, and a broken file says where it broke."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.epqa import load_epqa
from eval.datasets.registry import load_reading, names
from eval.datasets.squad import part_of_title, read_squad
from eval.datasets.subjqa import read_subjqa
from eval.errors import DatasetNotFound, MalformedData
from indexing.sample import questions_path, reviews_path

COLUMNS = ["item_id", "review_id", "q_review_id", "q_reviews_id", "question", "review",
           "human_ans_spans", "human_ans_indices"]  # fmt: skip
REVIEW = "Great case. It's  tough, I like it. ANSWERNOTFOUND"


def subjqa(path: Path, rows: list[dict[str, str]]) -> Path:
    base = dict.fromkeys(COLUMNS, "x") | {"review": REVIEW, "question": "Is it tough ?"}
    with gzip.open(path, "wt", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(base | row for row in rows)
    return path


def squad(path: Path, qas: list[dict[str, Any]], context: str = "It is loud and red.") -> Path:
    data = {"data": [{"title": "t", "paragraphs": [{"context": context, "qas": qas}]}]}
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_subjqa_takes_offsets_from_the_text_and_merges_annotators(tmp_path: Path) -> None:
    path = subjqa(
        tmp_path / "dev.csv.gz",
        [
            {"human_ans_spans": "It 's tough", "human_ans_indices": "(12, 23)"},
            {"human_ans_spans": "ANSWERNOTFOUND", "human_ans_indices": "(37, 51)"},
        ],
    )
    (question,) = read_subjqa(path)
    assert question.context == "Great case. It's  tough, I like it."
    assert [[s.text for s in spans] for spans in question.annotations] == [["It's  tough"], []]
    assert [s.text for s in question.gold("any")] == ["It's  tough"]
    assert question.gold("first") == question.annotations[0]


def test_subjqa_spans_never_reach_into_the_label_token(tmp_path: Path) -> None:
    path = subjqa(
        tmp_path / "dev.csv.gz",
        [{"human_ans_spans": "like it. ANSWERNOTFOUND", "human_ans_indices": "(27, 50)"}],
    )
    (question,) = read_subjqa(path)
    (span,) = question.gold()
    assert span.text == "like it." == question.context[span.start : span.end]


def test_subjqa_names_the_file_and_the_row_it_cannot_read(tmp_path: Path) -> None:
    bad = subjqa(tmp_path / "bad.csv.gz", [{"q_review_id": "q7", "human_ans_indices": "12-23"}])
    with pytest.raises(MalformedData, match=r"bad.csv.gz: q7: human_ans_indices is '12-23'"):
        read_subjqa(bad)
    plain = tmp_path / "other.csv"
    plain.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(MalformedData, match="missing column item_id"):
        read_subjqa(plain)


def test_squad_keeps_each_answer_as_an_annotation(tmp_path: Path) -> None:
    answers = [{"text": "loud", "answer_start": 6}, {"text": "loud and red", "answer_start": 6}]
    path = squad(
        tmp_path / "q.json",
        [
            {"id": "1", "question": " Is it loud? ", "answers": answers},
            {"id": "2", "question": "Price?", "answers": [], "is_impossible": True},
        ],
    )
    first, second = read_squad(path)
    assert first.question == "Is it loud?"
    assert [s.text for s in first.gold()] == ["loud", "loud and red"]
    assert second.gold() == ()


@pytest.mark.parametrize(
    ("qas", "complaint"),
    [
        ([{"id": "1", "question": "q", "answers": [{"text": "loud", "answer_start": 7}]}], "1: no"),
        ([{"id": "1", "question": "q", "answers": []}] * 2, "'1' occurs twice"),
        ([{"question": "q", "answers": []}], "missing or wrong 'id'"),
    ],
)
def test_squad_names_what_is_broken(tmp_path: Path, qas: list[Any], complaint: str) -> None:
    with pytest.raises(MalformedData, match=complaint):
        read_squad(squad(tmp_path / "q.json", qas))


@pytest.mark.parametrize("text", ["{", '{"data": 3}', "[]", "\x00"])
def test_what_is_no_squad_file_is_said_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, "utf-8")
    with pytest.raises(MalformedData, match=r"broken\.json"):
        read_squad(path)


@given(st.lists(st.tuples(st.text(min_size=1), st.data()), min_size=1, max_size=3))
def test_squad_round_trip(tmp_path_factory: pytest.TempPathFactory, items: list[Any]) -> None:
    path = tmp_path_factory.mktemp("squad") / "q.json"
    for context, data in items:
        start = data.draw(st.integers(0, len(context) - 1))
        end = data.draw(st.integers(start + 1, len(context)))
        answer = {"text": context[start:end], "answer_start": start}
        squad(path, [{"id": "1", "question": "q", "answers": [answer]}], context)
        ((span,),) = read_squad(path)[0].annotations
        assert (span.start, span.end, span.text) == (start, end, context[start:end])


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="subjqa:electronics"):
        load_reading("subjqa", "test", tmp_path)
    with pytest.raises(DatasetNotFound, match="no data file at"):
        load_reading("subjqa:electronics", "test", tmp_path)


def test_amazon_titles_fall_into_three_parts() -> None:
    parts = [part_of_title(f"Amazon_Reviews_{i}") for i in range(800)]
    assert set(parts) == {"train", "dev", "test"}
    assert 60 < parts.count("dev") < 140


def test_epqa_cuts_the_foreign_question_off(tmp_path: Path) -> None:
    (tmp_path / "epqa").mkdir()
    columns = ["qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label"]
    rows = [
        ["1", "fits?", "B1", "yes it fits. Question: does it fit a 9?", "cqa", "10", "2"],
        ["1", "fits?", "B1", "nice Question: box", "review", "11", "0"],
    ]
    with (tmp_path / "epqa" / "dev.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([columns, *rows])
    (question,) = load_epqa(tmp_path, "dev")
    assert [c.text for c in question.candidates] == ["yes it fits.", "nice Question: box"]
    assert [c.label for c in question.candidates] == [2, 0]


def test_the_sample_is_what_it_says() -> None:
    questions = read_squad(questions_path())
    reviews = [json.loads(line) for line in reviews_path().read_text("utf-8").splitlines()]
    text = {review["id"]: review["text"] for review in reviews}
    asked = {q.meta["question_id"]: False for q in questions}
    for question in questions:
        assert text[question.context_id] == question.context
        asked[question.meta["question_id"]] |= bool(question.gold())
    assert len(reviews) >= 300
    assert len({review["product_id"] for review in reviews}) >= 12
    assert len(asked) >= 150
    assert 3 * sum(not answerable for answerable in asked.values()) >= len(asked)
    assert 3 * sum(not q.gold() for q in questions) >= len(questions)


@pytest.mark.data
def test_every_public_set_at_hand_loads(data_root: Path) -> None:
    loaded = 0
    for name in names():
        for split in ("train", "dev", "test"):
            try:
                questions = load_reading(name, split, data_root)
            except DatasetNotFound:
                continue
            loaded += len(questions)
            for question in questions:
                for span in question.gold():
                    assert question.context[span.start : span.end] == span.text != ""
                    assert "ANSWERNOTFOUND" not in span.text
    assert loaded > 70_000
