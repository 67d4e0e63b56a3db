"""A cross-encoder's training recipe: read from YAML and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.reader.windows import WindowSettings
from qa.training.encoder_recipe import ChosenBy
from qa.training.pairs import Cut
from qa.training.pairs_part import PairsPart
from qa.training.recipe import Count, Epochs, fingerprint, load_as

_STRICT = ConfigDict(extra="forbid")
Share = Annotated[float, Field(ge=0, le=1)]


@checked_dataclass(config=_STRICT, frozen=True)
class RankerStage:
    """One stage; ``epochs`` passes over the union of its parts.

    Attributes:
        mined: where hard negatives come from: BM25, an encoder, or both in turns.
        encoder: as :func:`qa.encoders.registry.open_encoder` knows it; for mining.
        depth: so many mined negatives are kept for a question, to draw from.
        near: see :class:`qa.training.encoder_recipe.EncoderStage`.
        negatives: negatives of a question in a batch.
        judged: so many of them, at most, are passages that somebody judged not to answer.
        questions: questions of a batch.
    """

    name: str
    parts: list[PairsPart]
    epochs: Epochs = 1
    learning_rate: float = 1e-4
    warmup: float = 0.06
    mined: Literal["bm25", "encoder", "both"] = "bm25"
    encoder: str = "shipped"
    depth: Count = 30
    near: float = 0.95
    negatives: Count = 7
    judged: Annotated[int, Field(ge=0)] = 4
    questions: Count = 8
    start: list[str] = field(default_factory=list)


@checked_dataclass(config=_STRICT, frozen=True)
class RerankedBy(ChosenBy):
    """A set whose best texts are ranked again to choose by; never a test split.

    ``encoder``: what ranks first, together with BM25; BM25 alone if absent. ``limit``: a sample of
    so many questions.
    """

    encoder: str | None = None
    limit: Count | None = None


@checked_dataclass(config=_STRICT, frozen=True)
class RankerRecipe:
    """Everything that decides what a trained ranker will be.

    Attributes:
        weights: files of runs whose mean training starts from instead of the backbone's weights:
            rankers', or readers', whose null answer becomes the ranker's first score.
        window: pieces of a window; a passage scores as its best window does.
        top_n: so many first texts of a question are ranked again, to choose by and in figures.
        mix: the ranker's share of the score, the first ranking has the rest.
        chunk: padded pieces that go through the model at a time.
        measured: figures are of a sample of so many questions of a set; of all if absent.
    """

    backbone: str
    stages: list[RankerStage]
    selection: list[RerankedBy]
    weights: list[str] = field(default_factory=list)
    window: WindowSettings = WindowSettings(max_length=256, overlap=64, max_question=48)
    cut: Cut = "passages"
    top_n: Count = 30
    mix: Share = 0.75
    chunk: Count = 4096
    measured: Count | None = None
    seed: int = 13
    dropout: float = 0.1
    weight_decay: float = 0.01
    average: float = 0.99
    checkpoint_every: int = 100
    patience: int = 1

    def fingerprint(self, stages: int | None = None) -> str:
        """Short hash of every setting that bears on the first ``stages`` stages (all if absent)."""
        return fingerprint(self, stages)


def load_ranker_recipe(path: Path, overrides: Sequence[str] = ()) -> RankerRecipe:
    """A recipe from a YAML file; raises as :func:`qa.training.recipe.load_as`."""
    return load_as(TypeAdapter(RankerRecipe), path, overrides)
