"""A reader on disk: a folder as in :mod:`qa.model_folder`, and what its manifest says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.model_folder import MODELS, load_manifest_as
from qa.reader.calibration import Platt
from qa.reader.spans import SpanRules
from qa.reader.windows import WindowSettings

SHIPPED = MODELS / "reader"
KIND: Final = "span-reader"


@dataclass(frozen=True, slots=True)
class ReaderCalibration:
    """Two questions about a score: is this span right, and is there an answer at all?"""

    span: Platt
    answerable: Platt


@checked_dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class ReaderManifest:
    """What a reader needs besides its weights, and what it was measured to do.

    ``fingerprint``: of the model and tokenizer files. ``threshold``: the least confidence of an
    answer over a product's passages, of which the best is taken; ``passage_threshold``: the same
    for a single context. Both were chosen on held-out questions. ``within_sentence``: no answer
    runs on into another sentence. ``figures``: every number of the model card, as data.
    """

    name: str
    fingerprint: str
    window: WindowSettings
    max_answer_pieces: int
    calibration: ReaderCalibration
    threshold: float
    passage_threshold: float
    within_sentence: bool = False
    licence: str = "Apache-2.0"
    kind: Literal["span-reader"] = KIND
    recipe: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rules(self) -> SpanRules:
        """Which spans may answer."""
        return SpanRules(self.max_answer_pieces, self.within_sentence)


def load_manifest(folder: Path) -> ReaderManifest:
    """The manifest of a reader folder; raises :class:`qa.errors.ModelError`."""
    return load_manifest_as(TypeAdapter(ReaderManifest), folder, "a reader")
