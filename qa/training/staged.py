"""Training by a recipe's stages, resumable after any kill: what a reader and an encoder share.

Checkpoints hold the model, the average of its weights, the optimiser and the state of the random
numbers, so a run that was stopped ends like one that was not. Matrix work runs in bfloat16, on a
GPU where there is one (:mod:`qa.training.device`).
"""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import nn

from qa.errors import QAError
from qa.training.checkpoint import Position, WeightAverage, load, mean_weights, save
from qa.training.device import random_state, set_random_state, training_device
from qa.training.recipe import BACKBONE

_SHOWN_EVERY = 10
Report = Callable[[dict[str, Any]], None]
Scores = Mapping[str, Mapping[str, float]]


def _silent(_: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Job:
    """What to train and where.

    Attributes:
        config: the recipe (YAML).
        data: the root that data set names are looked up under.
        out: checkpoints, ``log.jsonl`` and the result go here; a run of the same recipe that was
            stopped goes on from its last checkpoint unless ``resume`` is false.
        overrides: ``key=value`` changes to the recipe.
        report: called with plain values after steps and evaluations.
    """

    config: Path
    data: Path
    out: Path
    resume: bool = True
    overrides: Sequence[str] = ()
    report: Report = _silent


class StageLike(Protocol):
    """What the loop needs to know of a stage."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> list[str]: ...
    @property
    def epochs(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warmup(self) -> float: ...


StageT = TypeVar("StageT", bound=StageLike)
BatchT = TypeVar("BatchT")
StageT_co = TypeVar("StageT_co", bound=StageLike, covariant=True)


class RecipeLike(Protocol[StageT_co]):
    """What the loop needs to know of a recipe."""

    @property
    def stages(self) -> Sequence[StageT_co]: ...
    @property
    def seed(self) -> int: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def average(self) -> float: ...
    @property
    def checkpoint_every(self) -> int: ...
    @property
    def patience(self) -> int: ...
    def fingerprint(self, stages: int | None = None) -> str: ...


class StagedRun(ABC, Generic[StageT, BatchT]):
    """One training run: the model, where it stands, and what it has reached."""

    def __init__(
        self, recipe: RecipeLike[StageT], model: nn.Module, out: Path, report: Report
    ) -> None:
        self.plan, self.out, self.report = recipe, out, report
        starts = {name for stage in recipe.stages for name in stage.start}
        self._untrained = deepcopy(model.state_dict()) if BACKBONE in starts else {}
        self.model = model.to(training_device())
        self.average = WeightAverage(model, recipe.average)
        self.position = Position()
        self.best = -math.inf
        self.stale = 0
        self._optimizer_state: dict[str, Any] | None = None

    @abstractmethod
    def prepare(self, stage: StageT) -> None:
        """Read a stage's data; the model has the weights that the stage starts with, or later."""

    @abstractmethod
    def batches(self, stage: StageT, epoch: int) -> Sequence[BatchT]:
        """The batches of an epoch: as many in each, and always the same."""

    @abstractmethod
    def backward(self, stage: StageT, batch: BatchT) -> float:
        """Add the gradient of a batch's loss, which is returned."""

    @abstractmethod
    def scores(self) -> Scores:
        """What the averaged weights, which the model has now, reach on the held-out sets."""

    @abstractmethod
    def value(self, scores: Scores) -> float:
        """What checkpoints are chosen by, more is better."""

    def restore(self) -> None:
        """Go on from the last checkpoint, if there is one.

        Raises:
            QAError: it was made by another recipe.
        """
        path = self.out / "checkpoint.pt"
        if not path.exists():
            return
        state = load(path)
        if state["recipe"] != self.plan.fingerprint(_begun(state["position"])):
            raise QAError(
                f"{path} was made by another recipe (only stages that have not begun may change): "
                "choose another --out, or start over with --no-resume"
            )
        self.model.load_state_dict(state["model"], strict=False)
        self.average.restore(state["average"])
        self.position = Position(**state["position"])
        self.best, self.stale = state["best"], state["stale"]
        self._optimizer_state = state["optimizer"]
        set_random_state(state["rng"])

    def to_the_end(self, job: Job) -> Path:
        """Train what is left, from the start if ``job`` says so; the best checkpoint's file."""
        if job.resume:
            self.restore()
        self.stages()
        return self.out / "best.pt"

    def stages(self, count: int | None = None) -> None:
        """Train what is left of the recipe's first ``count`` stages, of all if absent."""
        for number in range(self.position.stage, len(self.plan.stages[:count])):
            self._stage(self.plan.stages[number])
            self.position = Position(stage=number + 1)
            self._optimizer_state = None
            self.best, self.stale = -math.inf, 0

    def kept(self, name: str) -> Path:
        """Where the best weights of a finished stage are."""
        return self.out / f"stage-{name}.pt"

    def _start(self, stage: StageT) -> None:
        """The weights a stage begins with, where that is not the stage before it."""
        if not stage.start or self.position.epoch or self.position.batch:
            return
        states = [self._weights(name) for name in stage.start]
        self.model.load_state_dict(mean_weights(states), strict=False)
        self.average = WeightAverage(self.model, self.plan.average)

    def _weights(self, name: str) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = (
            self._untrained if name == BACKBONE else load(self.kept(name))["model"]
        )
        return weights

    def _stage(self, stage: StageT) -> None:
        self._start(stage)
        optimizer = self._optimizer(stage)
        if self.position == Position(stage=self.position.stage) and self.position.stage:
            # ``best.pt`` is this stage's from now on: who resumes must not take it for the last's.
            self._checkpoint(optimizer)
        if stage.epochs:
            self._epochs(stage, optimizer)
        else:
            self._evaluate(stage, 0)
        self._load_best(stage)

    def _epochs(self, stage: StageT, optimizer: torch.optim.Optimizer) -> None:
        if self.position.epoch >= stage.epochs or self.stale > self.plan.patience:
            return  # a run goes on that was stopped after the stage's last epoch
        self.report({"event": "stage", "stage": stage.name, "doing": "reading data"})
        self.prepare(stage)
        per_epoch = len(self.batches(stage, 0))
        for epoch in range(self.position.epoch, stage.epochs):
            self.position.epoch = epoch
            self._epoch(stage, optimizer, epoch, per_epoch)
            self._evaluate(stage, epoch)
            self.position = Position(self.position.stage, epoch + 1)
            self._checkpoint(optimizer)
            if self.stale > self.plan.patience:
                self.report({"event": "stopped early", "stage": stage.name, "epoch": epoch})
                break

    def _optimizer(self, stage: StageT) -> torch.optim.Optimizer:
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.ndim > 1]},
                {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=stage.learning_rate,
            weight_decay=self.plan.weight_decay,
            fused=True,
        )
        if self._optimizer_state is not None:
            optimizer.load_state_dict(self._optimizer_state)
        return optimizer

    def _epoch(
        self, stage: StageT, optimizer: torch.optim.Optimizer, epoch: int, per_epoch: int
    ) -> None:
        todo = self.batches(stage, epoch)
        started, loss_sum = time.monotonic(), 0.0
        for since, number in enumerate(range(self.position.batch, len(todo)), start=1):
            done = epoch * per_epoch + number
            rate = _rate(stage, done, stage.epochs * per_epoch)
            loss_sum += self._step(stage, todo[number], optimizer, rate)
            self.position.batch = number + 1
            if since % _SHOWN_EVERY == 0:
                mean = loss_sum / _SHOWN_EVERY
                self._progress(stage, epoch, number + 1, len(todo), mean, started, since)
                loss_sum = 0.0
            if self.position.batch % self.plan.checkpoint_every == 0:
                self._checkpoint(optimizer)

    def _progress(self, stage: StageT, epoch: int, at: int, of: int, loss: float,
                  started: float, steps: int) -> None:  # fmt: skip
        each = (time.monotonic() - started) / steps
        self.report({
            "event": "step", "stage": stage.name, "epoch": epoch, "batch": at, "batches": of,
            "loss": round(loss, 4), "seconds_per_batch": round(each, 3),
            "epoch_eta": round(each * (of - at)),
        })  # fmt: skip

    def _step(
        self, stage: StageT, batch: BatchT, optimizer: torch.optim.Optimizer, rate: float
    ) -> float:
        self.model.train()
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = self.backward(stage, batch)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        self.average.update(self.model)
        return loss

    def _evaluate(self, stage: StageT, epoch: int) -> None:
        replaced = self.average.copy_to(self.model)
        scores = self.scores()
        value = self.value(scores)
        if value > self.best:
            self.best, self.stale = value, 0
            save(self.out / "best.pt", {"model": self.model.state_dict(), "scores": scores})
        else:
            self.stale += 1
        for name, parameter in self.model.named_parameters():
            if name in replaced:
                parameter.data.copy_(replaced[name])
        entry = {"event": "evaluated", "stage": stage.name, "epoch": epoch, "value": value}
        self.report(entry | {"scores": scores})
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry | {"scores": scores}) + "\n")

    def _load_best(self, stage: StageT) -> None:
        """Later stages start from this stage's best averaged weights."""
        save(self.kept(stage.name), load(self.out / "best.pt"))
        self.model.load_state_dict(load(self.out / "best.pt")["model"], strict=False)
        self.average = WeightAverage(self.model, self.plan.average)

    def _checkpoint(self, optimizer: torch.optim.Optimizer) -> None:
        save(
            self.out / "checkpoint.pt",
            {
                "recipe": self.plan.fingerprint(_begun(asdict(self.position))),
                "model": self.model.state_dict(),
                "average": self.average.state(),
                "optimizer": optimizer.state_dict(),
                "position": asdict(self.position),
                "best": self.best,
                "stale": self.stale,
                "rng": random_state(),
            },
        )
        self.report({"event": "checkpoint", **asdict(self.position)})


def _begun(position: dict[str, int]) -> int:
    return position["stage"] + 1


def _rate(stage: StageLike, step: int, total: int) -> float:
    """Linear warm-up, then linear decay to a twentieth."""
    warm = max(1, int(stage.warmup * total))
    if step < warm:
        return stage.learning_rate * (step + 1) / warm
    return stage.learning_rate * max(0.05, 1 - (step - warm) / max(1, total - warm))
