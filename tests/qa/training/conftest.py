"""A tiny BERT with the shipped tokenizer, and a tiny data root in the public sets' formats."""

from __future__ import annotations

import csv
import gzip
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training tests need torch: pip install 'reviewqa[train]'")

import torch
import transformers
from transformers import BertConfig, BertModel

from qa.model_folder import TOKENIZER
from qa.reader.package import SHIPPED

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

COLORS = ["red", "blue", "green", "black", "white", "pink"]
THINGS = ["strap", "bag", "case", "lamp", "chair", "cable"]


@pytest.fixture
def stopping_after() -> Callable[[int], Callable[[dict[str, Any]], None]]:
    """Makes reports that end a run after so many checkpoints, as a kill would."""

    def after(checkpoints: int) -> Callable[[dict[str, Any]], None]:
        seen = 0

        def report(event: dict[str, Any]) -> None:
            nonlocal seen
            seen += event["event"] == "checkpoint"
            if seen == checkpoints:
                raise KeyboardInterrupt

        return report

    return after


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of 32, random weights, saved as a hub model would be."""
    folder = tmp_path_factory.mktemp("backbone")
    tree = json.loads((SHIPPED / TOKENIZER).read_text("utf-8"))
    (folder / TOKENIZER).write_text(json.dumps(tree), "utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tree["model"]["vocab"]),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=96,
        pad_token_id=0,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def sentence(rng: random.Random) -> tuple[str, str, str, int]:
    thing, color = rng.choice(THINGS), rng.choice(COLORS)
    text = f"I bought this last week. The {thing} is {color} and it works."
    return f"What color is the {thing}?", text, color, text.index(color)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions on colours: SubjQA electronics, SQuADShifts-Amazon and ePQA in miniature."""
    root, rng = tmp_path_factory.mktemp("data"), random.Random(5)
    _subjqa(root / "subjqa" / "electronics", rng)
    _squad(root / "squadshifts" / "amazon_reviews.json", rng)
    _epqa(root / "epqa", rng)
    return root


def _subjqa(folder: Path, rng: random.Random) -> None:
    folder.mkdir(parents=True)
    columns = ["item_id", "review_id", "q_review_id", "q_reviews_id", "question", "review",
               "human_ans_spans", "human_ans_indices"]  # fmt: skip
    for split in ("train", "dev", "test"):
        with gzip.open(folder / f"{split}.csv.gz", "wt", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            for i in range(60):
                question, text, answer, start = sentence(rng)
                text += " ANSWERNOTFOUND"
                if i % 3 == 0:
                    question, answer, start = "Is it heavy?", "ANSWERNOTFOUND", len(text) - 14
                end = start + len(answer)
                key = f"{split}{i}"
                writer.writerow(
                    [f"B0{i % 20}", key, key, key, question, text, answer, f"({start}, {end})"]
                )


def _squad(path: Path, rng: random.Random) -> None:
    path.parent.mkdir(parents=True)
    articles: list[dict[str, Any]] = []
    for i in range(80):
        question, text, answer, start = sentence(rng)
        answers = [{"text": answer, "answer_start": start}]
        qas = [{"id": str(i), "question": question, "answers": answers}]
        if i % 2 == 0:
            articles.append({"title": f"T{i // 2}", "paragraphs": []})
        articles[-1]["paragraphs"].append({"context": text, "qas": qas})
    path.write_text(json.dumps({"data": articles}), "utf-8")


def _epqa(folder: Path, rng: random.Random) -> None:
    folder.mkdir()
    columns = ["qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label"]
    for split in ("train", "dev", "test"):
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            for i in range(10):
                question, text, _, _ = sentence(rng)
                writer.writerow([i, question, "B1", text, "review", f"{i}a", 2])
                writer.writerow([i, question, "B1", "Arrived late.", "review", f"{i}b", 0])


@pytest.fixture(scope="session")
def turned_round(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data with ePQA's train labels exchanged: what does not answer is said to."""
    folder = tmp_path_factory.mktemp("turned") / "data"
    shutil.copytree(tiny_data, folder)
    path = folder / "epqa" / "train.csv"
    with path.open(newline="") as stream:
        columns, *rows = csv.reader(stream)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([columns, *([*row[:-1], 2 - int(row[-1])] for row in rows)])
    return folder
