"""The manifest of a run: what made the files beside it, so that it can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.datasets.files import find, read_json_unique
from eval.errors import MalformedData
from eval.formats.predictions import write_json
from eval.records import ReadingQuestion, RetrievalSet

FORMAT = "reviewqa-manifest/1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Attributes:
    kind: ``retriever``, ``reader`` or ``pipeline``.
    system: the system's name.
    dataset, split, protocol: what it ran on.
    data_sha256: of the questions and texts, see :func:`digest`.
    commit: of the code, with ``+`` where files differed from it; empty where unknown.
    settings: everything that was chosen.
    fingerprints: of model and store, where there are such.
    versions: of Python and the libraries that matter.
    seed: of everything random.
    """

    kind: str
    system: str
    dataset: str
    split: str
    protocol: str
    data_sha256: str
    commit: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0

    @property
    def identity(self) -> str:
        """Changes when a run under this manifest may come out differently."""
        tree = asdict(self) | {"commit": "", "versions": {}}
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest, whole or not at all."""
    write_json(path, {"format": FORMAT, **asdict(manifest)})


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file; raises :class:`MalformedData` for anything else."""
    tree = read_json_unique(find(path))
    if not isinstance(tree, dict) or tree.pop("format", None) != FORMAT:
        raise MalformedData(f"{path}: not a manifest: no 'format' {FORMAT!r} in it")
    try:
        return Manifest(**tree)
    except TypeError as error:
        raise MalformedData(f"{path}: not a manifest of this version: {error}") from error


def digest(data: RetrievalSet | Iterable[ReadingQuestion]) -> str:
    """SHA-256 over everything in the data that can change a score."""
    if isinstance(data, RetrievalSet):
        items: Iterable[Any] = (
            *map(asdict, data.texts),
            *map(asdict, data.queries),
            data.qrels,
            sorted(data.unanswerable),
            data.level,
        )
    else:
        items = map(asdict, data)
    found = hashlib.sha256()
    for item in items:
        found.update(
            json.dumps(item, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
        )
    return found.hexdigest()
