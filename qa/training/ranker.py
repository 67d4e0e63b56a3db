"""Training a cross-encoder that ranks passages: stages, resumable after any kill."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer

from qa.encoders.registry import open_encoder
from qa.model_folder import TOKENIZER
from qa.ranker.cross_encoder import CrossEncoder
from qa.reader.windows import Windower
from qa.training import ranker_selection
from qa.training.checkpoint import load
from qa.training.cross_encoder_model import (
    CrossEncoderModel,
    TorchWindowModel,
    scores_of_null_answers,
)
from qa.training.device import device_of
from qa.training.hard_negatives import (
    Mined,
    in_turns,
    kept_negatives,
    mine_bm25,
    mine_encoder,
)
from qa.training.pairs import Pairs, load_pairs
from qa.training.ranker_batches import RankedList, make_lists
from qa.training.ranker_recipe import RankerRecipe, RankerStage, load_ranker_recipe
from qa.training.ranking_loss import listwise_loss, scored_lists
from qa.training.recipe import backbone_path
from qa.training.staged import Job, Scores, StagedRun
from qa.training.torch_model import tensors
from qa.training.warm_start import start_from

Lists = tuple[RankedList, ...]


def train(job: Job) -> Path:
    """Train by a recipe; returns the file of the best checkpoint's weights.

    Raises:
        QAError: the recipe, the data or an earlier run in ``job.out`` cannot be used.
    """
    recipe = load_ranker_recipe(job.config, job.overrides)
    job.out.mkdir(parents=True, exist_ok=True)
    return _Run(recipe, job).to_the_end(job)


class _Run(StagedRun[RankerStage, Lists]):
    """A ranker's run."""

    def __init__(self, recipe: RankerRecipe, job: Job) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe, self._data = recipe, job.data
        backbone = backbone_path(recipe.backbone)
        self._ranker = CrossEncoderModel(backbone, recipe.dropout)
        start_from(self._ranker, recipe.weights, scores_of_null_answers, backbone=backbone)
        self._windower = windower(recipe)
        self._pairs, self._mined = Pairs(), Mined()
        self._selection: dict[str, ranker_selection.Reranked] | None = None
        super().__init__(recipe, self._ranker, job.out, job.report)

    def prepare(self, stage: RankerStage) -> None:
        recipe = self._recipe
        self._pairs = load_pairs(stage.parts, self._data, recipe.seed, cut=recipe.cut)
        self.report({"event": "data", "questions": len(self._pairs.pairs),
                     "passages": len(self._pairs.passages)})  # fmt: skip
        path = self.out / f"negatives-{stage.name}.json"
        going_on = bool(self.position.epoch or self.position.batch)
        self._mined = kept_negatives(path, going_on, lambda: self._mine(stage))

    def _mine(self, stage: RankerStage) -> Mined:
        self.report({"event": f"mining hard negatives: {stage.mined}"})
        bm25: Mined = [] if stage.mined == "encoder" else mine_bm25(self._pairs, stage.depth)
        if stage.mined == "bm25":
            return bm25
        encoder = open_encoder(stage.encoder, threads=torch.get_num_threads())
        near = mine_encoder(self._pairs, encoder, stage.depth, stage.near)
        return near if stage.mined == "encoder" else in_turns(bm25, near, stage.depth)

    def batches(self, stage: RankerStage, epoch: int) -> list[Lists]:
        return make_lists(self._pairs, self._mined, stage, self._recipe.seed + 1000 * epoch)

    def backward(self, stage: RankerStage, batch: Lists) -> float:
        scores = scored_lists(
            self._pairs,
            batch,
            self._windower,
            self._recipe.chunk,
            lambda windows: self._ranker(**tensors(windows, device_of(self._ranker))),
        )
        loss = listwise_loss(scores)
        loss.backward()
        return float(loss.detach())

    def scores(self) -> Scores:
        if self._selection is None:
            self._selection = ranker_selection.selection_sets(self._recipe, self._data)
        scorer = CrossEncoder(TorchWindowModel(self._ranker, bfloat16=True), self._windower)
        return ranker_selection.score_sets(self._selection, scorer, self._recipe.mix)

    def value(self, scores: Scores) -> float:
        """The mean MRR of the sets, alone and mixed, by their weights."""
        weights = {one.dataset: one.weight for one in self._recipe.selection}
        values = [
            (weights[name.rpartition(" ")[0]], found["mrr"]) for name, found in scores.items()
        ]
        return sum(w * v for w, v in values) / sum(w for w, _ in values)


def windower(recipe: RankerRecipe) -> Windower:
    """Windows in the backbone's own pieces."""
    path = Path(backbone_path(recipe.backbone)) / TOKENIZER
    return Windower(Tokenizer.from_file(str(path)), recipe.window)


def trained(recipe: RankerRecipe, run: Path) -> CrossEncoderModel:
    """The model of a finished run."""
    model = CrossEncoderModel(backbone_path(recipe.backbone), 0.0)
    model.load_state_dict(load(run / "best.pt")["model"], strict=False)
    model.eval()
    return model
