"""An encoder's teacher: its part of the loss by hand, its scores asked for once, its effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from qa.errors import QAError
from qa.training.bi_encoder import BiEncoder
from qa.training.contrastive_batches import Batch
from qa.training.contrastive_loss import contrastive_loss
from qa.training.encoder import train, trained
from qa.training.encoder_recipe import load_encoder_recipe
from qa.training.pairs import Pair, Pairs
from qa.training.ranking_teacher import ask, candidates, lesson
from qa.training.staged import Job

QUESTIONS, PASSAGES = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor(
    [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
)  # fmt: skip
BATCH = Batch((4, 7), (10, 11, 12), (0, 1))
OPEN = torch.zeros(2, 3, dtype=torch.bool)


def test_the_divergence_is_mixed_in_by_its_share() -> None:
    told = lesson(BATCH, {4: {10: 2.0, 12: 0.0, 99: 5.0}}, OPEN, 2.0, 0.25)
    loss = contrastive_loss(QUESTIONS, PASSAGES, torch.tensor([0, 1]), OPEN, 0.5, lesson=told)
    # The student's scores, over a temperature of one half: 2, 0, 1.2 and 0, 2, 1.6.
    first = -math.log(math.e**2 / (math.e**2 + 1 + math.e**1.2))
    second = -math.log(math.e**2 / (math.e**2 + 1 + math.e**1.6))
    teacher = math.e / (math.e + 1)
    student = math.e**2 / (math.e**2 + math.e**1.2)
    kl = teacher * math.log(teacher / student) + (1 - teacher) * math.log(
        (1 - teacher) / (1 - student)
    )
    # The second question has no teacher: its labels count in full.
    assert float(loss) == pytest.approx((0.75 * first + 0.25 * kl + second) / 2, rel=1e-5)


def test_agreeing_with_the_teacher_costs_nothing() -> None:
    told = lesson(BATCH, {4: {10: 2.0, 11: 0.0, 12: 1.2}, 7: {10: 0.0, 11: 2.0}}, OPEN, 1.0, 1.0)
    assert float(
        contrastive_loss(QUESTIONS, PASSAGES, torch.tensor([0, 1]), OPEN, 0.5, lesson=told)
    ) == pytest.approx(0.0, abs=1e-6)


def test_gradients_are_finite_where_little_is_known() -> None:
    questions = QUESTIONS.clone().requires_grad_()
    excluded = OPEN.clone()
    excluded[0, 2] = True
    told = lesson(BATCH, {4: {10: 9.0, 12: 9.0}, 7: {11: 1.0, 10: -99.0}}, excluded, 1.0, 0.5)
    assert told.known.tolist() == [[False] * 3, [True, True, False]]
    contrastive_loss(
        questions, PASSAGES, torch.tensor([0, 1]), excluded, 0.04, lesson=told
    ).backward()
    assert questions.grad is not None
    assert bool(torch.isfinite(questions.grad).all())


def test_a_question_without_its_target_is_not_taught() -> None:
    told = lesson(BATCH, {4: {11: 1.0, 12: 0.0}, 7: {11: 1.0}}, OPEN, 1.0, 0.5)
    assert not told.known.any()
    assert not told.shares.any()


class Lengths:
    """Scores by length; counts what it is asked."""

    fingerprint = "lengths"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(
        self, questions: Sequence[str], passages: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        self.asked += questions
        return [[float(len(p)) for p in group] for group in passages]


@pytest.fixture
def pairs() -> Pairs:
    made = Pairs()
    for at in range(60):
        made.number(f"text {'x' * at}", f"text {at}")
        made.pairs.append(Pair(f"question {at}", (at,), (), (), taught=at % 3 > 0))
    return made


def test_what_is_asked_is_positives_then_judged_then_mined() -> None:
    pairs = Pairs()
    pairs.pairs = [Pair("?", (3, 4), (5,)), Pair("?", (3,)), Pair("?", (3,), (4,), taught=False)]
    assert candidates(pairs, [(4, 6, 7), (), ()], 4) == {0: (3, 4, 5, 6)}


def test_an_interrupted_teacher_is_asked_only_for_the_rest(pairs: Pairs, tmp_path: Path) -> None:
    wanted = candidates(pairs, [((at + 1) % 60, (at + 2) % 60) for at in range(60)], 3)
    assert set(wanted) == {at for at in range(60) if at % 3}
    path = tmp_path / "teacher.jsonl"

    def stop(event: dict[str, Any]) -> None:
        if event["questions"] > 16:
            raise KeyboardInterrupt

    first, second, third = Lengths(), Lengths(), Lengths()
    with pytest.raises(KeyboardInterrupt):
        ask(pairs, wanted, first, path, stop)
    path.write_text(path.read_text("utf-8") + '{"id": "5', "utf-8")  # a line cut off by a kill
    found = ask(pairs, wanted, second, path, lambda _: None)
    assert len(first.asked) + len(second.asked) == len(wanted)
    assert not set(first.asked) & set(second.asked)
    for number, passages in wanted.items():
        assert found[number] == {n: len(pairs.passages[n].text) for n in passages}
    assert ask(pairs, wanted, third, path, lambda _: None) == found
    assert not third.asked
    third.fingerprint = "another"
    ask(pairs, wanted, third, path, lambda _: None)
    assert len(third.asked) == len(wanted)


@pytest.fixture
def tree(backbone: Path) -> dict[str, Any]:
    part = {"dataset": "squadshifts:amazon", "limit": 24}
    other = {"dataset": "subjqa:electronics", "holdout": 0.5, "taught": False}
    stage = {"name": "one", "parts": [part, other], "passages": 8, "cluster": 4, "hard": 2,
             "teacher": "shipped", "taught_candidates": 4, "learning_rate": 3e-3}  # fmt: skip
    return {"backbone": str(backbone), "max_passage": 64, "checkpoint_every": 2, "average": 0.9,
            "stages": [stage], "selection": [{"dataset": "epqa"}]}  # fmt: skip


def written(tree: dict[str, Any], folder: Path) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def test_a_taught_run_goes_on_where_it_was_stopped(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path, stopping_after: Any
) -> None:
    path = written(tree, tmp_path)
    told: list[dict[str, Any]] = []
    whole = train(Job(path, tiny_data, tmp_path / "whole", report=told.append))
    counts = [event["of"] for event in told if event["event"] == "teacher"]
    assert set(counts) == {24}
    with pytest.raises(KeyboardInterrupt):
        train(Job(path, tiny_data, tmp_path / "cut", report=stopping_after(1)))
    again = train(Job(path, tiny_data, tmp_path / "cut"))
    one, two = (torch.load(p, weights_only=True)["model"] for p in (whole, again))
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, msg=name)


def test_the_teacher_changes_what_is_learnt_and_training_starts_from_a_run(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path
) -> None:
    path = written(tree, tmp_path)
    taught = train(Job(path, tiny_data, tmp_path / "taught"))
    alone = train(Job(path, tiny_data, tmp_path / "alone", overrides=["stages.0.teacher_share=0"]))
    one, two = (torch.load(p, weights_only=True)["model"] for p in (taught, alone))
    assert any(not torch.equal(one[name], two[name]) for name in one)
    recipe = load_encoder_recipe(path)
    vectors = trained(recipe, tmp_path / "taught").vectors("passage", ["The strap is red."])
    more = [f"weights=[{taught}, {taught}]", "stages.0.learning_rate=1e-12"]
    train(Job(path, tiny_data, tmp_path / "more", overrides=more))
    again = trained(recipe, tmp_path / "more").vectors("passage", ["The strap is red."])
    torch.testing.assert_close(torch.from_numpy(again), torch.from_numpy(vectors), atol=1e-4,
                               rtol=0)  # fmt: skip
    start = BiEncoder(recipe).vectors("passage", ["The strap is red."])
    assert abs(start - vectors).max() > 1e-3


@pytest.mark.parametrize(
    ("stage", "named"),
    [
        ({"teacher_share": 1.5}, "teacher_share"),
        ({"teacher_temperature": 0}, "teacher_temperature"),
        ({"taught_candidates": 1}, "taught_candidates"),
    ],
)
def test_a_wrong_setting_is_named(
    tree: dict[str, Any], tmp_path: Path, stage: dict[str, Any], named: str
) -> None:
    tree["stages"][0] |= stage
    with pytest.raises(QAError, match=rf"stages\.0\.{named}"):
        load_encoder_recipe(written(tree, tmp_path))


def test_a_teacher_that_is_not_there_is_named(
    tree: dict[str, Any], tiny_data: Path, tmp_path: Path
) -> None:
    tree["stages"][0]["teacher"] = str(tmp_path / "nobody")
    with pytest.raises(QAError, match="nobody is not a model"):
        train(Job(written(tree, tmp_path), tiny_data, tmp_path / "run"))
