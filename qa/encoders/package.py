"""A text encoder on disk: ``model.onnx``, ``tokenizer.json``, and ``manifest.json`` for the rest.

The model takes int64 ``input_ids``, ``attention_mask`` and ``token_type_ids``, each
(batch, length), and gives one float ``embedding``, (batch, dimension), pooled and, where
``normalized`` says so, of length 1. Two towers (DPR: Karpukhin et al., 2020) are a folder with
such a folder in ``query`` and in ``passage``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.checked import checked
from qa.errors import ModelError
from qa.reader.package import MANIFEST, MODEL, TOKENIZER, fingerprint

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "embedding"
QUERY_TOWER, PASSAGE_TOWER = "query", "passage"
SHIPPED = Path(__file__).parent.parent / "models" / "encoder"

__all__ = ["MANIFEST", "MODEL", "TOKENIZER", "EncoderManifest", "fingerprint"]


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
    """The manifest of a (one-tower) encoder folder.

    Raises:
        ModelError: the folder or a file of it is missing, malformed, or not what was saved.
    """
    missing = [name for name in (MODEL, TOKENIZER, MANIFEST) if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder} is not an encoder: no {missing[0]} in it")
    path = folder / MANIFEST
    try:
        tree = json.loads(path.read_bytes())
    except ValueError as error:  # malformed JSON or UTF-8
        raise ModelError(f"{path}: not JSON: {error}") from error
    manifest = checked(TypeAdapter(EncoderManifest), tree, path, ModelError)
    if (found := fingerprint(folder)) != manifest.fingerprint:
        raise ModelError(
            f"{folder}: model or tokenizer is {found}, its manifest says {manifest.fingerprint}: "
            "the files were altered or mixed; restore them or export the encoder again"
        )
    return manifest


def save_encoder_manifest(folder: Path, manifest: EncoderManifest) -> None:
    """Write the manifest, whole or not at all."""
    partial = folder / f"{MANIFEST}.partial"
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
    partial.write_text(f"{text}\n", "utf-8")
    partial.replace(folder / MANIFEST)


def has_two_towers(folder: Path) -> bool:
    """Whether the folder holds a tower for questions and another for passages."""
    return all((folder / name).is_dir() for name in (QUERY_TOWER, PASSAGE_TOWER))
