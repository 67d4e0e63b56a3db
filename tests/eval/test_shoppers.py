"""Shoppers' questions: found again on texts that stay in the data root, and never on test texts."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from eval.datasets.epqa import load_epqa
from eval.datasets.evidence import load_judged
from eval.datasets.registry import load_reading
from eval.datasets.retrieval import load_retrieval
from eval.datasets.shoppers import FOLDER, load_shoppers, load_shoppers_products
from eval.errors import DatasetNotFound, MalformedData
from eval.records import EvidenceQuestion, ReadingQuestion
from qa.training.reader_data import Part, held_out_questions, text_key

TEXTS = [f"The strap held all day, number {n}." for n in range(40)]
EPQA = ("qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label")


KEPT_ASIDE = (
    ("subjqa:electronics", "test"),
    ("subjqa:grocery", "test"),
    ("squadshifts:amazon", "dev"),
    ("squadshifts:amazon", "test"),
    ("reviewrc:laptop", "dev"),
    ("reviewrc:restaurant", "dev"),
    ("rcrc:laptop", "dev"),
    ("rcrc:restaurant", "dev"),
)
HELD_OUT = [
    Part(f"subjqa:{domain}", holdout=0.08)
    for domain in ("electronics", "grocery", "tripadvisor", "restaurants")
]


def asked_on(name: str, split: str, root: Path) -> list[ReadingQuestion]:
    assert (name, split) == ("subjqa:electronics", "train")
    return [ReadingQuestion(f"{n}", "?", text, ((),), product_id=f"B{n}")
            for n, text in enumerate(TEXTS)]  # fmt: skip


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    return folder


def all_reviews(root: Path, folder: Path) -> dict[str, list[ReadingQuestion]]:
    return {s: load_shoppers(root, "reviews", s, asked_on, folder) for s in ("train", "dev")}


def all_products(root: Path, folder: Path = FOLDER) -> list[EvidenceQuestion]:
    return [q for split in ("train", "dev") for q in load_shoppers_products(root, split, folder)]


def row(text: str, *spans: list[int]) -> dict[str, Any]:
    found_by = hashlib.sha1(text.encode()).hexdigest()[:16]
    return {"set": "subjqa:electronics", "text": found_by, "question": "Does it hold?",
            "spans": list(spans)}  # fmt: skip


def test_questions_find_their_reviews_again(tmp_path: Path) -> None:
    rows = [row(text, [4, 9]) if n % 2 else row(text) for n, text in enumerate(TEXTS)]
    folder = written(tmp_path, "reviews", rows)
    parts = all_reviews(tmp_path, folder)
    assert sorted(q.context for part in parts.values() for q in part) == sorted(TEXTS)
    assert len(parts["train"]) > len(parts["dev"]) > 0
    for question in (*parts["train"], *parts["dev"]):
        number = TEXTS.index(question.context)
        assert question.product_id == f"B{number}"
        assert [span.text for span in question.gold()] == (["strap"] if number % 2 else [])


def test_a_set_that_lacks_a_review_is_no_set(tmp_path: Path) -> None:
    folder = written(tmp_path, "reviews", [row("nobody wrote this")])
    with pytest.raises(
        DatasetNotFound, match=r"line 1: no review \w+ in the train of subjqa:electronics"
    ):
        all_reviews(tmp_path, folder)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (row(TEXTS[0], [4, 400]), "line 1: a span is not in the review"),
        (row(TEXTS[0], [9, 4]), "line 1: a span is not in the review"),
    ],
)
def test_a_span_outside_its_review_is_refused(
    tmp_path: Path, wrong: dict[str, Any], says: str
) -> None:
    folder = written(tmp_path, "reviews", [wrong])
    with pytest.raises(MalformedData, match=says):
        all_reviews(tmp_path, folder)


def page(root: Path) -> None:
    (root / "epqa").mkdir()
    with (root / "epqa" / "train.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(EPQA)
        for number, text in enumerate(["fits all cars", "runs loud", "it is red"]):
            rows.writerow(["7", "will it fit?", "B7", text, "review", f"c{number}", "2"])


def test_candidates_of_a_page_are_judged_anew(tmp_path: Path) -> None:
    page(tmp_path)
    judged = {"page": "7", "question": "is it quiet?", "answers": ["c1"], "helps": ["c2"]}
    folder = written(tmp_path, "products", [judged])
    found = all_products(tmp_path, folder)
    assert [(q.question, q.product_id) for q in found] == [("is it quiet?", "B7")]
    assert [(c.text, c.label) for c in found[0].candidates] == [
        ("fits all cars", 0), ("runs loud", 2), ("it is red", 1)]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"page": "8"}, "no question 8 in ePQA"),
        ({"helps": ["c9"]}, "no candidate c9 of ePQA's question 7"),
    ],
)
def test_what_fits_no_page_is_refused(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    page(tmp_path)
    row = {"page": "7", "question": "is it quiet?", "answers": ["c1"], "helps": []} | wrong
    folder = written(tmp_path, "products", [row])
    with pytest.raises(DatasetNotFound, match=says):
        all_products(tmp_path, folder)


def test_other_parts_and_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="no part 'books'"):
        load_shoppers(tmp_path, "books", "train", asked_on)
    with pytest.raises(DatasetNotFound, match="no split 'test'"):
        load_reading("shoppers:reviews", "test", tmp_path)


def test_no_question_is_written_twice_or_by_rote() -> None:
    rows = map(json.loads, (FOLDER / "reviews.jsonl").read_text("utf-8").splitlines())
    asked = [(row["text"], row["question"].lower()) for row in rows]
    assert len(set(asked)) == len(asked)
    assert len({question for _, question in asked}) > 0.8 * len(asked)


def test_what_ships_is_on_training_texts_alone(data_root: Path) -> None:
    train = load_reading("shoppers:reviews", "train", data_root)
    dev = load_reading("shoppers:reviews", "dev", data_root)
    lines = (FOLDER / "reviews.jsonl").read_text("utf-8").splitlines()
    assert len(train) + len(dev) == len(lines)
    texts = {text_key(q.context) for q in (*train, *dev)}
    kept_aside = {
        text_key(q.context)
        for name, split in KEPT_ASIDE
        for q in load_reading(name, split, data_root)
    }
    assert not texts & kept_aside
    assert not [
        q
        for part in HELD_OUT
        for q in held_out_questions(part, data_root)
        if text_key(q.context) in texts
    ]
    assert not {q.context for q in train} & {q.context for q in dev}


def test_what_ships_of_products_is_on_training_pages_alone(data_root: Path) -> None:
    found = all_products(data_root)
    lines = (FOLDER / "products.jsonl").read_text("utf-8").splitlines()
    assert len(found) == len(lines)
    assert all(any(c.label == 2 for c in q.candidates) for q in found)
    asked = load_retrieval("shoppers:products", "dev", data_root)
    assert asked.protocol == "evidence"
    assert 0 < len(asked.queries) < len(found) / 4
    assert len(load_judged("shoppers:products", "all", data_root)) == len(found)
    kept_aside = {q.product_id for s in ("dev", "test") for q in load_epqa(data_root, s)}
    assert not {q.product_id for q in found} & kept_aside
