"""Training a reader: the stages of a recipe, resumable after any kill.

The loss is the cross entropy of the start and the end position (Devlin et al., 2019) against the
annotators' soft targets. Matrix work runs in bfloat16 where the CPU has instructions for it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from eval.records import ReadingQuestion
from qa.errors import QAError
from qa.reader.windows import Windower
from qa.training.checkpoint import Position, WeightAverage, load, mean_weights, save
from qa.training.distillation import taught
from qa.training.losses import span_loss
from qa.training.reader_data import Part, held_out_questions, training_questions
from qa.training.reader_features import Feature, batches, features
from qa.training.recipe import Recipe, Stage, backbone_path, load_recipe
from qa.training.selection import Scores, score_sets, selection_value
from qa.training.span_model import SpanReader
from qa.training.torch_model import TorchSpanModel, tensors

Report = Callable[[dict[str, Any]], None]


def train(
    config: Path,
    *,
    data: Path,
    out: Path,
    resume: bool = True,
    overrides: Sequence[str] = (),
    report: Report | None = None,
) -> Path:
    """Train by a recipe; returns the folder of the best checkpoint's weights.

    Args:
        config: the recipe (YAML).
        data: the root that data set names are looked up under.
        out: checkpoints, ``log.jsonl`` and the result go here; a run of the same recipe that was
            stopped goes on from its last checkpoint unless ``resume`` is false.
        overrides: ``key=value`` changes to the recipe.
        report: called with plain values after steps and evaluations.

    Raises:
        QAError: the recipe, the data or an earlier run in ``out`` cannot be used.
    """
    recipe = load_recipe(config, list(overrides))
    out.mkdir(parents=True, exist_ok=True)
    run = _Run(recipe, data, out, report or (lambda _: None))
    if resume:
        run.restore()
    run.stages()
    return out / "best.pt"


class _Run:
    """One training run: the model, where it stands, and what it has reached."""

    def __init__(self, recipe: Recipe, data: Path, out: Path, report: Report) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.data, self.out, self._report = recipe, data, out, report
        backbone = backbone_path(recipe.backbone)
        tokenizer = Tokenizer.from_file(str(Path(backbone) / "tokenizer.json"))
        self.windower = Windower(tokenizer, recipe.window)
        self.model = SpanReader(backbone, recipe.dropout)
        self.average = WeightAverage(self.model, recipe.average)
        self.position = Position()
        self.best = -math.inf
        self.stale = 0
        self._optimizer_state: dict[str, Any] | None = None
        self._selection: dict[str, list[ReadingQuestion]] | None = None

    def restore(self) -> None:
        path = self.out / "checkpoint.pt"
        if not path.exists():
            return
        state = load(path)
        if state["recipe"] != self.recipe.fingerprint(_begun(state["position"])):
            raise QAError(
                f"{path} was made by another recipe (only stages that have not begun may change): "
                "choose another --out, or start over with --no-resume"
            )
        self.model.load_state_dict(state["model"], strict=False)
        self.average.restore(state["average"])
        self.position = Position(**state["position"])
        self.best, self.stale = state["best"], state["stale"]
        self._optimizer_state = state["optimizer"]
        torch.set_rng_state(state["rng"])

    def stages(self) -> None:
        for number in range(self.position.stage, len(self.recipe.stages)):
            self._stage(self.recipe.stages[number])
            self.position = Position(stage=number + 1)
            self._optimizer_state = None
            self.best, self.stale = -math.inf, 0

    def _start(self, stage: Stage) -> None:
        """The weights a stage begins with, where that is not the stage before it."""
        if not stage.start or self.position.epoch or self.position.batch:
            return
        states = [load(self._kept(name))["model"] for name in stage.start]
        self.model.load_state_dict(mean_weights(states), strict=False)
        self.average = WeightAverage(self.model, self.recipe.average)

    def _kept(self, name: str) -> Path:
        return self.out / f"stage-{name}.pt"

    def _stage(self, stage: Stage) -> None:
        self._start(stage)
        self._report({"event": "stage", "stage": stage.name, "doing": "reading data"})
        seed = self._seed(stage)
        items = [item for part in stage.parts for item in self._items(part, stage)]
        per_epoch = len(list(batches(items, stage.batch_tokens, seed)))
        optimizer = self._optimizer(stage)
        for epoch in range(self.position.epoch, stage.epochs):
            self.position.epoch = epoch
            self._epoch(stage, items, optimizer, epoch, per_epoch)
            self._evaluate(stage, epoch)
            self.position = Position(self.position.stage, epoch + 1)
            self._checkpoint(optimizer)
            if self.stale > self.recipe.patience:
                self._report({"event": "stopped early", "stage": stage.name, "epoch": epoch})
                break
        self._load_best(stage)

    def _seed(self, stage: Stage) -> int:
        return self.recipe.seed if stage.seed is None else stage.seed

    def _items(self, part: Part, stage: Stage) -> list[Feature]:
        questions = training_questions(part, self.data, self._seed(stage))
        items = features(questions, self.windower)
        if not part.teacher:
            return items
        self._report({"event": "stage", "stage": stage.name, "doing": f"asking {part.teacher}"})
        return taught(items, self._teacher(part.teacher), stage.teacher_share)

    def _teacher(self, name: str) -> TorchSpanModel:
        model = SpanReader(backbone_path(self.recipe.backbone), 0.0)
        model.load_state_dict(load(self._kept(name))["model"], strict=False)
        return TorchSpanModel(model, bfloat16=True)

    def _optimizer(self, stage: Stage) -> torch.optim.Optimizer:
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.ndim > 1]},
                {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=stage.learning_rate,
            weight_decay=self.recipe.weight_decay,
            fused=True,
        )
        if self._optimizer_state is not None:
            optimizer.load_state_dict(self._optimizer_state)
        return optimizer

    def _epoch(
        self,
        stage: Stage,
        items: list[Feature],
        optimizer: torch.optim.Optimizer,
        epoch: int,
        per_epoch: int,
    ) -> None:
        todo = list(batches(items, stage.batch_tokens, self._seed(stage) + 1000 * epoch))
        started, loss_sum = time.monotonic(), 0.0
        for since, number in enumerate(range(self.position.batch, len(todo)), start=1):
            done = epoch * per_epoch + number
            rate = _rate(stage, done, stage.epochs * per_epoch)
            loss_sum += self._step(todo[number], optimizer, rate)
            self.position.batch = number + 1
            if since % 20 == 0:
                self._progress(stage, epoch, number + 1, len(todo), loss_sum / 20, started, since)
                loss_sum = 0.0
            if self.position.batch % self.recipe.checkpoint_every == 0:
                self._checkpoint(optimizer)

    def _progress(self, stage: Stage, epoch: int, at: int, of: int, loss: float,
                  started: float, steps: int) -> None:  # fmt: skip
        each = (time.monotonic() - started) / steps
        self._report({
            "event": "step", "stage": stage.name, "epoch": epoch, "batch": at, "batches": of,
            "loss": round(loss, 4), "seconds_per_batch": round(each, 3),
            "epoch_eta": round(each * (of - at)),
        })  # fmt: skip

    def _step(self, batch: list[Feature], optimizer: torch.optim.Optimizer, rate: float) -> float:
        self.model.train()
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            start, end = self.model(**tensors([f.window for f in batch]))
        loss = span_loss(start.float(), end.float(), batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        self.average.update(self.model)
        return float(loss.detach())

    def _evaluate(self, stage: Stage, epoch: int) -> None:
        kept = self.average.copy_to(self.model)
        scores = self._scores()
        value = selection_value(scores)
        if value > self.best:
            self.best, self.stale = value, 0
            save(self.out / "best.pt", {"model": self.model.state_dict(), "scores": scores})
        else:
            self.stale += 1
        for name, parameter in self.model.named_parameters():
            if name in kept:
                parameter.data.copy_(kept[name])
        entry = {"event": "evaluated", "stage": stage.name, "epoch": epoch, "value": value}
        self._report(entry | {"scores": scores})
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry | {"scores": scores}) + "\n")

    def _scores(self) -> Scores:
        if self._selection is None:
            self._selection = selection_sets(self.recipe, self.data)
        model = TorchSpanModel(self.model, bfloat16=True)
        return score_sets(model, self.windower, self._selection, self.recipe.max_answer_pieces)

    def _load_best(self, stage: Stage) -> None:
        """Later stages start from this stage's best averaged weights."""
        save(self._kept(stage.name), load(self.out / "best.pt"))
        self.model.load_state_dict(load(self.out / "best.pt")["model"], strict=False)
        self.average = WeightAverage(self.model, self.recipe.average)

    def _checkpoint(self, optimizer: torch.optim.Optimizer) -> None:
        save(
            self.out / "checkpoint.pt",
            {
                "recipe": self.recipe.fingerprint(_begun(asdict(self.position))),
                "model": self.model.state_dict(),
                "average": self.average.state(),
                "optimizer": optimizer.state_dict(),
                "position": asdict(self.position),
                "best": self.best,
                "stale": self.stale,
                "rng": torch.get_rng_state(),
            },
        )
        self._report({"event": "checkpoint", **asdict(self.position)})


def selection_sets(recipe: Recipe, data: Path) -> dict[str, list[ReadingQuestion]]:
    """The sets that choose: held-out training products where asked for, else the named split."""
    sets = {}
    for part in recipe.selection:
        held = part.holdout > 0
        questions = held_out_questions(part, data) if held else training_questions(part, data, 0)
        sets[part.dataset] = questions
    return sets


def _begun(position: dict[str, int]) -> int:
    return position["stage"] + 1


def _rate(stage: Stage, step: int, total: int) -> float:
    """Linear warm-up, then linear decay to a twentieth."""
    warm = max(1, int(stage.warmup * total))
    if step < warm:
        return stage.learning_rate * (step + 1) / warm
    return stage.learning_rate * max(0.05, 1 - (step - warm) / max(1, total - warm))
