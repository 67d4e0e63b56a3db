"""The reader as the rest of the system sees it: a folder in, calibrated spans out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.errors import ModelError
from qa.model_folder import MODEL, TOKENIZER, load_tokenizer
from qa.reader.package import SHIPPED, ReaderManifest, load_manifest
from qa.reader.reading import read
from qa.reader.session import OnnxSpanModel, SpanModel
from qa.reader.spans import ScoredSpan
from qa.reader.windows import Windower


@dataclass(frozen=True, slots=True)
class Reading:
    """Spans of each context, best first, and the probability that any context answers."""

    spans: list[list[ScoredSpan]]
    answerable: float


class Reader:
    """A loaded reader; safe to call from several threads.

    Raises:
        ModelError: from :meth:`load`, when the folder cannot be used.
    """

    def __init__(self, model: SpanModel, windower: Windower, manifest: ReaderManifest) -> None:
        self._model = model
        self._windower = windower
        self.manifest = manifest

    @classmethod
    def load(cls, folder: Path | None = None, *, threads: int = 0) -> Reader:
        """Open a reader folder, the shipped one by default; ``threads`` 0 takes every core."""
        folder = folder or SHIPPED
        manifest = load_manifest(folder)
        try:
            windower = Windower(load_tokenizer(folder), manifest.window)
        except ValueError as error:
            raise ModelError(f"{folder / TOKENIZER}: not a usable tokenizer: {error}") from error
        return cls(OnnxSpanModel(folder / MODEL, threads=threads), windower, manifest)

    def read(
        self, questions: Sequence[str], contexts: Sequence[Sequence[str]], *, spans: int = 1
    ) -> list[Reading]:
        """Read ``contexts[i]`` for ``questions[i]``; all in one pass, batched by length.

        Args:
            spans: how many non-overlapping spans to return per context, at most.
        """
        found = read(
            self._model,
            self._windower,
            questions,
            contexts,
            spans=spans,
            rules=self.manifest.rules,
        )
        return [Reading(group, self.answerable(group)) for group in found]

    def confidence(self, span: ScoredSpan) -> float:
        """The calibrated probability that a span answers the question."""
        return self.manifest.calibration.span(span.score)

    def answerable(self, group: Sequence[Sequence[ScoredSpan]]) -> float:
        """The calibrated probability that any of the contexts with these spans answers."""
        scores = [spans[0].score for spans in group if spans]
        return self.manifest.calibration.answerable(max(scores)) if scores else 0.0
