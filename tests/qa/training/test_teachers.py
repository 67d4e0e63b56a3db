"""Readers of other runs as teachers of lists and of encoders, and as weights to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tokenizers import Tokenizer

from qa.errors import QAError
from qa.model_folder import TOKENIZER
from qa.ranker.scorer import NO_SPAN
from qa.reader.windows import Windower, WindowSettings
from qa.training.encoder import train as train_encoder
from qa.training.losses import evidence
from qa.training.make_reader import make_reader
from qa.training.reader import train
from qa.training.recipe import load_recipe
from qa.training.span_model import SpanReader
from qa.training.staged import Job
from qa.training.teachers import TeachersEvidence
from qa.training.torch_model import tensors

LISTS = {"parts": [{"dataset": "epqa", "repeat": 4}], "negatives": 1, "questions": 5}


@pytest.fixture(scope="module")
def tree(backbone: Path) -> dict[str, Any]:
    return {
        "backbone": str(backbone),
        "window": {"max_length": 64, "overlap": 16, "max_question": 16},
        "patience": 9,
        "stages": [{"name": "one", "epochs": 6, "learning_rate": 2e-3, "batch_tokens": 512,
                    "parts": [{"dataset": "squadshifts:amazon"}]}],
        "selection": [{"dataset": "epqa", "split": "dev"}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def learnt(tree: dict[str, Any], tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of a reader that has learnt colours."""
    folder = tmp_path_factory.mktemp("teacher")
    return train(written(tree, folder), data=tiny_data, out=folder / "run")


def written(tree: dict[str, Any], folder: Path) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def with_teacher(tree: dict[str, Any], weights: Path, **stage: Any) -> dict[str, Any]:
    teacher = {"name": "able", "backbone": tree["backbone"], "weights": str(weights)}
    return {**tree, "teachers": [teacher], "stages": [{**tree["stages"][0], **stage}]}


def weights(path: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["model"]
    return found


def test_evidence_is_the_mean_of_the_teachers_best_windows(backbone: Path) -> None:
    teachers = [SpanReader(backbone, 0.0).eval() for _ in range(2)]
    settings = WindowSettings(24, 4, 8)
    windower = Windower(Tokenizer.from_file(str(backbone / TOKENIZER)), settings)
    long = "The strap is red and it holds well. " * 6
    found = TeachersEvidence(teachers, windower).score(
        ["Red?", "Big?"], [[long, ""], ["It works."]]
    )
    windows = windower.cut(["Red?"], [[long]])
    assert len(windows) > 2
    each = []
    for window in windows:
        scores = []
        for teacher in teachers:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                start, end = teacher(**tensors([window], torch.device("cpu")))
            scores.append(float(evidence(start.float(), end.float(), [window])))
        each.append(sum(scores) / 2)
    assert found[0][0] == pytest.approx(max(each), abs=0.05)
    assert found[0][1] == NO_SPAN
    assert len(found[1]) == 1


def test_fingerprints_tell_teachers_apart(backbone: Path) -> None:
    windower = Windower(Tokenizer.from_file(str(backbone / TOKENIZER)), WindowSettings())
    one, two = (SpanReader(backbone, 0.0).eval() for _ in range(2))
    prints = [TeachersEvidence(t, windower).fingerprint for t in ([one], [two], [one, two], [one])]
    assert prints[0] == prints[3]
    assert len(set(prints)) == 3


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 90, 100), (0.0, 0, 10)])
def test_lists_follow_their_teacher_by_its_share(
    tree: dict[str, Any], learnt: Path, turned_round: Path, tmp_path: Path,
    share: float, low: float, high: float,
) -> None:  # fmt: skip
    """The labels are turned round, the teacher is not."""
    lists = {**LISTS, "teachers": ["able"], "teacher_share": share}
    told: list[dict[str, Any]] = []
    path = written(with_teacher(tree, learnt, lists=lists), tmp_path)
    train(path, data=turned_round, out=tmp_path / "run", report=told.append)
    area = [e["scores"]["epqa"]["auc"] for e in told if e["event"] == "evaluated"][-1]
    assert low <= area <= high


