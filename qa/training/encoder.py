"""Training a retrieval encoder: the stages of a recipe, resumable after any kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from qa.model_folder import TOKENIZER
from qa.ranker.scorer import PassageScorer, open_scorer
from qa.reader.windows import Windower, WindowSettings
from qa.training import encoder_selection
from qa.training.bi_encoder import SHARED, BiEncoder, FloatArray
from qa.training.checkpoint import load
from qa.training.contrastive_batches import Batch, make_batches
from qa.training.contrastive_loss import contrastive_loss, exclusions
from qa.training.device import training_device
from qa.training.encoder_recipe import TEACHERS, EncoderRecipe, EncoderStage, load_encoder_recipe
from qa.training.gradient_cache import backward
from qa.training.hard_negatives import Mined, kept_negatives, mine_bm25, mine_encoder
from qa.training.pairs import Pairs, load_pairs
from qa.training.ranking_teacher import Lessons, ask, candidates, lesson
from qa.training.recipe import backbone_path
from qa.training.staged import Job, Scores, StagedRun
from qa.training.teachers import TeachersEvidence, open_teacher
from qa.training.warm_start import start_from


def train(job: Job) -> Path:
    """Train by a recipe; returns the file of the best checkpoint's weights.

    Raises:
        QAError: the recipe, the data or an earlier run in ``job.out`` cannot be used.
    """
    recipe = load_encoder_recipe(job.config, job.overrides)
    job.out.mkdir(parents=True, exist_ok=True)
    return _Run(recipe, job).to_the_end(job)


class _Run(StagedRun[EncoderStage, Batch]):
    """An encoder's run."""

    def __init__(self, recipe: EncoderRecipe, job: Job) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe, self._data = recipe, job.data
        self._encoder = BiEncoder(recipe)
        backbone = backbone_path(recipe.backbone)
        start_from(self._encoder, recipe.weights, backbone=backbone, tower=SHARED)
        self._pairs, self._mined = Pairs(), Mined()
        self._lessons: Lessons = {}
        self._question_ids: list[list[int]] = []
        self._passage_ids: list[list[int]] = []
        self._selection: dict[str, encoder_selection.Searched] | None = None
        super().__init__(recipe, self._encoder, job.out, job.report)

    def prepare(self, stage: EncoderStage) -> None:
        recipe = self._recipe
        self._encoder.dropout.change(recipe.dropout if stage.dropout is None else stage.dropout)
        self._pairs = load_pairs(stage.parts, self._data, self._seed(stage), cut=recipe.cut)
        questions = [pair.question for pair in self._pairs.pairs]
        passages = [passage.text for passage in self._pairs.passages]
        self._question_ids = self._encoder.ids("question", questions)
        self._passage_ids = self._encoder.ids("passage", passages)
        self.report({"event": "data", "questions": len(questions), "passages": len(passages),
                     "pieces": sum(map(len, self._passage_ids + self._question_ids))})  # fmt: skip
        self._mined = self._mine(stage)
        self._lessons = self._learnt(stage)

    def _learnt(self, stage: EncoderStage) -> Lessons:
        """What the stage's teacher says, kept in a file."""
        if stage.teacher is None:
            return {}
        teacher = self._teacher(stage.teacher)
        wanted = candidates(self._pairs, self._mined, stage.taught_candidates)
        path = self.out / f"teacher-{stage.name}.jsonl"
        return ask(self._pairs, wanted, teacher, path, self.report)

    def _teacher(self, name: str) -> PassageScorer:
        if name != TEACHERS:
            return open_scorer(name, threads=torch.get_num_threads())
        pieces = backbone_path(self._recipe.backbone)
        tokenizer = Tokenizer.from_file(str(Path(pieces) / TOKENIZER))
        models = [
            open_teacher(one, backbone_path(one.backbone), pieces) for one in self._recipe.teachers
        ]
        return TeachersEvidence(models, Windower(tokenizer, WindowSettings()))

    def _mine(self, stage: EncoderStage) -> Mined:
        """A stage's hard negatives, kept in a file: the model changes while it trains."""
        if stage.mined == "none":
            return [() for _ in self._pairs.pairs]
        path = self.out / f"negatives-{stage.name}.json"
        going_on = bool(self.position.epoch or self.position.batch)
        return kept_negatives(path, going_on, lambda: self._mined_now(stage))

    def _mined_now(self, stage: EncoderStage) -> Mined:
        self.report({"event": f"mining hard negatives: {stage.mined}"})
        if stage.mined == "bm25":
            return mine_bm25(self._pairs, stage.depth)
        encoder = TorchEncoder(self._encoder, bfloat16=True)
        return mine_encoder(self._pairs, encoder, stage.depth, stage.near)

    def batches(self, stage: EncoderStage, epoch: int) -> list[Batch]:
        return make_batches(self._pairs, self._mined, stage, self._seed(stage) + 1000 * epoch)

    def _seed(self, stage: EncoderStage) -> int:
        return self._recipe.seed if stage.seed is None else stage.seed

    def backward(self, stage: EncoderStage, batch: Batch) -> float:
        device = training_device()
        targets = torch.tensor(batch.targets, device=device)
        excluded = exclusions(self._pairs, batch)
        questions = [self._question_ids[n] for n in batch.pairs]
        passages = [self._passage_ids[n] for n in batch.passages]
        recipe = self._recipe
        told = None
        if stage.teacher is not None:
            told = lesson(
                batch, self._lessons, excluded, stage.teacher_temperature, stage.teacher_share
            ).to(device)

        masked = excluded.to(device)

        def loss(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
            return contrastive_loss(
                first, second, targets, masked, stage.temperature, recipe.dimensions,
                normalized=recipe.normalized, lesson=told,
            )  # fmt: skip

        pieces = sum(map(len, questions)) + sum(map(len, passages))
        return backward(
            self._encoder, questions, passages, loss, chunk=recipe.chunk,
            cached=pieces > recipe.cache,
        )  # fmt: skip

    def scores(self) -> Scores:
        if self._selection is None:
            self._selection = encoder_selection.selection_sets(self._recipe, self._data)
        return encoder_selection.score_sets(self._selection, TorchEncoder(self._encoder, True))

    def value(self, scores: Scores) -> float:
        """The mean MRR of the sets, alone and with BM25, by their weights."""
        weights = {one.dataset: one.weight for one in self._recipe.selection}
        values = [
            (weights[name.rpartition(" ")[0]], found["mrr"]) for name, found in scores.items()
        ]
        return sum(w * v for w, v in values) / sum(w for w, _ in values)


class TorchEncoder:
    """A bi-encoder in torch behind what measures encoders."""

    def __init__(self, model: BiEncoder, bfloat16: bool = False) -> None:
        self._model, self._bfloat16 = model, bfloat16

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._model.vectors("question", texts, bfloat16=self._bfloat16)

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        return self._model.vectors("passage", texts, bfloat16=self._bfloat16)


def trained(recipe: EncoderRecipe, run: Path) -> BiEncoder:
    """The model of a finished run, mixed with the backbone as the recipe says."""
    model = BiEncoder(recipe)
    share, learnt = recipe.backbone_share, load(run / "best.pt")["model"]
    for name, weights in model.state_dict().items():
        if name in learnt and weights.is_floating_point():
            weights.copy_(share * weights + (1 - share) * learnt[name])
    model.eval()
    return model
