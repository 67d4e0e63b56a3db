"""Manifests of experiments: the commit and the versions that a run was made with."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("reviewqa", "numpy", "onnxruntime", "tokenizers", "tantivy", "haystack-ai")


def commit() -> str:
    """The commit of the code, followed by ``+`` if files differ from it; empty outside git."""
    here = Path(__file__).parent
    head = _git(here, "rev-parse", "HEAD")
    return head + "+" if head and _git(here, "status", "--porcelain", "-uno") else head


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change a figure."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
