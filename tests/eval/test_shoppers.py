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
from eval.datasets.hetpqa import load_hetpqa_evidence
from eval.datasets.registry import load_reading
from eval.datasets.retrieval import load_retrieval
from eval.datasets.shoppers import (
    FOLDER,
    load_shoppers,
    load_shoppers_products,
    load_shoppers_rewordings,
    text_digest,
)
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
    asked = {"Does it hold?": list(spans)}
    return {"set": "subjqa:electronics", "text": found_by, "asked": asked}


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
    asked = {"is it quiet?": {"answers": ["c1"], "helps": ["c2"]}}
    folder = written(tmp_path, "products", [{"page": "7", "asked": asked}])
    found = all_products(tmp_path, folder)
    assert [(q.question, q.product_id) for q in found] == [("is it quiet?", "B7")]
    assert [(c.text, c.label) for c in found[0].candidates] == [
        ("fits all cars", 0), ("runs loud", 2), ("it is red", 1)]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"page": "8"}, "line 1: no question 8 in ePQA"),
        (
            {"asked": {"is it quiet?": {"answers": ["c1"], "helps": ["c9"]}}},
            "line 1: page 7: no candidate c9",
        ),
    ],
)
def test_what_fits_no_page_is_refused(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    page(tmp_path)
    asked = {"is it quiet?": {"answers": ["c1"], "helps": []}}
    folder = written(tmp_path, "products", [{"page": "7", "asked": asked} | wrong])
    with pytest.raises(DatasetNotFound, match=says):
        all_products(tmp_path, folder)


def toys(root: Path) -> None:
    (root / "hetpqa").mkdir()
    answers = [("B1", "is it blue?", "sky blue", "yes", "CQA")]
    judged = [("5", "B1", "51", "is it big?", "a foot high", "1", "review"),
              ("5", "B1", "52", "is it big?", "sky blue", "0", "CQA")]  # fmt: skip
    for name, columns, rows in (
        ("answers_train", ("ASIN", "question", "candidate", "answer", "source"), answers),
        ("evidence_dev",
         ("qid", "ASIN", "qa_pair_id", "question", "candidate", "label", "source"), judged),
    ):  # fmt: skip
        lines = ["\t".join(row) for row in (columns, *rows)]
        (root / "hetpqa" / f"{name}.tsv").write_text("\n".join(lines) + "\n", "utf-8")


def test_texts_of_both_parts_of_hetpqa_are_a_page_and_train(tmp_path: Path) -> None:
    page(tmp_path)
    toys(tmp_path)
    blue, high = text_digest("sky blue"), text_digest("a foot high")
    asked = {"will it fit a doll?": {"answers": [high], "helps": []}}
    row = {"page": "hetpqa:B1", "page_texts": [high, blue], "asked": asked}
    (found,) = load_shoppers_products(tmp_path, "train", written(tmp_path, "products", [row]))
    assert (found.product_id, found.question) == ("B1", "will it fit a doll?")
    assert [(c.text, c.label, c.source) for c in found.candidates] == [
        ("a foot high", 2, "review"), ("sky blue", 0, "cqa")]  # fmt: skip
    lost = {**row, "page_texts": [text_digest("no such text"), high]}
    with pytest.raises(DatasetNotFound, match=r"line 1: no text \w+ of hetpqa:B1 at hand"):
        load_shoppers_products(tmp_path, "train", written(tmp_path, "products", [lost]))


def test_rewordings_keep_the_labels_of_their_question(tmp_path: Path) -> None:
    page(tmp_path)
    toys(tmp_path)
    rows = [{"of": "7", "questions": ["does it go on any car?"]},
            {"of": "hetpqa:evidence:5", "questions": ["how tall is it?"]}]  # fmt: skip
    folder = written(tmp_path, "rewordings", rows)
    car, tall = load_shoppers_rewordings(tmp_path, "train", folder)
    assert car.candidates == load_epqa(tmp_path, "train")[0].candidates
    assert (car.question, tall.question) == ("does it go on any car?", "how tall is it?")
    assert [(c.text, c.label) for c in tall.candidates] == [("a foot high", 2), ("sky blue", 0)]
    with pytest.raises(DatasetNotFound, match="no split 'dev'"):
        load_shoppers_rewordings(tmp_path, "dev", folder)
    written(tmp_path, "rewordings", [{"of": "8", "questions": ["?"]}])
    with pytest.raises(DatasetNotFound, match="line 1: no question 8"):
        load_shoppers_rewordings(tmp_path, "train", folder)


def test_other_parts_and_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="no part 'books'"):
        load_shoppers(tmp_path, "books", "train", asked_on)
    with pytest.raises(DatasetNotFound, match="no split 'test'"):
        load_reading("shoppers:reviews", "test", tmp_path)


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]


def test_no_question_is_written_twice_or_by_rote() -> None:
    asked = [(row["text"], one.lower()) for row in lines("reviews") for one in row["asked"]]
    assert len(set(asked)) == len(asked)
    assert len({question for _, question in asked}) > 0.8 * len(asked)


def test_what_ships_is_on_training_texts_alone(data_root: Path) -> None:
    train = load_reading("shoppers:reviews", "train", data_root)
    dev = load_reading("shoppers:reviews", "dev", data_root)
    assert len(train) + len(dev) == sum(len(row["asked"]) for row in lines("reviews"))
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
    assert len(found) == sum(len(row["asked"]) for row in lines("products"))
    assert all(any(c.label == 2 for c in q.candidates) for q in found)
    asked = load_retrieval("shoppers:products", "dev", data_root)
    assert asked.protocol == "evidence"
    assert 0 < len(asked.queries) < len(found) / 4
    assert len(load_judged("shoppers:products", "all", data_root)) == len(found)
    reworded = load_shoppers_rewordings(data_root, "train")
    assert len(reworded) == sum(len(row["questions"]) for row in lines("rewordings"))
    assert len({q.id for q in (*found, *reworded)}) == len(found) + len(reworded)
    kept_aside = {q.product_id for s in ("dev", "test") for q in load_epqa(data_root, s)}
    assert not {q.product_id for q in (*found, *reworded)} & kept_aside
    judged = load_hetpqa_evidence(data_root, "train")
    assert not {q.product_id for q in judged} & {q.product_id for q in load_epqa(data_root, "test")}
