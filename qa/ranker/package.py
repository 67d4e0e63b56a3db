"""A cross-encoder on disk: a folder as in :mod:`qa.model_folder`, and what its manifest says.

The model takes int64 ``input_ids``, ``token_type_ids`` and perhaps ``attention_mask``, each
(1, length), of ``[CLS] question [SEP] passage [SEP]``, and gives one float ``score``, (1, 1): the
logit of the passage in a softmax over a question's passages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.model_folder import load_manifest_as
from qa.reader.windows import WindowSettings

OUTPUT = "score"
KIND: Final = "cross-encoder"


@checked_dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class RankerManifest:
    """What a cross-encoder needs besides its weights, and what it was measured to do.

    ``fingerprint``: of the model and tokenizer files. ``window``: how longer passages are cut; a
    passage scores as its best window does. ``figures``: every number of the model card, as data.
    """

    name: Annotated[str, Field(min_length=1)]
    fingerprint: str
    window: WindowSettings
    licence: str = "Apache-2.0"
    kind: Literal["cross-encoder"] = KIND
    recipe: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    figures: list[dict[str, Any]] = Field(default_factory=list)


def load_ranker_manifest(folder: Path) -> RankerManifest:
    """The manifest of a ranker folder; raises :class:`qa.errors.ModelError`."""
    return load_manifest_as(TypeAdapter(RankerManifest), folder, "a ranker")
