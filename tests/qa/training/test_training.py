"""Training end to end on a tiny model: it learns, it survives a kill, it packages a reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from qa.errors import QAError
from qa.reader.reader import Reader
from qa.training.package import package_reader
from qa.training.reader import train
from qa.training.recipe import load_recipe


@pytest.fixture
def recipe(tmp_path: Path, backbone: Path) -> Path:
    part = {"dataset": "subjqa:electronics", "holdout": 0.2}
    tree = {
        "backbone": str(backbone),
        "window": {"max_length": 64, "overlap": 16, "max_question": 16},
        "checkpoint_every": 2,
        "stages": [
            {"name": "one", "epochs": 1, "learning_rate": 2e-3, "batch_tokens": 512,
             "parts": [{"dataset": "squadshifts:amazon", "unanswerable": 0.5}]},
            {"name": "two", "epochs": 2, "learning_rate": 2e-3, "batch_tokens": 512,
             "parts": [part, {"dataset": "epqa"}]},
        ],
        "selection": [part, {"dataset": "squadshifts:amazon", "split": "dev"},
                      {"dataset": "epqa", "split": "dev"}],
    }  # fmt: skip
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


@pytest.mark.parametrize("stop", [1, 4, 6])
def test_a_killed_run_ends_like_an_uninterrupted_one(
    recipe: Path, tiny_data: Path, tmp_path: Path, stop: int, stopping_after: Any
) -> None:
    whole = train(recipe, data=tiny_data, out=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, data=tiny_data, out=tmp_path / "cut", report=stopping_after(stop))
    again = train(recipe, data=tiny_data, out=tmp_path / "cut")
    one, two = (torch.load(path, weights_only=True)["model"] for path in (whole, again))
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, msg=name)


def test_a_stage_may_start_from_the_mean_of_earlier_ones(
    recipe: Path, tiny_data: Path, tmp_path: Path
) -> None:
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    one, two = tree["stages"]
    still = {**one, "name": "still", "learning_rate": 0.0, "start": ["one", "branch"]}
    tree["stages"] = [one, {**two, "name": "branch", "start": ["one"]}, still]
    recipe.write_text(yaml.safe_dump(tree), "utf-8")
    run = tmp_path / "run"
    train(recipe, data=tiny_data, out=run)
    kept = {
        name: torch.load(run / f"stage-{name}.pt", weights_only=True)["model"]
        for name in ("one", "branch", "still")
    }
    assert not torch.equal(kept["one"]["span.weight"], kept["branch"]["span.weight"])
    for name, tensor in kept["still"].items():
        if tensor.is_floating_point():
            middle = (kept["one"][name] + kept["branch"][name]) / 2
            torch.testing.assert_close(tensor, middle, msg=name)


def test_a_stage_learns_what_its_teacher_says(
    recipe: Path, tiny_data: Path, tmp_path: Path
) -> None:
    """With nothing but the teacher to learn from, a fresh model comes to answer as it does."""
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    one, two = tree["stages"]
    (part, _) = two["parts"]
    able = {**two, "name": "able", "epochs": 8, "parts": [part]}
    naive = {**one, "name": "naive", "learning_rate": 0.0}
    pupil = {**two, "name": "pupil", "epochs": 8, "start": ["naive"], "teacher_share": 1.0,
             "parts": [{**part, "teacher": "able"}]}  # fmt: skip
    recipe.write_text(yaml.safe_dump({**tree, "patience": 9, "stages": [naive, able, pupil]}))
    run = tmp_path / "run"
    train(recipe, data=tiny_data, out=run)
    scores = {}
    for line in (run / "log.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        scores[entry["stage"]] = entry["scores"]["subjqa:electronics"]["span_f1"]
    assert scores["pupil"] > scores["naive"] + 0.6 * (scores["able"] - scores["naive"])
    assert scores["able"] > scores["naive"] + 30


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("stages.0.start=[two]", "stages.0.start: 'two' is no earlier stage"),
        ("stages.1.start=[two]", r"no earlier stage \(earlier: one\)"),
        ("stages.1.name=one", "stages.1.name: 'one' is taken"),
        ("stages.1.parts.0.teacher=two", "stages.1.parts.teacher: 'two' is no earlier stage"),
    ],
)
def test_stages_that_cannot_follow_one_another_are_refused(
    recipe: Path, change: str, complaint: str
) -> None:
    with pytest.raises(QAError, match=complaint):
        load_recipe(recipe, [change])


def test_another_recipe_does_not_go_on_from_this_run(
    recipe: Path, tiny_data: Path, tmp_path: Path
) -> None:
    train(recipe, data=tiny_data, out=tmp_path / "run")
    with pytest.raises(QAError, match="made by another recipe"):
        train(recipe, data=tiny_data, out=tmp_path / "run", overrides=["seed=2"])


def test_a_trained_run_becomes_a_reader(recipe: Path, tiny_data: Path, tmp_path: Path) -> None:
    run, out, said = tmp_path / "run", tmp_path / "reader", []
    with pytest.raises(QAError, match="no trained reader"):
        package_reader(load_recipe(recipe), run, tiny_data, out, said.append)
    train(recipe, data=tiny_data, out=run, overrides=["stages.1.epochs=6", "patience=9"])
    changed = load_recipe(recipe, ["stages.1.epochs=6", "patience=9"])
    manifest = package_reader(changed, run, tiny_data, out, said.append)
    reader = Reader.load(out)
    assert reader.manifest == manifest
    figures = {
        (f["dataset"], f["system"], f["protocol"], f["metric"], f.get("threshold")): f["value"]
        for f in manifest.figures
    }
    assert figures["subjqa:electronics", "reader int8", "book", "f1", None] > 50
    card = (out / "README.md").read_text("utf-8")
    assert "subjqa:electronics" in card
    log = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    assert {entry["stage"] for entry in log} == {"one", "two"}
