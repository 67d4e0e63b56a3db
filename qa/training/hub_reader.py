"""Extractive models of the Transformers library as readers to measure ours against."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from qa.errors import ModelError
from qa.reader.reading import read
from qa.reader.session import Logits, length_batches
from qa.reader.spans import ScoredSpan, SpanRules
from qa.reader.windows import Layout, Window, Windower, WindowSettings
from qa.training.backbones import hushed
from qa.training.device import device_of
from qa.training.torch_model import tensors

LONGEST, OVERLAP, LONGEST_QUESTION = 384, 128, 64
"""Windows as the book, the library's examples and most of these models' cards have them."""

RULES = SpanRules(max_pieces=64)
_PIECES = 4096
_SPARE = 2
"""RoBERTa counts positions from 2."""


class HubReader:
    """A model with a span head, by its name on the hub or its folder; no calibration, no threshold.

    Its scores are log odds against its own null answer: of a model that was never shown a
    question without an answer they mean little, which its no-answer figures will say.

    Raises:
        ModelError: no such model, one without a trained span head, or a tokenizer that does not
            begin its windows with a token for "no answer".
    """

    def __init__(self, name: str, *, threads: int = 0) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._model, self._tokenizer = _loaded(name)
        layout = _layout(name, self._tokenizer.backend_tokenizer)
        self._windower = Windower(
            self._tokenizer.backend_tokenizer, _window(self._model, self._tokenizer), layout
        )
        self.fingerprint = _fingerprint(self._model, self._tokenizer)
        self.threshold: float | None = None

    def spans(
        self, questions: Sequence[str], contexts: Sequence[str], count: int
    ) -> list[list[ScoredSpan]]:
        """See :class:`qa.experiments.readers.MeasuredReader`."""
        found = read(
            self,
            self._windower,
            questions,
            [[text] for text in contexts],
            spans=count,
            rules=RULES,
        )
        return [group[0] for group in found]

    def confidence(self, span: ScoredSpan) -> None:
        """Nothing is known about how often it is right."""

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """See :class:`qa.reader.session.SpanModel`."""
        result: dict[int, Logits] = {}
        for indices in length_batches([w.length for w in windows], _PIECES):
            inputs = tensors([windows[i] for i in indices], device_of(self._model))
            kept = {k: v for k, v in inputs.items() if k in self._tokenizer.model_input_names}
            with torch.inference_mode():
                out = self._model(**kept)
            for row, index in enumerate(indices):
                n = windows[index].length
                start, end = out.start_logits[row, :n], out.end_logits[row, :n]
                result[index] = (start.float().cpu().numpy(), end.float().cpu().numpy())
        return [result[i] for i in range(len(windows))]


def _loaded(name: str) -> tuple[Any, Any]:
    try:
        with hushed():
            tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True)
            model, about = AutoModelForQuestionAnswering.from_pretrained(
                name, dtype=torch.float32, output_loading_info=True
            )
    except Exception as error:  # the library raises a dozen unrelated classes
        first = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"hub:{name}: no folder or hub model that can be loaded here: {first}"
        ) from error
    if about["missing_keys"]:
        lacking = ", ".join(sorted(about["missing_keys"])[:3])
        raise ModelError(
            f"hub:{name}: not an extractive question answering model: it has no {lacking}"
        )
    if not tokenizer.is_fast:
        raise ModelError(f"hub:{name}: its tokenizer tells no character offsets (it is not fast)")
    return model.eval(), tokenizer


def _layout(name: str, tokenizer: Any) -> Layout:
    """The special pieces around a question and a context, as the tokenizer puts them."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pair = tokenizer.encode("a", "a")
    pieces = groupby(zip(pair.ids, pair.sequence_ids, strict=True), key=lambda piece: piece[1])
    special = [tuple(n for n, _ in group) for sequence, group in pieces if sequence is None]
    if len(special) != 3 or pair.sequence_ids[0] is not None:
        raise ModelError(
            f"hub:{name}: its windows do not begin with a piece of their own, which stands for no "
            "answer: a model in the manner of BERT or RoBERTa is needed"
        )
    return Layout(*special)


def _window(model: Any, tokenizer: Any) -> WindowSettings:
    positions = getattr(model.config, "max_position_embeddings", LONGEST + _SPARE)
    longest = min(LONGEST, tokenizer.model_max_length, positions - _SPARE)
    question = min(LONGEST_QUESTION, longest // 4)
    return WindowSettings(longest, min(OVERLAP, longest // 3), question)


def _fingerprint(model: Any, tokenizer: Any) -> str:
    digest = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
