"""Training a ranker end to end on a tiny model: it learns, survives a kill, and is packaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from haystack import Document

from indexing.engines.registry import open_engine
from indexing.records import Review
from qa.components.cross_encoder_ranker import CrossEncoderRanker
from qa.components.origin import origin_of
from qa.errors import ModelError, QAError
from qa.model_folder import MANIFEST, MODEL, TOKENIZER, kind_of
from qa.pipelines.answer import Answerer
from qa.pipelines.loader import load_pipeline
from qa.ranker.cross_encoder import NO_PIECE, CrossEncoder
from qa.ranker.package import load_ranker_manifest
from qa.ranker.scorer import open_scorer
from qa.training.cross_encoder_model import (
    CrossEncoderModel,
    TorchWindowModel,
    scores_of_null_answers,
)
from qa.training.make_ranker import make_ranker
from qa.training.ranker import train, trained, windower
from qa.training.ranker_package import package_ranker
from qa.training.ranker_recipe import load_ranker_recipe
from qa.training.ranker_selection import score_sets, selection_sets
from qa.training.span_model import SpanReader
from qa.training.staged import Job
from qa.training.warm_start import start_from

QUESTION = "What color is the lamp?"
PASSAGES = ["The strap is red and it works.", "x", "The lamp is blue. " * 12, "Arrived late."]


@pytest.fixture
def tree(backbone: Path) -> dict[str, Any]:
    parts = [
        {"dataset": "squadshifts:amazon"},
        {"dataset": "subjqa:electronics", "holdout": 0.2},
        {"dataset": "epqa"},
    ]
    shape = {"questions": 4, "negatives": 3, "learning_rate": 3e-3}
    return {
        "backbone": str(backbone),
        "window": {"max_length": 48, "overlap": 8, "max_question": 16},
        "checkpoint_every": 3,
        "average": 0.9,
        "top_n": 10,
        "stages": [
            {"name": "one", "parts": parts, **shape},
            {"name": "two", "parts": parts, "mined": "both", "encoder": "fake:16", "near": 2.0,
             **shape},
        ],
        "selection": [
            {"dataset": "squadshifts:amazon", "protocol": "open", "limit": 6, "encoder": "fake"},
            {"dataset": "epqa", "weight": 0.5},
        ],
    }  # fmt: skip


def written(tree: dict[str, Any], folder: Path) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


@pytest.mark.parametrize("stop", [1, 8])
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
    stage = tree["stages"][0] | {"epochs": 12, "parts": [{"dataset": "epqa"}], "questions": 2}
    tree |= {"stages": [stage], "patience": 20, "dropout": 0.0, "checkpoint_every": 100}
    tree["selection"] = [{"dataset": "epqa"}]
    path = written(tree, tmp_path)
    train(Job(path, tiny_data, tmp_path / "run"))
    recipe = load_ranker_recipe(path)
    scorer = CrossEncoder(TorchWindowModel(trained(recipe, tmp_path / "run")), windower(recipe))
    found = score_sets(selection_sets(recipe, tiny_data), scorer, 1.0)
    # The one negative is the same sentence throughout: it can be learnt by heart.
    assert found["epqa alone"]["mrr"] == 1.0
    assert found["epqa mixed"] == found["epqa alone"]


@pytest.fixture
def folder(tree: dict[str, Any], tiny_data: Path, tmp_path: Path) -> Path:
    tree["stages"] = tree["stages"][:1]
    return make_ranker(Job(written(tree, tmp_path), tiny_data, tmp_path / "run"))


def test_the_packaged_ranker_scores_as_torch_does(folder: Path, tmp_path: Path) -> None:
    recipe = load_ranker_recipe(tmp_path / "recipe.yaml")
    ours = CrossEncoder.load(folder, threads=1)
    model = TorchWindowModel(trained(recipe, tmp_path / "run"))
    theirs = CrossEncoder(model, windower(recipe))
    one, other = (s.score([QUESTION, "Is it?"], [PASSAGES, PASSAGES[:2]]) for s in (ours, theirs))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=0.15)
    assert ours.score([QUESTION], [[""]]) == [[NO_PIECE]]
    # A long passage scores as the better of the windows that it is cut into.
    windows = windower(recipe).cut([QUESTION], [[PASSAGES[2]]])
    assert len(windows) > 1
    best = max(model.scores([window])[0] for window in windows)
    assert other[0][2] == pytest.approx(best, abs=1e-5)


def test_manifest_and_card_say_what_was_measured(folder: Path) -> None:
    manifest = load_ranker_manifest(folder)
    assert kind_of(folder) == "cross-encoder"
    assert manifest.window.max_length == 48
    systems = {figure["system"] for figure in manifest.figures}
    assert {"bm25", "ranker int8 on the first 10, alone"} <= systems
    card = (folder / "README.md").read_text("utf-8")
    assert "squadshifts:amazon train" in card
    for figure in manifest.figures:
        assert f"{figure['value']:.3f}" in card
    assert open_scorer(str(folder)).fingerprint == manifest.fingerprint


def test_the_component_ranks_by_its_scores(folder: Path) -> None:
    (scores,) = CrossEncoder.load(folder, threads=1).score([QUESTION], [PASSAGES])
    came = [Document(id=str(n), content=text, score=-n) for n, text in enumerate(PASSAGES)]
    ranker = CrossEncoderRanker(str(folder), weight=1.0, threads=1)
    found = ranker.run(QUESTION, came)["documents"]
    assert [int(d.id) for d in found] == sorted(range(4), key=lambda n: -scores[n])
    assert origin_of(found[0])["cross_encoder"] == {"rank": 1, "score": max(scores)}
    first = CrossEncoderRanker(str(folder), top_n=2, weight=1.0, threads=1)
    assert [d.id for d in first.run(QUESTION, came)["documents"]][2:] == ["2", "3"]


def test_a_pipeline_with_it_answers(folder: Path, tmp_path: Path) -> None:
    pipeline = load_pipeline("bm25").to_dict()
    pipeline["components"]["ranker"] = {
        "type": "qa.components.cross_encoder_ranker.CrossEncoderRanker",
        "init_parameters": {"model": str(folder), "weight": 0.5, "threads": 1},
    }
    pipeline["connections"][0]["receiver"] = "ranker.documents"
    pipeline["connections"].append({"sender": "ranker.documents", "receiver": "reader.documents"})
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(pipeline), "utf-8")
    engine = open_engine(tmp_path / "store", create=True)
    engine.write([Review(f"r{n}", "p", text) for n, text in enumerate(PASSAGES)])
    with Answerer(engine, pipeline=str(path), threads=1) as answerer:
        result = answerer.ask(QUESTION, product_id="p", threshold=0.0)
    assert result.answers
    places = [hit.origin.cross_encoder for hit in result.passages]
    assert [place.rank for place in places if place] == [1, 2, 3, 4]
    assert "rank" in result.milliseconds
    engine.close()


@pytest.mark.parametrize("name", [MODEL, TOKENIZER, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"is not a ranker: no {name} in it"):
        CrossEncoder.load(folder)


def test_a_reader_is_no_ranker() -> None:
    from qa.reader.package import SHIPPED

    with pytest.raises(ModelError, match="manifest"):
        CrossEncoder.load(SHIPPED)


def test_a_readers_null_answer_is_the_first_score(backbone: Path, tmp_path: Path) -> None:
    reader = SpanReader(backbone, 0.0).eval()
    torch.save({"model": reader.state_dict()}, tmp_path / "best.pt")
    ranker = CrossEncoderModel(backbone, 0.0).eval()
    start_from(ranker, [str(tmp_path / "best.pt")], scores_of_null_answers, backbone=str(backbone))
    ids = torch.tensor([[101, 7, 9, 102], [101, 12, 30, 102]])
    start, end = reader(ids, torch.ones_like(ids), torch.zeros_like(ids))
    scores = ranker(ids, torch.ones_like(ids), torch.zeros_like(ids))
    torch.testing.assert_close(scores, -(start[:, 0] + end[:, 0]), atol=1e-5, rtol=1e-4)


def test_weights_that_are_not_there_are_named(tree: dict[str, Any], tmp_path: Path) -> None:
    tree["weights"] = [str(tmp_path / "none.pt")]
    with pytest.raises(QAError, match=r"none\.pt: no weights there"):
        train(Job(written(tree, tmp_path), tmp_path, tmp_path / "run"))
    torch.save({"model": {"towers.shared.x": torch.zeros(1)}}, tmp_path / "none.pt")
    with pytest.raises(QAError, match="weights of another model"):
        train(Job(written(tree, tmp_path), tmp_path, tmp_path / "run"))


def test_an_unfinished_run_is_not_packaged(tree: dict[str, Any], tmp_path: Path) -> None:
    recipe = load_ranker_recipe(written(tree, tmp_path))
    with pytest.raises(QAError, match="finish the training first"):
        package_ranker(recipe, tmp_path, tmp_path, tmp_path / "out", print)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"mix": 1.5}, "mix"),
        ({"top_n": 0}, "top_n"),
        ({"stages": [{"name": "a", "parts": [], "negatives": 0}]}, "stages.0.negatives"),
        ({"stages": [{"name": "a", "parts": [], "mined": "model"}]}, "stages.0.mined"),
        ({"selection": [{"dataset": "epqa", "limti": 3}]}, "limti"),
    ],
)
def test_a_wrong_recipe_names_the_field(
    tree: dict[str, Any], tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(QAError, match=named):
        load_ranker_recipe(written(tree | change, tmp_path))


def test_the_shipped_recipe_is_chosen_on_dev() -> None:
    recipe = load_ranker_recipe(Path("qa/training/recipes/ranker.yaml"))
    assert all(one.split == "dev" for one in recipe.selection)
    parts = [part for stage in recipe.stages for part in stage.parts]
    assert all(part.split == "train" for part in parts)
