"""A reader on disk: ``model.onnx``, ``tokenizer.json``, and ``manifest.json`` for the rest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.checked import checked
from qa.errors import ModelError
from qa.reader.calibration import Platt
from qa.reader.windows import WindowSettings

MODEL, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
SHIPPED = Path(__file__).parent.parent / "models" / "reader"


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
    for a single context. Both were chosen on held-out questions. ``figures``: every number of the
    model card, as data.
    """

    name: str
    fingerprint: str
    window: WindowSettings
    max_answer_pieces: int
    calibration: ReaderCalibration
    threshold: float
    passage_threshold: float
    licence: str = "Apache-2.0"
    kind: str = "span-reader"
    recipe: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)


def load_manifest(folder: Path) -> ReaderManifest:
    """The manifest of a reader folder.

    Raises:
        ModelError: the folder or a file of it is missing, malformed, or not what was saved.
    """
    for name in (MODEL, TOKENIZER, MANIFEST):
        if not (folder / name).is_file():
            raise ModelError(f"{folder} is not a reader: no {name} in it")
    try:
        tree = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / MANIFEST}: not JSON: {error}") from error
    manifest = checked(TypeAdapter(ReaderManifest), tree, folder / MANIFEST, ModelError)
    found = fingerprint(folder)
    if manifest.fingerprint != found:
        raise ModelError(
            f"{folder}: model or tokenizer is {found}, its manifest says {manifest.fingerprint}: "
            "the files were altered or mixed; restore them or export the reader again"
        )
    return manifest


def save_manifest(folder: Path, manifest: ReaderManifest) -> None:
    """Write the manifest, whole or not at all."""
    partial = folder / f"{MANIFEST}.partial"
    tree = asdict(manifest)
    partial.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(folder / MANIFEST)


def fingerprint(folder: Path) -> str:
    """The first 16 hex digits of SHA-256 over the model and tokenizer files."""
    digest = hashlib.sha256()
    for name in (MODEL, TOKENIZER):
        with (folder / name).open("rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()[:16]
