"""What every model folder is: ``model.onnx``, ``tokenizer.json``, and ``manifest.json``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter
from tokenizers import Tokenizer

from qa.checked import checked
from qa.errors import ModelError

MODEL, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
MODELS = Path(__file__).parent / "models"
"""The folder of those that ship."""


class ManifestLike(Protocol):
    """What every manifest has; ``fingerprint`` is of the model and tokenizer files."""

    @property
    def fingerprint(self) -> str: ...


M = TypeVar("M", bound=ManifestLike)


def load_manifest_as(shape: TypeAdapter[M], folder: Path, what: str) -> M:
    """The manifest of a folder with ``what``, such as "an encoder".

    Raises:
        ModelError: the folder or a file of it is missing, malformed, or not what was saved.
    """
    tree = _tree(folder, what)
    manifest = checked(shape, tree, folder / MANIFEST, ModelError)
    if (found := fingerprint(folder)) != manifest.fingerprint:
        raise ModelError(
            f"{folder}: model or tokenizer is {found}, its manifest says {manifest.fingerprint}: "
            "the files were altered or mixed; restore them or export the model again"
        )
    return manifest


def kind_of(folder: Path) -> str:
    """What the folder's manifest calls its model; raises as :func:`load_manifest_as`."""
    tree = _tree(folder, "a model")
    return str(tree.get("kind", "")) if isinstance(tree, dict) else ""


def recorded_fingerprint(folder: Path) -> str:
    """What the manifest says, without reading the model; raises as :func:`load_manifest_as`."""
    tree = _tree(folder, "a model")
    return str(tree.get("fingerprint", "")) if isinstance(tree, dict) else ""


def _tree(folder: Path, what: str) -> Any:
    for name in (MODEL, TOKENIZER, MANIFEST):
        if not (folder / name).is_file():
            raise ModelError(f"{folder} is not {what}: no {name} in it")
    path = folder / MANIFEST
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:  # malformed JSON or UTF-8
        raise ModelError(f"{path}: not JSON: {error}") from error


def save_manifest(folder: Path, manifest: Any) -> None:
    """Write a manifest, a dataclass, whole or not at all."""
    partial = folder / f"{MANIFEST}.partial"
    text = json.dumps(asdict(manifest), ensure_ascii=False, separators=(",", ":"))
    partial.write_text(f"{text}\n", "utf-8")
    partial.replace(folder / MANIFEST)


def fingerprint(folder: Path) -> str:
    """The first 16 hex digits of SHA-256 over the model and tokenizer files."""
    digest = hashlib.sha256()
    for name in (MODEL, TOKENIZER):
        with (folder / name).open("rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()[:16]


def load_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer; raises :class:`ModelError`."""
    path = folder / TOKENIZER
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(f"{path}: not a usable tokenizer: {error}") from error
