"""Training an encoder end to end on a tiny model: it learns, survives a kill, and is packaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from qa.encoders.onnx import OnnxEncoder
from qa.encoders.package import load_encoder_manifest
from qa.errors import QAError
from qa.training.bi_encoder import BiEncoder
from qa.training.encoder import TorchEncoder, train, trained
from qa.training.encoder_package import package_encoder
from qa.training.encoder_recipe import load_encoder_recipe
from qa.training.encoder_selection import score_sets, selection_sets
from qa.training.staged import Job

TEXTS = ["The strap is red and it works.", "x", "What color is the lamp?"]


@pytest.fixture
def tree(backbone: Path) -> dict[str, Any]:
    parts = [
        {"dataset": "squadshifts:amazon"},
        {"dataset": "subjqa:electronics", "holdout": 0.2},
        {"dataset": "epqa"},
    ]
    shape = {"passages": 8, "cluster": 4, "learning_rate": 3e-3, "temperature": 0.1, "hard": 1}
    return {
        "backbone": str(backbone),
        "max_passage": 64,
        "checkpoint_every": 3,
        "average": 0.9,
        "stages": [
            {"name": "one", "parts": parts, "mined": "bm25", **shape},
            {"name": "two", "parts": parts, "mined": "model", "epochs": 2, "near": 2.0, **shape},
        ],
        "selection": [
            {"dataset": "squadshifts:amazon", "protocol": "open"},
            {"dataset": "epqa", "weight": 0.5},
        ],
    }


def written(tree: dict[str, Any], folder: Path) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


@pytest.mark.parametrize("stop", [1, 4, 6])
def test_a_killed_run_ends_like_an_uninterrupted_one(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path, stop: int, stopping_after: Any
) -> None:
    recipe = written(tree, tmp_path)
    whole = train(Job(recipe, tiny_data, tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        train(Job(recipe, tiny_data, tmp_path / "cut", report=stopping_after(stop)))
    again = train(Job(recipe, tiny_data, tmp_path / "cut"))
    one, two = (torch.load(path, weights_only=True)["model"] for path in (whole, again))
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, msg=name)


def test_it_learns(tree: dict[str, Any], tiny_data: Path, tmp_path: Path) -> None:
    tree["stages"] = [tree["stages"][0] | {"epochs": 8, "passages": 2, "cluster": 1}]
    tree["patience"] = 20
    losses: list[float] = []

    def report(event: dict[str, Any]) -> None:
        if event["event"] == "step":
            losses.append(event["loss"])

    path = written(tree, tmp_path)
    train(Job(path, tiny_data, tmp_path / "run", report=report))
    assert losses[-1] < losses[0] * 0.8
    recipe = load_encoder_recipe(path)
    sets = selection_sets(recipe, tiny_data)
    before = score_sets(sets, TorchEncoder(BiEncoder(recipe)))
    after = score_sets(sets, TorchEncoder(trained(recipe, tmp_path / "run")))
    name = "squadshifts:amazon dense"
    # Texts repeat in the tiny set, so no encoder could come near 1.
    assert after[name]["mrr"] > 1.3 * before[name]["mrr"]


def test_another_recipe_cannot_take_over_a_run(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path, stopping_after: Any
) -> None:
    recipe = written(tree, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(Job(recipe, tiny_data, tmp_path / "run", report=stopping_after(1)))
    with pytest.raises(QAError, match="another recipe"):
        train(Job(recipe, tiny_data, tmp_path / "run", overrides=["seed=5"]))


@pytest.mark.parametrize("towers", ["one", "two"])
def test_the_packaged_encoder_gives_torchs_vectors(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path, towers: str
) -> None:
    tree["stages"] = tree["stages"][:1]
    if towers == "two":
        tree |= {"towers": "two", "pooling": "cls", "normalized": False}
    recipe = written(tree, tmp_path)
    train(Job(recipe, tiny_data, tmp_path / "run"))
    loaded = load_encoder_recipe(recipe)
    said: list[str] = []
    out = tmp_path / "encoder"
    package_encoder(loaded, tmp_path / "run", tiny_data, out, said.append)
    encoder, model = OnnxEncoder.load(out), trained(loaded, tmp_path / "run")
    for kind, encode in (
        ("question", encoder.encode_queries),
        ("passage", encoder.encode_passages),
    ):
        ours, theirs = encode(TEXTS), model.vectors(kind, TEXTS)  # type: ignore[arg-type]
        cosine = (
            (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        )
        assert cosine.min() > 0.99
    if towers == "two":
        assert not np.allclose(encoder.encode_queries(TEXTS), encoder.encode_passages(TEXTS))
    manifest = load_encoder_manifest(out if towers == "one" else out / "query")
    assert manifest.recipe["towers"] == towers
    assert {"bm25", "encoder int8", "encoder fp32"} <= {f["system"] for f in manifest.figures}
    card = (out / "README.md").read_text("utf-8")
    for figure in manifest.figures:
        if figure["metric"] != "throughput_ratio":
            assert f"{figure['value']:.3f}" in card


def test_an_unfinished_run_is_not_packaged(tree: dict[str, Any], tmp_path: Path) -> None:
    recipe = load_encoder_recipe(written(tree, tmp_path))
    with pytest.raises(QAError, match="finish the training first"):
        package_encoder(recipe, tmp_path, tmp_path, tmp_path / "out", print)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"towers": "three"}, "towers"),
        ({"stages": [{"name": "a", "parts": [], "cluster": 0}]}, "stages.0.cluster"),
        ({"stages": [{"name": "a", "parts": [], "epochs": 0}]}, "stages.0.epochs"),
        ({"stages": [{"name": "a", "parts": [], "temperature": 0}]}, "stages.0.temperature"),
        ({"stages": [{"name": "a", "parts": [{"dataset": "x", "spilt": "dev"}]}]}, "spilt"),
        ({"stages": [{"name": "a", "parts": [], "mined": "bm52"}]}, "mined"),
    ],
)
def test_a_wrong_recipe_names_the_field(
    tree: dict[str, Any], tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(QAError, match=named):
        load_encoder_recipe(written(tree | change, tmp_path))


def test_the_shipped_recipes_can_be_read() -> None:
    folder = Path("qa/training/recipes")
    one, two = (load_encoder_recipe(folder / name) for name in ("encoder.yaml", "dpr.yaml"))
    assert one.towers == "one"
    assert one.normalized
    assert two.towers == "two"
    assert not two.normalized
    for recipe in (one, two):
        tests = [s for s in recipe.selection if s.split == "test"]
        assert not tests, "never chosen on a test split"
        parts = [part for stage in recipe.stages for part in stage.parts]
        assert all(part.split == "train" for part in parts)
    assert json.dumps(one.fingerprint())