def test_an_encoder_learns_from_a_recipes_teachers(
    tree: dict[str, Any], learnt: Path, tiny_data: Path, tmp_path: Path
) -> None:
    part = {"dataset": "squadshifts:amazon", "limit": 24}
    stage = {"name": "one", "parts": [part], "hard": 2, "passages": 8, "cluster": 4,
             "teacher": "teachers", "taught_candidates": 4}  # fmt: skip
    teacher = {"name": "able", "backbone": tree["backbone"], "weights": str(learnt)}
    recipe = {"backbone": tree["backbone"], "max_passage": 64, "teachers": [teacher],
              "stages": [stage], "selection": [{"dataset": "epqa"}]}  # fmt: skip
    path = written(recipe, tmp_path)
    told: list[dict[str, Any]] = []
    taught = train_encoder(Job(path, tiny_data, tmp_path / "taught", report=told.append))
    assert [e["of"] for e in told if e["event"] == "teacher"][-1] == 24
    share = ["stages.0.teacher_share=0"]
    alone = train_encoder(Job(path, tiny_data, tmp_path / "alone", overrides=share))
    one, two = weights(taught), weights(alone)
    assert any(not torch.equal(one[name], two[name]) for name in one)


def test_a_reader_starts_from_the_mean_of_weights(
    tree: dict[str, Any], learnt: Path, tiny_data: Path, tmp_path: Path
) -> None:
    still = {**tree["stages"][0], "epochs": 1, "learning_rate": 0.0}
    path = written({**tree, "weights": [str(learnt), str(learnt)], "stages": [still]}, tmp_path)
    for name, tensor in weights(train(path, data=tiny_data, out=tmp_path / "run")).items():
        torch.testing.assert_close(tensor, weights(learnt)[name], msg=name)


def test_a_reader_of_other_pieces_teaches_and_is_not_exported(
    tree: dict[str, Any], backbone: Path, tiny_data: Path, tmp_path: Path
) -> None:
    stage = {**tree["stages"][0], "epochs": 1}
    path = written({**tree, "tokenizer": str(backbone), "stages": [stage]}, tmp_path)
    made = make_reader(path, data=tiny_data, out=tmp_path / "run")
    assert made == tmp_path / "run" / "best.pt"
    assert not (tmp_path / "run" / "reader").exists()


def test_a_finished_stage_is_not_prepared_again(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path
) -> None:
    one = {**tree["stages"][0], "epochs": 1}
    path = written({**tree, "stages": [one, {**one, "name": "two"}]}, tmp_path)
    train(path, data=tiny_data, out=tmp_path / "run", stage="one")
    told: list[dict[str, Any]] = []
    train(path, data=tiny_data, out=tmp_path / "run", report=told.append)
    assert [e["stage"] for e in told if e["event"] == "stage"] == ["two"]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({"parts": [{"dataset": "epqa", "unlabelled": 1}]}, "epqa: unlabelled pairs need teachers"),
        ({"lists": {**LISTS, "teachers": ["nobody"]}}, r"lists\.teachers: 'nobody'.*able"),
        ({"parts": [{"dataset": "epqa", "teachers": ["nobody"]}]}, r"parts\.teachers: 'nobody'"),
    ],
)
def test_teachers_that_are_not_there_are_named(
    tree: dict[str, Any], tmp_path: Path, stage: dict[str, Any], said: str
) -> None:
    path = written(with_teacher(tree, tmp_path / "none.pt", **stage), tmp_path)
    with pytest.raises(QAError, match=said):
        load_recipe(path)


def test_a_teacher_without_weights_is_named(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path
) -> None:
    part = {"dataset": "squadshifts:amazon", "teachers": ["able"]}
    path = written(with_teacher(tree, tmp_path / "none.pt", parts=[part]), tmp_path)
    with pytest.raises(QAError, match=r"none\.pt: no weights there"):
        train(path, data=tiny_data, out=tmp_path / "run")
