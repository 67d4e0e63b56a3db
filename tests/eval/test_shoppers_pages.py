"""Written pages: every sentence of a page is judged for each of its questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.datasets.evidence import load_judged
from eval.datasets.shoppers import FOLDER
from eval.datasets.shoppers_pages import PAGES, load_shoppers_pages
from eval.errors import DatasetNotFound

FILES = sorted((FOLDER / "pages").glob("*.jsonl"))
QUESTIONS = {
    "does it leak?": {
        "answers": ["dry after a week in my bag"],
        "helps": ["the lid has a seal"],
        "neither": ["does yours leak?", "leaked the news to my sister"],
    },
    "which colors": {"answers": ["red or blue"], "helps": [], "neither": ["a colorful box"]},
}


def pages_of(folder: Path) -> Path:
    for department in ("a", "b"):
        rows = [{"product": f"bottle {department}{n}", "asked": QUESTIONS} for n in range(20)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{department}.jsonl").write_text(text, "utf-8")
    return folder


def test_what_answers_one_question_does_not_answer_the_others(tmp_path: Path) -> None:
    folder = pages_of(tmp_path)
    parts = {split: load_shoppers_pages(tmp_path, split, folder) for split in ("train", "dev")}
    found = [*parts["train"], *parts["dev"]]
    assert len(found) == len({question.id for question in found}) == 80
    products = [{question.product_id for question in part} for part in parts.values()]
    assert not products[0] & products[1]
    assert len(products[0]) > len(products[1]) > 0
    for question in found:
        labels = {c.text: c.label for c in question.candidates}
        lists = QUESTIONS[question.question]
        assert set(labels) == {t for q in QUESTIONS.values() for texts in q.values() for t in texts}
        assert {text for text, label in labels.items() if label == 2} == set(lists["answers"])
        assert {text for text, label in labels.items() if label == 1} == set(lists["helps"])


def test_there_is_no_test_part(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="no split 'test': it has train and dev"):
        load_shoppers_pages(tmp_path, "test")


def test_the_pages_that_ship_are_whole() -> None:
    rows = [json.loads(line) for path in FILES for line in path.read_text("utf-8").splitlines()]
    products = [row["product"].lower() for row in rows]
    assert len(products) == len(set(products)) > 1000
    for row in rows:
        lists = [
            asked[name] for asked in row["asked"].values() for name in QUESTIONS["which colors"]
        ]
        texts = [text for one in lists for text in one]
        assert len(texts) == len(set(texts)), row["product"]
        assert all(text == text.strip() and text for text in (*texts, *row["asked"]))
        for question, asked in row["asked"].items():
            assert asked["answers"], question
            assert len(asked["neither"]) >= 2, question


def test_a_page_needs_no_data_root(tmp_path: Path) -> None:
    found = load_judged(PAGES, "all", tmp_path / "nowhere")
    assert len(found) == sum(
        len(json.loads(line)["asked"]) for p in FILES for line in p.read_text("utf-8").splitlines()
    )


def test_no_sentence_is_one_of_epqas(data_root: Path) -> None:
    written = {c.text.lower() for q in load_judged(PAGES, "all", data_root) for c in q.candidates}
    theirs = {c.text.lower() for q in load_judged("epqa", "all", data_root) for c in q.candidates}
    assert not written & theirs
