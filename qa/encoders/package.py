"""A text encoder on disk: a folder as in :mod:`qa.model_folder`, and what its manifest says.

The model takes int64 ``input_ids``, ``token_type_ids`` and perhaps ``attention_mask``, each
(1, length), and gives one float ``embedding``, (1, dimension), pooled and, where ``normalized``
says so, of length 1. Two towers (DPR: Karpukhin et al., 2020) are a folder with
such a folder in ``query`` and in ``passage``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.model_folder import MODELS, load_manifest_as

OUTPUT = "embedding"
QUERY_TOWER, PASSAGE_TOWER = "query", "passage"
SHIPPED = MODELS / "encoder"


@checked_dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class EncoderManifest:
    """What an encoder needs besides its weights, and what it was measured to do.

    ``fingerprint``: of the model and tokenizer files. ``max_length``: in word pieces, special
    ones included; what is longer is cut. ``query_prefix`` and ``passage_prefix`` are put before
    every text. ``figures``: every number of the model card, as data.
    """

    name: Annotated[str, Field(min_length=1)]
    fingerprint: str
    dimension: Annotated[int, Field(ge=1)]
    max_length: Annotated[int, Field(ge=3)]
    normalized: bool
    similarity: Literal["inner product"] = "inner product"
    query_prefix: str = ""
    passage_prefix: str = ""
    licence: str = "Apache-2.0"
    kind: Literal["encoder"] = "encoder"
    recipe: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    figures: list[dict[str, Any]] = Field(default_factory=list)


def load_encoder_manifest(folder: Path) -> EncoderManifest:
    """The manifest of a (one-tower) encoder folder; raises :class:`qa.errors.ModelError`."""
    return load_manifest_as(TypeAdapter(EncoderManifest), folder, "an encoder")


def has_two_towers(folder: Path) -> bool:
    """Whether the folder holds a tower for questions and another for passages."""
    return all((folder / name).is_dir() for name in (QUERY_TOWER, PASSAGE_TOWER))
