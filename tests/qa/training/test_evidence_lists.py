"""A reader that learns to rank: its evidence by hand, and what training on lists does."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from qa.errors import QAError
from qa.reader.spans import window_spans
from qa.reader.windows import Window
from qa.training.losses import evidence
from qa.training.pairs import load_pairs
from qa.training.pairs_part import PairsPart
from qa.training.reader import train
from qa.training.recipe import load_recipe


def window() -> Window:
    """The null answer's piece, a question's two, two of a context, and a separator."""
    return Window(0, 0, np.arange(6), 3, np.array([[0, 1], [2, 3]]))


def test_evidence_is_the_odds_of_the_context_against_the_null_answer() -> None:
    start = torch.tensor([[math.log(2), 9.0, 9.0, math.log(5), math.log(3), 9.0]])
    end = torch.tensor([[math.log(4), 9.0, 9.0, 0.0, 0.0, 9.0]])
    found = evidence(start, end, [window()])
    torch.testing.assert_close(found, torch.tensor([math.log((5 + 3) / 2) + math.log(2 / 4)]))


def test_evidence_for_one_clear_span_is_that_spans_score() -> None:
    start, end = (torch.full((1, 6), -30.0) for _ in range(2))
    start[0, 3], end[0, 4], start[0, 0] = 11.0, 7.0, 2.5
    (span,) = window_spans(
        start[0].numpy(), end[0].numpy(), 3, window().offsets, count=1, max_pieces=9
    )
    assert (span.start, span.end) == (0, 3)
    torch.testing.assert_close(evidence(start, end, [window()]), torch.tensor([span.score]))


def recipe(folder: Path, backbone: Path, stage: dict[str, object]) -> Path:
    tree = {
        "backbone": str(backbone),
        "window": {"max_length": 64, "overlap": 16, "max_question": 16},
        "patience": 9,
        "stages": [{"name": "one", "epochs": 6, "learning_rate": 2e-3, "batch_tokens": 512,
                    "parts": [{"dataset": "squadshifts:amazon"}], **stage}],
        "selection": [{"dataset": "epqa", "split": "dev"}],
    }  # fmt: skip
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def area_by_epoch(run: Path) -> list[float]:
    """How well evidence tells sentences that answer from others, by epoch."""
    lines = (run / "log.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["scores"]["epqa"]["auc"] for line in lines]


def test_a_reader_ranks_as_its_lists_say(
    backbone: Path, turned_round: Path, tmp_path: Path
) -> None:
    """Reading alone tells colours from other talk; lists that say the contrary outweigh it."""
    lists = {"parts": [{"dataset": "epqa", "repeat": 4}], "negatives": 1, "questions": 5}
    areas = {}
    for name, stage in (("reads", {}), ("ranks", {"lists": lists})):
        folder = tmp_path / name
        folder.mkdir()
        train(recipe(folder, backbone, stage), data=turned_round, out=folder)
        areas[name] = area_by_epoch(folder)[-1]
    assert areas["ranks"] < 10
    assert areas["reads"] > 90


def test_a_run_with_lists_ends_alike_after_a_stop(
    backbone: Path, tiny_data: Path, tmp_path: Path
) -> None:
    lists = {"parts": [{"dataset": "epqa"}], "negatives": 1, "questions": 2}
    path = recipe(tmp_path, backbone, {"lists": lists, "epochs": 2})
    every = ["checkpoint_every=2"]
    whole = train(path, data=tiny_data, out=tmp_path / "whole", overrides=every)
    steps = 0

    def stop(event: dict[str, object]) -> None:
        nonlocal steps
        steps += event["event"] == "checkpoint"
        if steps == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(path, data=tiny_data, out=tmp_path / "cut", overrides=every, report=stop)
    again = train(path, data=tiny_data, out=tmp_path / "cut", overrides=every)
    weights = [torch.load(one, weights_only=True)["model"] for one in (whole, again)]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, msg=name)


def test_sentences_that_only_help_are_negatives_where_asked(tmp_path: Path) -> None:
    (tmp_path / "epqa").mkdir()
    with (tmp_path / "epqa" / "train.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label"])
        for number, label in enumerate((2, 1, 0)):
            writer.writerow([1, "Is it red?", "B1", f"text {label}", "review", number, label])
        for number, label in enumerate((1, 0)):
            writer.writerow([2, "Is it big?", "B1", f"other {label}", "review", number, label])
    for helpful, first in (("unused", {"text 0"}), ("negative", {"text 0", "text 1"})):
        pairs = load_pairs([PairsPart("epqa", helpful=helpful)], tmp_path, 0)
        texts = [{pairs.passages[n].text for n in pair.negatives} for pair in pairs.pairs]
        assert texts == [first, {"other 0"}]
        assert [pairs.passages[p.positives[0]].text for p in pairs.pairs] == ["text 2", "other 1"]


@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ({"parts": [], "share": 0}, "lists.share"),
        ({"parts": [], "negatives": 0}, "lists.negatives"),
        ({"parts": [{"dataset": "epqa", "helpful": "maybe"}]}, "lists.parts.0.helpful"),
    ],
)
def test_settings_out_of_bounds_are_named(
    backbone: Path, tmp_path: Path, lists: dict[str, object], field: str
) -> None:
    with pytest.raises(QAError, match=f"stages.0.{field}"):
        load_recipe(recipe(tmp_path, backbone, {"lists": lists}))
