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
from qa.training import reader as reader_training
from qa.training.make_reader import make_reader
from qa.training.package import package_reader
from qa.training.reader import train
from qa.training.recipe import load_recipe
from qa.training.span_model import SpanReader
from qa.training.teacher_settings import TeacherModel
from qa.training.teachers import open_teacher


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


@pytest.mark.parametrize("unmoved", [{"learning_rate": 0.0}, {"epochs": 0, "parts": []}])
def test_a_stage_may_start_from_the_mean_of_earlier_ones(
    recipe: Path, tiny_data: Path, tmp_path: Path, unmoved: dict[str, Any]
) -> None:
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    one, two = tree["stages"]
    still = {**one, "name": "still", "start": ["one", "branch"], **unmoved}
    tree["stages"] = [one, {**two, "name": "branch", "start": ["one"]}, still]
    recipe.write_text(yaml.safe_dump(tree), "utf-8")
    run = tmp_path / "run"

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "evaluated" and event["stage"] == "still":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, data=tiny_data, out=run, report=stop)
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


def branching(recipe: Path) -> list[str]:
    """Makes the recipe one of stages ``one``, ``two`` and ``alone``, the last of the backbone."""
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    one, two = tree["stages"]
    alone = {**two, "name": "alone", "start": ["backbone"]}
    recipe.write_text(yaml.safe_dump({**tree, "stages": [one, two, alone]}), "utf-8")
    return ["one", "two", "alone"]


def weights(path: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["model"]
    return found


@pytest.mark.parametrize("cut", [False, True])
def test_a_stage_may_start_from_the_backbone(
    recipe: Path, tiny_data: Path, tmp_path: Path, cut: bool, stopping_after: Any
) -> None:
    """After other stages it learns what it would have learnt as the first, also if stopped."""
    branching(recipe)
    still = ["stages.2.learning_rate=0", "stages.2.epochs=1"]
    if cut:
        with pytest.raises(KeyboardInterrupt):
            train(recipe, data=tiny_data, out=tmp_path / "run", overrides=still,
                  report=stopping_after(7))  # fmt: skip
    train(recipe, data=tiny_data, out=tmp_path / "run", overrides=still)
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    first = tmp_path / "first.yaml"
    first.write_text(yaml.safe_dump({**tree, "stages": [tree["stages"][2] | {"start": []}]}))
    train(first, data=tiny_data, out=tmp_path / "first", overrides=["stages.0.learning_rate=0"])
    untrained = weights(tmp_path / "first" / "best.pt")
    kept = weights(tmp_path / "run" / "stage-alone.pt")
    before = weights(tmp_path / "run" / "stage-two.pt")
    for name, tensor in untrained.items():
        torch.testing.assert_close(kept[name], tensor, msg=name)
    assert not torch.equal(before["span.weight"], kept["span.weight"])


def test_a_stage_of_a_run_becomes_a_reader_of_its_own(
    recipe: Path, tiny_data: Path, tmp_path: Path
) -> None:
    names, out = branching(recipe), tmp_path / "run"
    enough = ["patience=9", "stages.1.epochs=4", "stages.2.epochs=6"]
    evaluated: dict[str, int] = {}

    def report(event: dict[str, Any]) -> None:
        if event["event"] == "evaluated":
            evaluated[event["stage"]] = evaluated.get(event["stage"], 0) + 1

    def make(stage: str) -> Path:
        return make_reader(
            recipe, data=tiny_data, out=out, stage=stage, overrides=enough, report=report
        )

    assert make("two") == out / "reader-two"
    assert evaluated == {"one": 1, "two": 4}, "what comes after the stage is not trained"
    made = Reader.load(make("alone"))
    assert evaluated == {"one": 1, "two": 4, "alone": 6}, "what is trained is trained once"
    again = Reader.load(make("two"))
    assert evaluated == {"one": 1, "two": 4, "alone": 6}
    assert made.manifest.fingerprint != again.manifest.fingerprint
    stages = [[s["name"] for s in one.manifest.recipe["stages"]] for one in (made, again)]
    assert stages == [["alone"], ["one", "two"]], "what it owes nothing to is not named"
    command = f"reviewqa train reader --config {recipe} --data DATA --out OUT --stage alone"
    assert {figure["command"] for figure in made.manifest.figures} == {command}
    card = (out / "reader-alone" / "README.md").read_text("utf-8")
    assert "- `alone`, from backbone: subjqa:electronics, epqa, epochs: 6" in card
    assert "ships" not in card
    with pytest.raises(QAError, match=f"no stage 'three': one of {', '.join(names)}"):
        make("three")


def test_a_teacher_of_several_parts_is_loaded_once(
    recipe: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = yaml.safe_load(recipe.read_text("utf-8"))
    one, two = tree["stages"]
    parts = [{**part, "teachers": ["one"]} for part in (*one["parts"], two["parts"][0])]
    recipe.write_text(yaml.safe_dump({**tree, "stages": [one, {**two, "parts": parts}]}), "utf-8")
    opened: list[str] = []

    def counted(settings: TeacherModel, backbone: str, tokenizer: str) -> SpanReader:
        opened.append(settings.weights)
        return open_teacher(settings, backbone, tokenizer)

    monkeypatch.setattr(reader_training, "open_teacher", counted)
    train(recipe, data=tiny_data, out=tmp_path / "run")
    assert opened == [str(tmp_path / "run" / "stage-one.pt")]


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
             "parts": [{**part, "teachers": ["able"]}]}  # fmt: skip
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
        ("stages.1.name=backbone", "stages.1.name: 'backbone' is taken"),
        ("stages.1.parts.0.teachers=[two]", "stages.1.parts.teachers: 'two' is no earlier stage"),
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
        package_reader(
            load_recipe(recipe), run / "best.pt", tiny_data, out, say=said.append, command="make"
        )
    best = train(recipe, data=tiny_data, out=run, overrides=["stages.1.epochs=6", "patience=9"])
    changed = load_recipe(recipe, ["stages.1.epochs=6", "patience=9"])
    manifest = package_reader(changed, best, tiny_data, out, say=said.append, command="make")
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
