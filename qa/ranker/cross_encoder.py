"""A cross-encoder: question and passage through the model together, one score out.

Source: Nogueira and Cho, "Passage Re-ranking with BERT" (2019); a passage longer than a window
scores as its best window does (Dai and Callan, SIGIR 2019, MaxP).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from qa.errors import ModelError
from qa.model_folder import MODEL, TOKENIZER, load_tokenizer
from qa.model_session import ModelSession
from qa.ranker.package import OUTPUT, load_ranker_manifest
from qa.reader.windows import Window, Windower

NO_PIECE = -20.0
"""The score of a passage without a word piece."""


class WindowModel(Protocol):
    """One score for every window, in the order given."""

    def scores(self, windows: Sequence[Window]) -> list[float]: ...


class CrossEncoder:
    """A loaded cross-encoder; safe to call from several threads."""

    def __init__(self, model: WindowModel, windower: Windower, fingerprint: str = "") -> None:
        self._model = model
        self._windower = windower
        self.fingerprint = fingerprint

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> CrossEncoder:
        """Open a ranker folder; ``threads`` 0 takes every core.

        Raises:
            ModelError: the folder cannot be used.
        """
        manifest = load_ranker_manifest(folder)
        try:
            windower = Windower(load_tokenizer(folder), manifest.window)
        except ValueError as error:
            raise ModelError(f"{folder / TOKENIZER}: not a usable tokenizer: {error}") from error
        model = OnnxWindowModel(folder / MODEL, threads)
        return cls(model, windower, manifest.fingerprint)

    def score(
        self, questions: Sequence[str], passages: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """How well each of ``passages[i]`` answers ``questions[i]``, more is better."""
        windows = self._windower.cut(questions, passages)
        found = [[NO_PIECE] * len(group) for group in passages]
        seen: set[tuple[int, int]] = set()
        for window, score in zip(windows, self._model.scores(windows), strict=True):
            place = (window.question, window.context)
            row = found[window.question]
            row[window.context] = max(score, row[window.context]) if place in seen else score
            seen.add(place)
        return found


class OnnxWindowModel:
    """A cross-encoder in ONNX."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Raises :class:`ModelError`; ``threads`` windows are scored at a time, 0: every core."""
        self._session = ModelSession(path, [OUTPUT], "ranker", threads)

    def scores(self, windows: Sequence[Window]) -> list[float]:
        """See :class:`WindowModel`."""
        found = self._session.run([(window.input_ids, window.first) for window in windows])
        return [float(score[0]) for (score,) in found]
