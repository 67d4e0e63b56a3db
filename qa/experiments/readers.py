"""Readers to measure, by name: the shipped one, a folder of ours, or a model of the hub."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from qa.errors import ModelError
from qa.reader.reader import Reader
from qa.reader.spans import ScoredSpan

SHIPPED = "shipped"
"""The reader that comes with the package."""

HUB = "hub:"
"""Begins the name, or the folder, of a model in the form of the Transformers library."""

INSTALL = "pip install 'reviewqa[train]'"


class MeasuredReader(Protocol):
    """Finds spans, each with its log odds against no answer.

    ``fingerprint`` is of everything that decides its spans. ``threshold`` is the least score of
    an answer that comes with it, None without one.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def threshold(self) -> float | None: ...

    def spans(
        self, questions: Sequence[str], contexts: Sequence[str], count: int
    ) -> list[list[ScoredSpan]]:
        """The best ``count`` spans of each question's own context, best first."""
        ...

    def confidence(self, span: ScoredSpan) -> float | None:
        """The calibrated probability that it is right, None without a calibration."""
        ...


class PackagedReader:
    """A reader folder of this project, with its calibration."""

    def __init__(self, reader: Reader) -> None:
        manifest = reader.manifest
        self._reader = reader
        self.fingerprint = manifest.fingerprint
        self.threshold = manifest.calibration.span.score_at(manifest.passage_threshold)

    def spans(
        self, questions: Sequence[str], contexts: Sequence[str], count: int
    ) -> list[list[ScoredSpan]]:
        found = self._reader.read(questions, [[text] for text in contexts], spans=count)
        return [reading.spans[0] for reading in found]

    def confidence(self, span: ScoredSpan) -> float:
        return self._reader.confidence(span)


def make_reader(name: str, *, threads: int = 0) -> MeasuredReader:
    """The reader of that name.

    Args:
        name: ``shipped``, a reader folder, or ``hub:`` and the name or folder of an extractive
            model for the Transformers library, which needs the extra ``train``.
        threads: of the CPU; 0 takes every core.

    Raises:
        ModelError: no such reader, or what it needs is not installed.
    """
    if not name.startswith(HUB):
        return PackagedReader(Reader.load(None if name == SHIPPED else Path(name), threads=threads))
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise ModelError(f"{name} needs torch and transformers: {INSTALL}")
    from qa.training.hub_reader import HubReader

    return HubReader(name.removeprefix(HUB), threads=threads)
