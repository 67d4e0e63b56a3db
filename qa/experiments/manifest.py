"""Manifests of experiments: the commit and the versions that a run was made with."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from eval.datasets.files import read_json
from eval.errors import EvalError
from eval.formats.manifest import Manifest, read_manifest

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


def finished(path: Path, made: Manifest) -> bool:
    """Whether the files beside a manifest are those of exactly this run.

    They are not where the code differs from its commit: nobody knows what it was. A manifest of
    anything else is taken away, so that it does not stand beside the files of this run.
    """
    try:
        same = read_manifest(path) == made and not made.commit.endswith("+")
    except EvalError:
        same = False
    if not same:
        path.unlink(missing_ok=True)
    return same


def read_timings(path: Path) -> dict[str, list[float]]:
    """Milliseconds per question by stage, as a finished run has left them."""
    found: dict[str, list[float]] = read_json(path)
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
