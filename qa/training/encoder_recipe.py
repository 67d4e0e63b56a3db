"""A retrieval encoder's training recipe: read from YAML and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.training.pairs import Cut
from qa.training.pairs_part import PairsPart
from qa.training.recipe import Count, Epochs, RecipeError, fingerprint, load_as
from qa.training.settings_tree import ADDED
from qa.training.teacher_settings import TeacherModel

_STRICT = ConfigDict(extra="forbid")
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
TEACHERS = "teachers"
"""What a stage calls the recipe's teachers together."""
Mined = Literal["none", "bm25", "model"]


@checked_dataclass(config=_STRICT, frozen=True)
class ChosenBy:
    """A retrieval set that checkpoints are chosen by, under a protocol; never a test split."""

    dataset: str
    split: str = "dev"
    protocol: str | None = None
    weight: float = 1.0


@checked_dataclass(config=_STRICT, frozen=True)
class EncoderStage:
    """One stage; ``epochs`` passes over the union of its parts.

    Attributes:
        mined: where hard negatives come from: BM25, or the encoder as the stage finds it.
        passages: passages of a batch that have questions in it, so its size in positives.
        questions: at most this many questions of one passage in a batch.
        cluster: so many passages of a batch are each other's mined negatives; 1 mixes freely.
        hard: mined negatives added for each passage, besides those that the cluster has.
        judged: negatives added for each question that somebody judged not to answer it.
        near: a mined negative that scores above this share of the positive's score is left out,
            it probably answers too; for ``model`` only.
        teacher: what the student's scores are drawn towards, besides the labels: ``shipped`` for
            the evidence of the reader that ships, the folder of a reader or of a ranker, or
            ``teachers`` for the mean evidence of the recipe's. It
            teaches about passages of a batch: ``hard`` brings mined ones there.
        teacher_share: its share of the loss of questions that it is asked about.
        teacher_temperature: its scores are divided by it.
        taught_candidates: so many passages of a question it scores at most, positives first.
        start: as a reader's. ``dropout``, ``seed``: the recipe's if absent.
    """

    name: str
    parts: list[PairsPart]
    epochs: Epochs = 1
    learning_rate: float = 1e-4
    warmup: float = 0.06
    mined: Mined = "bm25"
    passages: Count = 64
    questions: Count = 6
    cluster: Count = 8
    hard: int = 0
    judged: int = 2
    near: float = 0.95
    depth: int = 40
    temperature: Positive = 0.04
    teacher: str | None = None
    teacher_share: Share = 0.5
    teacher_temperature: Positive = 1.0
    taught_candidates: Annotated[int, Field(ge=2)] = 12
    start: list[str] = field(default_factory=list)
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    seed: int | None = None


@checked_dataclass(config=_STRICT, frozen=True)
class EncoderRecipe:
    """Everything that decides what a trained encoder will be.

    Attributes:
        towers: ``one`` for questions and passages alike, or ``two`` in DPR's way.
        pooling: the mean over pieces, or the first piece's vector.
        normalized: unit vectors, so that the inner product is the cosine.
        dimensions: leading parts of the vector that are trained to stand alone (Matryoshka);
            empty: the whole only.
        cut: train on the passages of a store that hold the answer, on whole texts (as far as
            ``max_passage`` reaches), or on both.
        chunk: padded pieces that go through the model at a time.
        backbone_share: how much of the backbone's weights the finished model keeps, the rest is
            what was trained (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models").
        weights: files of runs whose mean training starts from instead of the backbone's weights.
        teachers: readers of other runs that a stage may name.
        cache: batches of more pieces than this keep embeddings and no activations (GradCache).
    """

    backbone: str
    stages: list[EncoderStage]
    selection: list[ChosenBy]
    weights: list[str] = field(default_factory=list)
    teachers: list[TeacherModel] = field(default_factory=list, metadata=ADDED)
    towers: Literal["one", "two"] = "one"
    pooling: Literal["mean", "cls"] = "mean"
    normalized: bool = True
    dimensions: list[int] = field(default_factory=list)
    cut: Cut = "both"
    max_question: int = 48
    max_passage: int = 256
    chunk: int = 2048
    cache: int = 65536
    seed: int = 13
    dropout: float = 0.1
    weight_decay: float = 0.01
    average: float = 0.99
    backbone_share: float = 0.0
    checkpoint_every: int = 100
    patience: int = 1

    def fingerprint(self, stages: int | None = None) -> str:
        """Short hash of every setting that bears on the first ``stages`` stages (all if absent)."""
        return fingerprint(self, stages)


def load_encoder_recipe(path: Path, overrides: Sequence[str] = ()) -> EncoderRecipe:
    """A recipe from a YAML file; raises as :func:`qa.training.recipe.load_as`."""
    recipe = load_as(TypeAdapter(EncoderRecipe), path, overrides)
    for number, stage in enumerate(recipe.stages):
        if stage.teacher == TEACHERS and not recipe.teachers:
            raise RecipeError(f"{path}: stages.{number}.teacher: the recipe lists no teachers")
    return recipe
