"""What the encoders that run in torch share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from qa.errors import ModelError

INSTALL = "pip install 'reviewqa[dense-hub]'"


def require(name: str, *modules: str) -> None:
    """Raises :class:`ModelError` with the install command unless all modules are there."""
    if missing := [module for module in modules if find_spec(module) is None]:
        raise ModelError(f"{name} needs {' and '.join(missing)}: {INSTALL}")


def weights_fingerprint(models: Sequence[Any], more: Iterable[str]) -> str:
    """The first 16 hex digits of SHA-256 over torch modules' names and values, and ``more``."""
    digest = sha256()
    for model in models:
        for key, tensor in sorted(model.state_dict().items()):
            digest.update(f"{key} {tuple(tensor.shape)} ".encode())
            digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]
