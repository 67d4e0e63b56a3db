"""Training a reader: the stages of a recipe, resumable after any kill.

The loss is the cross entropy of the start and the end position (Devlin et al., 2019) against the
annotators' soft targets.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from eval.records import ReadingQuestion
from qa.model_folder import TOKENIZER
from qa.reader.windows import Windower
from qa.training.device import autocast, device_of
from qa.training.distillation import taught
from qa.training.evidence_lists import EvidenceLists, Lists
from qa.training.list_settings import ListSettings
from qa.training.losses import span_loss
from qa.training.reader_data import Part, held_out_questions, training_questions
from qa.training.reader_features import Feature, batches, features
from qa.training.recipe import Recipe, Stage, backbone_path, load_recipe, tokenizer_path
from qa.training.selection import score_sets, selection_value
from qa.training.span_model import SpanReader
from qa.training.staged import Report, Scores, StagedRun
from qa.training.teacher_settings import TeacherModel
from qa.training.teachers import open_teacher
from qa.training.torch_model import TorchSpanModel, tensors
from qa.training.warm_start import start_from


def train(
    config: Path,
    *,
    data: Path,
    out: Path,
    resume: bool = True,
    overrides: Sequence[str] = (),
    report: Report | None = None,
    stage: str | None = None,
) -> Path:
    """Train by a recipe; returns the file of the best checkpoint's weights.

    Args:
        config: the recipe (YAML).
        data: the root that data set names are looked up under.
        out: checkpoints, ``log.jsonl`` and the result go here; a run of the same recipe that was
            stopped goes on from its last checkpoint unless ``resume`` is false.
        overrides: ``key=value`` changes to the recipe.
        report: called with plain values after steps and evaluations.
        stage: train as far as the stage of this name, and return that stage's weights.

    Raises:
        QAError: the recipe, the data or an earlier run in ``out`` cannot be used.
    """
    recipe = load_recipe(config, list(overrides))
    wanted = len((recipe if stage is None else recipe.until(stage)).stages)
    out.mkdir(parents=True, exist_ok=True)
    run = _Run(recipe, data, out, report or (lambda _: None))
    if resume:
        run.restore()
    run.stages(wanted)
    return out / "best.pt" if stage is None else run.kept(stage)


Batch = list[Feature] | Lists


class _Run(StagedRun[Stage, Batch]):
    """A reader's run."""

    def __init__(self, recipe: Recipe, data: Path, out: Path, report: Report) -> None:
        torch.manual_seed(recipe.seed)
        backbone, pieces = backbone_path(recipe.backbone), tokenizer_path(recipe)
        tokenizer = Tokenizer.from_file(str(Path(pieces) / TOKENIZER))
        self._recipe, self._data = recipe, data
        self._windower = Windower(tokenizer, recipe.window)
        self._reader = SpanReader(backbone, recipe.dropout, pieces)
        start_from(self._reader, recipe.weights, backbone=pieces)
        self._items: list[Feature] = []
        self._lists: EvidenceLists | None = None
        self._teachers: dict[str, SpanReader] = {}
        self._selection: dict[str, list[ReadingQuestion]] | None = None
        super().__init__(recipe, self._reader, out, report)

    def prepare(self, stage: Stage) -> None:
        self._items = [item for part in stage.parts for item in self._features(part, stage)]
        self._teachers.clear()
        self._lists = None if stage.lists is None else self._ranked(stage, stage.lists)

    def batches(self, stage: Stage, epoch: int) -> list[Batch]:
        seed = self._seed(stage) + 1000 * epoch
        found: list[Batch] = list(batches(self._items, stage.batch_tokens, seed))
        if self._lists is None:
            return found
        found += self._lists.batches(seed)
        random.Random(seed).shuffle(found)  # noqa: S311 - shuffling, not secrets
        return found

    def backward(self, stage: Stage, batch: Batch) -> float:
        if isinstance(batch, tuple):
            assert self._lists is not None
            return self._lists.backward(self._reader, batch)
        windows = [item.window for item in batch]
        with autocast():
            start, end = self._reader(**tensors(windows, device_of(self._reader)))
        loss = span_loss(start.float(), end.float(), batch)
        loss.backward()
        return float(loss.detach())

    def scores(self) -> Scores:
        if self._selection is None:
            self._selection = selection_sets(self._recipe, self._data)
        model = TorchSpanModel(self._reader, bfloat16=True)
        return score_sets(model, self._windower, self._selection, self._recipe.rules)

    def value(self, scores: Scores) -> float:
        return selection_value(scores)

    def _seed(self, stage: Stage) -> int:
        return self._recipe.seed if stage.seed is None else stage.seed

    def _features(self, part: Part, stage: Stage) -> list[Feature]:
        questions = training_questions(part, self._data, self._seed(stage))
        items = features(questions, self._windower)
        if not part.teachers:
            return items
        asked = ", ".join(part.teachers)
        self.report({"event": "stage", "stage": stage.name, "doing": f"asking {asked}"})
        teachers = [TorchSpanModel(self._teacher(name), bfloat16=True) for name in part.teachers]
        return taught(items, teachers, stage.teacher_share)

    def _ranked(self, stage: Stage, lists: ListSettings) -> EvidenceLists:
        self.report({"event": "stage", "stage": stage.name, "doing": "mining what to rank"})
        pieces, teachers = stage.batch_tokens, [self._teacher(name) for name in lists.teachers]
        return EvidenceLists(lists, self._windower, self._data, self._seed(stage), pieces, teachers)

    def _teacher(self, name: str) -> SpanReader:
        """A reader of another run or of an earlier stage, loaded when first asked."""
        if name not in self._teachers:
            self._teachers[name] = self._opened(name)
        return self._teachers[name]

    def _opened(self, name: str) -> SpanReader:
        pieces = tokenizer_path(self._recipe)
        for teacher in self._recipe.teachers:
            if teacher.name == name:
                return open_teacher(teacher, backbone_path(teacher.backbone), pieces)
        earlier = TeacherModel(name, self._recipe.backbone, str(self.kept(name)))
        return open_teacher(earlier, backbone_path(self._recipe.backbone), pieces)


def selection_sets(recipe: Recipe, data: Path) -> dict[str, list[ReadingQuestion]]:
    """The sets that choose: held-out training products where asked for, else the named split."""
    sets = {}
    for part in recipe.selection:
        held = part.holdout > 0
        questions = held_out_questions(part, data) if held else training_questions(part, data, 0)
        sets[part.dataset] = questions
    return sets
